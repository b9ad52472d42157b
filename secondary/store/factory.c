/* SPDX-License-Identifier: Apache-2.0 */
#include "lampyr-store/factory.h"

#include "store_internal.h"

#include "lampyr/wire.h"

#include <string.h>

enum {
    MAGIC_BYTES = 4,
    FORMAT_AT = 4,
    DIALECT_AT = 6,
    LEN_AT = 8,  /* of the fields */
    CRC_AT = 12, /* of what stands before, and of all behind it */
    TIME_AT = 16,
    EUI64_AT = 24,
    HEADER_BYTES = 32,
    FORMAT = 1,
    FIELD_BYTES = 8, /* before the value */
    ALIGN_BYTES = 4,
};

enum {
    TAG_SERIAL = 1,
    TAG_HARDWARE,
    TAG_VENDOR,
    TAG_VEHICLE,
    TAG_PRIMARY,
    TAG_ROOT,
    TAG_TARGETS,
    TAGS,
};

static const char magic[MAGIC_BYTES] = {'L', 'P', 'F', 'D'};

static uint32_t aligned(uint32_t bytes) {
    return (bytes + ALIGN_BYTES - 1) / ALIGN_BYTES * ALIGN_BYTES;
}

static uint32_t checksum(const uint8_t *bytes, uint32_t len) {
    return lp_crc32(lp_crc32(0, bytes, CRC_AT), bytes + TIME_AT, len - TIME_AT);
}

/* --- reading --- */

/* Finds the fields; those that are not there are {NULL, 0}. False if they do not fill their place, or one is twice. */
static bool find_fields(const uint8_t *at, uint32_t left, lp_slice *fields) {
    while (left > 0) {
        uint32_t tag = left < FIELD_BYTES ? 0 : (uint32_t)lp_get_le(at, 2);
        uint32_t len = left < FIELD_BYTES ? 0 : (uint32_t)lp_get_le(at + 4, 4);
        if (tag == 0 || len > left - FIELD_BYTES || aligned(len) > left - FIELD_BYTES) {
            return false;
        }
        if (tag < TAGS && fields[tag].ptr != NULL) {
            return false;
        }
        if (tag < TAGS) {
            fields[tag] = (lp_slice){at + FIELD_BYTES, len};
        }
        at += FIELD_BYTES + aligned(len);
        left -= FIELD_BYTES + aligned(len);
    }
    return true;
}

/* A terminated text of at most LP_SERIAL_BYTES, in place; `absent` if there is none. False if it is none of that. */
static bool take_text(lp_slice field, const char *absent, const char **out) {
    *out = field.ptr == NULL ? absent : (const char *)field.ptr;
    return field.ptr == NULL || (field.len > 0 && field.len <= LP_SERIAL_BYTES &&
                                 memchr(field.ptr, '\0', field.len) == field.ptr + field.len - 1);
}

bool lp_factory_read(const lp_flash *flash, const lp_layout *layout, lp_factory *out) {
    lp_slice fields[TAGS] = {{NULL, 0}};
    const uint8_t *bytes = flash->map + layout->factory.offset;
    uint32_t len = (uint32_t)lp_get_le(bytes + LEN_AT, 4);
    uint64_t dialect = lp_get_le(bytes + DIALECT_AT, 2);
    if (memcmp(bytes, magic, MAGIC_BYTES) != 0 || lp_get_le(bytes + FORMAT_AT, 2) != FORMAT ||
        dialect > LP_DIALECT_LEGACY || len > layout->factory.bytes - HEADER_BYTES ||
        checksum(bytes, HEADER_BYTES + len) != (uint32_t)lp_get_le(bytes + CRC_AT, 4) ||
        !find_fields(bytes + HEADER_BYTES, len, fields)) {
        return false;
    }
    lp_factory factory = {.dialect = (lp_dialect)dialect,
                          .time = (int64_t)lp_get_le(bytes + TIME_AT, 8),
                          .root = fields[TAG_ROOT],
                          .targets = fields[TAG_TARGETS]};
    memcpy(factory.eui64, bytes + EUI64_AT, sizeof factory.eui64);
    if (!take_text(fields[TAG_SERIAL], NULL, &factory.serial) ||
        !take_text(fields[TAG_HARDWARE], NULL, &factory.hardware) ||
        !take_text(fields[TAG_VENDOR], "", &factory.vendor) ||
        !take_text(fields[TAG_VEHICLE], NULL, &factory.vehicle) ||
        !take_text(fields[TAG_PRIMARY], NULL, &factory.primary) || factory.serial == NULL || factory.hardware == NULL ||
        factory.primary == NULL || factory.root.ptr == NULL || factory.targets.ptr == NULL) {
        return false;
    }
    *out = factory;
    return true;
}

/* --- writing --- */

typedef struct factory_writer {
    uint8_t *out;
    size_t room;
    size_t len;
    bool ok;
} factory_writer;

static void put_field(factory_writer *w, unsigned tag, lp_slice value) {
    if (!w->ok || value.len > UINT32_MAX / 2 || w->room - w->len < FIELD_BYTES + aligned((uint32_t)value.len)) {
        w->ok = false;
        return;
    }
    uint32_t taken = FIELD_BYTES + aligned((uint32_t)value.len);
    memset(w->out + w->len, 0, taken);
    lp_put_le(w->out + w->len, tag, 2);
    lp_put_le(w->out + w->len + 4, value.len, 4);
    memcpy(w->out + w->len + FIELD_BYTES, value.ptr, value.len);
    w->len += taken;
}

static void put_text(factory_writer *w, unsigned tag, const char *text) {
    if (text != NULL && text[0] != '\0') {
        put_field(w, tag, (lp_slice){(const uint8_t *)text, strlen(text) + 1});
    }
}

bool lp_factory_write(const lp_factory *factory, uint8_t *out, size_t room, size_t *len) {
    factory_writer w = {.out = out, .room = room, .len = HEADER_BYTES, .ok = room >= HEADER_BYTES};
    put_text(&w, TAG_SERIAL, factory->serial);
    put_text(&w, TAG_HARDWARE, factory->hardware);
    put_text(&w, TAG_VENDOR, factory->vendor);
    put_text(&w, TAG_VEHICLE, factory->vehicle);
    put_text(&w, TAG_PRIMARY, factory->primary);
    put_field(&w, TAG_ROOT, factory->root);
    put_field(&w, TAG_TARGETS, factory->targets);
    if (!w.ok) {
        return false;
    }
    memcpy(out, magic, MAGIC_BYTES);
    lp_put_le(out + FORMAT_AT, FORMAT, 2);
    lp_put_le(out + DIALECT_AT, factory->dialect, 2);
    lp_put_le(out + LEN_AT, w.len - HEADER_BYTES, 4);
    lp_put_le(out + TIME_AT, (uint64_t)factory->time, 8);
    memcpy(out + EUI64_AT, factory->eui64, sizeof factory->eui64);
    lp_put_le(out + CRC_AT, checksum(out, (uint32_t)w.len), 4);
    *len = w.len;
    return true;
}
