/* SPDX-License-Identifier: Apache-2.0 */
/* What the primary says to the director (docs/POUF.md, "HTTP"). Each call waits for the answer; the event loop goes
 * on serving the secondaries meanwhile. */
#ifndef LAMPYR_PRIMARY_UPLINK_H
#define LAMPYR_PRIMARY_UPLINK_H

#include "gateway.h"

/* Sends the ECUs to the director if it does not know this set of them yet. What it answers is logged only: directors
 * with an inventory of their own need not listen. LP_STATE if the ledger fails, else LP_OK. */
lp_code lp_uplink_ecus(lp_gateway *gateway);

/* Signs a version report of the primary, which runs `image` at `time`, and sends the vehicle version manifest.
 * A director that refuses it or cannot be reached is logged; the next manifest
 * has the same reports and later ones. LP_STATE if the report cannot
 * be made or stored, else LP_OK. */
lp_code lp_uplink_manifest(lp_gateway *gateway, const lp_own_image *image, int64_t time);

/* POST <director>/time with `body`; the answer is in gateway->answer. LP_OK, or the code of the failure. */
lp_code lp_uplink_time(lp_gateway *gateway, lp_slice body);

#endif
