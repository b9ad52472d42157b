/* SPDX-License-Identifier: Apache-2.0 */
/* Every state that the boot loader can find, and what it does: as the tables in docs/BOARD.md, "States", say. */
#include "board_rig.h"
#include "lampyr-store/files.h"
#include "lampyr-store/slot.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum {
    FLOOR = 5,
    IMAGE_BYTES = 1500,
    COLUMNS = 6,
    ROWS = 64,
    CELL_BYTES = 64,
    SLOT_STATES = 7,
    JOURNALS = 10,
    CUT_WITHIN = 250
};

enum { HOLDS_VALID, HOLDS_OLD, HOLDS_UNSIGNED, HOLDS_TORN_IMAGE, HOLDS_NO_CODE, HOLDS_TORN_RECORD, HOLDS_NOTHING };

enum { ROOTS_WHOLE, ROOT_MISSING, ROOT_TORN, ROOTS };

static const struct journal {
    const char *name; /* in the table */
    lp_boot_phase phase;
    uint8_t attempts;
    lp_reset_cause cause;
    lp_journal_verdict verdict;
} journals[JOURNALS + 1] = {
    {"idle", LP_BOOT_IDLE, 0, LP_RESET_POWER, LP_JOURNAL_GOOD},
    {"requested", LP_BOOT_REQUESTED, 0, LP_RESET_SOFTWARE, LP_JOURNAL_GOOD},
    {"swapping", LP_BOOT_SWAPPING, 0, LP_RESET_POWER, LP_JOURNAL_GOOD},
    {"testing, first start", LP_BOOT_TESTING, 0, LP_RESET_FAULT, LP_JOURNAL_GOOD},
    {"testing, power was lost", LP_BOOT_TESTING, LP_BOOT_ATTEMPTS - 1, LP_RESET_POWER, LP_JOURNAL_GOOD},
    {"testing, power was lost three times", LP_BOOT_TESTING, LP_BOOT_ATTEMPTS, LP_RESET_POWER, LP_JOURNAL_GOOD},
    {"testing, after a fault", LP_BOOT_TESTING, 1, LP_RESET_FAULT, LP_JOURNAL_GOOD},
    {"reverting", LP_BOOT_REVERTING, 0, LP_RESET_POWER, LP_JOURNAL_GOOD},
    {"restoring", LP_BOOT_RESTORING, 0, LP_RESET_POWER, LP_JOURNAL_GOOD},
    {"empty", LP_BOOT_IDLE, 0, LP_RESET_POWER, LP_JOURNAL_EMPTY},
    {"damaged", LP_BOOT_IDLE, 0, LP_RESET_POWER, LP_JOURNAL_DAMAGED},
};

typedef struct table {
    char cells[ROWS][COLUMNS][CELL_BYTES];
    size_t rows;
} table;

typedef struct fixture {
    board_rig rig;
    table verdicts;
    table actions;
    bool met[ROWS]; /* actions of which a state was met */
    uint8_t bytes[2][IMAGE_BYTES];
    lp_slice image[2];
    uint8_t no_code_bytes[IMAGE_BYTES];
    lp_slice no_code;
    lp_slice targets[2][SLOT_STATES]; /* that ordered the image; the same for states that damage something else */
    sim_snapshot start;
    uint64_t tried; /* cuts, which differ */
} fixture;

/* --- the tables --- */

/* Takes one row "| a | b |" apart. */
static void read_row(table *t, char *line) {
    char *cell = line + 1;
    for (size_t column = 0; column < COLUMNS && cell[0] != '\n' && cell[0] != '\0'; column++) {
        char *end = strchr(cell, '|');
        assert_non_null(end);
        while (*cell == ' ') {
            cell++;
        }
        size_t len = (size_t)(end - cell);
        while (len > 0 && cell[len - 1] == ' ') {
            len--;
        }
        assert_true(len < CELL_BYTES && t->rows < ROWS);
        memcpy(t->cells[t->rows][column], cell, len);
        cell = end + 1;
    }
    t->rows++;
}

/* Reads the table whose first heading is `heading`. */
static void read_table(const char *heading, table *t) {
    char path[512];
    char line[512];
    const char *source = getenv("LAMPYR_SOURCE");
    snprintf(path, sizeof path, "%s/docs/BOARD.md", source == NULL ? "." : source);
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    bool inside = false;
    while (fgets(line, sizeof line, file) != NULL && (!inside || line[0] == '|')) {
        if (inside && line[1] != '-') {
            read_row(t, line);
        }
        inside = inside || strstr(line, heading) == line;
    }
    fclose(file);
    assert_true(t->rows > 0);
}

/* The one row for this state. */
static char (*find_action(fixture *f, const char *journal, const bool *good))[CELL_BYTES] {
    size_t found = 0;
    unsigned count = 0;
    for (size_t i = 0; i < f->actions.rows; i++) {
        char(*row)[CELL_BYTES] = f->actions.cells[i];
        bool fits = strcmp(row[0], journal) == 0;
        for (unsigned slot = 0; slot < 2; slot++) {
            fits =
                fits && (strcmp(row[1 + slot], "any") == 0 || strcmp(row[1 + slot], good[slot] ? "good" : "bad") == 0);
        }
        found = fits ? i : found;
        count += fits;
    }
    if (count != 1) {
        fail_msg("%u rows for %s", count, journal);
    }
    f->met[found] = true;
    return f->actions.cells[found];
}

static const char *verdict_of(const fixture *f, unsigned holds, const struct journal *journal, unsigned roots) {
    unsigned column = roots != ROOTS_WHOLE ? 3 : journal->verdict == LP_JOURNAL_GOOD ? 1 : 2;
    return f->verdicts.cells[holds][column];
}

/* --- states --- */

static void fill_slot(fixture *f, unsigned slot, unsigned holds) {
    board_rig *rig = &f->rig;
    const lp_region *region = &rig->layout->slot[slot];
    uint8_t *bytes = rig->sim.bytes + region->offset;
    if (holds == HOLDS_NOTHING) {
        return;
    }
    rig_fill_slot(rig, slot, holds == HOLDS_NO_CODE ? f->no_code : f->image[slot], f->targets[slot][holds], 2);
    uint32_t torn = holds == HOLDS_TORN_IMAGE ? IMAGE_BYTES - 1 : region->bytes - rig->layout->record_bytes + 100;
    if (holds == HOLDS_TORN_IMAGE || holds == HOLDS_TORN_RECORD) {
        uint8_t changed = bytes[torn] ^ 0x40;
        sim_flash_load(&rig->sim, region->offset + torn, &changed, 1);
    }
}

static void fill_roots(fixture *f, unsigned roots) {
    board_rig *rig = &f->rig;
    if (roots == ROOT_MISSING) {
        return;
    }
    rig_store_root(rig, 2);
    if (roots == ROOT_TORN) {
        uint32_t at = rig->layout->roots.offset + 200;
        uint8_t changed = rig->sim.bytes[at] ^ 1;
        sim_flash_load(&rig->sim, at, &changed, 1);
    }
}

static void fill_journal(fixture *f, const struct journal *journal) {
    board_rig *rig = &f->rig;
    lp_journal opened;
    lp_board_state state;
    if (journal->verdict == LP_JOURNAL_EMPTY) {
        return;
    }
    lp_journal_open(&opened, &rig->sim.flash, rig->layout->journal, &state);
    lp_state_first(&state, RIG_FACTORY_TIME, FLOOR);
    state.boot =
        (lp_boot_state){.phase = journal->phase, .attempts = journal->attempts, .image_pages = 2, .record_pages = 2};
    assert_true(lp_journal_seal(&opened, &state));
    if (journal->verdict == LP_JOURNAL_DAMAGED) {
        uint8_t changed = rig->sim.bytes[rig->layout->journal.offset + 20] ^ 1;
        sim_flash_load(&rig->sim, rig->layout->journal.offset + 20, &changed, 1);
    }
}

/* --- what the loader did --- */

static void check_action(fixture *f, char (*row)[CELL_BYTES], lp_boot_decision decision) {
    const board_rig *rig = &f->rig;
    lp_journal journal;
    lp_board_state state;
    bool recovers = strcmp(row[3], "recovery") == 0;
    assert_int_equal(decision, recovers ? LP_BOOT_RECOVER : LP_BOOT_RUN);
    if (!recovers) {
        assert_memory_equal(rig->sim.flash.map + rig->layout->slot[0].offset,
                            f->image[strcmp(row[3], "A") == 0 ? 0 : 1].ptr, IMAGE_BYTES);
    }
    lp_journal_verdict verdict = lp_journal_open(&journal, &rig->sim.flash, rig->layout->journal, &state);
    if (recovers && verdict != LP_JOURNAL_GOOD) {
        return; /* there is nothing to remember */
    }
    assert_int_equal(verdict, LP_JOURNAL_GOOD);
    assert_int_equal(state.boot.phase, strcmp(row[4], "idle") == 0 ? LP_BOOT_IDLE : LP_BOOT_TESTING);
    assert_int_equal(state.boot.reverted, strcmp(row[5], "yes") == 0);
}

typedef struct start {
    fixture *f;
    lp_boot_report report;
    lp_boot_decision decision;
} start;

static void boot(void *arg) {
    start *s = arg;
    s->decision = lp_boot(&s->f->rig.boot, &s->report);
}

/* Lets the loader start in a state, once or again and again until power is not cut. Returns how often it was. */
static unsigned check_state(fixture *f, const struct journal *journal, const unsigned *holds, unsigned roots,
                            unsigned cuts) {
    board_rig *rig = &f->rig;
    bool good[2];
    start s = {.f = f};
    unsigned cut = 0;
    sim_snapshot_restore(&f->start, &rig->sim);
    fill_roots(f, roots);
    for (unsigned slot = 0; slot < 2; slot++) {
        fill_slot(f, slot, holds[slot]);
        good[slot] = strcmp(verdict_of(f, holds[slot], journal, roots), "ok") == 0;
    }
    fill_journal(f, journal);
    rig->boot.cause = journal->cause;
    for (bool whole = false; !whole;) {
        uint64_t operation = cut < cuts ? ++f->tried * 7919 % CUT_WITHIN : UINT64_MAX;
        sim_flash_plan(&rig->sim, operation, (sim_cut)(f->tried % SIM_CUTS), f->tried);
        whole = sim_flash_run(&rig->sim, boot, &s);
        cut += !whole;
        rig->boot.cause = whole ? journal->cause : LP_RESET_POWER;
        sim_flash_boot(&rig->sim);
    }
    if (cut == 0) {
        assert_int_equal(s.report.journal, journal->verdict);
        assert_int_equal(s.report.phase, journal->phase);
    }
    assert_false(s.report.flash_failed);
    check_action(f, find_action(f, journal->name, good), s.decision);
    return cut;
}

/* A cut changes nothing but why the board starts next: that counts where a fault reverts, or a test boot is the last.
 */
static bool may_be_cut(const struct journal *journal) {
    return journal->phase != LP_BOOT_TESTING || journal->attempts == 0 || journal->attempts == LP_BOOT_ATTEMPTS;
}

static void walk(fixture *f, unsigned most_cuts) {
    unsigned states = 0;
    unsigned cuts = 0;
    for (size_t i = 0; i < sizeof journals / sizeof journals[0]; i++) {
        if (most_cuts > 0 && !may_be_cut(&journals[i])) {
            continue;
        }
        for (unsigned both = 0; both < SLOT_STATES * SLOT_STATES; both++) {
            const unsigned holds[2] = {both / SLOT_STATES, both % SLOT_STATES};
            for (unsigned roots = 0; roots < ROOTS; roots++) {
                cuts += check_state(f, &journals[i], holds, roots, most_cuts);
                states++;
            }
        }
    }
    print_message("%u states, %u cuts\n", states, cuts);
}

static void the_loader_does_what_the_tables_say_in_every_state(void **state) {
    fixture *f = *state;
    walk(f, 0);
    for (size_t i = 0; i < f->actions.rows; i++) {
        assert_true(f->met[i]);
    }
}

static void a_start_that_is_cut_ends_as_the_tables_say(void **state) {
    walk(*state, 2);
}

/* Each verdict of the first table, by name. */
static void a_slot_is_judged_as_the_table_says(void **state) {
    fixture *f = *state;
    board_rig *rig = &f->rig;
    lp_boot_verified verified;
    assert_int_equal(f->verdicts.rows, SLOT_STATES);
    for (unsigned holds = 0; holds < SLOT_STATES; holds++) {
        for (unsigned roots = 0; roots < ROOTS; roots++) {
            sim_snapshot_restore(&f->start, &rig->sim);
            fill_roots(f, roots);
            fill_slot(f, 1, holds);
            lp_code code = lp_boot_verify_slot(&rig->boot, &rig->factory, 1, FLOOR, &verified);
            assert_string_equal(code == LP_OK ? "ok" : lp_code_name(code), verdict_of(f, holds, &journals[0], roots));
            code = lp_boot_verify_slot(&rig->boot, &rig->factory, 1, 0, &verified);
            assert_string_equal(code == LP_OK ? "ok" : lp_code_name(code),
                                verdict_of(f, holds, &journals[JOURNALS], roots));
        }
    }
}

/* --- set-up --- */

enum { IS_NO_CODE = 'x' }; /* first byte of such an image */

static bool starts(lp_slice image) {
    return image.ptr[0] != IS_NO_CODE;
}

static int set_up(void **state) {
    fixture *f = calloc(1, sizeof *f);
    assert_non_null(f);
    board_rig *rig = &f->rig;
    rig_make(rig, &sim_small, &layout_small);
    rig->boot.starts = starts;
    f->no_code = rig_image(f->no_code_bytes, IMAGE_BYTES, 3);
    f->no_code_bytes[0] = IS_NO_CODE;
    rig_provision(rig);
    repo_next_root(&rig->director, NULL);
    for (unsigned slot = 0; slot < 2; slot++) {
        f->image[slot] = rig_image(f->bytes[slot], IMAGE_BYTES, slot + 1);
        f->bytes[slot][0] = !IS_NO_CODE;
        int version = 2 + 4 * (int)slot;
        lp_slice good = rig_order(rig, version, f->image[slot], FLOOR, 0);
        lp_slice old = rig_order(rig, version + 1, f->image[slot], FLOOR - 1, 0);
        lp_slice no_code = rig_order(rig, version + 3, f->no_code, FLOOR, 0);
        rig_order(rig, version + 2, f->image[slot], FLOOR, 0);
        repo_sign_as(&rig->director, LP_ROLE_TARGETS, LP_ROLE_SNAPSHOT);
        lp_slice bad = files_get(&rig->director.files, repo_path(&rig->director, LP_ROLE_TARGETS, NULL));
        const lp_slice targets[SLOT_STATES] = {good, old, bad, good, no_code, good, good};
        memcpy(f->targets[slot], targets, sizeof targets);
    }
    read_table("| Slot holds |", &f->verdicts);
    read_table("| Journal | Slot 0 |", &f->actions);
    sim_snapshot_take(&f->start, &rig->sim);
    *state = f;
    return 0;
}

static int tear_down(void **state) {
    fixture *f = *state;
    sim_snapshot_free(&f->start);
    rig_free(&f->rig);
    free(f);
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_slot_is_judged_as_the_table_says),
        cmocka_unit_test(the_loader_does_what_the_tables_say_in_every_state),
        cmocka_unit_test(a_start_that_is_cut_ends_as_the_tables_say),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
