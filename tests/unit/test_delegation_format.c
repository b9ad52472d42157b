/* SPDX-License-Identifier: Apache-2.0 */
/* What a delegation must look like (TUF 1.0.34, 4.5), multi-role delegations (TAP 3), hash bins (TAP 15). */
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

/* Edits one member of a good delegation (NULL: removes it) and expects the targets to be refused. */
static void refused_with(test_bench *b, const char *member, json_t *value, lp_code code) {
    json_object_del(top(b), "delegations");
    json_t *delegation = repo_delegate(&b->image, top(b), "supplier", "*", false);
    if (value == NULL) {
        json_object_del(delegation, member);
    } else {
        json_object_set_new(delegation, member, value);
    }
    repo_publish_next(&b->image);
    assert_repo_refused(b, NULL, code, LP_ROLE_TARGETS);
}

static void a_delegation_has_its_required_fields(void **state) {
    test_bench *b = *state;
    refused_with(b, "name", NULL, LP_FIELD_MISSING);
    refused_with(b, "keyids", NULL, LP_FIELD_MISSING);
    refused_with(b, "threshold", NULL, LP_FIELD_MISSING);
    refused_with(b, "paths", NULL, LP_FIELD_MISSING);
    refused_with(b, "terminating", NULL, LP_FIELD_MISSING);
}

static void a_delegation_has_fields_of_the_right_type(void **state) {
    test_bench *b = *state;
    refused_with(b, "name", json_integer(1), LP_FIELD_TYPE);
    refused_with(b, "keyids", json_string("x"), LP_FIELD_TYPE);
    refused_with(b, "threshold", json_string("1"), LP_FIELD_TYPE);
    refused_with(b, "paths", json_string("*"), LP_FIELD_TYPE);
    refused_with(b, "terminating", json_integer(0), LP_FIELD_TYPE);
}

static void a_threshold_of_zero_is_refused(void **state) {
    test_bench *b = *state;
    refused_with(b, "threshold", json_integer(0), LP_THRESHOLD_INVALID);
}

static void paths_and_hash_prefixes_exclude_each_other(void **state) {
    test_bench *b = *state;
    refused_with(b, "path_hash_prefixes", json_pack("[s]", "00"), LP_FIELD_VALUE);
}

static void a_top_level_role_cannot_be_delegated_to(void **state) {
    test_bench *b = *state;
    refused_with(b, "name", json_string("root"), LP_NAME_UNSAFE);
    refused_with(b, "name", json_string("targets"), LP_NAME_UNSAFE);
}

static void a_role_has_a_name(void **state) {
    test_bench *b = *state;
    refused_with(b, "name", json_string(""), LP_FIELD_VALUE);
}

static void delegations_have_keys_and_roles(void **state) {
    test_bench *b = *state;
    (void)repo_delegate(&b->image, top(b), "supplier", "*", false);
    json_t *delegations = json_object_get(top(b), "delegations");
    json_t *keys = json_incref(json_object_get(delegations, "keys"));
    json_object_del(delegations, "keys");
    repo_publish_next(&b->image);
    assert_repo_refused(b, NULL, LP_FIELD_MISSING, LP_ROLE_TARGETS);
    json_object_set_new(delegations, "keys", keys);
    json_object_del(delegations, "roles");
    repo_publish_next(&b->image);
    assert_repo_refused(b, NULL, LP_FIELD_MISSING, LP_ROLE_TARGETS);
    json_object_set_new(top(b), "delegations", json_array());
    repo_publish_next(&b->image);
    assert_repo_refused(b, NULL, LP_FIELD_TYPE, LP_ROLE_TARGETS);
}

/* --- multi-role delegations (Uptane 2.1.0, 5.4.4.8) --- */

/* Asserts that the search believes the role that gave the image `length`; 0: that no role signs it. */
static void found(test_bench *b, const char *image, int length) {
    lp_tuf tuf;
    lp_search search;
    lp_tuf_config config = tuf_config(&b->image);
    assert_string_equal(lp_code_name(run_tuf(b, &tuf, &config)), lp_code_name(LP_OK));
    assert_string_equal(lp_code_name(run_search(b, &search, &tuf, image, (lp_json){NULL, 0})), lp_code_name(LP_OK));
    const lp_target *target = lp_search_result(&search);
    assert_int_equal(target == NULL ? 0 : target->length_bytes, length);
}

/* Delegates "*" to "one", "two" and "three" together; `agreement` of them must agree. */
static json_t *delegate_multi(test_bench *b, int agreement, bool terminating) {
    static const char *const names[] = {"one", "two", "three"};
    json_t *roles = json_array();
    for (size_t i = 0; i < 3; i++) {
        (void)repo_delegate(&b->image, top(b), names[i], "*", false);
        json_array_append_new(roles, json_pack("{s:s, s:[s], s:i}", "name", names[i], "keyids",
                                               b->image.keys[LP_ROLE_DELEGATED].signer.keyid, "threshold", 1));
    }
    json_t *multi = json_pack("{s:[s], s:b, s:i, s:o}", "paths", "*", "terminating", terminating,
                              "min_roles_in_agreement", agreement, "roles", roles);
    json_object_set_new(json_object_get(top(b), "delegations"), "roles", json_pack("[o]", multi));
    return multi;
}

static void enough_roles_in_agreement_are_believed(void **state) {
    test_bench *b = *state;
    (void)delegate_multi(b, 2, false);
    repo_add_image(role(b, "one"), "a.bin", 1, NULL);
    repo_add_image(role(b, "two"), "a.bin", 2, NULL);
    repo_add_image(role(b, "three"), "a.bin", 2, NULL);
    repo_publish_next(&b->image);
    found(b, "a.bin", 2);
}

static void too_few_roles_in_agreement_are_not_believed(void **state) {
    test_bench *b = *state;
    (void)delegate_multi(b, 2, false);
    repo_add_image(role(b, "one"), "a.bin", 1, NULL);
    repo_add_image(role(b, "two"), "a.bin", 2, NULL);
    repo_publish_next(&b->image);
    found(b, "a.bin", 0);
}

static void of_two_agreeing_sets_that_of_the_earliest_role_is_believed(void **state) {
    test_bench *b = *state;
    (void)delegate_multi(b, 1, false);
    repo_add_image(role(b, "one"), "a.bin", 1, NULL);
    repo_add_image(role(b, "two"), "a.bin", 2, NULL);
    repo_add_image(role(b, "three"), "a.bin", 2, NULL);
    repo_publish_next(&b->image);
    found(b, "a.bin", 1);
}

static void roles_must_agree_on_hardware_and_counter(void **state) {
    test_bench *b = *state;
    (void)delegate_multi(b, 2, false);
    repo_add_image(role(b, "one"), "a.bin", 1, made_for("brake-hw", 1));
    repo_add_image(role(b, "two"), "a.bin", 1, made_for("brake-hw", 2));
    repo_add_image(role(b, "three"), "a.bin", 1, made_for("radar-hw", 1));
    repo_publish_next(&b->image);
    found(b, "a.bin", 0);
}

static void roles_must_agree_on_the_digest(void **state) {
    test_bench *b = *state;
    (void)delegate_multi(b, 2, false);
    repo_add_image(role(b, "one"), "a.bin", 1, NULL);
    repo_add_image(role(b, "two"), "a.bin", 1, NULL);
    change_hash(json_object_get(json_object_get(role(b, "two"), "targets"), "a.bin"));
    repo_publish_next(&b->image);
    found(b, "a.bin", 0);
}

static void an_invalid_role_only_loses_its_own_voice(void **state) {
    test_bench *b = *state;
    (void)delegate_multi(b, 2, false);
    repo_add_image(role(b, "two"), "a.bin", 2, NULL);
    repo_add_image(role(b, "three"), "a.bin", 2, NULL);
    set_expires(role(b, "one"), TEST_EXPIRED);
    repo_publish_next(&b->image);
    found(b, "a.bin", 2);
}

static void without_agreement_the_next_delegation_is_asked(void **state) {
    test_bench *b = *state;
    (void)delegate_multi(b, 2, false);
    (void)repo_delegate(&b->image, top(b), "four", "*", false);
    repo_add_image(role(b, "one"), "a.bin", 1, NULL);
    repo_add_image(role(b, "four"), "a.bin", 4, NULL);
    repo_publish_next(&b->image);
    found(b, "a.bin", 4);
}

static void a_terminating_multi_role_delegation_ends_the_search(void **state) {
    test_bench *b = *state;
    (void)delegate_multi(b, 2, true);
    (void)repo_delegate(&b->image, top(b), "four", "*", false);
    repo_add_image(role(b, "one"), "a.bin", 1, NULL);
    repo_add_image(role(b, "four"), "a.bin", 4, NULL);
    repo_publish_next(&b->image);
    found(b, "a.bin", 0);
}

static void a_role_of_a_multi_role_delegation_may_delegate_on(void **state) {
    test_bench *b = *state;
    (void)delegate_multi(b, 2, false);
    (void)repo_delegate(&b->image, role(b, "one"), "below-one", "*", false);
    repo_add_image(role(b, "below-one"), "a.bin", 2, NULL);
    repo_add_image(role(b, "three"), "a.bin", 2, NULL);
    repo_publish_next(&b->image);
    found(b, "a.bin", 2);
}

static void agreement_must_be_possible(void **state) {
    test_bench *b = *state;
    (void)delegate_multi(b, 4, false);
    repo_publish_next(&b->image);
    assert_repo_refused(b, NULL, LP_THRESHOLD_INVALID, LP_ROLE_TARGETS);
    json_object_del(top(b), "delegations");
    (void)delegate_multi(b, 0, false);
    repo_publish_next(&b->image);
    assert_repo_refused(b, NULL, LP_THRESHOLD_INVALID, LP_ROLE_TARGETS);
}

/* --- hash bins (TAP 15) --- */

static void delegate_bins(test_bench *b, int bits) {
    const char *keyid = b->image.keys[LP_ROLE_DELEGATED].signer.keyid;
    json_t *delegations = json_pack("{s:{}, s:{s:[s], s:i, s:i, s:s}}", "keys", "succinct_roles", "keyids", keyid,
                                    "threshold", 1, "bit_length", bits, "name_prefix", "bin");
    add_key(&b->image, json_object_get(delegations, "keys"), &b->image.keys[LP_ROLE_DELEGATED]);
    json_object_set_new(top(b), "delegations", delegations);
}

static void an_image_is_looked_for_in_its_bin_only(void **state) {
    test_bench *b = *state;
    delegate_bins(b, 10);
    json_object_set_new(b->image.delegated, "bin-13f", repo_targets_payload(&b->image));
    repo_add_image(role(b, "bin-13f"), "a.bin", 9, NULL);
    repo_publish_next(&b->image);
    found(b, "a.bin", 9);
    assert_string_equal(b->log, " image/1.bin-13f.json");
}

static void a_bin_needs_between_1_and_32_bits(void **state) {
    test_bench *b = *state;
    delegate_bins(b, 0);
    repo_publish_next(&b->image);
    assert_repo_refused(b, NULL, LP_FIELD_VALUE, LP_ROLE_TARGETS);
    delegate_bins(b, 33);
    repo_publish_next(&b->image);
    assert_repo_refused(b, NULL, LP_FIELD_VALUE, LP_ROLE_TARGETS);
}

static void bins_and_roles_exclude_each_other(void **state) {
    test_bench *b = *state;
    delegate_bins(b, 4);
    json_object_set_new(json_object_get(top(b), "delegations"), "roles", json_array());
    repo_publish_next(&b->image);
    assert_repo_refused(b, NULL, LP_FIELD_VALUE, LP_ROLE_TARGETS);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TUF_TEST(a_delegation_has_its_required_fields),
        TUF_TEST(a_delegation_has_fields_of_the_right_type),
        TUF_TEST(a_threshold_of_zero_is_refused),
        TUF_TEST(paths_and_hash_prefixes_exclude_each_other),
        TUF_TEST(a_top_level_role_cannot_be_delegated_to),
        TUF_TEST(a_role_has_a_name),
        TUF_TEST(delegations_have_keys_and_roles),
        TUF_TEST(enough_roles_in_agreement_are_believed),
        TUF_TEST(too_few_roles_in_agreement_are_not_believed),
        TUF_TEST(of_two_agreeing_sets_that_of_the_earliest_role_is_believed),
        TUF_TEST(roles_must_agree_on_hardware_and_counter),
        TUF_TEST(roles_must_agree_on_the_digest),
        TUF_TEST(an_invalid_role_only_loses_its_own_voice),
        TUF_TEST(without_agreement_the_next_delegation_is_asked),
        TUF_TEST(a_terminating_multi_role_delegation_ends_the_search),
        TUF_TEST(a_role_of_a_multi_role_delegation_may_delegate_on),
        TUF_TEST(agreement_must_be_possible),
        TUF_TEST(an_image_is_looked_for_in_its_bin_only),
        TUF_TEST(a_bin_needs_between_1_and_32_bits),
        TUF_TEST(bins_and_roles_exclude_each_other),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
