/* SPDX-License-Identifier: Apache-2.0 */
/* Refusals as one line for people. */
#include "lampyr-host/log.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static void reads(const lp_error *error, const char *expected) {
    char text[LP_ERROR_TEXT_BYTES], whole[LP_ERROR_TEXT_BYTES];
    lp_error_format(error, text);
    snprintf(whole, sizeof whole, expected, lp_code_text(error->code));
    assert_string_equal(text, whole);
}

static void names_attack_place_and_clause(void **state) {
    (void)state;
    lp_error error = {.code = LP_ROLLBACK_VERSION,
                      .repo = LP_REPO_IMAGE,
                      .role = LP_ROLE_TIMESTAMP,
                      .clause = "Uptane 2.1.0, 5.4.4.4 step 3"};
    reads(&error, "refused: rollback_version (rollback): image timestamp.json: %s [Uptane 2.1.0, 5.4.4.4 step 3]");
}

static void names_the_repository_of_a_map(void **state) {
    (void)state;
    lp_error error = {.code = LP_EXPIRED, .repo = LP_REPO_IMAGE, .role = LP_ROLE_TIMESTAMP, .repository = "supplier-a"};
    reads(&error, "refused: expired (freeze): image supplier-a timestamp.json: %s");
}

static void names_version_and_image(void **state) {
    (void)state;
    lp_error error = {.code = LP_WRONG_HARDWARE,
                      .repo = LP_REPO_DIRECTOR,
                      .role = LP_ROLE_TARGETS,
                      .version = 7,
                      .subject = {"brake.bin", 9}};
    reads(&error, "refused: wrong_hardware (wrong hardware): director 7.targets.json brake.bin: %s");
}

static void leaves_out_what_is_not_known(void **state) {
    (void)state;
    lp_error error = {.code = LP_UNREACHABLE};
    reads(&error, "refused: unreachable: %s");
    error = (lp_error){.code = LP_STATE, .repo = LP_REPO_DIRECTOR};
    reads(&error, "refused: state: director: %s");
}

static void file_names(void **state) {
    (void)state;
    char name[64];
    lp_error error = {.role = LP_ROLE_ROOT, .version = 3};
    lp_error_file(&error, name, sizeof name);
    assert_string_equal(name, "3.root.json");
    error = (lp_error){.role = LP_ROLE_DELEGATED, .subject = {"supplier-radar", 14}};
    lp_error_file(&error, name, sizeof name);
    assert_string_equal(name, "supplier-radar.json");
    error = (lp_error){.role = LP_ROLE_NONE, .subject = {"image", 5}};
    lp_error_file(&error, name, sizeof name);
    assert_string_equal(name, "");
}

static void hostile_names_stay_on_the_line(void **state) {
    (void)state;
    char text[LP_ERROR_TEXT_BYTES], name[2000];
    memset(name, '\n', sizeof name);
    lp_error error = {.code = LP_EXPIRED, .role = LP_ROLE_DELEGATED, .subject = {name, sizeof name}};
    lp_error_format(&error, text);
    assert_null(strchr(text, '\n'));
}

/* What lp_log() writes, from the other end of a pipe. */
static void logs(const char *message, const char *expected) {
    int ends[2], saved = dup(STDERR_FILENO);
    char line[256] = "";
    assert_int_equal(pipe(ends), 0);
    assert_true(dup2(ends[1], STDERR_FILENO) >= 0);
    lp_log("prog", LP_LOG_WARNING, "%s", message);
    assert_true(dup2(saved, STDERR_FILENO) >= 0);
    assert_true(read(ends[0], line, sizeof line - 1) > 0);
    assert_string_equal(line, expected);
    close(ends[0]);
    close(ends[1]);
    close(saved);
}

static void log_is_one_line(void **state) {
    (void)state;
    unsetenv("JOURNAL_STREAM");
    logs("hello", "prog: hello\n");
    logs("two\nlines\x1b[0m", "prog: two?lines?[0m\n");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_attack_place_and_clause),
        cmocka_unit_test(names_the_repository_of_a_map),
        cmocka_unit_test(names_version_and_image),
        cmocka_unit_test(leaves_out_what_is_not_known),
        cmocka_unit_test(file_names),
        cmocka_unit_test(hostile_names_stay_on_the_line),
        cmocka_unit_test(log_is_one_line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
