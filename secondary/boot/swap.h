/* SPDX-License-Identifier: Apache-2.0 */
/* Swapping the two slots, page by page, so that it can be cut anywhere and taken up again.
 *
 * Let n be the pages to swap, a[0..n-1] those of slot 0 with a[n] the spare page, b[0..n-1] those of slot 1 (image
 * pages first, then record pages). The steps are
 *     a[n-1] -> a[n], a[n-2] -> a[n-1], ..., a[0] -> a[1]            n steps
 *     b[0] -> a[0], a[1] -> b[0], b[1] -> a[1], a[2] -> b[1], ...    2n steps
 * Each erases and writes one page and leaves its source alone; only the next step destroys that source. So a step may
 * be repeated until the journal says that it is done, and the next begins only then. The same swap again undoes it. */
#ifndef LAMPYR_BOOT_SWAP_H
#define LAMPYR_BOOT_SWAP_H

#include "lampyr-store/state.h"

/* Sets the pages to swap: as many as the longer image and the longer record take. What is no image does not count. */
void lp_swap_plan(const lp_flash *flash, const lp_layout *layout, lp_boot_state *boot);

/* Steps of the swap that `boot` describes. */
uint32_t lp_swap_steps(const lp_boot_state *boot);

/* False if the swap would leave the slots, or has done more steps than it has: no swap of ours, whoever wrote it down.
 * It must not be run. */
bool lp_swap_possible(const lp_flash *flash, const lp_layout *layout, const lp_boot_state *boot);

/* Takes the steps that are left, saving after each. The journal must be sealed. False if flash failed. */
bool lp_swap_run(const lp_flash *flash, const lp_layout *layout, lp_journal *journal, lp_board_state *state);

#endif
