/* SPDX-License-Identifier: Apache-2.0 */
/* ecdsa-sha2-nistp256 over BearSSL's raw signatures. DER is read and written here: BearSSL's own reader takes more than
 * the one encoding that DER allows, so that one signature would have many forms. */
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
    UNCOMPRESSED = 0x04,
};

/* Reads one INTEGER at `*p`, not negative and in its shortest form, into `out`, and moves `*p` past it. */
static bool read_integer(const uint8_t **p, const uint8_t *end, uint8_t out[NUMBER_BYTES]) {
    const uint8_t *q = *p;
    if (end - q < 3 || q[0] != INTEGER || q[1] == 0 || q[1] > NUMBER_BYTES + 1 || end - q - 2 < q[1]) {
        return false;
    }
    size_t len = q[1];
    q += 2;
    *p = q + len;
    if (q[0] >= 0x80 || (len > 1 && q[0] == 0 && q[1] < 0x80)) {
        return false;
    }
    if (q[0] == 0 && len > 1) {
        q++;
        len--;
    }
    if (len > NUMBER_BYTES) {
        return false;
    }
    memset(out, 0, NUMBER_BYTES - len);
    memcpy(out + NUMBER_BYTES - len, q, len);
    return true;
}

/* Reads ECDSA-Sig-Value (RFC 3279, 2.2.3) into `raw`. */
static bool read_signature(lp_slice der, uint8_t raw[RAW_BYTES]) {
    if (der.len < 2 || der.ptr[0] != SEQUENCE || der.ptr[1] >= 0x80 || der.ptr[1] != der.len - 2) {
        return false;
    }
    const uint8_t *p = der.ptr + 2;
    const uint8_t *end = der.ptr + der.len;
    return read_integer(&p, end, raw) && read_integer(&p, end, raw + NUMBER_BYTES) && p == end;
}

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

static void digest_of(lp_slice message, uint8_t digest[br_sha256_SIZE]) {
    br_sha256_context context;
    br_sha256_init(&context);
    br_sha256_update(&context, message.ptr, message.len);
    br_sha256_out(&context, digest);
}

bool lp_p256_verify(const lp_public_key *key, lp_slice signature, lp_slice message) {
    uint8_t raw[RAW_BYTES];
    uint8_t point[POINT_BYTES] = {UNCOMPRESSED};
    uint8_t digest[br_sha256_SIZE];
    if (key->len != RAW_BYTES || !read_signature(signature, raw)) {
        return false;
    }
    memcpy(point + 1, key->bytes, RAW_BYTES);
    digest_of(message, digest);
    const br_ec_public_key public_key = {.curve = BR_EC_secp256r1, .q = point, .qlen = sizeof point};
    return br_ecdsa_i31_vrfy_raw(&br_ec_p256_m31, digest, sizeof digest, &public_key, raw, sizeof raw) == 1;
}

/* BearSSL's key of `secret`: it only reads what its struct points to without const. */
static br_ec_private_key private_key(const uint8_t secret[LP_P256_SECRET_BYTES]) {
    return (br_ec_private_key){
        .curve = BR_EC_secp256r1, .x = (unsigned char *)(uintptr_t)secret, .xlen = LP_P256_SECRET_BYTES};
}

bool lp_p256_sign(const uint8_t secret[LP_P256_SECRET_BYTES], lp_slice message, uint8_t *signature, size_t *len) {
    uint8_t raw[RAW_BYTES];
    uint8_t digest[br_sha256_SIZE];
    digest_of(message, digest);
    const br_ec_private_key key = private_key(secret);
    if (br_ecdsa_i31_sign_raw(&br_ec_p256_m31, &br_sha256_vtable, digest, &key, raw) != sizeof raw) {
        return false;
    }
    *len = write_signature(raw, signature);
    return true;
}

/* True if `secret` is neither zero nor beyond the group. Takes the same time for all. */
static bool is_private_key(const uint8_t secret[LP_P256_SECRET_BYTES]) {
    size_t len;
    const uint8_t *order = br_ec_p256_m31.order(BR_EC_secp256r1, &len);
    unsigned any = 0;
    int below = 0; /* the difference, from its last byte on: negative once there is a borrow */
    for (size_t i = LP_P256_SECRET_BYTES; i-- > 0;) {
        any |= secret[i];
        below = (secret[i] - order[i] + below) >> 8;
    }
    return any != 0 && below < 0;
}

bool lp_p256_public(const uint8_t secret[LP_P256_SECRET_BYTES], lp_public_key *out) {
    uint8_t point[BR_EC_KBUF_PUB_MAX_SIZE];
    const br_ec_private_key key = private_key(secret);
    br_ec_public_key public_key;
    if (!is_private_key(secret) || br_ec_compute_pub(&br_ec_p256_m31, &public_key, point, &key) != POINT_BYTES) {
        return false;
    }
    *out = (lp_public_key){.scheme = LP_SCHEME_ECDSA_P256, .len = RAW_BYTES};
    memcpy(out->bytes, point + 1, RAW_BYTES);
    return true;
}
