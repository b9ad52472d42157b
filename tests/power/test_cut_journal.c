/* SPDX-License-Identifier: Apache-2.0 */
/* Power cuts while the journal is used: afterwards the state is the one before or the one after, never mixed, and what
 * was said to be durable is there. */
#include "cuts.h"
#include "lampyr-store/state.h"
#include "layouts.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

enum { STEPS = 9, REBOOT_EVERY = 4 };

/* States are numbered by their report counter; `durable` is the latest of which a call said so, `tried` the latest
 * that was handed to one. */
typedef struct known {
    sim_flash *sim;
    lp_region region;
    uint64_t durable;
    uint64_t tried;
} known;

static void fill_image(lp_image *image, uint64_t number) {
    memset(image->name, 'a' + (int)(number % 26), number * 31 % (LP_STATE_NAME_BYTES - 1));
    image->length_bytes = number * 1000;
    image->counter = number;
    memset(image->hashes.sha256, (int)number, sizeof image->hashes.sha256);
    image->hashes.has_sha256 = true;
    image->hashes.has_sha512 = number % 2 == 1;
    memset(image->hashes.sha512, image->hashes.has_sha512 ? (int)number : 0, sizeof image->hashes.sha512);
}

/* Every section changes at some step, together with others. */
static void make_state(uint64_t number, lp_board_state *out) {
    memset(out, 0, sizeof *out);
    out->record.report_counter = number;
    out->boot.phase = (lp_boot_phase)(number / 2 % (LP_BOOT_RESTORING + 1));
    out->boot.steps = (uint16_t)(number / 2);
    out->roots = (uint8_t)(number / 3);
    out->targets_len = (uint32_t)(number / 3 * 7);
    out->download_len = (uint32_t)(number / 4 * 5000);
    out->downloaded = (uint32_t)(number % 4 * 1000);
    fill_image(&out->record.installed, number / 5);
    fill_image(&out->record.trial, number / 2);
    out->record.trial_state = (lp_trial)(number / 2 % (LP_TRIAL_FAILED + 1));
    out->record.counter_floor = number / 5;
    out->record.time_floor = (int64_t)number / 2 * 1000;
    out->record.previous_time = -out->record.time_floor;
    memset(out->record.attacks, 'x', number / 3 * 20 % LP_ATTACKS_BYTES);
}

static unsigned changed_sections(uint64_t number) {
    unsigned changed = LP_STATE_REPORT | LP_STATE_PROGRESS;
    changed |= number % 2 == 0 ? LP_STATE_BOOT | LP_STATE_TRIAL | LP_STATE_TIME : 0;
    changed |= number % 3 == 0 ? LP_STATE_FILES | LP_STATE_ATTACKS : 0;
    changed |= number % 4 == 0 ? LP_STATE_DOWNLOAD : 0;
    changed |= number % 5 == 0 ? LP_STATE_INSTALLED | LP_STATE_FLOOR : 0;
    return changed;
}

/* Opens; the state found must be one of those it may be. */
static lp_board_state open_and_check(const known *k, lp_journal *journal) {
    lp_board_state found, expected;
    assert_int_equal(lp_journal_open(journal, &k->sim->flash, k->region, &found), LP_JOURNAL_GOOD);
    uint64_t number = found.record.report_counter;
    if (number < k->durable || number > k->tried) {
        fail_msg("state %ju, which is not from %ju to %ju", (uintmax_t)number, (uintmax_t)k->durable,
                 (uintmax_t)k->tried);
    }
    make_state(number, &expected);
    assert_memory_equal(&found, &expected, sizeof found);
    return found;
}

static void check(void *arg) {
    lp_journal journal;
    (void)open_and_check(arg, &journal);
}

static void end(void *arg) {
    const known *k = arg;
    assert_int_equal(k->durable, STEPS);
    check(arg);
}

static void boot(known *k, lp_journal *journal, lp_board_state *state) {
    *state = open_and_check(k, journal);
    assert_true(lp_journal_seal(journal, state));
    k->durable = state->record.report_counter;
    k->tried = k->durable;
}

static void run(void *arg) {
    known *k = arg;
    lp_journal journal;
    lp_board_state state;
    boot(k, &journal, &state);
    while (k->durable < STEPS) {
        k->tried = k->durable + 1;
        make_state(k->tried, &state);
        assert_true(lp_journal_save(&journal, &state, changed_sections(k->tried)));
        k->durable = k->tried;
        if (k->durable % REBOOT_EVERY == 0) {
            boot(k, &journal, &state);
        }
    }
}

static void try_all(const sim_geometry *geometry, lp_region region, uint32_t failing, unsigned how, unsigned depth) {
    sim_flash sim;
    sim_flash_make(&sim, geometry);
    known k = {.sim = &sim, .region = region};
    lp_journal journal;
    lp_board_state state;
    assert_int_equal(lp_journal_open(&journal, &sim.flash, region, &state), LP_JOURNAL_EMPTY);
    make_state(0, &state);
    assert_true(lp_journal_seal(&journal, &state));
    sim_flash_fail(&sim, region.offset + failing * geometry->page_bytes, how);
    cut_case test = {.sim = &sim, .run = run, .check = check, .end = end, .arg = &k, .arg_bytes = sizeof k};
    print_message("%ju cuts\n", (uintmax_t)cut_everywhere(&test, depth, 2));
    sim_flash_free(&sim);
}

static const lp_region small_ring = {8 * 1024, 3 * 1024};
static const lp_region other_ring = {1024, 4 * 1024};

static void any_cut_leaves_the_state_before_or_after(void **unused) {
    (void)unused;
    try_all(&sim_small, small_ring, 0, 0, 2);
}

static void other_flash_bears_cuts_too(void **unused) {
    (void)unused;
    try_all(&sim_other, other_ring, 0, 0, 2);
}

static void a_page_that_cannot_be_erased_changes_nothing(void **unused) {
    (void)unused;
    try_all(&sim_small, small_ring, 1, SIM_FAILS_ERASE, 1);
    try_all(&sim_small, small_ring, 2, SIM_FAILS_ERASE, 1);
}

static void a_page_that_cannot_be_programmed_changes_nothing(void **unused) {
    (void)unused;
    try_all(&sim_small, small_ring, 0, SIM_FAILS_PROGRAM, 1);
    try_all(&sim_other, other_ring, 2, SIM_FAILS_PROGRAM, 1);
}

/* The very first seal: there is nothing, or the first state. */
static void first_run(void *arg) {
    known *k = arg;
    lp_journal journal;
    lp_board_state state;
    if (lp_journal_open(&journal, &k->sim->flash, k->region, &state) != LP_JOURNAL_GOOD) {
        make_state(0, &state);
    }
    assert_true(lp_journal_seal(&journal, &state));
}

static void first_check(void *arg) {
    const known *k = arg;
    lp_journal journal;
    lp_board_state found, expected;
    make_state(0, &expected);
    if (lp_journal_open(&journal, &k->sim->flash, k->region, &found) == LP_JOURNAL_GOOD) {
        assert_memory_equal(&found, &expected, sizeof found);
    }
}

static void a_cut_first_seal_leaves_nothing_or_a_whole_journal(void **unused) {
    (void)unused;
    sim_flash sim;
    sim_flash_make(&sim, &sim_small);
    known k = {.sim = &sim, .region = small_ring};
    cut_case test = {
        .sim = &sim, .run = first_run, .check = first_check, .end = check, .arg = &k, .arg_bytes = sizeof k};
    print_message("%ju cuts\n", (uintmax_t)cut_everywhere(&test, 3, 3));
    sim_flash_free(&sim);
}

/* Many cuts in a row, each soon after the boot, so that the ring turns while nothing is ever finished. */
static void a_ring_of_unfinished_seals_keeps_the_state(void **unused) {
    (void)unused;
    enum { RUNS = 5000, CUTS = 12, SOON = 13 };
    sim_flash sim;
    sim_snapshot start;
    sim_flash_make(&sim, &sim_small);
    known first = {.sim = &sim, .region = small_ring};
    lp_journal journal;
    lp_board_state state;
    lp_journal_open(&journal, &sim.flash, small_ring, &state);
    make_state(0, &state);
    assert_true(lp_journal_seal(&journal, &state));
    sim_snapshot_take(&start, &sim);
    for (uint64_t i = 0; i < RUNS; i++) {
        known k = first;
        sim_snapshot_restore(&start, &sim);
        for (uint64_t cut = 0; cut < CUTS; cut++) {
            uint64_t seed = i * CUTS + cut;
            sim_flash_plan(&sim, seed * seed * 7919 / 64 % SOON, seed % 4 == 0 ? SIM_CUT_AFTER : SIM_CUT_MIDDLE, seed);
            assert_false(sim_flash_run(&sim, run, &k));
            sim_flash_boot(&sim);
            check(&k);
        }
        sim_flash_plan(&sim, UINT64_MAX, SIM_CUT_BEFORE, i);
        assert_true(sim_flash_run(&sim, run, &k));
        end(&k);
    }
    print_message("%d cuts\n", RUNS * CUTS);
    sim_snapshot_free(&start);
    sim_flash_free(&sim);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_cut_leaves_the_state_before_or_after),
        cmocka_unit_test(other_flash_bears_cuts_too),
        cmocka_unit_test(a_ring_of_unfinished_seals_keeps_the_state),
        cmocka_unit_test(a_page_that_cannot_be_erased_changes_nothing),
        cmocka_unit_test(a_page_that_cannot_be_programmed_changes_nothing),
        cmocka_unit_test(a_cut_first_seal_leaves_nothing_or_a_whole_journal),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
