/* SPDX-License-Identifier: Apache-2.0 */
/* The primary's own version report, and the vehicle version manifest (Uptane 2.1.0, 5.4.2.1). */
#ifndef LAMPYR_PRIMARY_MANIFEST_H
#define LAMPYR_PRIMARY_MANIFEST_H

#include "secondaries.h"

/* The image that the primary itself runs. */
typedef struct lp_own_image {
    char name[LP_NAME_BYTES];
    uint64_t bytes;
    uint8_t sha256[LP_SHA256_BYTES];
} lp_own_image;

/* What the primary's latest report says it runs; without one: "unknown", no bytes. */
void lp_own_image_read(const lp_secondary *primary, lp_own_image *out);

/* What goes into a report besides the image. */
typedef struct lp_own_facts {
    const char *attacks;      /* code names separated by ' ', or "" */
    const char *failed_image; /* or NULL */
    int64_t time;
    int64_t previous_time;
} lp_own_facts;

/* Signs a new version report of the primary and stores it as its latest; its counter is used up with that.
 * LP_STATE; LP_SIGNATURE_THRESHOLD if the key is not the one that the inventory has for the primary. */
lp_code lp_manifest_report(lp_secondaries *secondaries, const lp_signer *signer, const lp_own_image *image,
                           const lp_own_facts *facts);

/* Wraps the latest report of every ECU that has one and signs. `*out` is heap memory. LP_STATE, LP_LIMIT_MEMORY. */
lp_code lp_manifest_write(const lp_secondaries *secondaries, const lp_signer *signer, uint8_t **out, size_t *out_bytes);

/* The body of POST <director>/ecus: every ECU of the inventory, because directors of the legacy kind take the first
 * list for the whole vehicle. */
lp_code lp_manifest_ecus(const lp_secondaries *secondaries, uint8_t **out, size_t *out_bytes);

#endif
