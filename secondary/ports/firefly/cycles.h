/* SPDX-License-Identifier: Apache-2.0 */
/* Time in microseconds, for waits of a few milliseconds: the processor counts its cycles. */
#ifndef LAMPYR_FIREFLY_CYCLES_H
#define LAMPYR_FIREFLY_CYCLES_H

#include "core.h"
#include "devices.h"

/* Armv7-M Architecture Reference Manual, C1.6.5 and C1.8 */
enum {
    LP_DEMCR = 0xe000edfc,
    LP_DEMCR_TRACE = 1 << 24,
    LP_DWT_CTRL = 0xe0001000,
    LP_DWT_CYCCNT = 0xe0001004,
};

static inline void lp_cycles_begin(void) {
    *lp_register(LP_DEMCR) |= LP_DEMCR_TRACE;
    *lp_register(LP_DWT_CTRL) |= 1;
}

static inline uint32_t lp_cycles(void) {
    return *lp_register(LP_DWT_CYCCNT);
}

static inline uint32_t lp_us_since(uint32_t cycles) {
    return (lp_cycles() - cycles) / (LP_CPU_HZ / 1000000);
}

#endif
