/* SPDX-License-Identifier: Apache-2.0 */
/* lwIP's one interface: IPv6 over 6LoWPAN (RFC 4944, RFC 6282) over a radio. lwIP has globals, so a program has one. */
#ifndef LAMPYR_NET_LOWPAN_H
#define LAMPYR_NET_LOWPAN_H

#include "lampyr-net/frame.h"
#include "lampyr-net/radio.h"

#include "lwip/netif.h"

/* What was dropped, and why. */
typedef struct lp_lowpan_counts {
    uint32_t faulty[LP_FRAME_FAULTS]; /* by lp_frame_fault */
    uint32_t crowded;                 /* frames for which there was no buffer */
    uint32_t refused;                 /* packets that are not admitted */
    uint32_t unsent;                  /* frames that the radio did not get through */
} lp_lowpan_counts;

typedef struct lp_lowpan lp_lowpan;

/* Decides on a packet whole in its headers, of which lwIP knows the version only: it goes on with it if this returns
 * true. */
typedef bool lp_lowpan_admit(lp_lowpan *lowpan, const struct pbuf *packet);

/* Not to be moved. All but `counts` and `fragments.unended` is private. */
struct lp_lowpan {
    struct netif netif;
    lp_lowpan_admit *admits;
    const lp_radio *radio;
    lp_fragments fragments;
    uint64_t tick_ms;    /* of lwIP's timers */
    unsigned ticks_owed; /* before it has given up on fragments */
    lp_lowpan_counts counts;
};

/* True for the messages of neighbour discovery that ask and answer for addresses. Whoever redirects, or calls himself a
 * router, is not heard. */
bool lp_lowpan_is_neighbour(const struct pbuf *packet);

/* Starts lwIP, the radio, and the interface with the link-local address of the EUI-64 (RFC 4944, 7). False if the radio
 * does not start. Called once. */
bool lp_lowpan_begin(lp_lowpan *lowpan, const lp_radio *radio, const lp_radio_config *config, lp_lowpan_admit *admits);

/* Gives the interface a second address: the first 64 bits of `prefix`, and the interface identifier. */
void lp_lowpan_add_address(lp_lowpan *lowpan, const ip6_addr_t *prefix);

/* Hands the oldest frame that came in to lwIP, and lets its timers run, which stand still while nobody calls. False if
 * there was no frame. */
bool lp_lowpan_poll(lp_lowpan *lowpan, uint64_t now_ms);

/* When lp_lowpan_poll() is to be called at the latest for the sake of timers: fragments wait, a neighbour is asked, or
 * the caller is `in_doubt` whether one is still there. UINT64_MAX: only for frames. */
uint64_t lp_lowpan_due_ms(const lp_lowpan *lowpan, bool in_doubt);

#endif
