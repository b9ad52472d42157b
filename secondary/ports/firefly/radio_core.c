/* SPDX-License-Identifier: Apache-2.0 */
#include "radio_core.h"

#include "core.h"
#include "devices.h"

#include "lampyr-port/network.h"

enum {
    FRMFILT0 = 0x40088600,
    FRMFILT0_FILTER_VERSIONS_0_AND_1 = 1 << 2 | 1 << 0,
    FRMFILT1 = 0x40088604,
    FRMFILT1_DATA_AND_ACKS = 1 << 4 | 1 << 5,
    SRCMATCH = 0x40088608,
    FRMCTRL0 = 0x40088624,
    FRMCTRL0_AUTOCRC_AUTOACK = 1 << 6 | 1 << 5,
    FREQCTRL = 0x4008863c,
    FREQCTRL_CHANNEL_11 = 11, /* 2394 MHz and as many MHz more; channels are 5 MHz apart */
    TXPOWER = 0x40088640,
    TXPOWER_3_DBM = 0xd5,
    FIFOPCTRL = 0x40088650,
    FIFOPCTRL_WHOLE_FRAMES = 0x7f,
    CCACTRL0 = 0x40088658,
    RFIRQM0 = 0x4008868c,
    RFIRQM0_FIFOP = 1 << 2,

    /* The manual's "register settings update" */
    CCACTRL0_RECOMMENDED = 0xf8,
    TXFILTCFG = 0x400887e8,
    TXFILTCFG_RECOMMENDED = 0x09,
    AGCCTRL1 = 0x400886c8,
    AGCCTRL1_RECOMMENDED = 0x15,
    IVCTRL = 0x400d6004,
    IVCTRL_RECOMMENDED = 0x0b,
    FSCAL1 = 0x400886b8,
    FSCAL1_RECOMMENDED = 0x01,

    NVIC_ISER0 = 0xe000e100, /* Armv7-M Architecture Reference Manual, B3.4 */
    INTERRUPT_RADIO = 26,
};

void lp_radio_core_begin(uint8_t channel) {
    *lp_register(LP_RCGCRFC) = 1;
    *lp_register(LP_SCGCRFC) = 1;
    *lp_register(LP_DCGCRFC) = 1;
    while (*lp_register(LP_RCGCRFC) != 1) {
    }
    *lp_register(CCACTRL0) = CCACTRL0_RECOMMENDED;
    *lp_register(TXFILTCFG) = TXFILTCFG_RECOMMENDED;
    *lp_register(AGCCTRL1) = AGCCTRL1_RECOMMENDED;
    *lp_register(IVCTRL) = IVCTRL_RECOMMENDED;
    *lp_register(FSCAL1) = FSCAL1_RECOMMENDED;
    *lp_register(FRMCTRL0) = FRMCTRL0_AUTOCRC_AUTOACK;
    *lp_register(FRMFILT0) = FRMFILT0_FILTER_VERSIONS_0_AND_1;
    *lp_register(FRMFILT1) = FRMFILT1_DATA_AND_ACKS;
    *lp_register(SRCMATCH) = 0;
    *lp_register(FIFOPCTRL) = FIFOPCTRL_WHOLE_FRAMES;
    *lp_register(TXPOWER) = TXPOWER_3_DBM;
    *lp_register(FREQCTRL) = FREQCTRL_CHANNEL_11 + 5U * (channel - LP_RADIO_CHANNEL_MIN);
}

void lp_radio_interrupts_begin(void) {
    *lp_register(RFIRQM0) = RFIRQM0_FIFOP;
    *lp_register(NVIC_ISER0) = 1U << INTERRUPT_RADIO;
}

/* Frames are fetched when somebody asks; this only ends the sleep. */
void lp_radio_interrupt(void) {
    *lp_register(LP_RFIRQF0) = 0;
}
