/* SPDX-License-Identifier: Apache-2.0 */
/* One line per event on standard error, with a syslog level prefix when systemd reads it. */
#ifndef LAMPYR_HOST_LOG_H
#define LAMPYR_HOST_LOG_H

#include "lampyr/error.h"

#include <stdio.h>

typedef enum lp_level {
    LP_LOG_ERROR = 3,
    LP_LOG_WARNING = 4,
    LP_LOG_INFO = 6,
    LP_LOG_DEBUG = 7,
} lp_level;

/* Writes "<program>: <message>\n". Programs pass their name in every call; there is no global state. */
void lp_log(const char *program, lp_level level, const char *format, ...) __attribute__((format(printf, 3, 4)));

enum { LP_ERROR_TEXT_BYTES = 1400 };

/* A refusal as one line: "refused: rollback_version (rollback): image timestamp.json: older than the trusted
 * file of this role [Uptane 2.1.0, 5.4.4.4 step 3]". */
void lp_error_format(const lp_error *error, char out[LP_ERROR_TEXT_BYTES]);

/* The file that an error is about, e.g. "3.root.json" or "supplier-radar.json"; "" if none. */
void lp_error_file(const lp_error *error, char *out, size_t out_bytes);

#endif
