/* SPDX-License-Identifier: Apache-2.0 */
/* Brings the images of a plan to the ECUs: all of them are fetched and verified before any is offered. */
#ifndef LAMPYR_PRIMARY_DELIVERY_H
#define LAMPYR_PRIMARY_DELIVERY_H

#include "plan.h"

typedef struct lp_delivery {
    lp_gateway *gateway;
    lp_plan *plan;
    uint64_t *counters; /* of each ECU's latest report when it was called */
} lp_delivery;

/* Downloads what is due, offers it with the metadata, calls the ECUs concerned, and installs the primary's own image
 * (`*own` is then the new one). LP_OUTCOME_DONE: go on, and wait for the reports. Else it has been logged.
 * Free with lp_delivery_free() either way. */
lp_outcome lp_delivery_start(lp_delivery *delivery, lp_gateway *gateway, lp_plan *plan, int64_t now, lp_own_image *own);

void lp_delivery_free(lp_delivery *delivery);

/* After a start: offers what is stored, if it still verifies and is not expired, so that secondaries need not wait for
 * the servers. If there is nothing to offer, or something is wrong, the first cycle will tell. */
void lp_delivery_resume(lp_gateway *gateway);

/* True while a secondary has an image to install and has said nothing of it yet. */
bool lp_delivery_expected(const lp_delivery *delivery);

/* What came of it, logged in one line for each ECU that does not run what it should. `own` is what the primary runs
 * by now. A refusal outweighs what is pending. */
lp_outcome lp_delivery_outcome(const lp_delivery *delivery, const lp_own_image *own);

/* Logs a refusal as one line, with `message` (or "") as what was tried or why it could not be, remembers an attack for
 * the next report, and says which outcome that is. */
lp_outcome lp_delivery_refuse(lp_gateway *gateway, const lp_error *error, const char *message);

#endif
