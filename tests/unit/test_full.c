/* SPDX-License-Identifier: Apache-2.0 */
/* Full verification (Uptane 2.1.0, 5.4.4.2, and 5.4.4.6 steps 6 to 8). */
#include "bench.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static const lp_ecu ecus[] = {
    {.serial = "primary", .hardware = "gateway-hw"},
    {.serial = "brake", .hardware = "brake-hw", .counter_floor = 2},
    {.serial = "radar", .hardware = "radar-hw"},
};
enum { ECU_COUNT = sizeof ecus / sizeof *ecus };

static json_t *ordered(test_bench *b) {
    return b->director.roles[LP_ROLE_TARGETS];
}

static json_t *offered(test_bench *b) {
    return b->image.roles[LP_ROLE_TARGETS];
}

static void publish(test_bench *b) {
    repo_publish_next(&b->director);
    repo_publish_next(&b->image);
}

/* Both repositories offer "brake.bin", release 2, for the ECU "brake". Not yet published. */
static void assign_brake(test_bench *b) {
    repo_add_image(ordered(b), "brake.bin", 100, order_for("brake", "brake-hw", 2));
    repo_add_image(offered(b), "brake.bin", 100, made_for("brake-hw", 2));
}

/* A member of "brake.bin" in one of the repositories. */
static json_t *brake(json_t *targets) {
    return json_object_get(json_object_get(targets, "targets"), "brake.bin");
}

static void accepted_under(test_bench *b, const lp_full_config *config, bool news) {
    lp_full full;
    assert_string_equal(lp_code_name(run_full(b, &full, config)), lp_code_name(LP_OK));
    assert_int_equal(lp_full_has_news(&full), news);
    assert_non_null(lp_full_targets(&full));
    assert_int_equal(lp_full_targets(&full)->doc.version, get_version(ordered(b)));
}

static void accepted(test_bench *b, bool news) {
    lp_full_config config = full_config(b, ecus, ECU_COUNT);
    accepted_under(b, &config, news);
}

static void refused_under(test_bench *b, const lp_full_config *config, lp_code code, lp_repo repo, lp_role role) {
    lp_full full;
    assert_string_equal(lp_code_name(run_full(b, &full, config)), lp_code_name(code));
    assert_refused(lp_full_error(&full), code, repo, role);
    assert_null(lp_full_targets(&full));
    assert_false(lp_full_has_news(&full));
}

static void refused(test_bench *b, lp_code code, lp_repo repo) {
    lp_full_config config = full_config(b, ecus, ECU_COUNT);
    refused_under(b, &config, code, repo, LP_ROLE_TARGETS);
}

/* --- what is accepted --- */

static void an_image_both_repositories_agree_on_is_accepted(void **state) {
    test_bench *b = *state;
    assign_brake(b);
    publish(b);
    accepted(b, true);
    assert_int_equal(b->verdict_count, 1);
    assert_int_equal(bench_verdict(b, "brake.bin")->code, LP_OK);
    assert_false(bench_verdict(b, "brake.bin")->installed);
}

static void legacy_an_image_both_repositories_agree_on_is_accepted(void **state) {
    an_image_both_repositories_agree_on_is_accepted(state);
}

static void an_image_below_a_delegation_is_accepted(void **state) {
    test_bench *b = *state;
    json_t *delegation = repo_delegate(&b->image, offered(b), "supplier", "*", false);
    json_object_set_new(delegation, "hardwareIds", json_pack("[s]", "brake-hw"));
    repo_add_image(ordered(b), "brake.bin", 100, order_for("brake", "brake-hw", 2));
    repo_add_image(repo_role(&b->image, "supplier"), "brake.bin", 100, made_for("brake-hw", 2));
    publish(b);
    accepted(b, true);
}

static void without_orders_the_image_repository_is_not_asked(void **state) {
    test_bench *b = *state;
    publish(b);
    accepted(b, false);
    assert_null(strstr(b->log, "image/"));
}

static void on_demand_the_image_repository_is_asked_without_news_too(void **state) {
    test_bench *b = *state;
    publish(b);
    lp_full_config config = full_config(b, ecus, ECU_COUNT);
    config.always_check_image_repository = true;
    accepted_under(b, &config, false);
    assert_true(bench_fetched(b, "image/2.targets.json"));
}

/* An ECU that runs "brake.bin": the digest of an image in tests is that of its name. */
static lp_ecu running_brake(const char *serial) {
    lp_ecu ecu = {.serial = serial, .hardware = "brake-hw", .has_installed = true};
    lp_slice name = {(const uint8_t *)"brake.bin", 9};
    assert_true(lp_digest(&lp_crypto_openssl, LP_SHA256, name, ecu.installed_sha256));
    return ecu;
}

static void what_is_installed_is_no_news(void **state) {
    test_bench *b = *state;
    assign_brake(b);
    publish(b);
    lp_ecu ecu = running_brake("brake");
    lp_full_config config = full_config(b, &ecu, 1);
    accepted_under(b, &config, false);
    assert_true(bench_verdict(b, "brake.bin")->installed);
    assert_null(strstr(b->log, "image/"));
}

static void what_one_of_two_ecus_runs_is_news(void **state) {
    test_bench *b = *state;
    assign_brake(b);
    json_object_set_new(json_object_get(json_object_get(brake(ordered(b)), "custom"), "ecuIdentifiers"), "brake-2",
                        json_pack("{s:s}", "hardwareId", "brake-hw"));
    publish(b);
    lp_ecu two[] = {running_brake("brake"), {.serial = "brake-2", .hardware = "brake-hw"}};
    lp_full_config config = full_config(b, two, 2);
    accepted_under(b, &config, true);
    assert_false(bench_verdict(b, "brake.bin")->installed);
}

/* No news only if every assigned image is installed: an interrupted run must not hide an update. */
static void an_interrupted_run_hides_no_update(void **state) {
    (void)state;
    bool killed = true;
    for (unsigned step = 1; killed; step++) {
        test_bench *b = bench_make(LP_DIALECT_TUF);
        lp_full full;
        lp_full_config config = full_config(b, ecus, ECU_COUNT);
        assign_brake(b);
        publish(b);
        b->stop_after = step;
        (void)run_full(b, &full, &config);
        killed = b->killed;
        b->stop_after = 0;
        accepted(b, true);
        assert_int_equal(bench_verdict(b, "brake.bin")->code, LP_OK);
        bench_free(b);
    }
}

static void a_second_run_judges_from_what_is_stored(void **state) {
    test_bench *b = *state;
    assign_brake(b);
    publish(b);
    accepted(b, true);
    accepted(b, true);
    assert_string_equal(b->log, " director/2.root.json director/timestamp.json"
                                " image/2.root.json image/timestamp.json");
}

/* --- the director's targets --- */

static void targets_of_another_vehicle_are_refused(void **state) {
    test_bench *b = *state;
    json_object_set_new(json_object_get(ordered(b), "custom"), "vehicle", json_string("vehicle-2"));
    publish(b);
    refused(b, LP_WRONG_VEHICLE, LP_REPO_DIRECTOR);
    assert_null(files_get(&b->store, "director/targets.json").ptr);
}

static void targets_of_no_vehicle_are_refused(void **state) {
    test_bench *b = *state;
    json_object_del(ordered(b), "custom");
    publish(b);
    refused(b, LP_WRONG_VEHICLE, LP_REPO_DIRECTOR);
}

static void in_tuf_the_vehicle_is_always_checked(void **state) {
    test_bench *b = *state;
    lp_full_config config = full_config(b, ecus, ECU_COUNT);
    config.vehicle = NULL;
    refused_under(b, &config, LP_WRONG_VEHICLE, LP_REPO_DIRECTOR, LP_ROLE_TARGETS);
}

static void legacy_the_vehicle_is_checked_when_configured(void **state) {
    test_bench *b = *state;
    json_object_del(ordered(b), "custom");
    publish(b);
    refused(b, LP_WRONG_VEHICLE, LP_REPO_DIRECTOR);
    lp_full_config config = full_config(b, ecus, ECU_COUNT);
    config.vehicle = NULL;
    accepted_under(b, &config, false);
}

static void an_order_for_an_unknown_ecu_is_refused(void **state) {
    test_bench *b = *state;
    assign_brake(b);
    repo_add_image(ordered(b), "x.bin", 1, order_for("stranger", "x-hw", 1));
    publish(b);
    refused(b, LP_UNKNOWN_ECU, LP_REPO_DIRECTOR);
}

static void a_full_verification_secondary_minds_its_own_orders_only(void **state) {
    test_bench *b = *state;
    assign_brake(b);
    repo_add_image(ordered(b), "x.bin", 1, order_for("stranger", "x-hw", 1));
    repo_add_image(offered(b), "x.bin", 1, made_for("x-hw", 1));
    publish(b);
    lp_full_config config = full_config(b, &ecus[1], 1);
    config.only_listed = true;
    accepted_under(b, &config, true);
    assert_int_equal(bench_verdict(b, "brake.bin")->code, LP_OK);
}

static void two_images_for_one_ecu_are_refused(void **state) {
    test_bench *b = *state;
    assign_brake(b);
    repo_add_image(ordered(b), "other.bin", 1, order_for("brake", "brake-hw", 3));
    publish(b);
    refused(b, LP_REPEATED_ECU, LP_REPO_DIRECTOR);
}

static void a_director_that_delegates_is_refused(void **state) {
    test_bench *b = *state;
    (void)repo_delegate(&b->director, ordered(b), "supplier", "*", false);
    publish(b);
    refused(b, LP_DIRECTOR_DELEGATES, LP_REPO_DIRECTOR);
}

static void an_empty_list_of_delegations_delegates_nothing(void **state) {
    test_bench *b = *state;
    json_object_set_new(ordered(b), "delegations", json_pack("{s:{}, s:[]}", "keys", "roles"));
    publish(b);
    accepted(b, false);
}

static void an_order_names_its_ecus(void **state) {
    test_bench *b = *state;
    repo_add_image(ordered(b), "x.bin", 1, json_object());
    publish(b);
    refused(b, LP_FIELD_MISSING, LP_REPO_DIRECTOR);
}

static void an_order_with_an_unsafe_name_is_refused(void **state) {
    test_bench *b = *state;
    repo_add_image(ordered(b), "../brake.bin", 1, order_for("brake", "brake-hw", 2));
    publish(b);
    refused(b, LP_NAME_UNSAFE, LP_REPO_DIRECTOR);
}

static void more_ecus_than_allowed_are_a_limit(void **state) {
    test_bench *b = *state;
    lp_limits limits = lp_limits_gateway;
    limits.ecus = ECU_COUNT - 1;
    lp_full_config config = full_config(b, ecus, ECU_COUNT);
    config.limits = &limits;
    lp_full full;
    assert_int_equal(run_full(b, &full, &config), LP_LIMIT_ECUS);
}

/* --- an order against what is known of the ECU --- */

static void an_order_for_other_hardware_is_refused(void **state) {
    test_bench *b = *state;
    repo_add_image(ordered(b), "brake.bin", 100, order_for("brake", "radar-hw", 2));
    repo_add_image(offered(b), "brake.bin", 100, made_for("radar-hw", 2));
    publish(b);
    refused(b, LP_WRONG_HARDWARE, LP_REPO_DIRECTOR);
    assert_int_equal(bench_verdict(b, "brake.bin")->code, LP_WRONG_HARDWARE);
}

static void a_release_counter_below_the_confirmed_one_is_refused(void **state) {
    test_bench *b = *state;
    repo_add_image(ordered(b), "brake.bin", 100, order_for("brake", "brake-hw", 1));
    repo_add_image(offered(b), "brake.bin", 100, made_for("brake-hw", 1));
    publish(b);
    refused(b, LP_ROLLBACK_COUNTER, LP_REPO_DIRECTOR);
}

static void legacy_an_image_without_counter_is_older_than_any_with_one(void **state) {
    test_bench *b = *state;
    assign_brake(b);
    json_object_del(json_object_get(brake(ordered(b)), "custom"), "releaseCounter");
    json_object_del(json_object_get(brake(offered(b)), "custom"), "releaseCounter");
    publish(b);
    refused(b, LP_ROLLBACK_COUNTER, LP_REPO_DIRECTOR);
}

static void an_encrypted_image_is_refused(void **state) {
    test_bench *b = *state;
    assign_brake(b);
    json_object_set_new(json_object_get(brake(ordered(b)), "custom"), "encrypted", json_true());
    publish(b);
    refused(b, LP_ENCRYPTED_IMAGE, LP_REPO_DIRECTOR);
}

static void an_image_that_only_the_image_repository_calls_encrypted_is_refused(void **state) {
    test_bench *b = *state;
    assign_brake(b);
    json_object_set_new(json_object_get(brake(offered(b)), "custom"), "encryption", json_object());
    publish(b);
    refused(b, LP_ENCRYPTED_IMAGE, LP_REPO_IMAGE);
}

/* --- the two repositories --- */

static void an_image_that_the_image_repository_never_signed_is_refused(void **state) {
    test_bench *b = *state;
    repo_add_image(ordered(b), "brake.bin", 100, order_for("brake", "brake-hw", 2));
    publish(b);
    refused(b, LP_TARGET_NOT_FOUND, LP_REPO_IMAGE);
}

static void a_length_they_disagree_on_is_refused(void **state) {
    test_bench *b = *state;
    assign_brake(b);
    json_object_set_new(brake(ordered(b)), "length", json_integer(101));
    publish(b);
    refused(b, LP_TARGET_MISMATCH, LP_REPO_IMAGE);
}

static void a_hash_they_disagree_on_is_refused(void **state) {
    test_bench *b = *state;
    assign_brake(b);
    change_hash(brake(ordered(b)));
    publish(b);
    refused(b, LP_TARGET_MISMATCH, LP_REPO_IMAGE);
}

static void hashes_without_a_common_algorithm_agree_on_nothing(void **state) {
    test_bench *b = *state;
    assign_brake(b);
    char zeros[2 * LP_SHA512_BYTES + 1];
    memset(zeros, '0', sizeof zeros - 1);
    zeros[sizeof zeros - 1] = '\0';
    json_object_set_new(brake(offered(b)), "hashes", json_pack("{s:s}", "sha512", zeros));
    publish(b);
    refused(b, LP_TARGET_MISMATCH, LP_REPO_IMAGE);
}

static void hardware_that_the_image_repository_does_not_list_is_refused(void **state) {
    test_bench *b = *state;
    repo_add_image(ordered(b), "brake.bin", 100, order_for("brake", "brake-hw", 2));
    repo_add_image(offered(b), "brake.bin", 100, made_for("radar-hw", 2));
    publish(b);
    refused(b, LP_WRONG_HARDWARE, LP_REPO_IMAGE);
}

static void a_counter_they_disagree_on_is_refused(void **state) {
    test_bench *b = *state;
    repo_add_image(ordered(b), "brake.bin", 100, order_for("brake", "brake-hw", 3));
    repo_add_image(offered(b), "brake.bin", 100, made_for("brake-hw", 2));
    publish(b);
    refused(b, LP_COUNTER_MISMATCH, LP_REPO_IMAGE);
}

/* Orders and offers an image whose custom fields both have, or only the order has, a section that must match. */
static void publish_must_match(test_bench *b, json_t *director, json_t *image) {
    json_t *order = order_for("brake", "brake-hw", 2);
    json_t *offer = made_for("brake-hw", 2);
    json_object_set_new(order, "mustMatch", director);
    if (image != NULL) {
        json_object_set_new(offer, "mustMatch", image);
    }
    repo_add_image(ordered(b), "brake.bin", 100, order);
    repo_add_image(offered(b), "brake.bin", 100, offer);
    publish(b);
}

static void a_must_match_section_they_disagree_on_is_refused(void **state) {
    test_bench *b = *state;
    publish_must_match(b, json_pack("{s:i, s:[s]}", "a", 1, "b", "x"), json_pack("{s:i, s:[s]}", "a", 1, "b", "y"));
    refused(b, LP_CUSTOM_MISMATCH, LP_REPO_IMAGE);
}

static void a_must_match_section_that_one_lacks_is_refused(void **state) {
    test_bench *b = *state;
    publish_must_match(b, json_true(), NULL);
    refused(b, LP_CUSTOM_MISMATCH, LP_REPO_IMAGE);
}

static void a_must_match_section_that_agrees_is_accepted(void **state) {
    test_bench *b = *state;
    publish_must_match(b, json_pack("{s:i, s:[s]}", "a", 1, "b", "x"), json_pack("{s:[s], s:i}", "b", "x", "a", 1));
    accepted(b, true);
}

static void in_tuf_an_image_needs_a_counter(void **state) {
    test_bench *b = *state;
    repo_add_image(ordered(b), "x.bin", 100, order_for("radar", "radar-hw", 0));
    repo_add_image(offered(b), "x.bin", 100, made_for("radar-hw", 0));
    json_object_del(json_object_get(json_object_get(json_object_get(ordered(b), "targets"), "x.bin"), "custom"),
                    "releaseCounter");
    json_object_del(json_object_get(json_object_get(json_object_get(offered(b), "targets"), "x.bin"), "custom"),
                    "releaseCounter");
    publish(b);
    refused(b, LP_COUNTER_MISMATCH, LP_REPO_IMAGE);
}

static void legacy_what_is_absent_on_both_sides_agrees(void **state) {
    test_bench *b = *state;
    repo_add_image(ordered(b), "x.bin", 100, order_for("radar", "radar-hw", 0));
    repo_add_image(offered(b), "x.bin", 100, made_for("radar-hw", 0));
    json_object_del(json_object_get(json_object_get(json_object_get(ordered(b), "targets"), "x.bin"), "custom"),
                    "releaseCounter");
    json_object_del(json_object_get(json_object_get(json_object_get(offered(b), "targets"), "x.bin"), "custom"),
                    "releaseCounter");
    publish(b);
    accepted(b, true);
}

static void one_refused_image_refuses_the_run_but_each_gets_its_verdict(void **state) {
    test_bench *b = *state;
    assign_brake(b);
    repo_add_image(ordered(b), "radar.bin", 100, order_for("radar", "radar-hw", 1));
    publish(b);
    refused(b, LP_TARGET_NOT_FOUND, LP_REPO_IMAGE);
    assert_int_equal(b->verdict_count, 2);
    assert_int_equal(bench_verdict(b, "brake.bin")->code, LP_OK);
    assert_int_equal(bench_verdict(b, "radar.bin")->code, LP_TARGET_NOT_FOUND);
}

static void a_delegated_role_that_is_refused_refuses_its_images(void **state) {
    test_bench *b = *state;
    (void)repo_delegate(&b->image, offered(b), "supplier", "*", false);
    set_expires(repo_role(&b->image, "supplier"), TEST_EXPIRED);
    repo_add_image(ordered(b), "brake.bin", 100, order_for("brake", "brake-hw", 2));
    publish(b);
    lp_full_config config = full_config(b, ecus, ECU_COUNT);
    refused_under(b, &config, LP_EXPIRED, LP_REPO_IMAGE, LP_ROLE_DELEGATED);
}

/* --- errors say which repository --- */

static void a_refused_director_role_names_the_director(void **state) {
    test_bench *b = *state;
    set_expires(b->director.roles[LP_ROLE_TIMESTAMP], TEST_EXPIRED);
    publish(b);
    lp_full_config config = full_config(b, ecus, ECU_COUNT);
    refused_under(b, &config, LP_EXPIRED, LP_REPO_DIRECTOR, LP_ROLE_TIMESTAMP);
}

static void a_refused_image_repository_role_names_that_repository(void **state) {
    test_bench *b = *state;
    assign_brake(b);
    set_expires(b->image.roles[LP_ROLE_SNAPSHOT], TEST_EXPIRED);
    publish(b);
    lp_full_config config = full_config(b, ecus, ECU_COUNT);
    refused_under(b, &config, LP_EXPIRED, LP_REPO_IMAGE, LP_ROLE_SNAPSHOT);
}

static void a_transport_failure_during_the_search_ends_the_run(void **state) {
    test_bench *b = *state;
    (void)repo_delegate(&b->image, offered(b), "supplier", "*", false);
    repo_add_image(ordered(b), "brake.bin", 100, order_for("brake", "brake-hw", 2));
    publish(b);
    b->fail_fetch = "image/1.supplier.json";
    b->fail_code = LP_UNREACHABLE;
    lp_full_config config = full_config(b, ecus, ECU_COUNT);
    refused_under(b, &config, LP_UNREACHABLE, LP_REPO_IMAGE, LP_ROLE_DELEGATED);
    assert_int_equal(b->verdict_count, 0);
}

static void legacy_a_director_may_have_root_and_targets_only(void **state) {
    test_bench *b = *state;
    assign_brake(b);
    publish(b);
    lp_full_config config = full_config(b, ecus, ECU_COUNT);
    config.director_root_and_targets_only = true;
    accepted_under(b, &config, true);
    assert_false(bench_fetched(b, "director/timestamp.json"));
    assert_false(bench_fetched(b, "director/snapshot.json"));
    assert_true(bench_fetched(b, "image/timestamp.json"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TUF_TEST(an_image_both_repositories_agree_on_is_accepted),
        LEGACY_TEST(legacy_an_image_both_repositories_agree_on_is_accepted),
        TUF_TEST(an_image_below_a_delegation_is_accepted),
        TUF_TEST(without_orders_the_image_repository_is_not_asked),
        TUF_TEST(on_demand_the_image_repository_is_asked_without_news_too),
        TUF_TEST(what_is_installed_is_no_news),
        TUF_TEST(what_one_of_two_ecus_runs_is_news),
        cmocka_unit_test(an_interrupted_run_hides_no_update),
        TUF_TEST(a_second_run_judges_from_what_is_stored),
        TUF_TEST(targets_of_another_vehicle_are_refused),
        TUF_TEST(targets_of_no_vehicle_are_refused),
        TUF_TEST(in_tuf_the_vehicle_is_always_checked),
        LEGACY_TEST(legacy_the_vehicle_is_checked_when_configured),
        TUF_TEST(an_order_for_an_unknown_ecu_is_refused),
        TUF_TEST(a_full_verification_secondary_minds_its_own_orders_only),
        TUF_TEST(two_images_for_one_ecu_are_refused),
        TUF_TEST(a_director_that_delegates_is_refused),
        TUF_TEST(an_empty_list_of_delegations_delegates_nothing),
        TUF_TEST(an_order_names_its_ecus),
        TUF_TEST(an_order_with_an_unsafe_name_is_refused),
        TUF_TEST(more_ecus_than_allowed_are_a_limit),
        TUF_TEST(an_order_for_other_hardware_is_refused),
        TUF_TEST(a_release_counter_below_the_confirmed_one_is_refused),
        LEGACY_TEST(legacy_an_image_without_counter_is_older_than_any_with_one),
        TUF_TEST(an_encrypted_image_is_refused),
        TUF_TEST(an_image_that_only_the_image_repository_calls_encrypted_is_refused),
        TUF_TEST(an_image_that_the_image_repository_never_signed_is_refused),
        TUF_TEST(a_length_they_disagree_on_is_refused),
        TUF_TEST(a_hash_they_disagree_on_is_refused),
        TUF_TEST(hashes_without_a_common_algorithm_agree_on_nothing),
        TUF_TEST(hardware_that_the_image_repository_does_not_list_is_refused),
        TUF_TEST(a_counter_they_disagree_on_is_refused),
        TUF_TEST(a_must_match_section_they_disagree_on_is_refused),
        TUF_TEST(a_must_match_section_that_one_lacks_is_refused),
        TUF_TEST(a_must_match_section_that_agrees_is_accepted),
        TUF_TEST(in_tuf_an_image_needs_a_counter),
        LEGACY_TEST(legacy_what_is_absent_on_both_sides_agrees),
        TUF_TEST(one_refused_image_refuses_the_run_but_each_gets_its_verdict),
        TUF_TEST(a_delegated_role_that_is_refused_refuses_its_images),
        TUF_TEST(a_refused_director_role_names_the_director),
        TUF_TEST(a_refused_image_repository_role_names_that_repository),
        TUF_TEST(a_transport_failure_during_the_search_ends_the_run),
        LEGACY_TEST(legacy_a_director_may_have_root_and_targets_only),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
