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

/* The target of the earliest role with which enough roles agree (Uptane 2.1.0, 5.4.4.8 step 2), with the digests of all
 * of these. False if there is none. */
bool lp_delegation_agreed(const lp_search_multi *multi, lp_target *out);

/* What roles (TAP 3) or repositories (TAP 4) say of an image is at their places in `said`, of which there are at most
 * 32; sets of places have a bit for each. They say the same if all that is not custom is the same, digests as far as
 * both list them, and the custom fields that decide what runs where: release counter, hardware identifiers, mustMatch,
 * and whether it is encrypted. */

/* Does the one at `at` say the same as each of `others`? */
bool lp_target_agrees(const lp_target *said, uint32_t others, size_t at);

/* Those of `places` that say the same as the one at `at`, and as each other: of two that contradict each other in a
 * digest that it does not list, only the first counts. With it they are `*agreeing`. */
uint32_t lp_targets_agreeing(const lp_target *said, const uint8_t *places, size_t count, size_t at, unsigned *agreeing);

#endif
