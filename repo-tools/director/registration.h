/* SPDX-License-Identifier: Apache-2.0 */
/* POST <director>/ecus: the vehicle's ECUs introduce themselves. */
#ifndef LAMPYR_DIRECTOR_REGISTRATION_H
#define LAMPYR_DIRECTOR_REGISTRATION_H

#include "director.h"
#include "inventory.h"

/* Checks the registration in `body` against `inventory` and stores it. Each serial must be in the inventory with
 * the same key and hardware identifier; without an inventory (legacy only) the first registration becomes it.
 * The same registration may be repeated. `now`: seconds since 1970.
 * On failure `refusal` says why: JSON and field codes, `unknown_ecu`, `wrong_hardware`, `state`. */
bool lpd_register(const lpd_director *director, const char *vehicle, const lpd_inventory *inventory, lp_slice body,
                  int64_t now, lpd_refusal *refusal);

#endif
