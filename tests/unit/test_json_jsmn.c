/* SPDX-License-Identifier: Apache-2.0 */
/* What the verifier accepts, jsmn divides into the same values: every file of the test vectors, and small documents. */
#include "files.h"
#include "jsmn_oracle.h"
#include "lampyr-host/files.h"

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { MAX_BYTES = 4 << 20, DEPTH = 32 };

/* Accepts the document and compares it; `*accepted` counts. */
static bool agrees(lp_slice bytes, size_t *accepted) {
    lp_json value;
    size_t scratch_bytes = lp_json_scratch_bytes(bytes.len);
    void *scratch = malloc(scratch_bytes);
    assert_non_null(scratch);
    lp_code code =
        lp_json_check(bytes, LP_JSON_SERVED, LP_DIALECT_TUF, DEPTH, (lp_scratch){scratch, scratch_bytes}, &value, NULL);
    bool ok = code != LP_OK || jsmn_oracle_same(value);
    *accepted += code == LP_OK;
    free(scratch);
    return ok;
}

static void small_documents_are_divided_alike(void **state) {
    static const char *const documents[] = {
        "{}",
        "[]",
        "\"\"",
        " [ 1 , \"a\\\"]\" , { } , [ [ ] ] , null ] ",
        "{\"a\":{\"b\":[{\"c\":\"}\"},\",\"]},\"d\":false}",
        "{\n  \"\\u0061\": [\n    1,\n    2\n  ],\n  \"z\": \"\xC3\xA9\"\n}\n",
    };
    (void)state;
    for (size_t i = 0; i < sizeof documents / sizeof *documents; i++) {
        size_t accepted = 0;
        assert_true(agrees((lp_slice){(const uint8_t *)documents[i], strlen(documents[i])}, &accepted));
        assert_int_equal(accepted, 1);
    }
}

static void a_view_that_is_off_is_noticed(void **state) {
    (void)state;
    static const char text[] = "[1,{\"a\":2}]";
    assert_true(jsmn_oracle_same((lp_json){text, sizeof text - 1}));
    assert_false(jsmn_oracle_same((lp_json){text, sizeof text - 2})); /* without its end */
    assert_false(jsmn_oracle_same((lp_json){text + 1, 3}));           /* two values */
}

static void every_file_of_the_vectors_is_divided_alike(void **state) {
    (void)state;
    char folder[LP_PATH_BYTES];
    const char *source = getenv("LAMPYR_SOURCE");
    assert_non_null(source);
    assert_true(lp_path_join(folder, sizeof folder, source, "test-vectors/blobs"));
    DIR *dir = opendir(folder);
    assert_non_null(dir);
    size_t accepted = 0;
    const struct dirent *entry;
    while ((entry = readdir(dir)) != NULL) {
        char path[LP_PATH_BYTES];
        uint8_t *bytes;
        size_t len;
        assert_true(lp_path_join(path, sizeof path, folder, entry->d_name));
        if (entry->d_name[0] == '.' || !lp_file_read(path, MAX_BYTES, &bytes, &len)) {
            continue;
        }
        if (!agrees((lp_slice){bytes, len}, &accepted)) {
            fail_msg("%s", path);
        }
        free(bytes);
    }
    closedir(dir);
    assert_true(accepted > 1000);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(small_documents_are_divided_alike),
                                       cmocka_unit_test(a_view_that_is_off_is_noticed),
                                       cmocka_unit_test(every_file_of_the_vectors_is_divided_alike)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
