/* SPDX-License-Identifier: Apache-2.0 */
/* Strict JSON, and the canonical forms. */
#include "lampyr/json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <cmocka.h>

enum { DEPTH = 8 };

/* A copy that ends where memory ends: reading on is a crash. */
typedef struct edge_copy {
    char *pages;
    size_t pages_bytes;
    char *ptr;
} edge_copy;

static edge_copy copy_to_edge(const char *bytes, size_t len) {
    enum { PAGE = 4096 };
    const size_t room = (len + PAGE - 1) / PAGE * PAGE;
    edge_copy copy = {.pages_bytes = room + PAGE};
    copy.pages = mmap(NULL, copy.pages_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    assert_ptr_not_equal(copy.pages, MAP_FAILED);
    assert_int_equal(mprotect(copy.pages + room, PAGE, PROT_NONE), 0);
    copy.ptr = copy.pages + room - len;
    memcpy(copy.ptr, bytes, len);
    return copy;
}

/* Checks a copy of exact size, with scratch of the size that always suffices. */
static lp_code check_bytes(const char *bytes, size_t len, lp_json_form form, lp_dialect dialect, bool *canonical) {
    edge_copy copy = copy_to_edge(bytes, len);
    size_t scratch_bytes = lp_json_scratch_bytes(len);
    lp_scratch scratch = {malloc(scratch_bytes > 0 ? scratch_bytes : 1), scratch_bytes};
    lp_json value;
    assert_non_null(scratch.ptr);
    lp_slice document = {(uint8_t *)copy.ptr, len};
    lp_code code = lp_json_check(document, form, dialect, DEPTH, scratch, &value, canonical);
    free(scratch.ptr);
    munmap(copy.pages, copy.pages_bytes);
    return code;
}

static lp_code check(const char *text) {
    return check_bytes(text, strlen(text), LP_JSON_SERVED, LP_DIALECT_TUF, NULL);
}

static void expect(const char *text, lp_code expected) {
    lp_code code = check(text);
    if (code != expected) {
        fail_msg("%s: %s, not %s", text, lp_code_name(code), lp_code_name(expected));
    }
}

static void documents_of_every_type_are_read(void **state) {
    (void)state;
    static const char *const texts[] = {"{}",
                                        "[]",
                                        "\"\"",
                                        "0",
                                        "-1",
                                        "true",
                                        "false",
                                        "null",
                                        " \t\r\n1 ",
                                        "[1,2]",
                                        "[[]]",
                                        "{\"a\":{\"b\":[null]}}",
                                        "\"\\u0041\\n\\/\"",
                                        "-0"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        expect(texts[i], LP_OK);
    }
}

static void what_is_no_json_is_refused(void **state) {
    (void)state;
    static const char *const texts[] = {"",
                                        " ",
                                        "{",
                                        "[",
                                        "\"",
                                        "{]",
                                        "[1,]",
                                        "[,1]",
                                        "{\"a\"}",
                                        "{\"a\":}",
                                        "{a:1}",
                                        "{'a':1}",
                                        "tru",
                                        "True",
                                        "nul",
                                        "+1",
                                        "01",
                                        "-",
                                        "[1 2]",
                                        "{\"a\":1,}",
                                        "\"\\x\"",
                                        "\"\\u12\"",
                                        "\"a\nb\"",
                                        "//",
                                        "[1;2]",
                                        "{\"a\":1;\"b\":2}",
                                        "\"\\u12g4\"",
                                        "[1,"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        expect(texts[i], LP_JSON_SYNTAX);
    }
}

static void bytes_after_the_document_are_refused(void **state) {
    (void)state;
    expect("{} x", LP_JSON_TRAILING);
    expect("{}{}", LP_JSON_TRAILING);
    expect("1]", LP_JSON_TRAILING);
    assert_int_equal(check_bytes("{}\0", 3, LP_JSON_SERVED, LP_DIALECT_TUF, NULL), LP_JSON_TRAILING);
}

static void fractions_exponents_and_large_numbers_are_refused(void **state) {
    (void)state;
    expect("1.0", LP_JSON_NUMBER);
    expect("1e3", LP_JSON_NUMBER);
    expect("1E+3", LP_JSON_NUMBER);
    expect("9223372036854775807", LP_OK);
    expect("-9223372036854775808", LP_OK);
    expect("9223372036854775808", LP_JSON_NUMBER);
    expect("-9223372036854775809", LP_JSON_NUMBER);
    expect("100000000000000000000000000000", LP_JSON_NUMBER);
}

static void strings_must_be_utf8(void **state) {
    (void)state;
    expect("\"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\"", LP_OK);
    expect("\"\xff\"", LP_JSON_UTF8);
    expect("\"\xc3\"", LP_JSON_UTF8);
    expect("\"\xc0\x80\"", LP_JSON_UTF8);         /* overlong */
    expect("\"\xc1\xbf\"", LP_JSON_UTF8);         /* overlong */
    expect("\"\xbf\x80\"", LP_JSON_UTF8);         /* begins in the middle of a character */
    expect("\"\xe0\x80\xaf\"", LP_JSON_UTF8);     /* overlong */
    expect("\"\xed\xa0\x80\"", LP_JSON_UTF8);     /* surrogate */
    expect("\"\xf4\x90\x80\x80\"", LP_JSON_UTF8); /* beyond U+10FFFF */
    expect("\"\\ud83d\\ude00\"", LP_OK);
    expect("\"\\ud83d\"", LP_JSON_UTF8);
    expect("\"\\ude00\"", LP_JSON_UTF8);
    expect("\"\\ud83dx\"", LP_JSON_UTF8);
    expect("\"\\ud83d\\u0041\"", LP_JSON_UTF8);
}

static void duplicate_keys_are_refused(void **state) {
    (void)state;
    expect("{\"a\":1,\"a\":1}", LP_JSON_DUPLICATE_KEY);
    expect("{\"b\":1,\"c\":1,\"a\":1,\"b\":1}", LP_JSON_DUPLICATE_KEY);
    expect("{\"a\":1,\"\\u0061\":1}", LP_JSON_DUPLICATE_KEY);
    expect("{\"\xc3\xa9\":1,\"\\u00e9\":1}", LP_JSON_DUPLICATE_KEY);
    expect("[{\"x\":{\"a\":1,\"a\":1}}]", LP_JSON_DUPLICATE_KEY);
    expect("{\"a\":1,\"A\":1}", LP_OK);
    expect("{\"\xc3\xa9\":1,\"e\xcc\x81\":1}", LP_OK); /* not normalised */
}

static void nesting_is_bounded(void **state) {
    (void)state;
    expect("[[[[[[[[]]]]]]]]", LP_OK);
    expect("[[[[[[[[[]]]]]]]]]", LP_LIMIT_DEPTH);
    expect("{\"a\":[[[[[[[[]]]]]]]]}", LP_LIMIT_DEPTH);
}

static void a_hundred_thousand_brackets_are_a_limit(void **state) {
    (void)state;
    enum { BYTES = 100000 };
    char *text = malloc(BYTES);
    assert_non_null(text);
    memset(text, '[', BYTES);
    assert_int_equal(check_bytes(text, BYTES, LP_JSON_SERVED, LP_DIALECT_TUF, NULL), LP_LIMIT_DEPTH);
    free(text);
}

static void ascending_keys_need_no_scratch(void **state) {
    (void)state;
    static const char ascending[] = "{\"a\":1,\"b\":1}";
    static const char descending[] = "{\"b\":1,\"a\":1}";
    lp_json value;
    assert_int_equal(lp_json_check((lp_slice){(const uint8_t *)ascending, sizeof ascending - 1}, LP_JSON_SERVED,
                                   LP_DIALECT_TUF, DEPTH, (lp_scratch){NULL, 0}, &value, NULL),
                     LP_OK);
    assert_int_equal(lp_json_check((lp_slice){(const uint8_t *)descending, sizeof descending - 1}, LP_JSON_SERVED,
                                   LP_DIALECT_TUF, DEPTH, (lp_scratch){NULL, 0}, &value, NULL),
                     LP_LIMIT_MEMORY);
}

/* --- canonical form --- */

typedef struct canonical_case {
    const char *served;
    const char *tuf;
    const char *legacy;
} canonical_case;

static const canonical_case canonical_cases[] = {
    {" { \"b\" : 1 , \"a\" : [ 2 , {} ] } ", "{\"a\":[2,{}],\"b\":1}", "{\"a\":[2,{}],\"b\":1}"},
    {"{\"b\":{\"d\":1,\"c\":2},\"a\":0}", "{\"a\":0,\"b\":{\"c\":2,\"d\":1}}", "{\"a\":0,\"b\":{\"c\":2,\"d\":1}}"},
    {"\"\\u0041\\/\"", "\"A/\"", "\"A/\""},
    {"\"a\\nb\\u001f\"", "\"a\nb\x1f\"", "\"a\\nb\\u001f\""},
    {"\"\\t\\r\\b\\f\"", "\"\t\r\b\f\"", "\"\\t\\r\\b\\f\""},
    {"\"\\\"\\\\\"", "\"\\\"\\\\\"", "\"\\\"\\\\\""},
    {"\"\\u00e9\\ud83d\\ude00\"", "\"\xc3\xa9\xf0\x9f\x98\x80\"", "\"\xc3\xa9\xf0\x9f\x98\x80\""},
    {"\"\\u007f\"", "\"\x7f\"", "\"\x7f\""},
    {"-0", "0", "0"},
    {"-7", "-7", "-7"},
    {"[true,false,null]", "[true,false,null]", "[true,false,null]"},
    /* Keys ascend by UTF-8 bytes, a prefix first. */
    {"{\"b\":1,\"ab\":1,\"a\":1,\"B\":1,\"\":1}", "{\"\":1,\"B\":1,\"a\":1,\"ab\":1,\"b\":1}",
     "{\"\":1,\"B\":1,\"a\":1,\"ab\":1,\"b\":1}"},
    {"{\"\\ud83d\\ude00\":1,\"\\uffff\":1,\"z\":1}", "{\"z\":1,\"\xef\xbf\xbf\":1,\"\xf0\x9f\x98\x80\":1}",
     "{\"z\":1,\"\xef\xbf\xbf\":1,\"\xf0\x9f\x98\x80\":1}"},
};

static void expect_canonical(const char *served, lp_dialect dialect, const char *expected) {
    size_t len = strlen(served);
    size_t scratch_bytes = lp_json_scratch_bytes(len);
    lp_scratch scratch = {malloc(scratch_bytes), scratch_bytes};
    lp_json value;
    lp_slice out;
    bool was_canonical;
    assert_non_null(scratch.ptr);
    assert_int_equal(lp_json_check((lp_slice){(const uint8_t *)served, len}, LP_JSON_SERVED, dialect, DEPTH, scratch,
                                   &value, &was_canonical),
                     LP_OK);
    assert_int_equal(lp_json_canonical(value, dialect, scratch, &out), LP_OK);
    if (out.len != strlen(expected) || memcmp(out.ptr, expected, out.len) != 0) {
        fail_msg("%s becomes %.*s, not %s", served, (int)out.len, (const char *)out.ptr, expected);
    }
    assert_int_equal(was_canonical, strcmp(served, expected) == 0);
    /* What is canonical is taken as such, and is its own canonical form. */
    assert_int_equal(check_bytes(expected, strlen(expected), LP_JSON_CANONICAL, dialect, &was_canonical), LP_OK);
    assert_true(was_canonical);
    free(scratch.ptr);
}

static void canonical_forms_are_as_the_table_says(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof canonical_cases / sizeof *canonical_cases; i++) {
        expect_canonical(canonical_cases[i].served, LP_DIALECT_TUF, canonical_cases[i].tuf);
        expect_canonical(canonical_cases[i].served, LP_DIALECT_LEGACY, canonical_cases[i].legacy);
    }
}

static void only_canonical_bytes_pass_as_canonical(void **state) {
    (void)state;
    static const char *const texts[] = {" 1",          "1 ",      "[1, 2]", "{\"a\": 1}", "{\"b\":1,\"a\":1}",
                                        "\"\\u0041\"", "\"\\/\"", "-0"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        for (lp_dialect d = LP_DIALECT_TUF; d <= LP_DIALECT_LEGACY; d++) {
            lp_code code = check_bytes(texts[i], strlen(texts[i]), LP_JSON_CANONICAL, d, NULL);
            if (code != LP_NOT_CANONICAL) {
                fail_msg("%s: %s", texts[i], lp_code_name(code));
            }
        }
    }
}

static void each_dialect_has_its_own_canonical_strings(void **state) {
    (void)state;
    assert_int_equal(check_bytes("\"a\nb\"", 5, LP_JSON_CANONICAL, LP_DIALECT_TUF, NULL), LP_OK);
    assert_int_equal(check_bytes("\"a\nb\"", 5, LP_JSON_CANONICAL, LP_DIALECT_LEGACY, NULL), LP_JSON_SYNTAX);
    assert_int_equal(check_bytes("\"a\\nb\"", 6, LP_JSON_CANONICAL, LP_DIALECT_TUF, NULL), LP_NOT_CANONICAL);
    assert_int_equal(check_bytes("\"a\\nb\"", 6, LP_JSON_CANONICAL, LP_DIALECT_LEGACY, NULL), LP_OK);
}

/* Only its first page is there: nothing else of it may be looked at. */
static void an_object_of_4_gib_cannot_be_sorted(void **state) {
    (void)state;
    enum { PAGE = 4096 };
    static const char unsorted[] = "{\"b\":1,\"a\":1";
    const size_t len = (size_t)UINT32_MAX + 1;
    char scratch[64];
    lp_slice out;
    char *bytes = mmap(NULL, len, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    assert_ptr_not_equal(bytes, MAP_FAILED);
    assert_int_equal(mprotect(bytes, PAGE, PROT_READ | PROT_WRITE), 0);
    memset(bytes, ' ', PAGE);
    memcpy(bytes, unsorted, sizeof unsorted - 1);
    assert_int_equal(
        lp_json_canonical((lp_json){bytes, len}, LP_DIALECT_TUF, (lp_scratch){scratch, sizeof scratch}, &out),
        LP_LIMIT_MEMORY);
    munmap(bytes, len);
}

/* --- reading --- */

static lp_json document(const char *text) {
    lp_json value;
    assert_int_equal(lp_json_check((lp_slice){(const uint8_t *)text, strlen(text)}, LP_JSON_SERVED, LP_DIALECT_TUF,
                                   DEPTH, (lp_scratch){NULL, 0}, &value, NULL),
                     LP_OK);
    return value;
}

static void members_are_found_by_name(void **state) {
    (void)state;
    lp_json object = document("{\"\\u0061\":1,\"b\":{\"c\":2},\"d\":[3]}");
    uint64_t number;
    assert_int_equal(lp_json_uint(lp_json_get(object, "a"), &number), LP_OK);
    assert_int_equal(number, 1);
    assert_true(lp_json_is_object(lp_json_get(object, "b")));
    assert_true(lp_json_is_array(lp_json_get(object, "d")));
    assert_null(lp_json_get(object, "e").ptr);
    assert_null(lp_json_get(lp_json_get(object, "d"), "a").ptr);
    assert_int_equal(lp_json_count(object), 3);
    assert_int_equal(lp_json_count(lp_json_get(object, "d")), 1);
}

static void typed_readers_say_what_is_wrong(void **state) {
    (void)state;
    lp_json object = document("{\"big\":9223372036854775807,\"minus\":-1,\"no\":false,\"text\":\"x\"}");
    uint64_t number;
    bool flag;
    lp_str text;
    assert_int_equal(lp_json_uint(lp_json_get(object, "big"), &number), LP_OK);
    assert_true(number == INT64_MAX);
    assert_int_equal(lp_json_uint(lp_json_get(object, "minus"), &number), LP_FIELD_VALUE);
    assert_int_equal(lp_json_uint(lp_json_get(object, "text"), &number), LP_FIELD_TYPE);
    assert_int_equal(lp_json_uint((lp_json){"9223372036854775808", 19}, &number), LP_FIELD_VALUE);
    assert_int_equal(lp_json_uint((lp_json){"10000000000000000000", 20}, &number), LP_FIELD_VALUE);
    assert_int_equal(lp_json_uint(lp_json_get(object, "none"), &number), LP_FIELD_MISSING);
    assert_int_equal(lp_json_bool(lp_json_get(object, "no"), &flag), LP_OK);
    assert_false(flag);
    assert_int_equal(lp_json_bool(lp_json_get(object, "big"), &flag), LP_FIELD_TYPE);
    assert_int_equal(lp_json_string(lp_json_get(object, "text"), &text), LP_OK);
    assert_true(lp_str_is(text, "x"));
    assert_int_equal(lp_json_string(lp_json_get(object, "no"), &text), LP_FIELD_TYPE);
}

static void strings_are_copied_out_unescaped(void **state) {
    (void)state;
    char out[8];
    size_t len;
    lp_str text;
    assert_int_equal(lp_json_string(document("\"a\\n\\u00e9\\ud83d\\ude00\""), &text), LP_OK);
    assert_int_equal(lp_str_copy(text, out, sizeof out, &len), LP_LIMIT_STRING);
    assert_int_equal(lp_json_string(document("\"a\\n\\u00e9\""), &text), LP_OK);
    assert_int_equal(lp_str_copy(text, out, sizeof out, &len), LP_OK);
    assert_string_equal(out, "a\n\xc3\xa9");
    assert_int_equal(len, 4);
    assert_int_equal(lp_str_copy((lp_str){"\\u0000", 6}, out, sizeof out, &len), LP_FIELD_VALUE);
    assert_int_equal(lp_str_copy((lp_str){"", 0}, out, 0, &len), LP_LIMIT_STRING);
}

/* Text in C ends at U+0000: two readers would take one name for two. */
static void a_string_with_u0000_is_refused_in_metadata(void **state) {
    (void)state;
    expect("\"a\\u0000b\"", LP_FIELD_VALUE);
    assert_int_equal(check_bytes("\"a\\u0000\"", 9, LP_JSON_GENERAL, LP_DIALECT_TUF, NULL), LP_OK);
}

static void strings_are_equal_by_meaning(void **state) {
    (void)state;
    lp_str plain = lp_str_from("\xc3\xa9/x");
    lp_str escaped;
    assert_int_equal(lp_json_string(document("\"\\u00E9\\/\\u0078\""), &escaped), LP_OK);
    assert_true(lp_str_eq(plain, escaped));
    assert_true(lp_str_eq(escaped, plain));
    assert_false(lp_str_eq(plain, lp_str_from("\xc3\xa9/xy")));
    assert_false(lp_str_eq(lp_str_from("\xc3\xa9/xy"), plain));
}

static void a_record_has_a_largest_size(void **state) {
    (void)state;
    char text[8 * LP_RECORD_FIELDS + 16] = "{\"00\":0";
    lp_json_field field = {.name = "00"};
    assert_int_equal(lp_json_record(document("[]"), &field, 1), LP_FIELD_TYPE);
    size_t len = strlen(text);
    for (unsigned i = 1; i < LP_RECORD_FIELDS; i++) {
        len += (size_t)snprintf(text + len, sizeof text - len, ",\"%02u\":0", i);
    }
    strcpy(text + len, "}");
    assert_int_equal(lp_json_record(document(text), &field, 1), LP_OK);
    assert_int_equal(field.value.len, 1);
    strcpy(text + len, ",\"x\":0}");
    assert_int_equal(lp_json_record(document(text), &field, 1), LP_LIMIT_RECORD);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(documents_of_every_type_are_read),
        cmocka_unit_test(what_is_no_json_is_refused),
        cmocka_unit_test(bytes_after_the_document_are_refused),
        cmocka_unit_test(fractions_exponents_and_large_numbers_are_refused),
        cmocka_unit_test(strings_must_be_utf8),
        cmocka_unit_test(duplicate_keys_are_refused),
        cmocka_unit_test(nesting_is_bounded),
        cmocka_unit_test(a_hundred_thousand_brackets_are_a_limit),
        cmocka_unit_test(ascending_keys_need_no_scratch),
        cmocka_unit_test(canonical_forms_are_as_the_table_says),
        cmocka_unit_test(only_canonical_bytes_pass_as_canonical),
        cmocka_unit_test(each_dialect_has_its_own_canonical_strings),
        cmocka_unit_test(an_object_of_4_gib_cannot_be_sorted),
        cmocka_unit_test(members_are_found_by_name),
        cmocka_unit_test(typed_readers_say_what_is_wrong),
        cmocka_unit_test(strings_are_copied_out_unescaped),
        cmocka_unit_test(a_string_with_u0000_is_refused_in_metadata),
        cmocka_unit_test(strings_are_equal_by_meaning),
        cmocka_unit_test(a_record_has_a_largest_size),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
