/* SPDX-License-Identifier: Apache-2.0 */
#include "listing.h"

#include "lampyr/path.h"

#include <string.h>

/* Adds digests that do not contradict those there: the verifier has seen to it. */
static void add(lp_hashes *hashes, const lp_hashes *more) {
    if (more->has_sha256) {
        hashes->has_sha256 = true;
        memcpy(hashes->sha256, more->sha256, sizeof hashes->sha256);
    }
    if (more->has_sha512) {
        hashes->has_sha512 = true;
        memcpy(hashes->sha512, more->sha512, sizeof hashes->sha512);
    }
}

void lp_listing_read(const lp_full *full, lp_listing *out) {
    const lp_verdict *verdict = lp_full_verdict(full);
    *out =
        (lp_listing){.hashes = verdict->director.hashes, .agreed = verdict->agreed, .consistent = verdict->consistent};
    for (size_t i = 0; i < LP_MAP_REPOSITORIES; i++) {
        if ((out->agreed >> i & 1) != 0) {
            out->of[i] = lp_full_image(full, i)->hashes;
            add(&out->hashes, &out->of[i]);
        }
    }
}

size_t lp_listing_first(const lp_listing *listing) {
    size_t place = 0;
    while (place < LP_MAP_REPOSITORIES && (listing->agreed >> place & 1) == 0) {
        place++;
    }
    return place;
}

lp_code lp_listing_path(const lp_listing *listing, size_t place, const char *name, char *out, size_t out_bytes) {
    return lp_image_path((listing->consistent >> place & 1) != 0, name, &listing->of[place], out, out_bytes);
}
