/* SPDX-License-Identifier: Apache-2.0 */
/* The port itself, over resets: check_port.py says what must come of it. The first word of the memory that stands for
 * flash counts the starts. */
#include "block.h"
#include "devices.h"

#include "lampyr-port/port.h"

#include <string.h>

static void put(const char *text) {
    lp_board_write(text, strlen(text));
}

static void wait_ms(uint32_t ms, bool feeding) {
    uint64_t end = lp_board_now_ms() + ms;
    while (lp_board_now_ms() < end) {
        if (feeding) {
            lp_watchdog_feed();
        }
    }
}

/* Sends back what comes over the radio's line, until it is an end of line. */
static void echo(void) {
    uint8_t byte = 0;
    while (byte != '\n') {
        if (lp_uart_read(LP_UART_RADIO, &byte)) {
            lp_uart_write(LP_UART_RADIO, &byte, 1);
        }
    }
}

/* Needs more stack with every call than there is for all. */
__attribute__((noipa)) static unsigned deeper(unsigned calls) {
    volatile unsigned here[64] = {calls};
    return calls == 0 ? 0 : deeper(calls - 1) + here[calls % 64];
}

void lp_firmware(void) {
    volatile uint32_t *starts = (volatile uint32_t *)(void *)test_block;
    switch ((*starts)++) {
    case 0:
        put("resets itself\n");
        lp_board_reset();
    case 1:
        put("starves the watchdog\n");
        lp_watchdog_begin(200);
        wait_ms(60000, false);
        lp_machine_stop(1);
    case 2:
        put("feeds the watchdog\n");
        lp_watchdog_begin(200);
        wait_ms(1000, true);
        put("listens\n");
        lp_watchdog_begin(60000);
        echo();
        for (;;) {
            lp_watchdog_feed();
        }
    case 3:
        put("was killed\n");
        lp_machine_stop(deeper(1000000) == 0 ? 1 : 2);
    default:
        lp_machine_stop(1);
    }
}
