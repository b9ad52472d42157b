/* SPDX-License-Identifier: Apache-2.0 */
#include "lampyr-store/files.h"

#include "store_internal.h"

#include <string.h>

enum { CRC_AT = 4 }; /* in the header of a root, behind its length */

static const lp_slice none = {NULL, 0};

/* --- roots --- */

static uint32_t root_offset(const lp_layout *layout, uint32_t index) {
    return layout->roots.offset + index * layout->root_slot_bytes;
}

lp_slice lp_files_root(const lp_flash *flash, const lp_layout *layout, uint32_t index) {
    uint8_t header[LP_ROOT_HEADER_BYTES];
    uint32_t offset = root_offset(layout, index);
    if (index >= lp_layout_root_slots(layout) || !flash->read(flash, offset, header, sizeof header)) {
        return none;
    }
    uint32_t len = (uint32_t)lp_get_le(header, 4);
    if (len > lp_layout_root_bytes(layout)) {
        return none;
    }
    lp_slice root = lp_flash_at(flash, offset + LP_ROOT_HEADER_BYTES, len);
    return lp_crc32(0, root.ptr, root.len) == (uint32_t)lp_get_le(header + CRC_AT, 4) ? root : none;
}

bool lp_files_root_begin(const lp_flash *flash, const lp_layout *layout, uint32_t index, lp_flash_writer *writer) {
    uint32_t offset = root_offset(layout, index);
    if (index >= lp_layout_root_slots(layout) || !flash->erase(flash, offset)) {
        return false;
    }
    lp_flash_writer_begin(writer, flash, offset + LP_ROOT_HEADER_BYTES, lp_layout_root_bytes(layout));
    return true;
}

bool lp_files_root_end(lp_flash_writer *writer) {
    uint8_t header[LP_ROOT_HEADER_BYTES];
    const lp_flash *flash = writer->flash;
    if (!lp_flash_writer_flush(writer)) {
        return false;
    }
    memset(header, flash->erased, sizeof header);
    lp_put_le(header, writer->len, 4);
    lp_put_le(header + CRC_AT, lp_crc32(0, flash->map + writer->start, writer->len), 4);
    return flash->program(flash, writer->start - LP_ROOT_HEADER_BYTES, header, sizeof header);
}

/* --- the whole --- */

void lp_files_open(lp_files *files, const lp_flash *flash, const lp_layout *layout, const lp_factory *factory,
                   lp_journal *journal, lp_board_state *state) {
    *files = (lp_files){.flash = flash,
                        .layout = layout,
                        .factory = factory,
                        .journal = journal,
                        .state = state,
                        .older = state->targets_copy == 1 ? 1 : 0};
    uint8_t whole = 0;
    while (whole < state->roots && lp_files_root(flash, layout, whole).ptr != NULL) {
        whole++;
    }
    state->roots = whole;
    if (state->targets_len > layout->targets[0].bytes) {
        state->targets_copy = 0;
    }
}

static bool save(lp_files *files, uint8_t roots, uint8_t targets_copy, uint32_t targets_len) {
    lp_board_state *state = files->state;
    uint8_t old_roots = state->roots;
    uint8_t old_copy = state->targets_copy;
    uint32_t old_len = state->targets_len;
    state->roots = roots;
    state->targets_copy = targets_copy;
    state->targets_len = targets_len;
    if (!lp_journal_save(files->journal, state, LP_STATE_FILES)) {
        state->roots = old_roots;
        state->targets_copy = old_copy;
        state->targets_len = old_len;
        return false;
    }
    return true;
}

static bool is_kept(const lp_file_id *id) {
    return id->repo == LP_REPO_DIRECTOR && (id->role == LP_ROLE_ROOT || id->role == LP_ROLE_TARGETS);
}

lp_slice lp_files_load(const lp_files *files, const lp_file_id *id, uint64_t max_bytes) {
    const lp_board_state *state = files->state;
    lp_slice found;
    if (!is_kept(id)) {
        return none;
    }
    if (id->role == LP_ROLE_ROOT) {
        found = state->roots == 0 ? files->factory->root : lp_files_root(files->flash, files->layout, state->roots - 1);
    } else if (state->targets_copy == 0) {
        found = files->factory->targets;
    } else {
        found = lp_flash_at(files->flash, files->layout->targets[state->targets_copy - 1].offset, state->targets_len);
    }
    return found.len > max_bytes ? none : found;
}

/* --- staging --- */

/* Attestations come often and are short: one goes behind the other until the area is full. */
static uint32_t time_offset(const lp_files *files, uint64_t max_bytes) {
    const lp_region *area = &files->layout->targets[files->older];
    uint32_t word = files->flash->word_bytes;
    uint32_t next = (files->writer.start + files->writer.len + word - 1) / word * word;
    bool fits = files->staged == LP_ROLE_TIME && max_bytes <= area->offset + area->bytes - next;
    return fits ? next : area->offset;
}

bool lp_files_stage_begin(lp_files *files, const lp_file_id *id, uint64_t max_bytes) {
    const lp_region *area = &files->layout->targets[files->older];
    uint32_t offset = id->role == LP_ROLE_TIME ? time_offset(files, max_bytes) : area->offset;
    files->staged = LP_ROLE_NONE;
    if ((!is_kept(id) && (id->repo != LP_REPO_DIRECTOR || id->role != LP_ROLE_TIME)) ||
        !lp_journal_settle(files->journal, files->state)) {
        return false;
    }
    if (id->role == LP_ROLE_ROOT) {
        if (!lp_files_root_begin(files->flash, files->layout, files->state->roots, &files->writer)) {
            return false;
        }
    } else {
        lp_flash_writer_begin(&files->writer, files->flash, offset, area->offset + area->bytes - offset);
    }
    files->staged = id->role;
    return true;
}

/* What a page that failed holds is not gone on with. */
static bool stage_did(lp_files *files, bool ok) {
    files->staged = ok ? files->staged : LP_ROLE_NONE;
    return ok;
}

bool lp_files_stage_write(lp_files *files, lp_slice bytes) {
    return files->staged != LP_ROLE_NONE && stage_did(files, lp_flash_writer_add(&files->writer, bytes));
}

lp_slice lp_files_stage_bytes(lp_files *files) {
    if (files->staged == LP_ROLE_NONE || !stage_did(files, lp_flash_writer_flush(&files->writer))) {
        return none;
    }
    return lp_flash_at(files->flash, files->writer.start, files->writer.len);
}

bool lp_files_stage_store(lp_files *files, const lp_file_id *id) {
    const lp_board_state *state = files->state;
    if (!is_kept(id) || files->staged != id->role || lp_files_stage_bytes(files).ptr == NULL) {
        return false;
    }
    files->staged = LP_ROLE_NONE;
    if (id->role == LP_ROLE_ROOT) {
        return lp_files_root_end(&files->writer) &&
               save(files, (uint8_t)(state->roots + 1), state->targets_copy, state->targets_len);
    }
    if (!save(files, state->roots, (uint8_t)(files->older + 1), files->writer.len)) {
        return false;
    }
    files->older = 1 - files->older;
    return true;
}

bool lp_files_forget(lp_files *files, const lp_file_id *id) {
    const lp_board_state *state = files->state;
    if (!is_kept(id)) {
        return true;
    }
    return id->role == LP_ROLE_TARGETS && (state->targets_copy == 0 || save(files, state->roots, 0, 0));
}
