/* SPDX-License-Identifier: Apache-2.0 */
/* Power cuts while metadata is stored: afterwards the root and the targets are the ones before or the ones after, and
 * whole. */
#include "cuts.h"
#include "lampyr-store/files.h"
#include "layouts.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

enum { STEPS = 8 };

static const lp_layout *const layout = &layout_small;
static const lp_file_id root_id = {LP_REPO_DIRECTOR, LP_ROLE_ROOT, ""};
static const lp_file_id targets_id = {LP_REPO_DIRECTOR, LP_ROLE_TARGETS, ""};
static const lp_file_id time_id = {LP_REPO_DIRECTOR, LP_ROLE_TIME, ""};

/* Each step stores the next root, stages an attestation, stores the next targets, or forgets the targets; step n has
 * made version n of its file. */
typedef struct known {
    sim_flash *sim;
    uint64_t steps; /* that are done */
    bool tried;     /* the next one was begun */
} known;

typedef enum kind { STORES_ROOT, STAGES_TIME, STORES_TARGETS, FORGETS_TARGETS } kind;

static const kind kinds[STEPS] = {STORES_TARGETS, STAGES_TIME,     STORES_ROOT, STORES_TARGETS,
                                  STAGES_TIME,    FORGETS_TARGETS, STORES_ROOT, STORES_TARGETS};

static lp_slice content(uint64_t version) {
    static uint8_t bytes[1500];
    size_t len = 200 + version * 150;
    for (size_t i = 0; i < len; i++) {
        bytes[i] = (uint8_t)(i * 13 + version * 101 + i / 256);
    }
    return (lp_slice){bytes, len};
}

/* Version of root and targets after so many steps; 0 is the factory's. */
static uint64_t version_after(uint64_t steps, kind stores) {
    uint64_t version = 0;
    for (uint64_t i = 0; i < steps; i++) {
        if (kinds[i] == stores) {
            version = i + 1;
        } else if (stores == STORES_TARGETS && kinds[i] == FORGETS_TARGETS) {
            version = 0;
        }
    }
    return version;
}

typedef struct store {
    lp_factory factory;
    lp_journal journal;
    lp_board_state state;
    lp_files files;
} store;

static void open_store(const known *k, store *s) {
    static const uint8_t provisioned[] = "provisioned";
    s->factory = (lp_factory){.root = {provisioned, sizeof provisioned}, .targets = {provisioned, sizeof provisioned}};
    assert_int_equal(lp_journal_open(&s->journal, &k->sim->flash, layout->journal, &s->state), LP_JOURNAL_GOOD);
    lp_files_open(&s->files, &k->sim->flash, layout, &s->factory, &s->journal, &s->state);
}

static bool is_version(const store *s, const lp_file_id *id, uint64_t version) {
    lp_slice found = lp_files_load(&s->files, id, 2000);
    lp_slice expected = version > 0 ? content(version) : s->factory.root;
    return found.ptr != NULL && found.len == expected.len && memcmp(found.ptr, expected.ptr, found.len) == 0;
}

static bool is_after(const store *s, uint64_t steps) {
    return is_version(s, &root_id, version_after(steps, STORES_ROOT)) &&
           is_version(s, &targets_id, version_after(steps, STORES_TARGETS));
}

static void check(void *arg) {
    const known *k = arg;
    store s;
    open_store(k, &s);
    if (!is_after(&s, k->steps) && !(k->tried && is_after(&s, k->steps + 1))) {
        fail_msg("after %ju steps: neither before nor after", (uintmax_t)k->steps);
    }
}

static void end(void *arg) {
    const known *k = arg;
    assert_int_equal(k->steps, STEPS);
    check(arg);
}

static void stage(store *s, const lp_file_id *id, uint64_t version) {
    lp_slice file = content(version);
    assert_true(lp_files_stage_begin(&s->files, id, 2000));
    for (size_t at = 0; at < file.len; at += 500) {
        size_t left = file.len - at;
        assert_true(lp_files_stage_write(&s->files, (lp_slice){file.ptr + at, left < 500 ? left : 500}));
    }
    assert_int_equal(lp_files_stage_bytes(&s->files).len, file.len);
}

static void take_step(store *s, uint64_t step) {
    switch (kinds[step]) {
    case STORES_ROOT:
        stage(s, &root_id, step + 1);
        assert_true(lp_files_stage_store(&s->files, &root_id));
        break;
    case STAGES_TIME:
        stage(s, &time_id, step + 1);
        break;
    case STORES_TARGETS:
        stage(s, &targets_id, step + 1);
        assert_true(lp_files_stage_store(&s->files, &targets_id));
        break;
    case FORGETS_TARGETS:
        assert_true(lp_files_forget(&s->files, &targets_id));
        break;
    }
}

static void run(void *arg) {
    known *k = arg;
    store s;
    open_store(k, &s);
    assert_true(lp_journal_seal(&s.journal, &s.state)); /* the boot loader */
    if (k->tried && is_after(&s, k->steps + 1)) {
        k->steps++;
    }
    k->tried = false;
    while (k->steps < STEPS) {
        k->tried = true;
        take_step(&s, k->steps);
        k->steps++;
        k->tried = false;
        assert_true(is_after(&s, k->steps));
    }
}

static void metadata_are_the_old_or_the_new_whatever_is_cut(void **unused) {
    (void)unused;
    sim_flash sim;
    lp_journal journal;
    lp_board_state state;
    sim_flash_make(&sim, &sim_small);
    lp_journal_open(&journal, &sim.flash, layout->journal, &state);
    lp_state_first(&state, 0, 0);
    assert_true(lp_journal_seal(&journal, &state));
    known k = {.sim = &sim};
    cut_case test = {.sim = &sim, .run = run, .check = check, .end = end, .arg = &k, .arg_bytes = sizeof k};
    print_message("%ju cuts\n", (uintmax_t)cut_everywhere(&test, 2, 1));
    sim_flash_free(&sim);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(metadata_are_the_old_or_the_new_whatever_is_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
