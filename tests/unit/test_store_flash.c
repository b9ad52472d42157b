/* SPDX-License-Identifier: Apache-2.0 */
/* Flash: the rules that the simulator keeps, what a cut leaves, the writer, and flash maps. */
#include "layouts.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static sim_flash sim;
static const lp_flash *flash;

static int set_up(void **state) {
    (void)state;
    sim_flash_make(&sim, &sim_small);
    flash = &sim.flash;
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    sim_flash_free(&sim);
    return 0;
}

static lp_slice slice(const char *text) {
    return (lp_slice){(const uint8_t *)text, strlen(text)};
}

/* --- rules --- */

static jmp_buf violated;
static char violation[160];

static void on_violation(const char *what) {
    snprintf(violation, sizeof violation, "%s", what);
    longjmp(violated, 1);
}

static void assert_violates(void (*code)(void), const char *text) {
    violation[0] = '\0';
    sim.on_violation = on_violation;
    if (setjmp(violated) == 0) {
        code();
    }
    if (strstr(violation, text) == NULL) {
        fail_msg("'%s' is not in '%s'", text, violation);
    }
}

static const uint8_t words[8] = {1, 2, 3, 4, 5, 6, 7, 8};

static void program_twice(void) {
    assert_true(flash->program(flash, 8, words, 4));
    flash->program(flash, 8, words, 4);
}

static void program_half_a_word(void) {
    flash->program(flash, 0, words, 6);
}

static void program_between_words(void) {
    flash->program(flash, 2, words, 4);
}

static void program_over_a_page(void) {
    flash->program(flash, 1020, words, 8);
}

static void program_from_flash(void) {
    flash->program(flash, 0, flash->map + 4, 4);
}

static void erase_within_a_page(void) {
    flash->erase(flash, 512);
}

static void read_beyond(void) {
    uint8_t out[8];
    flash->read(flash, flash->size_bytes - 4, out, 8);
}

static void the_simulator_stops_whoever_breaks_a_rule(void **state) {
    (void)state;
    assert_violates(program_twice, "once more than allowed");
    assert_violates(program_half_a_word, "not whole words");
    assert_violates(program_between_words, "not whole words");
    assert_violates(program_over_a_page, "not within a page");
    assert_violates(program_from_flash, "from flash");
    assert_violates(erase_within_a_page, "no page starts");
    assert_violates(read_beyond, "beyond the end");
}

static void set_bits_again(void) {
    const uint8_t first[8] = {0x0F};
    const uint8_t second[8] = {0xF0};
    assert_true(flash->program(flash, 0, first, 8));
    flash->program(flash, 0, second, 8);
}

static void a_second_program_may_not_take_bits_back(void **state) {
    (void)state;
    sim_flash_free(&sim);
    sim_flash_make(&sim, &sim_other);
    assert_violates(set_bits_again, "back to the erased value");
}

static void a_locked_page_is_neither_erased_nor_programmed_until_the_next_boot(void **state) {
    (void)state;
    sim_flash_lock(&sim, (lp_region){1024, 1024});
    assert_false(flash->erase(flash, 1024));
    assert_false(flash->program(flash, 1024, words, 4));
    assert_true(flash->erase(flash, 0));
    sim_flash_boot(&sim);
    assert_true(flash->program(flash, 1024, words, 4));
}

/* --- cuts --- */

static void erase_and_program(void *arg) {
    (void)arg;
    assert_true(flash->erase(flash, 0));
    assert_true(flash->program(flash, 0, words, 8));
}

static void a_cut_before_or_after_an_operation_tears_nothing(void **state) {
    (void)state;
    for (uint64_t operation = 0; operation < 2; operation++) {
        for (int cut = SIM_CUT_BEFORE; cut <= SIM_CUT_AFTER; cut += SIM_CUT_AFTER) {
            sim_flash_plan(&sim, operation, (sim_cut)cut, 1);
            assert_false(sim_flash_run(&sim, erase_and_program, NULL));
            sim_flash_boot(&sim);
            assert_int_equal(sim.tear_count, 0);
        }
    }
    assert_memory_equal(flash->map, words, 8);
    sim_flash_plan(&sim, 2, SIM_CUT_BEFORE, 1);
    assert_true(sim_flash_run(&sim, erase_and_program, NULL));
    assert_int_equal(sim.operations, 2);
}

static void program_again(void) {
    flash->program(flash, 4, words, 4);
}

/* What is torn reads as before, as after, and as neither; and it must be erased. */
static void a_cut_program_wavers_until_the_page_is_erased(void **state) {
    (void)state;
    bool old = false, new = false, other = false;
    for (uint64_t seed = 0; seed < 50; seed++) {
        uint8_t out[8];
        sim_flash_plan(&sim, 1, SIM_CUT_MIDDLE, seed);
        assert_false(sim_flash_run(&sim, erase_and_program, NULL));
        sim_flash_boot(&sim);
        for (int i = 0; i < 10; i++) {
            assert_true(flash->read(flash, 0, out, 8));
            old = old || (out[0] == 0xFF && out[7] == 0xFF);
            new = new || memcmp(out, words, 8) == 0;
            other = other || (out[7] != 0xFF && out[7] != words[7]);
        }
        assert_violates(program_again, "torn word");
    }
    assert_true(old && new &&other);
    erase_and_program(NULL);
    assert_int_equal(sim.tear_count, 0);
}

static void a_cut_erasure_may_leave_the_old_bytes_or_none(void **state) {
    (void)state;
    bool old = false, new = false;
    for (uint64_t seed = 0; seed < 200; seed++) {
        uint8_t out[8];
        sim_flash_plan(&sim, UINT64_MAX, SIM_CUT_BEFORE, seed);
        erase_and_program(NULL);
        sim_flash_plan(&sim, 0, SIM_CUT_MIDDLE, seed);
        assert_false(sim_flash_run(&sim, erase_and_program, NULL));
        sim_flash_boot(&sim);
        assert_true(flash->read(flash, 0, out, 8));
        old = old || memcmp(out, words, 8) == 0;
        new = new || lp_flash_is_erased(flash, 0, 8);
    }
    assert_true(old && new);
}

static void a_snapshot_brings_everything_back(void **state) {
    (void)state;
    sim_snapshot snapshot;
    erase_and_program(NULL);
    sim_flash_plan(&sim, 0, SIM_CUT_MIDDLE, 3);
    assert_false(sim_flash_run(&sim, erase_and_program, NULL));
    sim_snapshot_take(&snapshot, &sim);
    assert_int_equal(snapshot.tear_count, 1);
    assert_true(flash->erase(flash, 0));
    assert_true(flash->program(flash, 2048, words, 8));
    sim_snapshot_restore(&snapshot, &sim);
    assert_int_equal(sim.tear_count, 1);
    assert_int_equal(sim.pages[0].wear, 2);
    assert_int_equal(sim.programs[1], SIM_TORN);
    assert_true(lp_flash_is_erased(flash, 2048, 8));
    assert_true(flash->program(flash, 2048, words, 8));
    sim_snapshot_free(&snapshot);
}

/* --- helpers of the store --- */

static void the_writer_erases_pages_as_it_enters_them(void **state) {
    (void)state;
    static uint8_t bytes[3000];
    lp_flash_writer writer;
    for (size_t i = 0; i < sizeof bytes; i++) {
        bytes[i] = (uint8_t)(i * 7 + i / 256);
    }
    memset(sim.bytes, 0, 8 * 1024);
    sim_flash_load(&sim, 0, sim.bytes, 8 * 1024);
    for (size_t piece = 1; piece < 1100; piece = piece * 3 + 1) {
        lp_flash_writer_begin(&writer, flash, 1024, 4096);
        for (size_t at = 0; at < sizeof bytes; at += piece) {
            size_t len = sizeof bytes - at < piece ? sizeof bytes - at : piece;
            assert_true(lp_flash_writer_add(&writer, (lp_slice){bytes + at, len}));
        }
        assert_true(lp_flash_writer_flush(&writer));
        assert_true(lp_flash_writer_flush(&writer));
        assert_int_equal(writer.len, sizeof bytes);
        assert_memory_equal(flash->map + 1024, bytes, sizeof bytes);
        assert_true(lp_flash_is_erased(flash, 1024 + sizeof bytes, 4096 - 1024 - sizeof bytes));
    }
    assert_int_equal(flash->map[1023], 0);
    assert_int_equal(flash->map[4096], 0);
}

static void the_writer_takes_no_more_than_there_is_room_for(void **state) {
    (void)state;
    lp_flash_writer writer;
    lp_flash_writer_begin(&writer, flash, 0, 8);
    assert_true(lp_flash_writer_add(&writer, slice("12345")));
    assert_false(lp_flash_writer_add(&writer, slice("6789")));
    assert_true(lp_flash_writer_add(&writer, slice("678")));
    assert_false(lp_flash_writer_add(&writer, slice("9")));
    assert_true(lp_flash_writer_flush(&writer));
    assert_memory_equal(flash->map, "12345678", 8);
    assert_false(lp_flash_writer_add(&writer, slice("")));
}

static void the_writer_copies_from_flash(void **state) {
    (void)state;
    lp_flash_writer writer;
    sim_flash_load(&sim, 5000, "from flash", 10);
    lp_flash_writer_begin(&writer, flash, 0, 1024);
    assert_true(lp_flash_writer_add(&writer, lp_flash_at(flash, 5000, 10)));
    assert_true(lp_flash_writer_flush(&writer));
    assert_memory_equal(flash->map, "from flash", 10);
}

static void the_writer_tells_of_a_page_that_fails(void **state) {
    (void)state;
    lp_flash_writer writer;
    const uint8_t chunk[LP_FLASH_CHUNK_BYTES] = {0};
    sim_flash_fail(&sim, 0, SIM_FAILS_ERASE);
    lp_flash_writer_begin(&writer, flash, 0, 1024);
    assert_false(lp_flash_writer_add(&writer, (lp_slice){chunk, sizeof chunk}));
    sim_flash_fail(&sim, 0, SIM_FAILS_PROGRAM);
    lp_flash_writer_begin(&writer, flash, 0, 1024);
    assert_false(lp_flash_writer_add(&writer, (lp_slice){chunk, sizeof chunk}));
    lp_flash_writer_begin(&writer, flash, 0, 1024);
    assert_true(lp_flash_writer_add(&writer, slice("123")));
    assert_false(lp_flash_writer_flush(&writer));
}

static void a_page_is_copied_and_read_back(void **state) {
    (void)state;
    uint8_t page[1024];
    for (size_t i = 0; i < sizeof page; i++) {
        page[i] = (uint8_t)(i ^ i >> 3);
    }
    sim_flash_load(&sim, 2048, page, sizeof page);
    assert_true(lp_flash_copy_page(flash, 2048, 7168));
    assert_memory_equal(flash->map + 7168, page, sizeof page);
    sim_flash_fail(&sim, 7168, SIM_FAILS_PROGRAM);
    assert_false(lp_flash_copy_page(flash, 2048, 7168));
    sim_flash_fail(&sim, 7168, SIM_FAILS_ERASE);
    assert_false(lp_flash_copy_page(flash, 2048, 7168));
    assert_false(lp_flash_erase_region(flash, (lp_region){6144, 3072}));
    assert_true(lp_flash_erase_region(flash, (lp_region){2048, 1024}));
    assert_true(lp_flash_is_erased(flash, 2048, 1024));
}

/* A page that takes its bytes and gives others back. */
static bool forget_a_bit(const lp_flash *broken, uint32_t offset, const void *bytes, uint32_t len) {
    uint8_t copy[64];
    memcpy(copy, bytes, len);
    copy[0] &= 0xFE;
    return flash->program(broken, offset, copy, len);
}

static void a_copy_that_reads_otherwise_is_told(void **state) {
    (void)state;
    lp_flash broken = sim.flash;
    broken.program = forget_a_bit;
    sim_flash_load(&sim, 0, (uint8_t[1024]){0xFF}, 1024);
    assert_false(lp_flash_copy_page(&broken, 0, 1024));
}

/* A swap may meet what was torn: bytes that nobody looks at, behind a record, must not stop it for ever. */
static void a_page_that_wavers_is_copied_as_it_reads(void **state) {
    (void)state;
    sim_flash_plan(&sim, 1, SIM_CUT_MIDDLE, 1);
    assert_false(sim_flash_run(&sim, erase_and_program, NULL));
    sim_flash_boot(&sim);
    for (int i = 0; i < 50; i++) {
        assert_true(lp_flash_copy_page(flash, 0, 7168));
    }
}

/* --- maps --- */

static void the_maps_are_valid(void **state) {
    (void)state;
    assert_true(lp_layout_valid(&layout_small, flash));
    sim_flash firefly;
    sim_flash_make(&firefly, &sim_firefly);
    assert_true(lp_layout_valid(&layout_firefly, &firefly.flash));
    sim_flash_free(&firefly);
}

static void the_limits_follow_from_the_map(void **state) {
    (void)state;
    lp_limits limits = lp_layout_limits(&layout_firefly);
    assert_int_equal(lp_layout_image_bytes(&layout_firefly), 156 * 1024);
    assert_int_equal(lp_layout_targets_bytes(&layout_firefly), 16352);
    assert_int_equal(lp_layout_root_bytes(&layout_firefly), 4080);
    assert_int_equal(lp_layout_root_slots(&layout_firefly), 16);
    assert_int_equal(limits.image_bytes, 156 * 1024);
    assert_int_equal(limits.targets_bytes, 16352);
    assert_int_equal(limits.root_bytes, 4080);
    assert_int_equal(limits.root_rotations, 16);
    assert_int_equal(limits.time_bytes, lp_limits_constrained.time_bytes);
    assert_int_equal(limits.signatures, lp_limits_constrained.signatures);
}

static void a_map_that_breaks_a_rule_is_not_valid(void **state) {
    (void)state;
    lp_layout bad[14];
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        bad[i] = layout_small;
    }
    bad[0].boot.offset = 512;                            /* within a page */
    bad[1].spare.offset = layout_small.key.offset;       /* shared */
    bad[2].slot[1].offset = 60 * 1024;                   /* beyond the end */
    bad[3].journal.bytes = 2 * 1024;                     /* too few pages */
    bad[4].root_slot_bytes = 4 * 1024;                   /* too few roots */
    bad[5].targets[1].bytes = 1024;                      /* of different sizes */
    bad[6].slot[0].bytes = 4 * 1024;                     /* of different sizes */
    bad[7].record_bytes = 5 * 1024;                      /* no room for an image */
    bad[8].record_bytes = 1000;                          /* no whole page */
    bad[9].key.bytes = 0;                                /* no page */
    bad[10].factory.bytes = 1000;                        /* no whole page */
    bad[11].spare.bytes = 2 * 1024;                      /* more than a page, shared */
    bad[12].slot[1].offset = UINT32_MAX - 1023;          /* would wrap around */
    bad[13].boot = (lp_region){4096, UINT32_MAX - 1023}; /* would wrap around */
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        if (lp_layout_valid(&bad[i], flash)) {
            fail_msg("map %zu is taken", i);
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_simulator_stops_whoever_breaks_a_rule, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_second_program_may_not_take_bits_back, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_locked_page_is_neither_erased_nor_programmed_until_the_next_boot, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_cut_before_or_after_an_operation_tears_nothing, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_cut_program_wavers_until_the_page_is_erased, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_cut_erasure_may_leave_the_old_bytes_or_none, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_snapshot_brings_everything_back, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_writer_erases_pages_as_it_enters_them, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_writer_takes_no_more_than_there_is_room_for, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_writer_copies_from_flash, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_writer_tells_of_a_page_that_fails, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_page_is_copied_and_read_back, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_copy_that_reads_otherwise_is_told, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_page_that_wavers_is_copied_as_it_reads, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_maps_are_valid, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_limits_follow_from_the_map, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_map_that_breaks_a_rule_is_not_valid, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
