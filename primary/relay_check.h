/* SPDX-License-Identifier: Apache-2.0 */
/* Partial verification of what is about to be offered, as the weakest board does it. */
#ifndef LAMPYR_PRIMARY_RELAY_CHECK_H
#define LAMPYR_PRIMARY_RELAY_CHECK_H

#include "relay.h"

/* Verifies the chain of director roots up to `root_version` and the canonical `targets` partially, under the
 * constrained profile. The codes of the partial procedure; `error` then says more. */
lp_code lp_relay_check(const lp_relay *relay, uint64_t root_version, lp_slice targets, const lp_relay_board *board,
                       lp_error *error);

#endif
