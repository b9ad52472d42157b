/* SPDX-License-Identifier: Apache-2.0 */
/* The command `status`: what the state folder says, whether or not the service runs. */
#ifndef LAMPYR_SECONDARY_STATUS_H
#define LAMPYR_SECONDARY_STATUS_H

#include "settings.h"

/* Prints it to standard output. Returns the exit code. */
int lp_status(const lp_settings *settings, bool json);

#endif
