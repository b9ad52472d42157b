/* SPDX-License-Identifier: Apache-2.0 */
/* What the loader and serial recovery share. */
#ifndef LP_BOOT_STATE_H
#define LP_BOOT_STATE_H

#include "lampyr-boot/boot.h"

/* Opens the journal. One that asks for an impossible swap counts as damaged: pages outside the slots, those of the
 * loader among them, would be overwritten. `*state` is set if the verdict is LP_JOURNAL_GOOD. */
lp_journal_verdict lp_boot_open_journal(const lp_boot_config *config, lp_journal *journal, lp_board_state *state);

#endif
