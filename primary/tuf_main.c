/* SPDX-License-Identifier: Apache-2.0 */
/* lampyr-tuf: see lampyr-tuf(1). */
#include "tuf_run.h"

#include "lampyr-host/files.h"
#include "lampyr-host/log.h"

#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv) {
    char message[512];
    lpt_options options;
    bool ok = true;
    lp_host_begin();
    switch (lpt_options_read(argc, argv, &options, message, sizeof message)) {
    case LPT_OPTIONS_HELP:
        fputs(lpt_options_help, stdout);
        break;
    case LPT_OPTIONS_VERSION:
        puts(LPT_PROGRAM " " LAMPYR_VERSION);
        break;
    case LPT_OPTIONS_WRONG:
        lp_log(LPT_PROGRAM, LP_LOG_ERROR, "%s", message);
        ok = false;
        break;
    case LPT_OPTIONS_RUN:
        ok = lpt_run(&options);
        break;
    }
    lpt_options_free(&options);
    if (fflush(stdout) != 0) {
        lp_log(LPT_PROGRAM, LP_LOG_ERROR, "cannot print");
        ok = false;
    }
    return ok ? EXIT_SUCCESS : EXIT_FAILURE;
}
