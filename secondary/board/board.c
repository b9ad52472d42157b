/* SPDX-License-Identifier: Apache-2.0 */
#include "lampyr-board/board.h"

#include "lampyr-store/slot.h"
#include "lampyr/role.h"

#include <string.h>

enum { RUNNING = 0, STAGING = 1 }; /* slots */

static lp_board *board_of(const lp_agent_port *port) {
    return port->ctx;
}

/* --- metadata --- */

static lp_slice metadata_load(const lp_agent_port *port, const lp_file_id *id, uint64_t max_bytes) {
    return lp_files_load(&board_of(port)->files, id, max_bytes);
}

static lp_slice metadata_provisioned(const lp_agent_port *port, lp_repo repo) {
    return repo == LP_REPO_DIRECTOR ? board_of(port)->factory.root : (lp_slice){NULL, 0};
}

static bool stage_begin(const lp_agent_port *port, const lp_file_id *id, uint64_t max_bytes) {
    return lp_files_stage_begin(&board_of(port)->files, id, max_bytes);
}

static bool stage_write(const lp_agent_port *port, lp_slice bytes) {
    return lp_files_stage_write(&board_of(port)->files, bytes);
}

static lp_slice stage_bytes(const lp_agent_port *port) {
    return lp_files_stage_bytes(&board_of(port)->files);
}

static bool stage_store(const lp_agent_port *port, const lp_file_id *id) {
    return lp_files_stage_store(&board_of(port)->files, id);
}

static bool metadata_forget(const lp_agent_port *port, const lp_file_id *id) {
    return lp_files_forget(&board_of(port)->files, id);
}

static void metadata_release(const lp_agent_port *port) {
    (void)port; /* flash is mapped: nothing is held */
}

/* --- the image that arrives --- */

static uint32_t staging_offset(const lp_board *board) {
    return board->config.layout->slot[STAGING].offset;
}

/* From now on slot 1 is for this image, and nothing of it is there; length 0: for none. */
static bool set_download(lp_board *board, const uint8_t *id, uint32_t length_bytes) {
    lp_board_state *state = &board->state;
    uint8_t old_id[LP_SHA256_BYTES];
    uint32_t old_len = state->download_len;
    uint32_t old_downloaded = state->downloaded;
    board->receiving = false;
    memcpy(old_id, state->download_id, sizeof old_id);
    memcpy(state->download_id, id, sizeof old_id);
    state->download_len = length_bytes;
    state->downloaded = 0;
    if (lp_journal_save(&board->journal, state, LP_STATE_DOWNLOAD)) {
        return true;
    }
    memcpy(state->download_id, old_id, sizeof old_id);
    state->download_len = old_len;
    state->downloaded = old_downloaded;
    return false;
}

/* How much of the image is there: whole pages, or all of it. The rest of the last page may be torn. */
static uint32_t durable_bytes(const lp_board *board, uint32_t taken) {
    return taken == board->state.download_len ? taken : taken - taken % board->config.flash->page_bytes;
}

static bool image_open(const lp_agent_port *port, const uint8_t *id, uint64_t length_bytes, uint64_t *have_bytes) {
    lp_board *board = board_of(port);
    const lp_board_config *config = &board->config;
    const lp_board_state *state = &board->state;
    /* While an image is on trial, slot 1 keeps the one before. */
    if (state->boot.phase != LP_BOOT_IDLE || length_bytes > port->slot_bytes ||
        !lp_journal_settle(&board->journal, state)) {
        return false;
    }
    bool same = state->download_len == length_bytes && state->downloaded <= length_bytes &&
                memcmp(state->download_id, id, sizeof state->download_id) == 0;
    if (!same && !set_download(board, id, (uint32_t)length_bytes)) {
        return false;
    }
    uint32_t have = durable_bytes(board, state->downloaded);
    if (have == 0 && !lp_slot_record_erase(config->flash, config->layout, STAGING)) {
        return false;
    }
    uint32_t word = config->flash->word_bytes;
    uint32_t whole_words = ((uint32_t)length_bytes + word - 1) / word * word;
    lp_flash_writer_begin(&board->image, config->flash, staging_offset(board) + have,
                          have == length_bytes ? 0 : whole_words - have);
    board->receiving = true;
    *have_bytes = have;
    return true;
}

static bool append(lp_board *board, lp_slice bytes) {
    lp_board_state *state = &board->state;
    uint32_t before = state->downloaded;
    if (!lp_flash_writer_add(&board->image, bytes)) {
        return false;
    }
    uint32_t taken = board->image.start + board->image.len - staging_offset(board);
    if (taken == state->download_len && !lp_flash_writer_flush(&board->image)) {
        return false;
    }
    state->downloaded = durable_bytes(board, taken);
    if (state->downloaded == before || lp_journal_save(&board->journal, state, LP_STATE_PROGRESS)) {
        return true;
    }
    state->downloaded = before;
    return false;
}

static bool image_write(const lp_agent_port *port, uint64_t offset, lp_slice bytes) {
    lp_board *board = board_of(port);
    uint32_t taken = board->image.start + board->image.len - staging_offset(board);
    bool next = board->receiving && offset == taken && bytes.len <= board->state.download_len - taken;
    board->receiving = next && append(board, bytes); /* after a failure the page has to be begun again */
    return board->receiving;
}

static bool image_read(const lp_agent_port *port, uint64_t offset, uint8_t *out, size_t len) {
    const lp_board *board = board_of(port);
    const lp_flash *flash = board->config.flash;
    return offset <= port->slot_bytes && len <= port->slot_bytes - offset &&
           flash->read(flash, staging_offset(board) + (uint32_t)offset, out, (uint32_t)len);
}

static bool image_discard(const lp_agent_port *port) {
    static const uint8_t nothing[LP_SHA256_BYTES];
    lp_board *board = board_of(port);
    board->receiving = false;
    return board->state.download_len == 0 || set_download(board, nothing, 0);
}

/* --- boot --- */

static bool boot_status(const lp_agent_port *port, lp_boot_status *out) {
    const lp_board *board = board_of(port);
    *out = (lp_boot_status){.length_bytes = board->running_bytes,
                            .testing = board->state.boot.phase == LP_BOOT_TESTING,
                            .reverted = board->state.boot.reverted};
    memcpy(out->sha256, board->running_sha256, sizeof out->sha256);
    return true;
}

/* Writes down who ordered the image: the targets that are trusted now, and the root under which they are. */
static bool write_record(const lp_board *board, uint32_t image_bytes) {
    static const lp_file_id root_id = {.repo = LP_REPO_DIRECTOR, .role = LP_ROLE_ROOT, .name = ""};
    static const lp_file_id targets_id = {.repo = LP_REPO_DIRECTOR, .role = LP_ROLE_TARGETS, .name = ""};
    lp_signed root;
    lp_slice file = lp_files_load(&board->files, &root_id, board->limits.root_bytes);
    lp_slice targets = lp_files_load(&board->files, &targets_id, board->limits.targets_bytes);
    if (file.ptr == NULL || targets.ptr == NULL ||
        lp_signed_parse(file, LP_ROLE_ROOT, LP_JSON_CANONICAL, board->factory.dialect, &board->limits,
                        (lp_scratch){NULL, 0}, &root) != LP_OK) {
        return false;
    }
    lp_slot_record record = {.image_bytes = image_bytes, .root_version = root.version, .targets = targets};
    return lp_slot_record_write(board->config.flash, board->config.layout, STAGING, &record);
}

/* With the request, the download is forgotten: once the slots are swapped, slot 1 holds another image. */
static bool boot_request(const lp_agent_port *port, const lp_image *image) {
    lp_board *board = board_of(port);
    lp_board_state *state = &board->state;
    lp_boot_state old_boot = state->boot;
    uint32_t length = state->download_len;
    if (old_boot.phase != LP_BOOT_IDLE || length != image->length_bytes || state->downloaded != length ||
        !lp_journal_settle(&board->journal, state) || !write_record(board, length)) {
        return false;
    }
    board->receiving = false;
    state->boot = (lp_boot_state){.phase = LP_BOOT_REQUESTED};
    state->download_len = 0;
    state->downloaded = 0;
    if (lp_journal_save(&board->journal, state, LP_STATE_BOOT | LP_STATE_DOWNLOAD)) {
        return true;
    }
    state->boot = old_boot;
    state->download_len = length;
    state->downloaded = length;
    return false;
}

static bool boot_confirm(const lp_agent_port *port) {
    lp_board *board = board_of(port);
    lp_boot_state *boot = &board->state.boot;
    lp_boot_state old_boot = *boot;
    if (old_boot.phase != LP_BOOT_TESTING) {
        return old_boot.phase == LP_BOOT_IDLE;
    }
    *boot = (lp_boot_state){.phase = LP_BOOT_IDLE};
    if (!lp_journal_save(&board->journal, &board->state, LP_STATE_BOOT)) {
        *boot = old_boot;
        return false;
    }
    return true;
}

/* --- the record --- */

static bool record_load(const lp_agent_port *port, lp_record *out) {
    *out = board_of(port)->state.record;
    return true;
}

/* The sections in which `a` and `b` differ. */
static unsigned changed_sections(const lp_record *a, const lp_record *b) {
    unsigned changed = 0;
    if (memcmp(&a->installed, &b->installed, sizeof a->installed) != 0) {
        changed |= LP_STATE_INSTALLED;
    }
    if (a->trial_state != b->trial_state || a->trial_targets_version != b->trial_targets_version ||
        memcmp(&a->trial, &b->trial, sizeof a->trial) != 0) {
        changed |= LP_STATE_TRIAL;
    }
    if (a->counter_floor != b->counter_floor) {
        changed |= LP_STATE_FLOOR;
    }
    if (a->time_floor != b->time_floor || a->previous_time != b->previous_time) {
        changed |= LP_STATE_TIME;
    }
    if (a->report_counter != b->report_counter) {
        changed |= LP_STATE_REPORT;
    }
    if (strcmp(a->attacks, b->attacks) != 0) {
        changed |= LP_STATE_ATTACKS;
    }
    return changed;
}

static bool record_store(const lp_agent_port *port, const lp_record *record) {
    lp_board *board = board_of(port);
    lp_record old = board->state.record;
    unsigned changed = changed_sections(&old, record);
    if (changed == 0) {
        return true;
    }
    board->state.record = *record;
    if (!lp_journal_save(&board->journal, &board->state, changed)) {
        board->state.record = old;
        return false;
    }
    return true;
}

/* --- the rest --- */

static bool random_bytes(const lp_agent_port *port, void *out, size_t bytes) {
    const lp_board_config *config = &board_of(port)->config;
    return config->random(config->ctx, out, bytes);
}

static void on_event(const lp_agent_port *port, const lp_agent_event *event) {
    const lp_board_config *config = &board_of(port)->config;
    config->event(config->ctx, event);
}

lp_agent_port lp_board_port(lp_board *board) {
    return (lp_agent_port){.ctx = board,
                           .metadata_load = metadata_load,
                           .metadata_provisioned = metadata_provisioned,
                           .stage_begin = stage_begin,
                           .stage_write = stage_write,
                           .stage_bytes = stage_bytes,
                           .stage_store = stage_store,
                           .metadata_forget = metadata_forget,
                           .metadata_release = metadata_release,
                           .slot_bytes = lp_layout_image_bytes(board->config.layout),
                           .name_bytes = LP_STATE_NAME_BYTES - 1,
                           .image_open = image_open,
                           .image_write = image_write,
                           .image_read = image_read,
                           .image_discard = image_discard,
                           .boot_status = boot_status,
                           .boot_request = boot_request,
                           .boot_confirm = boot_confirm,
                           .record_load = record_load,
                           .record_store = record_store,
                           .random = random_bytes,
                           .event = on_event};
}

lp_code lp_board_open(lp_board *board, const lp_board_config *config) {
    lp_slot_record running;
    memset(board, 0, sizeof *board);
    board->config = *config;
    board->limits = lp_layout_limits(config->layout);
    if (!lp_factory_read(config->flash, config->layout, &board->factory)) {
        return LP_NO_TRUSTED_ROOT;
    }
    if (lp_journal_open(&board->journal, config->flash, config->layout->journal, &board->state) != LP_JOURNAL_GOOD) {
        return LP_STATE;
    }
    lp_journal_continue(&board->journal);
    lp_files_open(&board->files, config->flash, config->layout, &board->factory, &board->journal, &board->state);
    if (!lp_slot_record_read(config->flash, config->layout, RUNNING, &running)) {
        return LP_MISSING_FILE;
    }
    /* What runs is what lies there, whatever its record says. */
    lp_slice image = lp_flash_at(config->flash, config->layout->slot[RUNNING].offset, running.image_bytes);
    board->running_bytes = running.image_bytes;
    return lp_digest(config->crypto, LP_SHA256, image, board->running_sha256) ? LP_OK : LP_STATE;
}
