/* SPDX-License-Identifier: Apache-2.0 */
/* Power cuts while a board gets back to a valid image: over its console, or from its staging slot. Whatever is cut, it
 * runs that image in the end; before that it runs none, and remembers what it remembered. */
#include "board_rig.h"
#include "cuts.h"
#include "lampyr-store/files.h"
#include "recover.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { OLD_BYTES = 1500, NEW_BYTES = 2900, COUNTER = 5, SEEDS = 2, QUEUE_BYTES = 512, BOOTS_MAX = 4 };

typedef struct fixture {
    board_rig rig;
    uint8_t bytes[NEW_BYTES];
    lp_recover_files files;
    bool remembers; /* a journal was there from the start */
    lp_recovery board;
    uint8_t queue[QUEUE_BYTES]; /* on the way to the host */
    size_t head, tail;
} fixture;

/* --- the line --- */

static bool send_frame(void *ctx, lp_slice bytes) {
    fixture *f = ctx;
    f->head = f->tail = 0;
    for (size_t i = 0; i < bytes.len; i++) {
        lp_slice answer = lp_recovery_byte(&f->board, bytes.ptr[i]);
        assert_true(answer.len <= QUEUE_BYTES - f->tail);
        if (answer.len > 0) {
            memcpy(f->queue + f->tail, answer.ptr, answer.len);
            f->tail += answer.len;
        }
    }
    return true;
}

static int receive(void *ctx, uint8_t *byte) {
    fixture *f = ctx;
    if (f->head == f->tail) {
        return 0;
    }
    *byte = f->queue[f->head++];
    return 1;
}

static void upload(fixture *f) {
    const lp_line line = {.ctx = f, .send = send_frame, .receive = receive};
    lp_recover host;
    lp_recover_board board;
    lp_recovery_begin(&f->board, &f->rig.boot);
    lp_recover_begin(&host, &line);
    assert_int_equal(lp_recover_hello(&host, &board), LP_RECOVER_DONE);
    assert_int_equal(lp_recover_upload(&host, &board, &f->files), LP_RECOVER_DONE);
    assert_true(lp_recovery_done(&f->board));
}

/* --- what is cut --- */

static void run(void *arg) {
    fixture *f = *(fixture **)arg;
    lp_boot_report report;
    for (unsigned boots = 0; lp_boot(&f->rig.boot, &report) == LP_BOOT_RECOVER; boots++) {
        assert_in_range(boots, 0, BOOTS_MAX);
        upload(f);
    }
    assert_false(report.flash_failed);
}

static bool runs_it(const fixture *f) {
    return memcmp(f->rig.sim.flash.map + f->rig.layout->slot[0].offset, f->files.image.ptr, NEW_BYTES) == 0;
}

/* What the loader would do now; flash is then as it was. */
static void check(void *arg) {
    fixture *f = *(fixture **)arg;
    lp_journal journal;
    lp_board_state state;
    lp_boot_report report;
    sim_snapshot before;
    sim_snapshot_take(&before, &f->rig.sim);
    if (lp_boot(&f->rig.boot, &report) == LP_BOOT_RUN) {
        assert_true(runs_it(f));
    }
    lp_journal_verdict verdict = lp_journal_open(&journal, &f->rig.sim.flash, f->rig.layout->journal, &state);
    if (f->remembers) {
        assert_int_equal(verdict, LP_JOURNAL_GOOD);
    }
    if (verdict == LP_JOURNAL_GOOD) {
        assert_int_equal(state.record.counter_floor, COUNTER);
        assert_int_equal(state.record.time_floor, RIG_FACTORY_TIME);
        assert_in_range(state.roots, 0, 1);
    }
    sim_snapshot_restore(&before, &f->rig.sim);
    sim_snapshot_free(&before);
}

static void end(void *arg) {
    fixture *f = *(fixture **)arg;
    lp_journal journal;
    lp_board_state state;
    assert_true(runs_it(f));
    assert_int_equal(lp_journal_open(&journal, &f->rig.sim.flash, f->rig.layout->journal, &state), LP_JOURNAL_GOOD);
    assert_int_equal(state.boot.phase, LP_BOOT_IDLE);
    assert_int_equal(state.record.counter_floor, COUNTER);
    assert_int_equal(state.roots, 1);
    assert_int_equal(state.download_len, 0);
}

static void cut(fixture *f) {
    cut_case test = {.sim = &f->rig.sim, .run = run, .check = check, .end = end, .arg = &f, .arg_bytes = sizeof f};
    print_message("%ju cuts\n", (uintmax_t)cut_everywhere(&test, 1, SEEDS));
}

/* --- boards --- */

/* A board with a floor, whose image was damaged in the middle of a download. */
static void remember_and_damage(fixture *f) {
    board_rig *rig = &f->rig;
    uint8_t bytes[OLD_BYTES];
    lp_journal journal;
    lp_board_state state;
    lp_slice image = rig_image(bytes, sizeof bytes, 1);
    rig_fill_slot(rig, 0, image, rig_order(rig, 2, image, COUNTER, 0), 2);
    bytes[700] ^= 1;
    sim_flash_load(&rig->sim, rig->layout->slot[0].offset, bytes, sizeof bytes);
    rig_store_root(rig, 2);
    lp_journal_open(&journal, &rig->sim.flash, rig->layout->journal, &state);
    lp_state_first(&state, RIG_FACTORY_TIME, COUNTER);
    state.roots = 1;
    state.download_len = NEW_BYTES;
    state.downloaded = 1024;
    assert_true(lp_journal_seal(&journal, &state));
    f->remembers = true;
}

static void a_bare_board_is_recovered_whatever_is_cut(void **state) {
    cut(*state);
}

static void a_board_whose_image_was_damaged_is_recovered_whatever_is_cut(void **state) {
    fixture *f = *state;
    remember_and_damage(f);
    cut(f);
}

static void the_image_in_staging_is_restored_whatever_is_cut(void **state) {
    fixture *f = *state;
    remember_and_damage(f);
    rig_fill_slot(&f->rig, 1, f->files.image, f->files.targets, 2);
    cut(f);
}

static int set_up(void **state) {
    fixture *f = calloc(1, sizeof *f);
    assert_non_null(f);
    board_rig *rig = &f->rig;
    rig_make(rig, &sim_small, &layout_small);
    rig_provision(rig);
    rig_change_key(rig, LP_ROLE_TARGETS, NULL);
    repo_next_root(&rig->director, NULL);
    f->files =
        (lp_recover_files){.roots = {rig_root(rig, 2)}, .root_count = 1, .image = rig_image(f->bytes, NEW_BYTES, 7)};
    f->files.targets = rig_order(rig, 3, f->files.image, COUNTER, 0);
    *state = f;
    return 0;
}

static int tear_down(void **state) {
    fixture *f = *state;
    rig_free(&f->rig);
    free(f);
    return 0;
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_bare_board_is_recovered_whatever_is_cut),
        TEST(a_board_whose_image_was_damaged_is_recovered_whatever_is_cut),
        TEST(the_image_in_staging_is_restored_whatever_is_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
