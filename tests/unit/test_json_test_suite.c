/* SPDX-License-Identifier: Apache-2.0 */
/* JSONTestSuite: what must parse and what must not, in general JSON; and that metadata is stricter still. */
#include "files.h"
#include "lampyr-host/files.h"
#include "lampyr/json.h"

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { DEPTH = 32, LARGEST_BYTES = 1024 * 1024 };

/* Valid JSON that is refused all the same, each with its code: two readers could take a repeated key for either
 * value. */
static const char *const repeated_keys[] = {"y_object_duplicated_key.json", "y_object_duplicated_key_and_value.json"};

static bool has_repeated_keys(const char *name) {
    for (size_t i = 0; i < sizeof repeated_keys / sizeof *repeated_keys; i++) {
        if (strcmp(name, repeated_keys[i]) == 0) {
            return true;
        }
    }
    return false;
}

static lp_code check_file(const char *folder, const char *name, lp_json_form form) {
    char path[LP_PATH_BYTES];
    uint8_t *bytes;
    size_t len;
    lp_json value;
    assert_true(lp_path_join(path, sizeof path, folder, name));
    assert_true(lp_file_read(path, LARGEST_BYTES, &bytes, &len));
    size_t scratch_bytes = lp_json_scratch_bytes(len);
    lp_scratch scratch = {malloc(scratch_bytes + 1), scratch_bytes};
    assert_non_null(scratch.ptr);
    lp_code code = lp_json_check((lp_slice){bytes, len}, form, LP_DIALECT_TUF, DEPTH, scratch, &value, NULL);
    free(scratch.ptr);
    free(bytes);
    return code;
}

static const char *folder_or_skip(void) {
    const char *folder = shared_path("json-test-suite/test_parsing");
    if (folder == NULL) {
        print_message("JSONTestSuite is not in LAMPYR_SHARED: skipped\n");
        skip();
    }
    return folder;
}

/* Runs `judge` over every file; it says what is wrong, or NULL. */
static void for_each_file(const char *(*judge)(const char *name, lp_code general, lp_code served)) {
    char folder[LP_PATH_BYTES];
    snprintf(folder, sizeof folder, "%s", folder_or_skip());
    DIR *dir = opendir(folder);
    assert_non_null(dir);
    size_t files = 0;
    size_t bad = 0;
    for (const struct dirent *entry = readdir(dir); entry != NULL; entry = readdir(dir)) {
        if (strstr(entry->d_name, ".json") == NULL) {
            continue;
        }
        lp_code general = check_file(folder, entry->d_name, LP_JSON_GENERAL);
        lp_code served = check_file(folder, entry->d_name, LP_JSON_SERVED);
        const char *wrong = judge(entry->d_name, general, served);
        if (wrong != NULL) {
            print_error("%s: %s (general: %s, served: %s)\n", entry->d_name, wrong, lp_code_name(general),
                        lp_code_name(served));
            bad++;
        }
        files++;
    }
    closedir(dir);
    assert_true(files > 300);
    assert_int_equal(bad, 0);
}

static const char *valid_parses(const char *name, lp_code general, lp_code served) {
    (void)served;
    if (strncmp(name, "y_", 2) != 0) {
        return NULL;
    }
    lp_code expected = has_repeated_keys(name) ? LP_JSON_DUPLICATE_KEY : LP_OK;
    return general == expected ? NULL : "must parse";
}

static const char *invalid_is_refused(const char *name, lp_code general, lp_code served) {
    return strncmp(name, "n_", 2) == 0 && (general == LP_OK || served == LP_OK) ? "must be refused" : NULL;
}

static const char *served_is_stricter(const char *name, lp_code general, lp_code served) {
    (void)name;
    return served == LP_OK && general != LP_OK ? "metadata cannot be laxer than JSON" : NULL;
}

static void valid_documents_parse(void **state) {
    (void)state;
    for_each_file(valid_parses);
}

static void invalid_documents_are_refused(void **state) {
    (void)state;
    for_each_file(invalid_is_refused);
}

static void metadata_is_stricter_than_json(void **state) {
    (void)state;
    for_each_file(served_is_stricter);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(valid_documents_parse),
        cmocka_unit_test(invalid_documents_are_refused),
        cmocka_unit_test(metadata_is_stricter_than_json),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
