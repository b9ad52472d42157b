/* SPDX-License-Identifier: Apache-2.0 */
/* Wycheproof's signatures under the OpenSSL implementation of the crypto vtable: what is valid verifies, everything
 * else does not. */
#include "files.h"
#include "lampyr-host/openssl.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

/* Bytes of a hex member, in heap memory. */
static lp_slice from_hex(const json_t *object, const char *member) {
    const char *hex = json_string_value(json_object_get(object, member));
    assert_non_null(hex);
    size_t len = strlen(hex) / 2;
    uint8_t *bytes = malloc(len + 1);
    assert_non_null(bytes);
    for (size_t i = 0; i < len; i++) {
        unsigned byte;
        assert_int_equal(sscanf(hex + 2 * i, "%2x", &byte), 1);
        bytes[i] = (uint8_t)byte;
    }
    return (lp_slice){bytes, len};
}

static void release(lp_slice slice) {
    free((void *)(uintptr_t)slice.ptr);
}

/* The group's public key in the verifier's normal form. */
static lp_public_key key_of(const json_t *group, lp_scheme scheme) {
    lp_public_key key = {.scheme = scheme};
    const json_t *object = json_object_get(group, "publicKey");
    lp_slice bytes = scheme == LP_SCHEME_ED25519      ? from_hex(object, "pk")
                     : scheme == LP_SCHEME_ECDSA_P256 ? from_hex(object, "uncompressed")
                                                      : from_hex(group, "publicKeyAsn");
    size_t skip_bytes = scheme == LP_SCHEME_ECDSA_P256 ? 1 : 0; /* the 04 of an uncompressed point */
    key.len = (uint16_t)(bytes.len - skip_bytes);
    assert_true(key.len <= sizeof key.bytes);
    memcpy(key.bytes, bytes.ptr + skip_bytes, key.len);
    release(bytes);
    return key;
}

/* Any salt length is accepted, as other TUF clients do. A group of one salt length calls other lengths invalid: they
 * are told by this comment alone, and are the only exception. */
static bool is_other_salt(const char *comment) {
    return strncmp(comment, "s_len changed to ", 17) == 0;
}

typedef struct tally {
    size_t right;
    size_t wrong;
    size_t other_salts;
} tally;

static void run_case(const json_t *test, const lp_public_key *key, tally *t) {
    const char *result = json_string_value(json_object_get(test, "result"));
    const char *comment = json_string_value(json_object_get(test, "comment"));
    lp_slice message = from_hex(test, "msg");
    lp_slice signature = from_hex(test, "sig");
    bool verified = lp_crypto_openssl.verify(&lp_crypto_openssl, key, signature, message);
    release(message);
    release(signature);
    if (verified == (strcmp(result, "valid") == 0)) {
        t->right++;
    } else if (verified && key->scheme == LP_SCHEME_RSA_PSS && is_other_salt(comment)) {
        t->other_salts++;
    } else {
        print_error("case %d (%s, %s): %s\n", (int)json_integer_value(json_object_get(test, "tcId")), result, comment,
                    verified ? "verified" : "refused");
        t->wrong++;
    }
}

/* Runs a file; every case must be right, but for `other_salts` of them. */
static void run_file(const char *path, lp_scheme scheme, size_t other_salts) {
    lp_slice bytes = shared_data(path);
    if (bytes.ptr == NULL) {
        print_message("%s is not in LAMPYR_SHARED: skipped\n", path);
        skip();
    }
    json_t *document = json_loadb((const char *)bytes.ptr, bytes.len, 0, NULL);
    assert_non_null(document);
    tally t = {0};
    size_t g;
    const json_t *group;
    json_array_foreach(json_object_get(document, "testGroups"), g, group) {
        lp_public_key key = key_of(group, scheme);
        size_t i;
        const json_t *test;
        json_array_foreach(json_object_get(group, "tests"), i, test) {
            run_case(test, &key, &t);
        }
    }
    print_message("%s: %zu right, %zu with another salt length\n", path, t.right, t.other_salts);
    assert_int_equal(t.wrong, 0);
    assert_int_equal(t.other_salts, other_salts);
    assert_int_equal(t.right + t.other_salts, json_integer_value(json_object_get(document, "numberOfTests")));
    json_decref(document);
    release(bytes);
}

static void ed25519(void **state) {
    (void)state;
    run_file("wycheproof/ed25519_test.json", LP_SCHEME_ED25519, 0);
}

static void ecdsa_p256(void **state) {
    (void)state;
    run_file("wycheproof/ecdsa_secp256r1_sha256_test.json", LP_SCHEME_ECDSA_P256, 0);
}

static void rsa_pss_2048(void **state) {
    (void)state;
    run_file("wycheproof/rsa_pss_2048_sha256_mgf1_32_test.json", LP_SCHEME_RSA_PSS, 6);
}

static void rsa_pss_4096(void **state) {
    (void)state;
    run_file("wycheproof/rsa_pss_4096_sha256_mgf1_32_test.json", LP_SCHEME_RSA_PSS, 6);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ed25519),
        cmocka_unit_test(ecdsa_p256),
        cmocka_unit_test(rsa_pss_2048),
        cmocka_unit_test(rsa_pss_4096),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
