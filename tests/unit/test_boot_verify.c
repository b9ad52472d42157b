/* SPDX-License-Identifier: Apache-2.0 */
/* What the boot loader asks of an image: each refusal by its code, beside what is only just accepted. */
#include "board_rig.h"
#include "lampyr-store/files.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { IMAGE_BYTES = 1500, COUNTER = 5, LAST_ROOT = 1 + LP_ROOT_SLOTS_MIN };

typedef struct fixture {
    board_rig rig;
    uint8_t bytes[4096];
    lp_slice image;
} fixture;

static int set_up_on(void **state, const sim_geometry *geometry, const lp_layout *layout) {
    fixture *f = calloc(1, sizeof *f);
    assert_non_null(f);
    rig_make(&f->rig, geometry, layout);
    rig_provision(&f->rig);
    f->image = rig_image(f->bytes, IMAGE_BYTES, 1);
    *state = f;
    return 0;
}

static int set_up(void **state) {
    return set_up_on(state, &sim_small, &layout_small);
}

static int set_up_full(void **state) {
    return set_up_on(state, &sim_firefly, &layout_firefly);
}

static int tear_down(void **state) {
    fixture *f = *state;
    rig_free(&f->rig);
    free(f);
    return 0;
}

static lp_code verify_above(fixture *f, uint64_t counter_floor) {
    lp_boot_verified verified = {.counter = 0};
    return lp_boot_verify_slot(&f->rig.boot, &f->rig.factory, 1, counter_floor, &verified);
}

static lp_code verify(fixture *f) {
    return verify_above(f, 0);
}

/* Puts the image into slot 1, under these targets and the factory's root. */
static void fill(fixture *f, lp_slice targets) {
    rig_fill_slot(&f->rig, 1, f->image, targets, 1);
}

static lp_slice order(fixture *f) {
    return rig_order(&f->rig, 2, f->image, COUNTER, 0);
}

/* Changes one byte of flash. */
static void damage(fixture *f, uint32_t offset) {
    uint8_t changed = f->rig.sim.bytes[offset] ^ 1;
    sim_flash_load(&f->rig.sim, offset, &changed, 1);
}

static uint32_t slot_offset(const fixture *f) {
    return f->rig.layout->slot[1].offset;
}

static uint32_t record_offset(const fixture *f) {
    return slot_offset(f) + lp_layout_image_bytes(f->rig.layout);
}

/* --- the record --- */

static void an_image_that_was_ordered_is_accepted(void **state) {
    fixture *f = *state;
    lp_boot_verified verified = {.counter = 0};
    fill(f, order(f));
    assert_int_equal(lp_boot_verify_slot(&f->rig.boot, &f->rig.factory, 1, COUNTER, &verified), LP_OK);
    assert_int_equal(verified.counter, COUNTER);
    assert_int_equal(verified.roots, 0);
}

static void a_slot_without_a_record_is_refused(void **state) {
    fixture *f = *state;
    lp_boot_verified verified = {.counter = 77};
    assert_int_equal(lp_boot_verify_slot(&f->rig.boot, &f->rig.factory, 0, 0, &verified), LP_MISSING_FILE);
    assert_int_equal(verified.counter, 77); /* set on LP_OK only */
}

static void a_damaged_record_is_refused(void **state) {
    fixture *f = *state;
    lp_slice targets = order(f);
    fill(f, targets);
    damage(f, record_offset(f) + 5); /* the image's length */
    assert_int_equal(verify(f), LP_MISSING_FILE);
    fill(f, targets);
    damage(f, record_offset(f) + 32 + 50); /* the targets */
    assert_int_equal(verify(f), LP_MISSING_FILE);
    fill(f, targets);
    damage(f, record_offset(f) + 32 + (uint32_t)targets.len); /* behind them */
    assert_int_equal(verify(f), LP_OK);
}

/* --- roots --- */

static void a_record_under_a_root_that_is_not_there_is_refused(void **state) {
    fixture *f = *state;
    repo_next_root(&f->rig.director, NULL);
    rig_fill_slot(&f->rig, 1, f->image, order(f), 2);
    assert_int_equal(verify(f), LP_NO_TRUSTED_ROOT);
    rig_store_root(&f->rig, 2);
    assert_int_equal(verify(f), LP_OK);
    damage(f, f->rig.layout->roots.offset + 100);
    assert_int_equal(verify(f), LP_NO_TRUSTED_ROOT);
}

static void a_record_under_a_root_before_the_factory_s_is_refused(void **state) {
    fixture *f = *state;
    rig_fill_slot(&f->rig, 1, f->image, order(f), 0);
    assert_int_equal(verify(f), LP_NO_TRUSTED_ROOT);
}

static void a_root_that_its_predecessor_did_not_sign_is_refused(void **state) {
    fixture *f = *state;
    lp_key former;
    rig_change_key(&f->rig, LP_ROLE_ROOT, &former);
    repo_next_root(&f->rig.director, NULL); /* by its own key only */
    lp_slice targets = order(f);
    rig_store_root(&f->rig, 2);
    rig_fill_slot(&f->rig, 1, f->image, targets, 2);
    assert_int_equal(verify(f), LP_SIGNATURE_THRESHOLD);
    set_version(f->rig.director.roles[LP_ROLE_ROOT], 1);
    repo_next_root(&f->rig.director, &former);
    rig_store_root(&f->rig, 2);
    assert_int_equal(verify(f), LP_OK);
    lp_key_free(&former);
}

static void a_root_of_another_version_is_refused(void **state) {
    fixture *f = *state;
    json_t *root = f->rig.director.roles[LP_ROLE_ROOT];
    set_version(root, 3);
    const lp_key *key = &f->rig.director.keys[LP_ROLE_ROOT];
    repo_serve(&f->rig.director, "2.root.json", root, &key, 1);
    rig_store_root(&f->rig, 2);
    rig_fill_slot(&f->rig, 1, f->image, order(f), 2);
    assert_int_equal(verify(f), LP_ROOT_VERSION);
}

/* A chain as long as there is room for, and one root more. */
static void the_chain_is_followed_to_its_last_root(void **state) {
    fixture *f = *state;
    lp_boot_verified verified;
    for (unsigned version = 2; version <= LAST_ROOT; version++) {
        repo_next_root(&f->rig.director, NULL);
        rig_store_root(&f->rig, version);
    }
    lp_slice targets = order(f);
    rig_fill_slot(&f->rig, 1, f->image, targets, LAST_ROOT);
    assert_int_equal(lp_boot_verify_slot(&f->rig.boot, &f->rig.factory, 1, 0, &verified), LP_OK);
    assert_int_equal(verified.roots, LP_ROOT_SLOTS_MIN);
    rig_fill_slot(&f->rig, 1, f->image, targets, LAST_ROOT + 1);
    assert_int_equal(verify(f), LP_NO_TRUSTED_ROOT);
}

/* What was installed under a root goes on booting when a later one takes its key away. */
static void later_rotations_do_not_count(void **state) {
    fixture *f = *state;
    fill(f, order(f));
    rig_change_key(&f->rig, LP_ROLE_TARGETS, NULL);
    repo_next_root(&f->rig.director, NULL);
    rig_store_root(&f->rig, 2);
    assert_int_equal(verify(f), LP_OK);
}

/* --- targets --- */

static void targets_must_be_signed_by_the_key_of_their_root(void **state) {
    fixture *f = *state;
    order(f);
    repo_sign_as(&f->rig.director, LP_ROLE_TARGETS, LP_ROLE_SNAPSHOT);
    fill(f, files_get(&f->rig.director.files, repo_path(&f->rig.director, LP_ROLE_TARGETS, NULL)));
    assert_int_equal(verify(f), LP_SIGNATURE_THRESHOLD);
}

static void targets_by_a_key_that_a_root_took_away_are_refused_under_it(void **state) {
    fixture *f = *state;
    lp_slice before = order(f);
    rig_change_key(&f->rig, LP_ROLE_TARGETS, NULL);
    repo_next_root(&f->rig.director, NULL);
    rig_store_root(&f->rig, 2);
    rig_fill_slot(&f->rig, 1, f->image, before, 2);
    assert_int_equal(verify(f), LP_SIGNATURE_THRESHOLD);
    rig_fill_slot(&f->rig, 1, f->image, rig_order(&f->rig, 3, f->image, COUNTER, 0), 2);
    assert_int_equal(verify(f), LP_OK);
}

static void expiry_does_not_count(void **state) {
    fixture *f = *state;
    set_expires(f->rig.director.roles[LP_ROLE_TARGETS], TEST_EXPIRED);
    fill(f, order(f));
    assert_int_equal(verify(f), LP_OK);
}

static void targets_must_be_canonical(void **state) {
    fixture *f = *state;
    f->rig.director.serve_canonical = false;
    json_object_set_new(f->rig.director.roles[LP_ROLE_TARGETS], "x", json_string("\n")); /* raw if canonical */
    fill(f, order(f));
    assert_int_equal(verify(f), LP_NOT_CANONICAL);
    f->rig.director.serve_canonical = true;
    fill(f, rig_sign_targets(&f->rig));
    assert_int_equal(verify(f), LP_OK);
}

static void targets_of_another_vehicle_are_refused(void **state) {
    fixture *f = *state;
    json_object_set_new(f->rig.director.roles[LP_ROLE_TARGETS], "custom", json_pack("{s:s}", "vehicle", "vehicle-2"));
    fill(f, order(f));
    assert_int_equal(verify(f), LP_WRONG_VEHICLE);
}

static void an_image_for_other_hardware_is_refused(void **state) {
    fixture *f = *state;
    fill(f, rig_order_custom(&f->rig, 2, f->image, order_for(RIG_SERIAL, "lamp-hw", COUNTER)));
    assert_int_equal(verify(f), LP_WRONG_HARDWARE);
}

static void targets_that_order_nothing_for_this_board_are_refused(void **state) {
    fixture *f = *state;
    fill(f, rig_order_custom(&f->rig, 2, f->image, order_for("brake-2", RIG_HARDWARE, COUNTER)));
    assert_int_equal(verify(f), LP_UNKNOWN_ECU);
}

/* --- the image --- */

static void an_image_below_the_floor_is_refused(void **state) {
    fixture *f = *state;
    fill(f, order(f));
    assert_int_equal(verify_above(f, COUNTER + 1), LP_ROLLBACK_COUNTER);
    assert_int_equal(verify_above(f, COUNTER), LP_OK);
}

static void a_changed_image_is_refused(void **state) {
    fixture *f = *state;
    fill(f, order(f));
    damage(f, slot_offset(f) + IMAGE_BYTES); /* behind it */
    assert_int_equal(verify(f), LP_OK);
    damage(f, slot_offset(f) + IMAGE_BYTES - 1);
    assert_int_equal(verify(f), LP_IMAGE_HASH);
}

static void the_record_s_length_must_be_the_targets(void **state) {
    fixture *f = *state;
    lp_slice targets = order(f);
    rig_fill_slot(&f->rig, 1, (lp_slice){f->image.ptr, f->image.len - 1}, targets, 1);
    assert_int_equal(verify(f), LP_IMAGE_LENGTH);
    rig_fill_slot(&f->rig, 1, (lp_slice){f->bytes, f->image.len + 1}, targets, 1);
    assert_int_equal(verify(f), LP_IMAGE_LENGTH);
}

static void an_image_may_fill_its_slot(void **state) {
    fixture *f = *state;
    f->image = rig_image(f->bytes, lp_layout_image_bytes(f->rig.layout), 3);
    fill(f, order(f));
    assert_int_equal(verify(f), LP_OK);
}

static lp_slice asked; /* the image that a port was asked about */

static bool starts(lp_slice image) {
    asked = image;
    return true;
}

static bool does_not_start(lp_slice image) {
    (void)image;
    return false;
}

/* Only of an image that is verified to its last byte. */
static void the_port_has_a_say_on_what_it_can_start(void **state) {
    fixture *f = *state;
    fill(f, order(f));
    f->rig.boot.starts = starts;
    assert_int_equal(verify(f), LP_OK);
    assert_ptr_equal(asked.ptr, f->rig.sim.flash.map + slot_offset(f));
    assert_int_equal(asked.len, IMAGE_BYTES);
    f->rig.boot.starts = does_not_start;
    assert_int_equal(verify(f), LP_WRONG_HARDWARE);
    damage(f, slot_offset(f) + IMAGE_BYTES - 1);
    assert_int_equal(verify(f), LP_IMAGE_HASH);
}

static bool no_sha512(const lp_crypto *crypto, lp_hash *hash, lp_hash_alg alg) {
    return alg != LP_SHA512 && lp_crypto_openssl.hash_begin(crypto, hash, alg);
}

static void every_listed_digest_must_match(void **state) {
    fixture *f = *state;
    json_t *targets = f->rig.director.roles[LP_ROLE_TARGETS];
    order(f);
    json_t *hashes = json_object_get(json_object_get(json_object_get(targets, "targets"), "brake.bin"), "hashes");
    char wrong[2 * LP_SHA512_BYTES + 1];
    memset(wrong, 'a', sizeof wrong - 1);
    wrong[sizeof wrong - 1] = '\0';
    json_object_set_new(hashes, "sha512", json_string(wrong));
    fill(f, rig_sign_targets(&f->rig));
    assert_int_equal(verify(f), LP_IMAGE_HASH);
    json_object_del(hashes, "sha256");
    fill(f, rig_sign_targets(&f->rig));
    lp_crypto without = lp_crypto_openssl;
    without.hash_begin = no_sha512;
    f->rig.boot.crypto = &without;
    assert_int_equal(verify(f), LP_FIELD_VALUE); /* only one that is not built in */
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(an_image_that_was_ordered_is_accepted),
        TEST(a_slot_without_a_record_is_refused),
        TEST(a_damaged_record_is_refused),
        TEST(a_record_under_a_root_that_is_not_there_is_refused),
        TEST(a_record_under_a_root_before_the_factory_s_is_refused),
        cmocka_unit_test_setup_teardown(a_root_that_its_predecessor_did_not_sign_is_refused, set_up_full, tear_down),
        TEST(a_root_of_another_version_is_refused),
        TEST(the_chain_is_followed_to_its_last_root),
        TEST(later_rotations_do_not_count),
        TEST(targets_must_be_signed_by_the_key_of_their_root),
        TEST(targets_by_a_key_that_a_root_took_away_are_refused_under_it),
        TEST(expiry_does_not_count),
        TEST(targets_must_be_canonical),
        TEST(targets_of_another_vehicle_are_refused),
        TEST(an_image_for_other_hardware_is_refused),
        TEST(targets_that_order_nothing_for_this_board_are_refused),
        TEST(an_image_below_the_floor_is_refused),
        TEST(a_changed_image_is_refused),
        TEST(the_record_s_length_must_be_the_targets),
        TEST(an_image_may_fill_its_slot),
        TEST(the_port_has_a_say_on_what_it_can_start),
        TEST(every_listed_digest_must_match),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
