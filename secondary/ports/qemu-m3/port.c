/* SPDX-License-Identifier: Apache-2.0 */
#include "core.h"
#include "devices.h"

#include "lampyr-board/board.h"

void lp_port_begin(void) {
    lp_uart_begin(LP_UART_CONSOLE);
    lp_uart_begin(LP_UART_RADIO);
    lp_clock_begin(LP_CPU_HZ);
}

void lp_board_write(const char *text, size_t len) {
    lp_uart_write(LP_UART_CONSOLE, text, len);
}

/* The watchdog's first zero: nobody fed it, so there is nothing to save and nothing to return to. */
static void wait_for_watchdog(void) {
    for (;;) {
    }
}

static void unexpected(void) {
    lp_board_fault();
}

/* Armv7-M Architecture Reference Manual, B1.5.3. No interrupt of a device is enabled: devices are polled. */
typedef struct vectors {
    uint32_t *stack;
    void (*exception[15])(void);
} vectors;

__attribute__((section(".vectors"), used)) static const vectors table = {
    .stack = lp_stack_top,
    .exception =
        {
            lp_start,          /* reset */
            wait_for_watchdog, /* non-maskable interrupt */
            unexpected,        /* hard fault, to which all other faults escalate: */
            unexpected, unexpected, unexpected, NULL, NULL, NULL, NULL, unexpected, /* supervisor call */
            unexpected,                                                             /* debug monitor */
            NULL, unexpected,                                                       /* pendable service */
            lp_clock_tick,                                                          /* SysTick */
        },
};
