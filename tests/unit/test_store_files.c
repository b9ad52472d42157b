/* SPDX-License-Identifier: Apache-2.0 */
/* What lies in flash beside the journal: factory data, key, slots' records, roots, targets. */
#include "lampyr-board/keystore.h"
#include "lampyr-host/openssl.h"
#include "lampyr-store/files.h"
#include "lampyr-store/slot.h"
#include "layouts.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static sim_flash sim;
static const lp_flash *flash;
static const lp_layout *const layout = &layout_small;
static lp_factory factory;
static lp_journal journal;
static lp_board_state state;
static lp_files files;

static const lp_file_id root_id = {LP_REPO_DIRECTOR, LP_ROLE_ROOT, ""};
static const lp_file_id targets_id = {LP_REPO_DIRECTOR, LP_ROLE_TARGETS, ""};
static const lp_file_id time_id = {LP_REPO_DIRECTOR, LP_ROLE_TIME, ""};
static const lp_file_id snapshot_id = {LP_REPO_DIRECTOR, LP_ROLE_SNAPSHOT, ""};
static const lp_file_id image_targets_id = {LP_REPO_IMAGE, LP_ROLE_TARGETS, ""};

static lp_slice slice(const char *text) {
    return (lp_slice){(const uint8_t *)text, strlen(text)};
}

static void assert_slice(lp_slice found, const char *expected) {
    assert_non_null(found.ptr);
    assert_int_equal(found.len, strlen(expected));
    assert_memory_equal(found.ptr, expected, found.len);
}

static int set_up(void **unused) {
    (void)unused;
    sim_flash_make(&sim, &sim_small);
    flash = &sim.flash;
    factory = (lp_factory){.dialect = LP_DIALECT_LEGACY,
                           .time = 0x0102030405060708,
                           .serial = "brake-1",
                           .hardware = "hw",
                           .vendor = "maker",
                           .vehicle = "vehicle-1",
                           .primary = "fd00::1",
                           .eui64 = {1, 2, 3, 4, 5, 6, 7, 8},
                           .root = slice("factory root"),
                           .targets = slice("factory targets")};
    lp_state_first(&state, 0, 0);
    lp_journal_open(&journal, flash, layout->journal, &state);
    assert_true(lp_journal_seal(&journal, &state));
    lp_files_open(&files, flash, layout, &factory, &journal, &state);
    return 0;
}

static int tear_down(void **unused) {
    (void)unused;
    sim_flash_free(&sim);
    return 0;
}

/* As after a reset. */
static void reopen(void) {
    assert_int_equal(lp_journal_open(&journal, flash, layout->journal, &state), LP_JOURNAL_GOOD);
    lp_journal_continue(&journal);
    lp_files_open(&files, flash, layout, &factory, &journal, &state);
}

/* --- factory data --- */

static uint32_t crc_of(const uint8_t *bytes, size_t covered_before, size_t from, size_t len) {
    return lp_crc32(lp_crc32(0, bytes, covered_before), bytes + from, len - from);
}

static void factory_data_are_those_of_the_document(void **unused) {
    (void)unused;
    static const uint8_t expected[] = {
        'L', 'P', 'F', 'D', 1,  0, 1,   0,   128, 0,   0,   0,   0,   0,   0,   0,   8,   7,   6,   5,   4,   3,
        2,   1,   1,   2,   3,  4, 5,   6,   7,   8,                                                   /* */
        1,   0,   0,   0,   8,  0, 0,   0,   'b', 'r', 'a', 'k', 'e', '-', '1', 0,                     /* */
        2,   0,   0,   0,   3,  0, 0,   0,   'h', 'w', 0,   0,                                         /* */
        3,   0,   0,   0,   6,  0, 0,   0,   'm', 'a', 'k', 'e', 'r', 0,   0,   0,                     /* */
        4,   0,   0,   0,   10, 0, 0,   0,   'v', 'e', 'h', 'i', 'c', 'l', 'e', '-', '1', 0,   0,   0, /* */
        5,   0,   0,   0,   8,  0, 0,   0,   'f', 'd', '0', '0', ':', ':', '1', 0,                     /* */
        6,   0,   0,   0,   12, 0, 0,   0,   'f', 'a', 'c', 't', 'o', 'r', 'y', ' ', 'r', 'o', 'o', 't', 7,   0,
        0,   0,   15,  0,   0,  0, 'f', 'a', 'c', 't', 'o', 'r', 'y', ' ', 't', 'a', 'r', 'g', 'e', 't', 's', 0,
    };
    uint8_t bytes[sizeof expected];
    size_t len = 0;
    assert_false(lp_factory_write(&factory, bytes, sizeof bytes - 1, &len));
    assert_true(lp_factory_write(&factory, bytes, sizeof bytes, &len));
    assert_int_equal(len, sizeof expected);
    assert_memory_equal(bytes, expected, 8);
    assert_int_equal(bytes[8], sizeof expected - 32);
    uint32_t crc = crc_of(bytes, 12, 16, len);
    assert_memory_equal(
        bytes + 12, ((uint8_t[]){(uint8_t)crc, (uint8_t)(crc >> 8), (uint8_t)(crc >> 16), (uint8_t)(crc >> 24)}), 4);
    assert_memory_equal(bytes + 16, expected + 16, len - 16);
}

static uint32_t load_factory(void) {
    uint8_t bytes[512];
    size_t len;
    assert_true(lp_factory_write(&factory, bytes, sizeof bytes, &len));
    sim_flash_load(&sim, layout->factory.offset, bytes, (uint32_t)len);
    return (uint32_t)len;
}

static void factory_data_are_read_as_they_were_written(void **unused) {
    (void)unused;
    lp_factory found;
    assert_false(lp_factory_read(flash, layout, &found));
    load_factory();
    assert_true(lp_factory_read(flash, layout, &found));
    assert_int_equal(found.dialect, LP_DIALECT_LEGACY);
    assert_int_equal(found.time, 0x0102030405060708);
    assert_string_equal(found.serial, "brake-1");
    assert_string_equal(found.hardware, "hw");
    assert_string_equal(found.vendor, "maker");
    assert_string_equal(found.vehicle, "vehicle-1");
    assert_string_equal(found.primary, "fd00::1");
    assert_memory_equal(found.eui64, factory.eui64, 8);
    assert_slice(found.root, "factory root");
    assert_slice(found.targets, "factory targets");
}

static void vendor_and_vehicle_may_be_absent(void **unused) {
    (void)unused;
    lp_factory found;
    factory.vendor = "";
    factory.vehicle = NULL;
    load_factory();
    assert_true(lp_factory_read(flash, layout, &found));
    assert_string_equal(found.vendor, "");
    assert_null(found.vehicle);
}

static void assert_no_factory(void) {
    lp_factory found;
    load_factory();
    assert_false(lp_factory_read(flash, layout, &found));
}

static void a_board_without_what_it_needs_was_not_provisioned(void **unused) {
    (void)unused;
    char long_text[82];
    memset(long_text, 'x', sizeof long_text - 1);
    long_text[sizeof long_text - 1] = '\0';
    const lp_factory good = factory;
    factory.serial = "";
    assert_no_factory();
    factory = good;
    factory.hardware = "";
    assert_no_factory();
    factory.hardware = long_text;
    assert_no_factory();
    factory = good;
    factory.primary = "";
    assert_no_factory();
}

static void factory_data_with_any_bit_changed_are_not_whole(void **unused) {
    (void)unused;
    lp_factory found;
    uint32_t len = load_factory();
    for (uint32_t bit = 0; bit < 8 * len; bit++) {
        uint8_t byte = flash->map[layout->factory.offset + bit / 8];
        uint8_t changed = (uint8_t)(byte ^ 1U << bit % 8);
        sim_flash_load(&sim, layout->factory.offset + bit / 8, &changed, 1);
        assert_false(lp_factory_read(flash, layout, &found));
        sim_flash_load(&sim, layout->factory.offset + bit / 8, &byte, 1);
    }
    assert_true(lp_factory_read(flash, layout, &found));
}

/* Gives factory data a right checksum after a change. */
static void change_factory(uint32_t at, uint8_t value) {
    uint8_t bytes[512];
    uint32_t len = load_factory();
    memcpy(bytes, flash->map + layout->factory.offset, len);
    bytes[at] = value;
    uint32_t crc = crc_of(bytes, 12, 16, len);
    memcpy(bytes + 12, ((uint8_t[]){(uint8_t)crc, (uint8_t)(crc >> 8), (uint8_t)(crc >> 16), (uint8_t)(crc >> 24)}), 4);
    sim_flash_load(&sim, layout->factory.offset, bytes, len);
}

static void factory_data_of_another_form_are_refused(void **unused) {
    (void)unused;
    const struct {
        uint32_t at;
        uint8_t value;
    } changes[] = {
        {4, 2},              /* format */
        {6, 2},              /* dialect */
        {36, 255},           /* a field longer than what is left */
        {39, 255},           /* much longer */
        {48, 1},             /* a tag twice */
        {32, 0},             /* tag 0 */
        {36, 7},             /* a text without its end */
        {42, 0},             /* a text with an early end */
        {32, 9},             /* unknown: there is no serial then */
        {112, 9},            /* there is no root then */
        {132, 0x109 & 0xFF}, /* there are no targets then */
    };
    lp_factory found;
    for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++) {
        change_factory(changes[i].at, changes[i].value);
        if (lp_factory_read(flash, layout, &found)) {
            fail_msg("change %zu is taken", i);
        }
    }
}

/* --- the key --- */

static bool sign_with(lp_scheme scheme, const uint8_t *private_key, lp_slice message, uint8_t *signature, size_t *len) {
    signature[0] = (uint8_t)scheme;
    signature[1] = private_key[0];
    signature[2] = message.ptr[0];
    *len = 3;
    return true;
}

static void the_key_page_is_that_of_the_document(void **unused) {
    (void)unused;
    lp_public_key key = {.scheme = LP_SCHEME_ED25519, .len = 32};
    uint8_t secret[LP_PRIVATE_KEY_BYTES];
    uint8_t page[LP_KEY_PAGE_BYTES];
    uint8_t expected[LP_KEY_PAGE_BYTES] = {'L', 'P', 'K', 'Y', 1};
    memset(key.bytes, 0xAB, 32);
    memset(secret, 0xCD, sizeof secret);
    memset(expected + 12, 0xAB, 32);
    memset(expected + 76, 0xCD, 32);
    uint32_t crc = crc_of(expected, 8, 12, 108);
    memcpy(expected + 8, ((uint8_t[]){(uint8_t)crc, (uint8_t)(crc >> 8), (uint8_t)(crc >> 16), (uint8_t)(crc >> 24)}),
           4);
    assert_true(lp_key_page_write(&key, secret, page));
    assert_memory_equal(page, expected, sizeof page);
    key.scheme = LP_SCHEME_RSA_PSS;
    assert_false(lp_key_page_write(&key, secret, page));
    key.scheme = LP_SCHEME_ECDSA_P256;
    assert_false(lp_key_page_write(&key, secret, page));
}

static void the_agent_signs_with_the_key_in_the_page(void **unused) {
    (void)unused;
    lp_key made;
    lp_public_key found;
    lp_signer signer;
    uint8_t page[LP_KEY_PAGE_BYTES];
    uint8_t signature[LP_SIGNATURE_BYTES];
    size_t len;
    lp_key_page place = {.flash = flash, .layout = layout, .sign = sign_with};
    lp_keystore store = lp_key_page_store(&place);
    assert_false(lp_keystore_signer(&store, &lp_crypto_openssl, LP_DIALECT_TUF, &found, &signer));
    assert_int_equal(lp_key_generate(LP_SCHEME_ECDSA_P256, 0, LP_DIALECT_TUF, &made), LP_OK);
    assert_true(lp_key_page_write(&made.public_key, (const uint8_t[LP_PRIVATE_KEY_BYTES]){7}, page));
    sim_flash_load(&sim, layout->key.offset, page, sizeof page);
    assert_true(lp_keystore_signer(&store, &lp_crypto_openssl, LP_DIALECT_TUF, &found, &signer));
    assert_true(lp_public_key_eq(&found, &made.public_key));
    assert_int_equal(signer.scheme, LP_SCHEME_ECDSA_P256);
    assert_string_equal(signer.keyid, made.signer.keyid);
    assert_true(signer.sign(&signer, slice("message"), signature, &len));
    assert_memory_equal(signature, ((uint8_t[]){LP_SCHEME_ECDSA_P256, 7, 'm'}), 3);
    page[80] ^= 1;
    sim_flash_load(&sim, layout->key.offset, page, sizeof page);
    assert_false(signer.sign(&signer, slice("message"), signature, &len));
    lp_key_free(&made);
}

/* --- records --- */

static void a_record_is_that_of_the_document(void **unused) {
    (void)unused;
    uint8_t expected[32];
    lp_slot_record record = {.image_bytes = 0x0203, .root_version = 0x0405, .targets = slice("{}")};
    memset(expected, 0, sizeof expected);
    memcpy(expected, "LPRC\x03\x02", 6);
    memcpy(expected + 8, "\x05\x04", 2);
    expected[16] = 2;
    uint32_t crc = lp_crc32(lp_crc32(0, expected, 20), "{}", 2);
    memcpy(expected + 20, ((uint8_t[]){(uint8_t)crc, (uint8_t)(crc >> 8), (uint8_t)(crc >> 16), (uint8_t)(crc >> 24)}),
           4);
    memset(expected + 24, 0xFF, 8);
    assert_true(lp_slot_record_write(flash, layout, 1, &record));
    const uint8_t *at = flash->map + layout->slot[1].offset + 3 * 1024;
    assert_memory_equal(at, expected, sizeof expected);
    assert_memory_equal(at + 32, "{}\xFF\xFF", 4);
    lp_slot_record found;
    assert_true(lp_slot_record_read(flash, layout, 1, &found));
    assert_int_equal(found.image_bytes, 0x0203);
    assert_int_equal(found.root_version, 0x0405);
    assert_slice(found.targets, "{}");
    assert_false(lp_slot_record_read(flash, layout, 0, &found));
    assert_true(lp_slot_record_erase(flash, layout, 1));
    assert_false(lp_slot_record_read(flash, layout, 1, &found));
}

static void a_record_with_any_bit_changed_is_none(void **unused) {
    (void)unused;
    lp_slot_record record = {.image_bytes = 5, .root_version = 1, .targets = slice("some targets")};
    lp_slot_record found;
    assert_true(lp_slot_record_write(flash, layout, 1, &record));
    uint32_t offset = layout->slot[1].offset + 3 * 1024;
    for (uint32_t bit = 0; bit < 8 * (32 + 12); bit++) {
        if (bit >= 8 * 24 && bit < 8 * 32) {
            continue; /* erased */
        }
        uint8_t byte = flash->map[offset + bit / 8];
        uint8_t changed = (uint8_t)(byte ^ 1U << bit % 8);
        sim_flash_load(&sim, offset + bit / 8, &changed, 1);
        assert_false(lp_slot_record_read(flash, layout, 1, &found));
        sim_flash_load(&sim, offset + bit / 8, &byte, 1);
    }
    assert_true(lp_slot_record_read(flash, layout, 1, &found));
}

static void records_have_their_limits(void **unused) {
    (void)unused;
    static uint8_t targets[2048];
    lp_slot_record record = {.image_bytes = 3 * 1024, .root_version = 1, .targets = {targets, 2048 - 32}};
    lp_slot_record found;
    assert_true(lp_slot_record_write(flash, layout, 1, &record));
    assert_true(lp_slot_record_read(flash, layout, 1, &found));
    assert_int_equal(found.targets.len, 2048 - 32);
    record.targets.len++;
    assert_false(lp_slot_record_write(flash, layout, 1, &record));
    record.targets.len = 1;
    record.image_bytes++;
    assert_true(lp_slot_record_write(flash, layout, 1, &record));
    assert_false(lp_slot_record_read(flash, layout, 1, &found));
    assert_int_equal(lp_slot_image_pages(flash, 0), 0);
    assert_int_equal(lp_slot_image_pages(flash, 1024), 1);
    assert_int_equal(lp_slot_image_pages(flash, 1025), 2);
    assert_int_equal(lp_slot_record_pages(flash, 1024 - 32), 1);
    assert_int_equal(lp_slot_record_pages(flash, 1024 - 31), 2);
}

/* --- roots and targets --- */

static void stage(const lp_file_id *id, const char *text) {
    assert_true(lp_files_stage_begin(&files, id, 2000));
    for (size_t at = 0; at < strlen(text); at += 3) {
        size_t left = strlen(text) - at;
        assert_true(lp_files_stage_write(&files, (lp_slice){(const uint8_t *)text + at, left < 3 ? left : 3}));
    }
    assert_slice(lp_files_stage_bytes(&files), text);
}

static void keep(const lp_file_id *id, const char *text) {
    stage(id, text);
    assert_true(lp_files_stage_store(&files, id));
}

static void at_first_the_provisioned_files_are_trusted(void **unused) {
    (void)unused;
    assert_slice(lp_files_load(&files, &root_id, 2000), "factory root");
    assert_slice(lp_files_load(&files, &targets_id, 2000), "factory targets");
    assert_null(lp_files_load(&files, &root_id, 11).ptr);
    assert_null(lp_files_load(&files, &time_id, 2000).ptr);
    assert_null(lp_files_load(&files, &snapshot_id, 2000).ptr);
    assert_null(lp_files_load(&files, &image_targets_id, 2000).ptr);
}

static void what_is_stored_stays(void **unused) {
    (void)unused;
    keep(&root_id, "root 2");
    keep(&root_id, "root 3");
    keep(&targets_id, "targets 1");
    keep(&targets_id, "targets 2");
    stage(&targets_id, "targets 3");
    reopen();
    assert_slice(lp_files_load(&files, &root_id, 2000), "root 3");
    assert_slice(lp_files_load(&files, &targets_id, 2000), "targets 2");
    assert_slice(lp_files_root(flash, layout, 0), "root 2");
    assert_null(lp_files_root(flash, layout, 2).ptr);
    assert_null(lp_files_root(flash, layout, 16).ptr);
    keep(&targets_id, "targets 3");
    assert_slice(lp_files_load(&files, &targets_id, 2000), "targets 3");
}

static void what_was_handed_out_stays_while_more_is_stored(void **unused) {
    (void)unused;
    keep(&targets_id, "targets 1");
    lp_slice before = lp_files_load(&files, &targets_id, 2000);
    stage(&time_id, "time");
    stage(&targets_id, "targets 2");
    lp_slice staged = lp_files_stage_bytes(&files);
    assert_true(lp_files_stage_store(&files, &targets_id));
    assert_slice(before, "targets 1");
    assert_slice(staged, "targets 2");
    assert_true(lp_files_forget(&files, &targets_id));
    stage(&time_id, "time");
    assert_slice(staged, "targets 2");
}

static void forgotten_targets_are_the_provisioned_ones(void **unused) {
    (void)unused;
    keep(&targets_id, "targets 1");
    keep(&root_id, "root 2");
    assert_true(lp_files_forget(&files, &targets_id));
    assert_true(lp_files_forget(&files, &targets_id));
    assert_true(lp_files_forget(&files, &snapshot_id));
    assert_true(lp_files_forget(&files, &image_targets_id));
    assert_false(lp_files_forget(&files, &root_id));
    reopen();
    assert_slice(lp_files_load(&files, &targets_id, 2000), "factory targets");
    assert_slice(lp_files_load(&files, &root_id, 2000), "root 2");
}

static void only_what_was_staged_is_stored(void **unused) {
    (void)unused;
    assert_false(lp_files_stage_store(&files, &targets_id));
    stage(&time_id, "time");
    assert_false(lp_files_stage_store(&files, &time_id));
    assert_false(lp_files_stage_store(&files, &targets_id));
    assert_false(lp_files_stage_begin(&files, &snapshot_id, 2000));
    assert_false(lp_files_stage_begin(&files, &image_targets_id, 2000));
    assert_false(lp_files_stage_begin(&files, &(lp_file_id){LP_REPO_IMAGE, LP_ROLE_TIME, ""}, 2000));
    assert_false(lp_files_stage_write(&files, slice("x")));
    assert_null(lp_files_stage_bytes(&files).ptr);
}

static void the_chain_of_roots_has_an_end(void **unused) {
    (void)unused;
    char text[16];
    for (int i = 2; i < 18; i++) {
        snprintf(text, sizeof text, "root %d", i);
        keep(&root_id, text);
    }
    assert_false(lp_files_stage_begin(&files, &root_id, 2000));
    assert_slice(lp_files_load(&files, &root_id, 2000), "root 17");
}

static void roots_behind_a_damaged_one_do_not_count(void **unused) {
    (void)unused;
    keep(&root_id, "root 2");
    keep(&root_id, "root 3");
    keep(&root_id, "root 4");
    sim_flash_load(&sim, layout->roots.offset + layout->root_slot_bytes + 16, "R", 1);
    assert_null(lp_files_root(flash, layout, 1).ptr);
    reopen();
    assert_slice(lp_files_load(&files, &root_id, 2000), "root 2");
    keep(&root_id, "root 3 again");
    reopen();
    assert_slice(lp_files_load(&files, &root_id, 2000), "root 3 again");
}

/* A journal may say anything: an application can write it. */
static void targets_longer_than_their_place_are_the_provisioned_ones(void **unused) {
    (void)unused;
    keep(&targets_id, "targets 2");
    state.targets_len = layout->targets[0].bytes;
    assert_true(lp_journal_save(&journal, &state, LP_STATE_FILES));
    reopen();
    assert_int_equal(lp_files_load(&files, &targets_id, UINT32_MAX).len, layout->targets[0].bytes);
    state.targets_len++;
    assert_true(lp_journal_save(&journal, &state, LP_STATE_FILES));
    reopen();
    assert_slice(lp_files_load(&files, &targets_id, UINT32_MAX), "factory targets");
}

static void a_root_is_that_of_the_document(void **unused) {
    (void)unused;
    keep(&root_id, "root 2");
    const uint8_t *at = flash->map + layout->roots.offset;
    uint32_t crc = lp_crc32(0, "root 2", 6);
    assert_memory_equal(at, "\x06\0\0\0", 4);
    assert_memory_equal(
        at + 4, ((uint8_t[]){(uint8_t)crc, (uint8_t)(crc >> 8), (uint8_t)(crc >> 16), (uint8_t)(crc >> 24)}), 4);
    assert_memory_equal(at + 8, "\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFFroot 2\xFF", 15);
}

static void what_does_not_fit_is_not_staged(void **unused) {
    (void)unused;
    static uint8_t bytes[2049];
    assert_true(lp_files_stage_begin(&files, &targets_id, sizeof bytes));
    assert_false(lp_files_stage_write(&files, (lp_slice){bytes, 2049}));
    assert_false(lp_files_stage_store(&files, &targets_id));
    assert_true(lp_files_stage_begin(&files, &root_id, sizeof bytes));
    assert_false(lp_files_stage_write(&files, (lp_slice){bytes, 2048 - 15}));
    assert_true(lp_files_stage_begin(&files, &root_id, sizeof bytes));
    assert_true(lp_files_stage_write(&files, (lp_slice){bytes, 2048 - 16}));
    assert_true(lp_files_stage_store(&files, &root_id));
}

/* One attestation goes behind the other: they come often. */
static void attestations_share_pages(void **unused) {
    (void)unused;
    uint32_t least, most;
    for (int i = 0; i < 100; i++) {
        assert_true(lp_files_stage_begin(&files, &time_id, 300));
        assert_true(
            lp_files_stage_write(&files, slice("an attestation of some sixty-five bytes, in its canonical form..")));
        assert_int_equal(lp_files_stage_bytes(&files).len, 64);
    }
    sim_flash_wear(&sim, layout->targets[0], &least, &most);
    assert_in_range(most, 2, 5);
    assert_true(least + 1 >= most);
    sim_flash_wear(&sim, layout->targets[1], &least, &most);
    assert_int_equal(most, 0);
}

static void a_page_that_fails_is_begun_again(void **unused) {
    (void)unused;
    stage(&time_id, "time");
    sim_flash_fail(&sim, layout->targets[0].offset, SIM_FAILS_PROGRAM);
    assert_true(lp_files_stage_begin(&files, &time_id, 300));
    assert_true(lp_files_stage_write(&files, slice("time")));
    assert_null(lp_files_stage_bytes(&files).ptr);
    sim_flash_fail(&sim, layout->targets[0].offset, 0);
    stage(&time_id, "time");
    sim_flash_fail(&sim, layout->roots.offset, SIM_FAILS_ERASE);
    assert_false(lp_files_stage_begin(&files, &root_id, 2000));
}

/* While it is not known which state the next start finds, nothing that either speaks of is touched. */
static void nothing_is_staged_while_the_journal_fails(void **unused) {
    (void)unused;
    stage(&targets_id, "targets 1");
    for (uint32_t page = 0; page < 3; page++) {
        sim_flash_fail(&sim, layout->journal.offset + page * 1024, SIM_FAILS_ERASE | SIM_FAILS_PROGRAM);
    }
    assert_false(lp_files_stage_store(&files, &targets_id));
    assert_slice(lp_files_load(&files, &targets_id, 2000), "factory targets");
    assert_false(lp_files_stage_begin(&files, &targets_id, 2000));
    assert_memory_equal(flash->map + layout->targets[0].offset, "targets 1", 9);
    for (uint32_t page = 0; page < 3; page++) {
        sim_flash_fail(&sim, layout->journal.offset + page * 1024, 0);
    }
    keep(&targets_id, "targets 2");
    reopen();
    assert_slice(lp_files_load(&files, &targets_id, 2000), "targets 2");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(factory_data_are_those_of_the_document),
        TEST(factory_data_are_read_as_they_were_written),
        TEST(vendor_and_vehicle_may_be_absent),
        TEST(a_board_without_what_it_needs_was_not_provisioned),
        TEST(factory_data_with_any_bit_changed_are_not_whole),
        TEST(factory_data_of_another_form_are_refused),
        TEST(the_key_page_is_that_of_the_document),
        TEST(the_agent_signs_with_the_key_in_the_page),
        TEST(a_record_is_that_of_the_document),
        TEST(a_record_with_any_bit_changed_is_none),
        TEST(records_have_their_limits),
        TEST(at_first_the_provisioned_files_are_trusted),
        TEST(what_is_stored_stays),
        TEST(what_was_handed_out_stays_while_more_is_stored),
        TEST(forgotten_targets_are_the_provisioned_ones),
        TEST(only_what_was_staged_is_stored),
        TEST(the_chain_of_roots_has_an_end),
        TEST(roots_behind_a_damaged_one_do_not_count),
        TEST(targets_longer_than_their_place_are_the_provisioned_ones),
        TEST(a_root_is_that_of_the_document),
        TEST(what_does_not_fit_is_not_staged),
        TEST(attestations_share_pages),
        TEST(a_page_that_fails_is_begun_again),
        TEST(nothing_is_staged_while_the_journal_fails),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
