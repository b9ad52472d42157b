/* SPDX-License-Identifier: Apache-2.0 */
/* Signed files inside a workspace. Private to this library. */
#ifndef LAMPYR_REPO_SIGNED_FILE_H
#define LAMPYR_REPO_SIGNED_FILE_H

#include "internal.h"

typedef struct lpr_signed {
    uint8_t *bytes; /* as served; heap */
    size_t len;
    json_t *envelope;
    uint64_t version;
    int64_t expires; /* seconds since 1970 */
} lpr_signed;

/* Where the signed file of a role is kept: `folder`/metadata/. */
bool lpr_signed_path(const char *folder, const char *role, char out[LP_PATH_BYTES], lpr_error *error);

/* Loads it; `*found` is false if the role was never signed. LPR_STATE if it is damaged. */
bool lpr_signed_load(const char *path, bool *found, lpr_signed *out, lpr_error *error);
void lpr_signed_free(lpr_signed *file);

/* Borrowed. */
json_t *lpr_signed_payload(const lpr_signed *file);

/* What another role says of this file: version, length and hashes; a new reference. */
json_t *lpr_signed_info(const lpr_signed *file);

#endif
