/* SPDX-License-Identifier: Apache-2.0 */
/* The radio's registers and settings (TI SWRU319, 23). */
#ifndef LAMPYR_FIREFLY_RADIO_CORE_H
#define LAMPYR_FIREFLY_RADIO_CORE_H

#include <stdint.h>

enum {
    LP_EXT_ADDR = 0x400885a8, /* a byte each, the last of the address first; so are the next two */
    LP_PAN_ID = 0x400885c8,
    LP_SHORT_ADDR = 0x400885d0,

    LP_FSMSTAT1 = 0x4008864c,
    LP_FSMSTAT1_FIFO = 1 << 7,        /* there are bytes to read */
    LP_FSMSTAT1_FIFOP = 1 << 6,       /* there is a whole frame, or too much */
    LP_FSMSTAT1_SAMPLED_CCA = 1 << 3, /* the channel was clear at the last LP_STROBE_TX_IF_CLEAR */
    LP_RSSISTAT = 0x40088664,
    LP_RSSISTAT_VALID = 1 << 0, /* it has listened for long enough */
    LP_RFRND = 0x4008869c,      /* two bits of noise */
    LP_RFDATA = 0x40088828,     /* both buffers' ends */
    LP_RFIRQF1 = 0x40088830,
    LP_RFIRQF1_TXDONE = 1 << 1,
    LP_RFIRQF0 = 0x40088834,

    LP_RFST = 0x40088838, /* takes strobes: */
    LP_STROBE_RX = 0xe3,
    LP_STROBE_TX_IF_CLEAR = 0xea,
    LP_STROBE_FLUSH_RX = 0xed,
    LP_STROBE_FLUSH_TX = 0xee,
};

/* Powers the radio and sets it up for a channel; addresses are the caller's. */
void lp_radio_core_begin(uint8_t channel);

/* From now on a whole frame wakes lp_board_sleep(). */
void lp_radio_interrupts_begin(void);

#endif
