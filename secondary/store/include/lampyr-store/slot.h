/* SPDX-License-Identifier: Apache-2.0 */
/* An image slot: the image from the slot's first byte on, and in its last pages a record: the director targets that
 * ordered the image, verbatim, and the root under which they were accepted (docs/BOARD.md, "Slots"). */
#ifndef LAMPYR_STORE_SLOT_H
#define LAMPYR_STORE_SLOT_H

#include "lampyr-store/layout.h"

typedef struct lp_slot_record {
    uint32_t image_bytes;
    uint64_t root_version; /* director root under which `targets` were accepted */
    lp_slice targets;      /* in place */
} lp_slot_record;

/* Reads the record of slot `index`. False if there is none, or it is torn. Who signed it is not looked at. */
bool lp_slot_record_read(const lp_flash *flash, const lp_layout *layout, unsigned index, lp_slot_record *out);

/* Replaces the record of slot `index`; its header goes last. It counts when this has returned true (a header that was
 * cut may read as whole). `record->targets` may lie in flash, outside the slot. False on a failure, or if the targets
 * are too long. */
bool lp_slot_record_write(const lp_flash *flash, const lp_layout *layout, unsigned index, const lp_slot_record *record);

/* Makes the slot's record unreadable. */
bool lp_slot_record_erase(const lp_flash *flash, const lp_layout *layout, unsigned index);

/* Pages that an image of `image_bytes`, or a record with targets of `targets_bytes`, takes. */
uint16_t lp_slot_image_pages(const lp_flash *flash, uint32_t image_bytes);
uint16_t lp_slot_record_pages(const lp_flash *flash, uint32_t targets_bytes);

#endif
