/* SPDX-License-Identifier: Apache-2.0 */
/* The agent: registration, news, verification and reports (docs/POUF.md, "Operations"). */
#include "agent_world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

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

/* --- registration and news --- */

static void the_first_turn_registers_verifies_and_reports(void **state) {
    world *w = *state;
    assert_int_equal(world_run(w), LP_ACTION_WAIT);
    assert_string_equal(w->events, " registered verified reported turn:ok");
    assert_string_equal(json_string_value(json_object_get(w->registration, "serial")), WORLD_SERIAL);
    assert_string_equal(json_string_value(json_object_get(w->registration, "verify")), "partial");
    assert_string_equal(world_reported(w, "ecu_serial"), WORLD_SERIAL);
    assert_string_equal(world_reported_image(w), "unknown");
}

static void without_news_a_turn_is_one_request(void **state) {
    world *w = *state;
    w->agent.config.block_bytes = 64;
    world_run(w);
    world_forget_logs(w);
    w->now_ms += WORLD_POLL_MS;
    world_run(w);
    assert_string_equal(w->requests, " GET u/brake-1");
}

static void a_notification_needs_no_look_at_the_news(void **state) {
    world *w = *state;
    world_run(w);
    world_forget_logs(w);
    world_order(w, "brake v1", 1);
    world_notify(w);
    assert_int_equal(world_run(w), LP_ACTION_REBOOT);
    assert_not_saw(w->requests, "GET u/brake-1");
    assert_saw(w->requests, "GET i/brake-1");
}

static void a_garbled_notification_is_ignored(void **state) {
    world *w = *state;
    world_run(w);
    world_forget_logs(w);
    lp_agent_notify(&w->agent, w->now_ms, (lp_slice){(const uint8_t *)"[1,2", 4});
    assert_int_equal(world_run(w), LP_ACTION_WAIT);
    assert_string_equal(w->requests, "");
}

static void a_poke_makes_it_look_and_report(void **state) {
    world *w = *state;
    world_run(w);
    world_forget_logs(w);
    lp_agent_poke(&w->agent, w->now_ms);
    world_run(w);
    assert_saw(w->requests, "GET u/brake-1");
    assert_saw(w->requests, "POST r/brake-1");
}

static void a_denied_registration_is_told_and_tried_again(void **state) {
    world *w = *state;
    w->knows_no_ecu = true;
    world_run(w);
    assert_string_equal(w->events, " refused:unknown_ecu turn:unknown_ecu");
    w->knows_no_ecu = false;
    w->now_ms += WORLD_POLL_MS;
    world_run(w);
    assert_saw(w->events, "registered");
}

static void a_primary_that_forgot_the_ecu_is_told_again(void **state) {
    world *w = *state;
    world_run(w);
    w->knows_no_ecu = true;
    lp_agent_poke(&w->agent, w->now_ms);
    world_run(w);
    w->knows_no_ecu = false;
    world_forget_logs(w);
    w->now_ms += WORLD_POLL_MS;
    world_run(w);
    assert_saw(w->requests, "POST rd");
}

static void a_silent_primary_is_tried_again_at_growing_intervals(void **state) {
    world *w = *state;
    lp_action action;
    w->silent = true;
    for (uint64_t wait_ms = WORLD_RETRY_MS; wait_ms <= 16 * WORLD_RETRY_MS; wait_ms *= 2) {
        world_run(w);
        lp_agent_next(&w->agent, w->now_ms, &action);
        assert_int_equal(action.until_ms, w->now_ms + wait_ms);
        w->now_ms = action.until_ms;
    }
    assert_saw(w->events, "refused:unreachable");
    w->silent = false;
    world_run(w);
    assert_saw(w->events, "turn:ok");
}

/* --- blocks --- */

static void a_smaller_block_size_of_the_primary_is_followed(void **state) {
    world *w = *state;
    w->agent.config.block_bytes = 1024;
    w->block_bytes = 32;
    world_order(w, "an image that takes several blocks of 32 bytes", 1);
    assert_int_equal(world_run(w), LP_ACTION_REBOOT);
    assert_saw(w->requests, "GET i/brake-1#1");
}

static void change_targets_midway(world *w, const lp_request *request) {
    if (strcmp(request->path, "u/" WORLD_SERIAL "/targets") == 0 && request->block == 3) {
        w->before = NULL;
        world_order(w, "brake v2", 2);
    }
}

static void a_file_that_changes_midway_is_fetched_from_its_start(void **state) {
    world *w = *state;
    world_order(w, "brake v1", 1);
    w->before = change_targets_midway;
    assert_int_equal(world_run(w), LP_ACTION_REBOOT);
    assert_string_equal(w->record.trial.name, "brake v2");
    assert_string_equal(w->record.attacks, "");
}

static void restore_etag(world *w, const lp_request *request) {
    if (request->block == 0) {
        w->no_etag_at = NULL;
    }
}

/* RFC 7959, 2.4. */
static void a_file_whose_block_lost_its_etag_is_fetched_from_its_start(void **state) {
    world *w = *state;
    world_order(w, "brake v1", 1);
    w->no_etag_at = "u/brake-1/targets#3";
    world_settle(w, 1);
    assert_true(world_saw(w->events, "refused:unreachable"));
    assert_false(world_saw(w->requests, "GET u/brake-1/targets#4"));
    world_forget_logs(w);
    w->before = restore_etag;
    world_settle(w, 3);
    assert_string_equal(world_running(w), "brake v1");
}

static void metadata_without_end_is_cut_off(void **state) {
    world *w = *state;
    world_order(w, "brake v1", 1);
    w->endless = "u/brake-1/targets";
    w->agent.config.block_bytes = 1024;
    world_run(w);
    assert_saw(w->events, "refused:limit_file");
    assert_string_equal(world_reported(w, "attacks_detected"), "limit_file");
}

static void bytes_slower_than_the_floor_are_an_attack(void **state) {
    world *w = *state;
    world_run(w);
    world_order(w, "brake v1", 1);
    w->delay_ms = WORLD_SLOW_MS / 5; /* 16 bytes in each: 80 in the span, 100 are the floor */
    world_notify(w);
    world_run(w);
    assert_saw(w->events, "refused:slow_retrieval");
    assert_string_equal(world_reported(w, "attacks_detected"), "slow_retrieval");
}

static void bytes_just_faster_than_the_floor_are_taken(void **state) {
    world *w = *state;
    world_run(w);
    world_order(w, "brake v1", 1);
    w->delay_ms = WORLD_SLOW_MS / 7; /* 112 bytes in the span */
    world_notify(w);
    world_run(w);
    assert_null(strstr(w->events, "refused"));
    assert_string_equal(w->record.attacks, "");
}

static void silence_is_no_attack(void **state) {
    world *w = *state;
    world_run(w);
    world_order(w, "brake v1", 1);
    w->silent_after = w->answered + 2;
    world_notify(w);
    world_run(w);
    assert_saw(w->events, "refused:unreachable");
    assert_string_equal(w->record.attacks, "");
}

/* --- time --- */

static void without_signed_time_nothing_is_installed(void **state) {
    world *w = *state;
    w->no_time = true;
    world_order(w, "brake v1", 1);
    assert_int_equal(world_run(w), LP_ACTION_WAIT);
    assert_saw(w->events, "waiting:unreachable");
    assert_not_saw(w->requests, "GET u/brake-1/targets");
    w->no_time = false;
    w->now_ms += WORLD_RETRY_MS;
    assert_int_equal(world_run(w), LP_ACTION_REBOOT);
}

static void a_replayed_attestation_is_refused(void **state) {
    world *w = *state;
    w->replays_time = true;
    world_run(w);
    assert_saw(w->events, "refused:time_nonce");
    assert_string_equal(world_reported(w, "attacks_detected"), "time_nonce");
}

static void time_never_goes_back(void **state) {
    world *w = *state;
    world_run(w);
    w->time = TEST_NOW - 1;
    world_order(w, "brake v1", 1);
    world_notify(w);
    world_run(w);
    assert_saw(w->events, "refused:rollback_time");
}

static void time_goes_back_only_when_its_key_was_rotated(void **state) {
    world *w = *state;
    json_t *root = w->director.roles[LP_ROLE_ROOT];
    world_run(w);
    w->time = TEST_NOW - 1;
    lp_key_free(&w->director.keys[LP_ROLE_TIME]);
    assert_int_equal(lp_key_generate(LP_SCHEME_ED25519, 0, LP_DIALECT_TUF, &w->director.keys[LP_ROLE_TIME]), LP_OK);
    const lp_key *key = &w->director.keys[LP_ROLE_TIME];
    add_key(&w->director, json_object_get(root, "keys"), key);
    json_object_set_new(root, "custom",
                        json_pack("{s:{s:[s], s:i}}", "time", "keyids", key->signer.keyid, "threshold", 1));
    repo_next_root(&w->director, NULL);
    world_notify(w);
    world_run(w);
    assert_saw(w->events, "turn:ok");
    assert_int_equal(w->record.time_floor, TEST_NOW - 1);
}

static void each_attestation_is_asked_with_a_new_nonce_that_the_report_announced(void **state) {
    world *w = *state;
    char before[LP_NONCE_TEXT_BYTES];
    memcpy(before, w->agent.nonce, sizeof before);
    world_run(w);
    assert_string_not_equal(w->agent.nonce, before);
    assert_int_equal(strlen(w->agent.nonce), LP_NONCE_TEXT_BYTES - 1);
}

static void a_tuf_director_must_sign_time(void **state) {
    world *w = *state;
    json_object_del(w->director.roles[LP_ROLE_ROOT], "custom");
    repo_next_root(&w->director, NULL);
    world_run(w);
    assert_saw(w->events, "refused:time_no_key");
}

/* --- metadata --- */

static void assert_order_refused(world *w, const char *code) {
    world_notify(w);
    assert_int_equal(world_run(w), LP_ACTION_WAIT);
    assert_not_saw(w->requests, "GET i/brake-1");
    assert_string_equal(world_running(w), "factory");
    assert_string_equal(world_reported(w, "attacks_detected"), code);
}

static void an_order_for_other_hardware_is_refused(void **state) {
    world *w = *state;
    world_run(w);
    world_order_custom(w, "radar v1", order_for(WORLD_SERIAL, "radar-hw", 1));
    assert_order_refused(w, "wrong_hardware");
}

static void targets_of_another_vehicle_are_refused(void **state) {
    world *w = *state;
    world_run(w);
    json_object_set_new(w->director.roles[LP_ROLE_TARGETS], "custom", json_pack("{s:s}", "vehicle", "vehicle-2"));
    world_order(w, "brake v1", 1);
    assert_order_refused(w, "wrong_vehicle");
}

static void targets_signed_by_another_key_are_refused(void **state) {
    world *w = *state;
    world_run(w);
    world_order(w, "brake v1", 1);
    repo_sign_as(&w->director, LP_ROLE_TARGETS, LP_ROLE_SNAPSHOT);
    assert_order_refused(w, "signature_threshold");
}

static void expired_targets_are_refused(void **state) {
    world *w = *state;
    world_run(w);
    set_expires(w->director.roles[LP_ROLE_TARGETS], TEST_EXPIRED);
    world_order(w, "brake v1", 1);
    assert_order_refused(w, "expired");
}

static void older_targets_are_refused(void **state) {
    world *w = *state;
    set_version(w->director.roles[LP_ROLE_TARGETS], 4);
    world_order_nothing(w);
    world_run(w);
    set_version(w->director.roles[LP_ROLE_TARGETS], 2);
    world_order(w, "brake v1", 1);
    assert_order_refused(w, "rollback_version");
}

static void refused_targets_are_not_stored(void **state) {
    world *w = *state;
    world_run(w);
    lp_slice before = files_get(&w->stored, "director/targets");
    world_order_custom(w, "radar v1", order_for(WORLD_SERIAL, "radar-hw", 1));
    world_notify(w);
    world_run(w);
    lp_slice after = files_get(&w->stored, "director/targets");
    assert_ptr_equal(before.ptr, after.ptr);
}

static void targets_at_hand_do_not_cross_the_air_again(void **state) {
    world *w = *state;
    world_order_nothing(w);
    world_run(w);
    world_boot(w);
    world_forget_logs(w);
    world_run(w);
    assert_saw(w->events, "turn:ok");
    assert_not_saw(w->requests, "GET u/brake-1/targets");
}

static void damaged_stored_targets_are_fetched_again(void **state) {
    world *w = *state;
    world_order_nothing(w);
    world_run(w);
    files_damage(&w->stored, "director/targets");
    world_boot(w);
    world_forget_logs(w);
    world_run(w);
    assert_saw(w->events, "turn:ok");
    assert_saw(w->requests, "GET u/brake-1/targets");
}

static void new_roots_are_followed_one_by_one(void **state) {
    world *w = *state;
    repo_next_root(&w->director, NULL);
    repo_next_root(&w->director, NULL);
    world_run(w);
    assert_saw(w->requests, "GET u/brake-1/root/2");
    assert_saw(w->requests, "GET u/brake-1/root/3");
    assert_not_saw(w->requests, "GET u/brake-1/root/4");
    assert_saw(w->events, "turn:ok");
    world_boot(w);
    world_forget_logs(w);
    world_run(w);
    assert_not_saw(w->requests, "GET u/brake-1/root/2");
}

static void a_root_that_the_old_keys_did_not_sign_is_refused(void **state) {
    world *w = *state;
    world_run(w);
    repo_change_key(&w->director, LP_ROLE_ROOT, NULL);
    repo_next_root(&w->director, NULL);
    world_notify(w);
    world_run(w);
    assert_saw(w->events, "refused:signature_threshold");
    assert_null(files_get(&w->stored, "director/root").ptr);
}

/* Recovery from a fast-forward attack: whoever stole the key signed a version that nothing can exceed. */
static void rotated_targets_keys_make_it_forget_the_version(void **state) {
    world *w = *state;
    set_version(w->director.roles[LP_ROLE_TARGETS], 1000000);
    world_order_nothing(w);
    world_run(w);
    set_version(w->director.roles[LP_ROLE_TARGETS], 1);
    repo_change_key(&w->director, LP_ROLE_TARGETS, NULL);
    repo_next_root(&w->director, NULL);
    world_order(w, "brake v1", 1);
    world_notify(w);
    assert_int_equal(world_run(w), LP_ACTION_REBOOT);
}

static void a_legacy_director_need_not_sign_time(void **state) {
    world *w = *state;
    world_order(w, "brake v1", 1);
    assert_int_equal(world_run(w), LP_ACTION_REBOOT);
    assert_not_saw(w->requests, "GET t");
    world_settle(w, 3);
    assert_string_equal(world_running(w), "brake v1");
    assert_false(w->testing);
}

/* --- reports --- */

static void a_report_whose_answer_was_lost_is_made_anew(void **state) {
    world *w = *state;
    w->loses_answers = true;
    world_run(w);
    assert_int_equal(w->reports, 1);
    assert_not_saw(w->events, "reported");
    w->loses_answers = false;
    w->now_ms += WORLD_POLL_MS;
    world_run(w); /* the primary checks that no counter comes twice */
    assert_saw(w->events, "reported");
    assert_int_equal(w->reports, 2);
}

static void the_report_counter_outlives_reboots(void **state) {
    world *w = *state;
    for (uint64_t i = 1; i <= 3; i++) {
        world_run(w);
        assert_int_equal(w->reports, i);
        world_boot(w);
    }
}

/* A board whose journal was destroyed, or a device whose folder was, counts from 1 again. */
static void a_report_counter_that_was_lost_is_overtaken(void **state) {
    world *w = *state;
    w->used_counter = 1000;
    world_run(w);
    assert_true(world_saw(w->events, "refused:rollback_version"));
    assert_null(w->report);
    w->now_ms += WORLD_POLL_MS;
    world_run(w);
    assert_non_null(w->report);
    assert_int_equal(w->reports, w->time + 1);
}

/* Whoever denies everything cannot make it count faster. */
static void a_denied_report_counts_no_further_than_time(void **state) {
    world *w = *state;
    w->used_counter = UINT64_MAX;
    for (int64_t i = 1; i <= 5; i++) {
        world_run(w);
        assert_int_equal(w->reports, i == 1 ? 1 : w->time + i - 1);
        w->now_ms += WORLD_POLL_MS;
    }
}

static void an_attack_is_reported_once(void **state) {
    world *w = *state;
    w->replays_time = true;
    world_run(w);
    assert_string_equal(world_reported(w, "attacks_detected"), "time_nonce");
    w->replays_time = false;
    w->now_ms += WORLD_POLL_MS;
    world_run(w);
    assert_string_equal(world_reported(w, "attacks_detected"), "");
}

static void an_attack_outlives_a_reboot_until_it_is_reported(void **state) {
    world *w = *state;
    w->replays_time = true;
    w->loses_answers = true;
    world_run(w);
    world_boot(w);
    w->replays_time = false;
    w->loses_answers = false;
    world_run(w);
    assert_string_equal(world_reported(w, "attacks_detected"), "time_nonce");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        WORLD_TEST(the_first_turn_registers_verifies_and_reports),
        WORLD_TEST(without_news_a_turn_is_one_request),
        WORLD_TEST(a_notification_needs_no_look_at_the_news),
        WORLD_TEST(a_garbled_notification_is_ignored),
        WORLD_TEST(a_poke_makes_it_look_and_report),
        WORLD_TEST(a_denied_registration_is_told_and_tried_again),
        WORLD_TEST(a_primary_that_forgot_the_ecu_is_told_again),
        WORLD_TEST(a_silent_primary_is_tried_again_at_growing_intervals),
        WORLD_TEST(a_smaller_block_size_of_the_primary_is_followed),
        WORLD_TEST(a_file_that_changes_midway_is_fetched_from_its_start),
        WORLD_TEST(a_file_whose_block_lost_its_etag_is_fetched_from_its_start),
        WORLD_TEST(metadata_without_end_is_cut_off),
        WORLD_TEST(bytes_slower_than_the_floor_are_an_attack),
        WORLD_TEST(bytes_just_faster_than_the_floor_are_taken),
        WORLD_TEST(silence_is_no_attack),
        WORLD_TEST(without_signed_time_nothing_is_installed),
        WORLD_TEST(a_replayed_attestation_is_refused),
        WORLD_TEST(time_never_goes_back),
        WORLD_TEST(time_goes_back_only_when_its_key_was_rotated),
        WORLD_TEST(each_attestation_is_asked_with_a_new_nonce_that_the_report_announced),
        WORLD_TEST(a_tuf_director_must_sign_time),
        WORLD_TEST(an_order_for_other_hardware_is_refused),
        WORLD_TEST(targets_of_another_vehicle_are_refused),
        WORLD_TEST(targets_signed_by_another_key_are_refused),
        WORLD_TEST(expired_targets_are_refused),
        WORLD_TEST(older_targets_are_refused),
        WORLD_TEST(refused_targets_are_not_stored),
        WORLD_TEST(targets_at_hand_do_not_cross_the_air_again),
        WORLD_TEST(damaged_stored_targets_are_fetched_again),
        WORLD_TEST(new_roots_are_followed_one_by_one),
        WORLD_TEST(a_root_that_the_old_keys_did_not_sign_is_refused),
        WORLD_TEST(rotated_targets_keys_make_it_forget_the_version),
        LEGACY_WORLD_TEST(a_legacy_director_need_not_sign_time),
        WORLD_TEST(a_report_whose_answer_was_lost_is_made_anew),
        WORLD_TEST(the_report_counter_outlives_reboots),
        WORLD_TEST(a_report_counter_that_was_lost_is_overtaken),
        WORLD_TEST(a_denied_report_counts_no_further_than_time),
        WORLD_TEST(an_attack_is_reported_once),
        WORLD_TEST(an_attack_outlives_a_reboot_until_it_is_reported),
    };
    return cmocka_run_group_tests_name("agent", tests, NULL, NULL);
}
