/* SPDX-License-Identifier: Apache-2.0 */
/* Timestamp (Uptane 2.1.0, 5.4.4.4; TUF 1.0.34, 5.4). */
#include "bench.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static json_t *payload(test_bench *b, lp_role role) {
    return b->image.roles[role];
}

static void a_timestamp_by_another_key_is_refused(void **state) {
    test_bench *b = *state;
    repo_sign_as(&b->image, LP_ROLE_TIMESTAMP, LP_ROLE_TARGETS);
    assert_repo_refused(b, NULL, LP_SIGNATURE_THRESHOLD, LP_ROLE_TIMESTAMP);
}

static void an_older_timestamp_is_refused(void **state) {
    test_bench *b = *state;
    repo_publish_next(&b->image);
    assert_repo_trusted(b, NULL);
    set_version(payload(b, LP_ROLE_TIMESTAMP), 1);
    repo_sign(&b->image, LP_ROLE_TIMESTAMP);
    assert_repo_refused(b, NULL, LP_ROLLBACK_VERSION, LP_ROLE_TIMESTAMP);
}

static void a_timestamp_that_lists_an_older_snapshot_is_refused(void **state) {
    test_bench *b = *state;
    repo_publish_next(&b->image);
    assert_repo_trusted(b, NULL);
    set_version(repo_entry(&b->image, LP_ROLE_TIMESTAMP, "snapshot.json"), 1);
    set_version(payload(b, LP_ROLE_TIMESTAMP), 3);
    repo_sign(&b->image, LP_ROLE_TIMESTAMP);
    assert_repo_refused(b, NULL, LP_ROLLBACK_SNAPSHOT_ENTRY, LP_ROLE_TIMESTAMP);
}

static void an_expired_timestamp_is_refused(void **state) {
    test_bench *b = *state;
    set_expires(payload(b, LP_ROLE_TIMESTAMP), TEST_EXPIRED);
    repo_sign(&b->image, LP_ROLE_TIMESTAMP);
    assert_repo_refused(b, NULL, LP_EXPIRED, LP_ROLE_TIMESTAMP);
}

static void a_timestamp_that_expired_since_is_a_freeze(void **state) {
    test_bench *b = *state;
    assert_repo_trusted(b, NULL);
    lp_tuf_config config = tuf_config(&b->image);
    json_t *timestamp = payload(b, LP_ROLE_TIMESTAMP);
    set_expires(timestamp, "2027-01-02T00:00:00Z");
    set_version(timestamp, 2);
    repo_sign(&b->image, LP_ROLE_TIMESTAMP);
    assert_repo_trusted(b, NULL);
    config.now = TEST_NOW + 24 * 60 * 60;
    assert_repo_refused(b, &config, LP_EXPIRED, LP_ROLE_TIMESTAMP);
}

static void an_expired_stored_timestamp_does_not_block_a_new_one(void **state) {
    test_bench *b = *state;
    set_expires(payload(b, LP_ROLE_TIMESTAMP), "2027-01-01T00:00:01Z");
    repo_sign(&b->image, LP_ROLE_TIMESTAMP);
    assert_repo_trusted(b, NULL);
    set_expires(payload(b, LP_ROLE_TIMESTAMP), TEST_EXPIRES);
    repo_publish_next(&b->image);
    lp_tuf tuf;
    lp_tuf_config config = tuf_config(&b->image);
    config.now = TEST_NOW + 60;
    assert_int_equal(run_tuf(b, &tuf, &config), LP_OK);
}

static void without_a_timestamp_there_is_nothing_to_start_from(void **state) {
    test_bench *b = *state;
    files_remove(&b->image.files, "timestamp.json");
    assert_repo_refused(b, NULL, LP_UNREACHABLE, LP_ROLE_TIMESTAMP);
}

static void an_endless_timestamp_is_refused(void **state) {
    test_bench *b = *state;
    lp_limits limits = lp_limits_gateway;
    lp_tuf_config config = tuf_config(&b->image);
    config.limits = &limits;
    limits.timestamp_bytes = (uint32_t)files_get(&b->image.files, "timestamp.json").len - 1;
    assert_repo_refused(b, &config, LP_LIMIT_FILE, LP_ROLE_TIMESTAMP);
}

static void a_timestamp_without_snapshot_is_refused(void **state) {
    test_bench *b = *state;
    json_object_clear(json_object_get(payload(b, LP_ROLE_TIMESTAMP), "meta"));
    repo_sign(&b->image, LP_ROLE_TIMESTAMP);
    assert_repo_refused(b, NULL, LP_ROLE_NOT_LISTED, LP_ROLE_TIMESTAMP);
}

static void a_snapshot_in_place_of_the_timestamp_is_refused(void **state) {
    test_bench *b = *state;
    files_put(&b->image.files, "timestamp.json", files_get(&b->image.files, "1.snapshot.json"));
    assert_repo_refused(b, NULL, LP_WRONG_ROLE, LP_ROLE_TIMESTAMP);
}

static void a_damaged_stored_timestamp_is_as_good_as_none(void **state) {
    test_bench *b = *state;
    assert_repo_trusted(b, NULL);
    files_damage(&b->store, "image/timestamp.json");
    assert_repo_trusted(b, NULL);
    assert_memory_equal(files_get(&b->store, "image/timestamp.json").ptr,
                        files_get(&b->image.files, "timestamp.json").ptr,
                        files_get(&b->image.files, "timestamp.json").len);
}

static void slow_retrieval_is_passed_on_by_name(void **state) {
    test_bench *b = *state;
    b->fail_fetch = "image/timestamp.json";
    b->fail_code = LP_SLOW_RETRIEVAL;
    assert_repo_refused(b, NULL, LP_SLOW_RETRIEVAL, LP_ROLE_TIMESTAMP);
}

static void a_timestamp_that_cannot_be_stored_ends_the_run(void **state) {
    test_bench *b = *state;
    b->fail_store = "image/timestamp.json";
    assert_repo_refused(b, NULL, LP_STATE, LP_ROLE_TIMESTAMP);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TUF_TEST(a_timestamp_by_another_key_is_refused),
        TUF_TEST(an_older_timestamp_is_refused),
        TUF_TEST(a_timestamp_that_lists_an_older_snapshot_is_refused),
        TUF_TEST(an_expired_timestamp_is_refused),
        TUF_TEST(a_timestamp_that_expired_since_is_a_freeze),
        TUF_TEST(an_expired_stored_timestamp_does_not_block_a_new_one),
        TUF_TEST(without_a_timestamp_there_is_nothing_to_start_from),
        TUF_TEST(an_endless_timestamp_is_refused),
        TUF_TEST(a_timestamp_without_snapshot_is_refused),
        TUF_TEST(a_snapshot_in_place_of_the_timestamp_is_refused),
        TUF_TEST(a_damaged_stored_timestamp_is_as_good_as_none),
        TUF_TEST(slow_retrieval_is_passed_on_by_name),
        TUF_TEST(a_timestamp_that_cannot_be_stored_ends_the_run),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
