/* SPDX-License-Identifier: Apache-2.0 */
/* Between the code that all Cortex-M3 share and a port. */
#ifndef LAMPYR_CORTEX_M3_CORE_H
#define LAMPYR_CORTEX_M3_CORE_H

#include "lampyr-boot/boot.h"

#include <stdint.h>

/* What lies at the end of RAM, in the boot loader and in applications alike, and outlives a reset (not a loss of
 * power).
 */
typedef struct lp_retained {
    uint32_t reset;  /* LP_RESETS_*: what the program that ran last had to say of its end */
    uint32_t locked; /* the port's: pages are locked, where the device has no locks */
    uint32_t unused[2];
} lp_retained;

extern lp_retained lp_retained_words;

/* Values that RAM has by chance only once in four billion starts. */
enum {
    LP_RESETS_RUNNING = 0x52756e21, /* it did not mean to end */
    LP_RESETS_ITSELF = 0x41736b21,  /* it called lp_board_reset() */
    LP_RESETS_FAULTY = 0x42616421,  /* it met a fault */
};

/* A register of the processor or of a device. */
static inline volatile uint32_t *lp_register(uintptr_t address) {
    return (volatile uint32_t *)address;
}

/* Tells from lp_retained_words why the board starts: LP_RESET_POWER if there is nothing in them, LP_RESET_FAULT if a
 * program ended that did not mean to. Forgets it, and `locked`. */
lp_reset_cause lp_retained_cause(void);

/* Starts the clock; `hz` is what the processor runs at. */
void lp_clock_begin(uint32_t hz);

/* The port's: brings the devices up that the board cannot do without, and calls lp_clock_begin(). */
void lp_port_begin(void);

/* Entries of the vector table that no port has of its own. */
extern uint32_t lp_stack_top[];
_Noreturn void lp_start(void);
void lp_clock_tick(void);
void lp_fault(void);
/* In a boot loader (lampyr-crypto/lent.h); its address is 0 elsewhere. */
extern const struct lp_lent lp_lends __attribute__((weak));

#endif
