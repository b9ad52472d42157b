/* SPDX-License-Identifier: Apache-2.0 */
#include "lampyr-crypto/bearssl.h"

#include "schemes.h"

#include <assert.h>
#include <bearssl.h>

/* What lp_hash holds; each of BearSSL's contexts begins with its table of functions. */
typedef union __attribute__((may_alias)) running_hash {
    const br_hash_class *vtable;
    br_sha256_context sha256;
    br_sha512_context sha512;
} running_hash;
static_assert(sizeof(running_hash) <= sizeof(lp_hash), "a running hash fits lp_hash");

static bool hash_begin(const lp_crypto *crypto, lp_hash *hash, lp_hash_alg alg) {
    (void)crypto;
    running_hash *running = (running_hash *)hash->opaque;
    if (alg == LP_SHA256) {
        br_sha256_vtable.init(&running->vtable);
        return true;
    }
#if LP_SHA512_BUILT_IN
    br_sha512_vtable.init(&running->vtable);
    return true;
#else
    return false;
#endif
}

static void hash_update(const lp_crypto *crypto, lp_hash *hash, const void *bytes, size_t len) {
    (void)crypto;
    running_hash *running = (running_hash *)hash->opaque;
    running->vtable->update(&running->vtable, bytes, len);
}

static void hash_end(const lp_crypto *crypto, lp_hash *hash, uint8_t *digest) {
    (void)crypto;
    running_hash *running = (running_hash *)hash->opaque;
    if (digest != NULL) {
        running->vtable->out(&running->vtable, digest);
    }
}

static bool verify(const lp_crypto *crypto, const lp_public_key *key, lp_slice signature, lp_slice message) {
    (void)crypto;
    switch (key->scheme) {
    case LP_SCHEME_ECDSA_P256:
        return lp_p256_verify(key, signature, message);
    case LP_SCHEME_ED25519:
#if LP_ED25519_BUILT_IN
        return lp_ed25519_verify(key, signature, message);
#endif
    case LP_SCHEME_RSA_PSS:
    case LP_SCHEME_UNKNOWN:
        break;
    }
    return false;
}

const lp_crypto lp_crypto_bearssl = {hash_begin, hash_update, hash_end, verify};

size_t lp_p256_mulgen(unsigned char *point, const unsigned char *factor, size_t len, int curve) {
    return br_ec_p256_m31.mulgen(point, factor, len, curve);
}

const br_hash_class *lp_sha256_class(void) {
    return &br_sha256_vtable;
}
