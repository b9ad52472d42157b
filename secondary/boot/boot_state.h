/* SPDX-License-Identifier: Apache-2.0 */
/* How the loader and serial recovery come to a state. */
#ifndef LP_BOOT_STATE_H
#define LP_BOOT_STATE_H

#include "lampyr-boot/boot.h"

/* Opens the journal. One that asks for an impossible swap counts as damaged: pages outside the slots, those of the
 * loader among them, would be overwritten. `*state` is set if the verdict is LP_JOURNAL_GOOD. */
lp_journal_verdict lp_boot_open_journal(const lp_boot_config *config, lp_journal *journal, lp_board_state *state);

/* The state of a board that remembers nothing, about to run the image `verified`. */
void lp_boot_first_state(lp_board_state *state, const lp_factory *factory, const lp_boot_verified *verified);

#endif
