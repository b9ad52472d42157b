/* SPDX-License-Identifier: Apache-2.0 */
/* The ring of pages (docs/BOARD.md, "Journal"). */
#include "store_internal.h"

#include <string.h>

enum {
    MAGIC_ENTRY = 0x4C4A,
    MAGIC_SNAPSHOT = 0x4C53,
    CRC_AT = 8, /* in the header: behind length and magic, and the generation */
};

/* One entry in RAM. */
typedef struct entry {
    uint32_t generation;
    uint32_t len; /* of the body */
    uint8_t body[LP_JOURNAL_BODY_BYTES];
} entry;

static uint32_t page_count(const lp_journal *journal) {
    return journal->region.bytes / journal->flash->page_bytes;
}

/* Bytes that an entry takes in flash. */
static uint32_t padded(const lp_journal *journal, uint32_t body_len) {
    uint32_t word = journal->flash->word_bytes;
    return (LP_JOURNAL_HEADER_BYTES + body_len + word - 1) / word * word;
}

/* --- reading --- */

/* Reads the entry at `at` of a page, each byte once: what is torn may change between two readings. False if it is not
 * whole. */
static bool read_entry(const lp_journal *journal, uint32_t page, uint32_t at, unsigned magic, entry *out) {
    const lp_flash *flash = journal->flash;
    uint8_t header[LP_JOURNAL_HEADER_BYTES];
    if (at + LP_JOURNAL_HEADER_BYTES > flash->page_bytes || !flash->read(flash, page + at, header, sizeof header)) {
        return false;
    }
    uint32_t start = (uint32_t)lp_get_le(header, 4);
    out->generation = (uint32_t)lp_get_le(header + 4, 4);
    out->len = start & 0xFFFF;
    if (start >> 16 != magic || out->generation == 0 || out->len > sizeof out->body ||
        at + padded(journal, out->len) > flash->page_bytes ||
        !flash->read(flash, page + at + sizeof header, out->body, out->len)) {
        return false;
    }
    uint32_t crc = lp_crc32(lp_crc32(0, header, CRC_AT), out->body, out->len);
    return crc == (uint32_t)lp_get_le(header + CRC_AT, 4) && lp_body_check(out->body, out->len);
}

/* Generations are serial numbers. */
static bool later(uint32_t a, uint32_t b) {
    return b == 0 || (a != b && a - b < UINT32_C(1) << 31);
}

/* True if the snapshot that ends at `at` of a page is followed by the empty entry that finishes sealing. */
static bool is_marked(const lp_journal *journal, uint32_t page, uint32_t at, uint32_t generation) {
    uint8_t mark[LP_JOURNAL_HEADER_BYTES];
    return at + sizeof mark <= journal->flash->page_bytes &&
           journal->flash->read(journal->flash, page + at, mark, sizeof mark) &&
           lp_get_le(mark, 4) == (uint32_t)MAGIC_ENTRY << 16 && lp_get_le(mark + 4, 4) == generation &&
           lp_get_le(mark + CRC_AT, 4) == lp_crc32(0, mark, CRC_AT);
}

/* Looks at one page: takes its snapshot over if it is better than what was found so far, the latest that is marked,
 * else the earliest that is not. */
static void look_at(lp_journal *journal, uint32_t page, entry *found, lp_board_state *state) {
    if (!read_entry(journal, page, 0, MAGIC_SNAPSHOT, found)) {
        return;
    }
    uint32_t at = padded(journal, found->len);
    uint32_t before = journal->page_generation;
    bool marks = is_marked(journal, page, at, found->generation);
    bool better = marks == journal->marked ? later(found->generation, before) == marks : marks;
    if (before == 0 || better) {
        journal->page = page;
        journal->page_generation = found->generation;
        journal->at = at;
        journal->marked = marks;
        memset(state, 0, sizeof *state);
        lp_body_apply(found->body, found->len, state);
    }
    if (later(found->generation, journal->generation)) {
        journal->generation = found->generation;
    }
}

lp_journal_verdict lp_journal_open(lp_journal *journal, const lp_flash *flash, lp_region region,
                                   lp_board_state *state) {
    entry found;
    *journal = (lp_journal){.flash = flash, .region = region, .page = region.offset};
    for (uint32_t at = 0; at < region.bytes; at += flash->page_bytes) {
        look_at(journal, region.offset + at, &found, state);
    }
    if (journal->generation == 0) {
        return lp_flash_is_erased(flash, region.offset, region.bytes) ? LP_JOURNAL_EMPTY : LP_JOURNAL_DAMAGED;
    }
    while (read_entry(journal, journal->page, journal->at, MAGIC_ENTRY, &found) &&
           found.generation == journal->page_generation) {
        journal->at += padded(journal, found.len);
        lp_body_apply(found.body, found.len, state);
    }
    return LP_JOURNAL_GOOD;
}

void lp_journal_continue(lp_journal *journal) {
    journal->sealed = journal->marked && journal->generation == journal->page_generation;
}

/* --- writing --- */

/* Where a body goes: it is measured twice, then written. */
typedef struct outlet {
    uint32_t len;
    uint32_t crc;
    lp_flash_writer *writer; /* NULL: measured only */
} outlet;

static bool take(void *ctx, const void *bytes, uint32_t len) {
    outlet *out = ctx;
    out->len += len;
    out->crc = lp_crc32(out->crc, bytes, len);
    return out->writer == NULL || lp_flash_writer_add(out->writer, (lp_slice){bytes, len});
}

/* True if what was written at `at` in memory reads as it was meant. */
static bool reads_back(const uint8_t *at, const uint8_t *header, uint32_t body_len) {
    uint32_t crc = lp_crc32(lp_crc32(0, header, CRC_AT), at + LP_JOURNAL_HEADER_BYTES, body_len);
    return memcmp(at, header, LP_JOURNAL_HEADER_BYTES) == 0 && crc == (uint32_t)lp_get_le(header + CRC_AT, 4);
}

/* Writes the sections `which`, of `len` bytes, as an entry of the newest generation at `at` of a page. */
static bool write_entry(const lp_journal *journal, uint32_t page, uint32_t at, const lp_board_state *state,
                        unsigned which, uint32_t len) {
    uint8_t header[LP_JOURNAL_HEADER_BYTES];
    lp_flash_writer writer;
    uint32_t magic = at == 0 ? MAGIC_SNAPSHOT : MAGIC_ENTRY;
    lp_put_le(header, len | magic << 16, 4);
    lp_put_le(header + 4, journal->generation, 4);
    outlet measured = {.crc = lp_crc32(0, header, CRC_AT)};
    outlet written = {.writer = &writer};
    if (!lp_body_write(state, which, take, &measured)) {
        return false;
    }
    lp_put_le(header + CRC_AT, measured.crc, 4);
    lp_flash_writer_begin(&writer, journal->flash, page + at, padded(journal, len));
    return lp_flash_writer_add(&writer, (lp_slice){header, sizeof header}) &&
           lp_body_write(state, which, take, &written) && lp_flash_writer_flush(&writer) &&
           reads_back(journal->flash->map + page + at, header, len);
}

bool lp_journal_seal(lp_journal *journal, const lp_board_state *state) {
    outlet measured = {.len = 0};
    uint32_t pages = page_count(journal);
    bool first = journal->generation == 0;
    uint32_t used = first ? pages - 1 : (journal->page - journal->region.offset) / journal->flash->page_bytes;
    if (!lp_body_write(state, LP_STATE_ALL, take, &measured)) {
        return false;
    }
    journal->sealed = false;
    for (uint32_t i = 1; i < pages + first; i++) {
        uint32_t page = journal->region.offset + (used + i) % pages * journal->flash->page_bytes;
        /* A page that failed may read as whole one day: none that follows shares its generation. */
        journal->generation += journal->generation == UINT32_MAX ? 2 : 1;
        uint32_t mark = padded(journal, measured.len);
        if (write_entry(journal, page, 0, state, LP_STATE_ALL, measured.len) &&
            write_entry(journal, page, mark, state, 0, 0)) {
            journal->page = page;
            journal->page_generation = journal->generation;
            journal->at = mark + padded(journal, 0);
            journal->marked = true;
            journal->sealed = true;
            return true;
        }
    }
    return false;
}

bool lp_journal_settle(lp_journal *journal, const lp_board_state *state) {
    return journal->sealed || lp_journal_seal(journal, state);
}

bool lp_journal_save(lp_journal *journal, const lp_board_state *state, unsigned changed) {
    outlet measured = {.len = 0};
    if (!lp_body_write(state, changed, take, &measured)) {
        return false;
    }
    uint32_t room = padded(journal, measured.len);
    if (!journal->sealed || room > journal->flash->page_bytes - journal->at) {
        return lp_journal_seal(journal, state);
    }
    if (!write_entry(journal, journal->page, journal->at, state, changed, measured.len)) {
        return lp_journal_seal(journal, state);
    }
    journal->at += room;
    return true;
}
