/* SPDX-License-Identifier: Apache-2.0 */
/* lampyr-verify: full or partial verification of repositories, as a command. */
#include "verify_output.h"

#include "lampyr-host/files.h"
#include "lampyr-host/log.h"

#include <stdio.h>

/* Prints an outcome in the form that was asked for; the exit code says whether it could. */
static int print(const lpv_options *options, const lpv_outcome *outcome) {
    bool printed = true;
    if (options->json) {
        printed = lpv_print_json(outcome);
    } else {
        lpv_print_text(outcome);
    }
    if (!printed || fflush(stdout) != 0) {
        lp_log(LPV_PROGRAM, LP_LOG_ERROR, "cannot print the verdict");
        return LPV_STATE;
    }
    return (int)outcome->exit;
}

int main(int argc, char **argv) {
    lpv_options options;
    lpv_outcome outcome = {.exit = LPV_USAGE};
    int status = LPV_ACCEPTED;
    lp_host_begin();
    switch (lpv_options_read(argc, argv, &options, outcome.message, sizeof outcome.message)) {
    case LPV_OPTIONS_HELP:
        fputs(lpv_options_help, stdout);
        break;
    case LPV_OPTIONS_VERSION:
        puts(LPV_PROGRAM " " LAMPYR_VERSION);
        break;
    case LPV_OPTIONS_WRONG:
        status = print(&options, &outcome);
        break;
    case LPV_OPTIONS_RUN:
        lpv_run(&options, &outcome);
        status = print(&options, &outcome);
        lpv_outcome_free(&outcome);
        break;
    }
    lpv_options_free(&options);
    return status;
}
