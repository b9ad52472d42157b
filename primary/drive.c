/* SPDX-License-Identifier: Apache-2.0 */
#include "drive.h"

#include "lampyr/path.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A file that was given to the machine, which points into it until the run is over. */
typedef struct blob {
    struct blob *next;
    uint8_t *bytes;
    size_t len;
    lp_repo repo;
    char *stored; /* its name in the store, if it came from there and nothing took its place */
} blob;

/* The latest request. */
typedef struct wanted {
    lp_role role;
    uint64_t version;
    uint64_t max_bytes;
    lp_fetch_done *done;
} wanted;

struct lp_drive {
    lp_drive_config config;
    lp_ask ask; /* being answered */
    wanted wanted;
    blob *blobs;
    uint64_t root_version; /* of the root asked for last */
    bool searched;         /* for the version of targets, below */
    char message[LP_FETCH_MESSAGE_BYTES];
    char *failures[LP_MAP_REPOSITORIES]; /* of image repositories, or NULL */
};

/* --- the two procedures --- */

static void full_next(const void *machine, lp_ask *ask) {
    lp_full_next(machine, ask);
}

static void full_give(void *machine, lp_slice bytes, lp_scratch scratch) {
    lp_full_give(machine, bytes, scratch);
}

static void full_absent(void *machine) {
    lp_full_absent(machine);
}

static void full_failed(void *machine, lp_code code) {
    lp_full_failed(machine, code);
}

static void full_done(void *machine, bool ok) {
    lp_full_done(machine, ok);
}

const lp_procedure lp_procedure_full = {full_next, full_give, full_absent, full_failed, full_done};

static void partial_next(const void *machine, lp_ask *ask) {
    lp_partial_next(machine, ask);
}

static void partial_give(void *machine, lp_slice bytes, lp_scratch scratch) {
    lp_partial_give(machine, bytes, scratch);
}

static void partial_absent(void *machine) {
    lp_partial_absent(machine);
}

static void partial_failed(void *machine, lp_code code) {
    lp_partial_failed(machine, code);
}

static void partial_done(void *machine, bool ok) {
    lp_partial_done(machine, ok);
}

const lp_procedure lp_procedure_partial = {partial_next, partial_give, partial_absent, partial_failed, partial_done};

/* --- answers --- */

static lp_drive_repo *repo_of(const lp_drive *drive) {
    return drive->ask.repo == LP_REPO_DIRECTOR ? drive->config.director : &drive->config.images[drive->ask.place];
}

bool lp_drive_repo_next(lp_drive_repo *repo) {
    if (repo->others == NULL || *repo->others == NULL) {
        return false;
    }
    repo->base = *repo->others++;
    return true;
}

static void look(lp_drive *drive) {
    drive->config.procedure->next(drive->config.machine, &drive->ask);
}

static void fail(lp_drive *drive, lp_code code, const char *message) {
    snprintf(drive->message, sizeof drive->message, "%s", message);
    if (drive->ask.repo == LP_REPO_IMAGE) {
        free(drive->failures[drive->ask.place]);
        drive->failures[drive->ask.place] = strdup(message);
    }
    drive->config.procedure->failed(drive->config.machine, code);
}

/* Answers with `bytes`, which it takes over. The scratch memory is large but hardly touched: files are
 * canonical as a rule, and untouched pages cost nothing. */
static bool give(lp_drive *drive, uint8_t *bytes, size_t len) {
    lp_scratch scratch = {NULL, lp_json_scratch_bytes(len)};
    blob *kept = malloc(sizeof *kept);
    scratch.ptr = malloc(scratch.bytes + 1);
    if (kept == NULL || scratch.ptr == NULL || bytes == NULL) {
        free(kept);
        free(scratch.ptr);
        free(bytes);
        return false;
    }
    *kept = (blob){.next = drive->blobs, .bytes = bytes, .len = len};
    drive->blobs = kept;
    drive->config.procedure->give(drive->config.machine, (lp_slice){bytes, len}, scratch);
    free(scratch.ptr);
    return true;
}

static bool store_name(const lp_drive *drive, lp_role role, char out[LP_URL_BYTES]) {
    const char *folder = repo_of(drive)->folder != NULL ? repo_of(drive)->folder : "";
    size_t used = strlen(folder);
    memcpy(out, folder, used);
    return lp_store_name(role, drive->ask.name, out + used, LP_URL_BYTES - used) == LP_OK;
}

/* The file of that name in the store, as it was given to the machine; NULL if it was not there. */
static blob *loaded(const lp_drive *drive, const char *name) {
    blob *b = drive->blobs;
    while (b != NULL && (b->stored == NULL || b->repo != drive->ask.repo || strcmp(b->stored, name) != 0)) {
        b = b->next;
    }
    return b;
}

/* The version of a file of the role at hand; 0 if it is none. */
static uint64_t version_of(const lp_drive *drive, lp_slice bytes) {
    lp_signed doc;
    lp_scratch scratch = {NULL, lp_json_scratch_bytes(bytes.len)};
    scratch.ptr = malloc(scratch.bytes + 1);
    bool ok = scratch.ptr != NULL && lp_signed_parse(bytes, drive->ask.role, LP_JSON_SERVED, repo_of(drive)->dialect,
                                                     &lp_limits_gateway, scratch, &doc) == LP_OK;
    free(scratch.ptr);
    return ok ? doc.version : 0;
}

/* Is `old` no such file, or other than the same version is now? Of another length it is another version, or one that
 * was signed anew. */
static bool is_damaged(const lp_drive *drive, lp_slice old, lp_slice now) {
    if (old.len == now.len && memcmp(old.ptr, now.ptr, old.len) == 0) {
        return false;
    }
    uint64_t version = version_of(drive, old);
    return version == 0 || (old.len == now.len && version == version_of(drive, now));
}

/* Tells of a stored file that is replaced because it was damaged, once. `now` is what takes its place, or nothing if
 * the machine itself could not use it. */
static void tell_damage(lp_drive *drive, const char *name, lp_slice now) {
    blob *old = loaded(drive, name);
    if (old == NULL) {
        return;
    }
    if (drive->config.damaged != NULL &&
        (now.ptr == NULL || is_damaged(drive, (lp_slice){old->bytes, old->len}, now))) {
        drive->config.damaged(drive->config.ctx, drive->ask.repo, name);
    }
    free(old->stored);
    old->stored = NULL;
}

/* A stored file that cannot be read is as good as absent: it must not block recovery. */
static void answer_load(lp_drive *drive) {
    char name[LP_URL_BYTES];
    uint8_t *bytes = NULL;
    size_t len = 0;
    const lp_metadata_store *store = &drive->config.store;
    if (!store_name(drive, drive->ask.role, name) ||
        !store->load(store->ctx, drive->ask.repo, name, drive->ask.max_bytes, &bytes, &len) || bytes == NULL ||
        !give(drive, bytes, len)) {
        drive->config.procedure->absent(drive->config.machine);
        return;
    }
    drive->blobs->repo = drive->ask.repo;
    drive->blobs->stored = strdup(name); /* short of memory, damage is not told */
}

/* Stores the provisioned root when something is trusted under it. */
static bool store_provisioned_root(lp_drive *drive) {
    char name[LP_URL_BYTES];
    lp_drive_repo *repo = repo_of(drive);
    const lp_metadata_store *store = &drive->config.store;
    bool ok = repo->unstored_root == 0 ||
              (store_name(drive, LP_ROLE_ROOT, name) &&
               store->save_root(store->ctx, drive->ask.repo, name, repo->unstored_root, repo->provisioned_root));
    if (ok) {
        repo->unstored_root = 0;
    }
    return ok;
}

/* Offline, the store answers for the servers; there is no later root. */
static void answer_fetch_offline(lp_drive *drive) {
    if (drive->ask.role == LP_ROLE_ROOT) {
        drive->config.procedure->absent(drive->config.machine);
    } else {
        answer_load(drive);
    }
}

static void answer_change(lp_drive *drive) {
    char name[LP_URL_BYTES];
    const lp_ask *ask = &drive->ask;
    const lp_metadata_store *store = &drive->config.store;
    bool ok = store_name(drive, ask->role, name);
    if (ok && ask->kind == LP_ASK_STORE) {
        tell_damage(drive, name, ask->data);
        ok = store_provisioned_root(drive);
    }
    if (ok && ask->kind == LP_ASK_FORGET) {
        ok = store->forget(store->ctx, ask->repo, name);
    } else if (ok && ask->role == LP_ROLE_ROOT) {
        ok = store->save_root(store->ctx, ask->repo, name, drive->root_version, ask->data);
    } else if (ok) {
        ok = store->save(store->ctx, ask->repo, name, ask->data);
    }
    if (!ok) {
        snprintf(drive->message, sizeof drive->message, "%s", store->error(store->ctx));
    }
    drive->config.procedure->done(drive->config.machine, ok);
}

/* --- requests --- */

static void advance(lp_drive *drive);

/* Starts a request for a metadata file. False after answering that it failed. */
static bool request(lp_drive *drive, lp_role role, uint64_t version, uint64_t max_bytes, lp_fetch_done *done) {
    char path[LP_URL_BYTES];
    char url[LP_FETCH_URL_BYTES];
    const lp_drive_repo *repo = repo_of(drive);
    lp_request get = {.method = LP_FETCH_GET, .url = url, .max_bytes = max_bytes, .done = done, .ctx = drive};
    drive->wanted = (wanted){role, version, max_bytes, done};
    if (lp_metadata_path(repo->dialect, role, version, drive->ask.name, path, sizeof path) == LP_OK &&
        lp_fetch_locate(repo->base, path, url) && lp_fetch_start(drive->config.fetch, &get)) {
        return true;
    }
    fail(drive, LP_UNREACHABLE, "the request could not be made: the URL is too long, or memory is short");
    return false;
}

/* After a transfer that failed: asks another of the repository's URLs for the same file. False if none is left, or the
 * fault is not that of the way to the first. */
static bool request_elsewhere(lp_drive *drive, const lp_fetch_result *result) {
    const wanted again = drive->wanted;
    if ((result->code != LP_UNREACHABLE && result->code != LP_SLOW_RETRIEVAL) || !lp_drive_repo_next(repo_of(drive))) {
        return false;
    }
    if (!request(drive, again.role, again.version, again.max_bytes, again.done)) {
        advance(drive);
    }
    return true;
}

/* --- the version of targets, where nobody says it --- */

/* Without timestamp and snapshot, nothing trusted tells the version in the name of a director's targets. It is
 * read from theirs without verification: a lie can only name another file, which is verified like any. */
static uint64_t hinted_version(const lp_drive *drive, const lp_fetch_result *result, lp_role by, const char *of) {
    lp_signed doc;
    lp_file_info info;
    bool found = false;
    lp_scratch scratch = {NULL, lp_json_scratch_bytes(result->body_bytes)};
    if (result->outcome != LP_FETCH_OK || result->body == NULL || (scratch.ptr = malloc(scratch.bytes + 1)) == NULL) {
        return 0;
    }
    lp_slice bytes = {result->body, result->body_bytes};
    if (lp_signed_parse(bytes, by, LP_JSON_SERVED, repo_of(drive)->dialect, &lp_limits_gateway, scratch, &doc) !=
            LP_OK ||
        lp_meta_find(&doc, lp_str_from(of), &found, &info) != LP_OK) {
        found = false;
    }
    free(scratch.ptr);
    return found ? info.version : 0;
}

static void on_file(void *ctx, const lp_fetch_result *result);

static void give_up_hint(lp_drive *drive) {
    drive->config.procedure->absent(drive->config.machine);
    advance(drive);
}

static void on_hint_snapshot(void *ctx, const lp_fetch_result *result) {
    lp_drive *drive = ctx;
    uint64_t version = hinted_version(drive, result, LP_ROLE_SNAPSHOT, "targets");
    free(result->body);
    if (version == 0) {
        give_up_hint(drive);
    } else if (!request(drive, LP_ROLE_TARGETS, version, drive->ask.max_bytes, on_file)) {
        advance(drive);
    }
}

static void on_hint_timestamp(void *ctx, const lp_fetch_result *result) {
    lp_drive *drive = ctx;
    uint64_t version = hinted_version(drive, result, LP_ROLE_TIMESTAMP, "snapshot");
    free(result->body);
    if (version == 0) {
        give_up_hint(drive);
    } else if (!request(drive, LP_ROLE_SNAPSHOT, version, lp_limits_gateway.snapshot_bytes, on_hint_snapshot)) {
        advance(drive);
    }
}

static bool wants_hint(const lp_drive *drive) {
    return !drive->searched && drive->ask.role == LP_ROLE_TARGETS && drive->ask.version == 0 &&
           repo_of(drive)->dialect == LP_DIALECT_TUF;
}

/* --- files that arrive --- */

static void on_file(void *ctx, const lp_fetch_result *result) {
    lp_drive *drive = ctx;
    if (result->outcome == LP_FETCH_OK) {
        if (!give(drive, result->body, result->body_bytes)) {
            fail(drive, LP_STATE, "out of memory");
        }
    } else if (result->outcome == LP_FETCH_FAILED) {
        if (request_elsewhere(drive, result)) {
            return;
        }
        fail(drive, result->code, result->message);
    } else {
        if (drive->ask.role != LP_ROLE_ROOT) { /* the chain of roots ends with an absent one */
            snprintf(drive->message, sizeof drive->message, "%s", result->message);
        }
        if (wants_hint(drive)) {
            drive->searched = true;
            if (request(drive, LP_ROLE_TIMESTAMP, 0, lp_limits_gateway.timestamp_bytes, on_hint_timestamp)) {
                return;
            }
        } else {
            drive->config.procedure->absent(drive->config.machine);
        }
    }
    advance(drive);
}

/* The machine accepted a first root if it goes on from there. */
static bool accepted_first_root(lp_drive *drive) {
    look(drive);
    return drive->ask.kind == LP_ASK_FETCH;
}

/* A first root that was taken on trust and accepted is kept for good. */
static bool keep_first_root(lp_drive *drive, lp_slice bytes) {
    if (!accepted_first_root(drive)) {
        return false;
    }
    const lp_metadata_store *store = &drive->config.store;
    char name[LP_URL_BYTES];
    if (!store_name(drive, LP_ROLE_ROOT, name) ||
        !store->save_root(store->ctx, drive->ask.repo, name, drive->ask.version - 1, bytes)) {
        fail(drive, LP_STATE, store->error(store->ctx));
    }
    return true;
}

static void on_first_root(void *ctx, const lp_fetch_result *result) {
    lp_drive *drive = ctx;
    if (result->outcome == LP_FETCH_OK && give(drive, result->body, result->body_bytes)) {
        lp_slice root = {result->body, result->body_bytes};
        repo_of(drive)->trusted_first_root = keep_first_root(drive, root);
    } else if (result->outcome == LP_FETCH_FAILED) {
        if (request_elsewhere(drive, result)) {
            return;
        }
        fail(drive, result->code, result->message);
    } else {
        const char *message = result->outcome == LP_FETCH_OK ? "out of memory" : result->message;
        snprintf(drive->message, sizeof drive->message, "%s", message);
        drive->config.procedure->absent(drive->config.machine);
    }
    advance(drive);
}

/* True if a request was started. */
static bool answer_provisioned(lp_drive *drive) {
    lp_drive_repo *repo = repo_of(drive);
    lp_slice root = repo->provisioned_root;
    char name[LP_URL_BYTES];
    if (store_name(drive, LP_ROLE_ROOT, name)) {
        tell_damage(drive, name, (lp_slice){NULL, 0});
    }
    if (root.ptr != NULL) {
        uint8_t *copy = malloc(root.len + 1);
        if (copy != NULL) {
            memcpy(copy, root.ptr, root.len);
        }
        if (give(drive, copy, root.len)) {
            repo->refused_provisioned_root = !accepted_first_root(drive);
            repo->unstored_root = repo->refused_provisioned_root ? 0 : drive->ask.version - 1;
            return false;
        }
    } else if (repo->trust_first_root) {
        return request(drive, LP_ROLE_ROOT, 1, drive->ask.max_bytes, on_first_root);
    }
    drive->config.procedure->absent(drive->config.machine);
    return false;
}

/* --- the run --- */

/* Answers what can be answered at once. False when a request is under way or the run ended. */
static bool step(lp_drive *drive) {
    switch (drive->ask.kind) {
    case LP_ASK_LOAD:
        answer_load(drive);
        return true;
    case LP_ASK_PROVISIONED:
        return !answer_provisioned(drive);
    case LP_ASK_FETCH:
        if (drive->config.offline) {
            answer_fetch_offline(drive);
            return true;
        }
        if (drive->ask.role == LP_ROLE_ROOT) {
            drive->root_version = drive->ask.version;
        } else if (drive->ask.role == LP_ROLE_TIMESTAMP) {
            drive->searched = true; /* the machine itself finds the version of targets */
        }
        return !request(drive, drive->ask.role, drive->ask.version, drive->ask.max_bytes, on_file);
    case LP_ASK_STORE:
    case LP_ASK_FORGET:
        if (drive->config.offline) {
            drive->config.procedure->done(drive->config.machine, true);
        } else {
            answer_change(drive);
        }
        return true;
    case LP_ASK_TARGET:
        if (drive->config.judged != NULL) {
            drive->config.judged(drive->config.ctx);
        }
        drive->config.procedure->done(drive->config.machine, true);
        return true;
    case LP_ASK_TRUSTED:
    case LP_ASK_REFUSED:
        break;
    }
    drive->config.ended(drive->config.ctx, drive->ask.kind == LP_ASK_TRUSTED);
    return false;
}

static void advance(lp_drive *drive) {
    do {
        look(drive);
        if (drive->ask.kind != LP_ASK_REFUSED) {
            drive->message[0] = '\0'; /* what was absent did not matter */
        }
    } while (step(drive));
}

lp_drive *lp_drive_new(const lp_drive_config *config) {
    lp_drive *drive = calloc(1, sizeof *drive);
    if (drive != NULL) {
        drive->config = *config;
    }
    return drive;
}

void lp_drive_start(lp_drive *drive) {
    advance(drive);
}

void lp_drive_free(lp_drive *drive) {
    if (drive == NULL) {
        return;
    }
    while (drive->blobs != NULL) {
        blob *next = drive->blobs->next;
        free(drive->blobs->bytes);
        free(drive->blobs->stored);
        free(drive->blobs);
        drive->blobs = next;
    }
    for (size_t i = 0; i < LP_MAP_REPOSITORIES; i++) {
        free(drive->failures[i]);
    }
    free(drive);
}

const char *lp_drive_failure(const lp_drive *drive, size_t place) {
    return drive->failures[place] != NULL ? drive->failures[place] : "";
}

const char *lp_drive_message(const lp_drive *drive) {
    return drive->message;
}
