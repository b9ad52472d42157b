/* SPDX-License-Identifier: Apache-2.0 */
#include "lampyr-boot/recovery.h"
#include "boot_state.h"
#include "lampyr-store/files.h"
#include "lampyr-store/slot.h"
#include "swap.h"

#include <string.h>

/* SLIP (RFC 1055) */
enum { SLIP_END = 0xC0, SLIP_ESC = 0xDB, SLIP_ESC_END = 0xDC, SLIP_ESC_ESC = 0xDD };

enum { HEAD_BYTES = 2, CRC_BYTES = 4, FORMAT = 1 };

void lp_recovery_begin(lp_recovery *recovery, const lp_boot_config *config) {
    memset(recovery, 0, sizeof *recovery);
    recovery->config = config;
    recovery->provisioned = lp_factory_read(config->flash, config->layout, &recovery->factory);
    recovery->remembers =
        recovery->provisioned && lp_boot_open_journal(config, &recovery->journal, &recovery->state) == LP_JOURNAL_GOOD;
    if (!recovery->remembers) {
        lp_boot_first_state(&recovery->state, &recovery->factory, &(lp_boot_verified){.counter = 0});
    }
}

bool lp_recovery_done(const lp_recovery *recovery) {
    return recovery->done;
}

static uint32_t get32(const uint8_t *bytes) {
    return (uint32_t)bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 | (uint32_t)bytes[3] << 24;
}

static void put(uint8_t *out, uint64_t value, size_t bytes) {
    for (size_t i = 0; i < bytes; i++) {
        out[i] = (uint8_t)(value >> (8 * i));
    }
}

/* --- requests --- */

/* Where targets wait: in the copy that the application does not use. */
static lp_region targets_room(const lp_recovery *recovery) {
    return recovery->config->layout->targets[recovery->state.targets_copy == 1 ? 1 : 0];
}

/* Makes room for one file; the writer erases the pages as it comes to them. */
static bool make_room(lp_recovery *recovery, uint8_t kind, uint8_t root) {
    const lp_flash *flash = recovery->config->flash;
    const lp_layout *layout = recovery->config->layout;
    switch (kind) {
    case LP_RECOVERY_ROOT:
        return lp_files_root_begin(flash, layout, root, &recovery->writer);
    case LP_RECOVERY_TARGETS:
        lp_flash_writer_begin(&recovery->writer, flash, targets_room(recovery).offset, targets_room(recovery).bytes);
        return true;
    default:
        lp_flash_writer_begin(&recovery->writer, flash, layout->slot[1].offset, lp_layout_image_bytes(layout));
        return lp_slot_record_erase(flash, layout, 1);
    }
}

/* BEGIN: kind 1, index of the root 1, 0 2, length 4. */
static lp_code begin(lp_recovery *recovery, const uint8_t *body, size_t len) {
    const lp_layout *layout = recovery->config->layout;
    const uint32_t longest[] = {0, lp_layout_root_bytes(layout), lp_layout_targets_bytes(layout),
                                lp_layout_image_bytes(layout)};
    recovery->kind = 0;
    if (len != 8 || body[0] < LP_RECOVERY_ROOT || body[0] > LP_RECOVERY_IMAGE) {
        return LP_FIELD_VALUE;
    }
    uint32_t expected = get32(body + 4);
    if (expected == 0 || expected > longest[body[0]] ||
        (body[0] == LP_RECOVERY_ROOT && body[1] >= lp_layout_root_slots(layout))) {
        return LP_LIMIT_FILE;
    }
    recovery->lengths[body[0]] = 0;
    if (!make_room(recovery, body[0], body[1])) {
        return LP_STATE;
    }
    recovery->kind = body[0];
    recovery->expected = expected;
    return LP_OK;
}

/* DATA: offset 4, bytes. The last piece completes the file. */
static lp_code data(lp_recovery *recovery, const uint8_t *body, size_t len) {
    lp_flash_writer *writer = &recovery->writer;
    if (recovery->kind == 0 || len < 4 || get32(body) != writer->len) {
        return LP_MISUSE;
    }
    if (len - 4 > recovery->expected - writer->len) {
        return LP_LIMIT_FILE;
    }
    bool ok = lp_flash_writer_add(writer, (lp_slice){body + 4, len - 4});
    if (ok && writer->len == recovery->expected) {
        ok = recovery->kind == LP_RECOVERY_ROOT ? lp_files_root_end(writer) : lp_flash_writer_flush(writer);
        recovery->lengths[recovery->kind] = ok ? recovery->expected : 0;
        recovery->kind = 0;
    }
    recovery->kind = ok ? recovery->kind : 0; /* a page that failed has to be begun again */
    return ok ? LP_OK : LP_STATE;
}

/* FINISH: root version 8. What was uploaded is verified where it lies; then the loader may install it. */
static lp_code finish(lp_recovery *recovery, const uint8_t *body, size_t len) {
    const lp_boot_config *config = recovery->config;
    lp_board_state *state = &recovery->state;
    if (len != 8 || recovery->lengths[LP_RECOVERY_TARGETS] == 0 || recovery->lengths[LP_RECOVERY_IMAGE] == 0) {
        return LP_MISUSE;
    }
    lp_slot_record record = {
        .image_bytes = recovery->lengths[LP_RECOVERY_IMAGE],
        .root_version = get32(body) | (uint64_t)get32(body + 4) << 32,
        .targets = lp_flash_at(config->flash, targets_room(recovery).offset, recovery->lengths[LP_RECOVERY_TARGETS])};
    if (!lp_slot_record_write(config->flash, config->layout, 1, &record)) {
        return LP_STATE;
    }
    lp_boot_verified verified;
    lp_boot_floor floor = {.counter = state->record.counter_floor, .confirmed = &state->record.installed};
    lp_code code = lp_boot_verify_slot(config, &recovery->factory, 1, &floor, &verified);
    if (code != LP_OK) {
        return lp_slot_record_erase(config->flash, config->layout, 1) ? code : LP_STATE;
    }
    if (!recovery->remembers) {
        lp_boot_first_state(state, &recovery->factory, &verified);
    }
    state->roots = (uint8_t)verified.roots;
    state->boot = (lp_boot_state){.phase = LP_BOOT_RESTORING};
    lp_swap_plan(config->flash, config->layout, &state->boot);
    recovery->done = lp_journal_save(&recovery->journal, state, LP_STATE_BOOT | LP_STATE_FILES);
    return recovery->done ? LP_OK : LP_STATE;
}

/* --- frames --- */

/* One byte of a frame, escaped. */
static void add_escaped(lp_recovery *recovery, uint8_t byte) {
    if (byte == SLIP_END || byte == SLIP_ESC) {
        recovery->answer[recovery->answer_len++] = SLIP_ESC;
        byte = byte == SLIP_END ? SLIP_ESC_END : SLIP_ESC_ESC;
    }
    recovery->answer[recovery->answer_len++] = byte;
}

/* The answer: type, sequence, code 2, and to HELLO what the host must know. */
static void answer(lp_recovery *recovery, lp_code code) {
    uint8_t text[LP_RECOVERY_TEXT_BYTES];
    size_t len = 4;
    text[0] = recovery->frame[0] | LP_RECOVERY_ANSWER;
    text[1] = recovery->frame[1];
    put(text + 2, code, 2);
    if (recovery->frame[0] == LP_RECOVERY_HELLO && code == LP_OK) {
        const lp_layout *layout = recovery->config->layout;
        text[4] = FORMAT;
        put(text + 5, lp_layout_root_bytes(layout), 4);
        put(text + 9, lp_layout_root_slots(layout), 4);
        put(text + 13, lp_layout_targets_bytes(layout), 4);
        put(text + 17, lp_layout_image_bytes(layout), 4);
        size_t serial = strlen(recovery->factory.serial);
        serial = serial < LP_RECOVERY_SERIAL_BYTES ? serial : LP_RECOVERY_SERIAL_BYTES;
        memcpy(text + 21, recovery->factory.serial, serial);
        len = 21 + serial;
    }
    put(text + len, lp_crc32(0, text, len), CRC_BYTES);
    recovery->answer_len = 0;
    recovery->answer[recovery->answer_len++] = SLIP_END;
    for (size_t i = 0; i < len + CRC_BYTES; i++) {
        add_escaped(recovery, text[i]);
    }
    recovery->answer[recovery->answer_len++] = SLIP_END;
}

static lp_code handle(lp_recovery *recovery, const uint8_t *body, size_t len) {
    if (!recovery->provisioned) {
        return LP_NO_TRUSTED_ROOT;
    }
    if (recovery->done && recovery->frame[0] != LP_RECOVERY_HELLO) {
        return LP_MISUSE; /* what was accepted stays as it is */
    }
    switch (recovery->frame[0]) {
    case LP_RECOVERY_HELLO:
        return LP_OK;
    case LP_RECOVERY_BEGIN:
        return begin(recovery, body, len);
    case LP_RECOVERY_DATA:
        return data(recovery, body, len);
    case LP_RECOVERY_FINISH:
        return finish(recovery, body, len);
    default:
        return LP_FIELD_VALUE;
    }
}

/* A whole frame: a request, or one that was answered already and is repeated. */
static lp_slice take_frame(lp_recovery *recovery) {
    size_t len = recovery->len;
    recovery->len = 0;
    if (recovery->overlong || len < HEAD_BYTES + CRC_BYTES ||
        get32(recovery->frame + len - CRC_BYTES) != lp_crc32(0, recovery->frame, len - CRC_BYTES)) {
        recovery->overlong = false;
        return (lp_slice){NULL, 0};
    }
    bool repeated =
        recovery->answered && recovery->frame[1] == recovery->sequence && recovery->frame[0] != LP_RECOVERY_HELLO;
    if (!repeated) {
        recovery->answered = true;
        recovery->sequence = recovery->frame[1];
        answer(recovery, handle(recovery, recovery->frame + HEAD_BYTES, len - HEAD_BYTES - CRC_BYTES));
    }
    return (lp_slice){recovery->answer, recovery->answer_len};
}

lp_slice lp_recovery_byte(lp_recovery *recovery, uint8_t byte) {
    if (byte == SLIP_END) {
        recovery->escaped = false;
        return take_frame(recovery);
    }
    if (byte == SLIP_ESC) {
        recovery->escaped = true;
        return (lp_slice){NULL, 0};
    }
    if (recovery->escaped) {
        recovery->escaped = false;
        byte = byte == SLIP_ESC_END ? SLIP_END : SLIP_ESC;
    }
    if (recovery->len == sizeof recovery->frame) {
        recovery->overlong = true;
    } else {
        recovery->frame[recovery->len++] = byte;
    }
    return (lp_slice){NULL, 0};
}
