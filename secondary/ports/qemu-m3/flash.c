/* SPDX-License-Identifier: Apache-2.0 */
/* Flash: 512 KiB of the machine's larger RAM, which a file can back. It keeps the rules of lampyr-store/flash.h and
 * stops QEMU when they are broken. */
#include "core.h"
#include "cut.h"
#include "devices.h"

#include "lampyr-port/layouts.h"
#include "lampyr-port/memory.h"
#include "lampyr-port/port.h"

#include <string.h>

enum {
    FLASH = 0x21000000,
    SIZE_BYTES = LP_FLASH_512K_BYTES,
    PAGE_BYTES = LP_FLASH_512K_PAGE_BYTES,
    WORD_BYTES = 4,
    LOCKED = 0x4C6F636B,
};
static const uint32_t erased_word = UINT32_MAX;

static volatile uint32_t *word_at(uint32_t offset) {
    return (volatile uint32_t *)(uintptr_t)(FLASH + offset);
}

/* --- rules --- */

static void require(bool kept, const char *rule) {
    if (!kept) {
        lp_board_write("flash: ", 7);
        lp_board_write(rule, strlen(rule));
        lp_board_write("\n", 1);
        lp_machine_stop(LP_STOP_FLASH_RULE);
    }
}

static bool overlaps(const lp_region *region, uint32_t page) {
    return page >= region->offset && page < region->offset + region->bytes;
}

static bool is_locked(uint32_t offset) {
    const lp_layout *layout = lp_board_layout;
    uint32_t page = offset / PAGE_BYTES * PAGE_BYTES;
    return lp_retained_words.locked == LOCKED && (overlaps(&layout->boot, page) || overlaps(&layout->factory, page) ||
                                                  overlaps(&layout->key, page) || page == SIZE_BYTES - PAGE_BYTES);
}

/* --- power cuts --- */

static lp_cut_plan *plan(void) {
    lp_cut_plan *at = (lp_cut_plan *)(uintptr_t)LP_CUT_PLAN_AT;
    return at->magic == LP_CUT_MAGIC ? at : NULL;
}

static bool cut_comes(lp_cut_moment moment) {
    const lp_cut_plan *p = plan();
    return p != NULL && p->operations == p->cut_at && p->moment == moment;
}

static void cut_if(lp_cut_moment moment) {
    if (cut_comes(moment)) {
        lp_machine_stop(LP_STOP_POWER_CUT);
    }
}

static void end_operation(void) {
    cut_if(LP_CUT_AFTER);
    if (plan() != NULL) {
        plan()->operations++;
    }
}

/* xorshift32 (Marsaglia, 2003) */
static uint32_t next_random(lp_cut_plan *p) {
    p->random ^= p->random << 13;
    p->random ^= p->random >> 17;
    p->random ^= p->random << 5;
    return p->random;
}

static void remember_tear(lp_cut_plan *p, uint32_t offset, uint32_t bytes) {
    for (unsigned i = 0; i < LP_CUT_TEARS; i++) {
        if (p->tears[i].bytes == 0) {
            p->tears[i].offset = offset;
            p->tears[i].bytes = bytes;
            return;
        }
    }
}

static void forget_tears(uint32_t page) {
    lp_cut_plan *p = plan();
    for (unsigned i = 0; p != NULL && i < LP_CUT_TEARS; i++) {
        if (p->tears[i].offset / PAGE_BYTES * PAGE_BYTES == page) {
            p->tears[i].bytes = 0;
        }
    }
}

/* Power is cut while the `count` words at `offset` change: the first are as they should be, or all is anything. */
static _Noreturn void cut_in_the_middle(uint32_t offset, const uint32_t *words, uint32_t count) {
    lp_cut_plan *p = plan();
    uint32_t whole = next_random(p) % 2 == 0 ? next_random(p) % count : 0;
    uint32_t torn = whole == 0 ? count : 1;
    for (uint32_t i = 0; i < whole + torn; i++) {
        volatile uint32_t *at = word_at(offset + i * WORD_BYTES);
        uint32_t meant = words == NULL ? erased_word : words[i];
        uint32_t bits = i < whole ? UINT32_MAX : next_random(p); /* those that have changed */
        *at = (*at & ~bits) | (meant & bits);
    }
    remember_tear(p, offset + whole * WORD_BYTES, torn * WORD_BYTES);
    lp_machine_stop(LP_STOP_POWER_CUT);
}

/* --- callbacks --- */

static bool read(const lp_flash *flash, uint32_t offset, void *out, uint32_t len) {
    require(offset <= SIZE_BYTES && len <= SIZE_BYTES - offset, "read beyond the end");
    memcpy(out, flash->map + offset, len);
    return true;
}

static bool program(const lp_flash *flash, uint32_t offset, const void *source, uint32_t len) {
    uint32_t words[PAGE_BYTES / WORD_BYTES / 8];
    uintptr_t from = (uintptr_t)source;
    (void)flash;
    require(len > 0 && offset % WORD_BYTES == 0 && len % WORD_BYTES == 0, "programs what is not whole words");
    require(offset < SIZE_BYTES && len <= PAGE_BYTES - offset % PAGE_BYTES, "programs beyond a page");
    require(len <= sizeof words, "programs more than a chunk");
    require(from + len <= FLASH || from >= FLASH + SIZE_BYTES, "programs from flash");
    if (is_locked(offset)) {
        return false;
    }
    memcpy(words, source, len);
    uint32_t count = len / WORD_BYTES;
    for (uint32_t i = 0; i < count; i++) {
        require(*word_at(offset + i * WORD_BYTES) == erased_word, "programs a word twice");
    }
    cut_if(LP_CUT_BEFORE);
    if (cut_comes(LP_CUT_MIDDLE)) {
        cut_in_the_middle(offset, words, count);
    }
    for (uint32_t i = 0; i < count; i++) {
        *word_at(offset + i * WORD_BYTES) = words[i];
    }
    end_operation();
    return true;
}

static bool erase(const lp_flash *flash, uint32_t offset) {
    (void)flash;
    require(offset % PAGE_BYTES == 0 && offset < SIZE_BYTES, "erases where no page starts");
    if (is_locked(offset)) {
        return false;
    }
    cut_if(LP_CUT_BEFORE);
    forget_tears(offset);
    if (cut_comes(LP_CUT_MIDDLE)) {
        cut_in_the_middle(offset, NULL, PAGE_BYTES / WORD_BYTES);
    }
    for (uint32_t at = 0; at < PAGE_BYTES; at += WORD_BYTES) {
        *word_at(offset + at) = erased_word;
    }
    end_operation();
    return true;
}

const lp_flash lp_board_flash = {.size_bytes = SIZE_BYTES,
                                 .page_bytes = PAGE_BYTES,
                                 .word_bytes = WORD_BYTES,
                                 .erased = 0xFF,
                                 .map = (const uint8_t *)FLASH,
                                 .read = read,
                                 .program = program,
                                 .erase = erase};

const lp_layout *const lp_board_layout = &lp_layout_512k;

/* QEMU has no locks: what code that runs under the boot loader calls keeps to them. */
bool lp_board_lock(void) {
    lp_retained_words.locked = LOCKED;
    return true;
}
