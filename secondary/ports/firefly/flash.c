/* SPDX-License-Identifier: Apache-2.0 */
/* The chip's flash through its controller. While it erases or programs nothing can be read from flash, so what waits
 * for it lies in RAM, and no interrupt may come: their table is in flash. */
#include "core.h"
#include "devices.h"

#include "lampyr-port/layouts.h"
#include "lampyr-port/memory.h"

#include <string.h>

/* SWRU319, 8.10 */
enum {
    FCTL = 0x400d3008,
    FCTL_BUSY = 1 << 7,
    FCTL_FULL = 1 << 6,
    FCTL_ABORT = 1 << 5, /* the page is locked */
    FCTL_CACHE_MASK = 3 << 2,
    FCTL_WRITE = 1 << 1,
    FCTL_ERASE = 1 << 0,
    FADDR = 0x400d300c,
    FWDATA = 0x400d3010,

    LOCK_BITS_AT = 0x0027ffe0, /* 8.9: one for each page, 0: locked; read by the chip at reset */
    WORD_BYTES = 4,
    CHUNK_WORDS = 16,
};

/* With the initialised variables, which the start-up copies to RAM. */
#define IN_RAM __attribute__((section(".ram_code"), noinline, long_call))

/* Erases the page of `address` if `words` is NULL, else programs `count` words there. The controller takes a word every
 * 20 us and gives up if the next comes late. */
IN_RAM static bool operate(uint32_t address, const uint32_t *words, uint32_t count) {
    uint32_t masked;
    __asm volatile("mrs %0, primask\n cpsid i" : "=r"(masked)::"memory");
    while ((*lp_register(FCTL) & FCTL_BUSY) != 0) {
    }
    uint32_t cache = *lp_register(FCTL) & FCTL_CACHE_MASK;
    *lp_register(FCTL) = cache;
    *lp_register(FADDR) = address;
    *lp_register(FCTL) = cache | (words == NULL ? FCTL_ERASE : FCTL_WRITE);
    for (uint32_t i = 0; i < count; i++) {
        *lp_register(FWDATA) = words[i];
        while ((*lp_register(FCTL) & FCTL_FULL) != 0) {
        }
    }
    while ((*lp_register(FCTL) & FCTL_BUSY) != 0) {
    }
    bool done = (*lp_register(FCTL) & FCTL_ABORT) == 0;
    *lp_register(FCTL) = cache;
    __asm volatile("msr primask, %0" ::"r"(masked) : "memory");
    return done;
}

static bool read(const lp_flash *flash, uint32_t offset, void *out, uint32_t len) {
    memcpy(out, flash->map + offset, len);
    return true;
}

/* What comes may not be aligned. */
static bool program(const lp_flash *flash, uint32_t offset, const void *bytes, uint32_t len) {
    uint32_t words[CHUNK_WORDS];
    for (uint32_t at = 0; at < len;) {
        uint32_t part = len - at < sizeof words ? len - at : sizeof words;
        memcpy(words, (const uint8_t *)bytes + at, part);
        if (!operate(LP_FLASH_AT + offset + at, words, part / WORD_BYTES) ||
            memcmp(flash->map + offset + at, words, part) != 0) {
            return false;
        }
        at += part;
    }
    return true;
}

static bool erase(const lp_flash *flash, uint32_t offset) {
    return operate(LP_FLASH_AT + offset, NULL, 0) && lp_flash_is_erased(flash, offset, flash->page_bytes);
}

const lp_flash lp_board_flash = {.size_bytes = LP_FLASH_512K_BYTES,
                                 .page_bytes = LP_FLASH_512K_PAGE_BYTES,
                                 .word_bytes = WORD_BYTES,
                                 .erased = 0xFF,
                                 .map = (const uint8_t *)LP_FLASH_AT,
                                 .read = read,
                                 .program = program,
                                 .erase = erase};

const lp_layout *const lp_board_layout = &lp_layout_512k;

/* --- locks --- */

static bool are_locked(lp_region region) {
    const uint8_t *bits = (const uint8_t *)LOCK_BITS_AT;
    for (uint32_t page = region.offset / LP_FLASH_512K_PAGE_BYTES;
         page < (region.offset + region.bytes) / LP_FLASH_512K_PAGE_BYTES; page++) {
        if ((bits[page / 8] >> page % 8 & 1) != 0) {
            return false;
        }
    }
    return true;
}

/* The chip has no locks that software sets: they are written with the chip's area when it is flashed (chip_area.c). */
bool lp_board_lock(void) {
    const lp_layout *layout = lp_board_layout;
    const lp_region last_page = {LP_FLASH_512K_BYTES - LP_FLASH_512K_PAGE_BYTES, LP_FLASH_512K_PAGE_BYTES};
    return are_locked(layout->boot) && are_locked(layout->factory) && are_locked(layout->key) && are_locked(last_page);
}
