/* SPDX-License-Identifier: Apache-2.0 */
/* Files: whole, atomic, bounded. */
#include "lampyr-host/files.h"

#include <dirent.h>
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static char folder[64];
static char file[128];

static lp_slice slice(const char *text) {
    return (lp_slice){(const uint8_t *)text, strlen(text)};
}

static void holds(const char *path, const char *text) {
    uint8_t *bytes;
    size_t len;
    assert_true(lp_file_read(path, 1000, &bytes, &len));
    assert_int_equal(len, strlen(text));
    assert_string_equal((const char *)bytes, text);
    free(bytes);
}

static size_t entries(void) {
    size_t count = 0;
    DIR *dir = opendir(folder);
    assert_non_null(dir);
    while (readdir(dir) != NULL) {
        count++;
    }
    closedir(dir);
    return count - 2; /* "." and ".." */
}

static int set_up(void **state) {
    (void)state;
    strcpy(folder, "/tmp/lampyr-files-XXXXXX");
    if (mkdtemp(folder) == NULL) {
        return -1;
    }
    snprintf(file, sizeof file, "%s/f", folder);
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    char command[128];
    snprintf(command, sizeof command, "rm -rf '%s'", folder);
    return system(command);
}

static void write_replaces_whole(void **state) {
    (void)state;
    assert_true(lp_file_write(file, slice("long content"), 0644));
    assert_true(lp_file_write(file, slice("short"), 0644));
    holds(file, "short");
    assert_int_equal(entries(), 1);
}

static void write_sets_mode(void **state) {
    (void)state;
    struct stat st;
    assert_true(lp_file_write(file, slice("x"), 0600));
    assert_int_equal(stat(file, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
}

static void write_takes_over_a_killed_writers_file(void **state) {
    (void)state;
    char left[160];
    snprintf(left, sizeof left, "%s/.f.tmp", folder);
    assert_true(lp_file_write(left, slice("half"), 0644));
    assert_true(lp_file_write(file, slice("whole"), 0644));
    holds(file, "whole");
    assert_int_equal(entries(), 1);
}

static void failed_write_leaves_old_content(void **state) {
    (void)state;
    assert_true(lp_file_write(file, slice("old"), 0644));
    struct rlimit before, limit = {.rlim_cur = 4, .rlim_max = RLIM_INFINITY};
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    limit.rlim_max = before.rlim_max;
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
    bool written = lp_file_write(file, slice("new and longer"), 0644);
    int error = errno;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    assert_false(written);
    assert_int_equal(error, EFBIG);
    holds(file, "old");
    assert_int_equal(entries(), 1);
}

static void write_into_missing_folder_fails(void **state) {
    (void)state;
    snprintf(file, sizeof file, "%s/none/f", folder);
    assert_false(lp_file_write(file, slice("x"), 0644));
    assert_int_equal(errno, ENOENT);
}

static void create_does_not_replace(void **state) {
    (void)state;
    assert_true(lp_file_create(file, slice("first"), 0600));
    assert_false(lp_file_create(file, slice("second"), 0600));
    assert_int_equal(errno, EEXIST);
    holds(file, "first");
    assert_int_equal(entries(), 1);
}

static void read_is_bounded(void **state) {
    (void)state;
    uint8_t *bytes;
    size_t len;
    assert_true(lp_file_write(file, slice("12345"), 0644));
    assert_true(lp_file_read(file, 5, &bytes, &len));
    assert_int_equal(len, 5);
    free(bytes);
    assert_false(lp_file_read(file, 4, &bytes, &len));
    assert_int_equal(errno, EFBIG);
}

static void read_takes_files_without_a_size(void **state) {
    (void)state;
    uint8_t *bytes;
    size_t len;
    assert_true(lp_file_read("/proc/self/status", 100000, &bytes, &len));
    assert_int_equal(len, strlen((const char *)bytes));
    assert_true(len > 100);
    free(bytes);
    assert_false(lp_file_read("/proc/self/status", 100, &bytes, &len));
    assert_int_equal(errno, EFBIG);
}

static void read_refuses_what_is_no_file(void **state) {
    (void)state;
    uint8_t *bytes;
    size_t len;
    assert_false(lp_file_read(folder, 10, &bytes, &len));
    assert_int_equal(errno, EISDIR);
    assert_false(lp_file_read(file, 10, &bytes, &len));
    assert_int_equal(errno, ENOENT);
    assert_int_equal(mkfifo(file, 0600), 0);
    assert_false(lp_file_read(file, 10, &bytes, &len));
    assert_int_equal(errno, EINVAL);
}

static void remove_tolerates_absence(void **state) {
    (void)state;
    assert_true(lp_file_write(file, slice("x"), 0644));
    assert_true(lp_file_remove(file));
    assert_true(lp_file_remove(file));
    assert_int_equal(entries(), 0);
}

static void folder_make_makes_parents(void **state) {
    (void)state;
    struct stat st;
    char deep[128];
    snprintf(deep, sizeof deep, "%s/a/b/c/", folder);
    assert_true(lp_folder_make(deep, 0755));
    assert_true(lp_folder_make(deep, 0755));
    assert_int_equal(stat(deep, &st), 0);
    assert_true(S_ISDIR(st.st_mode));
    assert_true(lp_file_write(file, slice("x"), 0644));
    assert_false(lp_folder_make(file, 0755));
    assert_int_equal(errno, ENOTDIR);
}

static void second_process_does_not_get_the_lock(void **state) {
    (void)state;
    int fd = lp_folder_lock(folder);
    assert_true(fd >= 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        _exit(lp_folder_lock(folder) == -1 && errno == EWOULDBLOCK ? 0 : 1);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    close(fd);
    fd = lp_folder_lock(folder);
    assert_true(fd >= 0);
    close(fd);
}

static void path_join_bounds(void **state) {
    (void)state;
    char out[8];
    assert_true(lp_path_join(out, sizeof out, "abc", "def"));
    assert_string_equal(out, "abc/def");
    assert_true(lp_path_join(out, sizeof out, "/", "def"));
    assert_string_equal(out, "/def");
    assert_false(lp_path_join(out, sizeof out, "abc", "defg"));
    assert_int_equal(errno, ENAMETOOLONG);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(write_replaces_whole, set_up, tear_down),
        cmocka_unit_test_setup_teardown(write_sets_mode, set_up, tear_down),
        cmocka_unit_test_setup_teardown(write_takes_over_a_killed_writers_file, set_up, tear_down),
        cmocka_unit_test_setup_teardown(failed_write_leaves_old_content, set_up, tear_down),
        cmocka_unit_test_setup_teardown(write_into_missing_folder_fails, set_up, tear_down),
        cmocka_unit_test_setup_teardown(create_does_not_replace, set_up, tear_down),
        cmocka_unit_test_setup_teardown(read_is_bounded, set_up, tear_down),
        cmocka_unit_test_setup_teardown(read_takes_files_without_a_size, set_up, tear_down),
        cmocka_unit_test_setup_teardown(read_refuses_what_is_no_file, set_up, tear_down),
        cmocka_unit_test_setup_teardown(remove_tolerates_absence, set_up, tear_down),
        cmocka_unit_test_setup_teardown(folder_make_makes_parents, set_up, tear_down),
        cmocka_unit_test_setup_teardown(second_process_does_not_get_the_lock, set_up, tear_down),
        cmocka_unit_test_setup_teardown(path_join_bounds, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
