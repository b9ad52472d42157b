/* SPDX-License-Identifier: Apache-2.0 */
/* Between the code that all Cortex-M3 share and a port. */
#ifndef LAMPYR_CORTEX_M3_CORE_H
#define LAMPYR_CORTEX_M3_CORE_H

#include <stdint.h>

/* A register of the processor or of a device. */
static inline volatile uint32_t *lp_register(uintptr_t address) {
    return (volatile uint32_t *)address;
}

/* Starts the clock; `hz` is what the processor runs at. */
void lp_clock_begin(uint32_t hz);

/* The port's: brings the devices up that the board cannot do without, and calls lp_clock_begin(). */
void lp_port_begin(void);

/* Entries of the vector table that no port has of its own. */
extern uint32_t lp_stack_top[];
_Noreturn void lp_start(void);
void lp_clock_tick(void);
void lp_fault(void);

#endif
