/* SPDX-License-Identifier: Apache-2.0 */
#include "devices.h"

#include "core.h"

#include "lampyr-port/network.h"
#include "lampyr-port/port.h"

/* Arm DDI 0479, "APB UART", programmers model */
enum {
    DATA = 0x00,
    STATE = 0x04,
    CTRL = 0x08,
    INTERRUPT = 0x0c, /* read: what is pending; write: what to clear */
    BAUDDIV = 0x10,
    STATE_TX_FULL = 1,
    STATE_RX_FULL = 2,
    CTRL_TX_RX_ENABLE = 3,
    CTRL_RX_INTERRUPT = 8,
    INTERRUPT_RX = 2,
    BAUD = 115200,
};

/* Armv7-M Architecture Reference Manual, B3.4. Which interrupt is whose: Arm DAI 0385. */
enum {
    NVIC_ISER = 0xe000e100,
    NVIC_ICER = 0xe000e180,
    RADIO_RX = 1 << 2,
};

void lp_uart_begin(lp_uart uart) {
    *lp_register((uintptr_t)uart + BAUDDIV) = LP_CPU_HZ / BAUD;
    *lp_register((uintptr_t)uart + CTRL) = CTRL_TX_RX_ENABLE | (uart == LP_UART_RADIO ? CTRL_RX_INTERRUPT : 0);
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
    *lp_register((uintptr_t)uart + INTERRUPT) = INTERRUPT_RX;
    if ((*lp_register((uintptr_t)uart + STATE) & STATE_RX_FULL) == 0) {
        return false;
    }
    *byte = (uint8_t)*lp_register((uintptr_t)uart + DATA);
    return true;
}

/* The interrupt has woken the processor; that is all it is for. */
void lp_uart_interrupt(void) {
    *lp_register(NVIC_ICER) = RADIO_RX;
}

/* With interrupts off, one that is pending still ends the sleep, but none can come between the decision to sleep and
 * the sleep. The clock's tick ends it twice a second. */
void lp_board_sleep(uint64_t until_ms) {
    bool heard = false;
    while (!heard && lp_board_now_ms() < until_ms) {
        __asm volatile("cpsid i" ::: "memory");
        *lp_register(NVIC_ISER) = RADIO_RX;
        __asm volatile("wfi\n cpsie i\n isb" ::: "memory");
        heard = (*lp_register(NVIC_ISER) & RADIO_RX) == 0;
    }
}
