/* SPDX-License-Identifier: Apache-2.0 */
/* Flash memory behind one struct of callbacks.
 *
 * NOR rules hold for whoever calls: a page is erased before it is programmed; programming takes bits from the erased
 * value to its opposite, whole words at a time; and each word is programmed once between two erasures (the CC2538
 * would bear eight, parts with error-correcting codes bear one). One call is one operation: power may be cut before
 * it, after it, or in its middle, and then what it touched is torn: any value, and until it is erased perhaps
 * another value at each reading. */
#ifndef LAMPYR_STORE_FLASH_H
#define LAMPYR_STORE_FLASH_H

#include "lampyr/slice.h"

#include <stdbool.h>
#include <stdint.h>

enum { LP_FLASH_CHUNK_BYTES = 64 }; /* of flash in RAM at a time; whole words of any port, and divides its page */

typedef struct lp_flash lp_flash;
struct lp_flash {
    uint32_t size_bytes; /* a whole number of pages */
    uint32_t page_bytes; /* a power of two */
    uint32_t word_bytes; /* 4 or 8; divides page_bytes */
    uint8_t erased;      /* value of an erased byte: 0xFF or 0x00 */
    const uint8_t *map;  /* where it is mapped into memory, for data that is read in place; never NULL */

    /* Copies `len` bytes at `offset` to `out`. False if the device cannot. */
    bool (*read)(const lp_flash *flash, uint32_t offset, void *out, uint32_t len);
    /* Programs `len` bytes at `offset`, both whole words, within one page; `bytes` is in RAM. False if the device
     * reports a failure; then the page has to be erased. */
    bool (*program)(const lp_flash *flash, uint32_t offset, const void *bytes, uint32_t len);
    /* Erases the page that starts at `offset`. False if the device reports a failure, or the page is locked. */
    bool (*erase)(const lp_flash *flash, uint32_t offset);
    void *ctx; /* the port's */
};

/* A run of whole pages. */
typedef struct lp_region {
    uint32_t offset; /* bytes from the start of flash */
    uint32_t bytes;
} lp_region;

/* Erases every page of `region`. False at the first failure. */
bool lp_flash_erase_region(const lp_flash *flash, lp_region region);

/* Erases the page at `to` and makes it a copy of the page at `from`, as that reads now, and reads it back. False on a
 * failure, or if what is read back differs from what was written. */
bool lp_flash_copy_page(const lp_flash *flash, uint32_t from, uint32_t to);

/* True if all of `len` bytes at `offset` read as erased. */
bool lp_flash_is_erased(const lp_flash *flash, uint32_t offset, uint32_t len);

/* The bytes at `offset`, in place. */
lp_slice lp_flash_at(const lp_flash *flash, uint32_t offset, uint32_t len);

/* Appends pieces of any length to flash: whole chunks go out at once, the rest waits for more. A page is erased when
 * its first word is written; where the writer starts within a page, its owner has erased that. After a failure the
 * owner starts anew. Fields are read-only for the owner. */
typedef struct lp_flash_writer {
    const lp_flash *flash;
    uint32_t start; /* offset of the first byte */
    uint32_t end;   /* offset after the last byte it may write */
    uint32_t len;   /* bytes taken */
    bool flushed;
    uint8_t chunk[LP_FLASH_CHUNK_BYTES]; /* what waits; chunks lie where they would if the first lay at 0 */
} lp_flash_writer;

/* Starts at `offset`, a whole word; `max_bytes` is a whole number of words. */
void lp_flash_writer_begin(lp_flash_writer *writer, const lp_flash *flash, uint32_t offset, uint32_t max_bytes);

/* Appends; `bytes` may lie in flash. False on a failure, after a flush, or if there is no room (then nothing is
 * written). */
bool lp_flash_writer_add(lp_flash_writer *writer, lp_slice bytes);

/* Writes what waits, filled up with erased bytes; a second time does nothing. False on a failure. */
bool lp_flash_writer_flush(lp_flash_writer *writer);

#endif
