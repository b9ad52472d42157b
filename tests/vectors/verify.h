/* SPDX-License-Identifier: Apache-2.0 */
/* Drives the verifier through one step of a vector. */
#ifndef LAMPYR_VECTORS_VERIFY_H
#define LAMPYR_VECTORS_VERIFY_H

#include "case.h"

#include "lampyr/path.h"

enum { VV_TARGETS = 32 };

/* A refusal or acceptance, with copies of what the verifier said. */
typedef struct vv_verdict {
    lp_code code;
    lp_repo repo;
    char repository[LP_MAP_NAME_BYTES]; /* its name in the map, or "" */
    lp_role role;
    char file[LP_URL_BYTES];
    const char *clause;
} vv_verdict;

typedef struct vv_target_verdict {
    char name[LP_NAME_BYTES];
    vv_verdict verdict;
    bool installed;
    uint64_t length_bytes;
    lp_hashes hashes; /* of the role that was found, or else the director's */
    char file[LP_URL_BYTES];
} vv_target_verdict;

/* How a step ended. */
typedef struct vv_outcome {
    vv_verdict verdict;
    vv_target_verdict targets[VV_TARGETS];
    size_t target_count;
    int64_t time;     /* procedure "time": as attested */
    uint64_t counter; /* procedure "report": of the report, */
    bool fresh;       /* and whether no report before had it or a higher one */
} vv_outcome;

/* Runs the case's procedure on `step`. What it trusts stays in the source's store for the next step. */
void vv_verify(const vv_case *c, vv_source *source, const json_t *step, vv_outcome *out);

/* Copies a refusal. */
void vv_verdict_set(vv_verdict *verdict, const lp_error *error);

/* Procedures that need no fetching (attest.c): signed time, and a version report. The source's store remembers
 * between the steps. */
void vv_verify_time(const vv_case *c, vv_source *source, const json_t *step, vv_outcome *out);
void vv_verify_report(const vv_case *c, vv_source *source, const json_t *step, vv_outcome *out);

#endif
