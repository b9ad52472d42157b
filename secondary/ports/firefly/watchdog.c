/* SPDX-License-Identifier: Apache-2.0 */
/* The chip's watchdog waits a second at most, cannot be stopped, and goes on when the boot loader starts an image. So
 * the clock's tick feeds it, twice a second, and stops when the firmware has not fed for as long as it wanted; the
 * board resets up to two seconds after that. An image that says nothing has half a minute. */
#include "core.h"
#include "devices.h"

#include "lampyr-port/port.h"

/* SWRU319, 16 */
enum {
    WDCTL = 0x400d5000,
    WDCTL_ENABLE_FOR_A_SECOND = 1 << 3,
    WDCTL_CLEAR_FIRST = 0xa0,
    WDCTL_CLEAR_SECOND = 0x50,
    TICKS_PER_S = 2,
};

static volatile uint32_t ticks_left = 30 * TICKS_PER_S;
static volatile uint32_t ticks_wanted = 30 * TICKS_PER_S;

void lp_watchdog_begin(uint32_t timeout_ms) {
    ticks_wanted = timeout_ms * TICKS_PER_S / 1000 + 1;
    ticks_left = ticks_wanted;
    *lp_register(WDCTL) = WDCTL_ENABLE_FOR_A_SECOND;
}

void lp_watchdog_feed(void) {
    ticks_left = ticks_wanted;
}

void lp_watchdog_tick(void) {
    if (ticks_left > 0) {
        ticks_left--;
        *lp_register(WDCTL) = WDCTL_CLEAR_FIRST;
        *lp_register(WDCTL) = WDCTL_CLEAR_SECOND;
    }
}
