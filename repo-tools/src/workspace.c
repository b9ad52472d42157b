/* SPDX-License-Identifier: Apache-2.0 */
#include "internal.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

enum { FORMAT = 1 };

static const char *const top_roles[] = {"root", "timestamp", "snapshot", "targets"};

json_t *lpr_delegation_find(const lpr_workspace *ws, const char *role) {
    size_t i;
    json_t *delegation;
    json_array_foreach(json_object_get(ws->state, "delegations"), i, delegation) {
        if (strcmp(json_string_value(json_object_get(delegation, "name")), role) == 0) {
            return delegation;
        }
    }
    return NULL;
}

json_t *lpr_role_find(const lpr_workspace *ws, const char *role) {
    json_t *record = json_object_get(json_object_get(ws->state, "roles"), role);
    return record != NULL ? record : lpr_delegation_find(ws, role);
}

static bool is_strings(const json_t *array) {
    size_t i;
    json_t *element;
    json_array_foreach(array, i, element) {
        if (!json_is_string(element)) {
            return false;
        }
    }
    return json_is_array(array);
}

/* {"keys":[labels],"threshold":n}, every label known. */
static bool is_role_record(const json_t *record, const json_t *keys) {
    size_t i;
    json_t *label;
    const json_t *labels = json_object_get(record, "keys");
    json_int_t threshold = json_integer_value(json_object_get(record, "threshold"));
    if (!is_strings(labels) || threshold < 1 || threshold > (json_int_t)json_array_size(labels)) {
        return false;
    }
    json_array_foreach(labels, i, label) {
        if (json_object_get(keys, json_string_value(label)) == NULL) {
            return false;
        }
    }
    return true;
}

static bool are_keys(json_t *keys) {
    const char *label;
    json_t *key;
    json_object_foreach(keys, label, key) {
        if (json_unpack_ex(key, NULL, JSON_VALIDATE_ONLY, "{s:s,s:{s:s}}", "keyid", "key", "keytype") != 0) {
            return false;
        }
    }
    return json_is_object(keys);
}

static bool are_roles(json_t *roles, const json_t *keys) {
    const char *name;
    json_t *record;
    json_object_foreach(roles, name, record) {
        if (!is_role_record(record, keys)) {
            return false;
        }
    }
    for (size_t i = 0; i < sizeof top_roles / sizeof top_roles[0]; i++) {
        if (json_object_get(roles, top_roles[i]) == NULL) {
            return false;
        }
    }
    return true;
}

/* A parent stands before its delegations, so that there are no circles. */
static bool has_parent(const json_t *delegations, size_t index) {
    const char *parent = json_string_value(json_object_get(json_array_get(delegations, index), "parent"));
    bool found = strcmp(parent, "targets") == 0;
    for (size_t i = 0; i < index && !found; i++) {
        found = strcmp(json_string_value(json_object_get(json_array_get(delegations, i), "name")), parent) == 0;
    }
    return found;
}

static bool are_delegations(json_t *delegations, const json_t *keys) {
    size_t i;
    json_t *d;
    json_array_foreach(delegations, i, d) {
        if (json_unpack_ex(d, NULL, JSON_VALIDATE_ONLY, "{s:s,s:s,s:b}", "name", "parent", "terminating") != 0 ||
            !is_strings(json_object_get(d, "paths")) || !is_strings(json_object_get(d, "hardware")) ||
            !is_role_record(d, keys) || !has_parent(delegations, i)) {
            return false;
        }
    }
    return json_is_array(delegations);
}

static bool are_images(json_t *images) {
    const char *role, *name;
    json_t *of_role, *image;
    json_object_foreach(images, role, of_role) {
        json_object_foreach(of_role, name, image) {
            if (json_unpack_ex(image, NULL, JSON_VALIDATE_ONLY, "{s:{s:s},s:I,s:{s:I,s:o}}", "hashes", "sha256",
                               "length", "custom", "releaseCounter", "hardwareIds") != 0 ||
                !is_strings(json_object_get(json_object_get(image, "custom"), "hardwareIds"))) {
                return false;
            }
        }
        if (!json_is_object(of_role)) {
            return false;
        }
    }
    return json_is_object(images);
}

/* Everything that other code takes for granted, so that only this place has to doubt the file. */
static bool read_state(lpr_workspace *ws) {
    int format;
    const char *repository, *dialect;
    json_int_t expires_in;
    json_t *keys, *roles;
    if (json_unpack(ws->state, "{s:i,s:s,s:s,s:I,s:o,s:o}", "format", &format, "repository", &repository, "dialect",
                    &dialect, "expires_in_seconds", &expires_in, "keys", &keys, "roles", &roles) != 0) {
        return false;
    }
    bool image = strcmp(repository, "image") == 0;
    bool legacy = strcmp(dialect, "legacy") == 0;
    ws->repository = image ? LP_REPO_IMAGE : LP_REPO_DIRECTOR;
    ws->dialect = legacy ? LP_DIALECT_LEGACY : LP_DIALECT_TUF;
    ws->expires_in = expires_in;
    return format == FORMAT && (image || strcmp(repository, "director") == 0) &&
           (legacy || strcmp(dialect, "tuf") == 0) && expires_in > 0 && are_keys(keys) && are_roles(roles, keys) &&
           (!image || (are_delegations(json_object_get(ws->state, "delegations"), keys) &&
                       are_images(json_object_get(ws->state, "images"))));
}

static bool lock_folder(lpr_workspace *ws, lpr_error *error) {
    ws->lock = lp_folder_lock(ws->folder);
    if (ws->lock >= 0) {
        return true;
    }
    if (errno == EWOULDBLOCK) {
        return lpr_fail(error, LPR_STATE, "%s: another process is working on this workspace", ws->folder);
    }
    return lpr_fail_errno(error, LPR_STATE, ws->folder);
}

bool lpr_workspace_open(const char *folder, bool write, lpr_workspace *out, lpr_error *error) {
    lpr_workspace ws = {.lock = -1};
    char path[LP_PATH_BYTES];
    if (!lpr_path(path, error, folder, "workspace.json")) {
        return false;
    }
    snprintf(ws.folder, sizeof ws.folder, "%s", folder); /* fits, as `path` did */
    if (access(path, F_OK) != 0) {
        return errno == ENOENT || errno == ENOTDIR
                   ? lpr_fail(error, LPR_USAGE, "%s: no workspace (`lampyr-repo init` makes one)", folder)
                   : lpr_fail_errno(error, LPR_STATE, path);
    }
    if (write && !lock_folder(&ws, error)) {
        return false;
    }
    bool ok = lpr_json_read(path, &ws.state, error);
    if (ok && !read_state(&ws)) {
        ok = lpr_fail(error, LPR_STATE, "%s: damaged: settings, keys, roles, delegations or images are not in order",
                      path);
    }
    if (!ok) {
        lpr_workspace_close(&ws);
        return false;
    }
    *out = ws;
    return true;
}

bool lpr_workspace_save(const lpr_workspace *ws, lpr_error *error) {
    char path[LP_PATH_BYTES];
    return lpr_path(path, error, ws->folder, "workspace.json") && lpr_json_write(path, ws->state, error);
}

void lpr_workspace_close(lpr_workspace *ws) {
    json_decref(ws->state);
    ws->state = NULL;
    if (ws->lock >= 0) {
        close(ws->lock);
    }
    ws->lock = -1;
}

static bool make_folders(const lpr_workspace *ws, lpr_error *error) {
    static const char *const common[] = {"keys", "metadata"};
    const char *own = ws->repository == LP_REPO_IMAGE ? "images" : "vehicles";
    const char *names[] = {common[0], common[1], own};
    for (size_t i = 0; i < 3; i++) {
        char path[LP_PATH_BYTES];
        if (!lpr_path(path, error, ws->folder, "%s", names[i])) {
            return false;
        }
        if (!lp_folder_make(path, i == 0 ? 0700 : 0755)) {
            return lpr_fail_errno(error, LPR_STATE, path);
        }
    }
    return true;
}

static bool make_role(lpr_workspace *ws, const char *role, lp_scheme scheme, unsigned keys, unsigned threshold,
                      lpr_error *error) {
    json_t *labels;
    if (!lpr_keys_make(ws, role, scheme, keys, &labels, error)) {
        return false;
    }
    json_object_set_new(json_object_get(ws->state, "roles"), role,
                        json_pack("{s:o,s:i}", "keys", labels, "threshold", (int)threshold));
    return true;
}

static bool fill(lpr_workspace *ws, const lpr_plan *plan, lpr_error *error) {
    bool image = ws->repository == LP_REPO_IMAGE;
    ws->state = json_pack("{s:i,s:s,s:s,s:I,s:{},s:{}}", "format", FORMAT, "repository", lp_repo_name(ws->repository),
                          "dialect", ws->dialect == LP_DIALECT_TUF ? "tuf" : "legacy", "expires_in_seconds",
                          (json_int_t)plan->expires_in, "keys", "roles");
    if (image) {
        json_object_set_new(ws->state, "delegations", json_array());
        json_object_set_new(ws->state, "images", json_pack("{s:{}}", "targets"));
    }
    for (size_t i = 0; i < sizeof top_roles / sizeof top_roles[0]; i++) {
        if (!make_role(ws, top_roles[i], plan->scheme, plan->keys, plan->threshold, error)) {
            return false;
        }
    }
    bool time = !image && ws->dialect == LP_DIALECT_TUF;
    return (!time || make_role(ws, "time", plan->scheme, 1, 1, error)) && lpr_workspace_save(ws, error);
}

bool lpr_workspace_create(const char *folder, const lpr_plan *plan, lpr_error *error) {
    lpr_workspace ws = {.repository = plan->repository, .dialect = plan->dialect, .lock = -1};
    char path[LP_PATH_BYTES];
    if (plan->keys < 1 || plan->keys > LPR_KEYS_MAX || plan->threshold < 1 || plan->threshold > plan->keys) {
        return lpr_fail(error, LPR_USAGE, "a role has 1 to %d keys, and its threshold is 1 to their number",
                        LPR_KEYS_MAX);
    }
    if (!lpr_path(path, error, folder, "workspace.json")) {
        return false;
    }
    snprintf(ws.folder, sizeof ws.folder, "%s", folder); /* fits, as `path` did */
    if (!lp_folder_make(folder, 0755)) {
        return lpr_fail_errno(error, LPR_STATE, folder);
    }
    bool ok = lock_folder(&ws, error);
    if (ok && access(path, F_OK) == 0) {
        ok = lpr_fail(error, LPR_USAGE, "%s: there is a workspace already", folder);
    }
    ok = ok && make_folders(&ws, error) && fill(&ws, plan, error);
    lpr_workspace_close(&ws);
    return ok;
}
