/* SPDX-License-Identifier: Apache-2.0 */
/* Verifies ecdsa-sha2-nistp256 over BearSSL's raw signatures. DER is read here: BearSSL's own reader takes more than
 * the one encoding that DER allows, so that one signature would have many forms. */
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
