/* SPDX-License-Identifier: Apache-2.0 */
/* The watchdog counts down twice: at the first zero it raises the non-maskable interrupt, at the second it resets. */
#include "core.h"
#include "devices.h"

#include "lampyr-port/port.h"

/* Arm DDI 0479, "APB watchdog", programmers model */
enum {
    WATCHDOG = 0x40008000,
    LOAD = WATCHDOG + 0x00,
    CONTROL = WATCHDOG + 0x08,
    INTERRUPT_CLEAR = WATCHDOG + 0x0c,
    CONTROL_INTERRUPT_AND_RESET = 3,
};

void lp_watchdog_begin(uint32_t timeout_ms) {
    *lp_register(LOAD) = timeout_ms / 2 * (LP_CPU_HZ / 1000);
    *lp_register(CONTROL) = CONTROL_INTERRUPT_AND_RESET;
}

/* Any value written here begins the first count again. */
void lp_watchdog_feed(void) {
    *lp_register(INTERRUPT_CLEAR) = 1;
}
