/* SPDX-License-Identifier: Apache-2.0 */
/* Signs as ecdsa-sha2-nistp256, over BearSSL's raw signatures. */
#include "lampyr-crypto/bearssl.h"
#include "schemes.h"

#include <bearssl.h>
#include <string.h>

enum {
    NUMBER_BYTES = 32,
    RAW_BYTES = 2 * NUMBER_BYTES,
    POINT_BYTES = 1 + RAW_BYTES,
    SEQUENCE = 0x30,
    INTEGER = 0x02,
};

static uint8_t *write_integer(uint8_t *p, const uint8_t number[NUMBER_BYTES]) {
    size_t skip = 0;
    while (skip < NUMBER_BYTES - 1 && number[skip] == 0) {
        skip++;
    }
    size_t pad = number[skip] >= 0x80 ? 1 : 0;
    size_t len = NUMBER_BYTES - skip;
    *p++ = INTEGER;
    *p++ = (uint8_t)(pad + len);
    if (pad == 1) {
        *p++ = 0;
    }
    memcpy(p, number + skip, len);
    return p + len;
}

/* Returns the length, at most 72. */
static size_t write_signature(const uint8_t raw[RAW_BYTES], uint8_t *der) {
    uint8_t *end = write_integer(write_integer(der + 2, raw), raw + NUMBER_BYTES);
    der[0] = SEQUENCE;
    der[1] = (uint8_t)(end - der - 2);
    return (size_t)(end - der);
}

/* Signing and making public keys only multiply the generator. */
static const br_ec_impl curve = {.supported_curves = 1U << BR_EC_secp256r1, .mulgen = lp_p256_mulgen};

bool lp_p256_sign(const uint8_t secret[LP_P256_SECRET_BYTES], lp_slice message, uint8_t *signature, size_t *len) {
    uint8_t raw[RAW_BYTES];
    uint8_t digest[LP_SHA256_BYTES];
    /* BearSSL only reads what its struct points to without const. */
    const br_ec_private_key key = {
        .curve = BR_EC_secp256r1, .x = (unsigned char *)(uintptr_t)secret, .xlen = LP_P256_SECRET_BYTES};
    if (!lp_digest(&lp_crypto_bearssl, LP_SHA256, message, digest) ||
        br_ecdsa_i31_sign_raw(&curve, lp_sha256_class(), digest, &key, raw) != sizeof raw) {
        return false;
    }
    *len = write_signature(raw, signature);
    return true;
}
