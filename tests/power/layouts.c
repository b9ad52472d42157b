/* SPDX-License-Identifier: Apache-2.0 */
#include "layouts.h"

enum { KIB = 1024 };

/* `pages` pages of 2 KiB from page `first` on. */
#define FIREFLY(first, pages)                                                                                          \
    { (first) * 2 * KIB, (pages)*2 * KIB }

const lp_layout layout_firefly = {
    .boot = FIREFLY(0, 16),
    .factory = FIREFLY(16, 8),
    .key = FIREFLY(24, 1),
    .journal = FIREFLY(25, 8),
    .roots = FIREFLY(33, 32),
    .root_slot_bytes = 4 * KIB,
    .targets = {FIREFLY(65, 8), FIREFLY(73, 8)},
    .slot = {FIREFLY(81, 86), FIREFLY(168, 86)},
    .record_bytes = 16 * KIB,
    .spare = FIREFLY(167, 1),
};

#define SMALL(first, pages)                                                                                            \
    { (first) * KIB, (pages)*KIB }

const sim_geometry sim_small = {
    .size_bytes = 64 * KIB, .page_bytes = KIB, .word_bytes = 4, .erased = 0xFF, .programs_per_word = 1};

const lp_layout layout_small = {
    .boot = SMALL(0, 1),
    .factory = SMALL(1, 6),
    .key = SMALL(7, 1),
    .journal = SMALL(8, 3),
    .roots = SMALL(11, 32),
    .root_slot_bytes = 2 * KIB,
    .targets = {SMALL(43, 2), SMALL(45, 2)},
    .slot = {SMALL(47, 5), SMALL(53, 5)},
    .record_bytes = 2 * KIB,
    .spare = SMALL(52, 1),
};

const sim_geometry sim_other = {
    .size_bytes = 5 * KIB, .page_bytes = KIB, .word_bytes = 8, .erased = 0x00, .programs_per_word = 2};
