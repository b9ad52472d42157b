/* SPDX-License-Identifier: Apache-2.0 */
/* The workflow of one repository as a whole (Uptane 2.1.0, 5.4.4; TUF 1.0.34, 5). */
#include "bench.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static json_t *payload(test_bench *b, lp_role role) {
    return b->image.roles[role];
}

static void a_good_repository_is_trusted(void **state) {
    test_bench *b = *state;
    assert_repo_trusted(b, NULL);
    assert_non_null(files_get(&b->store, "image/timestamp.json").ptr);
    assert_non_null(files_get(&b->store, "image/snapshot.json").ptr);
    assert_non_null(files_get(&b->store, "image/targets.json").ptr);
}

static void legacy_names_carry_no_version(void **state) {
    test_bench *b = *state;
    assert_repo_trusted(b, NULL);
    assert_true(bench_fetched(b, "image/snapshot.json"));
    assert_true(bench_fetched(b, "image/targets.json"));
}

static void names_carry_versions_when_snapshots_are_consistent(void **state) {
    test_bench *b = *state;
    repo_publish_next(&b->image);
    assert_repo_trusted(b, NULL);
    assert_true(bench_fetched(b, "image/2.snapshot.json"));
    assert_true(bench_fetched(b, "image/2.targets.json"));
}

static void names_carry_no_version_when_snapshots_are_not_consistent(void **state) {
    test_bench *b = *state;
    json_object_set_new(payload(b, LP_ROLE_ROOT), "consistent_snapshot", json_false());
    repo_next_root(&b->image, NULL);
    repo_publish_next(&b->image);
    assert_repo_trusted(b, NULL);
    assert_true(bench_fetched(b, "image/snapshot.json"));
    assert_true(bench_fetched(b, "image/targets.json"));
}

static void what_did_not_change_is_not_fetched_again(void **state) {
    test_bench *b = *state;
    assert_repo_trusted(b, NULL);
    assert_repo_trusted(b, NULL);
    assert_string_equal(b->log, " image/2.root.json image/timestamp.json");
}

static void new_versions_are_fetched(void **state) {
    test_bench *b = *state;
    assert_repo_trusted(b, NULL);
    repo_publish_next(&b->image);
    assert_repo_trusted(b, NULL);
}

/* Killed after any answer, the next run completes what was begun. */
static void a_run_may_be_killed_at_any_step(void **state) {
    test_bench *b = *state;
    bool killed = true;
    for (unsigned step = 1; killed; step++) {
        lp_tuf tuf;
        lp_tuf_config config = tuf_config(&b->image);
        repo_publish_next(&b->image);
        b->stop_after = step;
        (void)run_tuf(b, &tuf, &config);
        killed = b->killed;
        b->stop_after = 0;
        assert_repo_trusted(b, NULL);
    }
}

static void an_answer_out_of_turn_is_misuse(void **state) {
    test_bench *b = *state;
    lp_tuf tuf;
    lp_ask ask;
    lp_tuf_config config = tuf_config(&b->image);
    lp_tuf_begin(&tuf, &config);
    lp_tuf_done(&tuf, true);
    lp_tuf_next(&tuf, &ask);
    assert_int_equal(ask.kind, LP_ASK_REFUSED);
    assert_int_equal(lp_tuf_error(&tuf)->code, LP_MISUSE);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TUF_TEST(a_good_repository_is_trusted),
        LEGACY_TEST(legacy_names_carry_no_version),
        TUF_TEST(names_carry_versions_when_snapshots_are_consistent),
        TUF_TEST(names_carry_no_version_when_snapshots_are_not_consistent),
        TUF_TEST(what_did_not_change_is_not_fetched_again),
        TUF_TEST(new_versions_are_fetched),
        TUF_TEST(a_run_may_be_killed_at_any_step),
        TUF_TEST(an_answer_out_of_turn_is_misuse),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
