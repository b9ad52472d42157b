/* SPDX-License-Identifier: Apache-2.0 */
/* Bytes to serve over CoAP, and the ETag that changes when they do. */
#ifndef LAMPYR_PRIMARY_REPRESENTATION_H
#define LAMPYR_PRIMARY_REPRESENTATION_H

#include "lampyr/json.h"
#include "lampyr/wire.h"

typedef struct lp_representation {
    lp_slice bytes;
    uint8_t etag[LP_ETAG_BYTES]; /* the first bytes of their SHA-256 */
    bool mapped;                 /* in memory by mmap(), else by malloc() */
} lp_representation;

/* Maps the file at `path`, whose digest is known; it costs no memory of our own. Its file may be replaced or removed
 * meanwhile, but not written to. False with errno; an empty file is EINVAL. */
bool lp_representation_map(const char *path, const uint8_t sha256[LP_SHA256_BYTES], lp_representation *out);

/* Makes the canonical form of a JSON document, in heap memory.
 * The codes of lp_canonical_copy(). */
lp_code lp_representation_canonical(lp_slice document, lp_dialect dialect, lp_representation *out);

/* Releases it; one without bytes is left alone. */
void lp_representation_free(lp_representation *representation);

#endif
