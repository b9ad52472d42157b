/* SPDX-License-Identifier: Apache-2.0 */
#include "lampyr-store/slot.h"

#include "store_internal.h"

#include <string.h>

enum {
    MAGIC_BYTES = 4,
    LEN_AT = 4, /* of the image */
    ROOT_AT = 8,
    TARGETS_AT = 16, /* their length */
    CRC_AT = 20,
};

static const char magic[MAGIC_BYTES] = {'L', 'P', 'R', 'C'};

static uint32_t record_offset(const lp_layout *layout, unsigned index) {
    return layout->slot[index].offset + layout->slot[index].bytes - layout->record_bytes;
}

static uint32_t pages(const lp_flash *flash, uint32_t bytes) {
    return (bytes + flash->page_bytes - 1) / flash->page_bytes;
}

bool lp_slot_record_read(const lp_flash *flash, const lp_layout *layout, unsigned index, lp_slot_record *out) {
    uint8_t header[LP_RECORD_HEADER_BYTES];
    uint32_t offset = record_offset(layout, index);
    if (!flash->read(flash, offset, header, sizeof header) || memcmp(header, magic, MAGIC_BYTES) != 0) {
        return false;
    }
    uint32_t image_bytes = (uint32_t)lp_get_le(header + LEN_AT, 4);
    uint32_t targets_bytes = (uint32_t)lp_get_le(header + TARGETS_AT, 4);
    if (image_bytes > lp_layout_image_bytes(layout) || targets_bytes > layout->record_bytes - LP_RECORD_HEADER_BYTES) {
        return false;
    }
    lp_slice targets = lp_flash_at(flash, offset + LP_RECORD_HEADER_BYTES, targets_bytes);
    uint32_t crc = lp_crc32(lp_crc32(0, header, CRC_AT), targets.ptr, targets.len);
    if (crc != (uint32_t)lp_get_le(header + CRC_AT, 4)) {
        return false;
    }
    *out = (lp_slot_record){
        .image_bytes = image_bytes, .root_version = lp_get_le(header + ROOT_AT, 8), .targets = targets};
    return true;
}

bool lp_slot_record_write(const lp_flash *flash, const lp_layout *layout, unsigned index,
                          const lp_slot_record *record) {
    uint8_t header[LP_RECORD_HEADER_BYTES];
    lp_flash_writer writer;
    uint32_t offset = record_offset(layout, index);
    memset(header, flash->erased, sizeof header);
    memcpy(header, magic, MAGIC_BYTES);
    lp_put_le(header + LEN_AT, record->image_bytes, 4);
    lp_put_le(header + ROOT_AT, record->root_version, 8);
    lp_put_le(header + TARGETS_AT, record->targets.len, 4);
    lp_put_le(header + CRC_AT, lp_crc32(lp_crc32(0, header, CRC_AT), record->targets.ptr, record->targets.len), 4);
    lp_flash_writer_begin(&writer, flash, offset + LP_RECORD_HEADER_BYTES,
                          layout->record_bytes - LP_RECORD_HEADER_BYTES);
    return flash->erase(flash, offset) && lp_flash_writer_add(&writer, record->targets) &&
           lp_flash_writer_flush(&writer) && flash->program(flash, offset, header, sizeof header);
}

bool lp_slot_record_erase(const lp_flash *flash, const lp_layout *layout, unsigned index) {
    return flash->erase(flash, record_offset(layout, index));
}

uint16_t lp_slot_image_pages(const lp_flash *flash, uint32_t image_bytes) {
    return (uint16_t)pages(flash, image_bytes);
}

uint16_t lp_slot_record_pages(const lp_flash *flash, uint32_t targets_bytes) {
    return (uint16_t)pages(flash, LP_RECORD_HEADER_BYTES + targets_bytes);
}
