/* SPDX-License-Identifier: Apache-2.0 */
/* JSONTestSuite from the shared test data: y_ must parse, n_ must be refused, i_ may do either without harm. */
#include "files.h"
#include "lampyr-host/files.h"
#include "lampyr/json.h"

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { MAX_BYTES = 1 << 20, DEPTH = 64 };

/* Valid JSON that is refused on purpose: readers would disagree on which of the two values counts. */
static bool has_duplicate_keys(const char *name) {
    return strcmp(name, "y_object_duplicated_key.json") == 0 ||
           strcmp(name, "y_object_duplicated_key_and_value.json") == 0;
}

static lp_code check(const char *path) {
    uint8_t *bytes;
    size_t len;
    assert_true(lp_file_read(path, MAX_BYTES, &bytes, &len));
    size_t scratch_bytes = lp_json_scratch_bytes(len);
    void *scratch = malloc(scratch_bytes);
    uint8_t *exact = malloc(len + (len == 0)); /* without the terminator, so that the sanitizer sees reads beyond */
    assert_non_null(scratch);
    assert_non_null(exact);
    memcpy(exact, bytes, len);
    lp_json value;
    lp_code code = lp_json_check((lp_slice){exact, len}, LP_JSON_GENERAL, LP_DIALECT_TUF, DEPTH,
                                 (lp_scratch){scratch, scratch_bytes}, &value, NULL);
    free(exact);
    free(scratch);
    free(bytes);
    return code;
}

static bool is_right(const char *name, lp_code code) {
    if (has_duplicate_keys(name)) {
        return code == LP_JSON_DUPLICATE_KEY;
    }
    return name[0] == 'y' ? code == LP_OK : name[0] == 'n' ? code != LP_OK : true;
}

static void every_document_is_judged_right(void **state) {
    (void)state;
    const char *folder = shared_path("json-test-suite/test_parsing");
    if (folder == NULL) {
        print_message("skipped: no JSONTestSuite in the shared test data\n");
        skip();
    }
    DIR *dir = opendir(folder);
    assert_non_null(dir);
    const struct dirent *entry;
    size_t count = 0;
    size_t wrong = 0;
    while ((entry = readdir(dir)) != NULL) {
        char path[LP_PATH_BYTES];
        if (strstr(entry->d_name, ".json") == NULL) {
            continue;
        }
        assert_true(lp_path_join(path, sizeof path, folder, entry->d_name));
        lp_code code = check(path);
        count++;
        if (!is_right(entry->d_name, code)) {
            print_error("%s: %s\n", entry->d_name, lp_code_name(code));
            wrong++;
        }
    }
    closedir(dir);
    print_message("%zu documents\n", count);
    assert_true(count > 300);
    assert_int_equal(wrong, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_document_is_judged_right)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
