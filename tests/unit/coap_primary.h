/* SPDX-License-Identifier: Apache-2.0 */
/* The primary's side of CoAP: requests of a secondary as they came, and answers as they go. */
#ifndef LAMPYR_TEST_COAP_PRIMARY_H
#define LAMPYR_TEST_COAP_PRIMARY_H

#include "lampyr-coap/message.h"
#include "lampyr-secondary/agent.h"

/* What a message asks for. `path` and `query` have room for LP_AGENT_PATH_BYTES; an unexpected option fails the test.
 */
void primary_read_request(const lp_coap_message *message, lp_request *out, char *path, char *query);

/* Writes the answer on an acknowledgement; `observe` is the sequence number of a notification, 0: it is none. Returns
 * its length, 0 if it does not fit. */
size_t primary_write_response(uint8_t *out, size_t room, const lp_coap_message *request, uint32_t observe,
                              const lp_response *response);

#endif
