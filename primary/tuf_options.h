/* SPDX-License-Identifier: Apache-2.0 */
/* The command line of lampyr-tuf. */
#ifndef LAMPYR_PRIMARY_TUF_OPTIONS_H
#define LAMPYR_PRIMARY_TUF_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

#define LPT_PROGRAM "lampyr-tuf"

typedef enum lpt_verb {
    LPT_INIT,
    LPT_REFRESH,
    LPT_DOWNLOAD,
} lpt_verb;

typedef struct lpt_options {
    lpt_verb verb;
    const char *metadata_dir;
    const char *root;            /* init */
    const char *metadata_url;    /* refresh, download */
    const char *target_base_url; /* download */
    const char *target_dir;      /* download */
    const char **target_names;   /* download: heap memory, in the order given */
    size_t target_count;
} lpt_options;

typedef enum lpt_options_result {
    LPT_OPTIONS_RUN,
    LPT_OPTIONS_HELP,
    LPT_OPTIONS_VERSION,
    LPT_OPTIONS_WRONG,
} lpt_options_result;

extern const char lpt_options_help[];

/* Reads the arguments, which `out` points into. LPT_OPTIONS_WRONG with one line in `message`. Free with
 * lpt_options_free() in any case. */
lpt_options_result lpt_options_read(int argc, char **argv, lpt_options *out, char *message, size_t message_bytes);

void lpt_options_free(lpt_options *options);

#endif
