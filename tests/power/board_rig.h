/* SPDX-License-Identifier: Apache-2.0 */
/* A provisioned board on simulated flash, and the director that orders its images. */
#ifndef LAMPYR_TEST_BOARD_RIG_H
#define LAMPYR_TEST_BOARD_RIG_H

#include "lampyr-boot/boot.h"
#include "layouts.h"
#include "repository.h"

#define RIG_SERIAL "brake-1"
#define RIG_HARDWARE "brake-hw"

enum { RIG_FACTORY_TIME = TEST_NOW - 1000, RIG_IMAGE_BYTES = 64 * 1024 };

/* Pointers in it point into itself: not to be moved. */
typedef struct board_rig {
    sim_flash sim;
    const lp_layout *layout;
    lp_limits limits;
    test_repo director; /* serves canonical bytes; signs time */
    lp_boot_config boot;
    lp_factory factory; /* as provisioned; text is static, metadata lies in flash */
} board_rig;

/* Erased flash, and a director that orders nothing (targets version 1). */
void rig_make(board_rig *rig, const sim_geometry *geometry, const lp_layout *layout);
void rig_free(board_rig *rig);

/* Writes factory data with root 1 and the director's present targets. */
void rig_provision(board_rig *rig);

/* Fills `image` with `len` bytes that depend on `seed`; returns them. */
lp_slice rig_image(uint8_t *image, size_t len, uint32_t seed);

/* The director orders this image for this board, and images for `others` more, under `version` of its targets. Returns
 * the targets, valid until that version is signed again. */
lp_slice rig_order(board_rig *rig, int version, lp_slice image, int counter, unsigned others);

/* The same with any order instead of order_for(); steals it. */
lp_slice rig_order_custom(board_rig *rig, int version, lp_slice image, json_t *custom);

/* Signs and serves the director's targets as they are; returns them as rig_order() does. */
lp_slice rig_sign_targets(board_rig *rig);

/* repo_change_key(), and root no longer lists the former key: roots stay short. */
void rig_change_key(board_rig *rig, lp_role role, lp_key *retired);

/* Root `version`, as served. */
lp_slice rig_root(const board_rig *rig, unsigned version);

/* Puts root `version` into its place in the chain. */
void rig_store_root(board_rig *rig, unsigned version);

/* Puts an image into a slot, and a record that says `targets` ordered it under `root_version`. */
void rig_fill_slot(board_rig *rig, unsigned slot, lp_slice image, lp_slice targets, uint64_t root_version);

#endif
