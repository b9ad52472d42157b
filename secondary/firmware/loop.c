/* SPDX-License-Identifier: Apache-2.0 */
#include "loop.h"

#include "lampyr-port/network.h"
#include "lampyr-port/port.h"

enum {
    RESOLVE_MS = 2000,
    FEED_MS = 5 * 1000, /* well within the watchdog's time (ports/common/loader.c) */
};

static uint64_t earlier(uint64_t a_ms, uint64_t b_ms) {
    return a_ms < b_ms ? a_ms : b_ms;
}

void lp_loop_rest(uint64_t until_ms) {
    lp_watchdog_feed();
    lp_board_sleep(earlier(until_ms, lp_board_now_ms() + FEED_MS));
}

/* Until then, or until a datagram of the primary came. */
static void wait(lp_loop *loop, uint64_t until_ms) {
    lp_slice datagram;
    while (lp_board_now_ms() < until_ms) {
        switch (lp_net_poll(loop->net, lp_board_now_ms(), &datagram)) {
        case LP_NET_DATAGRAM:
            loop->coap_faulty +=
                lp_drive_datagram(loop->agent, loop->coap, lp_board_now_ms(), datagram) != LP_COAP_FINE;
            return;
        case LP_NET_FRAME:
            lp_watchdog_feed();
            break;
        case LP_NET_NOTHING:
            lp_loop_rest(earlier(until_ms, lp_net_due_ms(loop->net)));
            break;
        }
    }
}

void lp_loop_resolve(lp_loop *loop) {
    lp_slice datagram;
    uint64_t until_ms = lp_board_now_ms() + RESOLVE_MS;
    while (!lp_net_resolved(loop->net) && lp_board_now_ms() < until_ms) {
        if (lp_net_poll(loop->net, lp_board_now_ms(), &datagram) == LP_NET_NOTHING) {
            lp_loop_rest(earlier(until_ms, lp_net_due_ms(loop->net)));
        }
    }
}

void lp_loop_run(lp_loop *loop) {
    lp_step step;
    do {
        lp_drive_next(loop->agent, loop->coap, lp_board_now_ms(), loop->datagram, &step);
        lp_watchdog_feed();
        if (step.kind == LP_STEP_SEND) {
            lp_net_send(loop->net, (lp_slice){loop->datagram, step.len}); /* sent again if it is lost */
        } else if (step.kind == LP_STEP_WAIT) {
            wait(loop, step.until_ms);
        }
    } while (step.kind != LP_STEP_REBOOT);
}
