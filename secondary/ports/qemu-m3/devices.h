/* SPDX-License-Identifier: Apache-2.0 */
/* Devices of the MPS2 board with the AN385 image (Arm DAI 0385, "Memory map"; Cortex-M System Design Kit, Arm DDI
 * 0479).
 */
#ifndef LAMPYR_QEMU_M3_DEVICES_H
#define LAMPYR_QEMU_M3_DEVICES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { LP_CPU_HZ = 25000000 };

typedef enum lp_uart {
    LP_UART_CONSOLE = 0x40004000,
    LP_UART_RADIO = 0x40005000, /* frames of the radio's stand-in */
} lp_uart;

void lp_uart_begin(lp_uart uart);

/* Waits until all bytes are taken. */
void lp_uart_write(lp_uart uart, const void *bytes, size_t len);

/* Takes a byte that has arrived; false if there is none. Does not wait. Bytes of the radio's line end lp_board_sleep().
 */
bool lp_uart_read(lp_uart uart, uint8_t *byte);

/* Entry of the vector table for the radio's line. */
void lp_uart_interrupt(void);

/* Exit statuses of QEMU that the port decides on. */
enum {
    LP_STOP_POWER_CUT = 4,  /* a test wanted it (cut.h) */
    LP_STOP_FLASH_RULE = 5, /* flash was not used as flash.h demands */
};

/* Ends QEMU with this exit status; its option "-semihosting-config enable=on" must be given. */
_Noreturn void lp_machine_stop(int status);

#endif
