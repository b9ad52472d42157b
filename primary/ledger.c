/* SPDX-License-Identifier: Apache-2.0 */
#include "ledger.h"

#include "store.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The columns of an ECU, in the order in which load() reads and save() binds them. */
#define ECU_COLUMNS                                                                                                    \
    "address, block, full, report, report_counter, installed, floor, order_name, order_sha256, order_counter, "        \
    "order_version, failed_version, nonce"
#define ECU_VALUES "?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13"

static const char schema[] = "CREATE TABLE IF NOT EXISTS ecu (serial TEXT PRIMARY KEY NOT NULL, address BLOB,"
                             " block INTEGER, full INTEGER, report BLOB, report_counter INTEGER, installed BLOB,"
                             " floor INTEGER, order_name TEXT, order_sha256 BLOB, order_counter INTEGER,"
                             " order_version INTEGER, failed_version INTEGER, nonce TEXT) STRICT;"
                             "CREATE TABLE IF NOT EXISTS fact (id INTEGER PRIMARY KEY, value INTEGER NOT NULL) STRICT;";

struct lp_ledger {
    sqlite3 *db;
    sqlite3_stmt *load;
    sqlite3_stmt *save;
    sqlite3_stmt *get;
    sqlite3_stmt *set;
};

static bool prepare(lp_ledger *ledger, const char *sql, sqlite3_stmt **out) {
    return sqlite3_prepare_v3(ledger->db, sql, -1, SQLITE_PREPARE_PERSISTENT, out, NULL) == SQLITE_OK;
}

lp_ledger *lp_ledger_open(sqlite3 *database, char *message, size_t message_bytes) {
    lp_ledger *ledger = calloc(1, sizeof *ledger);
    if (ledger == NULL) {
        snprintf(message, message_bytes, "out of memory");
        return NULL;
    }
    ledger->db = database;
    if (sqlite3_exec(database, schema, NULL, NULL, NULL) == SQLITE_OK &&
        prepare(ledger, "SELECT " ECU_COLUMNS " FROM ecu WHERE serial = ?14", &ledger->load) &&
        prepare(ledger,
                "INSERT INTO ecu (" ECU_COLUMNS ", serial) VALUES (" ECU_VALUES ", ?14)"
                " ON CONFLICT (serial) DO UPDATE SET (" ECU_COLUMNS ") = (" ECU_VALUES ")",
                &ledger->save) &&
        prepare(ledger, "SELECT value FROM fact WHERE id = ?1", &ledger->get) &&
        prepare(ledger, "INSERT OR REPLACE INTO fact (id, value) VALUES (?1, ?2)", &ledger->set)) {
        return ledger;
    }
    snprintf(message, message_bytes, "cannot use the state in %s: %s", sqlite3_db_filename(database, "main"),
             lp_database_reason(database));
    lp_ledger_close(ledger);
    return NULL;
}

void lp_ledger_close(lp_ledger *ledger) {
    if (ledger == NULL) {
        return;
    }
    sqlite3_finalize(ledger->load);
    sqlite3_finalize(ledger->save);
    sqlite3_finalize(ledger->get);
    sqlite3_finalize(ledger->set);
    free(ledger);
}

const char *lp_ledger_error(const lp_ledger *ledger) {
    return lp_database_reason(ledger->db);
}

/* Copies a BLOB column of exactly `bytes` bytes. False if it is NULL or of another length. */
static bool column_copy(sqlite3_stmt *statement, int column, void *out, size_t bytes) {
    const void *blob = sqlite3_column_blob(statement, column);
    if (blob == NULL || (size_t)sqlite3_column_bytes(statement, column) != bytes) {
        return false;
    }
    memcpy(out, blob, bytes);
    return true;
}

static bool read_row(sqlite3_stmt *row, lp_ledger_ecu *ecu) {
    int address_bytes = sqlite3_column_bytes(row, 0);
    if (address_bytes > 0 && (size_t)address_bytes <= sizeof ecu->address) {
        ecu->registered = column_copy(row, 0, &ecu->address, (size_t)address_bytes);
        ecu->address_bytes = (socklen_t)address_bytes;
    }
    ecu->block_bytes = (uint64_t)sqlite3_column_int64(row, 1);
    ecu->full = sqlite3_column_int(row, 2) != 0;
    ecu->report_bytes = (size_t)sqlite3_column_bytes(row, 3);
    if (ecu->report_bytes > 0) {
        ecu->report = malloc(ecu->report_bytes);
        if (ecu->report == NULL || !column_copy(row, 3, ecu->report, ecu->report_bytes)) {
            free(ecu->report);
            return false;
        }
    }
    ecu->report_counter = (uint64_t)sqlite3_column_int64(row, 4);
    ecu->has_installed = column_copy(row, 5, ecu->installed_sha256, sizeof ecu->installed_sha256);
    ecu->counter_floor = (uint64_t)sqlite3_column_int64(row, 6);
    const unsigned char *name = sqlite3_column_text(row, 7);
    ecu->has_order = name != NULL && column_copy(row, 8, ecu->order_sha256, sizeof ecu->order_sha256);
    if (ecu->has_order) {
        snprintf(ecu->order_name, sizeof ecu->order_name, "%s", (const char *)name);
    }
    ecu->order_counter = (uint64_t)sqlite3_column_int64(row, 9);
    ecu->order_version = (uint64_t)sqlite3_column_int64(row, 10);
    ecu->failed_version = (uint64_t)sqlite3_column_int64(row, 11);
    const unsigned char *nonce = sqlite3_column_text(row, 12);
    snprintf(ecu->nonce, sizeof ecu->nonce, "%s", nonce == NULL ? "" : (const char *)nonce);
    return true;
}

bool lp_ledger_load(lp_ledger *ledger, const char *serial, lp_ledger_ecu *out) {
    lp_ledger_ecu ecu = {.registered = false};
    sqlite3_stmt *row = ledger->load;
    sqlite3_bind_text(row, 14, serial, -1, SQLITE_STATIC);
    int step = sqlite3_step(row);
    bool ok = step == SQLITE_DONE || (step == SQLITE_ROW && read_row(row, &ecu));
    sqlite3_reset(row);
    if (ok) {
        *out = ecu;
    }
    return ok;
}

bool lp_ledger_save(lp_ledger *ledger, const char *serial, const lp_ledger_ecu *ecu) {
    sqlite3_stmt *row = ledger->save;
    sqlite3_clear_bindings(row);
    if (ecu->registered) {
        sqlite3_bind_blob(row, 1, &ecu->address, (int)ecu->address_bytes, SQLITE_STATIC);
    }
    sqlite3_bind_int64(row, 2, (sqlite3_int64)ecu->block_bytes);
    sqlite3_bind_int(row, 3, ecu->full);
    if (ecu->report != NULL) {
        sqlite3_bind_blob(row, 4, ecu->report, (int)ecu->report_bytes, SQLITE_STATIC);
    }
    sqlite3_bind_int64(row, 5, (sqlite3_int64)ecu->report_counter);
    if (ecu->has_installed) {
        sqlite3_bind_blob(row, 6, ecu->installed_sha256, sizeof ecu->installed_sha256, SQLITE_STATIC);
    }
    sqlite3_bind_int64(row, 7, (sqlite3_int64)ecu->counter_floor);
    if (ecu->has_order) {
        sqlite3_bind_text(row, 8, ecu->order_name, -1, SQLITE_STATIC);
        sqlite3_bind_blob(row, 9, ecu->order_sha256, sizeof ecu->order_sha256, SQLITE_STATIC);
    }
    sqlite3_bind_int64(row, 10, (sqlite3_int64)ecu->order_counter);
    sqlite3_bind_int64(row, 11, (sqlite3_int64)ecu->order_version);
    sqlite3_bind_int64(row, 12, (sqlite3_int64)ecu->failed_version);
    sqlite3_bind_text(row, 13, ecu->nonce, -1, SQLITE_STATIC);
    sqlite3_bind_text(row, 14, serial, -1, SQLITE_STATIC);
    sqlite3_step(row);
    return sqlite3_reset(row) == SQLITE_OK; /* reset repeats the error of the step */
}

bool lp_ledger_get(lp_ledger *ledger, lp_fact fact, int64_t *out) {
    sqlite3_bind_int(ledger->get, 1, (int)fact);
    int step = sqlite3_step(ledger->get);
    int64_t value = step == SQLITE_ROW ? sqlite3_column_int64(ledger->get, 0) : 0;
    sqlite3_reset(ledger->get);
    if (step != SQLITE_ROW && step != SQLITE_DONE) {
        return false;
    }
    *out = value;
    return true;
}

bool lp_ledger_set(lp_ledger *ledger, lp_fact fact, int64_t value) {
    sqlite3_bind_int(ledger->set, 1, (int)fact);
    sqlite3_bind_int64(ledger->set, 2, value);
    sqlite3_step(ledger->set);
    return sqlite3_reset(ledger->set) == SQLITE_OK;
}
