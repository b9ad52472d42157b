/* SPDX-License-Identifier: Apache-2.0 */
#include "lampyr-port/layouts.h"

/* `count` pages from page `first` on. */
#define PAGES(first, count)                                                                                            \
    { (first) * LP_FLASH_512K_PAGE_BYTES, (count)*LP_FLASH_512K_PAGE_BYTES }

const lp_layout lp_layout_512k = {
    .boot = PAGES(0, 16),
    .factory = PAGES(16, 8),
    .key = PAGES(24, 1),
    .journal = PAGES(25, 8),
    .roots = PAGES(33, 32),
    .root_slot_bytes = 2 * LP_FLASH_512K_PAGE_BYTES,
    .targets = {PAGES(65, 8), PAGES(73, 8)},
    .slot = {PAGES(81, 86), PAGES(168, 86)},
    .record_bytes = 8 * LP_FLASH_512K_PAGE_BYTES,
    .spare = PAGES(167, 1),
};
