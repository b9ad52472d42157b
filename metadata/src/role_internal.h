/* SPDX-License-Identifier: Apache-2.0 */
/* What the role files share with the procedures. */
#ifndef LP_ROLE_INTERNAL_H
#define LP_ROLE_INTERNAL_H

#include "lampyr/role.h"

/* lp_signed_parse() without the fields common to the four roles: any signed envelope. */
lp_code lp_signed_open(lp_slice file, lp_json_form form, lp_dialect dialect, const lp_limits *limits,
                       lp_scratch scratch, lp_signed *out);

/* Reads one entry of `signatures`. `signature` has room for LP_SIGNATURE_BYTES; `*len` is 0 for text that does not
 * decode: such a signature is as good as invalid. LP_FIELD_*, LP_LIMIT_RECORD. */
lp_code lp_signature_read(lp_json entry, lp_dialect dialect, lp_str *keyid, uint8_t *signature, size_t *len);

/* Reads one member of `meta`. LP_FIELD_*. */
lp_code lp_file_info_read(lp_json value, lp_file_info *out);

/* Compares the targets roles that two snapshots list (Uptane 2.1.0, 5.4.4.5 steps 5 and 6): time grows
 * as n log n at most. `*subject` is the entry at fault. LP_ROLLBACK_SNAPSHOT_ENTRY,
 * LP_SNAPSHOT_ENTRY_MISSING, LP_FIELD_*, LP_LIMIT_MEMORY. */
lp_code lp_snapshot_compare(const lp_signed *before, const lp_signed *after, lp_scratch scratch, lp_str *subject);

#endif
