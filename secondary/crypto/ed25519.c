/* SPDX-License-Identifier: Apache-2.0 */
/* ed25519 by libsodium, of which only the arithmetic is built. What that calls of the rest of libsodium is here:
 * SHA-512, from BearSSL, so that there is one; and comparing bytes. */
#include "schemes.h"

#include <assert.h>
#include <bearssl.h>
#include <sodium/crypto_hash_sha512.h>
#include <sodium/crypto_sign_ed25519.h>
#include <sodium/utils.h>

#include <crypto_sign/ed25519/ref10/sign_ed25519_ref10.h>

static_assert(sizeof(br_sha512_context) <= sizeof(crypto_hash_sha512_state), "BearSSL's state fits libsodium's");

static br_sha512_context *context_of(crypto_hash_sha512_state *state) {
    return (br_sha512_context *)(void *)state;
}

int crypto_hash_sha512_init(crypto_hash_sha512_state *state) {
    br_sha512_init(context_of(state));
    return 0;
}

int crypto_hash_sha512_update(crypto_hash_sha512_state *state, const unsigned char *in, unsigned long long len) {
    br_sha512_update(context_of(state), in, (size_t)len);
    return 0;
}

int crypto_hash_sha512_final(crypto_hash_sha512_state *state, unsigned char *out) {
    br_sha512_out(context_of(state), out);
    return 0;
}

/* Begins the hash of a signature; ed25519 without prehashing has no prefix (RFC 8032, 5.1). */
void _crypto_sign_ed25519_ref10_hinit(crypto_hash_sha512_state *hs, int prehashed) {
    (void)prehashed;
    crypto_hash_sha512_init(hs);
}

int sodium_memcmp(const void *a, const void *b, size_t len) {
    const unsigned char *left = a;
    const unsigned char *right = b;
    unsigned char differ = 0;
    for (size_t i = 0; i < len; i++) {
        differ |= left[i] ^ right[i];
    }
    return differ == 0 ? 0 : -1;
}

int sodium_is_zero(const unsigned char *bytes, const size_t len) {
    unsigned char any = 0;
    for (size_t i = 0; i < len; i++) {
        any |= bytes[i];
    }
    return any == 0;
}

bool lp_ed25519_verify(const lp_public_key *key, lp_slice signature, lp_slice message) {
    return key->len == crypto_sign_ed25519_PUBLICKEYBYTES && signature.len == crypto_sign_ed25519_BYTES &&
           crypto_sign_ed25519_verify_detached(signature.ptr, message.ptr, message.len, key->bytes) == 0;
}
