/* SPDX-License-Identifier: Apache-2.0 */
/* Names: safe file names, URLs, and the path patterns of delegations.
 * What is written to `out` is terminated; after a failure it holds nothing of use. */
#ifndef LAMPYR_PATH_H
#define LAMPYR_PATH_H

#include "lampyr/crypto.h"
#include "lampyr/error.h"
#include "lampyr/json.h"

enum { LP_URL_BYTES = 3 * LP_NAME_BYTES + 192 }; /* a percent-encoded name, its folder, its digest */

/* True if the unescaped, terminated `name` may be a path under a folder: not empty, not absolute, no
 * empty, "." or ".." segment, no control character, no backslash. */
bool lp_name_safe(const char *name);

/* The same for a name in a document. LP_NAME_UNSAFE; LP_LIMIT_STRING if it has LP_NAME_BYTES bytes or more. */
lp_code lp_name_check(lp_str name);

/* Percent-encodes `name` (RFC 3986: everything but unreserved characters); `keep_slash` leaves '/' as
 * it is. Used for URLs and, without slashes, for file names in a store.
 * LP_LIMIT_STRING if it does not fit. */
lp_code lp_name_quote(const char *name, bool keep_slash, char *out, size_t out_bytes);

/* True if `name` matches `pattern`, both unescaped and terminated: '*' is any run of characters and
 * '?' any one; in the tuf dialect neither matches '/'. Time is bounded by the product of the lengths. */
bool lp_path_match(lp_dialect dialect, const char *pattern, const char *name);

/* Where a metadata file lies under its repository's base: "3.root.json", "timestamp.json",
 * "7.snapshot.json", "7.<role>.json"; in legacy only roots carry a version and delegated roles are at
 * "delegations/<role>.json". `version` is 0 for unversioned. `role_name` (unescaped) is used for
 * LP_ROLE_DELEGATED only. LP_LIMIT_STRING; LP_NAME_UNSAFE also for a delegated role that bears the name of a
 * top-level one, and for LP_ROLE_NONE and LP_ROLE_TIME, which have no file. */
lp_code lp_metadata_path(lp_dialect dialect, lp_role role, uint64_t version, const char *role_name, char *out,
                         size_t out_bytes);

/* The file name under which a store keeps the trusted copy: "root.json", "<quoted role>.json".
 * LP_LIMIT_STRING, LP_NAME_UNSAFE as above. */
lp_code lp_store_name(lp_role role, const char *role_name, char *out, size_t out_bytes);

/* Where an image lies under its repository's base: "targets/dir/HASH.name" when snapshots are
 * consistent (HASH is SHA-256 where it is listed, else SHA-512), else "targets/dir/name". `name` is
 * unescaped. LP_LIMIT_STRING, LP_NAME_UNSAFE, LP_FIELD_VALUE if no digest is listed but one is needed. */
lp_code lp_image_path(bool consistent, const char *name, const lp_hashes *hashes, char *out, size_t out_bytes);

#endif
