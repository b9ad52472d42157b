/* SPDX-License-Identifier: Apache-2.0 */
/* Tells systemd how the service is (sd_notify(3)), when it listens. */
#ifndef LAMPYR_PRIMARY_NOTIFY_H
#define LAMPYR_PRIMARY_NOTIFY_H

#include <stdint.h>

/* Sends `state`, e.g. "READY=1", to $NOTIFY_SOCKET; without one, or if that fails, nothing happens. */
void lp_notify(const char *state);

/* How often, in milliseconds, systemd wants to hear "WATCHDOG=1" at least: half of $WATCHDOG_USEC, as sd_notify(3)
 * advises; 0 if it does not watch this process. */
int64_t lp_notify_watchdog_ms(void);

#endif
