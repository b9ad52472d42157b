/* SPDX-License-Identifier: Apache-2.0 */
/* Partial verification with the director's root chain (Uptane 2.1.0, 5.4.4.1). */
#include "bench.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static json_t *ordered(test_bench *b) {
    return b->director.roles[LP_ROLE_TARGETS];
}

/* Boards are served what the primary relays: targets under one name, in canonical form. */
static void publish(test_bench *b) {
    const lp_key *key = &b->director.keys[LP_ROLE_TARGETS];
    set_version(ordered(b), get_version(ordered(b)) + 1);
    repo_serve(&b->director, "targets.json", ordered(b), &key, 1);
}

static void order_brake(test_bench *b, int counter) {
    repo_add_image(ordered(b), "brake.bin", 100, order_for("brake", "brake-hw", counter));
    publish(b);
}

static void accepted_under(test_bench *b, const lp_partial_config *config, const char *image) {
    lp_partial partial;
    assert_string_equal(lp_code_name(run_partial(b, &partial, config)), lp_code_name(LP_OK));
    assert_int_equal(lp_partial_targets(&partial)->doc.version, get_version(ordered(b)));
    const lp_target *target = lp_partial_target(&partial);
    if (image == NULL) {
        assert_null(target);
    } else {
        assert_non_null(target);
        assert_true(lp_str_is(target->name, image));
    }
}

static void accepted(test_bench *b, const char *image) {
    lp_partial_config config = partial_config(b, "brake", "brake-hw");
    accepted_under(b, &config, image);
}

static void refused_under(test_bench *b, const lp_partial_config *config, lp_code code, lp_role role) {
    lp_partial partial;
    assert_string_equal(lp_code_name(run_partial(b, &partial, config)), lp_code_name(code));
    assert_refused(lp_partial_error(&partial), code, LP_REPO_DIRECTOR, role);
    assert_null(lp_partial_target(&partial));
    assert_null(lp_partial_targets(&partial));
}

static void refused(test_bench *b, lp_code code) {
    lp_partial_config config = partial_config(b, "brake", "brake-hw");
    refused_under(b, &config, code, LP_ROLE_TARGETS);
}

static void the_order_for_this_ecu_is_found(void **state) {
    test_bench *b = *state;
    repo_add_image(ordered(b), "a.bin", 1, order_for("ivi", "ivi-hw", 1));
    order_brake(b, 1);
    accepted(b, "brake.bin");
    assert_string_equal(b->log, " director/2.root.json director/targets.json");
}

static void legacy_the_order_for_this_ecu_is_found(void **state) {
    test_bench *b = *state;
    order_brake(b, 1);
    accepted(b, "brake.bin");
}

static void targets_without_this_ecu_are_accepted_and_remembered(void **state) {
    test_bench *b = *state;
    repo_add_image(ordered(b), "a.bin", 1, order_for("ivi", "ivi-hw", 1));
    publish(b);
    accepted(b, NULL);
    assert_non_null(files_get(&b->store, "director/targets.json").ptr);
}

static void roots_and_targets_must_be_canonical(void **state) {
    test_bench *b = *state;
    order_brake(b, 1);
    lp_slice file = files_get(&b->director.files, "targets.json");
    uint8_t *spaced = malloc(file.len + 1);
    assert_non_null(spaced);
    memcpy(spaced, file.ptr, file.len);
    spaced[file.len] = ' ';
    files_put(&b->director.files, "targets.json", (lp_slice){spaced, file.len + 1});
    free(spaced);
    refused(b, LP_NOT_CANONICAL);
}

/* PEM has line breaks: raw in the canonical form of tuf, escaped in that of legacy. */
static void p256_keys_are_read_from_canonical_roots(void **state) {
    test_bench *b = *state;
    b->director.serve_canonical = true;
    lp_key_free(&b->director.keys[LP_ROLE_TARGETS]);
    lp_key *key = &b->director.keys[LP_ROLE_TARGETS];
    assert_int_equal(lp_key_generate(LP_SCHEME_ECDSA_P256, 0, b->director.dialect, key), LP_OK);
    const lp_key *keys[] = {key};
    repo_set_keys(&b->director, "targets", keys, 1, 1);
    repo_next_root(&b->director, NULL);
    order_brake(b, 1);
    accepted(b, "brake.bin");
}

static void legacy_p256_keys_are_read_from_canonical_roots(void **state) {
    p256_keys_are_read_from_canonical_roots(state);
}

/* --- the root chain --- */

static void rotated_targets_keys_are_followed_without_a_service_visit(void **state) {
    test_bench *b = *state;
    repo_change_key(&b->director, LP_ROLE_TARGETS, NULL);
    repo_next_root(&b->director, NULL);
    order_brake(b, 1);
    accepted(b, "brake.bin");
}

static void a_root_that_the_keys_before_did_not_sign_is_refused(void **state) {
    test_bench *b = *state;
    repo_change_key(&b->director, LP_ROLE_ROOT, NULL);
    repo_next_root(&b->director, NULL);
    publish(b);
    lp_partial_config config = partial_config(b, "brake", "brake-hw");
    refused_under(b, &config, LP_SIGNATURE_THRESHOLD, LP_ROLE_ROOT);
}

static void an_expired_root_is_refused(void **state) {
    test_bench *b = *state;
    set_expires(b->director.roles[LP_ROLE_ROOT], TEST_EXPIRED);
    repo_next_root(&b->director, NULL);
    publish(b);
    lp_partial_config config = partial_config(b, "brake", "brake-hw");
    refused_under(b, &config, LP_EXPIRED, LP_ROLE_ROOT);
}

static void rotated_targets_keys_make_it_forget_the_targets_version(void **state) {
    test_bench *b = *state;
    set_version(ordered(b), 1000000);
    publish(b);
    accepted(b, NULL);
    set_version(ordered(b), 1);
    repo_change_key(&b->director, LP_ROLE_TARGETS, NULL);
    repo_next_root(&b->director, NULL);
    order_brake(b, 1);
    accepted(b, "brake.bin");
}

/* One of two keys was stolen; the stored targets also carry the other's signature. */
static void a_partial_rotation_makes_it_forget_the_targets_version_too(void **state) {
    test_bench *b = *state;
    const lp_key *both[] = {&b->director.keys[LP_ROLE_TARGETS], &b->director.keys[LP_ROLE_TIME]};
    repo_set_keys(&b->director, "targets", both, 2, 1);
    repo_next_root(&b->director, NULL);
    set_version(ordered(b), 1000000);
    repo_serve(&b->director, "targets.json", ordered(b), both, 2);
    accepted(b, NULL);
    set_version(ordered(b), 1);
    repo_set_keys(&b->director, "targets", both, 1, 1);
    repo_next_root(&b->director, NULL);
    order_brake(b, 1);
    accepted(b, "brake.bin");
}

static void another_rotation_makes_it_forget_nothing(void **state) {
    test_bench *b = *state;
    order_brake(b, 1);
    accepted(b, "brake.bin");
    repo_change_key(&b->director, LP_ROLE_TIMESTAMP, NULL);
    repo_next_root(&b->director, NULL);
    set_version(ordered(b), 0);
    publish(b);
    refused(b, LP_ROLLBACK_VERSION);
}

/* --- targets --- */

static void targets_by_another_key_are_refused(void **state) {
    test_bench *b = *state;
    const lp_key *key = &b->director.keys[LP_ROLE_SNAPSHOT];
    repo_serve(&b->director, "targets.json", ordered(b), &key, 1);
    refused(b, LP_SIGNATURE_THRESHOLD);
}

static void older_targets_are_refused(void **state) {
    test_bench *b = *state;
    publish(b);
    accepted(b, NULL);
    set_version(ordered(b), 0);
    publish(b);
    refused(b, LP_ROLLBACK_VERSION);
}

static void the_same_targets_are_accepted_again(void **state) {
    test_bench *b = *state;
    order_brake(b, 1);
    accepted(b, "brake.bin");
    accepted(b, "brake.bin");
}

static void expired_targets_are_refused(void **state) {
    test_bench *b = *state;
    set_expires(ordered(b), TEST_EXPIRED);
    publish(b);
    refused(b, LP_EXPIRED);
}

static void missing_targets_are_refused(void **state) {
    test_bench *b = *state;
    refused(b, LP_MISSING_FILE);
}

static void endless_targets_are_refused(void **state) {
    test_bench *b = *state;
    lp_limits limits = lp_limits_constrained;
    lp_partial_config config = partial_config(b, "brake", "brake-hw");
    config.limits = &limits;
    publish(b);
    limits.targets_bytes = (uint32_t)files_get(&b->director.files, "targets.json").len - 1;
    refused_under(b, &config, LP_LIMIT_FILE, LP_ROLE_TARGETS);
}

static void another_role_in_place_of_targets_is_refused(void **state) {
    test_bench *b = *state;
    files_put(&b->director.files, "targets.json", files_get(&b->director.files, "timestamp.json"));
    refused(b, LP_WRONG_ROLE);
}

static void targets_that_delegate_are_refused(void **state) {
    test_bench *b = *state;
    (void)repo_delegate(&b->director, ordered(b), "supplier", "*", false);
    publish(b);
    refused(b, LP_DIRECTOR_DELEGATES);
}

static void targets_of_another_vehicle_are_refused(void **state) {
    test_bench *b = *state;
    json_object_set_new(json_object_get(ordered(b), "custom"), "vehicle", json_string("vehicle-2"));
    publish(b);
    refused(b, LP_WRONG_VEHICLE);
}

static void targets_of_no_vehicle_are_refused(void **state) {
    test_bench *b = *state;
    json_object_del(ordered(b), "custom");
    publish(b);
    refused(b, LP_WRONG_VEHICLE);
}

static void two_images_for_this_ecu_are_refused(void **state) {
    test_bench *b = *state;
    repo_add_image(ordered(b), "other.bin", 1, order_for("brake", "brake-hw", 1));
    order_brake(b, 1);
    refused(b, LP_REPEATED_ECU);
}

static void an_order_for_other_hardware_is_refused(void **state) {
    test_bench *b = *state;
    repo_add_image(ordered(b), "brake.bin", 100, order_for("brake", "radar-hw", 1));
    publish(b);
    refused(b, LP_WRONG_HARDWARE);
}

static void a_release_counter_below_the_confirmed_one_is_refused(void **state) {
    test_bench *b = *state;
    lp_partial_config config = partial_config(b, "brake", "brake-hw");
    config.counter_floor = 3;
    order_brake(b, 2);
    refused_under(b, &config, LP_ROLLBACK_COUNTER, LP_ROLE_TARGETS);
    order_brake(b, 3);
    accepted_under(b, &config, "brake.bin");
}

static void an_encrypted_image_is_refused(void **state) {
    test_bench *b = *state;
    json_t *custom = order_for("brake", "brake-hw", 1);
    json_object_set_new(custom, "encrypted", json_true());
    repo_add_image(ordered(b), "brake.bin", 100, custom);
    publish(b);
    refused(b, LP_ENCRYPTED_IMAGE);
}

static void damaged_stored_targets_block_nothing(void **state) {
    test_bench *b = *state;
    order_brake(b, 1);
    accepted(b, "brake.bin");
    files_damage(&b->store, "director/targets.json");
    accepted(b, "brake.bin");
}

static void refused_targets_are_not_stored(void **state) {
    test_bench *b = *state;
    order_brake(b, 1);
    accepted(b, "brake.bin");
    lp_slice before = files_get(&b->store, "director/targets.json");
    repo_add_image(ordered(b), "other.bin", 1, order_for("brake", "brake-hw", 1));
    publish(b);
    refused(b, LP_REPEATED_ECU);
    assert_ptr_equal(files_get(&b->store, "director/targets.json").ptr, before.ptr);
}

static void targets_that_cannot_be_stored_are_not_trusted(void **state) {
    test_bench *b = *state;
    publish(b);
    b->fail_store = "director/targets.json";
    refused(b, LP_STATE);
}

/* Killed after any answer during a rotation, the next run completes it. */
static void a_run_may_be_killed_at_any_step(void **state) {
    (void)state;
    bool killed = true;
    for (unsigned step = 1; killed; step++) {
        test_bench *b = bench_make(LP_DIALECT_TUF);
        lp_partial partial;
        lp_partial_config config = partial_config(b, "brake", "brake-hw");
        publish(b);
        accepted(b, NULL);
        repo_change_key(&b->director, LP_ROLE_TARGETS, NULL);
        repo_next_root(&b->director, NULL);
        order_brake(b, 1);
        b->stop_after = step;
        (void)run_partial(b, &partial, &config);
        killed = b->killed;
        b->stop_after = 0;
        accepted(b, "brake.bin");
        bench_free(b);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TUF_TEST(the_order_for_this_ecu_is_found),
        LEGACY_TEST(legacy_the_order_for_this_ecu_is_found),
        TUF_TEST(targets_without_this_ecu_are_accepted_and_remembered),
        TUF_TEST(roots_and_targets_must_be_canonical),
        TUF_TEST(p256_keys_are_read_from_canonical_roots),
        LEGACY_TEST(legacy_p256_keys_are_read_from_canonical_roots),
        TUF_TEST(rotated_targets_keys_are_followed_without_a_service_visit),
        TUF_TEST(a_root_that_the_keys_before_did_not_sign_is_refused),
        TUF_TEST(an_expired_root_is_refused),
        TUF_TEST(rotated_targets_keys_make_it_forget_the_targets_version),
        TUF_TEST(a_partial_rotation_makes_it_forget_the_targets_version_too),
        TUF_TEST(another_rotation_makes_it_forget_nothing),
        TUF_TEST(targets_by_another_key_are_refused),
        TUF_TEST(older_targets_are_refused),
        TUF_TEST(the_same_targets_are_accepted_again),
        TUF_TEST(expired_targets_are_refused),
        TUF_TEST(missing_targets_are_refused),
        TUF_TEST(endless_targets_are_refused),
        TUF_TEST(another_role_in_place_of_targets_is_refused),
        TUF_TEST(targets_that_delegate_are_refused),
        TUF_TEST(targets_of_another_vehicle_are_refused),
        TUF_TEST(targets_of_no_vehicle_are_refused),
        TUF_TEST(two_images_for_this_ecu_are_refused),
        TUF_TEST(an_order_for_other_hardware_is_refused),
        TUF_TEST(a_release_counter_below_the_confirmed_one_is_refused),
        TUF_TEST(an_encrypted_image_is_refused),
        TUF_TEST(damaged_stored_targets_block_nothing),
        TUF_TEST(refused_targets_are_not_stored),
        TUF_TEST(targets_that_cannot_be_stored_are_not_trusted),
        cmocka_unit_test(a_run_may_be_killed_at_any_step),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
