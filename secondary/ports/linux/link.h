/* SPDX-License-Identifier: Apache-2.0 */
/* CoAP over libcoap: one request at a time to the primary, notifications and pokes from it, on one UDP port.
 * Messages from other addresses than the primary's are refused. */
#ifndef LAMPYR_SECONDARY_LINK_H
#define LAMPYR_SECONDARY_LINK_H

#include "lampyr-secondary/agent.h"

/* Whom to tell. Called from lp_link_process() only. */
typedef struct lp_link_listener {
    void *ctx;
    void (*response)(void *ctx, const lp_response *response);
    void (*timeout)(void *ctx);
    void (*notified)(void *ctx, lp_slice body);
    void (*poked)(void *ctx);
} lp_link_listener;

typedef struct lp_link lp_link;

/* Opens the port: `listen` ("[::1]:0"; port 0 is any) and `primary` ("[::1]:5683", or a name). NULL with one line in
 * `message`: an address is wrong (`*usage` is true), cannot be resolved, or is taken. */
lp_link *lp_link_open(const char *listen, const char *primary, const lp_link_listener *listener, bool *usage,
                      char *message, size_t message_bytes);
void lp_link_close(lp_link *link);

/* Where it listens, with the real port; lives as long as the link. */
const char *lp_link_address(const lp_link *link);

/* Sends a request; its answer, or a timeout, comes through the listener. False if it cannot be sent; that its block has
 * a number beyond 20 bits is told. */
bool lp_link_send(lp_link *link, const lp_request *request);

/* Readable when there is something to do, timers included. */
int lp_link_fd(const lp_link *link);
/* Does what is to do now; never waits. */
void lp_link_process(lp_link *link);
/* Milliseconds until the request that is out must be given up, and lp_link_process() called; -1: none is out. */
int lp_link_timeout_ms(const lp_link *link);

#endif
