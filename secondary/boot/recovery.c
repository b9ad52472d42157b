/* SPDX-License-Identifier: Apache-2.0 */
#include "lampyr-boot/recovery.h"
#include "boot_state.h"
#include "lampyr-store/files.h"
#include "lampyr-store/slot.h"
#include "lampyr/role.h"
#include "store_internal.h"
#include "swap.h"

#include <string.h>

/* What an upload builds on. False if the board was not provisioned. */
static bool read_factory(lp_recovery *recovery) {
    const lp_boot_config *config = recovery->config;
    lp_signed root;
    if (!lp_factory_read(config->flash, config->layout, &recovery->factory) ||
        lp_signed_parse(recovery->factory.root, LP_ROLE_ROOT, LP_JSON_CANONICAL, recovery->factory.dialect,
                        config->limits, (lp_scratch){NULL, 0}, &root) != LP_OK) {
        return false;
    }
    recovery->root_version = root.version;
    return true;
}

void lp_recovery_begin(lp_recovery *recovery, const lp_boot_config *config) {
    memset(recovery, 0, sizeof *recovery);
    recovery->config = config;
    recovery->provisioned = read_factory(recovery);
    recovery->remembers =
        recovery->provisioned && lp_boot_open_journal(config, &recovery->journal, &recovery->state) == LP_JOURNAL_GOOD;
    if (!recovery->remembers) {
        lp_state_first(&recovery->state, recovery->factory.time, 0);
    }
}

bool lp_recovery_done(const lp_recovery *recovery) {
    return recovery->done;
}

static uint32_t get32(const uint8_t *bytes) {
    return (uint32_t)lp_get_le(bytes, 4);
}

/* --- requests --- */

/* Where targets wait: in the copy that the application does not use. */
static lp_region targets_room(const lp_recovery *recovery) {
    return recovery->config->layout->targets[recovery->state.targets_copy == 1 ? 1 : 0];
}

/* What is written anew must not count meanwhile. */
static bool uncount_roots(lp_recovery *recovery, uint8_t from) {
    lp_board_state *state = &recovery->state;
    if (from >= state->roots) {
        return true;
    }
    state->roots = from;
    return lp_journal_save(&recovery->journal, state, LP_STATE_FILES);
}

/* Makes room for one file; the writer erases the pages as it comes to them. */
static bool make_room(lp_recovery *recovery, uint8_t kind, uint8_t root) {
    const lp_flash *flash = recovery->config->flash;
    const lp_layout *layout = recovery->config->layout;
    switch (kind) {
    case LP_RECOVERY_ROOT:
        return uncount_roots(recovery, root) && lp_files_root_begin(flash, layout, root, &recovery->writer);
    case LP_RECOVERY_TARGETS:
        lp_flash_writer_begin(&recovery->writer, flash, targets_room(recovery).offset, targets_room(recovery).bytes);
        return true;
    default:
        lp_flash_writer_begin(&recovery->writer, flash, layout->slot[1].offset, lp_layout_image_bytes(layout));
        return true;
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
        .root_version = lp_get_le(body, 8),
        .targets = lp_flash_at(config->flash, targets_room(recovery).offset, recovery->lengths[LP_RECOVERY_TARGETS])};
    if (!lp_slot_record_write(config->flash, config->layout, 1, &record)) {
        return LP_STATE;
    }
    lp_boot_verified verified;
    lp_code code = lp_boot_verify_slot(config, &recovery->factory, 1, state->record.counter_floor, &verified);
    if (code != LP_OK) { /* nor does it become good later: a root may still come */
        return lp_slot_record_erase(config->flash, config->layout, 1) ? code : LP_STATE;
    }
    if (!recovery->remembers) {
        lp_state_first(state, recovery->factory.time, verified.counter);
    }
    state->roots = (uint8_t)verified.roots;
    state->download_len = 0;
    state->boot = (lp_boot_state){.phase = LP_BOOT_RESTORING};
    lp_swap_plan(config->flash, config->layout, &state->boot);
    recovery->done = lp_journal_save(&recovery->journal, state, LP_STATE_BOOT | LP_STATE_FILES | LP_STATE_DOWNLOAD);
    return recovery->done ? LP_OK : LP_STATE;
}

/* --- frames --- */

/* What the host must know: docs/BOARD.md, "Recovery". Returns its length. */
static size_t describe(const lp_recovery *recovery, uint8_t *out) {
    const lp_layout *layout = recovery->config->layout;
    size_t serial_len = strlen(recovery->factory.serial);
    serial_len = serial_len < LP_RECOVERY_SERIAL_BYTES ? serial_len : LP_RECOVERY_SERIAL_BYTES;
    out[0] = LP_RECOVERY_FORMAT;
    out[1] = (uint8_t)recovery->factory.dialect;
    lp_put_le(out + 2, recovery->root_version, 8);
    lp_put_le(out + 10, lp_layout_root_bytes(layout), 4);
    lp_put_le(out + 14, lp_layout_root_slots(layout), 4);
    lp_put_le(out + 18, lp_layout_targets_bytes(layout), 4);
    lp_put_le(out + 22, lp_layout_image_bytes(layout), 4);
    memcpy(out + 26, recovery->factory.serial, serial_len);
    return 26 + serial_len;
}

/* Answers with type, sequence, code 2, and perhaps more. */
static void answer(lp_recovery *recovery, lp_code code) {
    uint8_t bytes[LP_RECOVERY_HELLO_BYTES + LP_RECOVERY_SERIAL_BYTES];
    size_t len = 4;
    bytes[0] = recovery->answered[0] | LP_RECOVERY_ANSWER;
    bytes[1] = recovery->answered[1];
    lp_put_le(bytes + 2, code, 2);
    if (recovery->answered[0] == LP_RECOVERY_HELLO && code == LP_OK) {
        len += describe(recovery, bytes + len);
    }
    recovery->answer_len = (uint16_t)lp_frame_write(bytes, len, recovery->answer);
}

static lp_code handle(lp_recovery *recovery, uint8_t type, const uint8_t *body, size_t len) {
    if (!recovery->provisioned) {
        return LP_NO_TRUSTED_ROOT;
    }
    if (recovery->done && type != LP_RECOVERY_HELLO) {
        return LP_MISUSE; /* what was accepted stays as it is */
    }
    switch (type) {
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

lp_slice lp_recovery_byte(lp_recovery *recovery, uint8_t byte) {
    lp_slice frame = lp_frame_read(&recovery->reader, byte);
    if (frame.len < sizeof recovery->answered) {
        return (lp_slice){NULL, 0};
    }
    /* The same request again: its answer was lost, and it is carried out only once. */
    bool repeated = recovery->answer_len > 0 && memcmp(frame.ptr, recovery->answered, sizeof recovery->answered) == 0;
    if (!repeated || frame.ptr[0] == LP_RECOVERY_HELLO) {
        memcpy(recovery->answered, frame.ptr, sizeof recovery->answered);
        answer(recovery, handle(recovery, frame.ptr[0], frame.ptr + sizeof recovery->answered,
                                frame.len - sizeof recovery->answered));
    }
    return (lp_slice){recovery->answer, recovery->answer_len};
}
