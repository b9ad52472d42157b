/* SPDX-License-Identifier: Apache-2.0 */
#include "core.h"
#include "devices.h"

#include "lampyr-port/memory.h"
#include "lampyr-port/port.h"

/* SWRU319, 7.6, system control registers */
enum {
    CTRL_32K_RC = 1 << 24,
    CTRL_OTHER_OSCILLATOR_OFF = 1 << 17, /* and with all else zero: the 32 MHz crystal, undivided */
    STA_16M_RC = 1 << 16,
    STA_RESET_SHIFT = 22,
    STA_RESET_MASK = 3,
    RESET_WATCHDOG = 2,
    RESET_SOFTWARE = 3, /* or the clock was lost */
    I_MAP_ALTERNATE = 1,
};

static void begin_crystal(void) {
    *lp_register(LP_CLOCK_CTRL) = CTRL_32K_RC | CTRL_OTHER_OSCILLATOR_OFF;
    while ((*lp_register(LP_CLOCK_STA) & STA_16M_RC) != 0) {
    }
}

void lp_port_begin(void) {
    begin_crystal();
    *lp_register(LP_I_MAP) = I_MAP_ALTERNATE;
    lp_console_begin();
    lp_clock_begin(LP_CPU_HZ);
}

/* The chip knows whether it was the watchdog. RAM tells a fault from a reset that the firmware wanted. */
lp_reset_cause lp_board_reset_cause(void) {
    lp_reset_cause remembered = lp_retained_cause();
    switch (*lp_register(LP_CLOCK_STA) >> STA_RESET_SHIFT & STA_RESET_MASK) {
    case RESET_WATCHDOG:
        return LP_RESET_FAULT;
    case RESET_SOFTWARE:
        return remembered == LP_RESET_SOFTWARE ? LP_RESET_SOFTWARE : LP_RESET_FAULT;
    default: /* power, or the reset button */
        return LP_RESET_POWER;
    }
}

static void tick(void) {
    lp_clock_tick();
    lp_watchdog_tick();
}

/* Armv7-M Architecture Reference Manual, B1.5.3; SWRU319, table 5-1, alternate map. */
enum { INTERRUPT_RADIO = 26 }; /* the last that is used */
typedef void handler(void);
typedef struct vectors {
    uint32_t *stack;
    handler *reset, *non_maskable, *hard_fault, *memory_fault, *bus_fault, *usage_fault;
    const struct lp_lent *lends;
    handler *reserved[3];
    handler *supervisor_call, *debug_monitor;
    handler *also_reserved;
    handler *pendable_service, *tick;
    handler *devices[INTERRUPT_RADIO + 1];
} vectors;

__attribute__((section(".vectors"), used)) static const vectors table = {
    .stack = lp_stack_top,
    .reset = lp_start,
    .non_maskable = lp_fault,
    .hard_fault = lp_fault,
    .memory_fault = lp_fault,
    .bus_fault = lp_fault,
    .usage_fault = lp_fault,
    .lends = &lp_lends,
    .supervisor_call = lp_fault,
    .debug_monitor = lp_fault,
    .pendable_service = lp_fault,
    .tick = tick,
    .devices = {[INTERRUPT_RADIO] = lp_radio_interrupt},
};
