/* SPDX-License-Identifier: Apache-2.0 */
/* Digests over the crypto vtable: of files at once, of images piece by piece. */
#include "lampyr/crypto.h"
#include "lampyr/encode.h"

#include <string.h>

bool lp_digest(const lp_crypto *crypto, lp_hash_alg alg, lp_slice message, uint8_t *digest) {
    lp_hash hash;
    if (!crypto->hash_begin(crypto, &hash, alg)) {
        return false;
    }
    crypto->hash_update(crypto, &hash, message.ptr, message.len);
    crypto->hash_end(crypto, &hash, digest);
    return true;
}

/* Reads one digest if it is listed. */
static lp_code read_digest(lp_json value, uint8_t *out, size_t bytes, bool *has) {
    lp_str hex;
    lp_code code = lp_json_string(value, &hex);
    if (code == LP_FIELD_MISSING) {
        return LP_OK;
    }
    size_t len = 0;
    if (code == LP_OK) {
        code = lp_hex_decode(hex, out, bytes, &len);
    }
    if (code == LP_LIMIT_STRING || (code == LP_OK && len != bytes)) {
        code = LP_FIELD_VALUE;
    }
    *has = code == LP_OK;
    return code;
}

lp_code lp_hashes_read(lp_json hashes, lp_hashes *out) {
    if (hashes.ptr == NULL) {
        return LP_FIELD_MISSING;
    }
    lp_json_field fields[] = {{.name = "sha256"}, {.name = "sha512"}};
    lp_hashes result = {0};
    lp_code code = lp_json_record(hashes, fields, 2);
    if (code == LP_OK) {
        code = read_digest(fields[0].value, result.sha256, LP_SHA256_BYTES, &result.has_sha256);
    }
    if (code == LP_OK) {
        code = read_digest(fields[1].value, result.sha512, LP_SHA512_BYTES, &result.has_sha512);
    }
    if (code == LP_OK && !result.has_sha256 && !result.has_sha512) {
        code = LP_FIELD_VALUE;
    }
    if (code == LP_OK) {
        *out = result;
    }
    return code;
}

bool lp_hashes_agree(const lp_hashes *a, const lp_hashes *b) {
    bool common256 = a->has_sha256 && b->has_sha256;
    bool common512 = a->has_sha512 && b->has_sha512;
    if (common256 && memcmp(a->sha256, b->sha256, LP_SHA256_BYTES) != 0) {
        return false;
    }
    if (common512 && memcmp(a->sha512, b->sha512, LP_SHA512_BYTES) != 0) {
        return false;
    }
    return common256 || common512;
}

lp_code lp_hashes_check(const lp_crypto *crypto, const lp_hashes *hashes, lp_slice bytes, lp_code mismatch) {
    uint8_t digest[LP_SHA512_BYTES];
    if (hashes->has_sha256 &&
        (!lp_digest(crypto, LP_SHA256, bytes, digest) || memcmp(digest, hashes->sha256, LP_SHA256_BYTES) != 0)) {
        return mismatch;
    }
    if (hashes->has_sha512 &&
        (!lp_digest(crypto, LP_SHA512, bytes, digest) || memcmp(digest, hashes->sha512, LP_SHA512_BYTES) != 0)) {
        return mismatch;
    }
    return LP_OK;
}

lp_code lp_image_check_begin(lp_image_check *check, const lp_crypto *crypto, const lp_hashes *expected,
                             uint64_t length_bytes) {
    *check = (lp_image_check){.crypto = crypto, .expected = *expected, .length_bytes = length_bytes};
    if (!expected->has_sha256 && !expected->has_sha512) {
        return LP_FIELD_VALUE;
    }
    /* Every listed digest is checked, so each must be computable. */
    if (expected->has_sha256 && !crypto->hash_begin(crypto, &check->sha256, LP_SHA256)) {
        return LP_FIELD_VALUE;
    }
    if (expected->has_sha512 && !crypto->hash_begin(crypto, &check->sha512, LP_SHA512)) {
        if (expected->has_sha256) {
            crypto->hash_end(crypto, &check->sha256, NULL);
        }
        return LP_FIELD_VALUE;
    }
    return LP_OK;
}

lp_code lp_image_check_update(lp_image_check *check, const void *bytes, size_t len) {
    if (len > check->length_bytes - check->seen_bytes) {
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
        match = memcmp(digest, check->expected.sha256, LP_SHA256_BYTES) == 0;
    }
    if (check->expected.has_sha512) {
        check->crypto->hash_end(check->crypto, &check->sha512, digest);
        match = match && memcmp(digest, check->expected.sha512, LP_SHA512_BYTES) == 0;
    }
    if (check->seen_bytes != check->length_bytes) {
        return LP_IMAGE_LENGTH;
    }
    return match ? LP_OK : LP_IMAGE_HASH;
}
