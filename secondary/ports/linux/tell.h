/* SPDX-License-Identifier: Apache-2.0 */
/* What happens, told to people (one line on standard error) and to programs (one JSON object a line). */
#ifndef LAMPYR_SECONDARY_TELL_H
#define LAMPYR_SECONDARY_TELL_H

#include "image_version.h"

#include "lampyr-host/progress.h"
#include "lampyr-secondary/port.h"

typedef struct lp_tell {
    lp_progress progress;
    const char *serial;  /* of this ECU */
    const char *primary; /* its address */
} lp_tell;

/* An event of the agent, on whose ECU `version` runs. */
void lp_tell_event(const lp_tell *tell, const char *version, const lp_agent_event *event);

/* The boot step has started `image` from `slot`; on trial if `testing`. */
void lp_tell_booted(const lp_tell *tell, const char *slot, bool testing, const lp_image_facts *image);

/* The agent is reachable at `address`. */
void lp_tell_listening(const lp_tell *tell, const char *address);

#endif
