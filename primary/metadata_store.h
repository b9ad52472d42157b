/* SPDX-License-Identifier: Apache-2.0 */
/* What a procedure needs of a place that keeps trusted metadata: store.h, tuf_folder.h. */
#ifndef LAMPYR_PRIMARY_METADATA_STORE_H
#define LAMPYR_PRIMARY_METADATA_STORE_H

#include "lampyr/error.h"
#include "lampyr/slice.h"

/* The names are those of lp_store_name() (path.h), after that of a folder where there is more than one repository of a
 * kind ("supplier-a/root.json"). The calls return false when they fail, and true only when what
 * they did is durable. */
typedef struct lp_metadata_store {
    void *ctx;
    /* Reads a file. `*out` is heap memory, or NULL if there is none or it is longer than `max_bytes`. */
    bool (*load)(void *ctx, lp_repo repo, const char *name, uint64_t max_bytes, uint8_t **out, size_t *out_len);
    /* Stores or replaces a file. */
    bool (*save)(void *ctx, lp_repo repo, const char *name, lp_slice bytes);
    /* Stores or replaces `name`, a root, which now has `version`. */
    bool (*save_root)(void *ctx, lp_repo repo, const char *name, uint64_t version, lp_slice bytes);
    /* Removes a file; absent is success. */
    bool (*forget)(void *ctx, lp_repo repo, const char *name);
    /* Why the latest call failed, with the path, for one line to the user. */
    const char *(*error)(const void *ctx);
} lp_metadata_store;

#endif
