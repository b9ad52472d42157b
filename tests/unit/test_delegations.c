/* SPDX-License-Identifier: Apache-2.0 */
/* The search for an image through delegations (Uptane 2.1.0, 5.4.4.7; TUF 1.0.34, 5.6.7). */
#include "bench.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static json_t *top(test_bench *b) {
    return b->image.roles[LP_ROLE_TARGETS];
}

static json_t *role(test_bench *b, const char *name) {
    return repo_role(&b->image, name);
}

static json_t *delegate(test_bench *b, json_t *from, const char *name, const char *pattern) {
    return repo_delegate(&b->image, from, name, pattern, false);
}

/* Adds an image to a role; its length tells later which role was believed. */
static void sign_image(json_t *targets, const char *name, int length) {
    repo_add_image(targets, name, length, NULL);
}

static lp_code search_with(test_bench *b, const lp_limits *limits, const char *image, const char *ecus,
                           lp_search *search, lp_tuf *tuf) {
    lp_tuf_config config = tuf_config(&b->image);
    config.limits = limits;
    assert_string_equal(lp_code_name(run_tuf(b, tuf, &config)), lp_code_name(LP_OK));
    return run_search(b, search, tuf, image, (lp_json){ecus, ecus == NULL ? 0 : strlen(ecus)});
}

/* Asserts that the search believes the role that gave the image `length`; 0: that no role signs it. */
static void found_for(test_bench *b, const char *ecus, const char *image, int length) {
    lp_tuf tuf;
    lp_search search;
    lp_code code = search_with(b, &lp_limits_gateway, image, ecus, &search, &tuf);
    assert_string_equal(lp_code_name(code), lp_code_name(LP_OK));
    const lp_target *target = lp_search_result(&search);
    assert_int_equal(target == NULL ? 0 : target->length_bytes, length);
}

static void found(test_bench *b, const char *image, int length) {
    found_for(b, NULL, image, length);
}

static void refused_under(test_bench *b, const lp_limits *limits, const char *image, lp_code code) {
    lp_tuf tuf;
    lp_search search;
    assert_string_equal(lp_code_name(search_with(b, limits, image, NULL, &search, &tuf)), lp_code_name(code));
    assert_refused(lp_search_error(&search), code, LP_REPO_IMAGE, LP_ROLE_DELEGATED);
    assert_null(lp_search_result(&search));
}

static void refused(test_bench *b, const char *image, lp_code code) {
    refused_under(b, &lp_limits_gateway, image, code);
}

/* One delegated role "supplier" with "a.bin" of 7 bytes. */
static void make_supplier(test_bench *b) {
    (void)delegate(b, top(b), "supplier", "*.bin");
    sign_image(role(b, "supplier"), "a.bin", 7);
    repo_publish_next(&b->image);
}

/* --- order --- */

static void an_image_of_the_top_level_needs_no_delegation(void **state) {
    test_bench *b = *state;
    sign_image(top(b), "a.bin", 1);
    make_supplier(b);
    found(b, "a.bin", 1);
    assert_string_equal(b->log, "");
}

static void an_image_of_a_delegated_role_is_found(void **state) {
    test_bench *b = *state;
    make_supplier(b);
    found(b, "a.bin", 7);
    assert_string_equal(b->log, " image/1.supplier.json");
}

static void legacy_delegated_roles_have_a_folder(void **state) {
    test_bench *b = *state;
    make_supplier(b);
    found(b, "a.bin", 7);
    assert_string_equal(b->log, " image/delegations/supplier.json");
}

static void a_role_whose_paths_do_not_match_is_not_asked(void **state) {
    test_bench *b = *state;
    make_supplier(b);
    found(b, "a.txt", 0);
    assert_string_equal(b->log, "");
}

static void the_first_delegation_has_priority(void **state) {
    test_bench *b = *state;
    (void)delegate(b, top(b), "first", "*");
    (void)delegate(b, top(b), "second", "*");
    sign_image(role(b, "first"), "a.bin", 1);
    sign_image(role(b, "second"), "a.bin", 2);
    repo_publish_next(&b->image);
    found(b, "a.bin", 1);
    assert_false(bench_fetched(b, "image/1.second.json"));
}

static void sub_delegations_come_before_the_next_delegation(void **state) {
    test_bench *b = *state;
    (void)delegate(b, top(b), "first", "*");
    (void)delegate(b, top(b), "second", "*");
    (void)delegate(b, role(b, "first"), "below-first", "*");
    sign_image(role(b, "below-first"), "a.bin", 1);
    sign_image(role(b, "second"), "a.bin", 2);
    repo_publish_next(&b->image);
    found(b, "a.bin", 1);
    assert_string_equal(b->log, " image/1.first.json image/1.below-first.json");
}

static void after_a_role_without_the_image_the_next_is_asked(void **state) {
    test_bench *b = *state;
    (void)delegate(b, top(b), "first", "*");
    (void)delegate(b, top(b), "second", "*");
    sign_image(role(b, "second"), "a.bin", 2);
    repo_publish_next(&b->image);
    found(b, "a.bin", 2);
}

static void a_terminating_delegation_ends_the_search(void **state) {
    test_bench *b = *state;
    (void)repo_delegate(&b->image, top(b), "first", "*", true);
    (void)delegate(b, top(b), "second", "*");
    sign_image(role(b, "second"), "a.bin", 2);
    repo_publish_next(&b->image);
    found(b, "a.bin", 0);
    assert_false(bench_fetched(b, "image/1.second.json"));
}

static void a_terminating_delegation_for_other_paths_ends_nothing(void **state) {
    test_bench *b = *state;
    (void)repo_delegate(&b->image, top(b), "first", "*.txt", true);
    (void)delegate(b, top(b), "second", "*");
    sign_image(role(b, "second"), "a.bin", 2);
    repo_publish_next(&b->image);
    found(b, "a.bin", 2);
}

static void below_a_terminating_delegation_the_search_goes_on(void **state) {
    test_bench *b = *state;
    (void)repo_delegate(&b->image, top(b), "first", "*", true);
    (void)delegate(b, role(b, "first"), "below-first", "*");
    sign_image(role(b, "below-first"), "a.bin", 3);
    repo_publish_next(&b->image);
    found(b, "a.bin", 3);
}

static void a_deep_terminating_delegation_ends_the_whole_search(void **state) {
    test_bench *b = *state;
    (void)delegate(b, top(b), "first", "*");
    (void)delegate(b, top(b), "second", "*");
    (void)repo_delegate(&b->image, role(b, "first"), "below-first", "*", true);
    sign_image(role(b, "second"), "a.bin", 2);
    repo_publish_next(&b->image);
    found(b, "a.bin", 0);
}

static void a_role_may_not_sign_beyond_what_is_delegated_to_it(void **state) {
    test_bench *b = *state;
    (void)delegate(b, top(b), "first", "x/*");
    (void)delegate(b, role(b, "first"), "below-first", "*");
    sign_image(role(b, "below-first"), "a.bin", 3);
    repo_publish_next(&b->image);
    found(b, "a.bin", 0);
}

/* --- graphs that do not end --- */

static void a_cycle_ends(void **state) {
    test_bench *b = *state;
    (void)delegate(b, top(b), "first", "*");
    (void)delegate(b, role(b, "first"), "second", "*");
    (void)delegate(b, role(b, "second"), "first", "*");
    repo_publish_next(&b->image);
    found(b, "a.bin", 0);
    assert_string_equal(b->log, " image/1.first.json image/1.second.json");
}

static void too_many_delegations_are_a_limit(void **state) {
    test_bench *b = *state;
    lp_limits limits = lp_limits_gateway;
    for (int i = 0; i < 4; i++) {
        char name[16];
        snprintf(name, sizeof name, "role-%d", i);
        (void)delegate(b, top(b), name, "*");
    }
    repo_publish_next(&b->image);
    limits.delegations = 4;
    lp_tuf tuf;
    lp_search search;
    assert_int_equal(search_with(b, &limits, "a.bin", NULL, &search, &tuf), LP_OK);
    limits.delegations = 3;
    refused_under(b, &limits, "a.bin", LP_LIMIT_DELEGATIONS);
}

static void delegations_nested_too_deeply_are_a_limit(void **state) {
    test_bench *b = *state;
    lp_limits limits = lp_limits_gateway;
    json_t *from = top(b);
    for (int i = 0; i < 3; i++) {
        char name[16];
        snprintf(name, sizeof name, "role-%d", i);
        (void)delegate(b, from, name, "*");
        from = role(b, name);
    }
    repo_publish_next(&b->image);
    limits.delegation_depth = 3;
    lp_tuf tuf;
    lp_search search;
    assert_int_equal(search_with(b, &limits, "a.bin", NULL, &search, &tuf), LP_OK);
    limits.delegation_depth = 2;
    refused_under(b, &limits, "a.bin", LP_LIMIT_DELEGATION_DEPTH);
}

/* --- which apply --- */

static void tuf_patterns_do_not_cross_folders(void **state) {
    test_bench *b = *state;
    (void)delegate(b, top(b), "supplier", "*.bin");
    sign_image(role(b, "supplier"), "dir/a.bin", 7);
    repo_publish_next(&b->image);
    found(b, "dir/a.bin", 0);
}

static void legacy_patterns_cross_folders(void **state) {
    test_bench *b = *state;
    (void)delegate(b, top(b), "supplier", "*.bin");
    sign_image(role(b, "supplier"), "dir/a.bin", 7);
    repo_publish_next(&b->image);
    found(b, "dir/a.bin", 7);
}

/* Replaces `paths` of a delegation by prefixes of the SHA-256 of image names; that of "a.bin" is 4fef9cff... */
static void delegate_by_prefix(test_bench *b, const char *prefix) {
    json_t *delegation = delegate(b, top(b), "supplier", "*");
    json_object_del(delegation, "paths");
    json_object_set_new(delegation, "path_hash_prefixes", json_pack("[s]", prefix));
    sign_image(role(b, "supplier"), "a.bin", 7);
    repo_publish_next(&b->image);
}

static void a_hash_prefix_that_fits_applies(void **state) {
    test_bench *b = *state;
    delegate_by_prefix(b, "4fef");
    found(b, "a.bin", 7);
}

static void a_hash_prefix_that_does_not_fit_does_not_apply(void **state) {
    test_bench *b = *state;
    delegate_by_prefix(b, "4fe0");
    found(b, "a.bin", 0);
}

static void delegate_for_hardware(test_bench *b, const char *hardware) {
    json_t *delegation = delegate(b, top(b), "supplier", "*");
    json_object_set_new(delegation, "hardwareIds", json_pack("[s, s]", "other-hw", hardware));
    sign_image(role(b, "supplier"), "a.bin", 7);
    repo_publish_next(&b->image);
}

static void a_delegation_for_the_hardware_applies(void **state) {
    test_bench *b = *state;
    delegate_for_hardware(b, "brake-hw");
    found_for(b, "{\"brake\":{\"hardwareId\":\"brake-hw\"}}", "a.bin", 7);
}

static void a_delegation_for_other_hardware_does_not_apply(void **state) {
    test_bench *b = *state;
    delegate_for_hardware(b, "radar-hw");
    found_for(b, "{\"brake\":{\"hardwareId\":\"brake-hw\"}}", "a.bin", 0);
}

static void a_delegation_must_be_for_the_hardware_of_every_ecu(void **state) {
    test_bench *b = *state;
    delegate_for_hardware(b, "brake-hw");
    found_for(b, "{\"brake\":{\"hardwareId\":\"brake-hw\"},\"ivi\":{\"hardwareId\":\"ivi-hw\"}}", "a.bin", 0);
}

static void a_slash_in_a_role_name_makes_no_folder(void **state) {
    test_bench *b = *state;
    (void)delegate(b, top(b), "../up", "*");
    sign_image(role(b, "../up"), "a.bin", 5);
    repo_publish_next(&b->image);
    found(b, "a.bin", 5);
    assert_string_equal(b->log, " image/1...%2Fup.json");
}

/* --- the file of a delegated role --- */

static json_t *entry(test_bench *b) {
    return repo_entry(&b->image, LP_ROLE_SNAPSHOT, "supplier.json");
}

static void a_delegated_role_by_another_key_is_refused(void **state) {
    test_bench *b = *state;
    make_supplier(b);
    const lp_key *key = &b->image.keys[LP_ROLE_TARGETS];
    repo_serve(&b->image, "1.supplier.json", role(b, "supplier"), &key, 1);
    repo_refer(&b->image, LP_ROLE_SNAPSHOT);
    repo_publish_snapshot(&b->image);
    refused(b, "a.bin", LP_SIGNATURE_THRESHOLD);
}

static void an_expired_delegated_role_is_refused(void **state) {
    test_bench *b = *state;
    make_supplier(b);
    set_expires(role(b, "supplier"), TEST_EXPIRED);
    repo_publish_next(&b->image);
    refused(b, "a.bin", LP_EXPIRED);
}

static void a_delegated_role_that_is_promised_must_be_there(void **state) {
    test_bench *b = *state;
    make_supplier(b);
    files_remove(&b->image.files, "1.supplier.json");
    refused(b, "a.bin", LP_MISSING_FILE);
}

static void a_delegated_role_must_be_in_the_snapshot(void **state) {
    test_bench *b = *state;
    make_supplier(b);
    json_object_del(json_object_get(b->image.roles[LP_ROLE_SNAPSHOT], "meta"), "supplier.json");
    repo_publish_snapshot(&b->image);
    refused(b, "a.bin", LP_ROLE_NOT_LISTED);
}

static void a_delegated_role_of_another_version_is_refused(void **state) {
    test_bench *b = *state;
    make_supplier(b);
    set_version(entry(b), 2);
    repo_publish_snapshot(&b->image);
    files_put(&b->image.files, "2.supplier.json", files_get(&b->image.files, "1.supplier.json"));
    refused(b, "a.bin", LP_VERSION_MISMATCH);
}

static void a_delegated_role_with_another_hash_is_refused(void **state) {
    test_bench *b = *state;
    make_supplier(b);
    change_hash(entry(b));
    repo_publish_snapshot(&b->image);
    refused(b, "a.bin", LP_HASH_MISMATCH);
}

static void a_delegated_role_shorter_than_listed_is_refused(void **state) {
    test_bench *b = *state;
    make_supplier(b);
    add_to_length(entry(b), 1);
    repo_publish_snapshot(&b->image);
    refused(b, "a.bin", LP_LENGTH_MISMATCH);
}

static void a_delegated_role_longer_than_listed_is_refused(void **state) {
    test_bench *b = *state;
    make_supplier(b);
    add_to_length(entry(b), -1);
    repo_publish_snapshot(&b->image);
    refused(b, "a.bin", LP_LIMIT_FILE);
}

static void an_older_delegated_role_is_refused_without_a_stored_snapshot_too(void **state) {
    test_bench *b = *state;
    make_supplier(b);
    set_version(role(b, "supplier"), 2);
    repo_publish_next(&b->image);
    found(b, "a.bin", 7);
    files_remove(&b->store, "image/timestamp.json");
    files_remove(&b->store, "image/snapshot.json");
    set_version(role(b, "supplier"), 1);
    repo_publish_next(&b->image);
    refused(b, "a.bin", LP_ROLLBACK_VERSION);
}

static void another_role_in_place_of_a_delegated_one_is_refused(void **state) {
    test_bench *b = *state;
    make_supplier(b);
    files_put(&b->image.files, "1.supplier.json", files_get(&b->image.files, "timestamp.json"));
    json_object_del(entry(b), "hashes");
    json_object_del(entry(b), "length");
    repo_publish_snapshot(&b->image);
    refused(b, "a.bin", LP_WRONG_ROLE);
}

static void a_failed_transfer_is_passed_on_by_name(void **state) {
    test_bench *b = *state;
    make_supplier(b);
    b->fail_fetch = "image/1.supplier.json";
    b->fail_code = LP_SLOW_RETRIEVAL;
    refused(b, "a.bin", LP_SLOW_RETRIEVAL);
}

static void a_delegated_role_that_cannot_be_stored_is_not_trusted(void **state) {
    test_bench *b = *state;
    make_supplier(b);
    b->fail_store = "image/supplier.json";
    refused(b, "a.bin", LP_STATE);
}

static void a_stored_delegated_role_is_not_fetched_again(void **state) {
    test_bench *b = *state;
    make_supplier(b);
    found(b, "a.bin", 7);
    found(b, "a.bin", 7);
    assert_string_equal(b->log, "");
}

static void a_damaged_stored_delegated_role_is_fetched_again(void **state) {
    test_bench *b = *state;
    make_supplier(b);
    found(b, "a.bin", 7);
    files_damage(&b->store, "image/supplier.json");
    found(b, "a.bin", 7);
    assert_string_equal(b->log, " image/1.supplier.json");
}

static void a_stored_copy_counts_under_the_keys_of_now_only(void **state) {
    test_bench *b = *state;
    make_supplier(b);
    found(b, "a.bin", 7);
    json_t *delegations = json_object_get(top(b), "delegations");
    json_t *delegation = json_array_get(json_object_get(delegations, "roles"), 0);
    add_key(&b->image, json_object_get(delegations, "keys"), &b->image.keys[LP_ROLE_TIME]);
    json_object_set_new(delegation, "keyids", json_pack("[s]", b->image.keys[LP_ROLE_TIME].signer.keyid));
    repo_publish_next(&b->image);
    refused(b, "a.bin", LP_SIGNATURE_THRESHOLD);
}

static void a_delegated_role_has_a_largest_number_of_keys(void **state) {
    test_bench *b = *state;
    lp_limits limits = lp_limits_gateway;
    lp_tuf tuf;
    lp_search search;
    make_supplier(b);
    json_t *delegation = json_array_get(json_object_get(json_object_get(top(b), "delegations"), "roles"), 0);
    json_array_append_new(json_object_get(delegation, "keyids"), json_string("another"));
    repo_publish_next(&b->image);
    limits.keys = 2;
    assert_string_equal(lp_code_name(search_with(b, &limits, "a.bin", NULL, &search, &tuf)), lp_code_name(LP_OK));
    limits.keys = 1;
    refused_under(b, &limits, "a.bin", LP_LIMIT_KEYS);
}

static unsigned hashes_before_failure;

/* OpenSSL's, but one hash cannot be had. */
static bool begin_but_once(const lp_crypto *crypto, lp_hash *hash, lp_hash_alg alg) {
    (void)crypto;
    return hashes_before_failure-- != 0 && lp_crypto_openssl.hash_begin(&lp_crypto_openssl, hash, alg);
}

/* Names of images and roles are hashed; what cannot be hashed cannot be looked for. */
static void without_memory_to_hash_names_the_search_is_refused(void **state) {
    test_bench *b = *state;
    lp_tuf tuf;
    lp_search search;
    lp_crypto crypto = lp_crypto_openssl;
    lp_tuf_config config = tuf_config(&b->image);
    make_supplier(b);
    config.crypto = &crypto;
    assert_int_equal(run_tuf(b, &tuf, &config), LP_OK);
    crypto.hash_begin = begin_but_once;
    for (unsigned hashes = 0; hashes < 2; hashes++) {
        hashes_before_failure = hashes;
        assert_string_equal(lp_code_name(run_search(b, &search, &tuf, "a.bin", (lp_json){NULL, 0})),
                            lp_code_name(LP_LIMIT_MEMORY));
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TUF_TEST(an_image_of_the_top_level_needs_no_delegation),
        TUF_TEST(an_image_of_a_delegated_role_is_found),
        LEGACY_TEST(legacy_delegated_roles_have_a_folder),
        TUF_TEST(a_role_whose_paths_do_not_match_is_not_asked),
        TUF_TEST(the_first_delegation_has_priority),
        TUF_TEST(sub_delegations_come_before_the_next_delegation),
        TUF_TEST(after_a_role_without_the_image_the_next_is_asked),
        TUF_TEST(a_terminating_delegation_ends_the_search),
        TUF_TEST(a_terminating_delegation_for_other_paths_ends_nothing),
        TUF_TEST(below_a_terminating_delegation_the_search_goes_on),
        TUF_TEST(a_deep_terminating_delegation_ends_the_whole_search),
        TUF_TEST(a_role_may_not_sign_beyond_what_is_delegated_to_it),
        TUF_TEST(a_cycle_ends),
        TUF_TEST(too_many_delegations_are_a_limit),
        TUF_TEST(delegations_nested_too_deeply_are_a_limit),
        TUF_TEST(tuf_patterns_do_not_cross_folders),
        LEGACY_TEST(legacy_patterns_cross_folders),
        TUF_TEST(a_hash_prefix_that_fits_applies),
        TUF_TEST(a_hash_prefix_that_does_not_fit_does_not_apply),
        TUF_TEST(a_delegation_for_the_hardware_applies),
        TUF_TEST(a_delegation_for_other_hardware_does_not_apply),
        TUF_TEST(a_delegation_must_be_for_the_hardware_of_every_ecu),
        TUF_TEST(a_slash_in_a_role_name_makes_no_folder),
        TUF_TEST(a_delegated_role_by_another_key_is_refused),
        TUF_TEST(an_expired_delegated_role_is_refused),
        TUF_TEST(a_delegated_role_that_is_promised_must_be_there),
        TUF_TEST(a_delegated_role_must_be_in_the_snapshot),
        TUF_TEST(a_delegated_role_of_another_version_is_refused),
        TUF_TEST(a_delegated_role_with_another_hash_is_refused),
        TUF_TEST(a_delegated_role_shorter_than_listed_is_refused),
        TUF_TEST(a_delegated_role_longer_than_listed_is_refused),
        TUF_TEST(an_older_delegated_role_is_refused_without_a_stored_snapshot_too),
        TUF_TEST(another_role_in_place_of_a_delegated_one_is_refused),
        TUF_TEST(a_failed_transfer_is_passed_on_by_name),
        TUF_TEST(a_delegated_role_that_cannot_be_stored_is_not_trusted),
        TUF_TEST(a_stored_delegated_role_is_not_fetched_again),
        TUF_TEST(a_damaged_stored_delegated_role_is_fetched_again),
        TUF_TEST(a_stored_copy_counts_under_the_keys_of_now_only),
        TUF_TEST(a_delegated_role_has_a_largest_number_of_keys),
        TUF_TEST(without_memory_to_hash_names_the_search_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
