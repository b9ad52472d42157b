/* SPDX-License-Identifier: Apache-2.0 */
#include "fuzz.h"

#include <string.h>

/* FNV-1a; what matters is that every byte is read and counts. */
static const uint64_t fnv_start = UINT64_C(0xcbf29ce484222325);

static uint64_t fnv(uint64_t sum, const uint8_t *bytes, size_t len) {
    for (size_t i = 0; i < len; i++) {
        sum = (sum ^ bytes[i]) * UINT64_C(0x100000001b3);
    }
    return sum;
}

/* The places of a running hash in lp_hash. */
enum { SUM, LENGTH, DIGEST_BYTES, IS_FILE };

static bool hash_begin(const lp_crypto *crypto, lp_hash *hash, lp_hash_alg alg) {
    (void)crypto;
    memset(hash, 0, sizeof *hash);
    hash->opaque[SUM] = fnv_start;
    hash->opaque[DIGEST_BYTES] = alg == LP_SHA512 ? LP_SHA512_BYTES : LP_SHA256_BYTES;
    return true;
}

static void hash_update(const lp_crypto *crypto, lp_hash *hash, const void *bytes, size_t len) {
    (void)crypto;
    if (hash->opaque[LENGTH] == 0 && len > 0) {
        hash->opaque[IS_FILE] = *(const uint8_t *)bytes == '{';
    }
    hash->opaque[SUM] = fnv(hash->opaque[SUM], bytes, len);
    hash->opaque[LENGTH] += len;
}

static void hash_end(const lp_crypto *crypto, lp_hash *hash, uint8_t *digest) {
    (void)crypto;
    for (size_t i = 0; digest != NULL && i < hash->opaque[DIGEST_BYTES]; i++) {
        hash->opaque[SUM] = hash->opaque[SUM] * 31 + i;
        digest[i] = hash->opaque[IS_FILE] ? FUZZ_FILE_DIGEST : (uint8_t)(hash->opaque[SUM] >> 32);
    }
}

static bool verify(const lp_crypto *crypto, const lp_public_key *key, lp_slice signature, lp_slice message) {
    (void)crypto;
    uint64_t sum = fnv(fnv_start, key->bytes, key->len);
    sum = fnv(fnv(sum, signature.ptr, signature.len), message.ptr, message.len);
    return sum != 0 && signature.len > 0 && signature.ptr[0] == FUZZ_GOOD_SIGNATURE;
}

const lp_crypto fuzz_crypto = {hash_begin, hash_update, hash_end, verify};

static bool sign(const lp_signer *signer, lp_slice message, uint8_t *signature, size_t *len) {
    (void)signer;
    memset(signature, (int)(fnv(fnv_start, message.ptr, message.len) & 0xff), LP_SIGNATURE_BYTES);
    signature[0] = FUZZ_GOOD_SIGNATURE;
    *len = LP_SHA512_BYTES;
    return true;
}

const lp_signer fuzz_signer = {.scheme = LP_SCHEME_ED25519, .keyid = "a5", .sign = sign};
