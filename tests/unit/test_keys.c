/* SPDX-License-Identifier: Apache-2.0 */
/* Keys, signatures and thresholds (TUF 1.0.34, 4.2 and 5.3.4). */
#include "bench.h"
#include "lampyr/encode.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define HEX_64 "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"

typedef struct key_case {
    const char *json;
    lp_code code;
    lp_scheme scheme;
} key_case;

static const key_case key_cases[] = {
    {"{\"keytype\":\"ed25519\",\"scheme\":\"ed25519\",\"keyval\":{\"public\":\"" HEX_64 "\"}}", LP_OK,
     LP_SCHEME_ED25519},
    {"{\"keytype\":\"ED25519\",\"keyval\":{\"public\":\"D75A980182B10AB7D54BFED3C964073A0EE172F3DAA62325AF021A68F707511"
     "A\"}}",
     LP_OK, LP_SCHEME_ED25519},
    /* Not known or not usable: ignored, not fatal. */
    {"{\"keytype\":\"sphincs\",\"scheme\":\"x\",\"keyval\":{\"public\":\"00\"}}", LP_OK, LP_SCHEME_UNKNOWN},
    {"{\"keytype\":\"ed25519\",\"scheme\":\"ed448\",\"keyval\":{\"public\":\"" HEX_64 "\"}}", LP_OK, LP_SCHEME_UNKNOWN},
    {"{\"keytype\":\"rsa\",\"scheme\":\"rsa-pkcs1v15-sha256\",\"keyval\":{\"public\":\"\"}}", LP_OK, LP_SCHEME_UNKNOWN},
    {"{\"keytype\":\"ed25519\",\"scheme\":\"ed25519\",\"keyval\":{\"public\":\"d75a98\"}}", LP_OK, LP_SCHEME_UNKNOWN},
    {"{\"keytype\":\"ed25519\",\"scheme\":\"ed25519\",\"keyval\":{}}", LP_OK, LP_SCHEME_UNKNOWN},
    {"{\"keytype\":\"ecdsa\",\"scheme\":\"ecdsa-sha2-nistp256\",\"keyval\":{\"public\":\"no PEM\"}}", LP_OK,
     LP_SCHEME_UNKNOWN},
    /* No keys at all. */
    {"[]", LP_FIELD_TYPE, LP_SCHEME_UNKNOWN},
    {"{\"scheme\":\"ed25519\",\"keyval\":{\"public\":\"" HEX_64 "\"}}", LP_FIELD_MISSING, LP_SCHEME_UNKNOWN},
    {"{\"keytype\":7,\"scheme\":\"ed25519\",\"keyval\":{\"public\":\"" HEX_64 "\"}}", LP_FIELD_TYPE, LP_SCHEME_UNKNOWN},
    {"{\"keytype\":\"ed25519\",\"scheme\":null,\"keyval\":{\"public\":\"" HEX_64 "\"}}", LP_FIELD_TYPE,
     LP_SCHEME_UNKNOWN},
    {"{\"keytype\":\"ed25519\",\"scheme\":\"ed25519\"}", LP_FIELD_MISSING, LP_SCHEME_UNKNOWN},
    {"{\"keytype\":\"ed25519\",\"scheme\":\"ed25519\",\"keyval\":\"" HEX_64 "\"}", LP_FIELD_TYPE, LP_SCHEME_UNKNOWN},
};

static void key_objects_are_read_as_the_table_says(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof key_cases / sizeof *key_cases; i++) {
        const key_case *c = &key_cases[i];
        lp_public_key key = {.scheme = LP_SCHEME_UNKNOWN};
        lp_code code = lp_public_key_read((lp_json){c->json, strlen(c->json)}, &key);
        if (code != c->code || key.scheme != c->scheme) {
            fail_msg("%s: %s, scheme %d", c->json, lp_code_name(code), (int)key.scheme);
        }
    }
    lp_public_key key;
    assert_int_equal(lp_public_key_read((lp_json){NULL, 0}, &key), LP_FIELD_MISSING);
}

static void written_keys_are_read_back_in_both_dialects(void **state) {
    (void)state;
    static const lp_scheme schemes[] = {LP_SCHEME_ED25519, LP_SCHEME_ECDSA_P256, LP_SCHEME_RSA_PSS};
    for (size_t i = 0; i < 3; i++) {
        lp_key key;
        assert_int_equal(lp_key_generate(schemes[i], 2048, LP_DIALECT_TUF, &key), LP_OK);
        for (lp_dialect d = LP_DIALECT_TUF; d <= LP_DIALECT_LEGACY; d++) {
            char text[LP_KEY_JSON_BYTES];
            lp_public_key back;
            assert_int_equal(lp_public_key_json(&key.public_key, d, text, sizeof text), LP_OK);
            assert_int_equal(lp_public_key_read((lp_json){text, strlen(text)}, &back), LP_OK);
            assert_true(lp_public_key_eq(&key.public_key, &back));
        }
        lp_key_free(&key);
    }
}

/* A 1024-bit RSA key, as PEM in a JSON string. */
static const char weak_rsa[] =
    "{\"keytype\":\"rsa\",\"scheme\":\"rsassa-pss-sha256\",\"keyval\":{\"public\":\"-----BEGIN PUBLIC KEY-----\\n"
    "MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDOx3R9L9eoMuQPvCYZVxoqVqrP\\n"
    "4TcEQlBmpnKngrJzL2tnJmAiRWEcpMaQipCyICuEXSzLhkWpPEydKZdPj8rSQ/pD\\n"
    "INmHqMq0rgWBW8mLswTCzGwG8EegnTDNuNgOx1xkIbPPCvIsbknb2bdyZ3j1Trxo\\n"
    "OyG/u0BOyFRabfDBIQIDAQAB\\n-----END PUBLIC KEY-----\\n\"}}";

static void an_rsa_key_below_2048_bits_is_ignored(void **state) {
    (void)state;
    lp_public_key key;
    assert_int_equal(lp_public_key_read((lp_json){weak_rsa, sizeof weak_rsa - 1}, &key), LP_OK);
    assert_int_equal(key.scheme, LP_SCHEME_UNKNOWN);
}

/* Writes a key object with a modulus of 2048 bits and this exponent, an INTEGER's content. */
static size_t rsa_key(const uint8_t *exponent, uint8_t exponent_len, char *out, size_t out_bytes) {
    uint8_t der[320] = {0x30, 0x82, 0,    0,    0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48,
                        0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00, 0x03, 0x82, 0,
                        0,    0,    0x30, 0x82, 0,    0,    0x02, 0x82, 0x01, 0x01, 0x00};
    enum { AT_SPKI = 4, AT_BITS = 23, AT_KEY = 28, AT_MODULUS = 33, AT_EXPONENT = AT_MODULUS + 256 };
    memset(der + AT_MODULUS, 0xd3, 256);
    der[AT_EXPONENT] = 0x02;
    der[AT_EXPONENT + 1] = exponent_len;
    memcpy(der + AT_EXPONENT + 2, exponent, exponent_len);
    size_t len = AT_EXPONENT + 2U + exponent_len;
    static const size_t starts[] = {AT_SPKI, AT_BITS, AT_KEY};
    for (size_t i = 0; i < 3; i++) { /* each length stands in the two bytes before what it counts */
        der[starts[i] - 2] = (uint8_t)((len - starts[i]) >> 8);
        der[starts[i] - 1] = (uint8_t)(len - starts[i]);
    }
    char base64[512];
    lp_base64_encode(der, len, base64);
    return (size_t)snprintf(out, out_bytes,
                            "{\"keytype\":\"rsa\",\"scheme\":\"rsassa-pss-sha256\",\"keyval\":{\"public\":"
                            "\"-----BEGIN PUBLIC KEY-----\\n%s\\n-----END PUBLIC KEY-----\\n\"}}",
                            base64);
}

static lp_scheme rsa_scheme(const uint8_t *exponent, uint8_t exponent_len) {
    char text[1024];
    lp_public_key key;
    size_t len = rsa_key(exponent, exponent_len, text, sizeof text);
    assert_int_equal(lp_public_key_read((lp_json){text, len}, &key), LP_OK);
    return key.scheme;
}

/* An exponent of 1 makes every message its own signature; one that is written in two ways makes one key two. */
static void an_rsa_key_with_an_unusable_exponent_is_ignored(void **state) {
    (void)state;
    assert_int_equal(rsa_scheme((const uint8_t[]){3}, 1), LP_SCHEME_RSA_PSS);
    assert_int_equal(rsa_scheme((const uint8_t[]){1, 0, 1}, 3), LP_SCHEME_RSA_PSS);
    assert_int_equal(rsa_scheme((const uint8_t[]){0, 0x81}, 2), LP_SCHEME_RSA_PSS);
    assert_int_equal(rsa_scheme((const uint8_t[]){1}, 1), LP_SCHEME_UNKNOWN);
    assert_int_equal(rsa_scheme((const uint8_t[]){0, 3}, 2), LP_SCHEME_UNKNOWN);
    assert_int_equal(rsa_scheme((const uint8_t[]){0x81}, 1), LP_SCHEME_UNKNOWN);
    assert_int_equal(rsa_scheme((const uint8_t[]){1, 0, 2}, 3), LP_SCHEME_UNKNOWN);
}

/* --- thresholds, on the timestamp of a repository --- */

/* Sets keys and threshold of the timestamp role in a new root. */
static void set_keys(test_bench *b, const lp_key *const *keys, size_t count, int threshold) {
    repo_set_keys(&b->image, "timestamp", keys, count, threshold);
    repo_next_root(&b->image, NULL);
}

static void serve_signed(test_bench *b, const lp_key *const *keys, size_t count) {
    repo_serve(&b->image, "timestamp.json", b->image.roles[LP_ROLE_TIMESTAMP], keys, count);
}

static void refused(test_bench *b, lp_code code) {
    assert_repo_refused(b, NULL, code, LP_ROLE_TIMESTAMP);
}

static void a_threshold_counts_distinct_keys(void **state) {
    test_bench *b = *state;
    const lp_key *keys[] = {&b->image.keys[LP_ROLE_TIMESTAMP], &b->image.keys[LP_ROLE_TIME]};
    set_keys(b, keys, 2, 2);
    serve_signed(b, keys, 1);
    refused(b, LP_SIGNATURE_THRESHOLD);
    serve_signed(b, keys, 2);
    assert_repo_trusted(b, NULL);
}

static void a_keyid_that_signs_twice_is_refused(void **state) {
    test_bench *b = *state;
    const lp_key *keys[] = {&b->image.keys[LP_ROLE_TIMESTAMP], &b->image.keys[LP_ROLE_TIME]};
    const lp_key *twice[] = {keys[0], keys[0]};
    set_keys(b, keys, 2, 2);
    serve_signed(b, twice, 2);
    refused(b, LP_FIELD_VALUE);
}

static void one_key_under_two_keyids_counts_once(void **state) {
    test_bench *b = *state;
    lp_key alias = b->image.keys[LP_ROLE_TIMESTAMP];
    alias.signer.keyid[0] = alias.signer.keyid[0] == '0' ? '1' : '0';
    const lp_key *keys[] = {&b->image.keys[LP_ROLE_TIMESTAMP], &alias};
    set_keys(b, keys, 2, 2);
    serve_signed(b, keys, 2);
    refused(b, LP_SIGNATURE_THRESHOLD);
}

static void keyids_are_not_recomputed(void **state) {
    test_bench *b = *state;
    lp_key alias = b->image.keys[LP_ROLE_TIMESTAMP];
    snprintf(alias.signer.keyid, sizeof alias.signer.keyid, "the timestamp key");
    const lp_key *key = &alias;
    set_keys(b, &key, 1, 1);
    serve_signed(b, &key, 1);
    assert_repo_trusted(b, NULL);
}

static void signatures_by_strangers_are_skipped(void **state) {
    test_bench *b = *state;
    const lp_key *keys[] = {&b->image.keys[LP_ROLE_DELEGATED], &b->image.keys[LP_ROLE_TIMESTAMP]};
    serve_signed(b, keys, 2);
    assert_repo_trusted(b, NULL);
}

static void a_key_that_root_lists_for_another_role_does_not_count(void **state) {
    test_bench *b = *state;
    const lp_key *keys[] = {&b->image.keys[LP_ROLE_SNAPSHOT]};
    serve_signed(b, keys, 1);
    refused(b, LP_SIGNATURE_THRESHOLD);
}

/* Replaces the first signature's text and its keyid's key by nothing but text. */
static void edit_signature(test_bench *b, const char *member, json_t *value) {
    lp_slice file = files_get(&b->image.files, "timestamp.json");
    json_t *document = json_loadb((const char *)file.ptr, file.len, 0, NULL);
    json_object_set_new(json_array_get(json_object_get(document, "signatures"), 0), member, value);
    char text[4096];
    size_t len = json_dumpb(document, text, sizeof text, JSON_COMPACT | JSON_SORT_KEYS);
    assert_true(len <= sizeof text);
    files_put(&b->image.files, "timestamp.json", (lp_slice){(uint8_t *)text, len});
    json_decref(document);
}

static void a_signature_that_is_no_hex_is_as_good_as_invalid(void **state) {
    test_bench *b = *state;
    const lp_key *keys[] = {&b->image.keys[LP_ROLE_TIMESTAMP], &b->image.keys[LP_ROLE_TIME]};
    set_keys(b, keys, 2, 1);
    serve_signed(b, keys, 2);
    edit_signature(b, "sig", json_string("xyz"));
    assert_repo_trusted(b, NULL);
    serve_signed(b, keys, 1);
    edit_signature(b, "sig", json_string("xyz"));
    refused(b, LP_SIGNATURE_THRESHOLD);
}

static void a_signature_entry_needs_keyid_and_sig(void **state) {
    test_bench *b = *state;
    edit_signature(b, "sig", json_integer(7));
    refused(b, LP_FIELD_TYPE);
    edit_signature(b, "sig", json_string(""));
    edit_signature(b, "keyid", json_null());
    refused(b, LP_FIELD_TYPE);
}

static void a_key_of_unknown_type_is_ignored_while_others_reach_the_threshold(void **state) {
    test_bench *b = *state;
    const lp_key *keys[] = {&b->image.keys[LP_ROLE_TIMESTAMP], &b->image.keys[LP_ROLE_TIME]};
    repo_set_keys(&b->image, "timestamp", keys, 2, 1);
    json_t *stranger = json_object_get(json_object_get(b->image.roles[LP_ROLE_ROOT], "keys"), keys[1]->signer.keyid);
    json_object_set_new(stranger, "keytype", json_string("post-quantum"));
    repo_next_root(&b->image, NULL);
    serve_signed(b, &keys[1], 1);
    refused(b, LP_SIGNATURE_THRESHOLD);
    serve_signed(b, keys, 2);
    assert_repo_trusted(b, NULL);
}

static bool verify_anything(const lp_crypto *crypto, const lp_public_key *key, lp_slice signature, lp_slice message) {
    return key->scheme == LP_SCHEME_UNKNOWN || lp_crypto_openssl.verify(crypto, key, signature, message);
}

/* What the crypto would say of such a key is not even asked. */
static void a_key_of_unknown_type_never_counts(void **state) {
    test_bench *b = *state;
    lp_crypto crypto = lp_crypto_openssl;
    lp_tuf_config config = tuf_config(&b->image);
    const lp_key *key = &b->image.keys[LP_ROLE_TIME];
    crypto.verify = verify_anything;
    config.crypto = &crypto;
    repo_set_keys(&b->image, "timestamp", &key, 1, 1);
    json_t *stranger = json_object_get(json_object_get(b->image.roles[LP_ROLE_ROOT], "keys"), key->signer.keyid);
    json_object_set_new(stranger, "keytype", json_string("post-quantum"));
    repo_next_root(&b->image, NULL);
    serve_signed(b, &key, 1);
    assert_repo_refused(b, &config, LP_SIGNATURE_THRESHOLD, LP_ROLE_TIMESTAMP);
}

static void keys_of_all_schemes_count_together(void **state) {
    test_bench *b = *state;
    lp_key p256, rsa;
    assert_int_equal(lp_key_generate(LP_SCHEME_ECDSA_P256, 0, LP_DIALECT_TUF, &p256), LP_OK);
    assert_int_equal(lp_key_generate(LP_SCHEME_RSA_PSS, 2048, LP_DIALECT_TUF, &rsa), LP_OK);
    const lp_key *keys[] = {&p256, &rsa, &b->image.keys[LP_ROLE_TIMESTAMP]};
    set_keys(b, keys, 3, 3);
    serve_signed(b, keys, 2);
    refused(b, LP_SIGNATURE_THRESHOLD);
    serve_signed(b, keys, 3);
    assert_repo_trusted(b, NULL);
    lp_key_free(&p256);
    lp_key_free(&rsa);
}

static void legacy_keys_of_all_schemes_count_together(void **state) {
    keys_of_all_schemes_count_together(state);
}

static void too_many_keyids_are_a_limit(void **state) {
    test_bench *b = *state;
    lp_limits limits = lp_limits_gateway;
    lp_tuf_config config = tuf_config(&b->image);
    config.limits = &limits;
    const lp_key *keys[] = {&b->image.keys[LP_ROLE_TIMESTAMP], &b->image.keys[LP_ROLE_TIME]};
    set_keys(b, keys, 2, 1);
    serve_signed(b, keys, 1);
    limits.keys = 1;
    assert_repo_refused(b, &config, LP_LIMIT_KEYS, LP_ROLE_ROOT);
}

static void too_many_signatures_are_a_limit(void **state) {
    test_bench *b = *state;
    lp_limits limits = lp_limits_gateway;
    lp_tuf_config config = tuf_config(&b->image);
    config.limits = &limits;
    const lp_key *keys[] = {&b->image.keys[LP_ROLE_TIMESTAMP], &b->image.keys[LP_ROLE_TIME]};
    serve_signed(b, keys, 2);
    limits.signatures = 1;
    assert_repo_refused(b, &config, LP_LIMIT_SIGNATURES, LP_ROLE_TIMESTAMP);
}

/* --- what is signed --- */

static void serve_edited(test_bench *b, json_t *edited_payload, size_t flags) {
    lp_slice file = files_get(&b->image.files, "timestamp.json");
    json_t *document = json_loadb((const char *)file.ptr, file.len, 0, NULL);
    json_object_set(document, "signed", edited_payload);
    char text[8192];
    size_t len = json_dumpb(document, text, sizeof text, flags);
    assert_true(len <= sizeof text);
    files_put(&b->image.files, "timestamp.json", (lp_slice){(uint8_t *)text, len});
    json_decref(document);
}

static void unknown_fields_are_kept_and_signed(void **state) {
    test_bench *b = *state;
    json_t *timestamp = b->image.roles[LP_ROLE_TIMESTAMP];
    json_object_set_new(timestamp, "x-note", json_string("kept"));
    repo_sign(&b->image, LP_ROLE_TIMESTAMP);
    assert_repo_trusted(b, NULL);
    json_object_set_new(timestamp, "x-note", json_string("forged"));
    set_version(timestamp, 2);
    serve_edited(b, timestamp, JSON_COMPACT | JSON_SORT_KEYS);
    refused(b, LP_SIGNATURE_THRESHOLD);
}

static void served_files_may_be_indented_and_in_any_order(void **state) {
    test_bench *b = *state;
    serve_edited(b, b->image.roles[LP_ROLE_TIMESTAMP], JSON_INDENT(4));
    assert_repo_trusted(b, NULL);
}

static void key_sets_are_equal_by_value_and_threshold(void **state) {
    test_bench *b = *state;
    lp_key alias = b->image.keys[LP_ROLE_SNAPSHOT];
    alias.signer.keyid[0] = 'x';
    const lp_key *key = &alias;
    const lp_key *both[] = {&alias, &b->image.keys[LP_ROLE_TARGETS]};
    repo_set_keys(&b->image, "timestamp", &key, 1, 1);
    repo_set_keys(&b->image, "targets", both, 2, 1);
    repo_next_root(&b->image, NULL);

    lp_tuf tuf;
    lp_tuf_config config = tuf_config(&b->image);
    (void)run_tuf(b, &tuf, &config);
    const lp_signed *root = &lp_tuf_root(&tuf)->doc;
    lp_role_keys of_snapshot, of_timestamp, of_targets;
    assert_int_equal(lp_root_role_keys(root, LP_ROLE_SNAPSHOT, &of_snapshot), LP_OK);
    assert_int_equal(lp_root_role_keys(root, LP_ROLE_TIMESTAMP, &of_timestamp), LP_OK);
    assert_int_equal(lp_root_role_keys(root, LP_ROLE_TARGETS, &of_targets), LP_OK);
    assert_true(lp_role_keys_eq(&of_snapshot, &of_timestamp));
    assert_false(lp_role_keys_eq(&of_snapshot, &of_targets));
    assert_false(lp_role_keys_eq(&of_targets, &of_snapshot));
    of_timestamp.threshold = 2;
    assert_false(lp_role_keys_eq(&of_snapshot, &of_timestamp));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(key_objects_are_read_as_the_table_says),
        cmocka_unit_test(written_keys_are_read_back_in_both_dialects),
        cmocka_unit_test(an_rsa_key_below_2048_bits_is_ignored),
        cmocka_unit_test(an_rsa_key_with_an_unusable_exponent_is_ignored),
        TUF_TEST(a_threshold_counts_distinct_keys),
        TUF_TEST(a_keyid_that_signs_twice_is_refused),
        TUF_TEST(one_key_under_two_keyids_counts_once),
        TUF_TEST(keyids_are_not_recomputed),
        TUF_TEST(signatures_by_strangers_are_skipped),
        TUF_TEST(a_key_that_root_lists_for_another_role_does_not_count),
        TUF_TEST(a_signature_that_is_no_hex_is_as_good_as_invalid),
        TUF_TEST(a_signature_entry_needs_keyid_and_sig),
        TUF_TEST(a_key_of_unknown_type_is_ignored_while_others_reach_the_threshold),
        TUF_TEST(a_key_of_unknown_type_never_counts),
        TUF_TEST(keys_of_all_schemes_count_together),
        LEGACY_TEST(legacy_keys_of_all_schemes_count_together),
        TUF_TEST(too_many_keyids_are_a_limit),
        TUF_TEST(too_many_signatures_are_a_limit),
        TUF_TEST(unknown_fields_are_kept_and_signed),
        TUF_TEST(served_files_may_be_indented_and_in_any_order),
        TUF_TEST(key_sets_are_equal_by_value_and_threshold),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
