/* SPDX-License-Identifier: Apache-2.0 */
/* Steps that the procedures share. */
#ifndef LP_PROCEDURE_H
#define LP_PROCEDURE_H

#include "lampyr/tuf.h"

/* Checks the signatures of `doc` under the keys that `root` sets for the top-level `role`.
 * The codes of lp_root_role_keys() and lp_signed_verify(). */
lp_code lp_procedure_verify(const lp_tuf_config *config, const lp_signed *root, const lp_signed *doc, lp_role role,
                            lp_scratch scratch);

/* True if the file is past its expiry at the run's one reading of the clock (TUF 1.0.34, 5.1). */
bool lp_procedure_expired(const lp_tuf_config *config, const lp_signed *doc);

/* Does a parsed file match what the signed reference says of it: length, digests, version? In the legacy
 * dialect digests may be over the canonical form of the file (its length is that of the served bytes).
 * LP_LENGTH_MISMATCH, LP_LIMIT_FILE, LP_HASH_MISMATCH, LP_VERSION_MISMATCH. */
lp_code lp_procedure_matches(const lp_tuf_config *config, const lp_file_info *info, const lp_signed *doc,
                             lp_scratch scratch);

/* Checks received bytes against the reference, parses them as `role`, and checks the version. `info` NULL: there is
 * no reference. The codes of lp_procedure_matches() and lp_signed_parse(). */
lp_code lp_procedure_open(const lp_tuf_config *config, const lp_file_info *info, lp_slice bytes, lp_role role,
                          lp_scratch scratch, lp_signed *out);

/* What a targets role must satisfy, top level or delegated. */
typedef struct lp_targets_rules {
    lp_role role;
    lp_role_keys keys;
    const lp_file_info *info; /* what the snapshot says, or NULL: no snapshot */
    uint64_t floor;           /* version of the stored copy, 0 if none */
} lp_targets_rules;

/* Checks received targets (Uptane 2.1.0, 5.4.4.6 steps 2 to 5). On a refusal `*clause` is the step. */
lp_code lp_procedure_targets(const lp_tuf_config *config, const lp_targets_rules *rules, lp_slice bytes,
                             lp_scratch scratch, lp_trusted_targets *out, const char **clause);

/* Checks a stored copy: `*floor` becomes its version if it is genuine under today's keys. True, with `*out` set, if it
 * also is what the snapshot names and not expired, so that it need not be fetched. */
bool lp_procedure_stored_targets(const lp_tuf_config *config, const lp_targets_rules *rules, lp_slice bytes,
                                 lp_scratch scratch, lp_trusted_targets *out, uint64_t *floor);

/* The clause that bounds how much of a role's file is downloaded. Static. */
const char *lp_procedure_length_clause(lp_role role);

#endif
