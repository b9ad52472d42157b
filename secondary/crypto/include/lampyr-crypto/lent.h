/* SPDX-License-Identifier: Apache-2.0 */
/* Cryptography that a boot loader lends to the image that it starts, so that P-256 and SHA-2 are in flash once. The
 * loader cannot be changed, and an image could not run without it anyway; that both take the same signatures and
 * digests, as they must, then needs no care. Nothing that is lent has state.
 *
 * The loader's vector table points to it, in the first of the entries that Armv7-M reserves (Architecture Reference
 * Manual, B1.5.3, exception 7). The image's linker script knows where that is. */
#ifndef LAMPYR_CRYPTO_LENT_H
#define LAMPYR_CRYPTO_LENT_H

#include "lampyr/crypto.h"

#include <bearssl.h>

/* Another layout of lp_lent, or of what its functions take, is another version: images are only for loaders of theirs.
 */
enum { LP_LENT_VERSION = 0x4c500001 };

typedef struct lp_lent {
    uint32_t version; /* LP_LENT_VERSION */
    const lp_crypto *crypto;
    const br_hash_class *sha256;
    /* As in BearSSL's br_ec_impl, for P-256. */
    size_t (*p256_mulgen)(unsigned char *point, const unsigned char *factor, size_t len, int curve);
} lp_lent;

/* The loader's. */
extern const lp_lent lp_lends;

/* In an image: true if its loader lends what the image was built for. Otherwise nothing of lampyr-crypto/bearssl.h may
 * be called. */
bool lp_lent_fits(void);

#endif
