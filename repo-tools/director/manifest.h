/* SPDX-License-Identifier: Apache-2.0 */
/* The vehicle version manifest: checks of Uptane 2.1.0, 5.3.2.1. */
#ifndef LAMPYR_DIRECTOR_MANIFEST_H
#define LAMPYR_DIRECTOR_MANIFEST_H

#include "director.h"
#include "inventory.h"

/* One ECU's report, verified. */
typedef struct lpd_report {
    const lpd_ecu *ecu; /* in the inventory */
    bool has_counter;
    uint64_t counter;
    char image_name[LP_NAME_BYTES];
    uint64_t image_bytes;
    lp_hashes image_hashes;
    char attacks[LPD_REPORT_TEXT_BYTES];
    char failed_image[LPD_REPORT_TEXT_BYTES]; /* "" if none failed */
    int64_t time;                             /* as the ECU knows it, seconds since 1970 */
} lpd_report;

/* A manifest that passed every check. */
typedef struct lpd_manifest {
    bool names_vehicle;
    lp_json installation; /* installation_report, or absent; points into the body */
    lpd_report *reports;  /* owned */
    size_t count;
} lpd_manifest;

/* Checks `body` as the manifest of `vehicle` against its inventory and the counters in the store.
 * In tuf every inventoried ECU, the vehicle identifier and a counter in every report are required; in legacy
 * their absence is accepted, and what is there must be right. `now` is the director's clock, seconds since 1970.
 * On success `*out` points into `body` and `inventory`; free with lpd_manifest_free().
 * On failure `refusal` says why: the verifier's codes, `replayed_report`, `missing_ecu`, `report_time`. */
bool lpd_manifest_check(const lpd_director *director, const char *vehicle, const lpd_inventory *inventory,
                        lp_slice body, int64_t now, lpd_manifest *out, lpd_refusal *refusal);
void lpd_manifest_free(lpd_manifest *manifest);

#endif
