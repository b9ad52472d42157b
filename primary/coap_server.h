/* SPDX-License-Identifier: Apache-2.0 */
/* The CoAP endpoint for secondaries, over libcoap: observers, pokes, and one descriptor for the event loop. */
#ifndef LAMPYR_PRIMARY_COAP_SERVER_H
#define LAMPYR_PRIMARY_COAP_SERVER_H

#include "coap_requests.h"

typedef struct lp_coap_server lp_coap_server;

/* True if `address` is a numeric address and a port, in brackets for IPv6: "[::1]:5683", "127.0.0.1:0". */
bool lp_coap_address_valid(const char *address);

/* Listens at `address`; port 0 is any. `requests` answers and must outlive the
 * server. NULL with one line in `message`: no address, cannot listen there. */
lp_coap_server *lp_coap_server_start(const char *address, lp_requests *requests, char *message, size_t message_bytes);

void lp_coap_server_stop(lp_coap_server *server);

/* Where it listens, with the real port; lives as long as the server. */
const char *lp_coap_server_address(const lp_coap_server *server);

/* Readable when there is something to do, timers included. */
int lp_coap_server_fd(const lp_coap_server *server);

/* Does what is to do now; never waits. */
void lp_coap_server_process(lp_coap_server *server);

/* Tells the ECU `index` to come and look: a notification if it observes its news, else a poke at the address from
 * which it registered, in this run or an earlier one. Does nothing for an ECU that never registered. */
void lp_coap_server_call(lp_coap_server *server, size_t index);

#endif
