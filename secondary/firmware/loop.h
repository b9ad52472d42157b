/* SPDX-License-Identifier: Apache-2.0 */
/* What the application does once everything has begun: what the agent wants, and nothing while it waits. */
#ifndef LAMPYR_FIRMWARE_LOOP_H
#define LAMPYR_FIRMWARE_LOOP_H

#include "lampyr-coap/drive.h"
#include "lampyr-net/net.h"

typedef struct lp_loop {
    lp_agent *agent; /* begun, as the next two */
    lp_coap *coap;
    lp_net *net;
    uint8_t *datagram;    /* what comes, or what goes: LP_COAP_DATAGRAM_BYTES; the network's buffer, too */
    uint32_t coap_faulty; /* messages of the primary so far */
} lp_loop;

/* Finds out the primary's link-layer address, or gives up after two seconds: what is sent before is lost, and sent
 * again only after seconds. Before the first request nothing that the primary says is of interest. */
void lp_loop_resolve(lp_loop *loop);

/* Goes on until the agent wants a restart. The watchdog is fed where the agent has been asked what to do and has
 * answered, and between sleeps. */
void lp_loop_run(lp_loop *loop);

/* Feeds the watchdog and sleeps: until then, until the radio has a frame, or until the watchdog wants to be fed. */
void lp_loop_rest(uint64_t until_ms);

#endif
