/* SPDX-License-Identifier: Apache-2.0 */
#include "database.h"
#include "lampyr/encode.h"
#include "store.h"

#include <stdlib.h>
#include <string.h>

static const char *text_at(sqlite3_stmt *query, int column) {
    return (const char *)sqlite3_column_text(query, column);
}

/* A time column as text in `buffer`, or NULL. */
static const char *time_at(sqlite3_stmt *query, int column, char buffer[LP_TIME_TEXT_BYTES]) {
    if (sqlite3_column_type(query, column) == SQLITE_NULL) {
        return NULL;
    }
    lp_time_format(sqlite3_column_int64(query, column), buffer);
    return buffer;
}

static bool copy_id(sqlite3_stmt *query, int column, char out[LPD_ID_BYTES]) {
    const char *text = text_at(query, column);
    if (text == NULL || strlen(text) >= LPD_ID_BYTES) {
        return false;
    }
    snprintf(out, LPD_ID_BYTES, "%s", text);
    return true;
}

/* A row that does not fit what was written can only come from a damaged file. */
static bool read_registered(sqlite3_stmt *query, lpd_inventory *inventory) {
    lpd_ecu *grown = reallocarray(inventory->ecus, inventory->count + 1, sizeof *grown);
    if (grown == NULL) {
        return false;
    }
    inventory->ecus = grown;
    lpd_ecu *ecu = &grown[inventory->count];
    memset(ecu, 0, sizeof *ecu);
    int key_len = sqlite3_column_bytes(query, 3);
    if (!copy_id(query, 0, ecu->serial) || !copy_id(query, 1, ecu->hardware) || key_len < 1 ||
        key_len > LP_PUBLIC_KEY_BYTES || !copy_id(query, 4, inventory->primary)) {
        return false;
    }
    ecu->key.scheme = (lp_scheme)sqlite3_column_int(query, 2);
    ecu->key.len = (uint16_t)key_len;
    memcpy(ecu->key.bytes, sqlite3_column_blob(query, 3), (size_t)key_len);
    inventory->count++;
    return true;
}

bool lpd_store_registered(lpd_store *store, const char *vehicle, lpd_inventory *out) {
    sqlite3_stmt *query = lpd_db_query(store->db,
                                       "SELECT serial, hardware, scheme, key, primary_serial FROM registration"
                                       " JOIN vehicle ON vehicle.id = registration.vehicle WHERE vehicle.id = ?",
                                       LPD_VALUES(lpd_text(vehicle)));
    if (query == NULL) {
        return lpd_db_failed(store);
    }
    lpd_inventory inventory = {.source = LPD_INVENTORY_NONE};
    bool sound = true;
    while (sound && sqlite3_step(query) == SQLITE_ROW) {
        sound = read_registered(query, &inventory);
    }
    bool ok = sqlite3_finalize(query) == SQLITE_OK || lpd_db_failed(store);
    if (ok && !sound) {
        snprintf(store->error, sizeof store->error, "the registrations of this vehicle cannot be read");
    }
    if (!ok || !sound) {
        lpd_inventory_free(&inventory);
        return false;
    }
    inventory.source = inventory.count > 0 ? LPD_INVENTORY_FIRST_USE : LPD_INVENTORY_NONE;
    *out = inventory;
    return true;
}

bool lpd_store_read_vehicle(lpd_store *store, const char *vehicle, void (*row)(void *ctx, const lpd_vehicle_row *),
                            void *ctx) {
    sqlite3_stmt *query = lpd_db_query(store->db,
                                       "SELECT manifests, refused, manifest_at, names_vehicle, installation,"
                                       " installation_dropped FROM vehicle WHERE id = ?",
                                       LPD_VALUES(lpd_text(vehicle)));
    if (query == NULL) {
        return lpd_db_failed(store);
    }
    char at[LP_TIME_TEXT_BYTES];
    while (sqlite3_step(query) == SQLITE_ROW) {
        lpd_vehicle_row values = {.manifests = sqlite3_column_int64(query, 0),
                                  .refused = sqlite3_column_int64(query, 1),
                                  .manifest_at = time_at(query, 2, at),
                                  .names_vehicle = sqlite3_column_int(query, 3) != 0,
                                  .installation = text_at(query, 4),
                                  .installation_dropped = sqlite3_column_int(query, 5) != 0};
        row(ctx, &values);
    }
    return sqlite3_finalize(query) == SQLITE_OK || lpd_db_failed(store);
}

bool lpd_store_read_ecus(lpd_store *store, const char *vehicle, void (*row)(void *ctx, const lpd_ecu_row *),
                         void *ctx) {
    sqlite3_stmt *query = lpd_db_query(
        store->db,
        "SELECT serials.serial, hardware, registration.at, report.at, report.manifest = vehicle.manifests, counter,"
        " image, image_bytes, image_sha256, attacks, failed_image, time FROM vehicle"
        " JOIN (SELECT serial FROM registration WHERE vehicle = ?1 UNION SELECT serial FROM report WHERE vehicle = ?1)"
        " AS serials"
        " LEFT JOIN registration ON registration.vehicle = vehicle.id AND registration.serial = serials.serial"
        " LEFT JOIN report ON report.vehicle = vehicle.id AND report.serial = serials.serial"
        " WHERE vehicle.id = ?1 ORDER BY serials.serial",
        LPD_VALUES(lpd_text(vehicle)));
    if (query == NULL) {
        return lpd_db_failed(store);
    }
    char registered[LP_TIME_TEXT_BYTES], reported[LP_TIME_TEXT_BYTES], time[LP_TIME_TEXT_BYTES];
    while (sqlite3_step(query) == SQLITE_ROW) {
        lpd_ecu_row values = {.serial = text_at(query, 0),
                              .hardware = text_at(query, 1),
                              .registered_at = time_at(query, 2, registered),
                              .reported_at = time_at(query, 3, reported),
                              .in_last_manifest = sqlite3_column_int(query, 4) != 0,
                              .has_counter = sqlite3_column_type(query, 5) != SQLITE_NULL,
                              .counter = sqlite3_column_int64(query, 5),
                              .image = text_at(query, 6),
                              .image_bytes = sqlite3_column_int64(query, 7),
                              .image_sha256 = text_at(query, 8),
                              .attacks = text_at(query, 9),
                              .failed_image = text_at(query, 10),
                              .time = time_at(query, 11, time)};
        row(ctx, &values);
    }
    return sqlite3_finalize(query) == SQLITE_OK || lpd_db_failed(store);
}

bool lpd_store_read_refusals(lpd_store *store, const char *vehicle, void (*row)(void *ctx, const lpd_refusal_row *),
                             void *ctx) {
    sqlite3_stmt *query = lpd_db_query(store->db,
                                       "SELECT at, times, request, name, detail FROM refusal WHERE vehicle = ?"
                                       " ORDER BY number DESC",
                                       LPD_VALUES(lpd_text(vehicle)));
    if (query == NULL) {
        return lpd_db_failed(store);
    }
    char at[LP_TIME_TEXT_BYTES];
    while (sqlite3_step(query) == SQLITE_ROW) {
        lpd_refusal_row values = {.at = time_at(query, 0, at),
                                  .times = sqlite3_column_int64(query, 1),
                                  .request = text_at(query, 2),
                                  .name = text_at(query, 3),
                                  .detail = text_at(query, 4)};
        row(ctx, &values);
    }
    return sqlite3_finalize(query) == SQLITE_OK || lpd_db_failed(store);
}
