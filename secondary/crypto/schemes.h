/* SPDX-License-Identifier: Apache-2.0 */
/* Signature schemes behind the vtable, one file each, and what signing takes of BearSSL, which an image borrows from
 * its boot loader (lent.h). */
#ifndef LAMPYR_CRYPTO_SCHEMES_H
#define LAMPYR_CRYPTO_SCHEMES_H

#include "lampyr/crypto.h"

#include <bearssl.h>

/* True if `signature` (DER) over `message` is valid under the P-256 key. */
bool lp_p256_verify(const lp_public_key *key, lp_slice signature, lp_slice message);

/* The same for ed25519. */
bool lp_ed25519_verify(const lp_public_key *key, lp_slice signature, lp_slice message);

/* `mulgen` of BearSSL's br_ec_impl, for P-256: `point` takes 65 bytes, of which the number is returned. */
size_t lp_p256_mulgen(unsigned char *point, const unsigned char *factor, size_t len, int curve);

/* SHA-256 as BearSSL's HMAC takes it. */
const br_hash_class *lp_sha256_class(void);

#endif
