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

/* Leaves the loader for the image whose vector table is at `vectors`: as after a reset, but for the watchdog, which
 * goes on, and the table's place. */
_Noreturn void lp_board_run(const uint8_t *vectors);

#endif
