/* SPDX-License-Identifier: Apache-2.0 */
#include "listing.h"

#include "lampyr/path.h"

void lp_listing_read(const lp_full *full, lp_listing *out) {
    const lp_verdict *verdict = lp_full_verdict(full);
    *out = (lp_listing){.hashes = verdict->hashes, .agreed = verdict->agreed, .consistent = verdict->consistent};
    for (size_t i = 0; i < LP_MAP_REPOSITORIES; i++) {
        if ((out->agreed >> i & 1) != 0) {
            out->of[i] = lp_full_image(full, i)->hashes;
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
