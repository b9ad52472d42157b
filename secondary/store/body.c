/* SPDX-License-Identifier: Apache-2.0 */
/* The state's sections, to and from the bytes of docs/BOARD.md, "Journal". */
#include "store_internal.h"

#include <string.h>

enum {
    TAG_BOOT = 1, /* as in the table; section n of a set is bit n - 1 */
    TAG_FILES,
    TAG_DOWNLOAD,
    TAG_PROGRESS,
    TAG_INSTALLED,
    TAG_TRIAL,
    TAG_FLOOR,
    TAG_TIME,
    TAG_REPORT,
    TAG_ATTACKS,
    TAGS,
};

enum {
    HEAD_BYTES = 2, /* tag and length */
    BOOT_BYTES = 10,
    FILES_BYTES = 8,
    DOWNLOAD_BYTES = LP_SHA256_BYTES + 4,
    IMAGE_BYTES = 17 + LP_SHA256_BYTES, /* without SHA-512 and name */
    IMAGE_BYTES_MAX = IMAGE_BYTES + LP_SHA512_BYTES + LP_STATE_NAME_BYTES - 1,
    TRIAL_BYTES = 9, /* before the image */
};

static const uint8_t shortest[TAGS] = {
    0, BOOT_BYTES, FILES_BYTES, DOWNLOAD_BYTES, 4, IMAGE_BYTES, TRIAL_BYTES + IMAGE_BYTES, 8, 16, 8, 0};
static const uint8_t longest[TAGS] = {
    0, BOOT_BYTES, FILES_BYTES, DOWNLOAD_BYTES,      4, IMAGE_BYTES_MAX, TRIAL_BYTES + IMAGE_BYTES_MAX,
    8, 16,         8,           LP_ATTACKS_BYTES - 1};

/* --- writing --- */

typedef struct body_writer {
    lp_body_sink sink;
    void *ctx;
    bool ok;
} body_writer;

static void put(body_writer *w, const void *bytes, size_t len) {
    w->ok = w->ok && (len == 0 || w->sink(w->ctx, bytes, (uint32_t)len));
}

static void put_number(body_writer *w, uint64_t value, unsigned bytes) {
    uint8_t out[8];
    lp_put_le(out, value, bytes);
    put(w, out, bytes);
}

static void put_head(body_writer *w, unsigned tag, size_t len) {
    put_number(w, tag | len << 8, HEAD_BYTES);
}

/* A section that ends in an image, behind `prefix`. */
static void put_image(body_writer *w, unsigned tag, const uint8_t *prefix, size_t prefix_len, const lp_image *image) {
    const char *end = memchr(image->name, '\0', LP_STATE_NAME_BYTES);
    if (end == NULL) {
        w->ok = false;
        return;
    }
    size_t name_len = (size_t)(end - image->name);
    size_t sha512_len = image->hashes.has_sha512 ? LP_SHA512_BYTES : 0;
    put_head(w, tag, prefix_len + IMAGE_BYTES + sha512_len + name_len);
    put(w, prefix, prefix_len);
    put_number(w, image->hashes.has_sha512, 1);
    put_number(w, image->length_bytes, 8);
    put_number(w, image->counter, 8);
    put(w, image->hashes.sha256, LP_SHA256_BYTES);
    put(w, image->hashes.sha512, sha512_len);
    put(w, image->name, name_len);
}

static void put_boot(body_writer *w, const lp_boot_state *boot) {
    const uint8_t bytes[] = {(uint8_t)boot->phase, boot->reverted, boot->attempts, 0};
    put_head(w, TAG_BOOT, BOOT_BYTES);
    put(w, bytes, sizeof bytes);
    put_number(w, boot->steps, 2);
    put_number(w, boot->image_pages, 2);
    put_number(w, boot->record_pages, 2);
}

static void put_trial(body_writer *w, const lp_record *record) {
    uint8_t prefix[TRIAL_BYTES] = {(uint8_t)record->trial_state};
    lp_put_le(prefix + 1, record->trial_targets_version, 8);
    put_image(w, TAG_TRIAL, prefix, sizeof prefix, &record->trial);
}

static void put_section(body_writer *w, unsigned tag, const lp_board_state *state) {
    const lp_record *record = &state->record;
    switch (tag) {
    case TAG_BOOT:
        put_boot(w, &state->boot);
        break;
    case TAG_FILES:
        put_head(w, tag, FILES_BYTES);
        put_number(w, state->roots | (uint32_t)state->targets_copy << 8, 4);
        put_number(w, state->targets_len, 4);
        break;
    case TAG_DOWNLOAD:
        put_head(w, tag, DOWNLOAD_BYTES);
        put(w, state->download_id, sizeof state->download_id);
        put_number(w, state->download_len, 4);
        break;
    case TAG_PROGRESS:
        put_head(w, tag, 4);
        put_number(w, state->downloaded, 4);
        break;
    case TAG_INSTALLED:
        put_image(w, tag, NULL, 0, &record->installed);
        break;
    case TAG_TRIAL:
        put_trial(w, record);
        break;
    case TAG_TIME:
        put_head(w, tag, 16);
        put_number(w, (uint64_t)record->time_floor, 8);
        put_number(w, (uint64_t)record->previous_time, 8);
        break;
    case TAG_ATTACKS:
        put_head(w, tag, strlen(record->attacks));
        put(w, record->attacks, strlen(record->attacks));
        break;
    default:
        put_head(w, tag, 8);
        put_number(w, tag == TAG_FLOOR ? record->counter_floor : record->report_counter, 8);
        break;
    }
}

bool lp_body_write(const lp_board_state *state, unsigned which, lp_body_sink sink, void *ctx) {
    body_writer w = {sink, ctx, true};
    for (unsigned tag = TAG_BOOT; tag < TAGS; tag++) {
        if ((which >> (tag - 1) & 1) != 0) {
            put_section(&w, tag, state);
        }
    }
    return w.ok;
}

/* --- reading --- */

static bool text_ok(const uint8_t *text, size_t len) {
    return len == 0 || memchr(text, '\0', len) == NULL;
}

static bool image_ok(const uint8_t *value, size_t len) {
    size_t fixed = IMAGE_BYTES + (value[0] == 1 ? LP_SHA512_BYTES : 0);
    return value[0] <= 1 && len >= fixed && len - fixed < LP_STATE_NAME_BYTES && text_ok(value + fixed, len - fixed);
}

static bool section_ok(unsigned tag, const uint8_t *value, size_t len) {
    if (tag >= TAGS) {
        return true;
    }
    if (len < shortest[tag] || len > longest[tag]) {
        return false;
    }
    switch (tag) {
    case TAG_BOOT:
        return value[0] <= LP_BOOT_RESTORING && value[1] <= 1;
    case TAG_FILES:
        return value[1] <= 2;
    case TAG_INSTALLED:
        return image_ok(value, len);
    case TAG_TRIAL:
        return value[0] <= LP_TRIAL_FAILED && image_ok(value + TRIAL_BYTES, len - TRIAL_BYTES);
    case TAG_ATTACKS:
        return text_ok(value, len);
    default:
        return true;
    }
}

bool lp_body_check(const uint8_t *body, uint32_t len) {
    unsigned before = 0;
    while (len > 0) {
        if (len < HEAD_BYTES || body[0] <= before || body[1] > len - HEAD_BYTES ||
            !section_ok(body[0], body + HEAD_BYTES, body[1])) {
            return false;
        }
        before = body[0];
        len -= HEAD_BYTES + body[1];
        body += HEAD_BYTES + body[1];
    }
    return true;
}

static void get_image(const uint8_t *value, size_t len, lp_image *out) {
    size_t fixed = IMAGE_BYTES;
    memset(out, 0, sizeof *out);
    out->length_bytes = lp_get_le(value + 1, 8);
    out->counter = lp_get_le(value + 9, 8);
    out->hashes.has_sha256 = true;
    memcpy(out->hashes.sha256, value + 17, LP_SHA256_BYTES);
    out->hashes.has_sha512 = value[0] == 1;
    if (out->hashes.has_sha512) {
        memcpy(out->hashes.sha512, value + fixed, LP_SHA512_BYTES);
        fixed += LP_SHA512_BYTES;
    }
    memcpy(out->name, value + fixed, len - fixed);
}

static void get_boot(const uint8_t *value, lp_boot_state *out) {
    *out = (lp_boot_state){.phase = (lp_boot_phase)value[0],
                           .reverted = value[1] == 1,
                           .attempts = value[2],
                           .steps = (uint16_t)lp_get_le(value + 4, 2),
                           .image_pages = (uint16_t)lp_get_le(value + 6, 2),
                           .record_pages = (uint16_t)lp_get_le(value + 8, 2)};
}

static void get_section(unsigned tag, const uint8_t *value, size_t len, lp_board_state *state) {
    lp_record *record = &state->record;
    switch (tag) {
    case TAG_BOOT:
        get_boot(value, &state->boot);
        break;
    case TAG_FILES:
        state->roots = value[0];
        state->targets_copy = value[1];
        state->targets_len = (uint32_t)lp_get_le(value + 4, 4);
        break;
    case TAG_DOWNLOAD:
        memcpy(state->download_id, value, LP_SHA256_BYTES);
        state->download_len = (uint32_t)lp_get_le(value + LP_SHA256_BYTES, 4);
        state->downloaded = 0;
        break;
    case TAG_PROGRESS:
        state->downloaded = (uint32_t)lp_get_le(value, 4);
        break;
    case TAG_INSTALLED:
        get_image(value, len, &record->installed);
        break;
    case TAG_TRIAL:
        record->trial_state = (lp_trial)value[0];
        record->trial_targets_version = lp_get_le(value + 1, 8);
        get_image(value + TRIAL_BYTES, len - TRIAL_BYTES, &record->trial);
        break;
    case TAG_FLOOR:
        record->counter_floor = lp_get_le(value, 8);
        break;
    case TAG_TIME:
        record->time_floor = (int64_t)lp_get_le(value, 8);
        record->previous_time = (int64_t)lp_get_le(value + 8, 8);
        break;
    case TAG_REPORT:
        record->report_counter = lp_get_le(value, 8);
        break;
    case TAG_ATTACKS:
        memset(record->attacks, 0, sizeof record->attacks);
        memcpy(record->attacks, value, len);
        break;
    default:
        break;
    }
}

void lp_body_apply(const uint8_t *body, uint32_t len, lp_board_state *state) {
    for (const uint8_t *end = body + len; body < end; body += HEAD_BYTES + body[1]) {
        get_section(body[0], body + HEAD_BYTES, body[1], state);
    }
}

void lp_state_first(lp_board_state *state, int64_t time, uint64_t counter) {
    static const char unknown[] = "unknown";
    memset(state, 0, sizeof *state);
    memcpy(state->record.installed.name, unknown, sizeof unknown);
    state->record.installed.hashes.has_sha256 = true;
    state->record.time_floor = time;
    state->record.previous_time = time;
    state->record.counter_floor = counter;
}
