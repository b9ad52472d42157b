/* SPDX-License-Identifier: Apache-2.0 */
/* The crypto vtable of firmware against the host's: digests, signatures both ways, and every form of a signature that
 * is not the one that DER allows. */
#include "lampyr-crypto/bearssl.h"
#include "lampyr-host/openssl.h"
#include "lampyr/encode.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static lp_slice slice(const void *bytes, size_t len) {
    return (lp_slice){bytes, len};
}

static void unhex(const char *hex, uint8_t *out, size_t len) {
    size_t got = 0;
    assert_int_equal(lp_hex_decode(lp_str_from(hex), out, len, &got), LP_OK);
    assert_int_equal(got, len);
}

/* --- digests --- */

static void digest_in_pieces(const lp_crypto *crypto, lp_hash_alg alg, lp_slice message, size_t piece,
                             uint8_t *digest) {
    lp_hash hash;
    assert_true(crypto->hash_begin(crypto, &hash, alg));
    for (size_t at = 0; at < message.len; at += piece) {
        crypto->hash_update(crypto, &hash, message.ptr + at, message.len - at < piece ? message.len - at : piece);
    }
    crypto->hash_end(crypto, &hash, digest);
}

static void digests_are_those_of_the_host(void **state) {
    (void)state;
    static uint8_t message[300];
    assert_true(lp_random(message, sizeof message));
    for (size_t len = 0; len <= sizeof message; len++) {
        for (lp_hash_alg alg = LP_SHA256; alg <= LP_SHA512; alg++) {
            uint8_t ours[LP_SHA512_BYTES] = {0};
            uint8_t theirs[LP_SHA512_BYTES] = {0};
            digest_in_pieces(&lp_crypto_bearssl, alg, slice(message, len), len % 70 + 1, ours);
            assert_true(lp_digest(&lp_crypto_openssl, alg, slice(message, len), theirs));
            assert_memory_equal(ours, theirs, sizeof ours);
        }
    }
}

static void a_hash_can_be_copied_and_given_up(void **state) {
    (void)state;
    uint8_t whole[LP_SHA256_BYTES];
    uint8_t copied[LP_SHA256_BYTES];
    lp_hash hash;
    assert_true(lp_crypto_bearssl.hash_begin(&lp_crypto_bearssl, &hash, LP_SHA256));
    lp_crypto_bearssl.hash_update(&lp_crypto_bearssl, &hash, "ab", 2);
    lp_hash copy = hash;
    lp_crypto_bearssl.hash_end(&lp_crypto_bearssl, &hash, NULL);
    lp_crypto_bearssl.hash_update(&lp_crypto_bearssl, &copy, "c", 1);
    lp_crypto_bearssl.hash_end(&lp_crypto_bearssl, &copy, copied);
    assert_true(lp_digest(&lp_crypto_openssl, LP_SHA256, slice("abc", 3), whole));
    assert_memory_equal(copied, whole, sizeof whole);
}

/* --- signatures --- */

static void firmware_takes_what_the_host_signs(void **state) {
    (void)state;
    const lp_scheme schemes[] = {LP_SCHEME_ED25519, LP_SCHEME_ECDSA_P256};
    for (size_t i = 0; i < 40; i++) {
        lp_key key;
        uint8_t signature[LP_SIGNATURE_BYTES];
        size_t len;
        lp_slice message = slice("what is signed", i % 15);
        assert_int_equal(lp_key_generate(schemes[i % 2], 0, LP_DIALECT_TUF, &key), LP_OK);
        assert_true(key.signer.sign(&key.signer, message, signature, &len));
        assert_true(lp_crypto_bearssl.verify(&lp_crypto_bearssl, &key.public_key, slice(signature, len), message));
        signature[len / 2] ^= 1;
        assert_false(lp_crypto_bearssl.verify(&lp_crypto_bearssl, &key.public_key, slice(signature, len), message));
        lp_key_free(&key);
    }
}

static void the_host_takes_what_firmware_signs(void **state) {
    (void)state;
    for (unsigned i = 1; i < 60; i++) {
        uint8_t secret[LP_P256_SECRET_BYTES] = {0};
        uint8_t signature[LP_SIGNATURE_BYTES];
        lp_public_key key;
        size_t len = 0;
        secret[31 - i % 31] = (uint8_t)i;
        lp_slice message = slice(&i, sizeof i);
        assert_true(lp_p256_public(secret, &key));
        assert_true(lp_p256_sign(secret, message, signature, &len));
        assert_true(lp_crypto_openssl.verify(&lp_crypto_openssl, &key, slice(signature, len), message));
        assert_true(lp_crypto_bearssl.verify(&lp_crypto_bearssl, &key, slice(signature, len), message));
    }
}

/* RFC 6979, A.2.5: with SHA-256, message "sample". */
static void the_nonce_follows_from_key_and_message(void **state) {
    (void)state;
    uint8_t secret[LP_P256_SECRET_BYTES];
    uint8_t expected[72];
    uint8_t signature[LP_SIGNATURE_BYTES];
    size_t len = 0;
    unhex("c9afa9d845ba75166b5c215767b1d6934e50c3db36e89b127b8a622b120f6721", secret, sizeof secret);
    unhex("3046022100efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716"
          "022100f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8",
          expected, sizeof expected);
    assert_true(lp_p256_sign(secret, slice("sample", 6), signature, &len));
    assert_int_equal(len, sizeof expected);
    assert_memory_equal(signature, expected, sizeof expected);
}

static void a_secret_outside_the_group_is_none(void **state) {
    (void)state;
    static const char *const secrets[] = {
        "0000000000000000000000000000000000000000000000000000000000000000",
        "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551", /* the order */
        "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632552",
        "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    };
    uint8_t secret[LP_P256_SECRET_BYTES];
    uint8_t signature[LP_SIGNATURE_BYTES];
    lp_public_key key;
    size_t len;
    for (size_t i = 0; i < sizeof secrets / sizeof secrets[0]; i++) {
        unhex(secrets[i], secret, sizeof secret);
        assert_false(lp_p256_public(secret, &key));
        assert_false(lp_p256_sign(secret, slice("m", 1), signature, &len));
    }
    unhex("ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632550", secret, sizeof secret);
    assert_true(lp_p256_public(secret, &key));
    assert_true(lp_p256_sign(secret, slice("m", 1), signature, &len));
}

/* --- DER --- */

/* A signature with `hex` in place of `skip` bytes at `at`. */
static lp_slice edited(const uint8_t *der, size_t len, size_t at, size_t skip, const char *hex, uint8_t *room) {
    size_t added = 0;
    memcpy(room, der, at);
    assert_int_equal(lp_hex_decode(lp_str_from(hex), room + at, 8, &added), LP_OK);
    memcpy(room + at + added, der + at + skip, len - at - skip);
    return slice(room, len - skip + added);
}

/* Both vtables refuse every other encoding of the same numbers, and whatever one byte's change makes of it. */
static void only_one_encoding_is_taken(void **state) {
    (void)state;
    uint8_t secret[LP_P256_SECRET_BYTES] = {[31] = 7};
    uint8_t der[LP_SIGNATURE_BYTES];
    uint8_t room[LP_SIGNATURE_BYTES + 16];
    lp_public_key key;
    size_t len = 0;
    const lp_slice message = slice("m", 1);
    assert_true(lp_p256_public(secret, &key));
    assert_true(lp_p256_sign(secret, message, der, &len));
    const size_t r_len = der[3];
    const size_t s_at = 4 + r_len;
    char sequence[16];
    const struct {
        size_t at, skip;
        const char *hex;
        int grow;
    } forms[] = {
        {1, 1, "81%02x", 0}, /* length in two bytes */
        {3, 1, "%02x00", 1}, /* r with another zero in front */
        {s_at + 1, 1, "%02x00", 1} /* s too */,
        {len, 0, "00", 1},   /* a byte after s, inside */
        {len, 0, "00", 0},   /* and outside */
        {len - 1, 1, "", 0}, /* cut off */
        {0, 1, "31", 0},     /* a set */
        {2, 1, "03", 0},     /* a bit string */
    };
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
        unsigned old = forms[i].skip == 1 ? der[forms[i].at] : 0;
        snprintf(sequence, sizeof sequence, forms[i].hex, old + (unsigned)forms[i].grow);
        lp_slice form = edited(der, len, forms[i].at, forms[i].skip, sequence, room);
        room[1] = (uint8_t)(i == 0 ? room[1] : der[1] + forms[i].grow);
        assert_false(lp_crypto_bearssl.verify(&lp_crypto_bearssl, &key, form, message));
        assert_false(lp_crypto_openssl.verify(&lp_crypto_openssl, &key, form, message));
    }
    for (size_t i = 0; i < len * 256; i++) {
        memcpy(room, der, len);
        room[i / 256] = (uint8_t)i;
        bool same = room[i / 256] == der[i / 256];
        bool structural = i / 256 < 5 || (i / 256 >= s_at && i / 256 < s_at + 3);
        if (structural || i % 37 == 0) {
            assert_int_equal(lp_crypto_bearssl.verify(&lp_crypto_bearssl, &key, slice(room, len), message), same);
        }
    }
}

static void numbers_of_no_signature_are_refused(void **state) {
    (void)state;
    static const char *const signatures[] = {
        "",
        "30",
        "3000",
        "30020200",
        "3003020101",
        "3006020100020100", /* zeros */
        "3006020101020100", /* s is zero */
        "3006020100020101", /* r is zero */
        "3006020181020101", /* r is negative */
        "300602010102018f", /* s is negative */
        "3005020002010100", /* r has no bytes */
        "302602210100000000000000000000000000000000000000000000000000000000000000000201010",
    };
    uint8_t secret[LP_P256_SECRET_BYTES] = {[31] = 7};
    lp_public_key key;
    assert_true(lp_p256_public(secret, &key));
    for (size_t i = 0; i < sizeof signatures / sizeof signatures[0]; i++) {
        uint8_t bytes[64];
        size_t len = strlen(signatures[i]) / 2;
        size_t got;
        assert_int_equal(lp_hex_decode((lp_str){signatures[i], 2 * len}, bytes, sizeof bytes, &got), LP_OK);
        assert_false(lp_crypto_bearssl.verify(&lp_crypto_bearssl, &key, slice(bytes, len), slice("m", 1)));
        assert_false(lp_crypto_openssl.verify(&lp_crypto_openssl, &key, slice(bytes, len), slice("m", 1)));
    }
}

static void keys_of_other_schemes_verify_nothing(void **state) {
    (void)state;
    uint8_t zeros[64] = {0};
    lp_public_key key = {.scheme = LP_SCHEME_RSA_PSS, .len = 64};
    assert_false(lp_crypto_bearssl.verify(&lp_crypto_bearssl, &key, slice(zeros, 64), slice("m", 1)));
    key.scheme = LP_SCHEME_UNKNOWN;
    assert_false(lp_crypto_bearssl.verify(&lp_crypto_bearssl, &key, slice(zeros, 64), slice("m", 1)));
    key.scheme = LP_SCHEME_ECDSA_P256; /* a point that is not on the curve */
    assert_false(lp_crypto_bearssl.verify(&lp_crypto_bearssl, &key, slice(zeros, 64), slice("m", 1)));
    key = (lp_public_key){.scheme = LP_SCHEME_ED25519, .len = 32}; /* a point of small order */
    assert_false(lp_crypto_bearssl.verify(&lp_crypto_bearssl, &key, slice(zeros, 64), slice("m", 1)));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(digests_are_those_of_the_host),
        cmocka_unit_test(a_hash_can_be_copied_and_given_up),
        cmocka_unit_test(firmware_takes_what_the_host_signs),
        cmocka_unit_test(the_host_takes_what_firmware_signs),
        cmocka_unit_test(the_nonce_follows_from_key_and_message),
        cmocka_unit_test(a_secret_outside_the_group_is_none),
        cmocka_unit_test(only_one_encoding_is_taken),
        cmocka_unit_test(numbers_of_no_signature_are_refused),
        cmocka_unit_test(keys_of_other_schemes_verify_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
