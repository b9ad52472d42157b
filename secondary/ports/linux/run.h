/* SPDX-License-Identifier: Apache-2.0 */
/* The command `run`: boot, then the agent on one loop. */
#ifndef LAMPYR_SECONDARY_RUN_H
#define LAMPYR_SECONDARY_RUN_H

#include "settings.h"

typedef struct lp_run_options {
    bool full;            /* --verify full */
    bool once;            /* until there is nothing more to do */
    const char *progress; /* file, "-", or NULL */
    char *const *argv;    /* to start again with */
} lp_run_options;

/* Returns the exit code; does not return when it starts the program again (a reboot). */
int lp_run(const lp_settings *settings, const lp_run_options *options);

#endif
