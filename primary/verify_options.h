/* SPDX-License-Identifier: Apache-2.0 */
/* The command line of lampyr-verify. */
#ifndef LAMPYR_PRIMARY_VERIFY_OPTIONS_H
#define LAMPYR_PRIMARY_VERIFY_OPTIONS_H

#include "fetch.h"

#include "lampyr/uptane.h"

#define LPV_PROGRAM "lampyr-verify"

typedef struct lpv_options {
    const char *state;
    const char *director;  /* NULL if `map` lists it */
    const char *image;     /* NULL with `partial` or `map` */
    const char *map;       /* or NULL */
    const char *map_roots; /* or NULL */
    lp_dialect director_dialect;
    lp_dialect image_dialect;
    bool director_targets_only;
    const char *director_root; /* or NULL */
    const char *image_root;    /* or NULL */
    bool trust_first_root;
    bool partial; /* ecus[0] is the one it is about */
    lp_ecu *ecus; /* heap memory; the primary first */
    size_t ecu_count;
    const char *vehicle; /* or NULL */
    int64_t now;
    const char *download; /* or NULL */
    bool json;
    lp_fetch_options fetch;
} lpv_options;

typedef enum lpv_options_result {
    LPV_OPTIONS_RUN,
    LPV_OPTIONS_HELP,
    LPV_OPTIONS_VERSION,
    LPV_OPTIONS_WRONG,
} lpv_options_result;

extern const char lpv_options_help[];

/* Reads the arguments, which `out` points into (SERIAL=VALUE is split in place). LPV_OPTIONS_WRONG with one line in
 * `message`. Free with lpv_options_free() in any case. */
lpv_options_result lpv_options_read(int argc, char **argv, lpv_options *out, char *message, size_t message_bytes);

void lpv_options_free(lpv_options *options);

#endif
