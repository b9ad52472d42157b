/* SPDX-License-Identifier: Apache-2.0 */
/* The public key of a P-256 private key. */
#include "lampyr-crypto/bearssl.h"
#include "schemes.h"

#include <bearssl.h>
#include <string.h>

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
    uint8_t point[1 + 2 * LP_P256_SECRET_BYTES];
    if (!is_private_key(secret) ||
        lp_p256_mulgen(point, secret, LP_P256_SECRET_BYTES, BR_EC_secp256r1) != sizeof point) {
        return false;
    }
    *out = (lp_public_key){.scheme = LP_SCHEME_ECDSA_P256, .len = sizeof point - 1};
    memcpy(out->bytes, point + 1, sizeof point - 1);
    return true;
}
