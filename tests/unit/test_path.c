/* SPDX-License-Identifier: Apache-2.0 */
/* Safe names, URLs and path patterns. */
#include "lampyr/path.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void names_inside_a_folder_are_safe(void **state) {
    (void)state;
    static const char *const safe[] = {"a", "a/b", "a.b/..c/...", ".hidden", "a b", "\xc3\xa9", "%2e%2e", "a:b", "-"};
    for (size_t i = 0; i < sizeof safe / sizeof *safe; i++) {
        assert_true(lp_name_safe(safe[i]));
    }
}

static void names_that_could_leave_a_folder_are_unsafe(void **state) {
    (void)state;
    static const char *const unsafe[] = {"",     "/",   "/a",     "a/",    "a//b", ".",     "..",   "./a",   "../a",
                                         "a/..", "a/.", "a/../b", "a/./b", "a\\b", "..\\a", "a\nb", "a\x1f", "a\x7f"};
    for (size_t i = 0; i < sizeof unsafe / sizeof *unsafe; i++) {
        assert_false(lp_name_safe(unsafe[i]));
    }
}

static void everything_but_unreserved_characters_is_quoted(void **state) {
    (void)state;
    char out[64];
    assert_int_equal(lp_name_quote("aZ09-._~/ %\xc3\xa9+?#&", true, out, sizeof out), LP_OK);
    assert_string_equal(out, "aZ09-._~/%20%25%C3%A9%2B%3F%23%26");
    assert_int_equal(lp_name_quote("a/b", false, out, sizeof out), LP_OK);
    assert_string_equal(out, "a%2Fb");
}

static void quoting_that_does_not_fit_is_a_limit(void **state) {
    (void)state;
    char out[6];
    assert_int_equal(lp_name_quote("a/b", false, out, 6), LP_OK);
    assert_int_equal(lp_name_quote("a/b", false, out, 5), LP_LIMIT_STRING);
    assert_int_equal(lp_name_quote("", false, out, 0), LP_LIMIT_STRING);
}

typedef struct match_case {
    const char *pattern;
    const char *name;
    bool tuf;
    bool legacy;
} match_case;

static const match_case match_cases[] = {
    {"", "", true, true},
    {"", "a", false, false},
    {"a", "", false, false},
    {"*", "", true, true},
    {"a.bin", "a.bin", true, true},
    {"a.bin", "a.bix", false, false},
    {"A.bin", "a.bin", false, false},
    {"*.bin", "a.bin", true, true},
    {"*.bin", "dir/a.bin", false, true},
    {"dir/*", "dir/a.bin", true, true},
    {"dir/*", "dir/sub/a.bin", false, true},
    {"*/*", "dir/a.bin", true, true},
    {"*", "dir/a.bin", false, true},
    {"dir?a", "dir/a", false, true},
    {"dir/?", "dir/a", true, true},
    {"dir/?", "dir/", false, false},
    {"?", "\xc3\xa9", true, true}, /* one character, two bytes */
    {"??", "\xc3\xa9", false, false},
    {"a*b*c", "abbcbc", true, true},
    {"a*b*c", "abbcbd", false, false},
    {"*a/b*c", "xaa/bbc", true, true},
    {"*a/*b", "xa/yaa/zb", false, true},
    {"foo-version-?.bin", "foo-version-2.bin", true, true},
    {"foo-version-?.bin", "foo-version-10.bin", false, false},
    {"[ab]", "a", false, false}, /* no classes, no escapes: only '*' and '?' */
    {"[ab]", "[ab]", true, true},
    {"\\*", "\\x", true, true},
};

static void patterns_match_as_tuf_and_legacy_define_them(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof match_cases / sizeof *match_cases; i++) {
        const match_case *c = &match_cases[i];
        assert_int_equal(lp_path_match(LP_DIALECT_TUF, c->pattern, c->name), c->tuf);
        assert_int_equal(lp_path_match(LP_DIALECT_LEGACY, c->pattern, c->name), c->legacy);
    }
}

/* The length of the character at `name`, which is not at its end. */
static size_t char_len(const char *name) {
    size_t len = 1;
    while (((unsigned char)name[len] & 0xc0) == 0x80) {
        len++;
    }
    return len;
}

/* The definition, tried in every way: '*' takes any bytes, '?' a character. */
static bool match_by_definition(bool crosses, const char *pattern, const char *name) {
    if (*pattern == '\0') {
        return *name == '\0';
    }
    if (*pattern == '*') {
        return match_by_definition(crosses, pattern + 1, name) ||
               (*name != '\0' && (crosses || *name != '/') && match_by_definition(crosses, pattern, name + 1));
    }
    if (*name == '\0') {
        return false;
    }
    if (*pattern == '?') {
        return (crosses || *name != '/') && match_by_definition(crosses, pattern + 1, name + char_len(name));
    }
    return *pattern == *name && match_by_definition(crosses, pattern + 1, name + 1);
}

/* The `number`th word over `letters`, shorter ones first. */
static void spell(unsigned number, const char *letters, char *out) {
    size_t base = strlen(letters);
    while (number > 0) {
        number--;
        *out++ = letters[number % base];
        number /= (unsigned)base;
    }
    *out = '\0';
}

/* `letters`: two, before '/'. */
static void compare_with_definition(const char *letters) {
    enum { PATTERNS = 3905, NAMES = 1092 }; /* up to 5 letters of 5, up to 6 letters of 3 */
    char pattern_letters[8], name_letters[8];
    snprintf(pattern_letters, sizeof pattern_letters, "%s/*?", letters);
    snprintf(name_letters, sizeof name_letters, "%s/", letters);
    for (unsigned p = 0; p <= PATTERNS; p++) {
        for (unsigned n = 0; n <= NAMES; n++) {
            char pattern[8], name[8];
            spell(p, pattern_letters, pattern);
            spell(n, name_letters, name);
            bool tuf = lp_path_match(LP_DIALECT_TUF, pattern, name);
            bool legacy = lp_path_match(LP_DIALECT_LEGACY, pattern, name);
            if (tuf != match_by_definition(false, pattern, name) ||
                legacy != match_by_definition(true, pattern, name)) {
                fail_msg("pattern %s, name %s", pattern, name);
            }
        }
    }
}

static void matching_agrees_with_the_definition_on_all_short_words(void **state) {
    (void)state;
    compare_with_definition("ab");
}

/* Names in documents are UTF-8; one on a command line may be anything. */
static void matching_agrees_with_the_definition_on_bytes_that_are_no_utf8(void **state) {
    (void)state;
    compare_with_definition("\xc3\xa9");
    compare_with_definition("a\x80");
}

static void a_hostile_pattern_costs_no_more_than_the_product_of_lengths(void **state) {
    (void)state;
    char pattern[LP_NAME_BYTES], name[LP_NAME_BYTES];
    for (size_t i = 0; i + 1 < sizeof pattern; i++) {
        pattern[i] = "a*"[i % 2]; /* exponential for a matcher that tries every star */
        name[i] = 'a';
    }
    pattern[sizeof pattern - 2] = 'b';
    pattern[sizeof pattern - 1] = name[sizeof name - 1] = '\0';
    assert_false(lp_path_match(LP_DIALECT_TUF, pattern, name));
    assert_false(lp_path_match(LP_DIALECT_LEGACY, pattern, name));
}

static void assert_metadata_path(lp_dialect dialect, lp_role role, uint64_t version, const char *name,
                                 const char *expected) {
    char out[LP_URL_BYTES];
    assert_int_equal(lp_metadata_path(dialect, role, version, name, out, sizeof out), LP_OK);
    assert_string_equal(out, expected);
}

static void tuf_names_carry_the_version_that_is_asked_for(void **state) {
    (void)state;
    assert_metadata_path(LP_DIALECT_TUF, LP_ROLE_ROOT, 3, NULL, "3.root.json");
    assert_metadata_path(LP_DIALECT_TUF, LP_ROLE_TIMESTAMP, 0, NULL, "timestamp.json");
    assert_metadata_path(LP_DIALECT_TUF, LP_ROLE_SNAPSHOT, 7, NULL, "7.snapshot.json");
    assert_metadata_path(LP_DIALECT_TUF, LP_ROLE_SNAPSHOT, 0, NULL, "snapshot.json");
    assert_metadata_path(LP_DIALECT_TUF, LP_ROLE_TARGETS, UINT64_MAX, NULL, "18446744073709551615.targets.json");
    assert_metadata_path(LP_DIALECT_TUF, LP_ROLE_DELEGATED, 2, "supplier/radar x", "2.supplier%2Fradar%20x.json");
}

static void legacy_names_carry_versions_for_roots_only(void **state) {
    (void)state;
    assert_metadata_path(LP_DIALECT_LEGACY, LP_ROLE_ROOT, 3, NULL, "3.root.json");
    assert_metadata_path(LP_DIALECT_LEGACY, LP_ROLE_ROOT, 0, NULL, "root.json");
    assert_metadata_path(LP_DIALECT_LEGACY, LP_ROLE_SNAPSHOT, 7, NULL, "snapshot.json");
    assert_metadata_path(LP_DIALECT_LEGACY, LP_ROLE_TARGETS, 7, NULL, "targets.json");
    assert_metadata_path(LP_DIALECT_LEGACY, LP_ROLE_DELEGATED, 7, "supplier-radar", "delegations/supplier-radar.json");
}

static void delegated_roles_cannot_leave_the_folder_or_pass_for_top_level_ones(void **state) {
    (void)state;
    static const char *const top[] = {"root", "timestamp", "snapshot", "targets"};
    static const struct {
        const char *role, *file;
    } quoted[] = {{"", ".json"},          {"..", "...json"},   {"../root", "..%2Froot.json"}, {"/root", "%2Froot.json"},
                  {"a\\b", "a%5Cb.json"}, {"a\n", "a%0A.json"}};
    char out[LP_URL_BYTES] = "";
    for (size_t i = 0; i < sizeof top / sizeof *top; i++) {
        assert_int_equal(lp_metadata_path(LP_DIALECT_TUF, LP_ROLE_DELEGATED, 1, top[i], out, sizeof out),
                         LP_NAME_UNSAFE);
        assert_int_equal(lp_store_name(LP_ROLE_DELEGATED, top[i], out, sizeof out), LP_NAME_UNSAFE);
    }
    for (size_t i = 0; i < sizeof quoted / sizeof *quoted; i++) {
        assert_int_equal(lp_store_name(LP_ROLE_DELEGATED, quoted[i].role, out, sizeof out), LP_OK);
        assert_string_equal(out, quoted[i].file);
    }
    out[0] = '\0';
    assert_int_equal(lp_metadata_path(LP_DIALECT_TUF, LP_ROLE_TIME, 0, NULL, out, sizeof out), LP_NAME_UNSAFE);
    assert_int_equal(lp_metadata_path(LP_DIALECT_TUF, LP_ROLE_NONE, 0, NULL, out, sizeof out), LP_NAME_UNSAFE);
    assert_string_equal(out, "");
}

static void a_metadata_path_that_does_not_fit_is_a_limit(void **state) {
    (void)state;
    char out[sizeof "7.targets.json"];
    assert_int_equal(lp_metadata_path(LP_DIALECT_TUF, LP_ROLE_TARGETS, 7, NULL, out, sizeof out), LP_OK);
    assert_int_equal(lp_metadata_path(LP_DIALECT_TUF, LP_ROLE_TARGETS, 7, NULL, out, sizeof out - 1), LP_LIMIT_STRING);
}

static void a_store_keeps_roles_under_names_without_folders(void **state) {
    (void)state;
    char out[64];
    assert_int_equal(lp_store_name(LP_ROLE_ROOT, NULL, out, sizeof out), LP_OK);
    assert_string_equal(out, "root.json");
    assert_int_equal(lp_store_name(LP_ROLE_DELEGATED, "a/b", out, sizeof out), LP_OK);
    assert_string_equal(out, "a%2Fb.json");
    assert_int_equal(lp_store_name(LP_ROLE_DELEGATED, "a/b", out, 5), LP_LIMIT_STRING);
}

static void images_carry_their_digest_when_snapshots_are_consistent(void **state) {
    (void)state;
    char out[LP_URL_BYTES];
    lp_hashes hashes = {.has_sha256 = true, .has_sha512 = true};
    memset(hashes.sha256, 0xab, sizeof hashes.sha256);
    memset(hashes.sha512, 0xcd, sizeof hashes.sha512);
    assert_int_equal(lp_image_path(false, "radar/dsp v1.bin", &hashes, out, sizeof out), LP_OK);
    assert_string_equal(out, "targets/radar/dsp%20v1.bin");
    assert_int_equal(lp_image_path(true, "radar/dsp v1.bin", &hashes, out, sizeof out), LP_OK);
    assert_string_equal(out,
                        "targets/radar/abababababababababababababababababababababababababababababababab.dsp%20v1.bin");
    assert_int_equal(lp_image_path(true, "b", &hashes, out, sizeof out), LP_OK);
    assert_string_equal(out, "targets/abababababababababababababababababababababababababababababababab.b");
    hashes.has_sha256 = false;
    assert_int_equal(lp_image_path(true, "b", &hashes, out, sizeof out), LP_OK);
    assert_int_equal(strlen(out), strlen("targets/.b") + 128);
    hashes.has_sha512 = false;
    assert_int_equal(lp_image_path(true, "b", &hashes, out, sizeof out), LP_FIELD_VALUE);
}

static void unsafe_image_names_have_no_path(void **state) {
    (void)state;
    char out[LP_URL_BYTES];
    lp_hashes hashes = {.has_sha256 = true};
    assert_int_equal(lp_image_path(false, "../x", &hashes, out, sizeof out), LP_NAME_UNSAFE);
    assert_int_equal(lp_image_path(true, "a/", &hashes, out, sizeof out), LP_NAME_UNSAFE);
    assert_int_equal(lp_image_path(false, "abc", &hashes, out, 4), LP_LIMIT_STRING);
}

static void the_longest_name_fits_a_url(void **state) {
    (void)state;
    char name[LP_NAME_BYTES], out[LP_URL_BYTES];
    lp_hashes hashes = {.has_sha512 = true};
    memset(name, '\xc3', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    assert_int_equal(lp_image_path(true, name, &hashes, out, sizeof out), LP_OK);
    assert_int_equal(lp_metadata_path(LP_DIALECT_LEGACY, LP_ROLE_DELEGATED, 1, name, out, sizeof out), LP_OK);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_inside_a_folder_are_safe),
        cmocka_unit_test(names_that_could_leave_a_folder_are_unsafe),
        cmocka_unit_test(everything_but_unreserved_characters_is_quoted),
        cmocka_unit_test(quoting_that_does_not_fit_is_a_limit),
        cmocka_unit_test(patterns_match_as_tuf_and_legacy_define_them),
        cmocka_unit_test(matching_agrees_with_the_definition_on_all_short_words),
        cmocka_unit_test(matching_agrees_with_the_definition_on_bytes_that_are_no_utf8),
        cmocka_unit_test(a_hostile_pattern_costs_no_more_than_the_product_of_lengths),
        cmocka_unit_test(tuf_names_carry_the_version_that_is_asked_for),
        cmocka_unit_test(legacy_names_carry_versions_for_roots_only),
        cmocka_unit_test(delegated_roles_cannot_leave_the_folder_or_pass_for_top_level_ones),
        cmocka_unit_test(a_metadata_path_that_does_not_fit_is_a_limit),
        cmocka_unit_test(a_store_keeps_roles_under_names_without_folders),
        cmocka_unit_test(images_carry_their_digest_when_snapshots_are_consistent),
        cmocka_unit_test(unsafe_image_names_have_no_path),
        cmocka_unit_test(the_longest_name_fits_a_url),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
