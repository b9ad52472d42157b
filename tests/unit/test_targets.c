/* SPDX-License-Identifier: Apache-2.0 */
/* Top-level targets (Uptane 2.1.0, 5.4.4.6; TUF 1.0.34, 5.6). */
#include "bench.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static json_t *payload(test_bench *b, lp_role role) {
    return b->image.roles[role];
}

static void targets_of_another_version_than_listed_are_refused(void **state) {
    test_bench *b = *state;
    set_version(repo_entry(&b->image, LP_ROLE_SNAPSHOT, "targets.json"), 2);
    repo_publish_snapshot(&b->image);
    files_put(&b->image.files, "2.targets.json", files_get(&b->image.files, "1.targets.json"));
    assert_repo_refused(b, NULL, LP_VERSION_MISMATCH, LP_ROLE_TARGETS);
}

static void targets_with_another_hash_are_refused(void **state) {
    test_bench *b = *state;
    change_hash(repo_entry(&b->image, LP_ROLE_SNAPSHOT, "targets.json"));
    repo_publish_snapshot(&b->image);
    assert_repo_refused(b, NULL, LP_HASH_MISMATCH, LP_ROLE_TARGETS);
}

static void targets_shorter_than_listed_are_refused(void **state) {
    test_bench *b = *state;
    add_to_length(repo_entry(&b->image, LP_ROLE_SNAPSHOT, "targets.json"), 1);
    repo_publish_snapshot(&b->image);
    assert_repo_refused(b, NULL, LP_LENGTH_MISMATCH, LP_ROLE_TARGETS);
}

static void targets_longer_than_listed_are_refused(void **state) {
    test_bench *b = *state;
    add_to_length(repo_entry(&b->image, LP_ROLE_SNAPSHOT, "targets.json"), -1);
    repo_publish_snapshot(&b->image);
    assert_repo_refused(b, NULL, LP_LIMIT_FILE, LP_ROLE_TARGETS);
}

static void targets_by_another_key_are_refused(void **state) {
    test_bench *b = *state;
    repo_sign_as(&b->image, LP_ROLE_TARGETS, LP_ROLE_SNAPSHOT);
    repo_refer(&b->image, LP_ROLE_SNAPSHOT);
    repo_publish_snapshot(&b->image);
    assert_repo_refused(b, NULL, LP_SIGNATURE_THRESHOLD, LP_ROLE_TARGETS);
}

static void older_targets_are_refused_without_a_stored_snapshot_too(void **state) {
    test_bench *b = *state;
    repo_publish_next(&b->image);
    assert_repo_trusted(b, NULL);
    files_remove(&b->store, "image/timestamp.json");
    files_remove(&b->store, "image/snapshot.json");
    set_version(payload(b, LP_ROLE_TARGETS), 1);
    repo_publish(&b->image);
    assert_repo_refused(b, NULL, LP_ROLLBACK_VERSION, LP_ROLE_TARGETS);
}

static void expired_targets_are_refused(void **state) {
    test_bench *b = *state;
    set_expires(payload(b, LP_ROLE_TARGETS), TEST_EXPIRED);
    repo_publish(&b->image);
    assert_repo_refused(b, NULL, LP_EXPIRED, LP_ROLE_TARGETS);
}

static void stored_targets_that_expired_since_are_a_freeze(void **state) {
    test_bench *b = *state;
    set_expires(payload(b, LP_ROLE_TARGETS), "2027-01-02T00:00:00Z");
    repo_publish(&b->image);
    assert_repo_trusted(b, NULL);
    lp_tuf_config config = tuf_config(&b->image);
    config.now = TEST_NOW + 24 * 60 * 60;
    assert_repo_refused(b, &config, LP_EXPIRED, LP_ROLE_TARGETS);
}

static void targets_that_are_promised_must_be_there(void **state) {
    test_bench *b = *state;
    files_remove(&b->image.files, "1.targets.json");
    assert_repo_refused(b, NULL, LP_MISSING_FILE, LP_ROLE_TARGETS);
}

static void damaged_stored_targets_are_fetched_again(void **state) {
    test_bench *b = *state;
    assert_repo_trusted(b, NULL);
    files_damage(&b->store, "image/targets.json");
    assert_repo_trusted(b, NULL);
    assert_true(bench_fetched(b, "image/1.targets.json"));
}

static void targets_that_cannot_be_stored_are_not_trusted(void **state) {
    test_bench *b = *state;
    b->fail_store = "image/targets.json";
    assert_repo_refused(b, NULL, LP_STATE, LP_ROLE_TARGETS);
}

/* --- root and targets only: legacy directors, partial verification --- */

static lp_tuf_config two_roles(const test_bench *b) {
    lp_tuf_config config = tuf_config(&b->image);
    config.root_and_targets_only = true;
    return config;
}

static void with_two_roles_nothing_else_is_asked_for(void **state) {
    test_bench *b = *state;
    lp_tuf tuf;
    lp_tuf_config config = two_roles(b);
    files_put(&b->image.files, "targets.json", files_get(&b->image.files, "1.targets.json"));
    assert_int_equal(run_tuf(b, &tuf, &config), LP_OK);
    assert_string_equal(b->log, " image/2.root.json image/targets.json");
}

static void legacy_with_two_roles_older_targets_are_refused(void **state) {
    test_bench *b = *state;
    lp_tuf tuf;
    lp_tuf_config config = two_roles(b);
    repo_publish_next(&b->image);
    assert_int_equal(run_tuf(b, &tuf, &config), LP_OK);
    set_version(payload(b, LP_ROLE_TARGETS), 1);
    repo_sign(&b->image, LP_ROLE_TARGETS);
    assert_repo_refused(b, &config, LP_ROLLBACK_VERSION, LP_ROLE_TARGETS);
}

static void legacy_with_two_roles_targets_are_bounded(void **state) {
    test_bench *b = *state;
    lp_limits limits = lp_limits_gateway;
    lp_tuf_config config = two_roles(b);
    config.limits = &limits;
    limits.targets_bytes = (uint32_t)files_get(&b->image.files, "targets.json").len - 1;
    assert_repo_refused(b, &config, LP_LIMIT_FILE, LP_ROLE_TARGETS);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TUF_TEST(targets_of_another_version_than_listed_are_refused),
        TUF_TEST(targets_with_another_hash_are_refused),
        TUF_TEST(targets_shorter_than_listed_are_refused),
        TUF_TEST(targets_longer_than_listed_are_refused),
        TUF_TEST(targets_by_another_key_are_refused),
        TUF_TEST(older_targets_are_refused_without_a_stored_snapshot_too),
        TUF_TEST(expired_targets_are_refused),
        TUF_TEST(stored_targets_that_expired_since_are_a_freeze),
        TUF_TEST(targets_that_are_promised_must_be_there),
        TUF_TEST(damaged_stored_targets_are_fetched_again),
        TUF_TEST(targets_that_cannot_be_stored_are_not_trusted),
        TUF_TEST(with_two_roles_nothing_else_is_asked_for),
        LEGACY_TEST(legacy_with_two_roles_older_targets_are_refused),
        LEGACY_TEST(legacy_with_two_roles_targets_are_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
