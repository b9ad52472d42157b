/* SPDX-License-Identifier: Apache-2.0 */
/* Checks on the director's targets that full and partial verification share. */
#ifndef LP_DIRECTOR_H
#define LP_DIRECTOR_H

#include "lampyr/role.h"

/* No delegations (Uptane 2.1.0, 5.4.4.6 step 6), and the targets are for `vehicle` (5.2.3.1; NULL: not checked,
 * which only the legacy dialect allows). LP_DIRECTOR_DELEGATES, LP_WRONG_VEHICLE. */
lp_code lp_director_check_targets(const lp_trusted_targets *targets, lp_dialect dialect, const char *vehicle,
                                  lp_error *error);

/* The image is not encrypted, and its release counter is not below `counter_floor`
 * (5.4.3.4 steps 5 and 6). LP_ENCRYPTED_IMAGE, LP_ROLLBACK_COUNTER. */
lp_code lp_director_check_image(const lp_target *target, uint64_t counter_floor, const char **clause);

#endif
