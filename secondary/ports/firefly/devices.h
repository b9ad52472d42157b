/* SPDX-License-Identifier: Apache-2.0 */
/* Registers of the CC2538 that more than one file needs (TI SWRU319, "CC2538 System-on-Chip Solution User's Guide"). */
#ifndef LAMPYR_FIREFLY_DEVICES_H
#define LAMPYR_FIREFLY_DEVICES_H

#include <stdint.h>

enum {
    LP_CPU_HZ = 32000000,

    LP_FLASH_AT = 0x00200000,
    LP_CHIP_AREA_AT = 0x0027ffd4, /* chip_area.c */

    /* System control */
    LP_CLOCK_CTRL = 0x400d2000,
    LP_CLOCK_STA = 0x400d2004,
    LP_RCGCUART = 0x400d2028, /* clocks of the UARTs: running, asleep, deep asleep */
    LP_SCGCUART = 0x400d202c,
    LP_DCGCUART = 0x400d2030,
    LP_I_MAP = 0x400d2098,
    LP_RCGCRFC = 0x400d20a8, /* clocks of the radio's core: running, asleep, deep asleep */
    LP_SCGCRFC = 0x400d20ac,
    LP_DCGCRFC = 0x400d20b0,
};

/* The console: UART0 on PA0 and PA1, which the Firefly's USB bridge is connected to. */
void lp_console_begin(void);

/* The radio has a whole frame. */
void lp_radio_interrupt(void);

/* Called at each tick of the clock: feeds the chip's watchdog while the firmware feeds lp_watchdog_feed(). */
void lp_watchdog_tick(void);

#endif
