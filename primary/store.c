/* SPDX-License-Identifier: Apache-2.0 */
#include "store.h"

#include "lampyr/encode.h"
#include "lampyr/path.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    SCHEMA_VERSION = 1, /* of `schema`, in the file's user_version */
    DIGEST_CHARS = 2 * LP_SHA256_BYTES,
    MESSAGE_BYTES = LP_PATH_BYTES + 512,
    LARGE_BYTES = 2 * 1024 * 1024, /* files from this size on bypass the write-ahead log */
};

#define DATABASE "state.db"
#define IMAGES "images"
#define PARTIAL ".part"

/* The lock on the folder makes SQLite's own locking between processes needless. Large pages make it cheaper to store
 * the targets of a large repository (20 MB). */
static const char settings[] = "PRAGMA page_size = 16384;"
                               "PRAGMA locking_mode = EXCLUSIVE;"
                               "PRAGMA journal_mode = WAL;"
                               "PRAGMA synchronous = FULL";

static const char schema[] = "BEGIN IMMEDIATE;"
                             "CREATE TABLE metadata (id INTEGER PRIMARY KEY, repo INTEGER NOT NULL,"
                             " name TEXT NOT NULL, bytes BLOB NOT NULL, UNIQUE (repo, name)) STRICT;"
                             "PRAGMA user_version = 1;"
                             "COMMIT";

struct lp_store {
    sqlite3 *db;
    int lock;
    sqlite3_stmt *find;
    sqlite3_stmt *save;
    sqlite3_stmt *forget;
    char folder[LP_PATH_BYTES];
    char message[MESSAGE_BYTES];
};

static bool run(lp_store *store, const char *sql) {
    return sqlite3_exec(store->db, sql, NULL, NULL, NULL) == SQLITE_OK;
}

static bool prepare(lp_store *store, const char *sql, sqlite3_stmt **out) {
    return sqlite3_prepare_v3(store->db, sql, -1, SQLITE_PREPARE_PERSISTENT, out, NULL) == SQLITE_OK;
}

const char *lp_database_reason(sqlite3 *database) {
    int code = database == NULL ? SQLITE_NOMEM : sqlite3_errcode(database);
    bool system = (code == SQLITE_IOERR || code == SQLITE_CANTOPEN) && errno != 0;
    return system ? strerror(errno) : sqlite3_errstr(code); /* sqlite3_system_errno() knows nothing of writes */
}

/* Says why SQLite failed, and what helps when it is the file. */
static void explain_database(lp_store *store) {
    int code = store->db == NULL ? SQLITE_NOMEM : sqlite3_errcode(store->db);
    bool damaged = code == SQLITE_CORRUPT || code == SQLITE_NOTADB;
    snprintf(store->message, sizeof store->message, "cannot use the state %s/" DATABASE ": %s%s", store->folder,
             lp_database_reason(store->db),
             damaged ? "; it is damaged: move the folder away to start again from the provisioned roots" : "");
}

static void explain_errno(lp_store *store, const char *what) {
    snprintf(store->message, sizeof store->message, "cannot %s the state folder %s: %s", what, store->folder,
             errno == EWOULDBLOCK ? "another process uses it" : strerror(errno));
}

static bool open_folder(lp_store *store) {
    char images[LP_PATH_BYTES];
    if (!lp_path_join(images, sizeof images, store->folder, IMAGES) || !lp_folder_make(images, 0700)) {
        explain_errno(store, "make");
        return false;
    }
    store->lock = lp_folder_lock(store->folder);
    if (store->lock < 0) {
        explain_errno(store, "lock");
        return false;
    }
    return true;
}

static bool read_schema_version(lp_store *store, int *version) {
    sqlite3_stmt *row;
    if (!prepare(store, "PRAGMA user_version", &row)) {
        return false;
    }
    bool ok = sqlite3_step(row) == SQLITE_ROW;
    *version = ok ? sqlite3_column_int(row, 0) : 0;
    return sqlite3_finalize(row) == SQLITE_OK && ok;
}

static bool open_database(lp_store *store) {
    char path[LP_PATH_BYTES];
    int version;
    if (!lp_path_join(path, sizeof path, store->folder, DATABASE)) {
        explain_errno(store, "open");
        return false;
    }
    if (sqlite3_open_v2(path, &store->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, NULL) != SQLITE_OK ||
        !run(store, settings) || !read_schema_version(store, &version)) {
        explain_database(store);
        return false;
    }
    if (version > SCHEMA_VERSION) {
        snprintf(store->message, sizeof store->message, "the state %s was written by a later version of Lampyr", path);
        return false;
    }
    if ((version == 0 && !run(store, schema)) ||
        !prepare(store, "SELECT id, length(bytes) FROM metadata WHERE repo = ?1 AND name = ?2", &store->find) ||
        !prepare(store,
                 "INSERT INTO metadata (repo, name, bytes) VALUES (?1, ?2, ?3)"
                 " ON CONFLICT (repo, name) DO UPDATE SET bytes = excluded.bytes",
                 &store->save) ||
        !prepare(store, "DELETE FROM metadata WHERE repo = ?1 AND name = ?2", &store->forget)) {
        explain_database(store);
        return false;
    }
    return true;
}

lp_store *lp_store_open(const char *folder, char *message, size_t message_bytes) {
    lp_store *store = calloc(1, sizeof *store);
    if (store == NULL) {
        snprintf(message, message_bytes, "out of memory");
        return NULL;
    }
    store->lock = -1;
    if (snprintf(store->folder, sizeof store->folder, "%s", folder) >= (int)sizeof store->folder) {
        snprintf(message, message_bytes, "the name of the state folder is too long");
        free(store);
        return NULL;
    }
    if (!open_folder(store) || !open_database(store)) {
        snprintf(message, message_bytes, "%s", store->message);
        lp_store_close(store);
        return NULL;
    }
    return store;
}

void lp_store_close(lp_store *store) {
    if (store == NULL) {
        return;
    }
    sqlite3_finalize(store->find);
    sqlite3_finalize(store->save);
    sqlite3_finalize(store->forget);
    sqlite3_close(store->db);
    if (store->lock >= 0) {
        close(store->lock);
    }
    free(store);
}

const char *lp_store_error(const lp_store *store) {
    return store->message;
}

sqlite3 *lp_store_database(lp_store *store) {
    return store->db;
}

/* Binds the key of a row; the statement is to be reset before `name` goes away. */
static void bind_key(sqlite3_stmt *statement, lp_repo repo, const char *name) {
    sqlite3_bind_int(statement, 1, (int)repo);
    sqlite3_bind_text(statement, 2, name, -1, SQLITE_STATIC);
}

/* Runs a statement that changes rows. */
static bool change(lp_store *store, sqlite3_stmt *statement) {
    sqlite3_step(statement);
    bool ok = sqlite3_reset(statement) == SQLITE_OK; /* repeats the error of the step */
    if (!ok) {
        explain_database(store);
    }
    sqlite3_clear_bindings(statement);
    return ok;
}

/* Reads a blob straight into its buffer, so that a large file is in memory only once. */
static bool read_blob(lp_store *store, sqlite3_int64 id, size_t len, uint8_t **out) {
    sqlite3_blob *blob = NULL;
    uint8_t *bytes = malloc(len + 1);
    bool ok = bytes != NULL && sqlite3_blob_open(store->db, "main", "metadata", "bytes", id, 0, &blob) == SQLITE_OK &&
              sqlite3_blob_read(blob, bytes, (int)len, 0) == SQLITE_OK;
    if (ok) {
        *out = bytes;
    } else {
        explain_database(store);
        free(bytes);
    }
    sqlite3_blob_close(blob);
    return ok;
}

bool lp_store_load(lp_store *store, lp_repo repo, const char *name, uint64_t max_bytes, uint8_t **out,
                   size_t *out_len) {
    bind_key(store->find, repo, name);
    int step = sqlite3_step(store->find);
    sqlite3_int64 id = sqlite3_column_int64(store->find, 0);
    sqlite3_int64 len = sqlite3_column_int64(store->find, 1);
    if (step != SQLITE_ROW && step != SQLITE_DONE) {
        explain_database(store);
    }
    sqlite3_reset(store->find);
    if (step == SQLITE_DONE || (step == SQLITE_ROW && (uint64_t)len > max_bytes)) {
        *out = NULL;
        *out_len = 0;
        return true;
    }
    if (step != SQLITE_ROW || !read_blob(store, id, (size_t)len, out)) {
        return false;
    }
    *out_len = (size_t)len;
    return true;
}

static bool save_row(lp_store *store, lp_repo repo, const char *name, lp_slice bytes) {
    bind_key(store->save, repo, name);
    sqlite3_bind_blob64(store->save, 3, bytes.ptr, bytes.len, SQLITE_STATIC);
    return change(store, store->save);
}

/* The log would make SQLite write a large file twice; with a rollback journal its new pages go straight into the
 * database. Both are as durable, so where the mode cannot be changed just now, it need not be. A program that is killed
 * meanwhile goes back to the log when it opens the store again. */
static bool save_large(lp_store *store, lp_repo repo, const char *name, lp_slice bytes) {
    (void)run(store, "PRAGMA journal_mode = TRUNCATE");
    bool ok = save_row(store, repo, name, bytes);
    (void)run(store, "PRAGMA journal_mode = WAL");
    return ok;
}

bool lp_store_save(lp_store *store, lp_repo repo, const char *name, lp_slice bytes) {
    return bytes.len < LARGE_BYTES ? save_row(store, repo, name, bytes) : save_large(store, repo, name, bytes);
}

bool lp_store_save_root(lp_store *store, lp_repo repo, const char *name, uint64_t version, lp_slice bytes) {
    char versioned[LP_URL_BYTES];
    const char *slash = strrchr(name, '/');
    const char *file = slash != NULL ? slash + 1 : name;
    snprintf(versioned, sizeof versioned, "%.*s%llu.%s", (int)(file - name), name, (unsigned long long)version, file);
    if (!run(store, "BEGIN")) {
        explain_database(store);
        return false;
    }
    bool ok = lp_store_save(store, repo, versioned, bytes) && lp_store_save(store, repo, name, bytes);
    if (ok && !run(store, "COMMIT")) {
        explain_database(store);
        ok = false;
    }
    if (!ok) {
        run(store, "ROLLBACK"); /* SQLite may have done so already */
    }
    return ok;
}

bool lp_store_forget(lp_store *store, lp_repo repo, const char *name) {
    bind_key(store->forget, repo, name);
    return change(store, store->forget);
}

static bool load(void *ctx, lp_repo repo, const char *name, uint64_t max_bytes, uint8_t **out, size_t *out_len) {
    return lp_store_load(ctx, repo, name, max_bytes, out, out_len);
}

static bool save(void *ctx, lp_repo repo, const char *name, lp_slice bytes) {
    return lp_store_save(ctx, repo, name, bytes);
}

static bool save_root(void *ctx, lp_repo repo, const char *name, uint64_t version, lp_slice bytes) {
    return lp_store_save_root(ctx, repo, name, version, bytes);
}

static bool forget(void *ctx, lp_repo repo, const char *name) {
    return lp_store_forget(ctx, repo, name);
}

static const char *error(const void *ctx) {
    return lp_store_error(ctx);
}

lp_metadata_store lp_store_metadata(lp_store *store) {
    return (lp_metadata_store){
        .ctx = store, .load = load, .save = save, .save_root = save_root, .forget = forget, .error = error};
}

bool lp_store_image_path(const lp_store *store, const uint8_t id[LP_SHA256_BYTES], char out[LP_PATH_BYTES]) {
    char name[sizeof IMAGES + 1 + DIGEST_CHARS] = IMAGES "/";
    lp_hex_encode(id, LP_SHA256_BYTES, name + sizeof IMAGES);
    return lp_path_join(out, LP_PATH_BYTES, store->folder, name);
}

/* Is `name` an image or partial image that is not to be kept? Other files are not ours to remove. */
static bool is_garbage(const char *name, const uint8_t (*keep)[LP_SHA256_BYTES], size_t count) {
    uint8_t digest[LP_SHA256_BYTES];
    size_t len;
    const char *rest = name + strnlen(name, DIGEST_CHARS);
    if (lp_hex_decode((lp_str){name, (size_t)(rest - name)}, digest, sizeof digest, &len) != LP_OK ||
        len != sizeof digest || (rest[0] != '\0' && strcmp(rest, PARTIAL) != 0)) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        if (memcmp(keep[i], digest, sizeof digest) == 0) {
            return false;
        }
    }
    return true;
}

bool lp_store_keep_images(lp_store *store, const uint8_t (*keep)[LP_SHA256_BYTES], size_t count) {
    char path[LP_PATH_BYTES];
    DIR *folder = lp_path_join(path, sizeof path, store->folder, IMAGES) ? opendir(path) : NULL;
    if (folder == NULL) {
        explain_errno(store, "read");
        return false;
    }
    bool ok = true;
    const struct dirent *entry;
    while ((entry = readdir(folder)) != NULL) {
        if (is_garbage(entry->d_name, keep, count) && unlinkat(dirfd(folder), entry->d_name, 0) != 0) {
            explain_errno(store, "clean");
            ok = false;
        }
    }
    closedir(folder);
    return ok;
}
