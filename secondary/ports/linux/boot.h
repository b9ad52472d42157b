/* SPDX-License-Identifier: Apache-2.0 */
/* The boot step: what a boot loader does on a board, at each start of the process.
 *
 * Two slots. The active one runs, unless the other was requested for a test: that is started once, and whatever the
 * next start finds unconfirmed is reverted. No slot is started whose content is not what the agent verified. */
#ifndef LAMPYR_SECONDARY_BOOT_H
#define LAMPYR_SECONDARY_BOOT_H

#include "boot_file.h"
#include "image_version.h"

#include "lampyr-secondary/port.h"

typedef struct lp_boot {
    const char *folder; /* state */
    lp_boot_file file;
    unsigned running;     /* slot */
    lp_image_facts image; /* in it */
} lp_boot;

/* Decides what runs. At first start the active slot is made, from `factory_image` ("": empty). False, told, if the
 * active slot is damaged or state cannot be read or written. */
bool lp_boot_start(lp_boot *boot, const char *folder, const char *factory_image);

/* The callbacks of the agent's port. */
void lp_boot_report(const lp_boot *boot, lp_boot_status *out);
bool lp_boot_request(lp_boot *boot, const lp_image *image);
bool lp_boot_confirm(lp_boot *boot);

#endif
