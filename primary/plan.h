/* SPDX-License-Identifier: Apache-2.0 */
/* What full verification allows: which image goes to which ECU. */
#ifndef LAMPYR_PRIMARY_PLAN_H
#define LAMPYR_PRIMARY_PLAN_H

#include "drive.h"
#include "gateway.h"
#include "listing.h"

enum { LP_PLAN_NONE = -1 };

/* One image that both repositories agree on. Its target points into the plan's files. */
typedef struct lp_plan_image {
    lp_target target;
    bool known; /* false: only SHA-512 is listed, and the image is not in the store yet */
    uint8_t sha256[LP_SHA256_BYTES];
    uint8_t id[LP_SHA256_BYTES]; /* its name in the store */
    char name[LP_NAME_BYTES];
    lp_listing listing;
} lp_plan_image;

/* One verification and what came of it. */
typedef struct lp_plan {
    lp_gateway *gateway;
    lp_drive_repo director;
    lp_drive_repo sources[LP_MAP_REPOSITORIES]; /* image repositories, by place in the map; one without a map */
    lp_drive *drive;
    lp_full *full;
    lp_ecu *ecus;
    bool ended;
    bool trusted;
    bool short_of_memory;
    lp_plan_image *images; /* ordered for at least one ECU */
    size_t image_count;
    int *image_of; /* for each ECU of the inventory: index into `images`, or LP_PLAN_NONE */
} lp_plan;

/* Verifies both repositories at the time `now` and waits for the verdict, or for the order to stop.
 * LP_OK: the plan may be acted on. Else `*error` is the refusal, and `message` (LP_FETCH_MESSAGE_BYTES) says more if
 * transport or store are the reason. Free with lp_plan_free() either way. */
lp_code lp_plan_make(lp_plan *plan, lp_gateway *gateway, int64_t now, lp_error *error, char *message);

/* Makes the plan of what is stored, and asks nobody. As above, and what is wrong is for lp_plan_make() to tell. */
lp_code lp_plan_make_offline(lp_plan *plan, lp_gateway *gateway, int64_t now);

/* Frees the plan and the files it points into. */
void lp_plan_free(lp_plan *plan);

/* Version of the director's targets that the plan follows. */
uint64_t lp_plan_version(const lp_plan *plan);

/* Finds out the SHA-256 of a stored image where nobody lists it: ECUs report what they run by it. False with errno if
 * it stays unknown. */
bool lp_plan_learn(const lp_plan *plan, lp_plan_image *image);

/* The image ordered for the ECU that it does not run yet and did not fail under these targets, or NULL. */
const lp_plan_image *lp_plan_due(const lp_plan *plan, size_t ecu);

#endif
