/* SPDX-License-Identifier: Apache-2.0 */
/* Steps that the procedures share. */
#ifndef LP_PROCEDURE_H
#define LP_PROCEDURE_H

#include "lampyr/tuf.h"

/* Does a parsed file match what the signed reference says of it: length, digests, version? In the legacy
 * dialect digests may be over the canonical form of the file (its length is that of the served bytes).
 * LP_LENGTH_MISMATCH, LP_LIMIT_FILE, LP_HASH_MISMATCH, LP_VERSION_MISMATCH. */
lp_code lp_procedure_matches(const lp_tuf_config *config, const lp_file_info *info, const lp_signed *doc,
                             lp_scratch scratch);

/* Checks received bytes against the reference, parses them as `role`, and checks the version. A reference without
 * version, length and digests (all zero) demands nothing. The codes of lp_procedure_matches() and
 * lp_signed_parse(). */
lp_code lp_procedure_open(const lp_tuf_config *config, const lp_file_info *info, lp_slice bytes, lp_role role,
                          lp_scratch scratch, lp_signed *out);

/* The clause that bounds how much of a role's file is downloaded. Static. */
const char *lp_procedure_length_clause(lp_role role);

#endif
