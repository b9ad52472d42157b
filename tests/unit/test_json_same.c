/* SPDX-License-Identifier: Apache-2.0 */
/* When two JSON values mean the same (fields that must match; roles that must agree). */
#include "lampyr/json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define LENGTH(array) (sizeof(array) / sizeof *(array))

static const char *const same[][2] = {
    {"1", "1"},
    {"true", "true"},
    {"null", "null"},
    {"\"a\"", "\"\\u0061\""},
    {"[]", "[ ]"},
    {"[1,[2],\"x\"]", "[1, [2], \"x\"]"},
    {"{\"a\":1,\"b\":{\"c\":[]}}", "{\"b\":{\"c\":[]},\"a\":1}"},
    {"{\"a\":1}", "{\"\\u0061\":1}"},
};

static const char *const different[][2] = {
    {"1", "2"},
    {"1", "11"},
    {"1", "\"1\""},
    {"\"a\"", "\"A\""},
    {"\"a\"", "[\"a\"]"},
    {"true", "false"},
    {"null", "{}"},
    {"[]", "{}"},
    {"[1]", "[]"},
    {"[1,2]", "[2,1]"},
    {"[1,2]", "[1,2,3]"},
    {"{}", "{\"a\":1}"},
    {"{\"a\":1}", "{\"a\":2}"},
    {"{\"a\":1}", "{\"b\":1}"},
    {"{\"a\":1,\"b\":1}", "{\"a\":1,\"c\":1}"},
    {"{\"a\":[{\"b\":1}]}", "{\"a\":[{\"b\":2}]}"},
};

static bool are_same(const char *a, const char *b) {
    bool result = lp_json_same((lp_json){a, strlen(a)}, (lp_json){b, strlen(b)});
    assert_int_equal(lp_json_same((lp_json){b, strlen(b)}, (lp_json){a, strlen(a)}), result);
    return result;
}

static void spelling_and_order_of_members_do_not_matter(void **state) {
    (void)state;
    for (size_t i = 0; i < LENGTH(same); i++) {
        if (!are_same(same[i][0], same[i][1])) {
            fail_msg("%s is not %s", same[i][0], same[i][1]);
        }
    }
}

static void everything_else_matters(void **state) {
    (void)state;
    for (size_t i = 0; i < LENGTH(different); i++) {
        if (are_same(different[i][0], different[i][1])) {
            fail_msg("%s is %s", different[i][0], different[i][1]);
        }
    }
}

static void absent_is_the_same_as_absent_only(void **state) {
    (void)state;
    lp_json absent = {NULL, 0};
    lp_json null = {"null", 4};
    assert_true(lp_json_same(absent, absent));
    assert_false(lp_json_same(absent, null));
    assert_false(lp_json_same(null, absent));
}

/* Writes an object of `count` members. */
static void fill(char *text, size_t text_bytes, int count) {
    size_t len = 0;
    for (int i = 0; i < count; i++) {
        len += (size_t)snprintf(text + len, text_bytes - len, "%s\"%d\":0", i == 0 ? "{" : ",", i);
        assert_true(len < text_bytes);
    }
    snprintf(text + len, text_bytes - len, "}");
}

static void objects_of_very_many_members_are_never_the_same(void **state) {
    (void)state;
    char text[16 * LP_COMPARED_FIELDS];
    fill(text, sizeof text, LP_COMPARED_FIELDS);
    assert_true(are_same(text, text));
    fill(text, sizeof text, LP_COMPARED_FIELDS + 1);
    assert_false(are_same(text, text));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(spelling_and_order_of_members_do_not_matter),
        cmocka_unit_test(everything_else_matters),
        cmocka_unit_test(absent_is_the_same_as_absent_only),
        cmocka_unit_test(objects_of_very_many_members_are_never_the_same),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
