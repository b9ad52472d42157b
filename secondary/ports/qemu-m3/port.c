/* SPDX-License-Identifier: Apache-2.0 */
#include "core.h"
#include "devices.h"

#include "lampyr-port/memory.h"
#include "lampyr-port/port.h"

void lp_port_begin(void) {
    lp_uart_begin(LP_UART_CONSOLE);
    lp_uart_begin(LP_UART_RADIO);
    lp_clock_begin(LP_CPU_HZ);
}

void lp_board_write(const char *text, size_t len) {
    lp_uart_write(LP_UART_CONSOLE, text, len);
}

bool lp_board_read(uint8_t *byte) {
    return lp_uart_read(LP_UART_CONSOLE, byte);
}

/* QEMU tells nothing of resets. */
lp_reset_cause lp_board_reset_cause(void) {
    return lp_retained_cause();
}

/* The watchdog's first zero: nobody fed it, so there is nothing to save and nothing to return to. */
static void wait_for_watchdog(void) {
    for (;;) {
        __asm volatile("wfi");
    }
}

/* Armv7-M Architecture Reference Manual, B1.5.3. Devices are polled: what comes over the radio's line ends a sleep. */
typedef void handler(void);
typedef struct vectors {
    uint32_t *stack;
    handler *reset, *non_maskable, *hard_fault, *memory_fault, *bus_fault, *usage_fault;
    const struct lp_lent *lends;
    handler *reserved[3];
    handler *supervisor_call, *debug_monitor;
    handler *also_reserved;
    handler *pendable_service, *tick;
    handler *console[2], *radio_receives;
} vectors;

__attribute__((section(".vectors"), used)) static const vectors table = {
    .stack = lp_stack_top,
    .reset = lp_start,
    .non_maskable = wait_for_watchdog,
    .hard_fault = lp_fault,
    .memory_fault = lp_fault,
    .bus_fault = lp_fault,
    .usage_fault = lp_fault,
    .lends = &lp_lends,
    .supervisor_call = lp_fault,
    .debug_monitor = lp_fault,
    .pendable_service = lp_fault,
    .tick = lp_clock_tick,
    .radio_receives = lp_uart_interrupt,
};
