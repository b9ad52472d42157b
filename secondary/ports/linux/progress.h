/* SPDX-License-Identifier: Apache-2.0 */
/* What happens, told to people (one line on standard error) and to programs (one JSON object a line). */
#ifndef LAMPYR_SECONDARY_PROGRESS_H
#define LAMPYR_SECONDARY_PROGRESS_H

#include "image_version.h"

#include "lampyr-secondary/port.h"

#include <stdio.h>

typedef struct lp_progress {
    FILE *stream; /* NULL: no program listens */
} lp_progress;

/* Opens `path` for appending; "-" is standard output and NULL is nobody. False with errno. */
bool lp_progress_open(lp_progress *progress, const char *path);
void lp_progress_close(lp_progress *progress);

/* An event of the agent of ECU `serial`, on which `version` runs. */
void lp_progress_event(const lp_progress *progress, const char *serial, const char *version,
                       const lp_agent_event *event);

/* The boot step has started `image` from `slot`; on trial if `testing`. */
void lp_progress_booted(const lp_progress *progress, const char *serial, const char *slot, bool testing,
                        const lp_image_facts *image);

/* The agent is reachable at `address` and talks to `primary`. */
void lp_progress_listening(const lp_progress *progress, const char *serial, const char *address, const char *primary);

#endif
