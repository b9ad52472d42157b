/* SPDX-License-Identifier: Apache-2.0 */
/* What the role files share with the procedures. */
#ifndef LP_ROLE_INTERNAL_H
#define LP_ROLE_INTERNAL_H

#include "lampyr/role.h"

/* lp_signed_parse() without the fields common to the four roles: any signed envelope. */
lp_code lp_signed_open(lp_slice file, lp_json_form form, lp_dialect dialect, const lp_limits *limits,
                       lp_scratch scratch, lp_signed *out);

/* Keeps a function out of its callers, so that its buffers do not lie on the stack during their other work. */
#define LP_OWN_FRAME __attribute__((noinline))

/* One entry of `signatures`. */
typedef struct lp_signature {
    lp_str keyid;
    lp_str text; /* hex or base64 */
} lp_signature;

/* LP_FIELD_*, LP_LIMIT_RECORD. */
lp_code lp_signature_read(lp_json entry, lp_signature *out);

/* True if it decodes, and is one over `message` under `key`. */
bool lp_signature_verify(const lp_signature *signature, lp_dialect dialect, const lp_crypto *crypto,
                         const lp_public_key *key, lp_slice message);

/* Reads one member of `meta`. LP_FIELD_*. */
lp_code lp_file_info_read(lp_json value, lp_file_info *out);

/* Compares the targets roles that two snapshots list (Uptane 2.1.0, 5.4.4.5 steps 5 and 6): time grows
 * as n log n at most. `*subject` is the entry at fault. LP_ROLLBACK_SNAPSHOT_ENTRY,
 * LP_SNAPSHOT_ENTRY_MISSING, LP_FIELD_*, LP_LIMIT_MEMORY. */
lp_code lp_snapshot_compare(const lp_signed *before, const lp_signed *after, lp_scratch scratch, lp_str *subject);

#endif
