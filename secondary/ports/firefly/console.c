/* SPDX-License-Identifier: Apache-2.0 */
#include "core.h"
#include "devices.h"

#include "lampyr-port/port.h"

/* SWRU319, 18 (UART), 9 (GPIO and I/O control) */
enum {
    UART0 = 0x4000c000,
    DR = UART0 + 0x00,
    FR = UART0 + 0x18,
    FR_BUSY = 1 << 3,
    FR_RX_EMPTY = 1 << 4,
    FR_TX_FULL = 1 << 5,
    IBRD = UART0 + 0x24,
    FBRD = UART0 + 0x28,
    LCRH = UART0 + 0x2c,
    LCRH_8N1_FIFO = 0x70,
    CTL = UART0 + 0x30,
    CTL_RX_TX_ENABLE = 0x301,
    CC = UART0 + 0xfc8,
    CC_SYSTEM_CLOCK = 0,
    RCGC_UART0 = 1,

    /* 32 MHz / (16 * 115,200 baud) = 17 + 23 / 64 */
    BAUD_WHOLE = 17,
    BAUD_64TH = 23,

    PA1_SEL = 0x400d4004,
    SEL_UART0_TX = 0,
    PA1_OVER = 0x400d4084,
    OVER_OUTPUT = 8,
    UART0_RX_SEL = 0x400d4100,
    SEL_PA0 = 0,
    PORT_A_AFSEL = 0x400d9420,
    PINS_0_AND_1 = 3,
};

void lp_console_begin(void) {
    *lp_register(LP_RCGCUART) |= RCGC_UART0;
    *lp_register(LP_SCGCUART) |= RCGC_UART0;
    *lp_register(LP_DCGCUART) |= RCGC_UART0;
    *lp_register(CTL) = 0;
    *lp_register(CC) = CC_SYSTEM_CLOCK;
    *lp_register(UART0_RX_SEL) = SEL_PA0;
    *lp_register(PA1_SEL) = SEL_UART0_TX;
    *lp_register(PA1_OVER) = OVER_OUTPUT;
    *lp_register(PORT_A_AFSEL) |= PINS_0_AND_1;
    *lp_register(IBRD) = BAUD_WHOLE;
    *lp_register(FBRD) = BAUD_64TH;
    *lp_register(LCRH) = LCRH_8N1_FIFO;
    *lp_register(CTL) = CTL_RX_TX_ENABLE;
}

void lp_board_write(const char *text, size_t len) {
    for (size_t i = 0; i < len; i++) {
        while ((*lp_register(FR) & FR_TX_FULL) != 0) {
        }
        *lp_register(DR) = (uint8_t)text[i];
    }
    while ((*lp_register(FR) & FR_BUSY) != 0) { /* a reset, and the next program, would lose the rest */
    }
}

bool lp_board_read(uint8_t *byte) {
    if ((*lp_register(FR) & FR_RX_EMPTY) != 0) {
        return false;
    }
    *byte = (uint8_t)*lp_register(DR);
    return true;
}
