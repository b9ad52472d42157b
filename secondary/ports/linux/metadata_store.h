/* SPDX-License-Identifier: Apache-2.0 */
/* Trusted metadata in the state folder: `director/` and `image/`, a file per role; and the file that is arriving,
 * which stays in memory until it is trusted. */
#ifndef LAMPYR_SECONDARY_METADATA_STORE_H
#define LAMPYR_SECONDARY_METADATA_STORE_H

#include "settings.h"

#include "lampyr-secondary/port.h"

/* Bytes that the agent may still point into. */
typedef struct lp_held {
    struct lp_held *next;
    uint8_t *bytes;
    size_t len;
} lp_held;

typedef struct lp_metadata_store {
    const lp_settings *settings;
    bool canonical; /* the verifier takes the canonical form of what is provisioned, else what the director served */
    lp_held *held;
    lp_held *staged; /* one of them, or NULL */
    size_t staged_room;
    uint64_t staged_max;
    uint8_t *scratch;
    size_t scratch_bytes;
} lp_metadata_store;

/* Makes the folders. False, told. */
bool lp_metadata_store_open(lp_metadata_store *store, const lp_settings *settings, bool canonical);
void lp_metadata_store_close(lp_metadata_store *store);

/* The callbacks of the agent's port; failures are told here. */
lp_slice lp_metadata_store_load(lp_metadata_store *store, const lp_file_id *id, uint64_t max_bytes);
lp_slice lp_metadata_store_provisioned(lp_metadata_store *store, lp_repo repo);
bool lp_metadata_store_stage(lp_metadata_store *store, const lp_file_id *id, uint64_t max_bytes);
bool lp_metadata_store_append(lp_metadata_store *store, lp_slice bytes);
lp_slice lp_metadata_store_staged(const lp_metadata_store *store);
bool lp_metadata_store_keep(const lp_metadata_store *store, const lp_file_id *id);
bool lp_metadata_store_forget(const lp_metadata_store *store, const lp_file_id *id);
void lp_metadata_store_release(lp_metadata_store *store);
lp_scratch lp_metadata_store_scratch(lp_metadata_store *store, size_t bytes);

#endif
