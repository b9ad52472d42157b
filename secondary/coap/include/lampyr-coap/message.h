/* SPDX-License-Identifier: Apache-2.0 */
/* CoAP messages as bytes (RFC 7252, 3): reading in place, and writing into the caller's buffer. */
#ifndef LAMPYR_COAP_MESSAGE_H
#define LAMPYR_COAP_MESSAGE_H

#include "lampyr/slice.h"

enum {
    LP_COAP_HEADER_BYTES = 4,
    LP_COAP_TOKEN_BYTES = 8, /* longest */
};

typedef enum lp_coap_type {
    LP_COAP_CON = 0,
    LP_COAP_NON = 1,
    LP_COAP_ACK = 2,
    LP_COAP_RST = 3,
} lp_coap_type;

/* Codes, class and detail in one byte (RFC 7252, 12.1). */
enum {
    LP_COAP_EMPTY = 0x00,
    LP_COAP_GET = 0x01,
    LP_COAP_POST = 0x02,
    LP_COAP_CHANGED = 0x44,            /* 2.04 */
    LP_COAP_BAD_OPTION = 0x82,         /* 4.02 */
    LP_COAP_NOT_FOUND = 0x84,          /* 4.04 */
    LP_COAP_METHOD_NOT_ALLOWED = 0x85, /* 4.05 */
};

/* Option numbers (RFC 7252, 12.2; RFC 7641; RFC 7959). */
enum {
    LP_COAP_URI_HOST = 3,
    LP_COAP_ETAG = 4,
    LP_COAP_OBSERVE = 6,
    LP_COAP_URI_PORT = 7,
    LP_COAP_URI_PATH = 11,
    LP_COAP_URI_QUERY = 15,
    LP_COAP_BLOCK2 = 23,
    LP_COAP_BLOCK1 = 27,
};

/* What is wrong with a datagram. */
typedef enum lp_coap_fault {
    LP_COAP_FINE = 0,
    LP_COAP_SHORT,           /* no whole header */
    LP_COAP_VERSION,         /* another version of the protocol */
    LP_COAP_TOKEN_LENGTH,    /* a token of 9 to 15 bytes, or one that ends after the datagram */
    LP_COAP_CLASS,           /* a code of a reserved class: 1, 3, 6 or 7 */
    LP_COAP_NOT_EMPTY,       /* an empty message (code 0.00) with bytes after its header */
    LP_COAP_OPTION_RESERVED, /* 15 as delta or length, and no payload marker */
    LP_COAP_OPTION_END,      /* an option that ends after the datagram */
    LP_COAP_OPTION_NUMBER,   /* an option number beyond 65535 */
    LP_COAP_NO_PAYLOAD,      /* a payload marker, and nothing after it */
    LP_COAP_CRITICAL,        /* a critical option that is not understood; seen by lp_coap_receive() only */
    LP_COAP_CODE,            /* an acknowledgement or reset with a code that it cannot have; likewise */
} lp_coap_fault;

/* One message. Slices point into the datagram. */
typedef struct lp_coap_message {
    lp_coap_type type;
    uint8_t code;
    uint16_t id;
    lp_slice token;
    lp_slice options; /* checked; walk them with lp_coap_option_next() */
    lp_slice payload; /* {NULL, 0}: none */
} lp_coap_message;

/* Reads a datagram. LP_COAP_SHORT and LP_COAP_VERSION leave `out` untouched; with every other fault its type, code
 * and id are set, which is what a rejection needs, and the rest is empty. */
lp_coap_fault lp_coap_parse(lp_slice datagram, lp_coap_message *out);

typedef struct lp_coap_option {
    uint16_t number;
    lp_slice value;
} lp_coap_option;

/* A walk through the options of a message that was parsed: start with {message.options, 0}. */
typedef struct lp_coap_options {
    lp_slice left;
    uint16_t number; /* of the option before */
} lp_coap_options;

/* The next option; false at the end. */
bool lp_coap_option_next(lp_coap_options *options, lp_coap_option *out);

/* The number that an option of format uint holds (RFC 7252, 3.2), at most `max_bytes` (up to 4) bytes long. False if
 * it is longer. */
bool lp_coap_uint(lp_slice value, size_t max_bytes, uint32_t *out);

/* Writes one message; what does not fit sets `overflow` and is left out. Start with {buffer, its size}. */
typedef struct lp_coap_writer {
    uint8_t *bytes;
    size_t room;
    size_t len;
    uint16_t number; /* of the last option */
    bool overflow;
} lp_coap_writer;

/* Header and token of at most LP_COAP_TOKEN_BYTES bytes; comes first. */
void lp_coap_write_header(lp_coap_writer *writer, lp_coap_type type, uint8_t code, uint16_t id, lp_slice token);
/* One option; numbers never fall. */
void lp_coap_write_option(lp_coap_writer *writer, uint16_t number, lp_slice value);
/* The same in format uint: without leading zero bytes. */
void lp_coap_write_uint(lp_coap_writer *writer, uint16_t number, uint32_t value);
/* Payload marker and payload, or nothing if it is empty; comes last. */
void lp_coap_write_payload(lp_coap_writer *writer, lp_slice payload);

#endif
