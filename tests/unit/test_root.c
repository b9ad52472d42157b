/* SPDX-License-Identifier: Apache-2.0 */
/* The root chain (Uptane 2.1.0, 5.4.4.3; TUF 1.0.34, 5.3). */
#include "bench.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static json_t *root_of(test_bench *b) {
    return b->image.roles[LP_ROLE_ROOT];
}

/* Serves the current root payload as root 2, signed by the root key. */
static void serve_as_second(test_bench *b) {
    const lp_key *key = &b->image.keys[LP_ROLE_ROOT];
    repo_serve(&b->image, "2.root.json", root_of(b), &key, 1);
}

static void the_chain_is_followed_to_its_end(void **state) {
    test_bench *b = *state;
    repo_next_root(&b->image, NULL);
    repo_next_root(&b->image, NULL);
    assert_repo_trusted(b, NULL);
    assert_true(bench_fetched(b, "image/2.root.json"));
    assert_true(bench_fetched(b, "image/4.root.json"));
}

static void the_next_run_goes_on_from_the_stored_root(void **state) {
    test_bench *b = *state;
    repo_next_root(&b->image, NULL);
    assert_repo_trusted(b, NULL);
    assert_repo_trusted(b, NULL);
    assert_false(bench_fetched(b, "image/2.root.json"));
    assert_true(bench_fetched(b, "image/3.root.json"));
}

static void a_rotated_root_key_is_followed(void **state) {
    test_bench *b = *state;
    lp_key old;
    repo_change_key(&b->image, LP_ROLE_ROOT, &old);
    repo_next_root(&b->image, &old);
    lp_key_free(&old);
    repo_next_root(&b->image, NULL);
    assert_repo_trusted(b, NULL);
}

static void a_root_that_the_keys_before_did_not_sign_is_refused(void **state) {
    test_bench *b = *state;
    repo_change_key(&b->image, LP_ROLE_ROOT, NULL);
    repo_next_root(&b->image, NULL);
    assert_repo_refused(b, NULL, LP_SIGNATURE_THRESHOLD, LP_ROLE_ROOT);
}

static void a_root_that_its_own_keys_did_not_sign_is_refused(void **state) {
    test_bench *b = *state;
    lp_key old;
    repo_change_key(&b->image, LP_ROLE_ROOT, &old);
    set_version(root_of(b), 2);
    const lp_key *key = &old;
    repo_serve(&b->image, "2.root.json", root_of(b), &key, 1);
    lp_key_free(&old);
    assert_repo_refused(b, NULL, LP_SIGNATURE_THRESHOLD, LP_ROLE_ROOT);
}

static void a_new_root_threshold_counts_for_the_new_root(void **state) {
    test_bench *b = *state;
    lp_key old;
    repo_change_key(&b->image, LP_ROLE_ROOT, &old);
    const lp_key *both[] = {&b->image.keys[LP_ROLE_ROOT], &old};
    repo_set_keys(&b->image, "root", both, 2, 2);
    set_version(root_of(b), 2);
    repo_serve(&b->image, "2.root.json", root_of(b), &both[1], 1);
    assert_repo_refused(b, NULL, LP_SIGNATURE_THRESHOLD, LP_ROLE_ROOT);
    repo_serve(&b->image, "2.root.json", root_of(b), both, 2);
    assert_repo_trusted(b, NULL);
    lp_key_free(&old);
}

static void a_root_that_skips_a_version_is_refused(void **state) {
    test_bench *b = *state;
    set_version(root_of(b), 3);
    serve_as_second(b);
    assert_repo_refused(b, NULL, LP_ROOT_VERSION, LP_ROLE_ROOT);
}

static void an_older_root_under_a_new_name_is_refused(void **state) {
    test_bench *b = *state;
    serve_as_second(b);
    assert_repo_refused(b, NULL, LP_ROOT_VERSION, LP_ROLE_ROOT);
}

static void an_expired_latest_root_is_refused(void **state) {
    test_bench *b = *state;
    set_expires(root_of(b), TEST_EXPIRED);
    repo_next_root(&b->image, NULL);
    assert_repo_refused(b, NULL, LP_EXPIRED, LP_ROLE_ROOT);
}

static void a_root_expires_at_its_second(void **state) {
    test_bench *b = *state;
    set_expires(root_of(b), "2027-01-01T00:00:00Z");
    repo_next_root(&b->image, NULL);
    assert_repo_refused(b, NULL, LP_EXPIRED, LP_ROLE_ROOT);
    set_expires(root_of(b), "2027-01-01T00:00:01Z");
    repo_next_root(&b->image, NULL);
    assert_repo_trusted(b, NULL);
}

static void an_expired_root_on_the_way_does_no_harm(void **state) {
    test_bench *b = *state;
    set_expires(root_of(b), TEST_EXPIRED);
    repo_next_root(&b->image, NULL);
    set_expires(root_of(b), TEST_EXPIRES);
    repo_next_root(&b->image, NULL);
    assert_repo_trusted(b, NULL);
}

static void without_any_root_nothing_is_trusted(void **state) {
    test_bench *b = *state;
    files_remove(&b->provisioned, "image/root.json");
    assert_repo_refused(b, NULL, LP_NO_TRUSTED_ROOT, LP_ROLE_ROOT);
}

static void a_provisioned_root_must_be_signed_by_its_own_keys(void **state) {
    test_bench *b = *state;
    const lp_key *key = &b->image.keys[LP_ROLE_TARGETS];
    repo_serve(&b->image, "1.root.json", root_of(b), &key, 1);
    files_put(&b->provisioned, "image/root.json", files_get(&b->image.files, "1.root.json"));
    assert_repo_refused(b, NULL, LP_SIGNATURE_THRESHOLD, LP_ROLE_ROOT);
}

static void a_provisioned_root_must_be_whole(void **state) {
    test_bench *b = *state;
    lp_slice whole = files_get(&b->image.files, "1.root.json");
    files_put(&b->provisioned, "image/root.json", (lp_slice){whole.ptr, whole.len / 2});
    assert_repo_refused(b, NULL, LP_JSON_SYNTAX, LP_ROLE_ROOT);
}

static void a_damaged_stored_root_falls_back_to_the_provisioned_one(void **state) {
    test_bench *b = *state;
    repo_next_root(&b->image, NULL);
    assert_repo_trusted(b, NULL);
    files_damage(&b->store, "image/root.json");
    assert_repo_trusted(b, NULL);
    assert_true(bench_fetched(b, "image/2.root.json"));
}

static void an_endless_root_is_refused(void **state) {
    test_bench *b = *state;
    lp_limits limits = lp_limits_gateway;
    limits.root_bytes = (uint32_t)files_get(&b->image.files, "1.root.json").len;
    repo_set_keys(&b->image, "padding", NULL, 0, 1);
    repo_next_root(&b->image, NULL);
    lp_tuf_config config = tuf_config(&b->image);
    config.limits = &limits;
    assert_repo_refused(b, &config, LP_LIMIT_FILE, LP_ROLE_ROOT);
}

static void an_endless_chain_is_followed_over_several_runs(void **state) {
    test_bench *b = *state;
    lp_limits limits = lp_limits_gateway;
    limits.root_rotations = 2;
    lp_tuf_config config = tuf_config(&b->image);
    config.limits = &limits;
    for (int i = 0; i < 3; i++) {
        repo_next_root(&b->image, NULL);
    }
    lp_tuf tuf;
    assert_int_equal(run_tuf(b, &tuf, &config), LP_OK);
    assert_int_equal(lp_tuf_root(&tuf)->doc.version, 3);
    assert_int_equal(run_tuf(b, &tuf, &config), LP_OK);
    assert_int_equal(lp_tuf_root(&tuf)->doc.version, 4);
}

static void another_role_in_place_of_a_root_is_refused(void **state) {
    test_bench *b = *state;
    files_put(&b->image.files, "2.root.json", files_get(&b->image.files, "timestamp.json"));
    assert_repo_refused(b, NULL, LP_WRONG_ROLE, LP_ROLE_ROOT);
}

static void a_root_without_one_of_the_four_roles_is_refused(void **state) {
    test_bench *b = *state;
    json_object_del(json_object_get(root_of(b), "roles"), "snapshot");
    repo_next_root(&b->image, NULL);
    assert_repo_refused(b, NULL, LP_FIELD_MISSING, LP_ROLE_ROOT);
}

static void a_threshold_of_zero_is_refused(void **state) {
    test_bench *b = *state;
    const lp_key *key = &b->image.keys[LP_ROLE_SNAPSHOT];
    repo_set_keys(&b->image, "snapshot", &key, 1, 0);
    repo_next_root(&b->image, NULL);
    assert_repo_refused(b, NULL, LP_THRESHOLD_INVALID, LP_ROLE_ROOT);
}

static void a_threshold_above_the_number_of_keys_is_refused_where_it_is_used(void **state) {
    test_bench *b = *state;
    const lp_key *key = &b->image.keys[LP_ROLE_SNAPSHOT];
    repo_set_keys(&b->image, "snapshot", &key, 1, 2);
    repo_next_root(&b->image, NULL);
    assert_repo_refused(b, NULL, LP_THRESHOLD_INVALID, LP_ROLE_SNAPSHOT);
}

static void consistent_snapshot_must_be_a_boolean(void **state) {
    test_bench *b = *state;
    json_object_set_new(root_of(b), "consistent_snapshot", json_integer(1));
    repo_next_root(&b->image, NULL);
    assert_repo_refused(b, NULL, LP_FIELD_TYPE, LP_ROLE_ROOT);
}

static void a_transport_failure_is_no_end_of_the_chain(void **state) {
    test_bench *b = *state;
    b->fail_fetch = "image/2.root.json";
    b->fail_code = LP_UNREACHABLE;
    assert_repo_refused(b, NULL, LP_UNREACHABLE, LP_ROLE_ROOT);
}

static void a_root_that_cannot_be_stored_ends_the_run(void **state) {
    test_bench *b = *state;
    repo_next_root(&b->image, NULL);
    b->fail_store = "image/root.json";
    assert_repo_refused(b, NULL, LP_STATE, LP_ROLE_ROOT);
}

/* --- what rotated keys make it forget: recovery from fast-forward attacks (5.4.4.3 step 4) --- */

/* A thief with the key of `role` signs a version that nothing legitimate will reach. */
static void fast_forward(test_bench *b, lp_role role) {
    set_version(b->image.roles[role], 1000000);
    repo_publish(&b->image);
    assert_repo_trusted(b, NULL);
    set_version(b->image.roles[role], 1);
}

static void a_rotated_timestamp_key_recovers_from_its_fast_forward(void **state) {
    test_bench *b = *state;
    fast_forward(b, LP_ROLE_TIMESTAMP);
    repo_change_key(&b->image, LP_ROLE_TIMESTAMP, NULL);
    repo_next_root(&b->image, NULL);
    repo_publish_next(&b->image);
    assert_repo_trusted(b, NULL);
}

static void a_rotated_snapshot_key_recovers_from_its_fast_forward(void **state) {
    test_bench *b = *state;
    fast_forward(b, LP_ROLE_SNAPSHOT);
    repo_change_key(&b->image, LP_ROLE_SNAPSHOT, NULL);
    repo_next_root(&b->image, NULL);
    repo_publish_next(&b->image);
    assert_repo_trusted(b, NULL);
}

static void a_rotated_targets_key_recovers_from_its_fast_forward(void **state) {
    test_bench *b = *state;
    fast_forward(b, LP_ROLE_TARGETS);
    /* The snapshot lists the forged version too: its key is rotated with it. */
    repo_change_key(&b->image, LP_ROLE_TARGETS, NULL);
    repo_change_key(&b->image, LP_ROLE_SNAPSHOT, NULL);
    repo_next_root(&b->image, NULL);
    repo_publish_next(&b->image);
    assert_repo_trusted(b, NULL);
}

static void without_a_rotation_fast_forward_is_not_forgotten(void **state) {
    test_bench *b = *state;
    fast_forward(b, LP_ROLE_TIMESTAMP);
    repo_next_root(&b->image, NULL);
    repo_publish_next(&b->image);
    assert_repo_refused(b, NULL, LP_ROLLBACK_VERSION, LP_ROLE_TIMESTAMP);
}

/* Killed after any answer and started again, the rotation is complete in the end. */
static void a_rotation_survives_being_killed_at_any_step(void **state) {
    (void)state;
    bool killed = true;
    for (unsigned step = 1; killed; step++) {
        test_bench *c = bench_make(LP_DIALECT_TUF);
        fast_forward(c, LP_ROLE_SNAPSHOT);
        repo_change_key(&c->image, LP_ROLE_SNAPSHOT, NULL);
        repo_next_root(&c->image, NULL);
        repo_publish_next(&c->image);
        c->stop_after = step;
        lp_tuf tuf;
        lp_tuf_config config = tuf_config(&c->image);
        (void)run_tuf(c, &tuf, &config);
        killed = c->killed;
        c->stop_after = 0;
        assert_repo_trusted(c, NULL);
        bench_free(c);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TUF_TEST(the_chain_is_followed_to_its_end),
        TUF_TEST(the_next_run_goes_on_from_the_stored_root),
        TUF_TEST(a_rotated_root_key_is_followed),
        TUF_TEST(a_root_that_the_keys_before_did_not_sign_is_refused),
        TUF_TEST(a_root_that_its_own_keys_did_not_sign_is_refused),
        TUF_TEST(a_new_root_threshold_counts_for_the_new_root),
        TUF_TEST(a_root_that_skips_a_version_is_refused),
        TUF_TEST(an_older_root_under_a_new_name_is_refused),
        TUF_TEST(an_expired_latest_root_is_refused),
        TUF_TEST(a_root_expires_at_its_second),
        TUF_TEST(an_expired_root_on_the_way_does_no_harm),
        TUF_TEST(without_any_root_nothing_is_trusted),
        TUF_TEST(a_provisioned_root_must_be_signed_by_its_own_keys),
        TUF_TEST(a_provisioned_root_must_be_whole),
        TUF_TEST(a_damaged_stored_root_falls_back_to_the_provisioned_one),
        TUF_TEST(an_endless_root_is_refused),
        TUF_TEST(an_endless_chain_is_followed_over_several_runs),
        TUF_TEST(another_role_in_place_of_a_root_is_refused),
        TUF_TEST(a_root_without_one_of_the_four_roles_is_refused),
        TUF_TEST(a_threshold_of_zero_is_refused),
        TUF_TEST(a_threshold_above_the_number_of_keys_is_refused_where_it_is_used),
        TUF_TEST(consistent_snapshot_must_be_a_boolean),
        TUF_TEST(a_transport_failure_is_no_end_of_the_chain),
        TUF_TEST(a_root_that_cannot_be_stored_ends_the_run),
        TUF_TEST(a_rotated_timestamp_key_recovers_from_its_fast_forward),
        TUF_TEST(a_rotated_snapshot_key_recovers_from_its_fast_forward),
        TUF_TEST(a_rotated_targets_key_recovers_from_its_fast_forward),
        TUF_TEST(without_a_rotation_fast_forward_is_not_forgotten),
        cmocka_unit_test(a_rotation_survives_being_killed_at_any_step),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
