/* SPDX-License-Identifier: Apache-2.0 */
#include "devices.h"

#include "core.h"

/* Arm DDI 0479, "APB UART", programmers model */
enum {
    DATA = 0x00,
    STATE = 0x04,
    CTRL = 0x08,
    BAUDDIV = 0x10,
    STATE_TX_FULL = 1,
    STATE_RX_FULL = 2,
    CTRL_TX_RX_ENABLE = 3,
    BAUD = 115200,
};

void lp_uart_begin(lp_uart uart) {
    *lp_register((uintptr_t)uart + BAUDDIV) = LP_CPU_HZ / BAUD;
    *lp_register((uintptr_t)uart + CTRL) = CTRL_TX_RX_ENABLE;
}

void lp_uart_write(lp_uart uart, const void *bytes, size_t len) {
    const uint8_t *p = bytes;
    for (size_t i = 0; i < len; i++) {
        while ((*lp_register((uintptr_t)uart + STATE) & STATE_TX_FULL) != 0) {
        }
        *lp_register((uintptr_t)uart + DATA) = p[i];
    }
}

bool lp_uart_read(lp_uart uart, uint8_t *byte) {
    if ((*lp_register((uintptr_t)uart + STATE) & STATE_RX_FULL) == 0) {
        return false;
    }
    *byte = (uint8_t)*lp_register((uintptr_t)uart + DATA);
    return true;
}
