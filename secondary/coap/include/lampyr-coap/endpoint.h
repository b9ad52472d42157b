/* SPDX-License-Identifier: Apache-2.0 */
/* The secondary's CoAP endpoint: one request at a time to the primary, its notifications and its pokes.
 *
 * No sockets, heap, clock or globals: the caller hands in the datagrams that came from the primary, asks for those to
 * send, and says what time it is in milliseconds of a clock that never goes back. What is spoken and what is refused
 * is in docs/COAP.md. Blocks are the agent's business (RFC 7959): a request is for one block. */
#ifndef LAMPYR_COAP_ENDPOINT_H
#define LAMPYR_COAP_ENDPOINT_H

#include "lampyr-coap/message.h"
#include "lampyr-secondary/agent.h"

enum {
    LP_COAP_BLOCK_BYTES = 1024, /* longest payload of a request */
    /* Header, token and options of a request; on a board all paths of docs/POUF.md fit, with the longest serial. */
    LP_COAP_HEAD_BYTES = LP_CONSTRAINED ? 127 : LP_AGENT_PATH_BYTES + 40,
    LP_COAP_DATAGRAM_BYTES = LP_COAP_HEAD_BYTES + 1 + LP_COAP_BLOCK_BYTES, /* longest message that is sent */
    LP_COAP_REQUEST_TOKEN_BYTES = 4,
    LP_COAP_RECENT = 4, /* messages of the primary that are known again when they are repeated */
};

/* Transmission parameters (RFC 7252, 4.8; RFC 7641, 3.4). */
enum {
    LP_COAP_ACK_TIMEOUT_MS = 2000,        /* until the first retransmission, at least, */
    LP_COAP_ACK_TIMEOUT_MAX_MS = 3000,    /* and at most */
    LP_COAP_MAX_RETRANSMIT = 4,           /* after the first transmission; each waits twice as long as the one before */
    LP_COAP_MAX_TRANSMIT_WAIT_MS = 93000, /* for the answer, from the first transmission */
    LP_COAP_EXCHANGE_LIFETIME_MS = 247000, /* no message ID is used again so long */
    LP_COAP_FRESH_MS = 128000,             /* a notification this much later than another is the newer one */
};

/* A message of the primary, and the code of its acknowledgement. */
typedef struct lp_coap_recent {
    uint64_t until_ms;
    uint16_t id;
    uint8_t code;
} lp_coap_recent;

/* Caller-owned; fields are private. */
typedef struct lp_coap {
    const lp_agent_port *port;
    uint16_t next_id;

    /* The request that is out. */
    bool out;
    bool acknowledged; /* the answer follows apart */
    bool registers;    /* it asks for notifications */
    uint8_t sent;      /* so many times */
    uint16_t id;
    uint8_t token[LP_COAP_REQUEST_TOKEN_BYTES];
    uint32_t timeout_ms; /* of the last transmission */
    uint64_t due_ms;     /* when it ends */
    uint64_t give_up_ms;
    lp_slice payload; /* the agent's */
    uint16_t head_len;
    uint8_t head[LP_COAP_HEAD_BYTES];

    /* The observation. */
    bool observing;
    bool notified; /* of `sequence`, at `notified_ms` */
    uint32_t sequence;
    uint64_t notified_ms;
    uint8_t observe_token[LP_COAP_REQUEST_TOKEN_BYTES];

    uint8_t reply_len; /* 0: none waits to be sent */
    uint8_t reply[LP_COAP_HEADER_BYTES + LP_COAP_TOKEN_BYTES];

    uint8_t recent_next;
    lp_coap_recent recent[LP_COAP_RECENT];
} lp_coap;

typedef enum lp_coap_event_kind {
    LP_COAP_NOTHING,  /* that the agent must know of */
    LP_COAP_ANSWERED, /* the request that was out: `response` */
    LP_COAP_REJECTED, /* the same, by a reset */
    LP_COAP_NOTIFIED, /* a newer state of what is observed: `response` */
    LP_COAP_POKED,    /* POST /poke */
} lp_coap_event_kind;

/* Slices of `response` point into the datagram. */
typedef struct lp_coap_event {
    lp_coap_event_kind kind;
    lp_response response;
} lp_coap_event;

/* Starts, with nothing out and nothing observed: notifications for an earlier life are answered with a reset, which
 * ends them. Of `port`, which must outlive `coap`, only random() is used. LP_STATE without random bytes. */
lp_code lp_coap_begin(lp_coap *coap, const lp_agent_port *port);

/* Puts a request on its way, confirmable, with a fresh message ID; one that was out before is forgotten, whatever
 * comes of this one. An observing request renews the observation. The payload must stay where it is while the request
 * is out; the rest is copied. LP_LIMIT_MEMORY if its options or payload are too long, LP_LIMIT_FILE for a block number
 * beyond 20 bits (RFC 7959, 2.2), LP_STATE without random bytes. */
lp_code lp_coap_request(lp_coap *coap, const lp_request *request);

/* Takes a datagram in. It must come from the primary's address and port, and not by multicast; others are not to be
 * handed in. A reply that still waits to be sent is lost. Returns what is wrong with the datagram (docs/COAP.md says
 * what becomes of it); LP_COAP_FINE if only nobody waits for it. `event` is always written. */
lp_coap_fault lp_coap_receive(lp_coap *coap, uint64_t now_ms, lp_slice datagram, lp_coap_event *event);

/* True, once, if the request that was out is given up (LP_UNREACHABLE). */
bool lp_coap_expire(lp_coap *coap, uint64_t now_ms);

/* Writes the next datagram to send into `out`, of LP_COAP_DATAGRAM_BYTES bytes, and returns its length; 0 if there is
 * none now. It counts as sent. */
size_t lp_coap_send(lp_coap *coap, uint64_t now_ms, uint8_t *out);

/* When lp_coap_expire() and lp_coap_send() are to be called next, if nothing comes in before; may lie in the past.
 * UINT64_MAX: not at all. */
uint64_t lp_coap_due_ms(const lp_coap *coap);

#endif
