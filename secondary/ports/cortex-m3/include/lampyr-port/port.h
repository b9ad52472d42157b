/* SPDX-License-Identifier: Apache-2.0 */
/* What firmware needs of its board, besides flash (memory.h) and network. Every function is there once, in the port
 * that is linked or in the code that all Cortex-M3 share. */
#ifndef LAMPYR_PORT_PORT_H
#define LAMPYR_PORT_PORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The firmware's own entry, called once clock and console work. Returning from it resets the board. */
void lp_firmware(void);

/* Milliseconds since the last reset. Never goes back. Not to be called with interrupts off. */
uint64_t lp_board_now_ms(void);

/* Writes `len` bytes of text to the console, and waits until they are out of our hands. */
void lp_board_write(const char *text, size_t len);

/* Takes a byte that has arrived at the console; false if there is none. Does not wait. */
bool lp_board_read(uint8_t *byte);

/* Resets the board. The boot loader learns that it was asked for. */
_Noreturn void lp_board_reset(void);

/* Called on a fault of the processor: an address that does not exist, an instruction that is none, a full stack. Says
 * so on the console and resets the board, and the boot loader learns of it, unless the firmware defines its own. */
_Noreturn void lp_board_fault(void);

/* From now on the board resets itself when the watchdog is not fed for `timeout_ms` (at least 2, at most 60,000). */
void lp_watchdog_begin(uint32_t timeout_ms);

void lp_watchdog_feed(void);

/* Bytes of the stack that were in use at most, since the last reset or lp_board_stack_forget(). */
size_t lp_board_stack_peak_bytes(void);
void lp_board_stack_forget(void);

#endif
