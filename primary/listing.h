/* SPDX-License-Identifier: Apache-2.0 */
/* What all who sign an image say of its content, and where it is: the director, and the image repositories that agree.
 * They need not list the same digests. */
#ifndef LAMPYR_PRIMARY_LISTING_H
#define LAMPYR_PRIMARY_LISTING_H

#include "lampyr/uptane.h"

typedef struct lp_listing {
    lp_hashes hashes;    /* lp_verdict.hashes */
    uint32_t agreed;     /* bit i: the image repository at place i of the map (0 without one) signs the image */
    uint32_t consistent; /* bit i: that repository uses hash-prefixed names */
    lp_hashes of[LP_MAP_REPOSITORIES]; /* what that repository lists */
} lp_listing;

/* Reads what there is on the image that `full` has judged. Without image repositories, when none was asked, `agreed`
 * is 0. */
void lp_listing_read(const lp_full *full, lp_listing *out);

/* The first place of `agreed`; LP_MAP_REPOSITORIES if there is none. */
size_t lp_listing_first(const lp_listing *listing);

/* Where the image lies in the image repository at `place`, which is one of `agreed`; as lp_image_path(). */
lp_code lp_listing_path(const lp_listing *listing, size_t place, const char *name, char *out, size_t out_bytes);

#endif
