/* SPDX-License-Identifier: Apache-2.0 */
/* Events for programs that draw progress: one JSON object per line, `event` first. */
#ifndef LAMPYR_HOST_PROGRESS_H
#define LAMPYR_HOST_PROGRESS_H

#include <stdbool.h>
#include <stdio.h>

typedef struct lp_progress {
    FILE *stream; /* NULL: nobody listens */
} lp_progress;

/* Opens `path` for appending; "-" is standard output and NULL is nobody. False with errno. */
bool lp_progress_open(lp_progress *progress, const char *path);

void lp_progress_close(lp_progress *progress);

/* Writes {"event": `event`, ...}; `format` and what follows it are those of jansson's json_pack() for the
 * members after the first, without braces, e.g. "s:s, s:I", "ecu", serial, "total", (json_int_t)total. */
void lp_progress_event(const lp_progress *progress, const char *event, const char *format, ...);

#endif
