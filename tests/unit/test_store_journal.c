/* SPDX-License-Identifier: Apache-2.0 */
/* The journal: its bytes, what counts as whole, the ring, and pages that fail. Power cuts: tests/power. */
#include "lampyr-store/state.h"
#include "layouts.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

enum { PAGE = 1024 };

static sim_flash sim;
static const lp_flash *flash;
static const lp_region region = {8 * PAGE, 3 * PAGE};
static lp_journal journal;
static lp_board_state state;

static int set_up(void **unused) {
    (void)unused;
    sim_flash_make(&sim, &sim_small);
    flash = &sim.flash;
    lp_state_first(&state, 1000, 7);
    assert_int_equal(lp_journal_open(&journal, flash, region, &state), LP_JOURNAL_EMPTY);
    return 0;
}

static int tear_down(void **unused) {
    (void)unused;
    sim_flash_free(&sim);
    return 0;
}

/* A state with a value of its own in every field. */
static void fill(lp_board_state *s) {
    memset(s, 0, sizeof *s);
    s->boot = (lp_boot_state){LP_BOOT_SWAPPING, true, 2, 0x0102, 0x0304, 0x0506};
    s->roots = 3;
    s->targets_copy = 2;
    s->targets_len = 0x1234;
    memset(s->download_id, 0xD1, sizeof s->download_id);
    s->download_len = 0x00012345;
    s->downloaded = 0x00010000;
    lp_image image = {.name = "a", .length_bytes = 0x1111, .counter = 5, .hashes = {.has_sha256 = true}};
    memset(image.hashes.sha256, 0xA2, sizeof image.hashes.sha256);
    s->record.installed = image;
    image.hashes.has_sha512 = true;
    memset(image.hashes.sha512, 0xA5, sizeof image.hashes.sha512);
    image.name[0] = 'b';
    s->record.trial = image;
    s->record.trial_state = LP_TRIAL_FAILED;
    s->record.trial_targets_version = 9;
    s->record.counter_floor = 4;
    s->record.time_floor = -2;
    s->record.previous_time = UINT32_MAX + INT64_C(1);
    s->record.report_counter = 77;
    strcpy(s->record.attacks, "image_hash");
}

static void assert_images_equal(const lp_image *a, const lp_image *b) {
    assert_string_equal(a->name, b->name);
    assert_int_equal(a->length_bytes, b->length_bytes);
    assert_int_equal(a->counter, b->counter);
    assert_memory_equal(a->hashes.sha256, b->hashes.sha256, sizeof a->hashes.sha256);
    assert_int_equal(a->hashes.has_sha512, b->hashes.has_sha512);
    assert_memory_equal(a->hashes.sha512, b->hashes.sha512, sizeof a->hashes.sha512);
}

static void assert_states_equal(const lp_board_state *a, const lp_board_state *b) {
    assert_memory_equal(&a->boot, &b->boot, sizeof a->boot);
    assert_int_equal(a->roots, b->roots);
    assert_int_equal(a->targets_copy, b->targets_copy);
    assert_int_equal(a->targets_len, b->targets_len);
    assert_memory_equal(a->download_id, b->download_id, sizeof a->download_id);
    assert_int_equal(a->download_len, b->download_len);
    assert_int_equal(a->downloaded, b->downloaded);
    assert_images_equal(&a->record.installed, &b->record.installed);
    assert_int_equal(a->record.trial_state, b->record.trial_state);
    assert_images_equal(&a->record.trial, &b->record.trial);
    assert_int_equal(a->record.trial_targets_version, b->record.trial_targets_version);
    assert_int_equal(a->record.counter_floor, b->record.counter_floor);
    assert_int_equal(a->record.time_floor, b->record.time_floor);
    assert_int_equal(a->record.previous_time, b->record.previous_time);
    assert_int_equal(a->record.report_counter, b->record.report_counter);
    assert_string_equal(a->record.attacks, b->record.attacks);
}

static void assert_reopens_as(const lp_board_state *expected) {
    lp_board_state found;
    assert_int_equal(lp_journal_open(&journal, flash, region, &found), LP_JOURNAL_GOOD);
    assert_states_equal(&found, expected);
}

/* --- bytes --- */

/* Independent of the code under test. */
static uint32_t crc_by_definition(const uint8_t *bytes, size_t len) {
    uint32_t crc = 0xFFFFFFFF;
    for (size_t i = 0; i < len * 8; i++) {
        uint32_t bit = (crc ^ (uint32_t)bytes[i / 8] >> i % 8) & 1;
        crc = crc >> 1 ^ (bit != 0 ? 0xEDB88320 : 0);
    }
    return ~crc;
}

static void the_checksum_is_crc_32(void **unused) {
    (void)unused;
    assert_int_equal(lp_crc32(0, "123456789", 9), 0xCBF43926);
    assert_int_equal(lp_crc32(lp_crc32(0, "1234", 4), "56789", 5), 0xCBF43926);
    assert_int_equal(crc_by_definition((const uint8_t *)"123456789", 9), 0xCBF43926);
}

typedef struct text {
    uint8_t bytes[PAGE];
    size_t len;
} text;

static void put(text *t, uint64_t value, size_t bytes) {
    for (size_t i = 0; i < bytes; i++) {
        t->bytes[t->len++] = (uint8_t)(value >> (8 * i));
    }
}

static void put_times(text *t, uint8_t byte, size_t count) {
    memset(t->bytes + t->len, byte, count);
    t->len += count;
}

/* Adds the checksum of what is there but for the four bytes at 8, and pads with erased bytes to `word`. */
static void finish(text *t, size_t word, uint8_t erased) {
    uint8_t covered[PAGE];
    memcpy(covered, t->bytes, 8);
    memcpy(covered + 8, t->bytes + 12, t->len - 12);
    uint32_t crc = crc_by_definition(covered, t->len - 4);
    for (size_t i = 0; i < 4; i++) {
        t->bytes[8 + i] = (uint8_t)(crc >> (8 * i));
    }
    while (t->len % word != 0) {
        t->bytes[t->len++] = erased;
    }
}

/* docs/BOARD.md, written out for fill(). */
static text expected_snapshot(uint32_t generation, size_t word, uint8_t erased) {
    text t = {.len = 12};
    put(&t, 0x01 | 10 << 8, 2); /* boot */
    put(&t, 0x00020102, 4);
    put(&t, 0x0102, 2);
    put(&t, 0x0304, 2);
    put(&t, 0x0506, 2);
    put(&t, 0x02 | 8 << 8, 2); /* files */
    put(&t, 0x0203, 4);
    put(&t, 0x1234, 4);
    put(&t, 0x03 | 36 << 8, 2); /* download */
    put_times(&t, 0xD1, 32);
    put(&t, 0x12345, 4);
    put(&t, 0x04 | 4 << 8, 2); /* progress */
    put(&t, 0x10000, 4);
    put(&t, 0x05 | 50 << 8, 2); /* installed */
    put(&t, 0, 1);
    put(&t, 0x1111, 8);
    put(&t, 5, 8);
    put_times(&t, 0xA2, 32);
    put(&t, 'a', 1);
    put(&t, 0x06 | 123 << 8, 2); /* trial */
    put(&t, 2, 1);
    put(&t, 9, 8);
    put(&t, 1, 1);
    put(&t, 0x1111, 8);
    put(&t, 5, 8);
    put_times(&t, 0xA2, 32);
    put_times(&t, 0xA5, 64);
    put(&t, 'b', 1);
    put(&t, 0x07 | 8 << 8, 2); /* floor */
    put(&t, 4, 8);
    put(&t, 0x08 | 16 << 8, 2); /* time */
    put(&t, (uint64_t)-2, 8);
    put(&t, UINT64_C(0x100000000), 8);
    put(&t, 0x09 | 8 << 8, 2); /* report */
    put(&t, 77, 8);
    put(&t, 0x0A | 10 << 8, 2); /* attacks */
    memcpy(t.bytes + t.len, "image_hash", 10);
    t.len += 10;
    text head = {.len = 0};
    put(&head, (t.len - 12) | UINT64_C(0x4C53) << 16, 4);
    put(&head, generation, 4);
    memcpy(t.bytes, head.bytes, 8);
    finish(&t, word, erased);
    return t;
}

static void the_bytes_are_those_of_the_document(void **unused) {
    (void)unused;
    fill(&state);
    assert_true(lp_journal_seal(&journal, &state));
    text snapshot = expected_snapshot(1, 4, 0xFF);
    assert_memory_equal(flash->map + region.offset, snapshot.bytes, snapshot.len);
    text mark = {.len = 0};
    put(&mark, UINT64_C(0x4C4A) << 16, 4);
    put(&mark, 1, 4);
    put(&mark, 0, 4);
    finish(&mark, 4, 0xFF);
    assert_memory_equal(flash->map + region.offset + snapshot.len, mark.bytes, mark.len);
    state.downloaded = 0x11000;
    state.record.report_counter = 78;
    assert_true(lp_journal_save(&journal, &state, LP_STATE_PROGRESS | LP_STATE_REPORT));
    text entry = {.len = 0};
    put(&entry, 16 | UINT64_C(0x4C4A) << 16, 4);
    put(&entry, 1, 4);
    put(&entry, 0, 4);
    put(&entry, 0x04 | 4 << 8, 2);
    put(&entry, 0x11000, 4);
    put(&entry, 0x09 | 8 << 8, 2);
    put(&entry, 78, 8);
    finish(&entry, 4, 0xFF);
    uint32_t end = (uint32_t)(snapshot.len + mark.len);
    assert_memory_equal(flash->map + region.offset + end, entry.bytes, entry.len);
    end += (uint32_t)entry.len;
    assert_true(lp_flash_is_erased(flash, region.offset + end, PAGE - end));
    assert_reopens_as(&state);
}

/* Words of eight bytes, erased to zero. */
static void other_flash_has_the_same_bytes_in_longer_words(void **unused) {
    (void)unused;
    lp_region whole = {PAGE, 4 * PAGE};
    sim_flash_free(&sim);
    sim_flash_make(&sim, &sim_other);
    fill(&state);
    assert_int_equal(lp_journal_open(&journal, flash, whole, &state), LP_JOURNAL_EMPTY);
    assert_true(lp_journal_seal(&journal, &state));
    text snapshot = expected_snapshot(1, 8, 0x00);
    assert_memory_equal(flash->map + whole.offset, snapshot.bytes, snapshot.len);
    state.roots = 4;
    assert_true(lp_journal_save(&journal, &state, LP_STATE_FILES));
    assert_int_equal(journal.at % 8, 0);
    lp_board_state found;
    assert_int_equal(lp_journal_open(&journal, flash, whole, &found), LP_JOURNAL_GOOD);
    assert_states_equal(&found, &state);
}

static void the_longest_state_fits(void **unused) {
    (void)unused;
    fill(&state);
    state.record.installed.hashes.has_sha512 = true;
    memset(state.record.installed.name, 'n', LP_STATE_NAME_BYTES - 1);
    memset(state.record.trial.name, 'm', LP_STATE_NAME_BYTES - 1);
    memset(state.record.attacks, 'a', LP_ATTACKS_BYTES - 1);
    assert_true(lp_journal_seal(&journal, &state));
    assert_reopens_as(&state);
    assert_int_equal(flash->map[region.offset] | flash->map[region.offset + 1] << 8, 726);
}

static void a_longer_name_is_refused_and_nothing_is_written(void **unused) {
    (void)unused;
    assert_true(lp_journal_seal(&journal, &state));
    lp_board_state before = state;
    sim_flash_plan(&sim, UINT64_MAX, SIM_CUT_BEFORE, 1);
    memset(state.record.trial.name, 'm', LP_STATE_NAME_BYTES);
    assert_false(lp_journal_save(&journal, &state, LP_STATE_TRIAL));
    assert_false(lp_journal_seal(&journal, &state));
    assert_int_equal(sim.operations, 0);
    assert_true(lp_journal_save(&journal, &before, LP_STATE_REPORT));
    assert_reopens_as(&before);
}

/* --- what counts --- */

static void a_new_download_has_no_progress(void **unused) {
    (void)unused;
    fill(&state);
    assert_true(lp_journal_seal(&journal, &state));
    state.download_len = 5;
    state.downloaded = 0;
    assert_true(lp_journal_save(&journal, &state, LP_STATE_DOWNLOAD));
    assert_reopens_as(&state);
}

static void where_nothing_is_whole_a_new_journal_begins(void **unused) {
    (void)unused;
    sim_flash_load(&sim, region.offset + region.bytes - 1, "\x12", 1);
    assert_int_equal(lp_journal_open(&journal, flash, region, &state), LP_JOURNAL_DAMAGED);
    assert_true(lp_journal_seal(&journal, &state));
    assert_reopens_as(&state);
}

/* Writes `body` as a snapshot of that generation to page `index`, and perhaps its mark. */
static void load_page(uint32_t index, uint32_t generation, const uint8_t *body, size_t len, bool marked) {
    uint8_t blank[PAGE];
    text mark = {.len = 0};
    text t = {.len = 0};
    put(&t, len | UINT64_C(0x4C53) << 16, 4);
    put(&t, generation, 4);
    put(&t, 0, 4);
    memcpy(t.bytes + t.len, body, len);
    t.len += len;
    finish(&t, 4, 0xFF);
    memset(blank, 0xFF, sizeof blank);
    sim_flash_load(&sim, region.offset + index * PAGE, blank, PAGE);
    sim_flash_load(&sim, region.offset + index * PAGE, t.bytes, (uint32_t)t.len);
    if (marked) {
        put(&mark, UINT64_C(0x4C4A) << 16, 4);
        put(&mark, generation, 4);
        put(&mark, 0, 4);
        finish(&mark, 4, 0xFF);
        sim_flash_load(&sim, region.offset + index * PAGE + (uint32_t)t.len, mark.bytes, (uint32_t)mark.len);
    }
}

static void load_snapshot(uint32_t index, uint32_t generation, const uint8_t *body, size_t len) {
    load_page(index, generation, body, len, true);
}

static void assert_body(bool whole, const uint8_t *body, size_t len) {
    lp_board_state found;
    load_snapshot(1, 5, body, len);
    bool taken = lp_journal_open(&journal, flash, region, &found) == LP_JOURNAL_GOOD;
    if (taken != whole) {
        fail_msg("a body of tag %u and length %u is %staken", body[0], body[1], taken ? "" : "not ");
    }
}

/* A section of `len` zeros, but for one byte. */
static void assert_section(bool whole, uint8_t tag, uint8_t len, uint8_t at, uint8_t value) {
    uint8_t body[257] = {tag, len};
    body[2 + at] = value;
    assert_body(whole, body, 2 + (size_t)len);
}

static void sections_that_are_not_as_they_may_be_are_not_whole(void **unused) {
    (void)unused;
    assert_section(true, 1, 10, 0, LP_BOOT_RESTORING);
    assert_section(false, 1, 10, 0, LP_BOOT_RESTORING + 1);
    assert_section(false, 1, 10, 1, 2);
    assert_section(false, 1, 9, 0, 0);
    assert_section(false, 1, 11, 0, 0);
    assert_section(true, 2, 8, 1, 2);
    assert_section(false, 2, 8, 1, 3);
    assert_section(false, 3, 35, 0, 0);
    assert_section(false, 4, 5, 0, 0);
    assert_section(true, 5, 49, 0, 0);
    assert_section(false, 5, 48, 0, 0);
    assert_section(false, 5, 49, 0, 1); /* no room for the SHA-512 */
    assert_section(true, 5, 113, 0, 1);
    assert_section(false, 5, 113, 0, 2);
    assert_section(false, 5, 50, 1, 1); /* a name with a zero byte */
    assert_section(true, 6, 58, 0, LP_TRIAL_FAILED);
    assert_section(false, 6, 58, 0, LP_TRIAL_FAILED + 1);
    assert_section(false, 6, 57, 0, 0);
    assert_section(false, 6, 59, 1, 1); /* a name with a zero byte */
    assert_section(false, 7, 9, 0, 0);
    assert_section(false, 8, 15, 0, 0);
    assert_section(false, 9, 7, 0, 0);
    assert_section(true, 10, 0, 0, 0);
    assert_section(true, 10, 1, 0, 'x');
    assert_section(false, 10, 2, 0, 'x'); /* a text with a zero byte */
    assert_section(true, 11, 3, 0, 0);    /* unknown */
    assert_section(false, 0, 3, 0, 0);
}

static void a_name_has_its_limit_in_both_images(void **unused) {
    (void)unused;
    uint8_t body[257];
    memset(body, 'n', sizeof body);
    memset(body, 0, 2 + 49);
    body[0] = 5;
    body[1] = 49 + 127;
    assert_body(true, body, 2 + (size_t)body[1]);
    body[1] = 49 + 128;
    assert_body(false, body, 2 + (size_t)body[1]);
    memset(body + 2 + 49, 0, 9);
    body[0] = 6;
    body[1] = 58 + 128;
    assert_body(false, body, 2 + (size_t)body[1]);
}

static void attacks_have_their_limit(void **unused) {
    (void)unused;
    uint8_t body[2 + LP_ATTACKS_BYTES];
    memset(body, 'x', sizeof body);
    body[0] = 10;
    body[1] = LP_ATTACKS_BYTES - 1;
    assert_body(true, body, sizeof body - 1);
    body[1]++;
    assert_body(false, body, sizeof body);
}

static void a_body_has_its_limit(void **unused) {
    (void)unused;
    uint8_t body[LP_JOURNAL_BODY_BYTES + 1] = {11, 255};
    body[257] = 12;
    body[258] = 255;
    body[514] = 13;
    body[515] = LP_JOURNAL_BODY_BYTES - 516;
    assert_body(true, body, LP_JOURNAL_BODY_BYTES);
    body[515]++;
    assert_body(false, body, LP_JOURNAL_BODY_BYTES + 1);
}

static void sections_stand_in_order_and_fill_the_body(void **unused) {
    (void)unused;
    assert_body(true, (const uint8_t[]){4, 4, 1, 0, 0, 0, 11, 0, 200, 1, 9}, 11);
    assert_body(false, (const uint8_t[]){4, 4, 1, 0, 0, 0, 4, 4, 1, 0, 0, 0}, 12); /* twice */
    assert_body(false, (const uint8_t[]){11, 0, 4, 4, 1, 0, 0, 0}, 8);             /* out of order */
    assert_body(false, (const uint8_t[]){4, 4, 1, 0, 0}, 5);                       /* cut off */
    assert_body(false, (const uint8_t[]){4, 4, 1, 0, 0, 0, 5}, 7);                 /* cut off */
    assert_body(true, (const uint8_t[]){0}, 0);
}

static void a_missing_section_is_zero(void **unused) {
    (void)unused;
    memset(&state, 0xEE, sizeof state);
    load_snapshot(0, 1, (const uint8_t[]){4, 4, 7, 0, 0, 0}, 6);
    assert_int_equal(lp_journal_open(&journal, flash, region, &state), LP_JOURNAL_GOOD);
    assert_int_equal(state.downloaded, 7);
    assert_int_equal(state.boot.phase, LP_BOOT_IDLE);
    assert_int_equal(state.record.report_counter, 0);
    assert_string_equal(state.record.attacks, "");
}

static void any_changed_bit_makes_an_entry_not_whole(void **unused) {
    (void)unused;
    fill(&state);
    assert_true(lp_journal_seal(&journal, &state));
    uint32_t end = journal.at;
    lp_board_state before = state;
    state.record.report_counter++;
    assert_true(lp_journal_save(&journal, &state, LP_STATE_REPORT));
    for (uint32_t bit = 8 * end; bit < 8 * (journal.at - 2); bit++) { /* the last two bytes are padding */
        uint8_t byte = flash->map[region.offset + bit / 8];
        uint8_t changed = (uint8_t)(byte ^ 1U << bit % 8);
        sim_flash_load(&sim, region.offset + bit / 8, &changed, 1);
        lp_journal again;
        lp_board_state found;
        assert_int_equal(lp_journal_open(&again, flash, region, &found), LP_JOURNAL_GOOD);
        assert_states_equal(&found, &before);
        sim_flash_load(&sim, region.offset + bit / 8, &byte, 1);
    }
    assert_reopens_as(&state);
}

static void entries_of_another_generation_do_not_count(void **unused) {
    (void)unused;
    text t = {.len = 0};
    assert_true(lp_journal_seal(&journal, &state));
    for (uint32_t generation = 0; generation < 3; generation += 2) {
        t.len = 0;
        put(&t, 10 | UINT64_C(0x4C4A) << 16, 4);
        put(&t, generation, 4);
        put(&t, 0, 4);
        put(&t, 9 | 8 << 8, 2);
        put(&t, 99, 8);
        finish(&t, 4, 0xFF);
        sim_flash_load(&sim, region.offset + journal.at, t.bytes, (uint32_t)t.len);
        assert_reopens_as(&state);
    }
    assert_int_equal(journal.generation, 1);
}

/* Whatever the bytes behind the page are. */
static void an_entry_that_leaves_its_page_is_none(void **unused) {
    (void)unused;
    text t = {.len = 0};
    assert_true(lp_journal_seal(&journal, &state));
    while (PAGE - journal.at >= 12 + 24) {
        assert_true(lp_journal_save(&journal, &state, LP_STATE_REPORT));
    }
    put(&t, 40 | UINT64_C(0x4C4A) << 16, 4);
    put(&t, 1, 4);
    put(&t, 0, 4);
    put(&t, 9 | 8 << 8, 2);
    put(&t, 99, 8);
    put(&t, 11 | 28 << 8, 2);
    put_times(&t, 0, 28);
    finish(&t, 4, 0xFF);
    assert_true(PAGE - journal.at >= 12 && PAGE - journal.at < t.len);
    sim_flash_load(&sim, region.offset + journal.at, t.bytes, (uint32_t)t.len);
    assert_reopens_as(&state);
}

static void the_latest_generation_counts_also_when_numbers_wrap(void **unused) {
    (void)unused;
    const uint8_t old[] = {4, 4, 1, 0, 0, 0};
    const uint8_t new[] = {4, 4, 2, 0, 0, 0};
    const uint32_t pairs[][2] = {{4, 5}, {UINT32_MAX, 1}, {UINT32_MAX - 5, 3}, {0x7FFFFFFF, 0x80000000}};
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
        for (uint32_t page = 0; page < 2; page++) {
            load_snapshot(page, pairs[i][0], old, sizeof old);
            load_snapshot(1 - page, pairs[i][1], new, sizeof new);
            assert_int_equal(lp_journal_open(&journal, flash, region, &state), LP_JOURNAL_GOOD);
            assert_int_equal(state.downloaded, 2);
        }
    }
    load_snapshot(0, UINT32_MAX, old, sizeof old);
    load_snapshot(1, UINT32_MAX - 1, old, sizeof old);
    assert_int_equal(lp_journal_open(&journal, flash, region, &state), LP_JOURNAL_GOOD);
    assert_true(lp_journal_seal(&journal, &state));
    assert_int_equal(journal.generation, 1);
}

static void generation_zero_is_no_snapshot(void **unused) {
    (void)unused;
    load_snapshot(0, 0, (const uint8_t[]){4, 4, 1, 0, 0, 0}, 6);
    assert_int_equal(lp_journal_open(&journal, flash, region, &state), LP_JOURNAL_DAMAGED);
}

static void assert_opens_with(uint32_t downloaded, uint32_t next_page) {
    assert_int_equal(lp_journal_open(&journal, flash, region, &state), LP_JOURNAL_GOOD);
    assert_int_equal(state.downloaded, downloaded);
    lp_journal_continue(&journal);
    assert_true(lp_journal_seal(&journal, &state));
    assert_int_equal(journal.page, region.offset + next_page * PAGE);
    assert_int_equal(journal.generation, 8);
    sim_flash_load(&sim, journal.page, (uint8_t[PAGE]){0}, PAGE);
}

/* The latest that is marked, else the earliest; what follows has a generation of its own. */
static void a_snapshot_without_its_mark_is_the_last_resort(void **unused) {
    (void)unused;
    load_page(0, 6, (const uint8_t[]){4, 4, 6, 0, 0, 0}, 6, true);
    load_page(1, 7, (const uint8_t[]){4, 4, 7, 0, 0, 0}, 6, false);
    assert_opens_with(6, 1);
    load_page(0, 5, (const uint8_t[]){4, 4, 5, 0, 0, 0}, 6, false);
    load_page(1, 6, (const uint8_t[]){4, 4, 6, 0, 0, 0}, 6, true);
    load_page(2, 7, (const uint8_t[]){4, 4, 7, 0, 0, 0}, 6, false);
    assert_opens_with(6, 2);
    load_page(0, 7, (const uint8_t[]){4, 4, 7, 0, 0, 0}, 6, false);
    load_page(1, 5, (const uint8_t[]){4, 4, 5, 0, 0, 0}, 6, false);
    load_page(2, 6, (const uint8_t[]){4, 4, 6, 0, 0, 0}, 6, false);
    assert_opens_with(5, 2);
}

/* What is not known to be sealed in this start is not gone on with. */
static void a_page_without_its_mark_is_sealed_first(void **unused) {
    (void)unused;
    load_page(0, 6, (const uint8_t[]){4, 4, 6, 0, 0, 0}, 6, true);
    load_page(1, 7, (const uint8_t[]){4, 4, 7, 0, 0, 0}, 6, false);
    assert_int_equal(lp_journal_open(&journal, flash, region, &state), LP_JOURNAL_GOOD);
    lp_journal_continue(&journal);
    assert_false(journal.sealed);
    load_page(0, 5, (const uint8_t[]){4, 4, 6, 0, 0, 0}, 6, false);
    sim_flash_load(&sim, region.offset + PAGE, (uint8_t[PAGE]){0}, PAGE);
    assert_int_equal(lp_journal_open(&journal, flash, region, &state), LP_JOURNAL_GOOD);
    lp_journal_continue(&journal);
    assert_false(journal.sealed);
}

/* --- the ring --- */

static void the_first_save_after_opening_seals(void **unused) {
    (void)unused;
    assert_true(lp_journal_seal(&journal, &state));
    assert_reopens_as(&state);
    state.roots = 1;
    assert_true(lp_journal_save(&journal, &state, LP_STATE_FILES));
    assert_int_equal(journal.page, region.offset + PAGE);
    assert_int_equal(journal.generation, 2);
    assert_reopens_as(&state);
    lp_journal_continue(&journal);
    state.roots = 2;
    assert_true(lp_journal_save(&journal, &state, LP_STATE_FILES));
    assert_int_equal(journal.page, region.offset + PAGE);
    assert_true(lp_journal_settle(&journal, &state));
    assert_int_equal(journal.generation, 2);
    assert_reopens_as(&state);
    assert_true(lp_journal_settle(&journal, &state));
    assert_int_equal(journal.generation, 3);
}

static void a_journal_that_is_not_there_is_not_gone_on_with(void **unused) {
    (void)unused;
    lp_journal_continue(&journal);
    state.roots = 1;
    assert_true(lp_journal_save(&journal, &state, LP_STATE_FILES));
    assert_reopens_as(&state);
}

static void pages_wear_evenly(void **unused) {
    (void)unused;
    uint32_t least, most;
    for (unsigned i = 0; i < 20000; i++) {
        if (i % 50 == 0) {
            lp_journal_open(&journal, flash, region, &state);
        }
        state.record.report_counter++;
        state.record.time_floor += i % 2 == 0 ? 60 : 0;
        assert_true(lp_journal_save(&journal, &state, i % 2 == 0 ? LP_STATE_REPORT | LP_STATE_TIME : LP_STATE_REPORT));
    }
    assert_reopens_as(&state);
    sim_flash_wear(&sim, region, &least, &most);
    assert_true(most > 100);
    assert_true(most <= least + 1);
}

/* --- pages that fail --- */

static void a_page_that_fails_is_skipped(void **unused) {
    (void)unused;
    for (unsigned how = SIM_FAILS_ERASE; how <= SIM_FAILS_PROGRAM; how++) {
        for (uint32_t bad = 0; bad < 3; bad++) {
            sim_flash_fail(&sim, region.offset + bad * PAGE, how);
            for (unsigned i = 0; i < 200; i++) {
                state.record.report_counter++;
                assert_true(lp_journal_save(&journal, &state, LP_STATE_REPORT));
                assert_true(journal.page != region.offset + bad * PAGE || i == 0);
            }
            sim_flash_fail(&sim, region.offset + bad * PAGE, 0);
            assert_reopens_as(&state);
        }
    }
}

static void a_save_on_a_page_that_begins_to_fail_goes_to_another(void **unused) {
    (void)unused;
    assert_true(lp_journal_seal(&journal, &state));
    sim_flash_fail(&sim, journal.page, SIM_FAILS_PROGRAM);
    state.roots = 5;
    assert_true(lp_journal_save(&journal, &state, LP_STATE_FILES));
    assert_int_equal(journal.page, region.offset + PAGE);
    assert_reopens_as(&state);
}

static void when_all_pages_fail_what_is_in_force_stays(void **unused) {
    (void)unused;
    assert_true(lp_journal_seal(&journal, &state));
    lp_board_state before = state;
    for (uint32_t page = 0; page < 3; page++) {
        sim_flash_fail(&sim, region.offset + page * PAGE, SIM_FAILS_ERASE | SIM_FAILS_PROGRAM);
    }
    state.roots = 5;
    assert_false(lp_journal_seal(&journal, &state));
    assert_false(lp_journal_save(&journal, &state, LP_STATE_FILES));
    assert_false(lp_journal_settle(&journal, &state));
    sim_flash_fail(&sim, region.offset + 2 * PAGE, 0);
    assert_true(lp_journal_settle(&journal, &before));
    sim_flash_fail(&sim, region.offset + PAGE, 0);
    assert_reopens_as(&before);
}

/* It may read as whole one day. */
static void a_page_that_failed_shares_its_generation_with_none(void **unused) {
    (void)unused;
    assert_true(lp_journal_seal(&journal, &state));
    sim_flash_fail(&sim, region.offset + PAGE, SIM_FAILS_PROGRAM);
    assert_true(lp_journal_seal(&journal, &state));
    assert_int_equal(journal.page, region.offset + 2 * PAGE);
    assert_int_equal(journal.page_generation, 3);
}

static void the_page_in_use_is_never_erased(void **unused) {
    (void)unused;
    assert_true(lp_journal_seal(&journal, &state));
    lp_board_state before = state;
    sim_flash_fail(&sim, region.offset + PAGE, SIM_FAILS_ERASE);
    sim_flash_fail(&sim, region.offset + 2 * PAGE, SIM_FAILS_ERASE);
    state.roots = 5;
    assert_false(lp_journal_seal(&journal, &state));
    assert_reopens_as(&before);
}

/* A page that takes its bytes and gives others back. */
static uint32_t forgetful;

static bool forget_a_byte(const lp_flash *broken, uint32_t offset, const void *bytes, uint32_t len) {
    uint8_t copy[64];
    memcpy(copy, bytes, len);
    copy[0] &= offset / PAGE == forgetful ? 0 : 0xFF;
    return flash->program(broken, offset, copy, len);
}

static void what_does_not_read_back_is_written_elsewhere(void **unused) {
    (void)unused;
    lp_flash broken = sim.flash;
    broken.program = forget_a_byte;
    forgetful = region.offset / PAGE;
    lp_journal_open(&journal, &broken, region, &state);
    assert_true(lp_journal_seal(&journal, &state));
    assert_int_equal(journal.page, region.offset + PAGE);
    forgetful++;
    state.record.report_counter = 2;
    assert_true(lp_journal_save(&journal, &state, LP_STATE_REPORT));
    assert_int_equal(journal.page, region.offset + 2 * PAGE);
    assert_reopens_as(&state);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(the_checksum_is_crc_32),
        TEST(the_bytes_are_those_of_the_document),
        TEST(other_flash_has_the_same_bytes_in_longer_words),
        TEST(the_longest_state_fits),
        TEST(a_longer_name_is_refused_and_nothing_is_written),
        TEST(a_new_download_has_no_progress),
        TEST(where_nothing_is_whole_a_new_journal_begins),
        TEST(sections_that_are_not_as_they_may_be_are_not_whole),
        TEST(a_name_has_its_limit_in_both_images),
        TEST(attacks_have_their_limit),
        TEST(a_body_has_its_limit),
        TEST(sections_stand_in_order_and_fill_the_body),
        TEST(a_missing_section_is_zero),
        TEST(any_changed_bit_makes_an_entry_not_whole),
        TEST(entries_of_another_generation_do_not_count),
        TEST(an_entry_that_leaves_its_page_is_none),
        TEST(the_latest_generation_counts_also_when_numbers_wrap),
        TEST(generation_zero_is_no_snapshot),
        TEST(a_snapshot_without_its_mark_is_the_last_resort),
        TEST(a_page_without_its_mark_is_sealed_first),
        TEST(the_first_save_after_opening_seals),
        TEST(a_journal_that_is_not_there_is_not_gone_on_with),
        TEST(pages_wear_evenly),
        TEST(a_page_that_fails_is_skipped),
        TEST(a_save_on_a_page_that_begins_to_fail_goes_to_another),
        TEST(when_all_pages_fail_what_is_in_force_stays),
        TEST(a_page_that_failed_shares_its_generation_with_none),
        TEST(the_page_in_use_is_never_erased),
        TEST(what_does_not_read_back_is_written_elsewhere),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
