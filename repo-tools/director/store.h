/* SPDX-License-Identifier: Apache-2.0 */
/* What the director learned, in SQLite (WAL, one writer). Functions return false when SQLite fails; then
 * lpd_store_error() says why, and nothing of that call is stored. */
#ifndef LAMPYR_DIRECTOR_STORE_H
#define LAMPYR_DIRECTOR_STORE_H

#include "director.h"
#include "inventory.h"
#include "manifest.h"

typedef struct lpd_store lpd_store;

/* Opens or creates the database and holds it exclusively. False with one line in `message`: cannot be opened,
 * damaged, of another version, or in use by another process. */
bool lpd_store_open(const char *path, lpd_store **out, char *message, size_t message_bytes);
void lpd_store_close(lpd_store *store);

/* One line about the last failure. */
const char *lpd_store_error(const lpd_store *store);

/* The greatest counter stored for the ECU under its present key; `*found` false if there is none. A new key
 * starts counting anew: no report of the old one verifies any longer. */
bool lpd_store_counter(lpd_store *store, const char *vehicle, const lpd_ecu *ecu, bool *found, uint64_t *counter);

/* Stores a verified manifest, all or nothing. */
bool lpd_store_manifest(lpd_store *store, const char *vehicle, const lpd_manifest *manifest, int64_t now);

/* Stores that these ECUs registered. */
bool lpd_store_register(lpd_store *store, const char *vehicle, const char *primary, const lpd_ecu *ecus, size_t count,
                        int64_t now);

/* What has registered, as an inventory of source FIRST_USE, or NONE if nothing has. Free it with
 * lpd_inventory_free(). */
bool lpd_store_registered(lpd_store *store, const char *vehicle, lpd_inventory *out);

/* Remembers a refusal; only the last LPD_REFUSALS of a vehicle are kept, and one that repeats the last is
 * counted with it. `request` is static, e.g. "manifest". */
bool lpd_store_refusal(lpd_store *store, const char *vehicle, const char *request, const lpd_refusal *refusal,
                       int64_t now);

/* Rows for the status page; strings are valid during the callback only, and NULL where nothing is known. */
typedef struct lpd_vehicle_row {
    int64_t manifests; /* accepted */
    int64_t refused;
    const char *manifest_at; /* RFC 3339 */
    bool names_vehicle;      /* the last manifest did */
    const char *installation;
    bool installation_dropped; /* it was too long to keep */
} lpd_vehicle_row;

typedef struct lpd_ecu_row {
    const char *serial;
    const char *hardware; /* as registered */
    const char *registered_at;
    const char *reported_at;
    bool in_last_manifest;
    bool has_counter;
    int64_t counter;
    const char *image;
    int64_t image_bytes;
    const char *image_sha256;
    const char *attacks;
    const char *failed_image;
    const char *time; /* as the ECU knows it */
} lpd_ecu_row;

typedef struct lpd_refusal_row {
    const char *at; /* the latest time */
    int64_t times;
    const char *request;
    const char *name;
    const char *detail;
} lpd_refusal_row;

bool lpd_store_read_vehicle(lpd_store *store, const char *vehicle, void (*row)(void *ctx, const lpd_vehicle_row *),
                            void *ctx);
bool lpd_store_read_ecus(lpd_store *store, const char *vehicle, void (*row)(void *ctx, const lpd_ecu_row *), void *ctx);
bool lpd_store_read_refusals(lpd_store *store, const char *vehicle, void (*row)(void *ctx, const lpd_refusal_row *),
                             void *ctx);

#endif
