/* SPDX-License-Identifier: Apache-2.0 */
/* The agent that verifies in full: what the image repository's word adds to the director's (Uptane 2.1.0, 5.4.4.2). */
#include "agent_world.h"

#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

/* The digest of no image. */
static const char other_sha512[] = "00000000000000000000000000000000000000000000000000000000000000000000000000000000"
                                   "000000000000000000000000000000000000000000000000";

static json_t *hashes_of(json_t *image) {
    return json_object_get(image, "hashes");
}

static json_t *ordered(const world *w, const char *name) {
    return json_object_get(json_object_get(w->director.roles[LP_ROLE_TARGETS], "targets"), name);
}

static void order(world *w, const char *name, int counter) {
    world_offer(w, name, counter);
    world_order(w, name, counter);
}

static void an_image_that_both_sign_is_installed(void **state) {
    world *w = *state;
    order(w, "brake v1", 7);
    world_settle(w, 3);
    assert_string_equal(world_running(w), "brake v1");
    assert_string_equal(world_reported_image(w), "brake v1");
    assert_int_equal(w->record.counter_floor, 7);
}

static void an_image_that_the_director_alone_signs_is_refused(void **state) {
    world *w = *state;
    world_order(w, "brake v1", 1);
    world_settle(w, 2);
    assert_true(world_saw(w->events, "refused:target_not_found"));
    assert_string_equal(world_running(w), "factory");
}

static void refuses_the_image_s_digest(world *w) {
    world_publish(w);
    world_settle(w, 2);
    assert_true(world_saw(w->requests, "GET i/brake-1"));
    assert_true(world_saw(w->events, "refused:image_hash"));
    assert_string_equal(world_running(w), "factory");
    assert_string_equal(world_reported(w, "attacks_detected"), "image_hash");
}

static void a_digest_that_only_the_image_repository_lists_is_checked(void **state) {
    world *w = *state;
    world_order(w, "brake v1", 1);
    json_object_set_new(hashes_of(world_offer(w, "brake v1", 1)), "sha512", json_string(other_sha512));
    refuses_the_image_s_digest(w);
}

static void a_digest_that_only_the_director_lists_is_checked(void **state) {
    world *w = *state;
    order(w, "brake v1", 1);
    json_object_set_new(hashes_of(ordered(w, "brake v1")), "sha512", json_string(other_sha512));
    refuses_the_image_s_digest(w);
}

/* Who holds the director's key alone cannot give what runs a counter that locks out what is to come. */
static void a_higher_counter_for_what_runs_binds_nobody(void **state) {
    world *w = *state;
    order(w, "brake v1", 1);
    world_settle(w, 3);
    world_order(w, "brake v1", INT_MAX);
    world_settle(w, 2);
    assert_int_equal(w->record.counter_floor, 1);
    order(w, "brake v2", 2);
    world_settle(w, 3);
    assert_string_equal(world_running(w), "brake v2");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        FULL_WORLD_TEST(an_image_that_both_sign_is_installed),
        FULL_WORLD_TEST(an_image_that_the_director_alone_signs_is_refused),
        FULL_WORLD_TEST(a_digest_that_only_the_image_repository_lists_is_checked),
        FULL_WORLD_TEST(a_digest_that_only_the_director_lists_is_checked),
        FULL_WORLD_TEST(a_higher_counter_for_what_runs_binds_nobody),
    };
    return cmocka_run_group_tests_name("agent, verifying in full", tests, NULL, NULL);
}
