/* SPDX-License-Identifier: Apache-2.0 */
/* The crypto vtable of an image, which is its boot loader's. */
#include "lampyr-crypto/bearssl.h"
#include "lampyr-crypto/lent.h"
#include "schemes.h"

#include <assert.h>
#include <stddef.h>

/* What version 1 stands for. */
static_assert(sizeof(lp_crypto) == 16 && sizeof(lp_hash) == 224 && sizeof(lp_slice) == 8, "as the loader has it");
static_assert(offsetof(lp_public_key, len) == 2 && offsetof(lp_public_key, bytes) == 4, "as the loader has it");
static_assert(LP_SCHEME_ED25519 == 1 && LP_SCHEME_ECDSA_P256 == 2 && LP_SHA256 == 0 && LP_SHA512 == 1,
              "as the loader has it");

/* The entry of the loader's vector table; set by the linker script. */
extern const lp_lent *const lp_loader_lends;

bool lp_lent_fits(void) {
    return lp_loader_lends != NULL && lp_loader_lends->version == LP_LENT_VERSION;
}

static bool hash_begin(const lp_crypto *crypto, lp_hash *hash, lp_hash_alg alg) {
    (void)crypto;
    return lp_loader_lends->crypto->hash_begin(lp_loader_lends->crypto, hash, alg);
}

static void hash_update(const lp_crypto *crypto, lp_hash *hash, const void *bytes, size_t len) {
    (void)crypto;
    lp_loader_lends->crypto->hash_update(lp_loader_lends->crypto, hash, bytes, len);
}

static void hash_end(const lp_crypto *crypto, lp_hash *hash, uint8_t *digest) {
    (void)crypto;
    lp_loader_lends->crypto->hash_end(lp_loader_lends->crypto, hash, digest);
}

static bool verify(const lp_crypto *crypto, const lp_public_key *key, lp_slice signature, lp_slice message) {
    (void)crypto;
    return lp_loader_lends->crypto->verify(lp_loader_lends->crypto, key, signature, message);
}

const lp_crypto lp_crypto_bearssl = {hash_begin, hash_update, hash_end, verify};

size_t lp_p256_mulgen(unsigned char *point, const unsigned char *factor, size_t len, int curve) {
    return lp_loader_lends->p256_mulgen(point, factor, len, curve);
}

const br_hash_class *lp_sha256_class(void) {
    return lp_loader_lends->sha256;
}
