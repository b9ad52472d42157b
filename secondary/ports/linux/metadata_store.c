/* SPDX-License-Identifier: Apache-2.0 */
#include "metadata_store.h"

#include "lampyr-host/canonical.h"
#include "lampyr/path.h"
#include "program.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FIRST_ROOM_BYTES = 4096 };

static const lp_slice nothing = {NULL, 0};

static lp_held *hold(lp_metadata_store *store, uint8_t *bytes, size_t len) {
    lp_held *held = malloc(sizeof *held);
    if (held == NULL) {
        free(bytes);
        lp_log(LP_PROGRAM, LP_LOG_ERROR, "out of memory");
        return NULL;
    }
    *held = (lp_held){.next = store->held, .bytes = bytes, .len = len};
    store->held = held;
    return held;
}

/* "<state>/director/targets.json". False if it is longer than a file's name, or a path, may be. */
static bool find_path(const lp_metadata_store *store, const lp_file_id *id, char *out, size_t out_bytes) {
    char name[LP_FILE_NAME_BYTES];
    int len = -1;
    if (lp_store_name(id->role, id->name, name, sizeof name) == LP_OK) {
        len = snprintf(out, out_bytes, "%s/%s/%s", store->settings->state, lp_repo_name(id->repo), name);
    }
    return len >= 0 && (size_t)len < out_bytes;
}

/* The same, told. */
static bool stored_path(const lp_metadata_store *store, const lp_file_id *id, char *out, size_t out_bytes) {
    bool found = find_path(store, id, out, out_bytes);
    if (!found) {
        lp_log(LP_PROGRAM, LP_LOG_ERROR, "cannot store %s metadata of role `%s` in %s: no file can have so long a name",
               lp_repo_name(id->repo), id->name[0] != '\0' ? id->name : lp_role_name(id->role), store->settings->state);
    }
    return found;
}

bool lp_metadata_store_open(lp_metadata_store *store, const lp_settings *settings, bool canonical) {
    char path[LP_PATH_BYTES];
    *store = (lp_metadata_store){.settings = settings, .canonical = canonical};
    for (lp_repo repo = LP_REPO_DIRECTOR; repo <= LP_REPO_IMAGE; repo++) {
        if (!lp_path_join(path, sizeof path, settings->state, lp_repo_name(repo)) || !lp_folder_make(path, 0700)) {
            lp_log(LP_PROGRAM, LP_LOG_ERROR, "cannot make folder %s/%s: %s", settings->state, lp_repo_name(repo),
                   strerror(errno));
            return false;
        }
    }
    return true;
}

void lp_metadata_store_close(lp_metadata_store *store) {
    lp_metadata_store_release(store);
}

/* A file that is not there, or is too long to be ours, is as good as none; other failures are told. */
static lp_slice load_file(lp_metadata_store *store, const char *path, uint64_t max_bytes) {
    uint8_t *bytes;
    size_t len;
    if (!lp_file_read(path, (size_t)max_bytes, &bytes, &len)) {
        if (errno != ENOENT) {
            lp_log(LP_PROGRAM, LP_LOG_WARNING, "cannot read %s: %s", path, strerror(errno));
        }
        return nothing;
    }
    const lp_held *held = hold(store, bytes, len);
    return held == NULL ? nothing : (lp_slice){held->bytes, held->len};
}

/* A provisioned file of the director, in the form that the verifier takes. What has no canonical form is left as it is:
 * the verifier says what is wrong with it. */
static lp_slice load_provisioned(lp_metadata_store *store, const char *path, uint64_t max_bytes) {
    uint8_t *bytes;
    size_t len;
    lp_slice file = load_file(store, path, max_bytes);
    if (!store->canonical || file.ptr == NULL ||
        lp_canonical_copy(file, store->settings->dialect, &bytes, &len) != LP_OK) {
        return file;
    }
    const lp_held *held = hold(store, bytes, len);
    return held == NULL ? nothing : (lp_slice){held->bytes, held->len};
}

lp_slice lp_metadata_store_load(lp_metadata_store *store, const lp_file_id *id, uint64_t max_bytes) {
    char path[LP_PATH_BYTES];
    if (!find_path(store, id, path, sizeof path)) {
        return nothing;
    }
    lp_slice stored = load_file(store, path, max_bytes);
    if (stored.ptr != NULL || id->repo != LP_REPO_DIRECTOR || id->role != LP_ROLE_TARGETS) {
        return stored;
    }
    return load_provisioned(store, store->settings->targets, max_bytes);
}

lp_slice lp_metadata_store_provisioned(lp_metadata_store *store, lp_repo repo) {
    const lp_settings *settings = store->settings;
    const uint64_t max_bytes = lp_limits_gateway.root_bytes;
    if (repo == LP_REPO_DIRECTOR) {
        return load_provisioned(store, settings->root, max_bytes);
    }
    return settings->image_root[0] == '\0' ? nothing : load_file(store, settings->image_root, max_bytes);
}

bool lp_metadata_store_stage(lp_metadata_store *store, const lp_file_id *id, uint64_t max_bytes) {
    char path[LP_PATH_BYTES];
    if (id->role != LP_ROLE_TIME && !stored_path(store, id, path, sizeof path)) {
        return false;
    }
    uint8_t *bytes = malloc(FIRST_ROOM_BYTES);
    store->staged = bytes == NULL ? NULL : hold(store, bytes, 0);
    store->staged_room = FIRST_ROOM_BYTES;
    store->staged_max = max_bytes;
    return store->staged != NULL;
}

/* Room grows with what really arrives, never with what was announced. */
bool lp_metadata_store_append(lp_metadata_store *store, lp_slice bytes) {
    lp_held *staged = store->staged;
    if (bytes.len > store->staged_max - staged->len) {
        return false;
    }
    if (bytes.len > store->staged_room - staged->len) {
        size_t room = 2 * (store->staged_room + bytes.len);
        uint8_t *grown = realloc(staged->bytes, room);
        if (grown == NULL) {
            lp_log(LP_PROGRAM, LP_LOG_ERROR, "out of memory");
            return false;
        }
        staged->bytes = grown;
        store->staged_room = room;
    }
    memcpy(staged->bytes + staged->len, bytes.ptr, bytes.len);
    staged->len += bytes.len;
    return true;
}

lp_slice lp_metadata_store_staged(const lp_metadata_store *store) {
    return store->staged == NULL ? nothing : (lp_slice){store->staged->bytes, store->staged->len};
}

bool lp_metadata_store_keep(const lp_metadata_store *store, const lp_file_id *id) {
    char path[LP_PATH_BYTES];
    if (!stored_path(store, id, path, sizeof path)) {
        return false;
    }
    if (!lp_file_write(path, lp_metadata_store_staged(store), 0600)) {
        lp_log(LP_PROGRAM, LP_LOG_ERROR, "cannot write %s: %s", path, strerror(errno));
        return false;
    }
    return true;
}

bool lp_metadata_store_forget(const lp_metadata_store *store, const lp_file_id *id) {
    char path[LP_PATH_BYTES];
    if (!stored_path(store, id, path, sizeof path)) {
        return false;
    }
    if (!lp_file_remove(path)) {
        lp_log(LP_PROGRAM, LP_LOG_ERROR, "cannot remove %s: %s", path, strerror(errno));
        return false;
    }
    return true;
}

void lp_metadata_store_release(lp_metadata_store *store) {
    while (store->held != NULL) {
        lp_held *held = store->held;
        store->held = held->next;
        free(held->bytes);
        free(held);
    }
    store->staged = NULL;
    free(store->scratch);
    store->scratch = NULL;
    store->scratch_bytes = 0;
}

lp_scratch lp_metadata_store_scratch(lp_metadata_store *store, size_t bytes) {
    if (bytes > store->scratch_bytes) {
        free(store->scratch);
        store->scratch = malloc(bytes);
        store->scratch_bytes = store->scratch == NULL ? 0 : bytes;
    }
    return (lp_scratch){store->scratch, store->scratch_bytes};
}
