/* SPDX-License-Identifier: Apache-2.0 */
/* The command line and the configuration file. */
#ifndef LAMPYR_DIRECTOR_OPTIONS_H
#define LAMPYR_DIRECTOR_OPTIONS_H

#include "director.h"

typedef enum lpd_options_result {
    LPD_OPTIONS_RUN,
    LPD_OPTIONS_HELP,    /* --help was asked for */
    LPD_OPTIONS_VERSION, /* --version was asked for */
    LPD_OPTIONS_WRONG,   /* one line stands in the message */
} lpd_options_result;

/* Reads the file that --config names, if any, then the flags, which win. */
lpd_options_result lpd_options_read(int argc, char **argv, lpd_options *out, char *message, size_t message_bytes);

/* The text of --help. */
extern const char lpd_options_help[];

#endif
