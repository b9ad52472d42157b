/* SPDX-License-Identifier: Apache-2.0 */
/* Signature verification against the Wycheproof cases in the shared test data, by the host's vtable and by firmware's:
 * keys go the way of metadata keys. */
#include "files.h"
#include "lampyr-crypto/bearssl.h"
#include "lampyr-host/openssl.h"
#include "lampyr/encode.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

/* Cases whose only defect is a salt length other than the group's: any length is taken (crypto.h). */
typedef struct tally {
    size_t right;
    size_t wrong;
    size_t other_salt;
} tally;

static lp_slice unhex(const json_t *object, const char *name) {
    const char *hex = json_string_value(json_object_get(object, name));
    size_t len = 0;
    uint8_t *bytes = malloc(strlen(hex) / 2 + 1);
    assert_non_null(bytes);
    assert_int_equal(lp_hex_decode(lp_str_from(hex), bytes, strlen(hex) / 2, &len), LP_OK);
    return (lp_slice){bytes, len};
}

static lp_public_key read_key(const char *type, const char *scheme, const char *value) {
    json_t *object = json_pack("{s:s, s:{s:s}, s:s}", "keytype", type, "keyval", "public", value, "scheme", scheme);
    char *text = json_dumps(object, JSON_COMPACT | JSON_SORT_KEYS);
    lp_public_key key;
    assert_int_equal(lp_public_key_read((lp_json){text, strlen(text)}, &key), LP_OK);
    assert_int_not_equal(key.scheme, LP_SCHEME_UNKNOWN);
    free(text);
    json_decref(object);
    return key;
}

static lp_public_key key_of(const char *scheme, const json_t *group) {
    if (strcmp(scheme, "ed25519") == 0) {
        return read_key("ed25519", scheme,
                        json_string_value(json_object_get(json_object_get(group, "publicKey"), "pk")));
    }
    const char *pem = json_string_value(json_object_get(group, "publicKeyPem"));
    return read_key(strcmp(scheme, "rsassa-pss-sha256") == 0 ? "rsa" : "ecdsa", scheme, pem);
}

static bool differs_in_salt_only(const json_t *test) {
    return strncmp(json_string_value(json_object_get(test, "comment")), "s_len changed to ", 17) == 0;
}

static void run_case(const lp_crypto *crypto, const lp_public_key *key, const json_t *test, tally *t) {
    lp_slice message = unhex(test, "msg");
    lp_slice signature = unhex(test, "sig");
    bool valid = strcmp(json_string_value(json_object_get(test, "result")), "valid") == 0;
    if (crypto->verify(crypto, key, signature, message) == valid) {
        t->right++;
    } else if (!valid && key->scheme == LP_SCHEME_RSA_PSS && differs_in_salt_only(test)) {
        t->other_salt++;
    } else {
        t->wrong++;
        print_error("case %lld: %s\n", json_integer_value(json_object_get(test, "tcId")),
                    json_string_value(json_object_get(test, "comment")));
    }
    free((void *)(uintptr_t)message.ptr);
    free((void *)(uintptr_t)signature.ptr);
}

static void run_file(const lp_crypto *crypto, const char *path, const char *scheme) {
    lp_slice bytes = shared_data(path);
    if (bytes.ptr == NULL) {
        print_message("skipped: no %s in the shared test data\n", path);
        skip();
    }
    json_t *suite = json_loadb((const char *)bytes.ptr, bytes.len, 0, NULL);
    assert_non_null(suite);
    tally t = {0};
    size_t i;
    size_t j;
    json_t *group;
    json_t *test;
    json_array_foreach(json_object_get(suite, "testGroups"), i, group) {
        lp_public_key key = key_of(scheme, group);
        json_array_foreach(json_object_get(group, "tests"), j, test) {
            run_case(crypto, &key, test, &t);
        }
    }
    print_message("%s: %zu right, %zu of another salt length\n", path, t.right, t.other_salt);
    assert_int_equal(t.wrong, 0);
    assert_int_equal(t.right + t.other_salt, (size_t)json_integer_value(json_object_get(suite, "numberOfTests")));
    json_decref(suite);
    free((void *)(uintptr_t)bytes.ptr);
}

/* The state of a test is the vtable. */
static void ed25519_agrees(void **state) {
    run_file(*state, "wycheproof/ed25519_test.json", "ed25519");
}

static void ecdsa_p256_agrees(void **state) {
    run_file(*state, "wycheproof/ecdsa_secp256r1_sha256_test.json", "ecdsa-sha2-nistp256");
}

static void rsa_pss_2048_agrees(void **state) {
    run_file(*state, "wycheproof/rsa_pss_2048_sha256_mgf1_32_test.json", "rsassa-pss-sha256");
}

static void rsa_pss_4096_agrees(void **state) {
    run_file(*state, "wycheproof/rsa_pss_4096_sha256_mgf1_32_test.json", "rsassa-pss-sha256");
}

int main(void) {
    lp_crypto host = lp_crypto_openssl;
    lp_crypto firmware = lp_crypto_bearssl;
    const struct CMUnitTest on_host[] = {
        cmocka_unit_test_prestate(ed25519_agrees, &host),
        cmocka_unit_test_prestate(ecdsa_p256_agrees, &host),
        cmocka_unit_test_prestate(rsa_pss_2048_agrees, &host),
        cmocka_unit_test_prestate(rsa_pss_4096_agrees, &host),
    };
    const struct CMUnitTest in_firmware[] = {
        cmocka_unit_test_prestate(ed25519_agrees, &firmware),
        cmocka_unit_test_prestate(ecdsa_p256_agrees, &firmware),
    };
    return cmocka_run_group_tests(on_host, NULL, NULL) + cmocka_run_group_tests(in_firmware, NULL, NULL);
}
