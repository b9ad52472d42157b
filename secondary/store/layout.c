/* SPDX-License-Identifier: Apache-2.0 */
#include "lampyr-store/layout.h"

#include "store_internal.h"

static uint32_t least(uint32_t a, uint32_t b) {
    return a < b ? a : b;
}

uint32_t lp_layout_image_bytes(const lp_layout *layout) {
    return layout->slot[0].bytes - layout->record_bytes;
}

uint32_t lp_layout_targets_bytes(const lp_layout *layout) {
    return least(layout->targets[0].bytes, layout->record_bytes - LP_RECORD_HEADER_BYTES);
}

uint32_t lp_layout_root_bytes(const lp_layout *layout) {
    return layout->root_slot_bytes - LP_ROOT_HEADER_BYTES;
}

uint32_t lp_layout_root_slots(const lp_layout *layout) {
    return layout->roots.bytes / layout->root_slot_bytes;
}

lp_limits lp_layout_limits(const lp_layout *layout) {
    lp_limits limits = lp_limits_constrained;
    limits.root_bytes = least(limits.root_bytes, lp_layout_root_bytes(layout));
    limits.targets_bytes = least(limits.targets_bytes, lp_layout_targets_bytes(layout));
    limits.time_bytes = least(limits.time_bytes, layout->targets[0].bytes);
    limits.image_bytes = lp_layout_image_bytes(layout);
    limits.root_rotations = least(limits.root_rotations, lp_layout_root_slots(layout));
    return limits;
}

static bool whole_pages(const lp_flash *flash, uint32_t bytes) {
    return bytes > 0 && bytes % flash->page_bytes == 0;
}

static bool apart(const lp_region *a, const lp_region *b) {
    return a->offset + a->bytes <= b->offset || b->offset + b->bytes <= a->offset;
}

/* Every region is whole pages within flash, and shares none with another. */
static bool regions_valid(const lp_region *const *regions, size_t count, const lp_flash *flash) {
    for (size_t i = 0; i < count; i++) {
        const lp_region *region = regions[i];
        if (region->offset % flash->page_bytes != 0 || !whole_pages(flash, region->bytes) ||
            region->bytes > flash->size_bytes || region->offset > flash->size_bytes - region->bytes) {
            return false;
        }
        for (size_t j = 0; j < i; j++) {
            if (!apart(region, regions[j])) {
                return false;
            }
        }
    }
    return true;
}

bool lp_layout_valid(const lp_layout *layout, const lp_flash *flash) {
    const lp_region *const regions[] = {&layout->boot,       &layout->factory,   &layout->key,     &layout->journal,
                                        &layout->roots,      &layout->spare,     &layout->slot[0], &layout->slot[1],
                                        &layout->targets[0], &layout->targets[1]};
    return regions_valid(regions, sizeof regions / sizeof regions[0], flash) &&
           layout->key.bytes == flash->page_bytes && layout->spare.bytes == flash->page_bytes &&
           layout->journal.bytes >= LP_JOURNAL_PAGES_MIN * flash->page_bytes &&
           flash->page_bytes >= LP_JOURNAL_PAGE_BYTES_MIN && whole_pages(flash, layout->root_slot_bytes) &&
           layout->roots.bytes % layout->root_slot_bytes == 0 && lp_layout_root_slots(layout) >= LP_ROOT_SLOTS_MIN &&
           layout->targets[0].bytes == layout->targets[1].bytes && layout->slot[0].bytes == layout->slot[1].bytes &&
           whole_pages(flash, layout->record_bytes) && layout->record_bytes < layout->slot[0].bytes;
}
