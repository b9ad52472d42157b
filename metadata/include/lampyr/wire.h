/* SPDX-License-Identifier: Apache-2.0 */
/* Between primary and secondary: resource names and the small bodies of docs/POUF.md, "CoAP". */
#ifndef LAMPYR_WIRE_H
#define LAMPYR_WIRE_H

#include "lampyr/crypto.h"
#include "lampyr/error.h"
#include "lampyr/json.h"

enum {
    LP_WIRE_PROTOCOL = 1,     /* version spoken; a peer with a higher one must understand this */
    LP_NONCE_BYTES = 8,       /* of a time request */
    LP_NONCE_TEXT_BYTES = 17, /* as lower-case hex, terminated */
    LP_ETAG_BYTES = 8,        /* the first bytes of the representation's SHA-256 */
    LP_SERIAL_BYTES = 80,     /* longest ECU serial or hardware identifier, terminated */
    LP_WIRE_NEWS_BYTES = 128,
    LP_WIRE_REGISTRATION_BYTES = 3 * LP_SERIAL_BYTES + LP_IMAGE_NAME_BYTES + 2 * LP_PUBLIC_KEY_BYTES + 512,
};

#define LP_WIRE_REGISTER "rd" /* POST /rd */
#define LP_WIRE_NEWS "u"      /* GET /u/<serial>, observable; /u/<serial>/root/<n>; /u/<serial>/targets */
#define LP_WIRE_METADATA "m"  /* GET /m/<repository>/<file> */
#define LP_WIRE_IMAGE "i"     /* GET /i/<serial> */
#define LP_WIRE_TIME "t"      /* GET /t?<nonce> */
#define LP_WIRE_REPORT "r"    /* POST /r/<serial>?<nonce of the next time request> */
#define LP_WIRE_POKE "poke"   /* POST /poke, at the secondary */

/* Body of POST /rd. Text fields are terminated. */
typedef struct lp_registration {
    uint64_t protocol;
    char serial[LP_SERIAL_BYTES];
    char hardware[LP_SERIAL_BYTES];
    char vendor[LP_SERIAL_BYTES]; /* may be "" */
    lp_public_key key;            /* ed25519 or P-256 */
    char image_name[LP_IMAGE_NAME_BYTES];
    uint8_t image_sha256[LP_SHA256_BYTES];
    uint64_t image_bytes;
    uint64_t block_bytes;            /* largest Block2 size it takes: 16 to 1024 */
    bool full;                       /* verifies fully, needs /m */
    char nonce[LP_NONCE_TEXT_BYTES]; /* of its next time request, or "" */
} lp_registration;

/* Body of GET /u/<serial>: a JSON array of six numbers, in this order. */
typedef struct lp_news {
    uint64_t protocol;
    uint64_t root_version;    /* latest director root */
    uint64_t root_bytes;      /* its length in canonical form */
    uint64_t targets_version; /* 0: the primary has none yet */
    uint64_t targets_bytes;
    uint64_t image_bytes; /* 0: no image ordered for this ECU */
} lp_news;

/* Both write canonical JSON of the tuf dialect. LP_LIMIT_MEMORY; LP_FIELD_VALUE for a key that cannot be written. */
lp_code lp_registration_write(const lp_registration *registration, char *buffer, size_t buffer_bytes, lp_slice *out);
lp_code lp_news_write(const lp_news *news, char *buffer, size_t buffer_bytes, lp_slice *out);

/* Both refuse anything but canonical JSON of that form; members of a later protocol are skipped.
 * Text with control characters is refused: it will stand in logs.
 * The codes of lp_json_check(), LP_FIELD_*, LP_LIMIT_STRING, LP_LIMIT_RECORD. */
lp_code lp_registration_read(lp_slice bytes, lp_registration *out);
lp_code lp_news_read(lp_slice bytes, lp_news *out);

#endif
