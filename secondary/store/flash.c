/* SPDX-License-Identifier: Apache-2.0 */
#include "lampyr-store/flash.h"

#include <string.h>

enum { CHUNK_BYTES = 64 }; /* of flash in RAM at a time */

static uint32_t chunk(uint32_t left) {
    return left < CHUNK_BYTES ? left : CHUNK_BYTES;
}

bool lp_flash_erase_region(const lp_flash *flash, lp_region region) {
    for (uint32_t at = 0; at < region.bytes; at += flash->page_bytes) {
        if (!flash->erase(flash, region.offset + at)) {
            return false;
        }
    }
    return true;
}

bool lp_flash_copy_page(const lp_flash *flash, uint32_t from, uint32_t to) {
    uint8_t bytes[CHUNK_BYTES];
    if (!flash->erase(flash, to)) {
        return false;
    }
    for (uint32_t at = 0; at < flash->page_bytes; at += CHUNK_BYTES) {
        uint32_t len = chunk(flash->page_bytes - at);
        if (!flash->read(flash, from + at, bytes, len) || !flash->program(flash, to + at, bytes, len)) {
            return false;
        }
    }
    for (uint32_t at = 0; at < flash->page_bytes; at += CHUNK_BYTES) {
        uint32_t len = chunk(flash->page_bytes - at);
        if (!flash->read(flash, to + at, bytes, len) || memcmp(bytes, flash->map + from + at, len) != 0) {
            return false;
        }
    }
    return true;
}

bool lp_flash_is_erased(const lp_flash *flash, uint32_t offset, uint32_t len) {
    for (uint32_t at = 0; at < len; at++) {
        if (flash->map[offset + at] != flash->erased) {
            return false;
        }
    }
    return true;
}

lp_slice lp_flash_at(const lp_flash *flash, uint32_t offset, uint32_t len) {
    return (lp_slice){flash->map + offset, len};
}

void lp_flash_writer_begin(lp_flash_writer *writer, const lp_flash *flash, uint32_t offset, uint32_t max_bytes) {
    *writer = (lp_flash_writer){.flash = flash, .start = offset, .end = offset + max_bytes};
}

/* Programs whole words, which lie within one page and in RAM. */
static bool put(const lp_flash *flash, uint32_t offset, const uint8_t *bytes, uint32_t len) {
    if (offset % flash->page_bytes == 0 && !flash->erase(flash, offset)) {
        return false;
    }
    return flash->program(flash, offset, bytes, len);
}

bool lp_flash_writer_add(lp_flash_writer *writer, lp_slice bytes) {
    const lp_flash *flash = writer->flash;
    uint8_t words[CHUNK_BYTES];
    if (writer->flushed || bytes.len > writer->end - writer->start - writer->len) {
        return false;
    }
    uint32_t waiting = writer->len % flash->word_bytes;
    uint32_t offset = writer->start + writer->len - waiting;
    memcpy(words, writer->tail, waiting);
    for (size_t taken = 0; taken < bytes.len;) {
        uint32_t page_left = flash->page_bytes - offset % flash->page_bytes;
        uint32_t room = chunk(page_left) - waiting;
        uint32_t part = bytes.len - taken < room ? (uint32_t)(bytes.len - taken) : room;
        memcpy(words + waiting, bytes.ptr + taken, part);
        taken += part;
        waiting += part;
        uint32_t whole = waiting - waiting % flash->word_bytes;
        if (whole > 0 && !put(flash, offset, words, whole)) {
            return false;
        }
        offset += whole;
        waiting -= whole;
        memmove(words, words + whole, waiting);
    }
    memcpy(writer->tail, words, waiting);
    writer->len += (uint32_t)bytes.len;
    return true;
}

bool lp_flash_writer_flush(lp_flash_writer *writer) {
    const lp_flash *flash = writer->flash;
    uint32_t waiting = writer->len % flash->word_bytes;
    if (writer->flushed || waiting == 0) {
        writer->flushed = true;
        return true;
    }
    memset(writer->tail + waiting, flash->erased, flash->word_bytes - waiting);
    writer->flushed = put(flash, writer->start + writer->len - waiting, writer->tail, flash->word_bytes);
    return writer->flushed;
}
