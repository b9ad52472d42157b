/* SPDX-License-Identifier: Apache-2.0 */
/* Secure time (Uptane 2.1.0, 5.4.2.2): attested by the director, never before the stored floor. */
#ifndef LAMPYR_PRIMARY_CLOCK_H
#define LAMPYR_PRIMARY_CLOCK_H

#include "gateway.h"

/* The latest time that is known for certain, without asking anybody: the floor, or with a `system` time source the
 * system's clock if it is later. LP_STATE. */
lp_code lp_clock_floor(lp_gateway *gateway, int64_t *out);

/* Time for one cycle. With an attested source, one request to the director carries our nonce and those that
 * secondaries announced or wait for; the attestation is verified under the trusted director root, offered to the
 * secondaries, and becomes the floor. The floor is forgotten if the time key was rotated since.
 * The codes of lp_time_check(); LP_UNREACHABLE, LP_SLOW_RETRIEVAL, LP_LIMIT_FILE (gateway->answer says more);
 * LP_NO_TRUSTED_ROOT; LP_STATE. */
lp_code lp_clock_read(lp_gateway *gateway, int64_t *now);

/* True if a failure of lp_clock_read() may be one of a root that is no longer the latest. */
bool lp_clock_root_may_be_old(lp_code code);

/* True if secondaries wait for signed time that is not there yet. */
bool lp_clock_wanted(const lp_gateway *gateway);

#endif
