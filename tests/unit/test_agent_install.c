/* SPDX-License-Identifier: Apache-2.0 */
/* The agent and its image: download, check, test boot, confirmation, revert (Uptane 2.1.0, 5.4.3.3 to 5.4.3.6). */
#include "agent_world.h"

#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const char long_image[] =
    "an image of some ninety bytes, so that it takes six blocks of sixteen bytes to arrive..";

static void assert_saw(const char *log, const char *text) {
    if (!world_saw(log, text)) {
        fail_msg("'%s' is not in '%s'", text, log);
    }
}

static void assert_not_saw(const char *log, const char *text) {
    if (world_saw(log, text)) {
        fail_msg("'%s' is in '%s'", text, log);
    }
}

/* --- the update --- */

static void an_ordered_image_is_installed_confirmed_and_reported(void **state) {
    world *w = *state;
    world_order(w, "brake v1", 7);
    assert_int_equal(world_run(w), LP_ACTION_REBOOT);
    world_boot(w);
    assert_true(w->testing);
    assert_int_equal(world_run(w), LP_ACTION_WAIT);
    assert_false(w->testing);
    assert_string_equal(world_running(w), "brake v1");
    assert_string_equal(world_reported_image(w), "brake v1");
    assert_int_equal(w->record.counter_floor, 7);
    assert_saw(w->events, "confirmed");
}

static void floor_and_installed_record_move_only_when_confirmed(void **state) {
    world *w = *state;
    world_order(w, "brake v1", 7);
    assert_int_equal(world_run(w), LP_ACTION_REBOOT);
    assert_string_equal(w->record.installed.name, "unknown");
    assert_int_equal(w->record.counter_floor, 0);
    world_boot(w);
    assert_string_equal(w->record.installed.name, "unknown");
}

static void without_an_order_the_old_image_stays(void **state) {
    world *w = *state;
    world_order(w, "brake v1", 1);
    world_settle(w, 3);
    world_order_nothing(w);
    world_settle(w, 2);
    assert_string_equal(world_running(w), "brake v1");
    assert_string_equal(world_reported_image(w), "brake v1");
}

static void what_runs_already_is_not_installed_again(void **state) {
    world *w = *state;
    world_order(w, "brake v1", 1);
    world_settle(w, 3);
    world_forget_logs(w);
    world_publish(w);
    world_settle(w, 2);
    assert_not_saw(w->requests, "GET i/brake-1");
    assert_saw(w->events, "turn:ok");
}

/* There may be several names for one image (5.2.7). */
static void a_new_name_for_what_runs_is_only_reported(void **state) {
    world *w = *state;
    world_order(w, "brake v1", 1);
    world_settle(w, 3);
    world_forget_logs(w);
    json_t *targets = json_object_get(w->director.roles[LP_ROLE_TARGETS], "targets");
    json_object_set(targets, "brake stable", json_object_get(targets, "brake v1"));
    json_object_del(targets, "brake v1");
    world_publish(w);
    world_settle(w, 2);
    assert_not_saw(w->requests, "GET i/brake-1");
    assert_string_equal(world_reported_image(w), "brake stable");
}

static void a_counter_below_the_confirmed_one_is_refused(void **state) {
    world *w = *state;
    world_order(w, "brake v2", 2);
    world_settle(w, 3);
    world_order(w, "brake v1", 1);
    world_settle(w, 1);
    assert_saw(w->events, "refused:rollback_counter");
    assert_string_equal(world_running(w), "brake v2");
}

/* Who holds the director's targets key alone can order what runs under any counter. */
static void a_higher_counter_for_what_runs_binds_nobody(void **state) {
    world *w = *state;
    world_order(w, "brake v1", 1);
    world_settle(w, 3);
    world_order(w, "brake v1", INT_MAX);
    world_settle(w, 2);
    assert_saw(w->events, "turn:ok");
    assert_int_equal(w->record.counter_floor, 1);
    assert_int_equal(w->record.installed.counter, 1);
    world_order(w, "brake v2", 2);
    world_settle(w, 3);
    assert_string_equal(world_running(w), "brake v2");
    assert_int_equal(w->record.counter_floor, 2);
}

static void a_counter_for_the_factory_s_image_binds_nobody(void **state) {
    world *w = *state;
    world_order(w, "factory", INT_MAX);
    world_settle(w, 2);
    assert_string_equal(world_reported_image(w), "factory");
    assert_int_equal(w->record.counter_floor, 0);
}

static void an_image_longer_than_the_slot_is_not_fetched(void **state) {
    world *w = *state;
    char name[300];
    memset(name, 'x', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    world_order(w, name, 1);
    world_settle(w, 1);
    assert_saw(w->events, "refused:limit_file");
    assert_not_saw(w->requests, "GET i/brake-1");
}

/* In blocks of 16 bytes CoAP counts to 16 MiB. */
static void an_image_of_more_blocks_than_coap_counts_is_refused_at_once(void **state) {
    world *w = *state;
    const uint64_t countable = UINT64_C(16) << 20;
    json_t *targets = json_object_get(w->director.roles[LP_ROLE_TARGETS], "targets");
    w->port.slot_bytes = 2 * countable;
    world_order(w, "brake v1", 1);
    json_object_set_new(json_object_get(targets, "brake v1"), "length", json_integer((json_int_t)countable + 1));
    world_publish(w);
    world_settle(w, 1);
    assert_saw(w->events, "refused:limit_file");
    assert_not_saw(w->requests, "GET i/brake-1");
    world_forget_logs(w);
    json_object_set_new(json_object_get(targets, "brake v1"), "length", json_integer((json_int_t)countable));
    world_publish(w);
    world_settle(w, 1);
    assert_saw(w->requests, "GET i/brake-1");
}

static void a_name_longer_than_the_record_takes_is_refused_before_the_image_is_fetched(void **state) {
    world *w = *state;
    char name[WORLD_NAME_BYTES + 2];
    memset(name, 'x', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    world_order(w, name, 1);
    world_settle(w, 1);
    assert_saw(w->events, "refused:limit_string");
    assert_not_saw(w->requests, "GET i/brake-1");
}

static void an_image_that_the_primary_has_not_yet_is_waited_for(void **state) {
    world *w = *state;
    world_order(w, "brake v1", 1);
    w->image = NULL;
    world_run(w);
    assert_saw(w->events, "waiting:missing_file");
    assert_string_equal(w->record.attacks, "");
    w->image = "brake v1";
    world_notify(w);
    assert_int_equal(world_run(w), LP_ACTION_REBOOT);
}

/* --- bad images --- */

static void assert_image_refused(world *w, const char *code) {
    world_settle(w, 2);
    assert_not_saw(w->events, "installed");
    assert_string_equal(world_running(w), "factory");
    assert_string_equal(world_reported(w, "attacks_detected"), code);
}

static void a_flipped_image_is_refused(void **state) {
    world *w = *state;
    world_order(w, "brake v1", 1);
    w->image = "brake v!";
    assert_image_refused(w, "image_hash");
}

static void an_honest_etag_gives_another_image_away_at_its_first_block(void **state) {
    world *w = *state;
    world_order(w, long_image, 1);
    w->image = "another image, which takes more than one block as well";
    assert_image_refused(w, "image_hash");
    assert_not_saw(w->requests, "GET i/brake-1#1");
}

/* RFC 7959, 2.4: without it nothing says that the block belongs to those before it. */
static void a_block_that_lost_its_etag_is_not_put_behind_the_others(void **state) {
    world *w = *state;
    world_order(w, long_image, 1);
    w->no_etag_at = "i/brake-1#3";
    assert_image_refused(w, "image_hash");
    assert_not_saw(w->requests, "GET i/brake-1#4");
}

static void a_flipped_image_under_the_right_etag_is_refused_by_its_digest(void **state) {
    world *w = *state;
    char flipped[sizeof long_image];
    memcpy(flipped, long_image, sizeof flipped);
    flipped[sizeof long_image - 3] = '!';
    world_order(w, long_image, 1);
    w->image = flipped;
    w->claims = long_image;
    assert_image_refused(w, "image_hash");
    assert_saw(w->requests, "GET i/brake-1#5");
    assert_int_equal(w->slot_len[1], 0);
}

static void an_image_without_end_is_cut_off(void **state) {
    world *w = *state;
    world_order(w, "sixteen bytes!!!", 1);
    w->endless = "i/brake-1";
    assert_image_refused(w, "image_length");
    assert_not_saw(w->requests, "GET i/brake-1#1");
}

static void a_longer_image_is_refused(void **state) {
    world *w = *state;
    world_order(w, "sixteen bytes!!!", 1);
    w->image = "sixteen bytes!!! and more";
    w->claims = "sixteen bytes!!!";
    assert_image_refused(w, "image_length");
}

static void a_shorter_image_is_refused(void **state) {
    world *w = *state;
    world_order(w, "sixteen bytes!!! and more", 1);
    w->image = "sixteen bytes!!!";
    w->claims = "sixteen bytes!!! and more";
    assert_image_refused(w, "image_length");
}

static void order_more_when_image_is_asked(world *w, const lp_request *request) {
    if (request->path[0] == 'i') {
        w->before = NULL;
        world_order(w, "brake v2", 2);
    }
}

/* The primary went on to newer targets and their image between two requests. */
static void a_newer_image_in_place_of_the_ordered_one_is_no_attack(void **state) {
    world *w = *state;
    world_order(w, "brake v1", 1);
    w->before = order_more_when_image_is_asked;
    world_settle(w, 4);
    assert_not_saw(w->events, "refused:image_hash");
    assert_string_equal(world_running(w), "brake v2");
    assert_string_equal(world_reported(w, "attacks_detected"), "");
}

static void notify_when_image_is_asked(world *w, const lp_request *request) {
    if (request->path[0] == 'i' && request->block == 2) {
        lp_response late = {.code = 0x45,
                            .has_block2 = true,
                            .more = true,
                            .block = 2,
                            .block_bytes = 16,
                            .payload = {(const uint8_t *)long_image + 32, 16}};
        w->before = NULL;
        world_order(w, "brake v2", 2);
        world_notify(w);
        lp_agent_response(&w->agent, w->now_ms, &late);
        assert_int_equal(w->slot_len[1], 32); /* what is on its way is not taken any more */
    }
}

static void news_during_a_download_end_it(void **state) {
    world *w = *state;
    world_order(w, long_image, 1);
    w->before = notify_when_image_is_asked;
    world_settle(w, 4);
    assert_not_saw(w->requests, "GET i/brake-1#3");
    assert_string_equal(world_running(w), "brake v2");
    assert_string_equal(world_reported(w, "attacks_detected"), "");
}

/* --- resuming --- */

static void interrupt_download(world *w) {
    world_order(w, long_image, 1);
    w->silent_at = "i/brake-1#3";
    world_run(w);
    assert_int_equal(w->slot_len[1], 48);
    w->silent_at = NULL;
    world_forget_logs(w);
}

static void a_download_goes_on_where_the_network_failed(void **state) {
    world *w = *state;
    interrupt_download(w);
    w->now_ms += WORLD_RETRY_MS;
    assert_int_equal(world_run(w), LP_ACTION_REBOOT);
    assert_not_saw(w->requests, "GET i/brake-1");
    assert_saw(w->requests, "GET i/brake-1#3");
}

static void a_download_goes_on_after_a_reboot(void **state) {
    world *w = *state;
    interrupt_download(w);
    world_boot(w);
    assert_int_equal(world_run(w), LP_ACTION_REBOOT);
    assert_not_saw(w->requests, "GET i/brake-1");
    assert_saw(w->requests, "GET i/brake-1#3");
}

static void a_download_goes_on_within_a_block(void **state) {
    world *w = *state;
    interrupt_download(w);
    w->slot_len[1] = 41; /* a cut may leave any length */
    world_boot(w);
    assert_int_equal(world_run(w), LP_ACTION_REBOOT);
    assert_saw(w->requests, "GET i/brake-1#2");
    assert_string_equal(w->slots[1], long_image);
}

static void what_a_cut_tore_is_fetched_anew(void **state) {
    world *w = *state;
    interrupt_download(w);
    w->slots[1][20] ^= 1;
    world_boot(w);
    assert_int_equal(world_run(w), LP_ACTION_REBOOT);
    assert_saw(w->requests, "GET i/brake-1");
    assert_string_equal(w->slots[1], long_image);
    assert_string_equal(w->record.attacks, "");
}

/* --- the test boot --- */

static void an_image_on_trial_does_not_report(void **state) {
    world *w = *state;
    world_run(w);
    world_order(w, "brake v1", 1);
    world_notify(w);
    world_run(w);
    world_boot(w);
    w->no_time = true;
    world_forget_logs(w);
    assert_int_equal(world_run(w), LP_ACTION_WAIT);
    assert_not_saw(w->requests, "POST r/brake-1");
    assert_true(w->testing);
}

static void it_confirms_only_after_fresh_time(void **state) {
    world *w = *state;
    world_order(w, "brake v1", 1);
    world_run(w);
    world_boot(w);
    w->replays_time = true;
    world_run(w);
    assert_true(w->testing);
    w->replays_time = false;
    w->now_ms += WORLD_RETRY_MS;
    world_run(w);
    assert_false(w->testing);
}

/* Makes an image fail its trial; the old one runs again. */
static void fail_a_trial(world *w, const char *name, int counter) {
    lp_action action;
    world_run(w);
    world_order(w, name, counter);
    world_notify(w);
    assert_int_equal(world_run(w), LP_ACTION_REBOOT);
    world_boot(w);
    w->silent = true;
    for (lp_action_kind kind = world_run(w); kind != LP_ACTION_REBOOT; kind = world_run(w)) {
        lp_agent_next(&w->agent, w->now_ms, &action);
        w->now_ms = action.until_ms;
    }
    w->silent = false;
    world_boot(w);
}

static void an_image_that_does_not_confirm_is_reverted_and_reported(void **state) {
    world *w = *state;
    fail_a_trial(w, "brake v1", 5);
    assert_saw(w->events, "reverted");
    assert_string_equal(world_running(w), "factory");
    world_run(w);
    assert_string_equal(world_reported(w, "failed_image"), "brake v1");
    assert_string_equal(world_reported_image(w), "unknown");
    assert_string_equal(world_reported(w, "attacks_detected"), "");
    assert_int_equal(w->record.counter_floor, 0);
}

static void a_failed_image_is_not_tried_again_under_the_same_targets(void **state) {
    world *w = *state;
    fail_a_trial(w, "brake v1", 5);
    world_forget_logs(w);
    world_settle(w, 3);
    world_boot(w);
    world_settle(w, 3);
    assert_saw(w->events, "refused:image_failed_before");
    assert_not_saw(w->requests, "GET i/brake-1");
    assert_string_equal(world_running(w), "factory");
}

static void a_failed_image_is_tried_again_under_new_targets(void **state) {
    world *w = *state;
    fail_a_trial(w, "brake v1", 5);
    world_run(w);
    world_publish(w);
    world_settle(w, 4);
    assert_string_equal(world_running(w), "brake v1");
    assert_null(world_reported(w, "failed_image"));
}

static void another_image_is_tried_after_one_that_failed(void **state) {
    world *w = *state;
    fail_a_trial(w, "brake v1", 5);
    world_run(w);
    world_order(w, "brake v2", 6);
    world_settle(w, 4);
    assert_string_equal(world_running(w), "brake v2");
    assert_null(world_reported(w, "failed_image"));
}

static void a_trial_that_nobody_requested_is_not_confirmed(void **state) {
    world *w = *state;
    strcpy(w->slots[1], "smuggled");
    w->slot_len[1] = strlen("smuggled");
    w->requested = true;
    world_boot(w);
    assert_int_equal(world_run(w), LP_ACTION_REBOOT);
    assert_string_equal(w->requests, "");
    world_boot(w);
    assert_string_equal(world_running(w), "factory");
}

/* --- cuts --- */

static void a_cut_between_confirming_and_recording_loses_nothing(void **state) {
    world *w = *state;
    world_order(w, "brake v1", 3);
    world_run(w);
    world_boot(w);
    w->testing = false; /* the boot loader was told, the record was not */
    w->active = 1;
    world_boot(w);
    assert_string_equal(w->record.installed.name, "brake v1");
    assert_int_equal(w->record.counter_floor, 3);
}

static void a_cut_before_the_boot_loader_was_asked_is_no_failure(void **state) {
    world *w = *state;
    world_order(w, "brake v1", 3);
    world_run(w);
    w->requested = false;
    world_boot(w);
    assert_not_saw(w->events, "reverted");
    world_settle(w, 3);
    assert_string_equal(world_running(w), "brake v1");
}

/* Power is lost, or storage fails, at each write in turn: what runs is whole, and the update arrives in the end. A
 * cut while the image is on trial reverts it, and it stays out until the director orders anew. */
static void storage_may_fail_at_any_write(void **state) {
    world *w = *state;
    bool failed = true;
    for (int writes = 0; failed; writes++) {
        char name[32];
        snprintf(name, sizeof name, "brake number %d", writes);
        world_forget_logs(w);
        world_order(w, name, writes + 1);
        w->writes_left = writes;
        world_settle(w, 3);
        failed = w->writes_left == 0;
        w->writes_left = -1;
        w->reverted = w->reverted || w->testing;
        w->testing = false;
        lp_agent_end(&w->agent);
        world_boot(w);
        world_publish(w);
        world_settle(w, 6);
        assert_string_equal(world_running(w), name);
        assert_string_equal(world_reported_image(w), name);
        assert_int_equal(w->record.counter_floor, writes + 1);
    }
}

static void the_network_may_fail_at_any_answer(void **state) {
    world *w = *state;
    bool failed = true;
    for (unsigned answers = 1; failed; answers++) {
        char name[64];
        snprintf(name, sizeof name, "brake number %u, in a few blocks", answers);
        world_forget_logs(w);
        world_order(w, name, (int)answers);
        w->silent_after = w->answered + answers;
        world_settle(w, 2);
        failed = w->answered == w->silent_after;
        w->silent_after = 0;
        world_settle(w, 6);
        assert_string_equal(world_running(w), name);
        assert_string_equal(world_reported_image(w), name);
        assert_string_equal(world_reported(w, "attacks_detected"), "");
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        WORLD_TEST(an_ordered_image_is_installed_confirmed_and_reported),
        WORLD_TEST(floor_and_installed_record_move_only_when_confirmed),
        WORLD_TEST(without_an_order_the_old_image_stays),
        WORLD_TEST(what_runs_already_is_not_installed_again),
        WORLD_TEST(a_new_name_for_what_runs_is_only_reported),
        WORLD_TEST(a_counter_below_the_confirmed_one_is_refused),
        WORLD_TEST(a_higher_counter_for_what_runs_binds_nobody),
        WORLD_TEST(a_counter_for_the_factory_s_image_binds_nobody),
        WORLD_TEST(an_image_longer_than_the_slot_is_not_fetched),
        WORLD_TEST(an_image_of_more_blocks_than_coap_counts_is_refused_at_once),
        WORLD_TEST(a_name_longer_than_the_record_takes_is_refused_before_the_image_is_fetched),
        WORLD_TEST(an_image_that_the_primary_has_not_yet_is_waited_for),
        WORLD_TEST(a_flipped_image_is_refused),
        WORLD_TEST(an_honest_etag_gives_another_image_away_at_its_first_block),
        WORLD_TEST(a_block_that_lost_its_etag_is_not_put_behind_the_others),
        WORLD_TEST(a_flipped_image_under_the_right_etag_is_refused_by_its_digest),
        WORLD_TEST(an_image_without_end_is_cut_off),
        WORLD_TEST(a_longer_image_is_refused),
        WORLD_TEST(a_shorter_image_is_refused),
        WORLD_TEST(a_newer_image_in_place_of_the_ordered_one_is_no_attack),
        WORLD_TEST(news_during_a_download_end_it),
        WORLD_TEST(a_download_goes_on_where_the_network_failed),
        WORLD_TEST(a_download_goes_on_after_a_reboot),
        WORLD_TEST(a_download_goes_on_within_a_block),
        WORLD_TEST(what_a_cut_tore_is_fetched_anew),
        WORLD_TEST(an_image_on_trial_does_not_report),
        WORLD_TEST(it_confirms_only_after_fresh_time),
        WORLD_TEST(an_image_that_does_not_confirm_is_reverted_and_reported),
        WORLD_TEST(a_failed_image_is_not_tried_again_under_the_same_targets),
        WORLD_TEST(a_failed_image_is_tried_again_under_new_targets),
        WORLD_TEST(another_image_is_tried_after_one_that_failed),
        WORLD_TEST(a_trial_that_nobody_requested_is_not_confirmed),
        WORLD_TEST(a_cut_between_confirming_and_recording_loses_nothing),
        WORLD_TEST(a_cut_before_the_boot_loader_was_asked_is_no_failure),
        WORLD_TEST(storage_may_fail_at_any_write),
        WORLD_TEST(the_network_may_fail_at_any_answer),
    };
    return cmocka_run_group_tests_name("agent, installing", tests, NULL, NULL);
}
