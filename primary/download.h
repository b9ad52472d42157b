/* SPDX-License-Identifier: Apache-2.0 */
/* One image from a repository into a file: resumed, bounded, verified while it arrives, renamed when it is whole
 * (Uptane 2.1.0, 5.4.3.3 and 5.4.3.4). */
#ifndef LAMPYR_PRIMARY_DOWNLOAD_H
#define LAMPYR_PRIMARY_DOWNLOAD_H

#include "fetch.h"

#include "lampyr/crypto.h"

/* Ends a download: LP_OK; LP_MISSING_FILE; LP_UNREACHABLE; LP_SLOW_RETRIEVAL; LP_IMAGE_LENGTH, LP_IMAGE_HASH;
 * LP_LIMIT_FILE if it is larger than any image may be; LP_STATE if the file cannot be written. `message` is one line
 * when it is not LP_OK, valid during the call. */
typedef void lp_download_done(void *ctx, lp_code code, const char *message);

typedef struct lp_download_config {
    lp_fetch *fetch;
    const lp_crypto *crypto;
    const char *url;         /* lp_fetch_locate(); copied */
    const char *path;        /* of the complete file; copied */
    const char *part;        /* where its beginning is kept, in the same folder, or NULL: "<path>.part"; copied */
    const lp_hashes *hashes; /* copied */
    uint64_t length_bytes;
    void (*progress)(void *ctx, uint64_t have_bytes); /* or NULL */
    lp_download_done *done;
    void *ctx; /* of progress and done */
} lp_download_config;

/* True if the file at `path` is complete and right. */
bool lp_download_complete(const lp_crypto *crypto, const char *path, const lp_hashes *hashes, uint64_t length_bytes);

/* Starts. A complete file at `path` that is right is kept, one that is not is replaced. What `part` holds
 * is hashed first and resumed; if the whole then does not match, it is fetched once more from its beginning.
 * After a failed transfer the beginning stays for the next try, after a refusal nothing does.
 * `done` is called from lp_fetch_process(), or before this returns if nothing needs to be fetched.
 * lp_fetch_free() ends it without a call of `done`, to be resumed another time.
 * False, and `done` is never called, if memory is short. */
bool lp_download_start(const lp_download_config *config);

#endif
