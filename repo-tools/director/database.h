/* SPDX-License-Identifier: Apache-2.0 */
/* Statements of SQLite in one call each; used by store.c and store_read.c only. */
#ifndef LAMPYR_DIRECTOR_DATABASE_H
#define LAMPYR_DIRECTOR_DATABASE_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct lpd_store {
    sqlite3 *db;
    char error[160]; /* of the last failure: SQLite's own message does not outlive a rollback */
};

/* Keeps SQLite's message for lpd_store_error(). Always false. */
bool lpd_db_failed(struct lpd_store *store);

typedef enum lpd_value_type {
    LPD_VALUE_END = 0, /* ends a list of values */
    LPD_VALUE_NULL,
    LPD_VALUE_INT,
    LPD_VALUE_TEXT,
    LPD_VALUE_BYTES,
} lpd_value_type;

/* A parameter of a statement; text and bytes stay the caller's. */
typedef struct lpd_value {
    lpd_value_type type;
    int64_t number;
    const void *bytes;
    int len;
} lpd_value;

lpd_value lpd_null(void);
lpd_value lpd_int(int64_t number);
lpd_value lpd_text(const char *text);               /* NULL is null */
lpd_value lpd_bytes(const void *bytes, size_t len); /* NULL is null */

/* The list of values that the functions below take. */
#define LPD_VALUES(...) ((const lpd_value[]){__VA_ARGS__, {.type = LPD_VALUE_END}})

/* Prepares `sql` and binds its parameters, all of them. NULL on failure. Finalize it. */
sqlite3_stmt *lpd_db_query(sqlite3 *db, const char *sql, const lpd_value *values);

/* The same, run to its end; any rows are ignored. */
bool lpd_db_run(sqlite3 *db, const char *sql, const lpd_value *values);

#endif
