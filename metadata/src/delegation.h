/* SPDX-License-Identifier: Apache-2.0 */
/* Which delegations apply to an image, and what a delegation must look like. */
#ifndef LP_DELEGATION_H
#define LP_DELEGATION_H

#include "lampyr/tuf.h"

/* Checks `delegations` of a targets role: ordinary and multi-role delegations (TAP 3), or hash bins (TAP 15).
 * LP_FIELD_* (also for a role that stands twice in a multi-role delegation), LP_NAME_UNSAFE for the name of a top-level
 * role, LP_THRESHOLD_INVALID, LP_LIMIT_DELEGATIONS, LP_LIMIT_KEYS, LP_LIMIT_RECORD for more than LP_HARDWARE_IDS
 * hardware identifiers, LP_LIMIT_STRING for a name of LP_NAME_BYTES bytes or more. */
lp_code lp_delegations_check(lp_json delegations);

/* Does an element of `delegations.roles` apply to the image: path and hardware
 * (Uptane 2.1.0, 5.4.4.7 step 4.1)? */
bool lp_delegation_applies(const lp_search *search, lp_json delegation);

/* Writes the name of the bin of `succinct_roles` that holds the image (TAP 15). LP_LIMIT_STRING. */
lp_code lp_delegation_bin(const lp_search *search, lp_json succinct, char *out, size_t out_bytes);

/* The target of the earliest role with which enough roles agree (Uptane 2.1.0, 5.4.4.8 step 2), or NULL. */
const lp_target *lp_delegation_agreed(const lp_search_multi *multi);

/* Do two roles or repositories say the same of an image: all that is not custom, and the custom fields that must
 * match: release counter, hardware identifiers and those that mustMatch names (TAP 3)? */
bool lp_targets_agree(const lp_target *a, const lp_target *b);

#endif
