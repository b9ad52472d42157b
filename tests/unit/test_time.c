/* SPDX-License-Identifier: Apache-2.0 */
/* Signed time (Uptane 2.1.0, 5.4.3.1; docs/POUF.md, "Time"). */
#include "bench.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define NONCE "0011223344556677"

/* A director root with a time key, and the attestation last served by attest(). */
static void set_time_key(test_bench *b, const lp_key *key) {
    json_t *root = b->director.roles[LP_ROLE_ROOT];
    add_key(&b->director, json_object_get(root, "keys"), key);
    json_object_set_new(root, "custom",
                        json_pack("{s:{s:[s], s:i}}", "time", "keyids", key->signer.keyid, "threshold", 1));
}

static json_t *attestation(const char *nonce, const char *time) {
    return json_pack("{s:s, s:[s, s], s:s}", "_type", "time", "nonces", "ffffffffffffffff", nonce, "time", time);
}

static void attest(test_bench *b, json_t *payload) {
    const lp_key *key = &b->director.keys[LP_ROLE_TIME];
    repo_serve(&b->director, "time", payload, &key, 1);
    json_decref(payload);
}

/* A copy of the current director root as trusted after a run. */
static lp_trusted_root trusted_root(test_bench *b, lp_partial *partial) {
    lp_partial_config config = partial_config(b, "brake", "brake-hw");
    (void)run_partial(b, partial, &config);
    const lp_trusted_root *root = lp_partial_root(partial);
    assert_non_null(root);
    return *root;
}

static lp_code check(test_bench *b, const lp_limits *limits, int64_t floor, int64_t *now) {
    lp_partial partial;
    lp_slice bytes = files_get(&b->director.files, "time");
    repo_next_root(&b->director, NULL);
    lp_trusted_root root = trusted_root(b, &partial);
    size_t scratch_bytes = lp_json_scratch_bytes(bytes.len);
    lp_scratch scratch = {malloc(scratch_bytes), scratch_bytes};
    assert_non_null(scratch.ptr);
    lp_code code = lp_time_check(&root, bytes, LP_JSON_SERVED, NONCE, floor, &lp_crypto_openssl, limits, scratch, now);
    free(scratch.ptr);
    return code;
}

static void refused(test_bench *b, int64_t floor, lp_code code) {
    int64_t now = 42;
    assert_string_equal(lp_code_name(check(b, &lp_limits_gateway, floor, &now)), lp_code_name(code));
    assert_int_equal(now, 42);
}

static void attested_time_is_read(void **state) {
    test_bench *b = *state;
    int64_t now = 0;
    set_time_key(b, &b->director.keys[LP_ROLE_TIME]);
    attest(b, attestation(NONCE, "2027-01-01T00:00:00Z"));
    assert_int_equal(check(b, &lp_limits_gateway, 0, &now), LP_OK);
    assert_int_equal(now, TEST_NOW);
}

static void legacy_attested_time_is_read(void **state) {
    attested_time_is_read(state);
}

static void time_at_the_floor_is_good_and_below_it_is_not(void **state) {
    test_bench *b = *state;
    int64_t now = 0;
    set_time_key(b, &b->director.keys[LP_ROLE_TIME]);
    attest(b, attestation(NONCE, "2027-01-01T00:00:00Z"));
    assert_int_equal(check(b, &lp_limits_gateway, TEST_NOW, &now), LP_OK);
    refused(b, TEST_NOW + 1, LP_ROLLBACK_TIME);
}

static void another_askers_attestation_is_a_replay(void **state) {
    test_bench *b = *state;
    set_time_key(b, &b->director.keys[LP_ROLE_TIME]);
    attest(b, attestation("7766554433221100", "2027-01-01T00:00:00Z"));
    refused(b, 0, LP_TIME_NONCE);
}

static void time_by_another_key_is_refused(void **state) {
    test_bench *b = *state;
    set_time_key(b, &b->director.keys[LP_ROLE_DELEGATED]);
    attest(b, attestation(NONCE, "2027-01-01T00:00:00Z"));
    refused(b, 0, LP_SIGNATURE_THRESHOLD);
}

/* A stolen targets key must not reset the clock. */
static void the_targets_key_signs_no_time(void **state) {
    test_bench *b = *state;
    set_time_key(b, &b->director.keys[LP_ROLE_TIME]);
    json_t *payload = attestation(NONCE, "2027-01-01T00:00:00Z");
    const lp_key *key = &b->director.keys[LP_ROLE_TARGETS];
    repo_serve(&b->director, "time", payload, &key, 1);
    json_decref(payload);
    refused(b, 0, LP_SIGNATURE_THRESHOLD);
}

static void without_a_time_key_in_root_no_time_is_trusted(void **state) {
    test_bench *b = *state;
    attest(b, attestation(NONCE, "2027-01-01T00:00:00Z"));
    refused(b, 0, LP_TIME_NO_KEY);
}

static void metadata_signed_by_the_time_key_is_no_time(void **state) {
    test_bench *b = *state;
    set_time_key(b, &b->director.keys[LP_ROLE_TIME]);
    json_t *payload = attestation(NONCE, "2027-01-01T00:00:00Z");
    json_object_set_new(payload, "_type", json_string("timestamp"));
    attest(b, payload);
    refused(b, 0, LP_WRONG_ROLE);
}

static void an_attestation_has_its_required_fields(void **state) {
    test_bench *b = *state;
    static const char *const members[] = {"_type", "nonces", "time"};
    set_time_key(b, &b->director.keys[LP_ROLE_TIME]);
    for (size_t i = 0; i < 3; i++) {
        json_t *payload = attestation(NONCE, "2027-01-01T00:00:00Z");
        json_object_del(payload, members[i]);
        attest(b, payload);
        refused(b, 0, LP_FIELD_MISSING);
    }
}

static void an_impossible_time_is_refused(void **state) {
    test_bench *b = *state;
    set_time_key(b, &b->director.keys[LP_ROLE_TIME]);
    attest(b, attestation(NONCE, "2027-02-30T00:00:00Z"));
    refused(b, 0, LP_FIELD_VALUE);
}

static void an_endless_attestation_is_refused(void **state) {
    test_bench *b = *state;
    lp_limits limits = lp_limits_gateway;
    int64_t now = 0;
    set_time_key(b, &b->director.keys[LP_ROLE_TIME]);
    attest(b, attestation(NONCE, "2027-01-01T00:00:00Z"));
    limits.time_bytes = (uint32_t)files_get(&b->director.files, "time").len - 1;
    assert_int_equal(check(b, &limits, 0, &now), LP_LIMIT_FILE);
}

/* As on a board, which has no room for more keys: whatever is wrong with the attestation besides. */
static void too_many_time_keys_are_refused_before_anything_is_read(void **state) {
    test_bench *b = *state;
    lp_limits limits = lp_limits_constrained;
    int64_t now = 0;
    char keyid[8];
    limits.time_bytes = 1;
    set_time_key(b, &b->director.keys[LP_ROLE_TIME]);
    attest(b, attestation(NONCE, "2027-01-01T00:00:00Z"));
    json_t *role = json_object_get(json_object_get(b->director.roles[LP_ROLE_ROOT], "custom"), "time");
    json_t *keyids = json_object_get(role, "keyids");
    while (json_array_size(keyids) < limits.keys) {
        snprintf(keyid, sizeof keyid, "%zu", json_array_size(keyids));
        json_array_append_new(keyids, json_string(keyid));
    }
    assert_int_equal(check(b, &limits, 0, &now), LP_LIMIT_FILE);
    json_array_append_new(keyids, json_string("one more"));
    assert_int_equal(check(b, &limits, 0, &now), LP_LIMIT_KEYS);
}

static void a_forged_time_is_refused(void **state) {
    test_bench *b = *state;
    set_time_key(b, &b->director.keys[LP_ROLE_TIME]);
    attest(b, attestation(NONCE, "2027-01-01T00:00:00Z"));
    lp_slice file = files_get(&b->director.files, "time");
    ((uint8_t *)(uintptr_t)file.ptr)[file.len - 5] ^= 1; /* a digit of the seconds */
    refused(b, 0, LP_SIGNATURE_THRESHOLD);
}

static void the_floor_is_forgotten_only_when_the_time_key_changes(void **state) {
    test_bench *b = *state;
    lp_partial runs[4];
    lp_trusted_root none = trusted_root(b, &runs[0]);
    set_time_key(b, &b->director.keys[LP_ROLE_TIME]);
    repo_next_root(&b->director, NULL);
    lp_trusted_root first = trusted_root(b, &runs[1]);
    repo_next_root(&b->director, NULL);
    lp_trusted_root same = trusted_root(b, &runs[2]);
    set_time_key(b, &b->director.keys[LP_ROLE_DELEGATED]);
    repo_next_root(&b->director, NULL);
    lp_trusted_root other = trusted_root(b, &runs[3]);
    assert_false(lp_time_key_rotated(&first, &same));
    assert_true(lp_time_key_rotated(&same, &other));
    assert_true(lp_time_key_rotated(&none, &first));
    assert_false(lp_time_key_rotated(&none, &none));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TUF_TEST(attested_time_is_read),
        LEGACY_TEST(legacy_attested_time_is_read),
        TUF_TEST(time_at_the_floor_is_good_and_below_it_is_not),
        TUF_TEST(another_askers_attestation_is_a_replay),
        TUF_TEST(time_by_another_key_is_refused),
        TUF_TEST(the_targets_key_signs_no_time),
        TUF_TEST(without_a_time_key_in_root_no_time_is_trusted),
        TUF_TEST(metadata_signed_by_the_time_key_is_no_time),
        TUF_TEST(an_attestation_has_its_required_fields),
        TUF_TEST(an_impossible_time_is_refused),
        TUF_TEST(an_endless_attestation_is_refused),
        TUF_TEST(too_many_time_keys_are_refused_before_anything_is_read),
        TUF_TEST(a_forged_time_is_refused),
        TUF_TEST(the_floor_is_forgotten_only_when_the_time_key_changes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
