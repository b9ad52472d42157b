/* SPDX-License-Identifier: Apache-2.0 */
/* Answers the secondaries' requests (docs/POUF.md, "CoAP"). */
#ifndef LAMPYR_PRIMARY_COAP_REQUESTS_H
#define LAMPYR_PRIMARY_COAP_REQUESTS_H

#include "coap_block.h"
#include "relay.h"
#include "secondaries.h"

#include "lampyr-host/progress.h"

enum { LP_WANTED_NONCES = 32 };

typedef struct lp_requests {
    const char *program; /* for the log */
    lp_secondaries *secondaries;
    lp_relay *relay;
    const lp_progress *progress;
    uint64_t block_bytes; /* the largest block served */
    lp_bodies bodies;
    char wanted[LP_WANTED_NONCES][LP_NONCE_TEXT_BYTES]; /* asked for with /t while no attestation had them */
    size_t wanted_count;
} lp_requests;

/* What a request means for the connection it came from. */
typedef struct lp_request_effect {
    int registered; /* index of the ECU that registered, or -1 */
    int observing;  /* index of the ECU whose news are observed from now on, or -1 */
} lp_request_effect;

/* Answers one GET or POST. */
void lp_requests_answer(lp_requests *requests, const coap_session_t *session, const coap_pdu_t *request,
                        coap_pdu_t *response, lp_request_effect *effect);

#endif
