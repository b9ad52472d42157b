/* SPDX-License-Identifier: Apache-2.0 */
/* Block-wise transfer (RFC 7959), server side, over libcoap's messages.
 *
 * libcoap's own would keep one transfer per peer and resource and take bodies of any length. Here answers hold no
 * state at all (each request for a block names its place), and request bodies are bounded in size and number. */
#ifndef LAMPYR_PRIMARY_COAP_BLOCK_H
#define LAMPYR_PRIMARY_COAP_BLOCK_H

#include "lampyr/slice.h"
#include "lampyr/wire.h"

#include <coap3/coap.h>

/* Offset and length of what an answer carried, for progress. */
typedef struct lp_block_sent {
    size_t offset;
    size_t len;
} lp_block_sent;

/* Answers 2.05 with the part of `body` that `request` asks for: blocks of its Block2 size, but of `block_bytes`
 * (16 to 1024, a power of two) at most. With more than one block, `etag` (LP_ETAG_BYTES) goes along.
 * 4.00 for a block beyond the end. False if the answer is not 2.05. */
bool lp_block_answer(const coap_pdu_t *request, coap_pdu_t *response, lp_slice body, const uint8_t *etag,
                     uint64_t block_bytes, lp_block_sent *sent);

enum {
    LP_BODY_BYTES = 4096, /* longest request body: endless data */
    LP_BODY_SLOTS = 64,   /* bodies arriving at the same time; the one idle for longest gives way */
};

/* A request body that arrives block by block. */
typedef struct lp_body_slot {
    coap_address_t peer;
    char *path; /* of the request; NULL: the slot is free */
    uint8_t *bytes;
    size_t len;
    uint64_t used; /* when it last grew, in requests */
} lp_body_slot;

typedef struct lp_bodies {
    lp_body_slot slots[LP_BODY_SLOTS];
    uint64_t requests;
} lp_bodies;

/* Collects the body of `request` to `path`. True when it is whole: `*body` is then valid until the next call.
 * False when `response` has been filled: 2.31 (more to come), 4.08 (a block is missing), 4.13 (too long). */
bool lp_body_collect(lp_bodies *bodies, const coap_session_t *session, const char *path, const coap_pdu_t *request,
                     coap_pdu_t *response, lp_slice *body);

/* Releases every slot. */
void lp_bodies_free(lp_bodies *bodies);

#endif
