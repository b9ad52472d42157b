/* SPDX-License-Identifier: Apache-2.0 */
/* Where things lie in a board's flash (docs/BOARD.md, "Flash map"). A port defines one constant table. */
#ifndef LAMPYR_STORE_LAYOUT_H
#define LAMPYR_STORE_LAYOUT_H

#include "lampyr-store/flash.h"
#include "lampyr/limits.h"

typedef struct lp_layout {
    lp_region boot;    /* the boot loader; locked before the application runs */
    lp_region factory; /* what was provisioned (factory.h); locked */
    lp_region key;     /* the ECU's private key, one page; locked */
    lp_region journal; /* state.h; at least LP_JOURNAL_PAGES_MIN pages */
    lp_region roots;   /* the root chain: slots of root_slot_bytes, whole pages each; at least 16 */
    uint32_t root_slot_bytes;
    lp_region targets[2];  /* two copies of trusted director targets, the older one is the staging area; same size */
    lp_region slot[2];     /* running and staging image; same size (slot.h) */
    uint32_t record_bytes; /* at the end of each slot: its record; whole pages, room for one copy of targets */
    lp_region spare;       /* one page, which a swap moves through */
} lp_layout;

enum { LP_JOURNAL_PAGES_MIN = 3, LP_ROOT_SLOTS_MIN = 16 };

/* Longest image, in bytes. */
uint32_t lp_layout_image_bytes(const lp_layout *layout);

/* Longest file of director targets, and longest root, in bytes. */
uint32_t lp_layout_targets_bytes(const lp_layout *layout);
uint32_t lp_layout_root_bytes(const lp_layout *layout);

/* How many roots after the factory's there is room for. */
uint32_t lp_layout_root_slots(const lp_layout *layout);

/* The verifier's constrained profile, tightened to what there is room for. */
lp_limits lp_layout_limits(const lp_layout *layout);

/* True if the table fits `flash` and keeps the rules above; regions do not overlap. */
bool lp_layout_valid(const lp_layout *layout, const lp_flash *flash);

#endif
