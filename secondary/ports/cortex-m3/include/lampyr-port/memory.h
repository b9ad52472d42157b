/* SPDX-License-Identifier: Apache-2.0 */
/* The board's flash, and what only its boot loader needs. */
#ifndef LAMPYR_PORT_MEMORY_H
#define LAMPYR_PORT_MEMORY_H

#include "lampyr-boot/boot.h"

/* The flash, and where things lie in it. */
extern const lp_flash lp_board_flash;
extern const lp_layout *const lp_board_layout;

/* Why the board started. To be called once after a start, by the boot loader. */
lp_reset_cause lp_board_reset_cause(void);

/* Locks the pages that docs/BOARD.md, "Flash map", lists as locked, until the next reset at least. False if one of them
 * still can be changed. */
bool lp_board_lock(void);

/* True if `image`, of which every byte was verified, starts with code of its own when it lies in slot 0: the entry that
 * its vector table names is within it. A stack that is none ends in a fault, as any other failure of an image. */
bool lp_board_starts(lp_slice image);

/* Leaves the loader for the image that begins at `first` with its vector table: as after a reset, but for the watchdog,
 * which goes on, and the table's place. */
_Noreturn void lp_board_run(const uint8_t *first);

#endif
