/* SPDX-License-Identifier: Apache-2.0 */
/* The state journal, page by page and entry by entry, as docs/BOARD.md, "Journal", describes its bytes; then the state
 * that it comes to. */
#include "flash_tool.h"

#include "lampyr-store/state.h"
#include "lampyr/encode.h"
#include "store_internal.h"

#include <inttypes.h>
#include <stdio.h>

enum { MAGIC_ENTRY = 0x4C4A, MAGIC_SNAPSHOT = 0x4C53, WORD_BYTES = 4 };

/* One entry, in place. */
typedef struct entry {
    uint32_t generation;
    const uint8_t *body;
    uint32_t len;
} entry;

/* Finds the entry at `bytes`, which has `room` bytes. False if it is not whole, or has another magic. */
static bool find_entry(const uint8_t *bytes, uint32_t room, unsigned magic, entry *out) {
    if (room < LP_JOURNAL_HEADER_BYTES || lp_get_le(bytes + 2, 2) != magic) {
        return false;
    }
    *out = (entry){.generation = (uint32_t)lp_get_le(bytes + 4, 4),
                   .body = bytes + LP_JOURNAL_HEADER_BYTES,
                   .len = (uint32_t)lp_get_le(bytes, 2)};
    return out->len <= room - LP_JOURNAL_HEADER_BYTES && out->generation != 0 &&
           lp_crc32(lp_crc32(0, bytes, 8), out->body, out->len) == (uint32_t)lp_get_le(bytes + 8, 4) &&
           lp_body_check(out->body, out->len);
}

/* "boot+progress", the sections of an entry. */
static void put_sections(const entry *e) {
    static const char *const names[] = {"?",     "boot",  "files", "download", "progress", "installed",
                                        "trial", "floor", "time",  "report",   "attacks"};
    const char *between = "";
    for (uint32_t at = 0; at < e->len; at += 2U + e->body[at + 1]) {
        unsigned tag = e->body[at];
        printf("%s%s", between, names[tag < sizeof names / sizeof names[0] ? tag : 0]);
        between = "+";
    }
    fputs(e->len == 0 ? "mark" : "", stdout);
}

static void put_page(const uint8_t *page, uint32_t page_bytes, uint32_t number) {
    entry e;
    uint32_t at = 0;
    unsigned magic = MAGIC_SNAPSHOT;
    uint32_t generation = 0;
    while (find_entry(page + at, page_bytes - at, magic, &e) && (at == 0 || e.generation == generation)) {
        if (at == 0) {
            generation = e.generation;
            printf("  page %" PRIu32 ": generation %" PRIu32 ", snapshot of %" PRIu32 " bytes", number, generation,
                   e.len);
        } else {
            fputs(", ", stdout);
            put_sections(&e);
        }
        magic = MAGIC_ENTRY;
        at += (LP_JOURNAL_HEADER_BYTES + e.len + WORD_BYTES - 1) / WORD_BYTES * WORD_BYTES;
    }
    if (at > 0) {
        printf(", %" PRIu32 " bytes used\n", at);
    }
}

static void put_image(const char *what, const lp_image *image) {
    char hex[2 * LP_SHA256_BYTES + 1];
    lp_hex_encode(image->hashes.sha256, LP_SHA256_BYTES, hex);
    printf("  %s: %s, %" PRIu64 " bytes, release counter %" PRIu64 ", sha256 %s\n", what, image->name,
           image->length_bytes, image->counter, hex);
}

static void put_state(const lp_board_state *state) {
    static const char *const phases[] = {"idle", "requested", "swapping", "testing", "reverting", "restoring"};
    static const char *const trials[] = {"none", "requested", "failed"};
    char time[LP_TIME_TEXT_BYTES];
    const lp_boot_state *boot = &state->boot;
    const lp_record *record = &state->record;
    printf("  boot: %s%s, attempts %u, steps %u of a swap of %u image and %u record pages\n", phases[boot->phase],
           boot->reverted ? ", reverted" : "", boot->attempts, boot->steps, boot->image_pages, boot->record_pages);
    printf("  metadata: roots %u, targets copy %u of %" PRIu32 " bytes\n", state->roots, state->targets_copy,
           state->targets_len);
    if (state->download_len > 0) {
        printf("  download: %" PRIu32 " of %" PRIu32 " bytes\n", state->downloaded, state->download_len);
    }
    put_image("installed", &record->installed);
    if (record->trial_state != LP_TRIAL_NONE) {
        printf("  trial: %s under targets version %" PRIu64 "\n", trials[record->trial_state],
               record->trial_targets_version);
        put_image("trial", &record->trial);
    }
    lp_time_format(record->time_floor, time);
    printf("  floors: release counter %" PRIu64 ", time %s\n", record->counter_floor, time);
    printf("  reports: %" PRIu64 ", attacks not yet reported: %s\n", record->report_counter,
           record->attacks[0] == '\0' ? "none" : record->attacks);
}

void inspect_journal(flash_contents *contents) {
    static const char *const verdicts[] = {"good", "empty", "damaged"};
    lp_journal journal;
    lp_board_state state;
    lp_region region = contents->layout->journal;
    uint32_t page_bytes = contents->flash.page_bytes;
    lp_journal_verdict verdict = lp_journal_open(&journal, &contents->flash, region, &state);
    printf("journal: %s\n", verdicts[verdict]);
    for (uint32_t at = region.offset; at < region.offset + region.bytes; at += page_bytes) {
        put_page(contents->bytes + at, page_bytes, at / page_bytes);
    }
    if (verdict == LP_JOURNAL_GOOD) {
        put_state(&state);
    }
}
