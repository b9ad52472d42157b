/* SPDX-License-Identifier: Apache-2.0 */
/* Names, counts and nesting at their limits, and one beyond. */
#include "bench.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static json_t *top(test_bench *b) {
    return b->image.roles[LP_ROLE_TARGETS];
}

/* --- the search --- */

/* The search for `image` in the published image repository. */
static lp_code search(test_bench *b, const char *image, lp_search *out) {
    static lp_tuf tuf; /* the search goes on reading it */
    lp_tuf_config config = tuf_config(&b->image);
    assert_string_equal(lp_code_name(run_tuf(b, &tuf, &config)), lp_code_name(LP_OK));
    return run_search(b, out, &tuf, image, (lp_json){NULL, 0});
}

static void refused(test_bench *b, const char *image, lp_code code, lp_role role) {
    lp_search s;
    assert_string_equal(lp_code_name(search(b, image, &s)), lp_code_name(code));
    assert_refused(lp_search_error(&s), code, LP_REPO_IMAGE, role);
    assert_null(lp_search_result(&s));
}

static void name_of(char *out, size_t len) {
    memset(out, 'n', len);
    out[len] = '\0';
}

static void an_image_name_has_at_most_511_bytes(void **state) {
    test_bench *b = *state;
    char name[LP_NAME_BYTES + 1];
    lp_search s;
    name_of(name, LP_NAME_BYTES - 1);
    repo_add_image(top(b), name, 3, NULL);
    repo_publish_next(&b->image);
    assert_int_equal(search(b, name, &s), LP_OK);
    assert_non_null(lp_search_result(&s));
    name_of(name, LP_NAME_BYTES);
    refused(b, name, LP_LIMIT_STRING, LP_ROLE_TARGETS);
}

static void a_role_name_has_at_most_511_bytes(void **state) {
    test_bench *b = *state;
    char name[LP_NAME_BYTES + 1];
    name_of(name, LP_NAME_BYTES);
    (void)repo_delegate(&b->image, top(b), name, "*", false);
    json_object_del(b->image.delegated, name); /* such a file could not be named */
    repo_publish_next(&b->image);
    assert_repo_refused(b, NULL, LP_LIMIT_STRING, LP_ROLE_TARGETS);
}

static void delegate_bins(test_bench *b, size_t prefix_bytes, bool escaped) {
    char prefix[LP_NAME_BYTES];
    name_of(prefix, prefix_bytes);
    const lp_key *key = &b->image.keys[LP_ROLE_DELEGATED];
    json_t *delegations =
        json_pack("{s:{}, s:{s:[s], s:i, s:i, s:s}}", "keys", "succinct_roles", "keyids", key->signer.keyid,
                  "threshold", 1, "bit_length", 8, "name_prefix", escaped ? "a\"b" : prefix);
    add_key(&b->image, json_object_get(delegations, "keys"), key);
    json_object_set_new(top(b), "delegations", delegations);
    repo_publish_next(&b->image);
}

static void a_bin_has_a_name_of_at_most_511_bytes(void **state) {
    test_bench *b = *state;
    delegate_bins(b, LP_NAME_BYTES - 4, false); /* "-xx" and the terminator */
    refused(b, "a.bin", LP_ROLE_NOT_LISTED, LP_ROLE_DELEGATED);
    delegate_bins(b, LP_NAME_BYTES - 3, false);
    refused(b, "a.bin", LP_LIMIT_STRING, LP_ROLE_DELEGATED);
}

static void the_prefix_of_a_bin_needs_no_escapes(void **state) {
    test_bench *b = *state;
    delegate_bins(b, 1, true);
    assert_repo_refused(b, NULL, LP_FIELD_VALUE, LP_ROLE_TARGETS);
}

/* Delegates "*" from `from` to the role `name` by a multi-role delegation of one role. */
static void delegate_alone(test_bench *b, json_t *from, const char *name) {
    (void)repo_delegate(&b->image, from, name, "*", false);
    json_t *role = json_pack("{s:s, s:[s], s:i}", "name", name, "keyids", b->image.keys[LP_ROLE_DELEGATED].signer.keyid,
                             "threshold", 1);
    json_t *multi = json_pack("{s:[s], s:b, s:i, s:[o]}", "paths", "*", "terminating", false, "min_roles_in_agreement",
                              1, "roles", role);
    json_object_set_new(json_object_get(from, "delegations"), "roles", json_pack("[o]", multi));
}

static void nest(test_bench *b, int levels) {
    json_t *from = top(b);
    for (int i = 0; i < levels; i++) {
        char name[32];
        snprintf(name, sizeof name, "level-%d", i);
        delegate_alone(b, from, name);
        from = repo_role(&b->image, name);
    }
    repo_add_image(from, "a.bin", 5, NULL);
    repo_publish_next(&b->image);
}

static void multi_role_delegations_nest_up_to_a_limit(void **state) {
    test_bench *b = *state;
    lp_search s;
    nest(b, LP_MULTI_DEPTH);
    assert_int_equal(search(b, "a.bin", &s), LP_OK);
    assert_non_null(lp_search_result(&s));
}

static void multi_role_delegations_nested_deeper_are_a_limit(void **state) {
    test_bench *b = *state;
    nest(b, LP_MULTI_DEPTH + 1);
    refused(b, "a.bin", LP_LIMIT_DELEGATION_DEPTH, LP_ROLE_DELEGATED);
}

static void delegations_end_at_the_depth_there_is_room_for(void **state) {
    test_bench *b = *state;
    json_t *from = top(b);
    for (int i = 0; i <= LP_SEARCH_DEPTH; i++) {
        char name[32];
        snprintf(name, sizeof name, "level-%d", i);
        (void)repo_delegate(&b->image, from, name, "*", false);
        from = repo_role(&b->image, name);
    }
    repo_publish_next(&b->image);
    refused(b, "a.bin", LP_LIMIT_DELEGATION_DEPTH, LP_ROLE_DELEGATED);
}

/* --- the vehicle --- */

static lp_code run_vehicle(test_bench *b, const lp_limits *limits, const lp_ecu *ecus, size_t count, bool only_listed,
                           lp_full *full) {
    lp_full_config config = full_config(b, ecus, count);
    config.limits = limits;
    config.only_listed = only_listed;
    return run_full(b, full, &config);
}

static void a_vehicle_has_at_most_1024_ecus(void **state) {
    test_bench *b = *state;
    static char serials[LP_ECUS + 1][16];
    static lp_ecu ecus[LP_ECUS + 1];
    lp_full full;
    for (int i = 0; i <= LP_ECUS; i++) {
        snprintf(serials[i], sizeof serials[i], "ecu-%d", i);
        ecus[i] = (lp_ecu){.serial = serials[i], .hardware = "hw"};
    }
    repo_publish_next(&b->director);
    assert_int_equal(run_vehicle(b, &lp_limits_gateway, ecus, LP_ECUS, false, &full), LP_OK);
    assert_int_equal(run_vehicle(b, &lp_limits_gateway, ecus, LP_ECUS + 1, false, &full), LP_LIMIT_ECUS);
    lp_limits limits = lp_limits_gateway;
    limits.ecus = 3;
    assert_int_equal(run_vehicle(b, &limits, ecus, 4, false, &full), LP_LIMIT_ECUS);
}

static void orders_are_for_at_most_so_many_ecus(void **state) {
    test_bench *b = *state;
    const lp_ecu me = {.serial = "ecu-0", .hardware = "hw"};
    json_t *custom = order_for("ecu-0", "hw", 1);
    json_t *ordered = json_object_get(custom, "ecuIdentifiers");
    lp_limits limits = lp_limits_gateway;
    lp_full full;
    for (int i = 1; i < 4; i++) {
        char serial[16];
        snprintf(serial, sizeof serial, "ecu-%d", i);
        json_object_set_new(ordered, serial, json_pack("{s:s}", "hardwareId", "hw"));
    }
    repo_add_image(b->director.roles[LP_ROLE_TARGETS], "a.bin", 1, custom);
    repo_add_image(top(b), "a.bin", 1, made_for("hw", 1));
    repo_publish_next(&b->director);
    repo_publish_next(&b->image);
    limits.ecus = 4;
    assert_int_equal(run_vehicle(b, &limits, &me, 1, true, &full), LP_OK);
    limits.ecus = 3;
    assert_int_equal(run_vehicle(b, &limits, &me, 1, true, &full), LP_LIMIT_ECUS);
    assert_refused(lp_full_error(&full), LP_LIMIT_ECUS, LP_REPO_DIRECTOR, LP_ROLE_TARGETS);
    assert_true(lp_str_is(lp_full_error(&full)->subject, "ecu-3"));
}

static void a_serial_that_needs_escapes_is_refused(void **state) {
    test_bench *b = *state;
    const lp_ecu ecus[] = {{.serial = "fine", .hardware = "hw"}, {.serial = "a\"b", .hardware = "hw"}};
    lp_full full;
    lp_partial partial;
    assert_int_equal(run_vehicle(b, &lp_limits_gateway, ecus, 2, false, &full), LP_NAME_UNSAFE);
    assert_string_equal(b->log, "");
    lp_partial_config config = partial_config(b, "a\\b", "hw");
    assert_int_equal(run_partial(b, &partial, &config), LP_NAME_UNSAFE);
    assert_string_equal(b->log, "");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TUF_TEST(an_image_name_has_at_most_511_bytes),
        TUF_TEST(a_role_name_has_at_most_511_bytes),
        TUF_TEST(a_bin_has_a_name_of_at_most_511_bytes),
        TUF_TEST(the_prefix_of_a_bin_needs_no_escapes),
        TUF_TEST(multi_role_delegations_nest_up_to_a_limit),
        TUF_TEST(multi_role_delegations_nested_deeper_are_a_limit),
        TUF_TEST(delegations_end_at_the_depth_there_is_room_for),
        TUF_TEST(a_vehicle_has_at_most_1024_ecus),
        TUF_TEST(orders_are_for_at_most_so_many_ecus),
        TUF_TEST(a_serial_that_needs_escapes_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
