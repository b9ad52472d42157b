/* SPDX-License-Identifier: Apache-2.0 */
/* Codes: header, tables and docs/ERRORS.md say the same. */
#include "lampyr/error.h"

#include <ctype.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { LINE_BYTES = 1024, LAST_NUMBER = 2000 };

/* Opens a file of the source tree. */
static FILE *open_source(const char *name) {
    char path[LINE_BYTES] = __FILE__;
    char *end = strrchr(path, '/');
    size_t folder = end != NULL ? (size_t)(end + 1 - path) : 0;
    snprintf(path + folder, sizeof path - folder, "../../%s", name);
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    return file;
}

static bool is_known(lp_code code) {
    return strcmp(lp_code_name(code), "unknown") != 0;
}

static unsigned count_known(void) {
    unsigned count = 0;
    for (int number = 0; number <= LAST_NUMBER; number++) {
        count += is_known((lp_code)number);
    }
    return count;
}

static void names_are_the_enumerators_in_lower_case(void **state) {
    (void)state;
    FILE *header = open_source("metadata/include/lampyr/error.h");
    char line[LINE_BYTES], name[LINE_BYTES];
    unsigned number, found = 0;
    while (fgets(line, sizeof line, header) != NULL && strncmp(line, "} lp_code;", 10) != 0) {
        if (sscanf(line, " LP_%[A-Z0-9_] = %u", name, &number) != 2) {
            continue;
        }
        for (char *c = name; *c != '\0'; c++) {
            *c = (char)tolower(*c);
        }
        assert_string_equal(lp_code_name((lp_code)number), name);
        found++;
    }
    fclose(header);
    assert_int_equal(found, count_known());
}

static void the_document_lists_every_code_as_the_tables_do(void **state) {
    (void)state;
    FILE *document = open_source("docs/ERRORS.md");
    char line[LINE_BYTES], expected[LINE_BYTES];
    unsigned rows = 0;
    long last = -1;
    while (fgets(line, sizeof line, document) != NULL) {
        if (line[0] != '|' || line[1] != ' ' || !isdigit((unsigned char)line[2])) {
            continue;
        }
        long number = strtol(line + 2, NULL, 10);
        lp_code code = (lp_code)number;
        const char *attack = lp_code_attack(code);
        snprintf(expected, sizeof expected, "| %ld | `%s` | %s%s| %s | ", number, lp_code_name(code), attack,
                 attack[0] != '\0' ? " " : "", lp_code_text(code));
        assert_true(number > last);
        assert_true(is_known(code));
        assert_true(strlen(line) > strlen(expected) + strlen("|\n")); /* there is advice, too */
        line[strlen(expected)] = '\0';
        assert_string_equal(line, expected);
        last = number;
        rows++;
    }
    fclose(document);
    assert_int_equal(rows, count_known());
}

static void every_code_has_a_text_of_one_line(void **state) {
    (void)state;
    for (int number = 0; number <= LAST_NUMBER; number++) {
        const char *text = lp_code_text((lp_code)number);
        assert_true(text[0] != '\0');
        assert_null(strpbrk(text, "\n|"));
        assert_int_equal(strcmp(text, "unknown code") != 0, is_known((lp_code)number));
    }
}

static void attacks_bear_the_names_of_the_field(void **state) {
    (void)state;
    static const char *const words[] = {
        "",
        "arbitrary software",
        "rollback",
        "freeze",
        "mix-and-match",
        "endless data",
        "slow retrieval",
        "wrong hardware",
        "wrong ECU",
        "key-threshold misuse",
        "malformed",
        "limit",
    };
    bool used[sizeof words / sizeof *words] = {false};
    for (int number = 0; number <= LAST_NUMBER; number++) {
        size_t word = 0;
        while (word < sizeof words / sizeof *words && strcmp(words[word], lp_code_attack((lp_code)number)) != 0) {
            word++;
        }
        assert_true(word < sizeof words / sizeof *words);
        used[word] = true;
    }
    for (size_t word = 0; word < sizeof words / sizeof *words; word++) {
        assert_true(used[word]);
    }
}

static void attacks_are_told_from_mishaps(void **state) {
    (void)state;
    assert_string_equal(lp_code_attack(LP_SIGNATURE_THRESHOLD), "arbitrary software");
    assert_string_equal(lp_code_attack(LP_THRESHOLD_INVALID), "key-threshold misuse");
    assert_string_equal(lp_code_attack(LP_ROLLBACK_VERSION), "rollback");
    assert_string_equal(lp_code_attack(LP_EXPIRED), "freeze");
    assert_string_equal(lp_code_attack(LP_HASH_MISMATCH), "mix-and-match");
    assert_string_equal(lp_code_attack(LP_LIMIT_FILE), "endless data");
    assert_string_equal(lp_code_attack(LP_WRONG_HARDWARE), "wrong hardware");
    assert_string_equal(lp_code_attack(LP_WRONG_VEHICLE), "wrong ECU");
    assert_string_equal(lp_code_attack(LP_SLOW_RETRIEVAL), "slow retrieval");
    assert_string_equal(lp_code_attack(LP_OK), "");
    assert_string_equal(lp_code_attack(LP_UNREACHABLE), "");
    assert_string_equal(lp_code_attack(LP_STATE), "");
}

static void unknown_numbers_have_safe_answers(void **state) {
    (void)state;
    assert_string_equal(lp_code_name((lp_code)9999), "unknown");
    assert_string_equal(lp_code_text((lp_code)9999), "unknown code");
    assert_string_equal(lp_code_attack((lp_code)9999), "");
    assert_string_equal(lp_role_name((lp_role)99), "");
    assert_string_equal(lp_repo_name((lp_repo)99), "");
}

static void roles_and_repositories_have_names(void **state) {
    (void)state;
    assert_string_equal(lp_role_name(LP_ROLE_NONE), "");
    assert_string_equal(lp_role_name(LP_ROLE_ROOT), "root");
    assert_string_equal(lp_role_name(LP_ROLE_TIMESTAMP), "timestamp");
    assert_string_equal(lp_role_name(LP_ROLE_SNAPSHOT), "snapshot");
    assert_string_equal(lp_role_name(LP_ROLE_TARGETS), "targets");
    assert_string_equal(lp_role_name(LP_ROLE_DELEGATED), "delegated");
    assert_string_equal(lp_role_name(LP_ROLE_TIME), "time");
    assert_string_equal(lp_repo_name(LP_REPO_NONE), "");
    assert_string_equal(lp_repo_name(LP_REPO_DIRECTOR), "director");
    assert_string_equal(lp_repo_name(LP_REPO_IMAGE), "image");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_are_the_enumerators_in_lower_case),
        cmocka_unit_test(the_document_lists_every_code_as_the_tables_do),
        cmocka_unit_test(every_code_has_a_text_of_one_line),
        cmocka_unit_test(attacks_bear_the_names_of_the_field),
        cmocka_unit_test(attacks_are_told_from_mishaps),
        cmocka_unit_test(unknown_numbers_have_safe_answers),
        cmocka_unit_test(roles_and_repositories_have_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
