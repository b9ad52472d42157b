/* SPDX-License-Identifier: Apache-2.0 */
/* Points of small order and in encodings that are not canonical, as ed25519 keys and in signatures: the equation of
 * RFC 8032, 5.1.7 may hold for them without anybody having signed. Host and firmware must refuse the same. */
#include "lampyr-crypto/bearssl.h"
#include "lampyr-host/openssl.h"
#include "lampyr/encode.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/bn.h>

enum { POINT_BYTES = 32, SCALAR_BYTES = 32, SIGNATURE_BYTES = POINT_BYTES + SCALAR_BYTES, MESSAGES = 64 };

/* The order of the base point, 2^252 + 27742317777372353535851937790883648493. */
static const char order_hex[] = "1000000000000000000000000000000014def9dea2f79cd65812631a5cf5d3ed";

/* All points whose order divides 8, in every encoding: y as it is and plus p if that fits, each with either sign. */
static const char *const small_order[] = {
    "0100000000000000000000000000000000000000000000000000000000000000", /* 1 */
    "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f", /* 2 */
    "0000000000000000000000000000000000000000000000000000000000000000", /* 4 */
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05", /* 8 */
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
};

static void unhex(const char *hex, uint8_t out[POINT_BYTES]) {
    size_t len = 0;
    assert_int_equal(lp_hex_decode(lp_str_from(hex), out, POINT_BYTES, &len), LP_OK);
    assert_int_equal(len, POINT_BYTES);
}

/* One of the encodings above, with that sign. */
static void small_point(size_t index, unsigned sign, uint8_t out[POINT_BYTES]) {
    unhex(small_order[index], out);
    out[POINT_BYTES - 1] |= (uint8_t)(sign << 7);
}

static lp_public_key key_at(const uint8_t point[POINT_BYTES]) {
    lp_public_key key = {.scheme = LP_SCHEME_ED25519, .len = POINT_BYTES};
    memcpy(key.bytes, point, POINT_BYTES);
    return key;
}

static void refused_by_both(const lp_public_key *key, const uint8_t signature[SIGNATURE_BYTES], lp_slice message) {
    const lp_slice bytes = {signature, SIGNATURE_BYTES};
    assert_false(lp_crypto_openssl.verify(&lp_crypto_openssl, key, bytes, message));
    assert_false(lp_crypto_bearssl.verify(&lp_crypto_bearssl, key, bytes, message));
}

static void accepted_by_both(const lp_public_key *key, const uint8_t signature[SIGNATURE_BYTES], lp_slice message) {
    const lp_slice bytes = {signature, SIGNATURE_BYTES};
    assert_true(lp_crypto_openssl.verify(&lp_crypto_openssl, key, bytes, message));
    assert_true(lp_crypto_bearssl.verify(&lp_crypto_bearssl, key, bytes, message));
}

/* --- arithmetic modulo the order --- */

typedef struct numbers {
    BN_CTX *context;
    BIGNUM *order;
    BIGNUM *a; /* secret scalar of `key` */
    lp_key key;
} numbers;

static int set_up(void **state) {
    static numbers n;
    uint8_t seed[SCALAR_BYTES];
    uint8_t digest[LP_SHA512_BYTES];
    size_t len = sizeof seed;
    n = (numbers){.context = BN_CTX_new(), .a = BN_new()};
    assert_int_equal(BN_hex2bn(&n.order, order_hex), (int)strlen(order_hex));
    assert_int_equal(lp_key_generate(LP_SCHEME_ED25519, 0, LP_DIALECT_TUF, &n.key), LP_OK);
    assert_int_equal(EVP_PKEY_get_raw_private_key(n.key.pkey, seed, &len), 1);
    assert_true(lp_digest(&lp_crypto_openssl, LP_SHA512, (lp_slice){seed, len}, digest));
    digest[0] &= 248; /* RFC 8032, 5.1.5 */
    digest[31] = (uint8_t)((digest[31] & 63) | 64);
    assert_non_null(BN_lebin2bn(digest, SCALAR_BYTES, n.a));
    *state = &n;
    return 0;
}

static int tear_down(void **state) {
    numbers *n = *state;
    lp_key_free(&n->key);
    BN_free(n->a);
    BN_free(n->order);
    BN_CTX_free(n->context);
    return 0;
}

/* factor * a, reduced: the second half of a signature. */
static void put_scalar(const numbers *n, const BIGNUM *factor, uint8_t out[SCALAR_BYTES]) {
    BIGNUM *product = BN_new();
    assert_int_equal(BN_mod_mul(product, factor, n->a, n->order, n->context), 1);
    assert_int_equal(BN_bn2lebinpad(product, out, SCALAR_BYTES), SCALAR_BYTES);
    BN_free(product);
}

/* The hash of a signature's first half, key and message, as a number. */
static BIGNUM *challenge(const uint8_t r[POINT_BYTES], const lp_public_key *key, lp_slice message) {
    const lp_crypto *crypto = &lp_crypto_openssl;
    uint8_t digest[LP_SHA512_BYTES];
    lp_hash hash;
    assert_true(crypto->hash_begin(crypto, &hash, LP_SHA512));
    crypto->hash_update(crypto, &hash, r, POINT_BYTES);
    crypto->hash_update(crypto, &hash, key->bytes, POINT_BYTES);
    crypto->hash_update(crypto, &hash, message.ptr, message.len);
    crypto->hash_end(crypto, &hash, digest);
    return BN_lebin2bn(digest, sizeof digest, NULL);
}

/* --- keys --- */

/* R is the point of a scalar that is known, so that S is that scalar wherever the hash takes a key of small order to
 * zero: for one message in eight at least. */
static void keys_of_small_order_are_refused(void **state) {
    const numbers *n = *state;
    uint8_t signature[SIGNATURE_BYTES];
    memcpy(signature, n->key.public_key.bytes, POINT_BYTES);
    put_scalar(n, BN_value_one(), signature + POINT_BYTES);
    for (size_t i = 0; i < 2 * sizeof small_order / sizeof small_order[0]; i++) {
        uint8_t point[POINT_BYTES];
        small_point(i / 2, i % 2, point);
        const lp_public_key key = key_at(point);
        for (unsigned number = 0; number < MESSAGES; number++) {
            const uint8_t message = (uint8_t)number;
            refused_by_both(&key, signature, (lp_slice){&message, 1});
        }
    }
}

/* p and above: there is another encoding for such a point. */
static void keys_that_are_not_canonical_are_refused(void **state) {
    const numbers *n = *state;
    uint8_t signature[SIGNATURE_BYTES];
    memcpy(signature, n->key.public_key.bytes, POINT_BYTES);
    put_scalar(n, BN_value_one(), signature + POINT_BYTES);
    for (unsigned lowest = 0xed; lowest <= 0xff; lowest++) {
        uint8_t point[POINT_BYTES];
        memset(point, 0xff, sizeof point);
        point[0] = (uint8_t)lowest;
        for (unsigned sign = 0; sign < 2; sign++) {
            point[POINT_BYTES - 1] = sign == 0 ? 0x7f : 0xff;
            const lp_public_key key = key_at(point);
            refused_by_both(&key, signature, (lp_slice){(const uint8_t *)"m", 1});
        }
    }
}

/* --- signatures --- */

static void signatures_at_a_point_of_small_order_are_refused(void **state) {
    const numbers *n = *state;
    const lp_public_key *key = &n->key.public_key;
    for (size_t i = 0; i < 2 * sizeof small_order / sizeof small_order[0]; i++) {
        uint8_t signature[SIGNATURE_BYTES];
        uint8_t message = (uint8_t)i;
        small_point(i / 2, i % 2, signature);
        BIGNUM *hash = challenge(signature, key, (lp_slice){&message, 1});
        put_scalar(n, hash, signature + POINT_BYTES);
        BN_free(hash);
        refused_by_both(key, signature, (lp_slice){&message, 1});
    }
}

/* The same arithmetic makes a signature that is good, with a point of large order. */
static void the_same_at_another_point_is_a_signature(void **state) {
    const numbers *n = *state;
    uint8_t signature[SIGNATURE_BYTES];
    const lp_slice message = {(const uint8_t *)"m", 1};
    memcpy(signature, n->key.public_key.bytes, POINT_BYTES);
    BIGNUM *factor = challenge(signature, &n->key.public_key, message);
    assert_int_equal(BN_add_word(factor, 1), 1); /* R is the key's point itself */
    put_scalar(n, factor, signature + POINT_BYTES);
    BN_free(factor);
    accepted_by_both(&n->key.public_key, signature, message);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_of_small_order_are_refused),
        cmocka_unit_test(keys_that_are_not_canonical_are_refused),
        cmocka_unit_test(signatures_at_a_point_of_small_order_are_refused),
        cmocka_unit_test(the_same_at_another_point_is_a_signature),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
