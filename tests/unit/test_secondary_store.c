/* SPDX-License-Identifier: Apache-2.0 */
/* Where lampyr-secondary keeps metadata. */
#include "metadata_store.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static lp_settings settings;

static int set_up(void **state) {
    static lp_metadata_store store;
    strcpy(settings.state, "/tmp/lampyr-store-XXXXXX");
    if (mkdtemp(settings.state) == NULL || !lp_metadata_store_open(&store, &settings, false)) {
        return -1;
    }
    *state = &store;
    return 0;
}

static int tear_down(void **state) {
    char command[LP_PATH_BYTES + 16];
    lp_metadata_store_close(*state);
    snprintf(command, sizeof command, "rm -rf '%s'", settings.state);
    return system(command);
}

/* Stages and keeps a few bytes as a delegated role's. */
static bool keeps(lp_metadata_store *store, const lp_file_id *id) {
    const lp_slice bytes = {(const uint8_t *)"metadata", 8};
    return lp_metadata_store_stage(store, id, 100) && lp_metadata_store_append(store, bytes) &&
           lp_metadata_store_keep(store, id);
}

/* Each '/' takes three bytes of a file's name, which has 250 at most: 255, less those of a temporary file. */
static void a_role_with_too_long_a_name_is_refused_before_it_is_fetched(void **state) {
    lp_metadata_store *store = *state;
    char name[LP_NAME_BYTES] = "aa";
    lp_file_id id = {.repo = LP_REPO_IMAGE, .role = LP_ROLE_DELEGATED, .name = name};
    memset(name + 2, '/', 81); /* 2 + 3 * 81 + ".json" is 250 */
    assert_true(keeps(store, &id));
    assert_int_equal(lp_metadata_store_load(store, &id, 100).len, 8);
    name[2 + 81] = 'a';
    assert_null(lp_metadata_store_load(store, &id, 100).ptr);
    assert_false(lp_metadata_store_stage(store, &id, 100));
}

static void an_attestation_of_time_is_staged_and_needs_no_name(void **state) {
    lp_metadata_store *store = *state;
    const lp_file_id id = {.repo = LP_REPO_DIRECTOR, .role = LP_ROLE_TIME, .name = ""};
    assert_true(lp_metadata_store_stage(store, &id, 100));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_role_with_too_long_a_name_is_refused_before_it_is_fetched),
        cmocka_unit_test(an_attestation_of_time_is_staged_and_needs_no_name),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
