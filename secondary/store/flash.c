/* SPDX-License-Identifier: Apache-2.0 */
#include "lampyr-store/flash.h"

#include <string.h>

static uint32_t chunk(uint32_t left) {
    return left < LP_FLASH_CHUNK_BYTES ? left : LP_FLASH_CHUNK_BYTES;
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
    uint8_t bytes[LP_FLASH_CHUNK_BYTES];
    if (!flash->erase(flash, to)) {
        return false;
    }
    for (uint32_t at = 0; at < flash->page_bytes; at += LP_FLASH_CHUNK_BYTES) {
        uint32_t len = chunk(flash->page_bytes - at);
        if (!flash->read(flash, from + at, bytes, len) || !flash->program(flash, to + at, bytes, len) ||
            memcmp(flash->map + to + at, bytes, len) != 0) {
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

/* Where the bytes that wait go. */
static uint32_t waiting_at(const lp_flash_writer *writer) {
    uint32_t at = writer->start + writer->len;
    uint32_t chunk_start = at - at % LP_FLASH_CHUNK_BYTES;
    return chunk_start < writer->start ? writer->start : chunk_start;
}

bool lp_flash_writer_add(lp_flash_writer *writer, lp_slice bytes) {
    if (writer->flushed || bytes.len > writer->end - writer->start - writer->len) {
        return false;
    }
    for (size_t taken = 0; taken < bytes.len;) {
        uint32_t at = writer->start + writer->len;
        uint32_t to = waiting_at(writer);
        uint32_t room = LP_FLASH_CHUNK_BYTES - at % LP_FLASH_CHUNK_BYTES;
        uint32_t part = bytes.len - taken < room ? (uint32_t)(bytes.len - taken) : room;
        memcpy(writer->chunk + (at - to), bytes.ptr + taken, part);
        taken += part;
        writer->len += part;
        if (part == room && !put(writer->flash, to, writer->chunk, at + part - to)) {
            return false;
        }
    }
    return true;
}

bool lp_flash_writer_flush(lp_flash_writer *writer) {
    const lp_flash *flash = writer->flash;
    uint32_t to = waiting_at(writer);
    uint32_t waiting = writer->start + writer->len - to;
    uint32_t whole = (waiting + flash->word_bytes - 1) / flash->word_bytes * flash->word_bytes;
    if (!writer->flushed && waiting > 0) {
        memset(writer->chunk + waiting, flash->erased, whole - waiting);
        if (!put(flash, to, writer->chunk, whole)) {
            return false;
        }
    }
    writer->flushed = true;
    return true;
}
