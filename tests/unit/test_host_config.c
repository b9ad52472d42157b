/* SPDX-License-Identifier: Apache-2.0 */
/* Configuration files: what is taken, and the one line that says what is wrong where. */
#include "lampyr-host/config.h"
#include "lampyr-host/files.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static const char *const modes[] = {"full", "targets", NULL};

/* A configuration folder, and the variables its keys are read into. */
typedef struct fixture {
    char folder[64];
    char file[128];
    char name[16];
    char state[LP_PATH_BYTES];
    uint64_t count;
    bool check;
    int mode;
    char message[512];
} fixture;

static void put(const fixture *f, const char *name, const char *text) {
    char path[LP_PATH_BYTES];
    assert_true(lp_path_join(path, sizeof path, f->folder, name));
    assert_true(lp_file_write(path, (lp_slice){(const uint8_t *)text, strlen(text)}, 0644));
}

static bool read_config(fixture *f) {
    lp_config_key keys[] = {
        {.name = "name", .type = LP_CONFIG_TEXT, .value = f->name, .bytes = sizeof f->name, .required = true},
        {.name = "state", .type = LP_CONFIG_PATH, .value = f->state, .bytes = sizeof f->state},
        {.name = "count", .type = LP_CONFIG_UINT, .value = &f->count, .min = 1, .max = 10},
        {.name = "check", .type = LP_CONFIG_BOOL, .value = &f->check},
        {.name = "mode", .type = LP_CONFIG_CHOICE, .value = &f->mode, .choices = modes},
        {.name = NULL},
    };
    return lp_config_read(f->file, keys, f->message, sizeof f->message);
}

static void refuses(fixture *f, const char *text, const char *expected) {
    put(f, "a.conf", text);
    assert_false(read_config(f));
    char full[256];
    snprintf(full, sizeof full, "%s%s", f->file, expected);
    assert_string_equal(f->message, full);
}

static int set_up(void **state) {
    fixture *f = calloc(1, sizeof *f);
    strcpy(f->folder, "/tmp/lampyr-config-XXXXXX");
    if (f == NULL || mkdtemp(f->folder) == NULL) {
        return -1;
    }
    snprintf(f->file, sizeof f->file, "%s/a.conf", f->folder);
    *state = f;
    return 0;
}

static int tear_down(void **state) {
    fixture *f = *state;
    static const char *const names[] = {"a.conf", "a.conf.d/1.conf", "a.conf.d/2.conf", "a.conf.d/3.txt"};
    char path[LP_PATH_BYTES];
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        lp_path_join(path, sizeof path, f->folder, names[i]);
        unlink(path);
    }
    lp_path_join(path, sizeof path, f->folder, "a.conf.d");
    rmdir(path);
    rmdir(f->folder);
    free(f);
    return 0;
}

static void reads_every_type(void **state) {
    fixture *f = *state;
    put(f, "a.conf", "# comment\n\n  name = a b\nstate=/var/x\ncount = 10\ncheck = yes\nmode = targets");
    assert_true(read_config(f));
    assert_string_equal(f->name, "a b");
    assert_string_equal(f->state, "/var/x");
    assert_int_equal(f->count, 10);
    assert_true(f->check);
    assert_int_equal(f->mode, 1);
}

static void keeps_defaults_of_absent_keys(void **state) {
    fixture *f = *state;
    f->count = 7;
    put(f, "a.conf", "name = x\n");
    assert_true(read_config(f));
    assert_int_equal(f->count, 7);
}

static void text_goes_on_to_the_end_of_the_line(void **state) {
    fixture *f = *state;
    put(f, "a.conf", "name = a=b ; # c  \n");
    assert_true(read_config(f));
    assert_string_equal(f->name, "a=b ; # c");
}

static void relative_paths_count_from_the_main_file(void **state) {
    fixture *f = *state;
    char path[LP_PATH_BYTES], expected[LP_PATH_BYTES];
    lp_path_join(path, sizeof path, f->folder, "a.conf.d");
    assert_true(lp_folder_make(path, 0755));
    put(f, "a.conf", "name = x\n");
    put(f, "a.conf.d/1.conf", "state = s/t\n");
    assert_true(read_config(f));
    lp_path_join(expected, sizeof expected, f->folder, "s/t");
    assert_string_equal(f->state, expected);
}

static void later_files_win(void **state) {
    fixture *f = *state;
    char path[LP_PATH_BYTES];
    lp_path_join(path, sizeof path, f->folder, "a.conf.d");
    assert_true(lp_folder_make(path, 0755));
    put(f, "a.conf", "name = x\ncount = 1\n");
    put(f, "a.conf.d/1.conf", "count = 2\n");
    put(f, "a.conf.d/2.conf", "count = 3\n");
    put(f, "a.conf.d/3.txt", "count = 4\n");
    assert_true(read_config(f));
    assert_int_equal(f->count, 3);
}

static void names_the_file_of_the_folder_that_is_wrong(void **state) {
    fixture *f = *state;
    char path[LP_PATH_BYTES], expected[LP_PATH_BYTES + 64];
    lp_path_join(path, sizeof path, f->folder, "a.conf.d");
    assert_true(lp_folder_make(path, 0755));
    put(f, "a.conf", "name = x\n");
    put(f, "a.conf.d/1.conf", "# fine\nnmae = y\n");
    assert_false(read_config(f));
    snprintf(expected, sizeof expected, "%s.d/1.conf:2: unknown key `nmae`", f->file);
    assert_string_equal(f->message, expected);
}

static void refuses_bad_lines(void **state) {
    fixture *f = *state;
    refuses(f, "name = x\nnonsense\n", ":2: expected `key = value`");
    refuses(f, "= x\n", ":1: expected `key = value`");
    refuses(f, "name: x\n", ":1: expected `key = value`");
    refuses(f, "; name = x\n", ":1: unknown key `; name`");
    refuses(f, "name = x\n[section]\n", ":2: sections are not used here");
    refuses(f, "name = x\nother = 1\n", ":2: unknown key `other`");
    refuses(f, "name = x\nname = y\n", ":2: `name` is set twice");
}

static void refuses_bad_values(void **state) {
    fixture *f = *state;
    refuses(f, "name =\n", ":1: `name` must not be empty");
    refuses(f, "name = 0123456789abcdef\n", ":1: `name` is longer than 15 bytes");
    refuses(f, "state =\n", ":1: `state` must not be empty");
    refuses(f, "count = 11\n", ":1: `count` must be a number from 1 to 10, not `11`");
    refuses(f, "count = 0\n", ":1: `count` must be a number from 1 to 10, not `0`");
    refuses(f, "count = -1\n", ":1: `count` must be a number from 1 to 10, not `-1`");
    refuses(f, "count = 1x\n", ":1: `count` must be a number from 1 to 10, not `1x`");
    refuses(f, "count = 99999999999999999999\n",
            ":1: `count` must be a number from 1 to 10, not `99999999999999999999`");
    refuses(f, "check = true\n", ":1: `check` must be yes or no, not `true`");
    refuses(f, "mode = half\n", ":1: `mode` must be one of: full, targets; not `half`");
}

static void refuses_missing_key_and_file(void **state) {
    fixture *f = *state;
    refuses(f, "count = 1\n", ": required key `name` is missing");
    unlink(f->file);
    assert_false(read_config(f));
    assert_non_null(strstr(f->message, "a.conf: there is no such file"));
    strcpy(f->file, f->folder);
    assert_false(read_config(f));
    assert_non_null(strstr(f->message, ": is a folder, not a file"));
}

static void refuses_endless_line(void **state) {
    fixture *f = *state;
    size_t len = 100000;
    char *text = malloc(len + 1);
    memset(text, 'x', len);
    memcpy(text, "name = ", 7);
    text[len] = '\0';
    put(f, "a.conf", text);
    free(text);
    assert_false(read_config(f));
    assert_non_null(strstr(f->message, "a.conf:1: line is longer than"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(reads_every_type, set_up, tear_down),
        cmocka_unit_test_setup_teardown(keeps_defaults_of_absent_keys, set_up, tear_down),
        cmocka_unit_test_setup_teardown(text_goes_on_to_the_end_of_the_line, set_up, tear_down),
        cmocka_unit_test_setup_teardown(relative_paths_count_from_the_main_file, set_up, tear_down),
        cmocka_unit_test_setup_teardown(later_files_win, set_up, tear_down),
        cmocka_unit_test_setup_teardown(names_the_file_of_the_folder_that_is_wrong, set_up, tear_down),
        cmocka_unit_test_setup_teardown(refuses_bad_lines, set_up, tear_down),
        cmocka_unit_test_setup_teardown(refuses_bad_values, set_up, tear_down),
        cmocka_unit_test_setup_teardown(refuses_missing_key_and_file, set_up, tear_down),
        cmocka_unit_test_setup_teardown(refuses_endless_line, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
