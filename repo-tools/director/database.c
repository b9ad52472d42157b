/* SPDX-License-Identifier: Apache-2.0 */
#include "database.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

bool lpd_db_failed(struct lpd_store *store) {
    int code = sqlite3_errcode(store->db);
    bool system = (code == SQLITE_IOERR || code == SQLITE_CANTOPEN) && errno != 0;
    snprintf(store->error, sizeof store->error, "%s", system ? strerror(errno) : sqlite3_errmsg(store->db));
    return false;
}

lpd_value lpd_null(void) {
    return (lpd_value){.type = LPD_VALUE_NULL};
}

lpd_value lpd_int(int64_t number) {
    return (lpd_value){.type = LPD_VALUE_INT, .number = number};
}

lpd_value lpd_text(const char *text) {
    return (lpd_value){.type = text != NULL ? LPD_VALUE_TEXT : LPD_VALUE_NULL, .bytes = text, .len = -1};
}

lpd_value lpd_bytes(const void *bytes, size_t len) {
    return (lpd_value){.type = bytes != NULL ? LPD_VALUE_BYTES : LPD_VALUE_NULL, .bytes = bytes, .len = (int)len};
}

static int bind(sqlite3_stmt *statement, int index, const lpd_value *value) {
    switch (value->type) {
    case LPD_VALUE_INT:
        return sqlite3_bind_int64(statement, index, value->number);
    case LPD_VALUE_TEXT:
        return sqlite3_bind_text(statement, index, value->bytes, value->len, SQLITE_TRANSIENT);
    case LPD_VALUE_BYTES:
        return sqlite3_bind_blob(statement, index, value->bytes, value->len, SQLITE_TRANSIENT);
    default:
        return sqlite3_bind_null(statement, index);
    }
}

sqlite3_stmt *lpd_db_query(sqlite3 *db, const char *sql, const lpd_value *values) {
    sqlite3_stmt *statement;
    if (sqlite3_prepare_v2(db, sql, -1, &statement, NULL) != SQLITE_OK) {
        return NULL;
    }
    int count = 0;
    for (; values[count].type != LPD_VALUE_END; count++) {
        if (bind(statement, count + 1, &values[count]) != SQLITE_OK) {
            sqlite3_finalize(statement);
            return NULL;
        }
    }
    assert(count == sqlite3_bind_parameter_count(statement));
    return statement;
}

bool lpd_db_run(sqlite3 *db, const char *sql, const lpd_value *values) {
    sqlite3_stmt *statement = lpd_db_query(db, sql, values);
    if (statement == NULL) {
        return false;
    }
    while (sqlite3_step(statement) == SQLITE_ROW) {
    }
    return sqlite3_finalize(statement) == SQLITE_OK;
}
