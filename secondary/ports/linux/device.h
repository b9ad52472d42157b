/* SPDX-License-Identifier: Apache-2.0 */
/* The device that the agent runs on: the parts of this port behind the agent's callbacks. */
#ifndef LAMPYR_SECONDARY_DEVICE_H
#define LAMPYR_SECONDARY_DEVICE_H

#include "boot.h"
#include "metadata_store.h"
#include "slot.h"
#include "tell.h"

typedef struct lp_device {
    const lp_settings *settings;
    lp_boot boot;
    lp_slot slot;
    lp_metadata_store metadata;
    int64_t provisioned_time;
    lp_tell tell;
    bool turn_ended;   /* a turn has ended since run.c last looked, */
    bool turn_waited;  /* because the primary was not ready, */
    lp_code turn_code; /* with this code */
} lp_device;

/* Opens the parts on a state folder that is locked, and boots; `full`: for full verification. Returns an exit code;
 * failures are told. */
int lp_device_open(lp_device *device, const lp_settings *settings, bool full);
void lp_device_close(lp_device *device);

/* The agent's view of it; `ctx` is the device, which must not move. */
lp_agent_port lp_device_port(lp_device *device);

#endif
