/* SPDX-License-Identifier: Apache-2.0 */
/* The state folder: trusted metadata in SQLite; images, whose identifier is their SHA-256 or, where only SHA-512 is
 * listed, the first half of that.
 *
 *     <folder>/lock                     held by the one process that uses the folder
 *     <folder>/state.db                 trusted metadata, verbatim; the daemon's ledger
 *     <folder>/images/<id>              images that were verified
 *     <folder>/images/<id>.part         the beginning of an image, to be resumed
 *
 * A call that returned success is durable (synchronous FULL). Metadata whose content was damaged is found
 * by its signatures and is as good as absent; a database that SQLite cannot read fails to open. */
#ifndef LAMPYR_PRIMARY_STORE_H
#define LAMPYR_PRIMARY_STORE_H

#include "metadata_store.h"

#include "lampyr-host/files.h"
#include "lampyr/crypto.h"

#include <sqlite3.h>

typedef struct lp_store lp_store;

/* Opens or creates the state folder and locks it. NULL with one line in `message`: cannot be written, in use by
 * another process, damaged, or written by a later version. */
lp_store *lp_store_open(const char *folder, char *message, size_t message_bytes);

void lp_store_close(lp_store *store);

/* Why the latest call failed, with the path, for one line to the user. */
const char *lp_store_error(const lp_store *store);

/* Why SQLite failed just now: what the system said (errno), if it is to blame. */
const char *lp_database_reason(sqlite3 *database);

/* The open database, for tables of other parts of this process; it stays the store's. */
sqlite3 *lp_store_database(lp_store *store);

/* Its metadata, for a procedure to run on. */
lp_metadata_store lp_store_metadata(lp_store *store);

/* Reads stored metadata by its name (metadata_store.h), or "<n>.root.json" for a root of the chain.
 * `*out` is heap memory, or NULL if there is none of that name or it is longer than `max_bytes`.
 * False if the database fails. */
bool lp_store_load(lp_store *store, lp_repo repo, const char *name, uint64_t max_bytes, uint8_t **out, size_t *out_len);

/* Stores or replaces metadata. */
bool lp_store_save(lp_store *store, lp_repo repo, const char *name, lp_slice bytes);

/* Stores a root that became trusted: as `name`, which is "root.json" or ends with "/root.json", and, for those who must
 * follow the chain, as "<version>.root.json" beside it; both or neither. */
bool lp_store_save_root(lp_store *store, lp_repo repo, const char *name, uint64_t version, lp_slice bytes);

/* Removes metadata; absent is success. */
bool lp_store_forget(lp_store *store, lp_repo repo, const char *name);

/* Path of the image with that identifier, whether it is there or not. An image gets its name when it was verified.
 * False with ENAMETOOLONG. */
bool lp_store_image_path(const lp_store *store, const uint8_t id[LP_SHA256_BYTES], char out[LP_PATH_BYTES]);

/* Removes every image and partial image whose identifier is not among `keep`. */
bool lp_store_keep_images(lp_store *store, const uint8_t (*keep)[LP_SHA256_BYTES], size_t count);

#endif
