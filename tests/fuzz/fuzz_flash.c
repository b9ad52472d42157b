/* SPDX-License-Identifier: Apache-2.0 */
/* Whatever lies in a board's flash: it is read without a byte beyond, and a journal that is taken is one that can be
 * gone on with: sealed, it is found again as it was. The simulator stops whoever breaks the rules of flash. */
#include "fuzz.h"
#include "lampyr-board/keystore.h"
#include "lampyr-store/files.h"
#include "lampyr-store/slot.h"
#include "layouts.h"
#include "store_internal.h"

#include <string.h>

enum { MAGIC_ENTRY = 0x4C4A, MAGIC_SNAPSHOT = 0x4C53, BODY_BYTES = 1024 };

/* The longest body that a checked state can have. */
typedef struct body {
    uint8_t bytes[LP_JOURNAL_BODY_BYTES];
    uint32_t len;
} body;

static bool take(void *ctx, const void *bytes, uint32_t len) {
    body *b = ctx;
    FUZZ_CHECK(len <= sizeof b->bytes - b->len);
    memcpy(b->bytes + b->len, bytes, len);
    b->len += len;
    return true;
}

static body written(const lp_board_state *state) {
    body b = {.len = 0};
    FUZZ_CHECK(lp_body_write(state, LP_STATE_ALL, take, &b));
    return b;
}

static bool same(const lp_board_state *a, const lp_board_state *b) {
    body first = written(a);
    body second = written(b);
    return first.len == second.len && memcmp(first.bytes, second.bytes, first.len) == 0;
}

/* --- input --- */

/* Up to `most` bytes, behind a length of two bytes. */
static uint32_t take_bytes(fuzz_input *input, uint8_t *out, uint32_t most) {
    uint32_t wanted = fuzz_byte(input);
    wanted |= (uint32_t)fuzz_byte(input) << 8;
    uint32_t len = 0;
    while (len < wanted && len < most && input->pos < input->end) {
        out[len++] = fuzz_byte(input);
    }
    return len;
}

/* An entry with a right checksum, behind what is in its page. */
static void load_entry(sim_flash *sim, fuzz_input *input, uint32_t *used) {
    uint8_t entry[LP_JOURNAL_HEADER_BYTES + BODY_BYTES];
    uint32_t pages = layout_small.journal.bytes / sim->flash.page_bytes;
    uint32_t page = fuzz_byte(input) % pages;
    uint32_t magic = fuzz_byte(input) % 2 == 0 ? MAGIC_SNAPSHOT : MAGIC_ENTRY;
    uint32_t generation = fuzz_byte(input);
    uint32_t len = take_bytes(input, entry + LP_JOURNAL_HEADER_BYTES, BODY_BYTES);
    lp_put_le(entry, len | magic << 16, 4);
    lp_put_le(entry + 4, generation - 8, 4); /* around the end of the numbers too */
    lp_put_le(entry + 8, lp_crc32(lp_crc32(0, entry, 8), entry + LP_JOURNAL_HEADER_BYTES, len), 4);
    uint32_t whole = (LP_JOURNAL_HEADER_BYTES + len + 3) / 4 * 4;
    if (used[page] + whole <= sim->flash.page_bytes) {
        sim_flash_load(sim, layout_small.journal.offset + page * sim->flash.page_bytes + used[page], entry,
                       LP_JOURNAL_HEADER_BYTES + len);
        used[page] += whole;
    }
}

static void load_raw(sim_flash *sim, fuzz_input *input) {
    uint8_t bytes[BODY_BYTES];
    uint32_t offset = fuzz_byte(input);
    offset |= (uint32_t)fuzz_byte(input) << 8;
    uint32_t len = take_bytes(input, bytes, BODY_BYTES);
    if (len > 0 && len <= sim->flash.size_bytes - offset) {
        sim_flash_load(sim, offset, bytes, len);
    }
}

/* --- rules --- */

static void check_files(const sim_flash *sim, lp_journal *journal, lp_board_state *state) {
    const lp_file_id root = {LP_REPO_DIRECTOR, LP_ROLE_ROOT, ""};
    const lp_file_id targets = {LP_REPO_DIRECTOR, LP_ROLE_TARGETS, ""};
    lp_factory factory;
    lp_files files;
    if (!lp_factory_read(&sim->flash, &layout_small, &factory)) {
        memset(&factory, 0, sizeof factory);
    }
    lp_files_open(&files, &sim->flash, &layout_small, &factory, journal, state);
    const lp_slice found[] = {lp_files_load(&files, &root, UINT64_MAX), lp_files_load(&files, &targets, UINT64_MAX)};
    for (size_t i = 0; i < 2; i++) {
        (void)lp_crc32(0, found[i].ptr, found[i].len); /* reads all of it */
    }
    if (lp_files_stage_begin(&files, &targets, 100)) {
        FUZZ_CHECK(lp_files_stage_write(&files, (lp_slice){(const uint8_t *)"targets", 7}));
        FUZZ_CHECK(lp_files_stage_store(&files, &targets));
        FUZZ_CHECK(lp_files_load(&files, &targets, 7).len == 7);
    }
}

static void check_journal(const sim_flash *sim) {
    lp_journal journal;
    lp_board_state state, again;
    const lp_flash *flash = &sim->flash;
    if (lp_journal_open(&journal, flash, layout_small.journal, &state) != LP_JOURNAL_GOOD) {
        lp_state_first(&state, 0, 0);
    }
    (void)written(&state);
    FUZZ_CHECK(lp_journal_seal(&journal, &state));
    FUZZ_CHECK(lp_journal_open(&journal, flash, layout_small.journal, &again) == LP_JOURNAL_GOOD);
    FUZZ_CHECK(same(&state, &again));
    lp_journal_continue(&journal);
    state.record.report_counter++;
    FUZZ_CHECK(lp_journal_save(&journal, &state, LP_STATE_REPORT));
    FUZZ_CHECK(lp_journal_open(&journal, flash, layout_small.journal, &again) == LP_JOURNAL_GOOD);
    FUZZ_CHECK(same(&state, &again));
    check_files(sim, &journal, &state);
}

static void check_the_rest(const sim_flash *sim) {
    lp_slot_record record;
    lp_public_key key;
    lp_key_page page = {.flash = &sim->flash, .layout = &layout_small};
    lp_keystore store = lp_key_page_store(&page);
    for (unsigned slot = 0; slot < 2; slot++) {
        if (lp_slot_record_read(&sim->flash, &layout_small, slot, &record)) {
            FUZZ_CHECK(record.image_bytes <= lp_layout_image_bytes(&layout_small));
        }
    }
    if (store.public_key(&store, &key)) {
        FUZZ_CHECK(key.len <= sizeof key.bytes);
    }
}

/* Input: entries of the journal (a byte below 128, then page, magic, generation, length, body) and bytes anywhere (a
 * byte from 128 on, then offset, length, bytes). */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static sim_flash sim;
    uint32_t used[3] = {0};
    fuzz_input input = fuzz_begin(data, size);
    sim_flash_make(&sim, &sim_small);
    while (input.pos < input.end) {
        if (fuzz_byte(&input) < 128) {
            load_entry(&sim, &input, used);
        } else {
            load_raw(&sim, &input);
        }
    }
    check_the_rest(&sim);
    check_journal(&sim);
    sim_flash_free(&sim);
    return 0;
}
