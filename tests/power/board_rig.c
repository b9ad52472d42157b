/* SPDX-License-Identifier: Apache-2.0 */
#include "board_rig.h"

#include "lampyr-store/files.h"
#include "lampyr-store/slot.h"
#include "lampyr/encode.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

void rig_make(board_rig *rig, const sim_geometry *geometry, const lp_layout *layout) {
    memset(rig, 0, sizeof *rig);
    sim_flash_make(&rig->sim, geometry);
    rig->layout = layout;
    rig->limits = lp_layout_limits(layout);
    rig->boot = (lp_boot_config){.flash = &rig->sim.flash,
                                 .layout = layout,
                                 .crypto = &lp_crypto_openssl,
                                 .limits = &rig->limits,
                                 .cause = LP_RESET_POWER};
    repo_make(&rig->director, LP_REPO_DIRECTOR, LP_DIALECT_TUF);
    rig->director.serve_canonical = true;
    repo_sign_time(&rig->director);
    repo_publish(&rig->director);
}

void rig_free(board_rig *rig) {
    repo_free(&rig->director);
    sim_flash_free(&rig->sim);
}

void rig_provision(board_rig *rig) {
    const lp_region *region = &rig->layout->factory;
    uint8_t *bytes = calloc(1, region->bytes);
    size_t len;
    lp_factory factory = {.dialect = LP_DIALECT_TUF,
                          .time = RIG_FACTORY_TIME,
                          .serial = RIG_SERIAL,
                          .hardware = RIG_HARDWARE,
                          .vendor = "maker",
                          .vehicle = TEST_VEHICLE,
                          .primary = "fd00::1",
                          .root = rig_root(rig, 1),
                          .targets = files_get(&rig->director.files, repo_path(&rig->director, LP_ROLE_TARGETS, NULL))};
    assert_non_null(bytes);
    assert_true(lp_factory_write(&factory, bytes, region->bytes, &len));
    sim_flash_load(&rig->sim, region->offset, bytes, (uint32_t)len);
    free(bytes);
    assert_true(lp_factory_read(&rig->sim.flash, rig->layout, &rig->factory));
}

lp_slice rig_image(uint8_t *image, size_t len, uint32_t seed) {
    uint64_t state = seed * UINT64_C(0x9E3779B97F4A7C15) + 1;
    for (size_t i = 0; i < len; i++) {
        state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        image[i] = (uint8_t)(state >> 56);
    }
    return (lp_slice){image, len};
}

/* --- the director --- */

lp_slice rig_sign_targets(board_rig *rig) {
    repo_sign(&rig->director, LP_ROLE_TARGETS);
    return files_get(&rig->director.files, repo_path(&rig->director, LP_ROLE_TARGETS, NULL));
}

/* Adds an image of that length and digest to what is ordered; steals `custom`. */
static void add_order(board_rig *rig, const char *name, lp_slice image, json_t *custom) {
    json_t *targets = rig->director.roles[LP_ROLE_TARGETS];
    uint8_t digest[LP_SHA256_BYTES];
    char hex[2 * LP_SHA256_BYTES + 1];
    assert_true(lp_digest(&lp_crypto_openssl, LP_SHA256, image, digest));
    lp_hex_encode(digest, sizeof digest, hex);
    json_object_set_new(
        json_object_get(targets, "targets"), name,
        json_pack("{s:I, s:{s:s}, s:o}", "length", (json_int_t)image.len, "hashes", "sha256", hex, "custom", custom));
}

lp_slice rig_order_custom(board_rig *rig, int version, lp_slice image, json_t *custom) {
    json_t *targets = rig->director.roles[LP_ROLE_TARGETS];
    json_object_clear(json_object_get(targets, "targets"));
    set_version(targets, version);
    add_order(rig, "brake.bin", image, custom);
    return rig_sign_targets(rig);
}

lp_slice rig_order(board_rig *rig, int version, lp_slice image, int counter, unsigned others) {
    json_t *targets = rig->director.roles[LP_ROLE_TARGETS];
    json_object_clear(json_object_get(targets, "targets"));
    set_version(targets, version);
    add_order(rig, "brake.bin", image, order_for(RIG_SERIAL, RIG_HARDWARE, counter));
    for (unsigned i = 0; i < others; i++) {
        char serial[32];
        char name[32];
        snprintf(serial, sizeof serial, "lamp-%u", i);
        snprintf(name, sizeof name, "lamp-%u.bin", i);
        add_order(rig, name, (lp_slice){(const uint8_t *)name, strlen(name)}, order_for(serial, "lamp-hw", version));
    }
    return rig_sign_targets(rig);
}

void rig_change_key(board_rig *rig, lp_role role, lp_key *retired) {
    test_repo *director = &rig->director;
    json_t *keys = json_object_get(director->roles[LP_ROLE_ROOT], "keys");
    json_object_del(keys, director->keys[role].signer.keyid);
    repo_change_key(director, role, retired);
}

lp_slice rig_root(const board_rig *rig, unsigned version) {
    char path[32];
    snprintf(path, sizeof path, "%u.root.json", version);
    return files_get(&rig->director.files, path);
}

/* --- flash --- */

void rig_store_root(board_rig *rig, unsigned version) {
    lp_flash_writer writer;
    assert_true(lp_files_root_begin(&rig->sim.flash, rig->layout, version - 2, &writer));
    assert_true(lp_flash_writer_add(&writer, rig_root(rig, version)));
    assert_true(lp_files_root_end(&writer));
}

void rig_fill_slot(board_rig *rig, unsigned slot, lp_slice image, lp_slice targets, uint64_t root_version) {
    const lp_flash *flash = &rig->sim.flash;
    const lp_region *region = &rig->layout->slot[slot];
    lp_slot_record record = {.image_bytes = (uint32_t)image.len, .root_version = root_version, .targets = targets};
    assert_true(lp_flash_erase_region(flash, *region));
    sim_flash_load(&rig->sim, region->offset, image.ptr, (uint32_t)image.len);
    assert_true(lp_slot_record_write(flash, rig->layout, slot, &record));
}
