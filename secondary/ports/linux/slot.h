/* SPDX-License-Identifier: Apache-2.0 */
/* The staging slot: the file of the slot that does not run, and `download.json`, which says what is arriving. */
#ifndef LAMPYR_SECONDARY_SLOT_H
#define LAMPYR_SECONDARY_SLOT_H

#include "lampyr-secondary/port.h"

enum { LP_IMAGE_ID_BYTES = 32 };

typedef struct lp_slot {
    const char *folder; /* state */
    const char *name;   /* file of the slot */
    int fd;             /* or -1 */
} lp_slot;

/* The callbacks of the agent's port; failures are told here. */
bool lp_slot_open(lp_slot *slot, const uint8_t *id, uint64_t length_bytes, uint64_t *have_bytes);
bool lp_slot_write(const lp_slot *slot, uint64_t offset, lp_slice bytes);
bool lp_slot_read(const lp_slot *slot, uint64_t offset, uint8_t *out, size_t len);
bool lp_slot_discard(const lp_slot *slot);
/* Makes what was written durable; before a test boot is requested. */
bool lp_slot_sync(const lp_slot *slot);

void lp_slot_close(lp_slot *slot);

#endif
