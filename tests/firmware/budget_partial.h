/* SPDX-License-Identifier: Apache-2.0 */
/* The metadata under which partial verification is measured, as check_partial_budget.py writes it: little-endian,
 * offsets from the beginning of the block. */
#ifndef LAMPYR_FIRMWARE_BUDGET_PARTIAL_H
#define LAMPYR_FIRMWARE_BUDGET_PARTIAL_H

#include "blob.h"

/* One director: its files for a run in which the keys of root and targets are rotated. */
typedef struct budget_case {
    uint32_t ecus; /* that the targets order an image for */
    uint32_t reserved;
    blob_bytes serial; /* of the one that verifies; terminated, as is all text */
    blob_bytes hardware;
    blob_bytes vehicle;
    blob_bytes image; /* that is ordered for it */
    blob_bytes root;  /* of the factory */
    blob_bytes next_root;
    blob_bytes stored_targets; /* signed by the keys of the first root */
    blob_bytes targets;
} budget_case;

typedef struct budget_header {
    int64_t now;
    blob_list signatures; /* uint64_t: FNV-1a over public key, signature and message of every signature there is */
    blob_list cases;
} budget_header;

#endif
