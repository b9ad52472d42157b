/* SPDX-License-Identifier: Apache-2.0 */
/* Snapshot (Uptane 2.1.0, 5.4.4.5; TUF 1.0.34, 5.5). */
#include "bench.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static json_t *payload(test_bench *b, lp_role role) {
    return b->image.roles[role];
}

static void a_snapshot_of_another_version_than_listed_is_refused(void **state) {
    test_bench *b = *state;
    json_t *info = repo_entry(&b->image, LP_ROLE_TIMESTAMP, "snapshot.json");
    set_version(info, 2);
    repo_sign(&b->image, LP_ROLE_TIMESTAMP);
    files_put(&b->image.files, "2.snapshot.json", files_get(&b->image.files, "1.snapshot.json"));
    assert_repo_refused(b, NULL, LP_VERSION_MISMATCH, LP_ROLE_SNAPSHOT);
}

static void a_snapshot_with_another_hash_is_refused(void **state) {
    test_bench *b = *state;
    change_hash(repo_entry(&b->image, LP_ROLE_TIMESTAMP, "snapshot.json"));
    repo_sign(&b->image, LP_ROLE_TIMESTAMP);
    assert_repo_refused(b, NULL, LP_HASH_MISMATCH, LP_ROLE_SNAPSHOT);
}

static void a_snapshot_shorter_than_listed_is_refused(void **state) {
    test_bench *b = *state;
    add_to_length(repo_entry(&b->image, LP_ROLE_TIMESTAMP, "snapshot.json"), 1);
    repo_sign(&b->image, LP_ROLE_TIMESTAMP);
    assert_repo_refused(b, NULL, LP_LENGTH_MISMATCH, LP_ROLE_SNAPSHOT);
}

static void a_snapshot_longer_than_listed_is_refused(void **state) {
    test_bench *b = *state;
    add_to_length(repo_entry(&b->image, LP_ROLE_TIMESTAMP, "snapshot.json"), -1);
    repo_sign(&b->image, LP_ROLE_TIMESTAMP);
    assert_repo_refused(b, NULL, LP_LIMIT_FILE, LP_ROLE_SNAPSHOT);
}

static void a_snapshot_of_unlisted_length_is_bounded(void **state) {
    test_bench *b = *state;
    json_object_del(repo_entry(&b->image, LP_ROLE_TIMESTAMP, "snapshot.json"), "length");
    repo_sign(&b->image, LP_ROLE_TIMESTAMP);
    lp_limits limits = lp_limits_gateway;
    lp_tuf_config config = tuf_config(&b->image);
    config.limits = &limits;
    limits.snapshot_bytes = (uint32_t)files_get(&b->image.files, "1.snapshot.json").len - 1;
    assert_repo_refused(b, &config, LP_LIMIT_FILE, LP_ROLE_SNAPSHOT);
    limits.snapshot_bytes++;
    lp_tuf tuf;
    assert_int_equal(run_tuf(b, &tuf, &config), LP_OK);
}

static void hash_and_length_in_the_timestamp_are_optional(void **state) {
    test_bench *b = *state;
    json_object_del(repo_entry(&b->image, LP_ROLE_TIMESTAMP, "snapshot.json"), "length");
    json_object_del(repo_entry(&b->image, LP_ROLE_TIMESTAMP, "snapshot.json"), "hashes");
    repo_sign(&b->image, LP_ROLE_TIMESTAMP);
    assert_repo_trusted(b, NULL);
}

static void legacy_hashes_may_be_over_the_canonical_form(void **state) {
    test_bench *b = *state;
    lp_slice plain = files_get(&b->image.files, "snapshot.json");
    char *indented = malloc(plain.len + 3);
    assert_non_null(indented);
    int len = snprintf(indented, plain.len + 3, "%.*s\n", (int)plain.len, (const char *)plain.ptr);
    files_put(&b->image.files, "snapshot.json", (lp_slice){(uint8_t *)indented, (size_t)len});
    free(indented);
    add_to_length(repo_entry(&b->image, LP_ROLE_TIMESTAMP, "snapshot.json"), 1);
    repo_sign(&b->image, LP_ROLE_TIMESTAMP);
    assert_repo_trusted(b, NULL);
}

static void hashes_are_over_the_served_bytes(void **state) {
    test_bench *b = *state;
    lp_slice plain = files_get(&b->image.files, "1.snapshot.json");
    char *indented = malloc(plain.len + 3);
    assert_non_null(indented);
    int len = snprintf(indented, plain.len + 3, "%.*s\n", (int)plain.len, (const char *)plain.ptr);
    files_put(&b->image.files, "1.snapshot.json", (lp_slice){(uint8_t *)indented, (size_t)len});
    free(indented);
    add_to_length(repo_entry(&b->image, LP_ROLE_TIMESTAMP, "snapshot.json"), 1);
    repo_sign(&b->image, LP_ROLE_TIMESTAMP);
    assert_repo_refused(b, NULL, LP_HASH_MISMATCH, LP_ROLE_SNAPSHOT);
}

static void a_snapshot_by_another_key_is_refused(void **state) {
    test_bench *b = *state;
    repo_sign_as(&b->image, LP_ROLE_SNAPSHOT, LP_ROLE_TIMESTAMP);
    repo_refer(&b->image, LP_ROLE_TIMESTAMP);
    repo_sign(&b->image, LP_ROLE_TIMESTAMP);
    assert_repo_refused(b, NULL, LP_SIGNATURE_THRESHOLD, LP_ROLE_SNAPSHOT);
}

static void an_older_snapshot_is_refused_without_a_stored_timestamp_too(void **state) {
    test_bench *b = *state;
    repo_publish_next(&b->image);
    assert_repo_trusted(b, NULL);
    files_remove(&b->store, "image/timestamp.json");
    set_version(payload(b, LP_ROLE_SNAPSHOT), 1);
    repo_publish_snapshot(&b->image);
    assert_repo_refused(b, NULL, LP_ROLLBACK_VERSION, LP_ROLE_SNAPSHOT);
}

static void a_snapshot_that_lists_older_targets_is_refused(void **state) {
    test_bench *b = *state;
    repo_publish_next(&b->image);
    assert_repo_trusted(b, NULL);
    set_version(payload(b, LP_ROLE_TARGETS), 1);
    set_version(payload(b, LP_ROLE_SNAPSHOT), 3);
    set_version(payload(b, LP_ROLE_TIMESTAMP), 3);
    repo_publish(&b->image);
    assert_repo_refused(b, NULL, LP_ROLLBACK_SNAPSHOT_ENTRY, LP_ROLE_SNAPSHOT);
}

static void a_snapshot_that_lists_an_older_delegated_role_is_refused(void **state) {
    test_bench *b = *state;
    (void)repo_delegate(&b->image, payload(b, LP_ROLE_TARGETS), "supplier", "*", false);
    set_version(repo_role(&b->image, "supplier"), 2);
    repo_publish_next(&b->image);
    assert_repo_trusted(b, NULL);
    set_version(repo_role(&b->image, "supplier"), 1);
    repo_publish_next(&b->image);
    assert_repo_refused(b, NULL, LP_ROLLBACK_SNAPSHOT_ENTRY, LP_ROLE_SNAPSHOT);
}

static void a_snapshot_that_drops_a_role_is_refused(void **state) {
    test_bench *b = *state;
    (void)repo_delegate(&b->image, payload(b, LP_ROLE_TARGETS), "supplier", "*", false);
    repo_publish_next(&b->image);
    assert_repo_trusted(b, NULL);
    repo_publish_next(&b->image);
    json_object_del(json_object_get(payload(b, LP_ROLE_SNAPSHOT), "meta"), "supplier.json");
    repo_publish_snapshot(&b->image);
    assert_repo_refused(b, NULL, LP_SNAPSHOT_ENTRY_MISSING, LP_ROLE_SNAPSHOT);
}

static void a_new_snapshot_lists_versions_in_an_object(void **state) {
    test_bench *b = *state;
    assert_repo_trusted(b, NULL);
    repo_publish_next(&b->image);
    json_object_set_new(payload(b, LP_ROLE_SNAPSHOT), "meta", json_array());
    repo_publish_snapshot(&b->image);
    assert_repo_refused(b, NULL, LP_FIELD_TYPE, LP_ROLE_SNAPSHOT);
}

static void a_new_snapshot_must_list_versions(void **state) {
    test_bench *b = *state;
    assert_repo_trusted(b, NULL);
    repo_publish_next(&b->image);
    json_object_del(payload(b, LP_ROLE_SNAPSHOT), "meta");
    repo_publish_snapshot(&b->image);
    assert_repo_refused(b, NULL, LP_FIELD_MISSING, LP_ROLE_SNAPSHOT);
}

static void roots_may_be_listed_and_dropped(void **state) {
    test_bench *b = *state;
    json_object_set_new(json_object_get(payload(b, LP_ROLE_SNAPSHOT), "meta"), "root.json",
                        json_pack("{s:i}", "version", 9));
    repo_publish_snapshot(&b->image);
    assert_repo_trusted(b, NULL);
    repo_publish_next(&b->image);
    assert_repo_trusted(b, NULL);
}

static void entries_are_compared_in_whatever_order_they_stand(void **state) {
    test_bench *b = *state;
    (void)repo_delegate(&b->image, payload(b, LP_ROLE_TARGETS), "a", "*", false);
    (void)repo_delegate(&b->image, payload(b, LP_ROLE_TARGETS), "z", "*", false);
    set_version(repo_role(&b->image, "z"), 2);
    repo_publish_next(&b->image);
    assert_repo_trusted(b, NULL);
    set_version(repo_role(&b->image, "z"), 1);
    repo_publish_next(&b->image);
    /* Serve the snapshot with its members in descending order: what is signed stays the canonical form. */
    lp_slice file = files_get(&b->image.files, "3.snapshot.json");
    json_t *document = json_loadb((const char *)file.ptr, file.len, 0, NULL);
    json_t *content = json_object_get(document, "signed");
    json_t *meta = json_deep_copy(json_object_get(content, "meta"));
    json_t *turned = json_pack("{s:O, s:O, s:O}", "z.json", json_object_get(meta, "z.json"), "targets.json",
                               json_object_get(meta, "targets.json"), "a.json", json_object_get(meta, "a.json"));
    json_object_set_new(content, "meta", turned);
    char *text = json_dumps(document, JSON_COMPACT);
    files_put(&b->image.files, "3.snapshot.json", (lp_slice){(uint8_t *)text, strlen(text)});
    free(text);
    json_decref(meta);
    json_decref(document);
    repo_refer(&b->image, LP_ROLE_TIMESTAMP);
    repo_sign(&b->image, LP_ROLE_TIMESTAMP);
    assert_repo_refused(b, NULL, LP_ROLLBACK_SNAPSHOT_ENTRY, LP_ROLE_SNAPSHOT);
}

static void an_expired_snapshot_is_refused(void **state) {
    test_bench *b = *state;
    set_expires(payload(b, LP_ROLE_SNAPSHOT), TEST_EXPIRED);
    repo_publish_snapshot(&b->image);
    assert_repo_refused(b, NULL, LP_EXPIRED, LP_ROLE_SNAPSHOT);
}

static void a_stored_snapshot_that_expired_since_is_a_freeze(void **state) {
    test_bench *b = *state;
    set_expires(payload(b, LP_ROLE_SNAPSHOT), "2027-01-02T00:00:00Z");
    repo_publish_snapshot(&b->image);
    assert_repo_trusted(b, NULL);
    lp_tuf_config config = tuf_config(&b->image);
    config.now = TEST_NOW + 24 * 60 * 60;
    assert_repo_refused(b, &config, LP_EXPIRED, LP_ROLE_SNAPSHOT);
}

static void a_snapshot_that_is_promised_must_be_there(void **state) {
    test_bench *b = *state;
    files_remove(&b->image.files, "1.snapshot.json");
    assert_repo_refused(b, NULL, LP_MISSING_FILE, LP_ROLE_SNAPSHOT);
}

static void a_snapshot_must_list_targets(void **state) {
    test_bench *b = *state;
    json_object_clear(json_object_get(payload(b, LP_ROLE_SNAPSHOT), "meta"));
    repo_publish_snapshot(&b->image);
    assert_repo_refused(b, NULL, LP_ROLE_NOT_LISTED, LP_ROLE_SNAPSHOT);
}

static void a_damaged_stored_snapshot_is_fetched_again(void **state) {
    test_bench *b = *state;
    assert_repo_trusted(b, NULL);
    files_damage(&b->store, "image/snapshot.json");
    assert_repo_trusted(b, NULL);
    assert_true(bench_fetched(b, "image/1.snapshot.json"));
}

static void a_stored_snapshot_of_another_length_is_fetched_again(void **state) {
    test_bench *b = *state;
    json_object_del(repo_entry(&b->image, LP_ROLE_TIMESTAMP, "snapshot.json"), "hashes");
    repo_sign(&b->image, LP_ROLE_TIMESTAMP);
    assert_repo_trusted(b, NULL);
    lp_slice stored = files_get(&b->store, "image/snapshot.json");
    char *longer = malloc(stored.len + 1);
    assert_non_null(longer);
    memcpy(longer, stored.ptr, stored.len);
    longer[stored.len] = '\n';
    files_put(&b->store, "image/snapshot.json", (lp_slice){(uint8_t *)longer, stored.len + 1});
    free(longer);
    assert_repo_trusted(b, NULL);
    assert_true(bench_fetched(b, "image/1.snapshot.json"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TUF_TEST(a_snapshot_of_another_version_than_listed_is_refused),
        TUF_TEST(a_snapshot_with_another_hash_is_refused),
        TUF_TEST(a_snapshot_shorter_than_listed_is_refused),
        TUF_TEST(a_snapshot_longer_than_listed_is_refused),
        TUF_TEST(a_snapshot_of_unlisted_length_is_bounded),
        TUF_TEST(hash_and_length_in_the_timestamp_are_optional),
        LEGACY_TEST(legacy_hashes_may_be_over_the_canonical_form),
        TUF_TEST(hashes_are_over_the_served_bytes),
        TUF_TEST(a_snapshot_by_another_key_is_refused),
        TUF_TEST(an_older_snapshot_is_refused_without_a_stored_timestamp_too),
        TUF_TEST(a_snapshot_that_lists_older_targets_is_refused),
        TUF_TEST(a_snapshot_that_lists_an_older_delegated_role_is_refused),
        TUF_TEST(a_snapshot_that_drops_a_role_is_refused),
        TUF_TEST(a_new_snapshot_lists_versions_in_an_object),
        TUF_TEST(a_new_snapshot_must_list_versions),
        TUF_TEST(roots_may_be_listed_and_dropped),
        TUF_TEST(entries_are_compared_in_whatever_order_they_stand),
        TUF_TEST(an_expired_snapshot_is_refused),
        TUF_TEST(a_stored_snapshot_that_expired_since_is_a_freeze),
        TUF_TEST(a_snapshot_that_is_promised_must_be_there),
        TUF_TEST(a_snapshot_must_list_targets),
        TUF_TEST(a_damaged_stored_snapshot_is_fetched_again),
        TUF_TEST(a_stored_snapshot_of_another_length_is_fetched_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
