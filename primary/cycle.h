/* SPDX-License-Identifier: Apache-2.0 */
/* One update cycle (Uptane 2.1.0, 5.4.2), and what happens between two. */
#ifndef LAMPYR_PRIMARY_CYCLE_H
#define LAMPYR_PRIMARY_CYCLE_H

#include "gateway.h"

/* Reports, verifies, downloads, offers, installs, waits for the secondaries' reports, and reports again if anything
 * changed. Its outcome is logged. It may be killed anywhere: what is left to do follows from what the ECUs reported
 * and what the director orders, not from where the cycle before ended. */
lp_outcome lp_cycle_run(lp_gateway *gateway);

/* Gets signed time for secondaries that wait for it, and sends their new reports to the director. Returns when (of
 * lp_loop_now_ms()) to call again even if nothing happens, or LP_LOOP_FOREVER. */
int64_t lp_cycle_between(lp_gateway *gateway);

#endif
