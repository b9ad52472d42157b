/* SPDX-License-Identifier: Apache-2.0 */
/* The boot loader beside its states: what it may write, failing flash, and what it reports. */
#include "board_rig.h"
#include "lampyr-store/slot.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* Two pages and three, of three. */
enum { OLD_BYTES = 1900, NEW_BYTES = 2900, IMAGE_PAGES = 3, RECORD_PAGES = 2, COUNTER = 5 };

typedef struct fixture {
    board_rig rig;
    uint8_t bytes[2][NEW_BYTES];
    lp_slice image[2];
} fixture;

/* A board with an image in each slot; the second is newer. */
static int set_up(void **state) {
    fixture *f = calloc(1, sizeof *f);
    assert_non_null(f);
    board_rig *rig = &f->rig;
    rig_make(rig, &sim_small, &layout_small);
    rig_provision(rig);
    for (unsigned slot = 0; slot < 2; slot++) {
        f->image[slot] = rig_image(f->bytes[slot], slot == 0 ? OLD_BYTES : NEW_BYTES, slot + 1);
        rig_fill_slot(rig, slot, f->image[slot], rig_order(rig, 2 + (int)slot, f->image[slot], COUNTER + (int)slot, 0),
                      1);
    }
    *state = f;
    return 0;
}

static int tear_down(void **state) {
    fixture *f = *state;
    rig_free(&f->rig);
    free(f);
    return 0;
}

static lp_board_state read_state(const fixture *f) {
    lp_journal journal;
    lp_board_state state;
    assert_int_equal(lp_journal_open(&journal, &f->rig.sim.flash, f->rig.layout->journal, &state), LP_JOURNAL_GOOD);
    return state;
}

static void write_state(fixture *f, const lp_board_state *state) {
    lp_journal journal;
    lp_board_state before;
    lp_journal_open(&journal, &f->rig.sim.flash, f->rig.layout->journal, &before);
    assert_true(lp_journal_seal(&journal, state));
}

static void write_boot_state(fixture *f, const lp_boot_state *boot) {
    lp_journal journal;
    lp_board_state state;
    if (lp_journal_open(&journal, &f->rig.sim.flash, f->rig.layout->journal, &state) != LP_JOURNAL_GOOD) {
        lp_state_first(&state, RIG_FACTORY_TIME, COUNTER);
    }
    state.boot = *boot;
    assert_true(lp_journal_seal(&journal, &state));
}

static bool holds(const fixture *f, unsigned slot, unsigned image) {
    lp_slot_record record;
    return memcmp(f->rig.sim.flash.map + f->rig.layout->slot[slot].offset, f->image[image].ptr, f->image[image].len) ==
               0 &&
           lp_slot_record_read(&f->rig.sim.flash, f->rig.layout, slot, &record) &&
           record.image_bytes == f->image[image].len;
}

static lp_boot_decision start(fixture *f, lp_reset_cause cause, lp_boot_report *report) {
    f->rig.boot.cause = cause;
    sim_flash_boot(&f->rig.sim);
    return lp_boot(&f->rig.boot, report);
}

/* --- whole updates --- */

static void a_requested_image_is_tested_and_kept_once_confirmed(void **state) {
    fixture *f = *state;
    lp_boot_report report;
    write_boot_state(f, &(lp_boot_state){.phase = LP_BOOT_REQUESTED});
    assert_int_equal(start(f, LP_RESET_SOFTWARE, &report), LP_BOOT_RUN);
    assert_int_equal(report.phase, LP_BOOT_REQUESTED);
    assert_int_equal(report.steps, 3 * (IMAGE_PAGES + read_state(f).boot.record_pages));
    assert_true(holds(f, 0, 1) && holds(f, 1, 0));
    assert_int_equal(read_state(f).boot.attempts, 1);
    write_boot_state(f, &(lp_boot_state){.phase = LP_BOOT_IDLE});
    assert_int_equal(start(f, LP_RESET_FAULT, &report), LP_BOOT_RUN);
    assert_int_equal(report.steps, 0);
    assert_true(holds(f, 0, 1));
}

/* Whatever the application wrote besides. */
static void a_test_has_all_its_boots(void **state) {
    fixture *f = *state;
    lp_boot_report report;
    write_boot_state(f, &(lp_boot_state){.phase = LP_BOOT_REQUESTED, .attempts = LP_BOOT_ATTEMPTS});
    assert_int_equal(start(f, LP_RESET_SOFTWARE, &report), LP_BOOT_RUN);
    assert_true(holds(f, 0, 1));
    assert_int_equal(read_state(f).boot.attempts, 1);
}

static void a_requested_image_that_does_not_confirm_is_taken_back_as_it_was(void **state) {
    fixture *f = *state;
    lp_boot_report report;
    write_boot_state(f, &(lp_boot_state){.phase = LP_BOOT_REQUESTED});
    assert_int_equal(start(f, LP_RESET_SOFTWARE, &report), LP_BOOT_RUN);
    assert_int_equal(start(f, LP_RESET_SOFTWARE, &report), LP_BOOT_RUN);
    assert_true(report.reverted);
    assert_true(holds(f, 0, 0) && holds(f, 1, 1));
}

static void a_loss_of_power_takes_at_most_two_test_boots(void **state) {
    fixture *f = *state;
    lp_boot_report report;
    write_boot_state(f, &(lp_boot_state){.phase = LP_BOOT_REQUESTED});
    for (unsigned boot = 0; boot < LP_BOOT_ATTEMPTS; boot++) {
        assert_int_equal(start(f, LP_RESET_POWER, &report), LP_BOOT_RUN);
        assert_true(holds(f, 0, 1));
    }
    assert_int_equal(start(f, LP_RESET_POWER, &report), LP_BOOT_RUN);
    assert_true(holds(f, 0, 0));
}

/* --- the image in staging takes the other's place --- */

static void damage_running_image(fixture *f) {
    uint32_t at = f->rig.layout->slot[0].offset;
    uint8_t changed = f->rig.sim.bytes[at] ^ 1;
    sim_flash_load(&f->rig.sim, at, &changed, 1);
}

/* What was downloaded so far is gone then: slot 1 keeps the damaged image. */
static void restoring_forgets_a_download(void **state) {
    fixture *f = *state;
    lp_boot_report report;
    lp_board_state before;
    damage_running_image(f);
    lp_state_first(&before, RIG_FACTORY_TIME, COUNTER);
    before.download_len = 2048;
    before.downloaded = 1024;
    write_state(f, &before);
    assert_int_equal(start(f, LP_RESET_POWER, &report), LP_BOOT_RUN);
    assert_true(holds(f, 0, 1));
    assert_int_equal(read_state(f).download_len, 0);
}

static void a_board_that_remembers_nothing_takes_the_restored_image_s_counter(void **state) {
    fixture *f = *state;
    lp_boot_report report;
    damage_running_image(f);
    assert_int_equal(start(f, LP_RESET_POWER, &report), LP_BOOT_RUN);
    assert_int_equal(report.journal, LP_JOURNAL_EMPTY);
    assert_true(holds(f, 0, 1));
    assert_int_equal(read_state(f).record.counter_floor, COUNTER + 1);
}

/* --- what an application that was taken over may write --- */

/* A swap that leaves the slots would overwrite the loader itself. */
static void assert_not_swapped(fixture *f, const lp_boot_state *boot) {
    board_rig *rig = &f->rig;
    lp_boot_report report;
    size_t kept = rig->layout->journal.offset;
    uint8_t *before = malloc(kept);
    assert_non_null(before);
    memcpy(before, rig->sim.bytes, kept);
    write_boot_state(f, boot);
    assert_int_equal(start(f, LP_RESET_POWER, &report), LP_BOOT_RUN);
    assert_int_equal(report.journal, LP_JOURNAL_DAMAGED);
    assert_int_equal(report.steps, 0);
    assert_memory_equal(rig->sim.bytes, before, kept);
    assert_true(holds(f, 0, 0) && holds(f, 1, 1));
    assert_int_equal(read_state(f).boot.phase, LP_BOOT_IDLE);
    free(before);
}

static void a_swap_beyond_the_slots_is_not_run(void **state) {
    fixture *f = *state;
    assert_not_swapped(f, &(lp_boot_state){.phase = LP_BOOT_SWAPPING, .image_pages = IMAGE_PAGES + 1});
    assert_not_swapped(f, &(lp_boot_state){.phase = LP_BOOT_REVERTING, .record_pages = RECORD_PAGES + 1});
    assert_not_swapped(f, &(lp_boot_state){.phase = LP_BOOT_RESTORING, .image_pages = UINT16_MAX, .steps = 1});
    assert_not_swapped(
        f, &(lp_boot_state){.phase = LP_BOOT_SWAPPING, .image_pages = 1, .record_pages = 1, .steps = 3 * 2 + 1});
}

static void a_swap_of_whole_slots_is_run(void **state) {
    fixture *f = *state;
    lp_boot_report report;
    write_boot_state(
        f, &(lp_boot_state){.phase = LP_BOOT_SWAPPING, .image_pages = IMAGE_PAGES, .record_pages = RECORD_PAGES});
    assert_int_equal(start(f, LP_RESET_POWER, &report), LP_BOOT_RUN);
    assert_int_equal(report.journal, LP_JOURNAL_GOOD);
    assert_int_equal(report.steps, 3 * (IMAGE_PAGES + RECORD_PAGES));
    assert_true(holds(f, 0, 1) && holds(f, 1, 0));
}

/* --- flash that fails --- */

static void a_swap_that_cannot_begin_leaves_the_old_image_running(void **state) {
    fixture *f = *state;
    lp_boot_report report;
    uint32_t spare = f->rig.layout->spare.offset;
    write_boot_state(f, &(lp_boot_state){.phase = LP_BOOT_REQUESTED});
    sim_flash_fail(&f->rig.sim, spare, SIM_FAILS_ERASE);
    assert_int_equal(start(f, LP_RESET_SOFTWARE, &report), LP_BOOT_RUN);
    assert_true(report.flash_failed);
    assert_true(holds(f, 0, 0));
    sim_flash_fail(&f->rig.sim, spare, 0);
    assert_int_equal(start(f, LP_RESET_POWER, &report), LP_BOOT_RUN);
    assert_false(report.flash_failed);
    assert_true(holds(f, 0, 1));
}

static void a_journal_that_cannot_be_written_stops_no_valid_image(void **state) {
    fixture *f = *state;
    lp_boot_report report;
    const lp_region *journal = &f->rig.layout->journal;
    for (uint32_t at = 0; at < journal->bytes; at += f->rig.sim.flash.page_bytes) {
        sim_flash_fail(&f->rig.sim, journal->offset + at, SIM_FAILS_ERASE | SIM_FAILS_PROGRAM);
    }
    assert_int_equal(start(f, LP_RESET_POWER, &report), LP_BOOT_RUN);
    assert_true(report.flash_failed);
    damage_running_image(f);
    assert_int_equal(start(f, LP_RESET_POWER, &report), LP_BOOT_RECOVER);
}

/* --- the first start --- */

static void a_board_s_first_state_is_what_its_image_proves(void **state) {
    fixture *f = *state;
    lp_boot_report report;
    assert_int_equal(start(f, LP_RESET_POWER, &report), LP_BOOT_RUN);
    assert_int_equal(report.journal, LP_JOURNAL_EMPTY);
    lp_board_state first = read_state(f);
    assert_int_equal(first.record.counter_floor, COUNTER);
    assert_int_equal(first.record.time_floor, RIG_FACTORY_TIME);
    assert_int_equal(first.roots, 0);
    assert_int_equal(first.targets_copy, 0);
}

/* An upload that was interrupted may leave roots that are whole and not counted: the agent would store another there.
 */
static void roots_of_the_image_that_runs_count(void **state) {
    fixture *f = *state;
    board_rig *rig = &f->rig;
    lp_boot_report report;
    repo_next_root(&rig->director, NULL);
    rig_store_root(rig, 2);
    rig_fill_slot(rig, 0, f->image[0], rig_order(rig, 4, f->image[0], COUNTER, 0), 2);
    write_boot_state(f, &(lp_boot_state){.phase = LP_BOOT_IDLE});
    assert_int_equal(read_state(f).roots, 0);
    assert_int_equal(start(f, LP_RESET_POWER, &report), LP_BOOT_RUN);
    assert_int_equal(read_state(f).roots, 1);
}

/* The image was ordered before the director's latest root. */
static void later_roots_go_on_counting(void **state) {
    fixture *f = *state;
    lp_boot_report report;
    lp_board_state before;
    lp_state_first(&before, RIG_FACTORY_TIME, COUNTER);
    before.roots = 1;
    write_state(f, &before);
    assert_int_equal(start(f, LP_RESET_POWER, &report), LP_BOOT_RUN);
    assert_int_equal(read_state(f).roots, 1);
}

static void a_board_that_was_not_provisioned_waits_for_help(void **state) {
    fixture *f = *state;
    lp_boot_report report;
    assert_true(lp_flash_erase_region(&f->rig.sim.flash, f->rig.layout->factory));
    assert_int_equal(start(f, LP_RESET_POWER, &report), LP_BOOT_RECOVER);
    assert_int_equal(report.slot[0], LP_NO_TRUSTED_ROOT);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_requested_image_is_tested_and_kept_once_confirmed),
        TEST(a_test_has_all_its_boots),
        TEST(a_requested_image_that_does_not_confirm_is_taken_back_as_it_was),
        TEST(a_loss_of_power_takes_at_most_two_test_boots),
        TEST(restoring_forgets_a_download),
        TEST(a_board_that_remembers_nothing_takes_the_restored_image_s_counter),
        TEST(a_swap_beyond_the_slots_is_not_run),
        TEST(a_swap_of_whole_slots_is_run),
        TEST(a_swap_that_cannot_begin_leaves_the_old_image_running),
        TEST(a_journal_that_cannot_be_written_stops_no_valid_image),
        TEST(a_board_s_first_state_is_what_its_image_proves),
        TEST(roots_of_the_image_that_runs_count),
        TEST(later_roots_go_on_counting),
        TEST(a_board_that_was_not_provisioned_waits_for_help),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
