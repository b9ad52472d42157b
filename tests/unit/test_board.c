/* SPDX-License-Identifier: Apache-2.0 */
/* The agent's port over flash. Whole updates, and power cuts: tests/power. */
#include "lampyr-board/board.h"
#include "lampyr-host/openssl.h"
#include "lampyr-store/slot.h"
#include "layouts.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

enum { PAGE = 1024, IMAGE_BYTES = 2500 };

static const lp_layout *const layout = &layout_small;
static const uint8_t id_a[LP_SHA256_BYTES] = {'a'};
static const uint8_t id_b[LP_SHA256_BYTES] = {'b'};
static sim_flash sim;
static lp_board board;
static lp_agent_port port;
static uint8_t image[IMAGE_BYTES];
static const char running[] = "what runs";

static lp_slice slice(const char *text) {
    return (lp_slice){(const uint8_t *)text, strlen(text)};
}

static bool random_bytes(void *ctx, void *out, size_t bytes) {
    memset(out, *(const char *)ctx, bytes);
    return true;
}

static const lp_agent_event *last_event;

static void on_event(void *ctx, const lp_agent_event *event) {
    (void)ctx;
    last_event = event;
}

static lp_code open_board(void) {
    const lp_board_config config = {.flash = &sim.flash,
                                    .layout = layout,
                                    .crypto = &lp_crypto_openssl,
                                    .random = random_bytes,
                                    .event = on_event,
                                    .ctx = (void *)(uintptr_t) "r"};
    lp_code code = lp_board_open(&board, &config);
    port = lp_board_port(&board);
    return code;
}

static void load_factory(void) {
    uint8_t bytes[512];
    size_t len;
    const lp_factory factory = {.serial = "s",
                                .hardware = "h",
                                .primary = "fd00::1",
                                .root = slice("no root"),
                                .targets = slice("factory targets")};
    assert_true(lp_factory_write(&factory, bytes, sizeof bytes, &len));
    sim_flash_load(&sim, layout->factory.offset, bytes, (uint32_t)len);
}

static void make_journal(void) {
    lp_journal journal;
    lp_board_state state;
    lp_journal_open(&journal, &sim.flash, layout->journal, &state);
    lp_state_first(&state, 1000, 3);
    assert_true(lp_journal_seal(&journal, &state));
}

static int set_up(void **state) {
    (void)state;
    sim_flash_make(&sim, &sim_small);
    for (size_t i = 0; i < sizeof image; i++) {
        image[i] = (uint8_t)(i * 7 + i / 256);
    }
    load_factory();
    make_journal();
    sim_flash_load(&sim, layout->slot[0].offset, running, (uint32_t)strlen(running));
    assert_true(lp_slot_record_write(
        &sim.flash, layout, 0,
        &(lp_slot_record){.image_bytes = (uint32_t)strlen(running), .root_version = 1, .targets = slice("{}")}));
    assert_int_equal(open_board(), LP_OK);
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    sim_flash_free(&sim);
    return 0;
}

/* --- opening --- */

static void what_is_missing_is_told(void **state) {
    (void)state;
    assert_true(lp_slot_record_erase(&sim.flash, layout, 0));
    assert_int_equal(open_board(), LP_MISSING_FILE);
    assert_true(lp_flash_erase_region(&sim.flash, layout->journal));
    assert_int_equal(open_board(), LP_STATE);
    assert_true(lp_flash_erase_region(&sim.flash, layout->factory));
    assert_int_equal(open_board(), LP_NO_TRUSTED_ROOT);
}

/* The digest is of the bytes that run, not of what a record claims. */
static void the_running_image_is_hashed(void **state) {
    (void)state;
    uint8_t digest[LP_SHA256_BYTES];
    lp_boot_status status;
    assert_true(lp_digest(&lp_crypto_openssl, LP_SHA256, slice(running), digest));
    assert_true(port.boot_status(&port, &status));
    assert_memory_equal(status.sha256, digest, sizeof digest);
    assert_int_equal(status.length_bytes, strlen(running));
    assert_false(status.testing || status.reverted);
}

static void limits_and_callbacks_are_the_ports(void **state) {
    (void)state;
    char byte = 0;
    lp_agent_event event = {.kind = LP_EVENT_TURN};
    assert_int_equal(board.limits.image_bytes, 3 * PAGE);
    assert_int_equal(port.slot_bytes, 3 * PAGE);
    assert_int_equal(port.name_bytes, 127);
    assert_true(port.random(&port, &byte, 1));
    assert_int_equal(byte, 'r');
    port.event(&port, &event);
    assert_ptr_equal(last_event, &event);
    assert_int_equal(port.metadata_provisioned(&port, LP_REPO_DIRECTOR).len, strlen("no root"));
    assert_null(port.metadata_provisioned(&port, LP_REPO_IMAGE).ptr);
}

/* --- the image --- */

static uint64_t open_image(const uint8_t *id, uint64_t length) {
    uint64_t have = UINT64_MAX;
    assert_true(port.image_open(&port, id, length, &have));
    return have;
}

static bool write_image(uint64_t from, uint64_t to) {
    bool ok = true;
    for (uint64_t at = from; ok && at < to;) {
        size_t len = to - at < 100 ? (size_t)(to - at) : 100;
        ok = port.image_write(&port, at, (lp_slice){image + at, len});
        at += len;
    }
    return ok;
}

static void assert_staged(uint64_t len) {
    uint8_t out[IMAGE_BYTES];
    assert_true(port.image_read(&port, 0, out, (size_t)len));
    assert_memory_equal(out, image, (size_t)len);
}

static void a_download_goes_on_after_a_reset_from_its_last_whole_page(void **state) {
    (void)state;
    assert_int_equal(open_image(id_a, IMAGE_BYTES), 0);
    assert_true(write_image(0, 1000));
    assert_int_equal(open_board(), LP_OK);
    assert_int_equal(open_image(id_a, IMAGE_BYTES), 0);
    assert_true(write_image(0, 1400));
    assert_int_equal(open_board(), LP_OK);
    assert_int_equal(open_image(id_a, IMAGE_BYTES), PAGE);
    assert_staged(PAGE);
    assert_true(write_image(PAGE, IMAGE_BYTES));
    assert_staged(IMAGE_BYTES);
    assert_int_equal(open_board(), LP_OK);
    assert_int_equal(open_image(id_a, IMAGE_BYTES), IMAGE_BYTES);
    assert_staged(IMAGE_BYTES);
    assert_false(port.image_write(&port, IMAGE_BYTES, slice("x")));
}

static void a_download_goes_on_within_a_run(void **state) {
    (void)state;
    assert_int_equal(open_image(id_a, IMAGE_BYTES), 0);
    assert_true(write_image(0, 2100));
    assert_int_equal(open_image(id_a, IMAGE_BYTES), 2 * PAGE);
    assert_true(write_image(2 * PAGE, IMAGE_BYTES));
    assert_staged(IMAGE_BYTES);
}

static void another_image_or_a_discarded_one_begins_at_the_start(void **state) {
    (void)state;
    assert_int_equal(open_image(id_a, IMAGE_BYTES), 0);
    assert_true(write_image(0, 2100));
    assert_int_equal(open_image(id_a, IMAGE_BYTES - 1), 0);
    assert_true(write_image(0, 2100));
    assert_int_equal(open_image(id_b, IMAGE_BYTES - 1), 0);
    assert_true(write_image(0, 2100));
    assert_true(port.image_discard(&port));
    assert_true(port.image_discard(&port));
    assert_false(port.image_write(&port, 2100, slice("x")));
    assert_int_equal(open_image(id_b, IMAGE_BYTES - 1), 0);
}

static void a_new_download_takes_the_record_of_the_slot_away(void **state) {
    (void)state;
    lp_slot_record record = {.image_bytes = 5, .root_version = 1, .targets = slice("{}")};
    assert_true(lp_slot_record_write(&sim.flash, layout, 1, &record));
    open_image(id_a, IMAGE_BYTES);
    assert_false(lp_slot_record_read(&sim.flash, layout, 1, &record));
}

static void bytes_come_in_order_and_no_more_than_promised(void **state) {
    (void)state;
    uint8_t out[8];
    uint64_t have;
    assert_false(port.image_write(&port, 0, slice("x")));
    assert_false(port.image_open(&port, id_a, 3 * PAGE + 1, &have));
    open_image(id_a, 1001);
    assert_false(port.image_write(&port, 1, slice("x")));
    open_image(id_a, 1001);
    assert_true(write_image(0, 1000));
    assert_false(port.image_write(&port, 1000, slice("xy")));
    assert_false(port.image_write(&port, 1000, slice("x")));
    assert_true(port.image_read(&port, 3 * PAGE - 8, out, 8));
    assert_false(port.image_read(&port, 3 * PAGE - 7, out, 8));
    assert_false(port.image_read(&port, UINT64_MAX, out, 8));
}

static void a_page_that_fails_ends_the_download_until_it_is_opened_again(void **state) {
    (void)state;
    open_image(id_a, IMAGE_BYTES);
    sim_flash_fail(&sim, layout->slot[1].offset + 2 * PAGE, SIM_FAILS_PROGRAM);
    assert_false(write_image(0, IMAGE_BYTES));
    sim_flash_fail(&sim, layout->slot[1].offset + 2 * PAGE, 0);
    assert_false(port.image_write(&port, 2 * PAGE, slice("x")));
    assert_int_equal(open_image(id_a, IMAGE_BYTES), 2 * PAGE);
    assert_true(write_image(2 * PAGE, IMAGE_BYTES));
    assert_staged(IMAGE_BYTES);
}

/* --- boot --- */

static void set_phase(lp_boot_phase phase, bool reverted) {
    board.state.boot = (lp_boot_state){.phase = phase, .reverted = reverted, .attempts = 2};
    assert_true(lp_journal_save(&board.journal, &board.state, LP_STATE_BOOT));
    assert_int_equal(open_board(), LP_OK);
}

static void the_slot_of_the_old_image_is_not_touched_during_a_trial(void **state) {
    (void)state;
    uint64_t have;
    lp_boot_status status;
    const lp_image none = {.length_bytes = 0};
    set_phase(LP_BOOT_TESTING, false);
    sim_flash_plan(&sim, UINT64_MAX, SIM_CUT_BEFORE, 1);
    assert_true(port.boot_status(&port, &status));
    assert_true(status.testing);
    assert_false(port.image_open(&port, id_a, IMAGE_BYTES, &have));
    assert_false(port.boot_request(&port, &none));
    assert_int_equal(sim.operations, 0);
}

static void confirming_ends_the_trial_and_may_be_repeated(void **state) {
    (void)state;
    lp_boot_status status;
    set_phase(LP_BOOT_TESTING, false);
    assert_true(port.boot_confirm(&port));
    assert_true(port.boot_confirm(&port));
    assert_int_equal(open_board(), LP_OK);
    assert_true(port.boot_status(&port, &status));
    assert_false(status.testing || status.reverted);
    set_phase(LP_BOOT_REQUESTED, false);
    assert_false(port.boot_confirm(&port));
    set_phase(LP_BOOT_IDLE, true);
    assert_true(port.boot_status(&port, &status));
    assert_true(status.reverted);
}

static void only_a_whole_image_is_requested(void **state) {
    (void)state;
    lp_image wanted = {.length_bytes = IMAGE_BYTES};
    assert_false(port.boot_request(&port, &wanted));
    open_image(id_a, IMAGE_BYTES);
    assert_true(write_image(0, IMAGE_BYTES - 1));
    assert_false(port.boot_request(&port, &wanted));
    assert_true(write_image(IMAGE_BYTES - 1, IMAGE_BYTES));
    wanted.length_bytes--;
    assert_false(port.boot_request(&port, &wanted));
    wanted.length_bytes++;
    assert_false(port.boot_request(&port, &wanted)); /* the root here is none */
    assert_int_equal(board.state.boot.phase, LP_BOOT_IDLE);
}

/* --- the record --- */

static uint64_t store_operations(const lp_record *record) {
    sim_flash_plan(&sim, UINT64_MAX, SIM_CUT_BEFORE, 1);
    assert_true(port.record_store(&port, record));
    return sim.operations;
}

static void only_what_changed_is_written(void **state) {
    (void)state;
    lp_record record, found;
    assert_true(port.record_load(&port, &record));
    assert_string_equal(record.installed.name, "unknown");
    assert_int_equal(record.time_floor, 1000);
    assert_int_equal(record.counter_floor, 3);
    assert_int_equal(store_operations(&record), 0);
    record.report_counter = 5;
    assert_in_range(store_operations(&record), 1, 2);
    record.time_floor = 2000;
    record.previous_time = 1000;
    record.counter_floor = 4;
    record.trial_state = LP_TRIAL_FAILED;
    record.trial_targets_version = 6;
    strcpy(record.trial.name, "trial");
    strcpy(record.installed.name, "installed");
    strcpy(record.attacks, "image_hash");
    store_operations(&record);
    assert_int_equal(open_board(), LP_OK);
    assert_true(port.record_load(&port, &found));
    assert_int_equal(found.report_counter, 5);
    assert_int_equal(found.time_floor, 2000);
    assert_int_equal(found.counter_floor, 4);
    assert_int_equal(found.trial_state, LP_TRIAL_FAILED);
    assert_int_equal(found.trial_targets_version, 6);
    assert_string_equal(found.trial.name, "trial");
    assert_string_equal(found.installed.name, "installed");
    assert_string_equal(found.attacks, "image_hash");
}

static void what_cannot_be_stored_is_not_remembered(void **state) {
    (void)state;
    lp_record record, found;
    assert_true(port.record_load(&port, &record));
    memset(record.installed.name, 'n', LP_STATE_NAME_BYTES);
    assert_false(port.record_store(&port, &record));
    assert_true(port.record_load(&port, &found));
    assert_string_equal(found.installed.name, "unknown");
}

/* --- wear --- */

static void updates_wear_all_pages_of_the_journal_alike(void **state) {
    (void)state;
    uint32_t least, most;
    for (unsigned i = 0; i < 300; i++) {
        lp_record record;
        open_image(i % 2 == 0 ? id_a : id_b, IMAGE_BYTES);
        assert_true(write_image(0, IMAGE_BYTES));
        assert_true(port.record_load(&port, &record));
        record.report_counter++;
        assert_true(port.record_store(&port, &record));
        if (i % 10 == 0) {
            assert_true(lp_journal_seal(&board.journal, &board.state)); /* as the boot loader does */
            assert_int_equal(open_board(), LP_OK);
        }
    }
    sim_flash_wear(&sim, layout->journal, &least, &most);
    assert_true(most <= least + 1);
    lp_region pages = {layout->slot[1].offset, 3 * PAGE};
    sim_flash_wear(&sim, pages, &least, &most);
    assert_int_equal(least, 300);
    assert_int_equal(most, 300);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(what_is_missing_is_told),
        TEST(the_running_image_is_hashed),
        TEST(limits_and_callbacks_are_the_ports),
        TEST(a_download_goes_on_after_a_reset_from_its_last_whole_page),
        TEST(a_download_goes_on_within_a_run),
        TEST(another_image_or_a_discarded_one_begins_at_the_start),
        TEST(a_new_download_takes_the_record_of_the_slot_away),
        TEST(bytes_come_in_order_and_no_more_than_promised),
        TEST(a_page_that_fails_ends_the_download_until_it_is_opened_again),
        TEST(the_slot_of_the_old_image_is_not_touched_during_a_trial),
        TEST(confirming_ends_the_trial_and_may_be_repeated),
        TEST(only_a_whole_image_is_requested),
        TEST(only_what_changed_is_written),
        TEST(what_cannot_be_stored_is_not_remembered),
        TEST(updates_wear_all_pages_of_the_journal_alike),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
