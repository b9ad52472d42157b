/* SPDX-License-Identifier: Apache-2.0 */
/* Digests that metadata lists, images that arrive in pieces (Uptane 2.1.0, 5.4.3.4), and names of keys. */
#include "lampyr-host/openssl.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define LENGTH(array) (sizeof(array) / sizeof *(array))

static const char image[] = "the bytes of an image";
enum { IMAGE_BYTES = sizeof image - 1 };

static lp_slice image_bytes(void) {
    return (lp_slice){(const uint8_t *)image, IMAGE_BYTES};
}

static lp_hashes hashes_of_image(bool sha256, bool sha512) {
    lp_hashes hashes = {.has_sha256 = sha256, .has_sha512 = sha512};
    assert_true(lp_digest(&lp_crypto_openssl, LP_SHA256, image_bytes(), hashes.sha256));
    assert_true(lp_digest(&lp_crypto_openssl, LP_SHA512, image_bytes(), hashes.sha512));
    return hashes;
}

/* Crypto libraries built without one of the hashes. `running` counts hashes that were not ended. */
static int running;

static bool begin_counted(lp_hash *hash, lp_hash_alg alg) {
    running++;
    return lp_crypto_openssl.hash_begin(&lp_crypto_openssl, hash, alg);
}

static bool begin_sha256_only(const lp_crypto *crypto, lp_hash *hash, lp_hash_alg alg) {
    (void)crypto;
    return alg == LP_SHA256 && begin_counted(hash, alg);
}

static bool begin_sha512_only(const lp_crypto *crypto, lp_hash *hash, lp_hash_alg alg) {
    (void)crypto;
    return alg == LP_SHA512 && begin_counted(hash, alg);
}

static void end_counted(const lp_crypto *crypto, lp_hash *hash, uint8_t *digest) {
    (void)crypto;
    running--;
    lp_crypto_openssl.hash_end(&lp_crypto_openssl, hash, digest);
}

static lp_crypto crypto_with(bool (*begin)(const lp_crypto *, lp_hash *, lp_hash_alg)) {
    lp_crypto crypto = lp_crypto_openssl;
    crypto.hash_begin = begin;
    crypto.hash_end = end_counted;
    return crypto;
}

/* --- whole files --- */

#define HEX_32 "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"

typedef struct hashes_case {
    const char *json;
    lp_code code;
} hashes_case;

static const hashes_case hashes_cases[] = {
    {"{\"sha256\":\"" HEX_32 "\"}", LP_OK},
    {"{\"sha512\":\"" HEX_32 HEX_32 "\"}", LP_OK},
    {"{\"blake2b\":\"00\",\"sha256\":\"" HEX_32 "\",\"sha512\":\"" HEX_32 HEX_32 "\"}", LP_OK},
    {"{}", LP_FIELD_VALUE},
    {"{\"blake2b\":\"00\"}", LP_FIELD_VALUE},
    {"{\"sha256\":\"" HEX_32 "00\"}", LP_FIELD_VALUE},
    {"{\"sha256\":\"0011\"}", LP_FIELD_VALUE},
    {"{\"sha256\":\"xy\"}", LP_FIELD_VALUE},
    {"{\"sha256\":\"" HEX_32 "\",\"sha512\":\"" HEX_32 "\"}", LP_FIELD_VALUE},
    {"{\"sha256\":null}", LP_FIELD_TYPE},
    {"{\"sha256\":\"" HEX_32 "\",\"sha512\":7}", LP_FIELD_TYPE},
    {"[]", LP_FIELD_TYPE},
};

static void hashes_are_read_as_the_table_says(void **state) {
    (void)state;
    lp_hashes hashes;
    for (size_t i = 0; i < LENGTH(hashes_cases); i++) {
        const hashes_case *c = &hashes_cases[i];
        lp_code code = lp_hashes_read((lp_json){c->json, strlen(c->json)}, &hashes);
        if (code != c->code) {
            fail_msg("%s: %s, not %s", c->json, lp_code_name(code), lp_code_name(c->code));
        }
    }
    assert_int_equal(lp_hashes_read((lp_json){NULL, 0}, &hashes), LP_FIELD_MISSING);
}

static void hashes_agree_if_all_common_ones_do_and_there_is_one(void **state) {
    (void)state;
    lp_hashes both = hashes_of_image(true, true);
    lp_hashes only256 = hashes_of_image(true, false);
    lp_hashes only512 = hashes_of_image(false, true);
    lp_hashes other256 = both;
    lp_hashes other512 = both;
    other256.sha256[0] ^= 1;
    other512.sha512[63] ^= 1;
    assert_true(lp_hashes_agree(&both, &both));
    assert_true(lp_hashes_agree(&both, &only256));
    assert_true(lp_hashes_agree(&only512, &both));
    assert_false(lp_hashes_agree(&only256, &only512));
    assert_false(lp_hashes_agree(&both, &other256));
    assert_false(lp_hashes_agree(&other512, &both));
    assert_true(lp_hashes_agree(&only256, &other512));
}

static void every_listed_hash_of_a_file_is_checked(void **state) {
    (void)state;
    for (int listed = 1; listed < 4; listed++) {
        lp_hashes hashes = hashes_of_image((listed & 1) != 0, (listed & 2) != 0);
        assert_int_equal(lp_hashes_check(&lp_crypto_openssl, &hashes, image_bytes()), LP_OK);
        lp_hashes other = hashes;
        other.sha256[31] ^= 1;
        assert_int_equal(lp_hashes_check(&lp_crypto_openssl, &other, image_bytes()),
                         hashes.has_sha256 ? LP_HASH_MISMATCH : LP_OK);
        other = hashes;
        other.sha512[0] ^= 1;
        assert_int_equal(lp_hashes_check(&lp_crypto_openssl, &other, image_bytes()),
                         hashes.has_sha512 ? LP_HASH_MISMATCH : LP_OK);
    }
}

static void a_hash_that_cannot_be_computed_does_not_match(void **state) {
    (void)state;
    lp_hashes both = hashes_of_image(true, true);
    lp_crypto no_sha512 = crypto_with(begin_sha256_only);
    lp_crypto no_sha256 = crypto_with(begin_sha512_only);
    assert_int_equal(lp_hashes_check(&no_sha512, &both, image_bytes()), LP_HASH_MISMATCH);
    assert_int_equal(lp_hashes_check(&no_sha256, &both, image_bytes()), LP_HASH_MISMATCH);
}

/* --- images --- */

/* Feeds the image in pieces of that size; its last byte is changed if `damaged`. */
static lp_code check_image(const lp_hashes *hashes, uint64_t length, size_t piece, bool damaged) {
    char bytes[IMAGE_BYTES];
    lp_image_check check;
    memcpy(bytes, image, IMAGE_BYTES);
    bytes[IMAGE_BYTES - 1] ^= damaged;
    lp_code code = lp_image_check_begin(&check, &lp_crypto_openssl, hashes, length);
    assert_int_equal(code, LP_OK);
    for (size_t at = 0; at < IMAGE_BYTES && code == LP_OK; at += piece) {
        size_t len = IMAGE_BYTES - at < piece ? IMAGE_BYTES - at : piece;
        code = lp_image_check_update(&check, bytes + at, len);
    }
    lp_code end = lp_image_check_end(&check);
    return code != LP_OK ? code : end;
}

static void an_image_is_checked_against_every_listed_hash(void **state) {
    (void)state;
    for (int listed = 1; listed < 4; listed++) {
        lp_hashes hashes = hashes_of_image((listed & 1) != 0, (listed & 2) != 0);
        for (size_t piece = 1; piece <= IMAGE_BYTES; piece++) {
            assert_int_equal(check_image(&hashes, IMAGE_BYTES, piece, false), LP_OK);
            assert_int_equal(check_image(&hashes, IMAGE_BYTES, piece, true), LP_IMAGE_HASH);
        }
        lp_hashes other = hashes;
        other.sha256[0] ^= 1;
        assert_int_equal(check_image(&other, IMAGE_BYTES, 5, false), hashes.has_sha256 ? LP_IMAGE_HASH : LP_OK);
        other = hashes;
        other.sha512[0] ^= 1;
        assert_int_equal(check_image(&other, IMAGE_BYTES, 5, false), hashes.has_sha512 ? LP_IMAGE_HASH : LP_OK);
    }
}

static void an_image_of_another_length_is_refused(void **state) {
    (void)state;
    lp_hashes hashes = hashes_of_image(true, true);
    assert_int_equal(check_image(&hashes, IMAGE_BYTES - 1, IMAGE_BYTES, false), LP_IMAGE_LENGTH);
    assert_int_equal(check_image(&hashes, IMAGE_BYTES - 1, 1, false), LP_IMAGE_LENGTH);
    assert_int_equal(check_image(&hashes, IMAGE_BYTES + 1, 7, false), LP_IMAGE_LENGTH);
    assert_int_equal(check_image(&hashes, 0, 1, false), LP_IMAGE_LENGTH);
}

/* Endless data is refused when it arrives, not at an end that may never come. */
static void the_first_byte_too_many_is_refused(void **state) {
    (void)state;
    lp_hashes hashes = hashes_of_image(true, true);
    lp_image_check check;
    assert_int_equal(lp_image_check_begin(&check, &lp_crypto_openssl, &hashes, IMAGE_BYTES), LP_OK);
    assert_int_equal(lp_image_check_update(&check, image, IMAGE_BYTES), LP_OK);
    assert_int_equal(lp_image_check_update(&check, image, 1), LP_IMAGE_LENGTH);
    (void)lp_image_check_end(&check);
}

static void an_image_whose_hashes_cannot_all_be_computed_is_refused_at_once(void **state) {
    (void)state;
    lp_image_check check;
    lp_hashes none = {0};
    lp_hashes both = hashes_of_image(true, true);
    lp_hashes only512 = hashes_of_image(false, true);
    lp_crypto no_sha512 = crypto_with(begin_sha256_only);
    lp_crypto no_sha256 = crypto_with(begin_sha512_only);
    running = 0;
    assert_int_equal(lp_image_check_begin(&check, &lp_crypto_openssl, &none, IMAGE_BYTES), LP_FIELD_VALUE);
    assert_int_equal(lp_image_check_begin(&check, &no_sha256, &both, IMAGE_BYTES), LP_FIELD_VALUE);
    assert_int_equal(lp_image_check_begin(&check, &no_sha512, &both, IMAGE_BYTES), LP_FIELD_VALUE);
    assert_int_equal(lp_image_check_begin(&check, &no_sha512, &only512, IMAGE_BYTES), LP_FIELD_VALUE);
    assert_int_equal(running, 0);
}

/* --- names of keys --- */

static void the_name_of_a_key_needs_sha256(void **state) {
    (void)state;
    const lp_public_key key = {.scheme = LP_SCHEME_ED25519, .len = 32};
    lp_crypto no_sha512 = crypto_with(begin_sha256_only);
    lp_crypto no_sha256 = crypto_with(begin_sha512_only);
    char keyid[2 * LP_SHA256_BYTES + 1];
    assert_int_equal(lp_public_key_id(&no_sha512, &key, LP_DIALECT_TUF, keyid), LP_OK);
    assert_int_equal(lp_public_key_id(&no_sha256, &key, LP_DIALECT_TUF, keyid), LP_STATE);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hashes_are_read_as_the_table_says),
        cmocka_unit_test(hashes_agree_if_all_common_ones_do_and_there_is_one),
        cmocka_unit_test(every_listed_hash_of_a_file_is_checked),
        cmocka_unit_test(a_hash_that_cannot_be_computed_does_not_match),
        cmocka_unit_test(an_image_is_checked_against_every_listed_hash),
        cmocka_unit_test(an_image_of_another_length_is_refused),
        cmocka_unit_test(the_first_byte_too_many_is_refused),
        cmocka_unit_test(an_image_whose_hashes_cannot_all_be_computed_is_refused_at_once),
        cmocka_unit_test(the_name_of_a_key_needs_sha256),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
