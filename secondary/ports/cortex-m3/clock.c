/* SPDX-License-Identifier: Apache-2.0 */
/* The clock counts with SysTick, which interrupts only twice a second: between ticks its counter is read. */
#include "core.h"

#include "lampyr-port/port.h"

enum {
    SYST_CSR = 0xe000e010, /* Armv7-M Architecture Reference Manual, B3.3 */
    SYST_RVR = 0xe000e014,
    SYST_CVR = 0xe000e018,
    CSR_ENABLE_INTERRUPT_PROCESSOR_CLOCK = 7,
    TICK_MS = 500, /* 24 bits last for it at up to 33 MHz */
};

static volatile uint32_t ticks;
static uint32_t counts_per_ms;

void lp_clock_begin(uint32_t hz) {
    counts_per_ms = hz / 1000;
    *lp_register(SYST_RVR) = counts_per_ms * TICK_MS - 1;
    *lp_register(SYST_CVR) = 0;
    *lp_register(SYST_CSR) = CSR_ENABLE_INTERRUPT_PROCESSOR_CLOCK;
}

void lp_clock_tick(void) {
    ticks++;
}

/* A tick between the two reads of `ticks` would pair the old count of ticks with the new counter. The counter goes down
 * and ticks as it becomes 0: that is the first count of a period, and 1 the last. */
uint64_t lp_board_now_ms(void) {
    uint32_t before;
    uint32_t left;
    do {
        before = ticks;
        left = *lp_register(SYST_CVR);
    } while (ticks != before);
    uint32_t passed = left == 0 ? 0 : counts_per_ms * TICK_MS - left;
    return (uint64_t)before * TICK_MS + passed / counts_per_ms;
}
