/* SPDX-License-Identifier: Apache-2.0 */
/* Digests over the crypto vtable: of files at once, of images piece by piece. */
#include "lampyr/crypto.h"
#include "json_internal.h"
#include "lampyr/encode.h"
#include "refusal.h"

#include <string.h>

bool lp_digest(const lp_crypto *crypto, lp_hash_alg alg, lp_slice message, uint8_t *digest) {
    lp_hash hash;
    if (LP_REFUSAL(2801, !crypto->hash_begin(crypto, &hash, alg))) {
        return false;
    }
    crypto->hash_update(crypto, &hash, message.ptr, message.len);
    crypto->hash_end(crypto, &hash, digest);
    return true;
}

/* Reads a digest if it is listed. */
static lp_code read_digest(lp_str hex, uint8_t *out, size_t bytes, bool *listed) {
    size_t len = 0;
    *listed = hex.ptr != NULL;
    if (*listed && LP_REFUSAL(2802, hex.len != 2 * bytes || lp_hex_decode(hex, out, bytes, &len) != LP_OK)) {
        return LP_FIELD_VALUE;
    }
    return LP_OK;
}

lp_code lp_hashes_read(lp_json hashes, lp_hashes *out) {
    static const lp_json_row rows[] = {{"sha256", LP_READ_STRING, true, 0},
                                       {"sha512", LP_READ_STRING, true, sizeof(lp_str)}};
    lp_str hex[2] = {{NULL, 0}, {NULL, 0}};
    lp_code code = lp_json_read_record(hashes, rows, 2, hex);
    if (code == LP_OK) {
        code = read_digest(hex[0], out->sha256, LP_SHA256_BYTES, &out->has_sha256);
    }
    if (code == LP_OK) {
        code = read_digest(hex[1], out->sha512, LP_SHA512_BYTES, &out->has_sha512);
    }
    return code == LP_OK && LP_REFUSAL(2803, !out->has_sha256 && !out->has_sha512) ? LP_FIELD_VALUE : code;
}

bool lp_hashes_agree(const lp_hashes *a, const lp_hashes *b) {
    bool common256 = a->has_sha256 && b->has_sha256;
    bool common512 = a->has_sha512 && b->has_sha512;
    if (common256 && LP_REFUSAL(2804, memcmp(a->sha256, b->sha256, LP_SHA256_BYTES) != 0)) {
        return false;
    }
    if (common512 && LP_REFUSAL(2805, memcmp(a->sha512, b->sha512, LP_SHA512_BYTES) != 0)) {
        return false;
    }
    return !LP_REFUSAL(2806, !common256 && !common512);
}

void lp_hashes_add(lp_hashes *hashes, const lp_hashes *more) {
    if (more->has_sha256) {
        hashes->has_sha256 = true;
        memcpy(hashes->sha256, more->sha256, sizeof hashes->sha256);
    }
    if (more->has_sha512) {
        hashes->has_sha512 = true;
        memcpy(hashes->sha512, more->sha512, sizeof hashes->sha512);
    }
}

lp_code lp_hashes_check(const lp_crypto *crypto, const lp_hashes *hashes, lp_slice bytes) {
    uint8_t digest[LP_SHA512_BYTES];
    if (hashes->has_sha256 && LP_REFUSAL(2807, !lp_digest(crypto, LP_SHA256, bytes, digest) ||
                                                   memcmp(digest, hashes->sha256, LP_SHA256_BYTES) != 0)) {
        return LP_HASH_MISMATCH;
    }
    if (hashes->has_sha512 && LP_REFUSAL(2808, !lp_digest(crypto, LP_SHA512, bytes, digest) ||
                                                   memcmp(digest, hashes->sha512, LP_SHA512_BYTES) != 0)) {
        return LP_HASH_MISMATCH;
    }
    return LP_OK;
}

lp_code lp_image_check_begin(lp_image_check *check, const lp_crypto *crypto, const lp_hashes *expected,
                             uint64_t length_bytes) {
    *check = (lp_image_check){.crypto = crypto, .expected = *expected, .length_bytes = length_bytes};
    if (LP_REFUSAL(2809, !expected->has_sha256 && !expected->has_sha512)) {
        return LP_FIELD_VALUE;
    }
    /* Every listed digest is checked, so each must be computable. */
    if (expected->has_sha256 && LP_REFUSAL(2810, !crypto->hash_begin(crypto, &check->sha256, LP_SHA256))) {
        return LP_FIELD_VALUE;
    }
    if (expected->has_sha512 && LP_REFUSAL(2811, !crypto->hash_begin(crypto, &check->sha512, LP_SHA512))) {
        if (expected->has_sha256) {
            crypto->hash_end(crypto, &check->sha256, NULL);
        }
        return LP_FIELD_VALUE;
    }
    return LP_OK;
}

lp_code lp_image_check_update(lp_image_check *check, const void *bytes, size_t len) {
    if (LP_REFUSAL(2812, len > check->length_bytes - check->seen_bytes)) {
        return LP_IMAGE_LENGTH;
    }
    check->seen_bytes += len;
    if (check->expected.has_sha256) {
        check->crypto->hash_update(check->crypto, &check->sha256, bytes, len);
    }
    if (check->expected.has_sha512) {
        check->crypto->hash_update(check->crypto, &check->sha512, bytes, len);
    }
    return LP_OK;
}

lp_code lp_image_check_end(lp_image_check *check) {
    uint8_t digest[LP_SHA512_BYTES];
    bool match = true;
    if (check->expected.has_sha256) {
        check->crypto->hash_end(check->crypto, &check->sha256, digest);
        match = !LP_REFUSAL(2813, memcmp(digest, check->expected.sha256, LP_SHA256_BYTES) != 0);
    }
    if (check->expected.has_sha512) {
        check->crypto->hash_end(check->crypto, &check->sha512, digest);
        match = match && !LP_REFUSAL(2814, memcmp(digest, check->expected.sha512, LP_SHA512_BYTES) != 0);
    }
    if (LP_REFUSAL(2815, check->seen_bytes != check->length_bytes)) {
        return LP_IMAGE_LENGTH;
    }
    return LP_REFUSAL(2816, !match) ? LP_IMAGE_HASH : LP_OK;
}
