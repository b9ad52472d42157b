/* SPDX-License-Identifier: Apache-2.0 */
/* Keys in PEM (RFC 7468) around DER (RFC 5280, 4.1; RFC 8017, A.1.1): what is not exactly that is no key of ours. */
#include "lampyr/crypto.h"
#include "lampyr/encode.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define LENGTH(array) (sizeof(array) / sizeof *(array))

enum { TEXT_BYTES = 8192, MODULUS_BYTES = 256 };

typedef struct der {
    uint8_t bytes[2048];
    size_t len;
} der;

static void der_add(der *out, const void *bytes, size_t len) {
    assert_true(out->len + len <= sizeof out->bytes);
    if (len > 0) {
        memcpy(out->bytes + out->len, bytes, len);
    }
    out->len += len;
}

/* Adds an element whose length takes `length_bytes` after the first; as few as DER wants where that is 0. */
static void der_element_in(der *out, uint8_t tag, const der *content, unsigned length_bytes) {
    size_t len = content->len;
    if (length_bytes == 0) {
        length_bytes = len < 0x80 ? 0 : len < 0x100 ? 1 : 2;
    }
    uint8_t head[8] = {tag, (uint8_t)(length_bytes == 0 ? len : 0x80 | length_bytes)};
    for (unsigned i = 0; i < length_bytes; i++) {
        unsigned shift = 8 * (length_bytes - 1 - i);
        head[2 + i] = (uint8_t)(shift < 32 ? len >> shift : 0);
    }
    der_add(out, head, 2 + length_bytes);
    der_add(out, content->bytes, len);
}

static void der_element(der *out, uint8_t tag, const der *content) {
    der_element_in(out, tag, content, 0);
}

/* The scheme as which a key in that PEM text (JSON's escapes included) is read. */
static lp_scheme scheme_of_pem(const char *keytype, const char *scheme, const char *pem) {
    static char text[TEXT_BYTES];
    lp_public_key key = {.scheme = LP_SCHEME_ED25519};
    int len = snprintf(text, sizeof text, "{\"keytype\":\"%s\",\"scheme\":\"%s\",\"keyval\":{\"public\":\"%s\"}}",
                       keytype, scheme, pem);
    assert_in_range(len, 1, sizeof text - 1);
    assert_int_equal(lp_public_key_read((lp_json){text, (size_t)len}, &key), LP_OK);
    return key.scheme;
}

static const char *pem_of(const der *d, const char *format) {
    static char base64[4096];
    static char pem[TEXT_BYTES];
    lp_base64_encode(d->bytes, d->len, base64);
    assert_in_range(snprintf(pem, sizeof pem, format, base64), 1, sizeof pem - 1);
    return pem;
}

static const char good_pem[] = "-----BEGIN PUBLIC KEY-----\\n%s\\n-----END PUBLIC KEY-----\\n";

static lp_scheme scheme_of_rsa(const der *d) {
    return scheme_of_pem("rsa", "rsassa-pss-sha256", pem_of(d, good_pem));
}

/* --- RSA --- */

/* A key of that shape; zeros are what a good key has. */
typedef struct rsa_shape {
    const char *what;
    size_t modulus_bytes;      /* beside the leading zero */
    uint8_t modulus_top;       /* its first byte */
    bool modulus_negative;     /* no leading zero */
    uint8_t exponent;          /* a single byte */
    size_t exponent_ones;      /* bytes before that */
    bool exponent_missing;     /* of no bytes at all */
    uint8_t unused_bits;       /* of the bit string */
    unsigned outer_length;     /* bytes of the outermost length, less than 0x80 aside */
    unsigned modulus_length;   /* of that of the modulus */
    unsigned exponent_length;  /* of that of the exponent */
    bool bits_empty;           /* a bit string without even the count of unused bits */
    uint8_t after_exponent[2]; /* an element that does not belong there: its first byte is not zero then */
    uint8_t after_key[2];
    uint8_t after_bits[2];
} rsa_shape;

static void add_pair(der *out, const uint8_t pair[2]) {
    if (pair[0] != 0) {
        der_add(out, pair, 2);
    }
}

static der rsa_key(const rsa_shape *shape) {
    static const uint8_t algorithm[] = {0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86,
                                        0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00};
    uint8_t top = shape->modulus_top != 0 ? shape->modulus_top : 0xc5;
    uint8_t exponent_byte = shape->exponent != 0 ? shape->exponent : 3;
    der modulus = {.len = 0};
    der exponent = {.len = 0};
    der numbers = {.len = 0};
    der bits = {.len = 0};
    der body = {.len = 0};
    der whole = {.len = 0};
    der_add(&modulus, "", shape->modulus_negative ? 0 : 1);
    der_add(&modulus, &top, 1);
    while (modulus.len < (shape->modulus_bytes != 0 ? shape->modulus_bytes : MODULUS_BYTES) + 1) {
        der_add(&modulus, "\x5b", 1);
    }
    while (exponent.len < shape->exponent_ones) {
        der_add(&exponent, "\x01", 1);
    }
    der_add(&exponent, &exponent_byte, shape->exponent_missing ? 0 : 1);
    der_element_in(&numbers, 0x02, &modulus, shape->modulus_length);
    der_element_in(&numbers, 0x02, &exponent, shape->exponent_length);
    add_pair(&numbers, shape->after_exponent);
    if (!shape->bits_empty) {
        der_add(&bits, &shape->unused_bits, 1);
        der_element(&bits, 0x30, &numbers);
        add_pair(&bits, shape->after_key);
    }
    der_add(&body, algorithm, sizeof algorithm);
    der_element(&body, 0x03, &bits);
    add_pair(&body, shape->after_bits);
    der_element_in(&whole, 0x30, &body, shape->outer_length);
    return whole;
}

static const rsa_shape good_shapes[] = {
    {.what = "2048 bits"},
    {.what = "2048 bits, just", .modulus_top = 0x80},
    {.what = "4096 bits", .modulus_bytes = 512},
    {.what = "a long exponent", .exponent_ones = 0x7f},
};

static const rsa_shape bad_shapes[] = {
    {.what = "2040 bits", .modulus_bytes = 255},
    {.what = "2047 bits", .modulus_top = 0x7f},
    {.what = "a negative modulus", .modulus_negative = true},
    {.what = "more than there is room for", .modulus_bytes = LP_PUBLIC_KEY_BYTES},
    {.what = "an even exponent", .exponent = 4},
    {.what = "an exponent of no bytes", .exponent_missing = true},
    {.what = "unused bits", .unused_bits = 1},
    {.what = "an empty bit string", .bits_empty = true},
    {.what = "a length in three bytes", .outer_length = 3},
    {.what = "a length in four bytes", .outer_length = 4},
    {.what = "a length with a leading zero", .modulus_length = 3},
    {.what = "a short length in a byte of its own", .exponent_length = 1},
    {.what = "a short length in two bytes", .exponent_length = 2},
    {.what = "a length of one byte in two", .exponent_ones = 0x7f, .exponent_length = 2},
    {.what = "something after the exponent", .after_exponent = {0x05, 0x00}},
    {.what = "something after the key", .after_key = {0x05, 0x00}},
    {.what = "something after the bit string", .after_bits = {0x05, 0x00}},
};

static void rsa_keys_of_the_right_shape_are_read(void **state) {
    (void)state;
    for (size_t i = 0; i < LENGTH(good_shapes); i++) {
        der key = rsa_key(&good_shapes[i]);
        if (scheme_of_rsa(&key) != LP_SCHEME_RSA_PSS) {
            fail_msg("ignored: %s", good_shapes[i].what);
        }
    }
}

static void rsa_keys_of_any_other_shape_are_ignored(void **state) {
    (void)state;
    for (size_t i = 0; i < LENGTH(bad_shapes); i++) {
        der key = rsa_key(&bad_shapes[i]);
        if (scheme_of_rsa(&key) != LP_SCHEME_UNKNOWN) {
            fail_msg("read: %s", bad_shapes[i].what);
        }
    }
}

/* From the outermost tag to the leading zero of the modulus, and the exponent's tag and length. */
static bool is_frame(size_t at, size_t len) {
    enum { MODULUS_AT = 33 };
    return at < MODULUS_AT || (at >= len - 3 && at < len - 1);
}

static void every_byte_around_an_rsa_key_matters(void **state) {
    (void)state;
    der key = rsa_key(&good_shapes[0]);
    for (size_t at = 0; at < key.len; at++) {
        for (int bit = 0; bit < 8 && is_frame(at, key.len); bit++) {
            der changed = key;
            changed.bytes[at] ^= (uint8_t)(1 << bit);
            if (scheme_of_rsa(&changed) != LP_SCHEME_UNKNOWN) {
                fail_msg("read with bit %d of byte %zu changed", bit, at);
            }
        }
    }
}

static void a_key_that_ends_early_is_ignored(void **state) {
    (void)state;
    der key = rsa_key(&good_shapes[0]);
    for (key.len--; key.len > 0; key.len--) {
        assert_int_equal(scheme_of_rsa(&key), LP_SCHEME_UNKNOWN);
    }
}

/* --- P-256 --- */

static der p256_key(void) {
    static const uint8_t head[] = {0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06,
                                   0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00, 0x04};
    der key = {.len = 0};
    der_add(&key, head, sizeof head);
    while (key.len < sizeof head + 64) {
        der_add(&key, "\x17", 1);
    }
    return key;
}

static lp_scheme scheme_of_p256(const der *key, const char *format) {
    return scheme_of_pem("ecdsa", "ecdsa-sha2-nistp256", pem_of(key, format));
}

static void every_byte_around_a_p256_key_matters(void **state) {
    (void)state;
    der key = p256_key();
    assert_int_equal(scheme_of_p256(&key, good_pem), LP_SCHEME_ECDSA_P256);
    for (size_t at = 0; at < key.len - 64; at++) {
        der changed = key;
        changed.bytes[at] ^= 1;
        assert_int_equal(scheme_of_p256(&changed, good_pem), LP_SCHEME_UNKNOWN);
    }
    der longer = key;
    der_add(&longer, "", 1);
    assert_int_equal(scheme_of_p256(&longer, good_pem), LP_SCHEME_UNKNOWN);
    key.len--;
    assert_int_equal(scheme_of_p256(&key, good_pem), LP_SCHEME_UNKNOWN);
}

/* --- PEM --- */

static const char *const good_pems[] = {
    "-----BEGIN PUBLIC KEY-----\\n%s\\n-----END PUBLIC KEY-----",
    "-----BEGIN PUBLIC KEY-----\\r\\n%s\\r\\n-----END PUBLIC KEY-----\\r\\n",
    "-----BEGIN PUBLIC KEY-----\\r%s-----END PUBLIC KEY-----\\n\\n",
};

static const char *const bad_pems[] = {
    "%s",
    "\\n%s\\n-----END PUBLIC KEY-----\\n",
    "-----BEGIN PRIVATE KEY-----\\n%s\\n-----END PRIVATE KEY-----\\n",
    "-----BEGIN PUBLIC KEY-----%s\\n-----END PUBLIC KEY-----\\n",
    "-----BEGIN PUBLIC KEY-----\\n%s\\n",
    "-----BEGIN PUBLIC KEY-----\\n%s\\n-----END PUBLIC KEY----",
    "-----BEGIN PUBLIC KEY-----\\n%s\\n-----END PUBLIC KEY-----\\n.",
    "-----BEGIN PUBLIC KEY-----\\n%s\\\\-----END PUBLIC KEY-----\\n",
    "-----BEGIN PUBLIC KEY-----\\n%s%%\\n-----END PUBLIC KEY-----\\n",
    "\\n-----BEGIN PUBLIC KEY-----\\n%s\\n-----END PUBLIC KEY-----\\n",
};

static void only_one_public_key_in_pem_is_read(void **state) {
    (void)state;
    der key = p256_key();
    for (size_t i = 0; i < LENGTH(good_pems); i++) {
        assert_int_equal(scheme_of_p256(&key, good_pems[i]), LP_SCHEME_ECDSA_P256);
    }
    for (size_t i = 0; i < LENGTH(bad_pems); i++) {
        if (scheme_of_p256(&key, bad_pems[i]) != LP_SCHEME_UNKNOWN) {
            fail_msg("read: %s", bad_pems[i]);
        }
    }
}

static void a_key_of_thousands_of_lines_is_ignored(void **state) {
    (void)state;
    char lines[6000];
    for (size_t i = 0; i + 2 < sizeof lines; i += 2) {
        memcpy(lines + i, "\\n", 3);
    }
    assert_int_equal(scheme_of_pem("rsa", "rsassa-pss-sha256", lines), LP_SCHEME_UNKNOWN);
    assert_int_equal(scheme_of_pem("ecdsa", "ecdsa-sha2-nistp256", lines), LP_SCHEME_UNKNOWN);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rsa_keys_of_the_right_shape_are_read),
        cmocka_unit_test(rsa_keys_of_any_other_shape_are_ignored),
        cmocka_unit_test(every_byte_around_an_rsa_key_matters),
        cmocka_unit_test(a_key_that_ends_early_is_ignored),
        cmocka_unit_test(every_byte_around_a_p256_key_matters),
        cmocka_unit_test(only_one_public_key_in_pem_is_read),
        cmocka_unit_test(a_key_of_thousands_of_lines_is_ignored),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
