/* SPDX-License-Identifier: Apache-2.0 */
#include "swap.h"
#include "lampyr-store/slot.h"

static uint32_t pages_of(const lp_boot_state *boot) {
    return (uint32_t)boot->image_pages + boot->record_pages;
}

static uint16_t larger(uint16_t a, uint16_t b) {
    return a > b ? a : b;
}

void lp_swap_plan(const lp_flash *flash, const lp_layout *layout, lp_boot_state *boot) {
    boot->image_pages = 0;
    boot->record_pages = 0;
    for (unsigned i = 0; i < 2; i++) {
        lp_slot_record record;
        if (lp_slot_record_read(flash, layout, i, &record)) {
            boot->image_pages = larger(boot->image_pages, lp_slot_image_pages(flash, record.image_bytes));
            boot->record_pages = larger(boot->record_pages, lp_slot_record_pages(flash, (uint32_t)record.targets.len));
        }
    }
}

uint32_t lp_swap_steps(const lp_boot_state *boot) {
    return 3 * pages_of(boot);
}

bool lp_swap_possible(const lp_flash *flash, const lp_layout *layout, const lp_boot_state *boot) {
    return boot->image_pages <= lp_layout_image_bytes(layout) / flash->page_bytes &&
           boot->record_pages <= layout->record_bytes / flash->page_bytes && boot->steps <= lp_swap_steps(boot);
}

/* Offset of the `i`th page to swap of slot `slot`; behind the last of slot 0 lies the spare page. */
static uint32_t page_at(const lp_flash *flash, const lp_layout *layout, const lp_boot_state *boot, unsigned slot,
                        uint32_t i) {
    const lp_region *region = &layout->slot[slot];
    if (i == pages_of(boot)) {
        return layout->spare.offset;
    }
    if (i < boot->image_pages) {
        return region->offset + i * flash->page_bytes;
    }
    return region->offset + region->bytes - layout->record_bytes + (i - boot->image_pages) * flash->page_bytes;
}

static bool take_step(const lp_flash *flash, const lp_layout *layout, const lp_boot_state *boot, uint32_t step) {
    uint32_t n = pages_of(boot);
    if (step < n) {
        uint32_t i = n - 1 - step;
        return lp_flash_copy_page(flash, page_at(flash, layout, boot, 0, i), page_at(flash, layout, boot, 0, i + 1));
    }
    uint32_t i = (step - n) / 2;
    bool incoming = (step - n) % 2 == 0;
    uint32_t b = page_at(flash, layout, boot, 1, i);
    return incoming ? lp_flash_copy_page(flash, b, page_at(flash, layout, boot, 0, i))
                    : lp_flash_copy_page(flash, page_at(flash, layout, boot, 0, i + 1), b);
}

bool lp_swap_run(const lp_flash *flash, const lp_layout *layout, lp_journal *journal, lp_board_state *state) {
    lp_boot_state *boot = &state->boot;
    while (boot->steps < lp_swap_steps(boot)) {
        if (!take_step(flash, layout, boot, boot->steps)) {
            return false;
        }
        boot->steps++;
        if (!lp_journal_save(journal, state, LP_STATE_BOOT)) {
            return false;
        }
    }
    return true;
}
