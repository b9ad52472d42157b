/* SPDX-License-Identifier: Apache-2.0 */
/* One vector, and one step of it, in the verifier's terms. */
#ifndef LAMPYR_VECTORS_CASE_H
#define LAMPYR_VECTORS_CASE_H

#include "source.h"

#include "lampyr/uptane.h"

enum { VV_ECUS = 64 };

typedef struct vv_case {
    const json_t *json;
    const char *name;
    lp_dialect dialect[LP_REPO_IMAGE + 1]; /* by repository */
    lp_json_form form;
    const lp_limits *limits;
    const char *vehicle; /* or NULL */
    bool director_root_and_targets_only;
    bool only_listed;
    bool always_check_image_repository;
    lp_ecu ecus[VV_ECUS]; /* as of the step at hand */
    size_t ecu_count;
} vv_case;

/* Reads what holds for all steps. Text points into `json`. Ends the program with a message for what SCHEMA.md does not
 * allow. */
void vv_case_read(vv_case *c, const json_t *json);

/* Takes over what a step changes of the vehicle. */
void vv_case_step(vv_case *c, const json_t *step);

/* A required member that is text. */
const char *vv_text(const json_t *object, const char *name);

/* Seconds since 1970 of a required member. */
int64_t vv_time(const json_t *object, const char *name);

#endif
