/* SPDX-License-Identifier: Apache-2.0 */
#include "store.h"

#include "database.h"
#include "lampyr/encode.h"

#include <stdlib.h>
#include <string.h>

enum { SCHEMA_VERSION = 1 };

static const char schema[] =
    "CREATE TABLE vehicle(id TEXT PRIMARY KEY, manifests INTEGER NOT NULL DEFAULT 0,"
    " refused INTEGER NOT NULL DEFAULT 0, manifest_at INTEGER, names_vehicle INTEGER NOT NULL DEFAULT 0,"
    " primary_serial TEXT, installation TEXT, installation_dropped INTEGER NOT NULL DEFAULT 0)"
    " STRICT, WITHOUT ROWID;"
    "CREATE TABLE registration(vehicle TEXT NOT NULL, serial TEXT NOT NULL, hardware TEXT NOT NULL,"
    " scheme INTEGER NOT NULL, key BLOB NOT NULL, at INTEGER NOT NULL, PRIMARY KEY(vehicle, serial))"
    " STRICT, WITHOUT ROWID;"
    "CREATE TABLE report(vehicle TEXT NOT NULL, serial TEXT NOT NULL, key BLOB NOT NULL, counter INTEGER,"
    " image TEXT NOT NULL, image_bytes INTEGER NOT NULL, image_sha256 TEXT, attacks TEXT NOT NULL, failed_image TEXT,"
    " time INTEGER NOT NULL, at INTEGER NOT NULL, manifest INTEGER NOT NULL, PRIMARY KEY(vehicle, serial))"
    " STRICT, WITHOUT ROWID;"
    "CREATE TABLE refusal(vehicle TEXT NOT NULL, number INTEGER NOT NULL, at INTEGER NOT NULL,"
    " times INTEGER NOT NULL, request TEXT NOT NULL, name TEXT NOT NULL, detail TEXT NOT NULL,"
    " PRIMARY KEY(vehicle, number)) STRICT, WITHOUT ROWID;"
    "PRAGMA user_version = 1;";

/* Ends the transaction: commits if `ok`, else rolls back. */
static bool finish(lpd_store *store, bool ok) {
    if (ok && sqlite3_exec(store->db, "COMMIT", NULL, NULL, NULL) == SQLITE_OK) {
        return true;
    }
    lpd_db_failed(store);
    sqlite3_exec(store->db, "ROLLBACK", NULL, NULL, NULL);
    return false;
}

static bool begin(lpd_store *store) {
    return sqlite3_exec(store->db, "BEGIN IMMEDIATE", NULL, NULL, NULL) == SQLITE_OK || lpd_db_failed(store);
}

/* Whether the database is ours (`*ours`), or empty (`*empty`). Writes nothing. */
static bool read_format(lpd_store *store, bool *ours, bool *empty) {
    static const char sql[] = "SELECT user_version, (SELECT count(*) FROM sqlite_schema) FROM pragma_user_version";
    sqlite3_stmt *query;
    if (sqlite3_prepare_v2(store->db, sql, -1, &query, NULL) != SQLITE_OK) {
        return lpd_db_failed(store);
    }
    bool row = sqlite3_step(query) == SQLITE_ROW;
    *ours = row && sqlite3_column_int(query, 0) == SCHEMA_VERSION;
    *empty = row && sqlite3_column_int(query, 0) == 0 && sqlite3_column_int(query, 1) == 0;
    return sqlite3_finalize(query) == SQLITE_OK || lpd_db_failed(store);
}

static bool run_text(lpd_store *store, const char *sql) {
    return sqlite3_exec(store->db, sql, NULL, NULL, NULL) == SQLITE_OK || lpd_db_failed(store);
}

/* Opens the file and makes sure that it is a database of ours before anything is written to it.
 * Exclusive locking keeps a second director out, and needs no shared-memory file. */
static bool open_database(lpd_store *store, const char *path) {
    bool ours = false, empty = false;
    if (sqlite3_open_v2(path, &store->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, NULL) != SQLITE_OK) {
        return lpd_db_failed(store);
    }
    if (!run_text(store, "PRAGMA locking_mode = EXCLUSIVE") || !read_format(store, &ours, &empty)) {
        return false;
    }
    if (!ours && !empty) {
        snprintf(store->error, sizeof store->error, "is not a database of this version of " LPD_PROGRAM);
        return false;
    }
    if (!run_text(store, "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL") || !begin(store)) {
        return false;
    }
    return finish(store, ours || sqlite3_exec(store->db, schema, NULL, NULL, NULL) == SQLITE_OK);
}

bool lpd_store_open(const char *path, lpd_store **out, char *message, size_t message_bytes) {
    lpd_store *store = calloc(1, sizeof *store);
    if (store == NULL) {
        snprintf(message, message_bytes, "db %s: out of memory", path);
        return false;
    }
    if (!open_database(store, path)) {
        bool busy = sqlite3_errcode(store->db) == SQLITE_BUSY;
        snprintf(message, message_bytes, "db %s: %s", path, busy ? "in use by another process" : store->error);
        lpd_store_close(store);
        return false;
    }
    *out = store;
    return true;
}

void lpd_store_close(lpd_store *store) {
    sqlite3_close(store->db);
    free(store);
}

const char *lpd_store_error(const lpd_store *store) {
    return store->error;
}

bool lpd_store_counter(lpd_store *store, const char *vehicle, const lpd_ecu *ecu, bool *found, uint64_t *counter) {
    sqlite3_stmt *query = lpd_db_query(
        store->db, "SELECT counter FROM report WHERE vehicle = ? AND serial = ? AND key = ? AND counter IS NOT NULL",
        LPD_VALUES(lpd_text(vehicle), lpd_text(ecu->serial), lpd_bytes(ecu->key.bytes, ecu->key.len)));
    if (query == NULL) {
        return lpd_db_failed(store);
    }
    bool row = sqlite3_step(query) == SQLITE_ROW;
    uint64_t stored = row ? (uint64_t)sqlite3_column_int64(query, 0) : 0;
    if (sqlite3_finalize(query) != SQLITE_OK) {
        return lpd_db_failed(store);
    }
    *found = row;
    *counter = stored;
    return true;
}

static bool save_report(lpd_store *store, const char *vehicle, const lpd_report *report, int64_t now) {
    char sha256[2 * LP_SHA256_BYTES + 1];
    lp_hex_encode(report->image_hashes.sha256, LP_SHA256_BYTES, sha256);
    const lp_public_key *key = &report->ecu->key;
    /* A legacy report without a counter must not erase the one stored under the same key. */
    return lpd_db_run(
        store->db,
        "INSERT INTO report SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, manifests"
        " FROM vehicle WHERE id = ?1 ON CONFLICT DO UPDATE SET"
        " counter = coalesce(excluded.counter, iif(key = excluded.key, counter, NULL)), key = excluded.key,"
        " image = excluded.image, image_bytes = excluded.image_bytes, image_sha256 = excluded.image_sha256,"
        " attacks = excluded.attacks, failed_image = excluded.failed_image, time = excluded.time, at = excluded.at,"
        " manifest = excluded.manifest",
        LPD_VALUES(lpd_text(vehicle), lpd_text(report->ecu->serial), lpd_bytes(key->bytes, key->len),
                   report->has_counter ? lpd_int((int64_t)report->counter) : lpd_null(), lpd_text(report->image_name),
                   lpd_int((int64_t)report->image_bytes), lpd_text(report->image_hashes.has_sha256 ? sha256 : NULL),
                   lpd_text(report->attacks), lpd_text(report->failed_image[0] != '\0' ? report->failed_image : NULL),
                   lpd_int(report->time), lpd_int(now)));
}

/* Makes sure that the vehicle has a row. */
static bool touch_vehicle(lpd_store *store, const char *vehicle) {
    return lpd_db_run(store->db, "INSERT INTO vehicle(id) VALUES(?) ON CONFLICT DO NOTHING",
                      LPD_VALUES(lpd_text(vehicle)));
}

static bool save_manifest(lpd_store *store, const char *vehicle, const lpd_manifest *manifest, int64_t now) {
    lp_json installation = manifest->installation;
    bool dropped = installation.len > LPD_INSTALLATION_BYTES;
    return touch_vehicle(store, vehicle) &&
           lpd_db_run(store->db,
                      "UPDATE vehicle SET manifests = manifests + 1, manifest_at = ?, names_vehicle = ?,"
                      " installation = CAST(? AS TEXT), installation_dropped = ? WHERE id = ?",
                      LPD_VALUES(lpd_int(now), lpd_int(manifest->names_vehicle),
                                 dropped ? lpd_null() : lpd_bytes(installation.ptr, installation.len), lpd_int(dropped),
                                 lpd_text(vehicle)));
}

bool lpd_store_manifest(lpd_store *store, const char *vehicle, const lpd_manifest *manifest, int64_t now) {
    if (!begin(store)) {
        return false;
    }
    bool ok = save_manifest(store, vehicle, manifest, now);
    for (size_t i = 0; ok && i < manifest->count; i++) {
        ok = save_report(store, vehicle, &manifest->reports[i], now);
    }
    return finish(store, ok);
}

bool lpd_store_register(lpd_store *store, const char *vehicle, const char *primary, const lpd_ecu *ecus, size_t count,
                        int64_t now) {
    if (!begin(store)) {
        return false;
    }
    bool ok =
        touch_vehicle(store, vehicle) && lpd_db_run(store->db, "UPDATE vehicle SET primary_serial = ? WHERE id = ?",
                                                    LPD_VALUES(lpd_text(primary), lpd_text(vehicle)));
    for (size_t i = 0; ok && i < count; i++) {
        const lpd_ecu *ecu = &ecus[i];
        ok = lpd_db_run(store->db, "INSERT OR REPLACE INTO registration VALUES(?, ?, ?, ?, ?, ?)",
                        LPD_VALUES(lpd_text(vehicle), lpd_text(ecu->serial), lpd_text(ecu->hardware),
                                   lpd_int(ecu->key.scheme), lpd_bytes(ecu->key.bytes, ecu->key.len), lpd_int(now)));
    }
    return finish(store, ok);
}

/* Adds a refusal to the history, and drops the oldest. */
static bool append_refusal(lpd_store *store, const char *vehicle, const char *request, const lpd_refusal *refusal,
                           int64_t now) {
    return lpd_db_run(store->db,
                      "INSERT INTO refusal SELECT ?1, coalesce(max(number), 0) + 1, ?2, 1, ?3, ?4, ?5"
                      " FROM refusal WHERE vehicle = ?1",
                      LPD_VALUES(lpd_text(vehicle), lpd_int(now), lpd_text(request), lpd_text(refusal->name),
                                 lpd_text(refusal->detail))) &&
           lpd_db_run(store->db,
                      "DELETE FROM refusal WHERE vehicle = ?1 AND number <="
                      " (SELECT max(number) FROM refusal WHERE vehicle = ?1) - ?2",
                      LPD_VALUES(lpd_text(vehicle), lpd_int(LPD_REFUSALS)));
}

bool lpd_store_refusal(lpd_store *store, const char *vehicle, const char *request, const lpd_refusal *refusal,
                       int64_t now) {
    if (!begin(store)) {
        return false;
    }
    bool ok =
        touch_vehicle(store, vehicle) &&
        lpd_db_run(store->db, "UPDATE vehicle SET refused = refused + 1 WHERE id = ?", LPD_VALUES(lpd_text(vehicle))) &&
        lpd_db_run(store->db,
                   "UPDATE refusal SET times = times + 1, at = ?2 WHERE vehicle = ?1 AND number ="
                   " (SELECT max(number) FROM refusal WHERE vehicle = ?1)"
                   " AND request = ?3 AND name = ?4 AND detail = ?5",
                   LPD_VALUES(lpd_text(vehicle), lpd_int(now), lpd_text(request), lpd_text(refusal->name),
                              lpd_text(refusal->detail)));
    if (ok && sqlite3_changes(store->db) == 0) {
        ok = append_refusal(store, vehicle, request, refusal, now);
    }
    return finish(store, ok);
}
