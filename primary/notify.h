/* SPDX-License-Identifier: Apache-2.0 */
/* Tells systemd how the service is (sd_notify(3)), when it listens. */
#ifndef LAMPYR_PRIMARY_NOTIFY_H
#define LAMPYR_PRIMARY_NOTIFY_H

/* Sends `state`, e.g. "READY=1", to $NOTIFY_SOCKET; without one, or if that fails, nothing happens. */
void lp_notify(const char *state);

#endif
