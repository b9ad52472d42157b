/* SPDX-License-Identifier: Apache-2.0 */
/* The repository map, and the choice it leads to (Uptane 2.1.0, 5.2.6; TAP 4). Its refusals, one by one, are among the
 * test vectors. */
#include "bench.h"
#include "lampyr/mapping.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define REPOSITORIES "\"repositories\":{\"director\":[\"d\"],\"a\":[\"u\",\"v\"],\"b\":[\"w\"],\"c\":[\"x\"]}"
#define TWO_OF_THREE "{\"paths\":[\"*\"],\"repositories\":[\"a\",\"b\",\"c\"],\"terminating\":false,\"threshold\":2}"
#define THREE_OF_THREE "{\"paths\":[\"*\"],\"repositories\":[\"a\",\"b\",\"c\"],\"terminating\":false,\"threshold\":3}"
#define ONLY_C "{\"paths\":[\"*\"],\"repositories\":[\"c\"],\"terminating\":false,\"threshold\":1}"

enum { A, B, C };

static lp_code read_text(const char *text, lp_map *map, lp_map_fault *fault) {
    static uint8_t scratch[4096];
    return lp_map_read((lp_slice){(const uint8_t *)text, strlen(text)}, (lp_scratch){scratch, sizeof scratch}, map,
                       fault);
}

static void read_good(const char *entries, lp_map *map) {
    char text[1024];
    lp_map_fault fault;
    snprintf(text, sizeof text, "{\"mapping\":[%s]," REPOSITORIES "}", entries);
    static char kept[sizeof text]; /* the map points into it */
    memcpy(kept, text, sizeof kept);
    assert_int_equal(read_text(kept, map, &fault), LP_OK);
}

static void refused_at(const char *entries, lp_code code, size_t entry, const char *subject) {
    char text[1024];
    lp_map map;
    lp_map_fault fault;
    snprintf(text, sizeof text, "{" REPOSITORIES ",\"mapping\":[%s]}", entries);
    assert_string_equal(lp_code_name(read_text(text, &map, &fault)), lp_code_name(code));
    assert_int_equal(fault.entry, entry);
    assert_true(lp_str_is(fault.subject, subject));
}

/* --- reading --- */

static void a_map_is_read(void **state) {
    lp_map map;
    (void)state;
    read_good("{\"paths\":[\"x\"],\"repositories\":[\"c\",\"director\",\"a\"],\"terminating\":true,\"threshold\":2}",
              &map);
    assert_int_equal(map.count, 3);
    assert_string_equal(map.names[C], "c");
    assert_int_equal(lp_json_count(map.urls[A]), 2);
    assert_int_equal(lp_json_count(map.director_urls), 1);
    assert_int_equal(map.entry_count, 1);
    assert_int_equal(map.entries[0].count, 2);
    assert_int_equal(map.entries[0].repositories[0], C);
    assert_int_equal(map.entries[0].repositories[1], A);
    assert_int_equal(map.entries[0].needed, 1);
    assert_true(map.entries[0].terminating);
}

static void a_fault_has_its_place(void **state) {
    (void)state;
    refused_at(ONLY_C ",{\"paths\":[\"*\"],\"repositories\":[\"c\",\"d\"],\"terminating\":false,\"threshold\":1}",
               LP_NAME_UNKNOWN, 2, "d");
    refused_at("{\"paths\":[\"*\"],\"repositories\":[\"c\",\"c\"],\"terminating\":false,\"threshold\":1}",
               LP_NAME_REPEATED, 1, "c");
    refused_at("{\"paths\":[\"*\"],\"repositories\":[\"c\"],\"terminating\":false,\"threshold\":2}",
               LP_THRESHOLD_INVALID, 1, "threshold");
    refused_at("{\"paths\":[\"*\"],\"repositories\":[\"c\"],\"terminating\":false}", LP_FIELD_MISSING, 1, "threshold");
    refused_at("{\"paths\":[\"/x\"],\"repositories\":[\"c\"],\"terminating\":false,\"threshold\":1}", LP_NAME_UNSAFE, 1,
               "/x");
    refused_at("", LP_FIELD_VALUE, 0, "mapping");
}

static void scratch_that_is_too_small_is_said(void **state) {
    lp_map map;
    lp_map_fault fault;
    (void)state;
    const char text[] = "{" REPOSITORIES ",\"mapping\":[" ONLY_C "]}"; /* its keys do not ascend */
    assert_int_equal(
        lp_map_read((lp_slice){(const uint8_t *)text, sizeof text - 1}, (lp_scratch){NULL, 0}, &map, &fault),
        LP_LIMIT_MEMORY);
}

/* --- choosing --- */

/* An image whose digest is `byte` in every byte. */
static lp_target target(uint8_t byte) {
    lp_target made = {.length_bytes = 1, .hashes = {.has_sha256 = true}};
    memset(made.hashes.sha256, byte, sizeof made.hashes.sha256);
    return made;
}

static void asks(const lp_choice *choice, size_t expected) {
    size_t repository;
    assert_true(lp_choice_next(choice, &repository));
    assert_int_equal(repository, expected);
    assert_true(lp_choice_next(choice, &repository)); /* asking again changes nothing */
    assert_int_equal(repository, expected);
}

static void is_signed(lp_choice *choice, size_t repository, uint8_t byte) {
    lp_target said = target(byte);
    asks(choice, repository);
    lp_choice_signed(choice, &said);
}

static void is_not_signed(lp_choice *choice, size_t repository) {
    asks(choice, repository);
    lp_choice_unsigned(choice);
}

static void fails(lp_choice *choice, size_t repository) {
    lp_error error = {.code = LP_EXPIRED, .repo = LP_REPO_IMAGE, .role = LP_ROLE_TIMESTAMP};
    asks(choice, repository);
    lp_choice_failed(choice, &error);
}

static void ends(const lp_choice *choice, lp_code code, const char *repository) {
    size_t ignored;
    assert_false(lp_choice_next(choice, &ignored));
    assert_string_equal(lp_code_name(choice->error.code), lp_code_name(code));
    assert_true((choice->target == NULL) == (code != LP_OK));
    if (repository == NULL) {
        assert_null(choice->error.repository);
    } else {
        assert_string_equal(choice->error.repository, repository);
    }
}

static void begin(lp_choice *choice, lp_map *map, const char *entries) {
    read_good(entries, map);
    lp_choice_begin(choice, map, LP_DIALECT_TUF, lp_str_from("dir/fw.bin"));
}

static void enough_that_agree_end_it(void **state) {
    lp_map map;
    lp_choice choice;
    (void)state;
    begin(&choice, &map, TWO_OF_THREE);
    is_signed(&choice, A, 1);
    is_signed(&choice, B, 1);
    ends(&choice, LP_OK, NULL);
    assert_int_equal(choice.agreed, 1 << A | 1 << B);
}

static void the_first_of_those_that_agree_is_taken(void **state) {
    lp_map map;
    lp_choice choice;
    (void)state;
    begin(&choice, &map, TWO_OF_THREE);
    is_signed(&choice, A, 1);
    is_signed(&choice, B, 2);
    is_signed(&choice, C, 2);
    ends(&choice, LP_OK, NULL);
    assert_ptr_equal(choice.target, &choice.said[B]);
    assert_int_equal(choice.agreed, 1 << B | 1 << C);
}

static void who_agrees_with_the_first_must_agree_with_the_others(void **state) {
    lp_map map;
    lp_choice choice;
    lp_target more = target(1);
    (void)state;
    more.hashes.has_sha512 = true;
    begin(&choice, &map, THREE_OF_THREE);
    is_signed(&choice, A, 1);
    asks(&choice, B);
    lp_choice_signed(&choice, &more);
    more.hashes.sha512[0] = 1;
    asks(&choice, C);
    lp_choice_signed(&choice, &more);
    ends(&choice, LP_TARGET_MISMATCH, "c");
}

static void an_encrypted_image_is_another(void **state) {
    lp_map map;
    lp_choice choice;
    lp_target encrypted = target(1);
    (void)state;
    encrypted.encrypted = true;
    begin(&choice, &map, TWO_OF_THREE);
    is_signed(&choice, A, 1);
    asks(&choice, B);
    lp_choice_signed(&choice, &encrypted);
    is_not_signed(&choice, C);
    ends(&choice, LP_TARGET_MISMATCH, "b");
}

static void a_repository_is_asked_once_for_an_image(void **state) {
    lp_map map;
    lp_choice choice;
    (void)state;
    begin(&choice, &map, TWO_OF_THREE "," ONLY_C);
    is_not_signed(&choice, A);
    is_not_signed(&choice, B);
    is_signed(&choice, C, 1);
    ends(&choice, LP_OK, NULL);
    assert_int_equal(choice.agreed, 1 << C);
}

static void who_cuts_repositories_off_does_not_choose(void **state) {
    lp_map map;
    lp_choice choice;
    (void)state;
    begin(&choice, &map, TWO_OF_THREE "," ONLY_C);
    fails(&choice, A);
    is_not_signed(&choice, B);
    is_signed(&choice, C, 1);
    ends(&choice, LP_EXPIRED, "a");
    assert_int_equal(choice.error.role, LP_ROLE_TIMESTAMP);
}

static void a_failure_that_cannot_matter_is_passed_over(void **state) {
    lp_map map;
    lp_choice choice;
    (void)state;
    begin(&choice, &map,
          "{\"paths\":[\"*\"],\"repositories\":[\"a\",\"b\"],\"terminating\":false,\"threshold\":2}," ONLY_C);
    fails(&choice, A);
    is_not_signed(&choice, B);
    is_signed(&choice, C, 1);
    ends(&choice, LP_OK, NULL);
}

static void of_two_conflicts_the_first_is_told(void **state) {
    lp_map map;
    lp_choice choice;
    (void)state;
    begin(&choice, &map,
          "{\"paths\":[\"*\"],\"repositories\":[\"a\",\"b\"],\"terminating\":false,\"threshold\":2},"
          "{\"paths\":[\"*\"],\"repositories\":[\"a\",\"c\"],\"terminating\":false,\"threshold\":2}");
    is_signed(&choice, A, 1);
    is_signed(&choice, B, 2);
    is_signed(&choice, C, 3);
    ends(&choice, LP_TARGET_MISMATCH, "b");
}

static void an_image_of_no_entry_is_not_found(void **state) {
    lp_map map;
    lp_choice choice;
    (void)state;
    begin(&choice, &map, "{\"paths\":[\"fw.bin\"],\"repositories\":[\"a\"],\"terminating\":false,\"threshold\":1}");
    ends(&choice, LP_TARGET_NOT_FOUND, NULL);
    assert_true(lp_str_is(choice.error.subject, "dir/fw.bin"));
}

static void a_name_that_is_too_long_is_refused(void **state) {
    lp_map map;
    lp_choice choice;
    char name[LP_NAME_BYTES + 1];
    (void)state;
    read_good(ONLY_C, &map);
    memset(name, 'n', sizeof name);
    lp_choice_begin(&choice, &map, LP_DIALECT_TUF, (lp_str){name, sizeof name});
    ends(&choice, LP_LIMIT_STRING, NULL);
}

static void the_basic_case_is_one_repository_without_a_name(void **state) {
    lp_choice choice;
    (void)state;
    lp_choice_begin(&choice, &lp_map_basic, LP_DIALECT_TUF, lp_str_from("dir/fw.bin"));
    is_not_signed(&choice, 0);
    ends(&choice, LP_TARGET_NOT_FOUND, NULL);
}

/* --- in full verification; the bench answers for every repository of the map with its one --- */

/* Two images below a delegation, as the map's repositories sign them. */
static void publish_two(test_bench *b) {
    repo_delegate(&b->image, b->image.roles[LP_ROLE_TARGETS], "supplier", "*", false);
    for (int i = 0; i < 2; i++) {
        const char *name = i == 0 ? "a.bin" : "b.bin";
        json_t *order = i == 0 ? order_for("primary", "gateway-hw", 1) : order_for("second", "gateway-hw", 1);
        repo_add_image(b->director.roles[LP_ROLE_TARGETS], name, 100, order);
        repo_add_image(repo_role(&b->image, "supplier"), name, 100, made_for("gateway-hw", 1));
    }
    repo_publish_next(&b->director);
    repo_publish_next(&b->image);
}

static lp_code run_mapped(test_bench *b, lp_full *full) {
    static const lp_ecu ecus[] = {{.serial = "primary", .hardware = "gateway-hw"},
                                  {.serial = "second", .hardware = "gateway-hw"}};
    static lp_map map;
    static lp_source sources[LP_MAP_REPOSITORIES];
    read_good(TWO_OF_THREE, &map);
    publish_two(b);
    lp_full_config config = full_config(b, ecus, 2);
    config.map = &map;
    config.sources = sources;
    return run_full(b, full, &config);
}

static unsigned times_fetched(const test_bench *b, const char *word) {
    unsigned times = 0;
    for (const char *at = b->log; (at = strstr(at, word)) != NULL; at++) {
        times++;
    }
    return times;
}

static void each_repository_is_verified_once_in_a_run(void **state) {
    test_bench *b = *state;
    lp_full full;
    assert_int_equal(run_mapped(b, &full), LP_OK);
    assert_int_equal(b->verdict_count, 2);
    assert_int_equal(times_fetched(b, " image/timestamp.json"), 2);
    assert_null(lp_full_source_error(&full, A));
}

static void a_repository_that_failed_is_not_asked_for_the_next_image(void **state) {
    test_bench *b = *state;
    lp_full full;
    b->fail_fetch = "image/timestamp.json";
    b->fail_code = LP_UNREACHABLE;
    assert_int_equal(run_mapped(b, &full), LP_UNREACHABLE);
    assert_int_equal(b->verdict_count, 2);
    assert_int_equal(times_fetched(b, " image/timestamp.json"), 3);
    assert_string_equal(lp_full_error(&full)->repository, "a");
    assert_int_equal(lp_full_source_error(&full, C)->code, LP_UNREACHABLE);
}

static void a_transfer_that_fails_in_a_search_ends_the_use_of_its_repository(void **state) {
    test_bench *b = *state;
    lp_full full;
    b->fail_fetch = "image/1.supplier.json";
    b->fail_code = LP_SLOW_RETRIEVAL;
    assert_int_equal(run_mapped(b, &full), LP_SLOW_RETRIEVAL);
    assert_int_equal(b->verdict_count, 2);
    assert_int_equal(times_fetched(b, " image/1.supplier.json"), 3);
    assert_int_equal(lp_full_source_error(&full, B)->role, LP_ROLE_DELEGATED);
}

static void what_cannot_be_stored_ends_the_run(void **state) {
    static const char *const files[] = {"image/snapshot.json", "image/supplier.json"};
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        test_bench *b = bench_make(LP_DIALECT_TUF);
        lp_full full;
        b->fail_store = files[i];
        assert_int_equal(run_mapped(b, &full), LP_STATE);
        assert_int_equal(b->verdict_count, 0);
        bench_free(b);
    }
    (void)state;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_map_is_read),
        cmocka_unit_test(a_fault_has_its_place),
        cmocka_unit_test(scratch_that_is_too_small_is_said),
        cmocka_unit_test(enough_that_agree_end_it),
        cmocka_unit_test(the_first_of_those_that_agree_is_taken),
        cmocka_unit_test(who_agrees_with_the_first_must_agree_with_the_others),
        cmocka_unit_test(an_encrypted_image_is_another),
        cmocka_unit_test(a_repository_is_asked_once_for_an_image),
        cmocka_unit_test(who_cuts_repositories_off_does_not_choose),
        cmocka_unit_test(a_failure_that_cannot_matter_is_passed_over),
        cmocka_unit_test(of_two_conflicts_the_first_is_told),
        cmocka_unit_test(an_image_of_no_entry_is_not_found),
        cmocka_unit_test(a_name_that_is_too_long_is_refused),
        cmocka_unit_test(the_basic_case_is_one_repository_without_a_name),
        TUF_TEST(each_repository_is_verified_once_in_a_run),
        TUF_TEST(a_repository_that_failed_is_not_asked_for_the_next_image),
        TUF_TEST(a_transfer_that_fails_in_a_search_ends_the_use_of_its_repository),
        cmocka_unit_test(what_cannot_be_stored_ends_the_run),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
