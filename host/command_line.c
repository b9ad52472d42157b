/* SPDX-License-Identifier: Apache-2.0 */
#include "lampyr-host/command_line.h"

#include <ctype.h>
#include <getopt.h>
#include <stdio.h>

void lp_option_wrong(int result, char **argv, char *message, size_t message_bytes) {
    if (result == '?' && optopt > 0 && optopt <= 0x7f && isprint(optopt)) { /* a letter, perhaps amid others */
        snprintf(message, message_bytes, "-%c: no such option; see --help", optopt);
        return;
    }
    snprintf(message, message_bytes, "%s: %s; see --help", argv[optind - 1],
             result == ':' ? "needs a value"
             : optopt != 0 ? "takes no value"
                           : "no such option");
}
