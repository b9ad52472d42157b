/* SPDX-License-Identifier: Apache-2.0 */
#include "lampyr-repo/sign.h"

#include "lampyr/encode.h"
#include "signed_file.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Signing of one repository: the image repository, or the director's for one vehicle. */
typedef struct job {
    const lpr_workspace *ws;
    const lpr_sign_request *request;
    const char *folder;  /* metadata/ is in it */
    const char *vehicle; /* NULL for what all vehicles share */
    lpr_error *error;
} job;

enum { RING_KEYS = 2 * LPR_KEYS_MAX };

/* Keys loaded for one signing: old and new keys of a role. */
typedef struct ring {
    lp_key keys[RING_KEYS];
    size_t count;
} ring;

static bool ring_has(const ring *r, const char *keyid) {
    for (size_t i = 0; i < r->count; i++) {
        if (strcmp(r->keys[i].signer.keyid, keyid) == 0) {
            return true;
        }
    }
    return false;
}

static void ring_free(ring *r) {
    for (size_t i = 0; i < r->count; i++) {
        lp_key_free(&r->keys[i]);
    }
}

/* Loads a private key unless it is kept elsewhere; `*have` counts it. */
static bool ring_load(const job *j, ring *r, const char *label, size_t *have) {
    char path[LP_PATH_BYTES];
    const json_t *entry = json_object_get(json_object_get(j->ws->state, "keys"), label);
    const char *keyid = json_string_value(json_object_get(entry, "keyid"));
    if (ring_has(r, keyid)) {
        (*have)++;
        return true;
    }
    if (!lpr_path(path, j->error, j->ws->folder, "keys/%s.pem", label)) {
        return false;
    }
    lp_key *key = &r->keys[r->count];
    lp_code code = lp_key_load(path, j->ws->dialect, key);
    if (code == LP_UNREACHABLE) {
        return errno == ENOENT || lpr_fail_errno(j->error, LPR_STATE, path);
    }
    if (code != LP_OK) {
        return lpr_fail(j->error, LPR_STATE, "%s: damaged: not a private key", path);
    }
    r->count++;
    (*have)++;
    return strcmp(key->signer.keyid, keyid) == 0 ||
           lpr_fail(j->error, LPR_STATE, "%s: damaged: not the key that workspace.json names", path);
}

/* Loads the keys with these labels; at least `threshold` of them must be here. */
static bool ring_add(const job *j, ring *r, const char *role, const json_t *labels, json_int_t threshold) {
    size_t i, have = 0;
    json_t *label;
    json_array_foreach(labels, i, label) {
        if (r->count == RING_KEYS) {
            return lpr_fail(j->error, LPR_STATE, "role `%s` has too many keys", role);
        }
        if (!ring_load(j, r, json_string_value(label), &have)) {
            return false;
        }
    }
    return (json_int_t)have >= threshold ||
           lpr_fail(j->error, LPR_USAGE, "role `%s` needs %lld private keys in %s/keys, but %zu are there", role,
                    (long long)threshold, j->ws->folder, have);
}

/* Labels of keyids; those that the workspace does not know are left out. */
static json_t *labels_of(const job *j, const json_t *keyids) {
    json_t *labels = json_array();
    const char *label;
    json_t *key;
    json_object_foreach(json_object_get(j->ws->state, "keys"), label, key) {
        if (lpr_array_has(keyids, json_string_value(json_object_get(key, "keyid")))) {
            json_array_append_new(labels, json_string(label));
        }
    }
    return labels;
}

/* A root must be trusted by who trusts the root before it. */
static bool ring_add_old_root(const job *j, ring *r, const lpr_signed *old) {
    json_t *keyids;
    json_int_t threshold;
    if (json_unpack(lpr_signed_payload(old), "{s:{s:{s:o,s:I}}}", "roles", "root", "keyids", &keyids, "threshold",
                    &threshold) != 0) {
        return lpr_fail(j->error, LPR_STATE, "%s/metadata/root.json: damaged: no root role", j->folder);
    }
    json_t *labels = labels_of(j, keyids);
    bool ok = ring_add(j, r, "root", labels, threshold);
    json_decref(labels);
    return ok;
}

/* Enough signatures by the present keys of the role? */
static bool signed_by_present_keys(const job *j, const lpr_signed *old, const json_t *record) {
    size_t i;
    json_int_t count = 0;
    json_t *label;
    json_array_foreach(json_object_get(record, "keys"), i, label) {
        const json_t *key = json_object_get(json_object_get(j->ws->state, "keys"), json_string_value(label));
        const char *keyid = json_string_value(json_object_get(key, "keyid"));
        size_t k;
        json_t *signature;
        json_array_foreach(json_object_get(old->envelope, "signatures"), k, signature) {
            const char *by = json_string_value(json_object_get(signature, "keyid"));
            count += by != NULL && strcmp(by, keyid) == 0;
        }
    }
    return count >= json_integer_value(json_object_get(record, "threshold"));
}

static bool is_requested(const job *j, const char *role) {
    for (size_t i = 0; i < j->request->roles.count; i++) {
        if (strcmp(j->request->roles.items[i], role) == 0) {
            return true;
        }
    }
    return false;
}

static bool is_current(const job *j, const char *role, const json_t *record, const json_t *content,
                       const lpr_signed *old) {
    json_t *said = json_deep_copy(lpr_signed_payload(old));
    json_object_del(said, "version");
    json_object_del(said, "expires");
    bool same = json_equal(said, content);
    json_decref(said);
    return same && !is_requested(j, role) && old->expires > j->request->now && signed_by_present_keys(j, old, record);
}

static void log_signed(const job *j, const char *role, uint64_t version) {
    char expires[LP_TIME_TEXT_BYTES];
    if (j->request->log != NULL) {
        lp_time_format(j->request->expires, expires);
        fprintf(j->request->log, "signed %s%s%s version %ju, expires %s\n", j->vehicle != NULL ? j->vehicle : "",
                j->vehicle != NULL ? " " : "", role, (uintmax_t)version, expires);
    }
}

static bool write_signed(const job *j, const char *role, const char *path, const json_t *content, uint64_t version,
                         const ring *keys) {
    char expires[LP_TIME_TEXT_BYTES], numbered[LP_PATH_BYTES];
    uint8_t *bytes;
    size_t len;
    lp_time_format(j->request->expires, expires);
    json_t *payload = json_copy((json_t *)content);
    json_object_set_new(payload, "version", json_integer((json_int_t)version));
    json_object_set_new(payload, "expires", json_string(expires));
    bool ok = lpr_envelope(payload, j->ws->dialect, keys->keys, keys->count, &bytes, &len, j->error);
    json_decref(payload);
    if (!ok) {
        return false;
    }
    const lp_slice slice = {bytes, len};
    if (strcmp(role, "root") == 0) {
        ok = lpr_path(numbered, j->error, j->folder, "metadata/%ju.root.json", (uintmax_t)version) &&
             (lp_file_write(numbered, slice, 0644) || lpr_fail_errno(j->error, LPR_STATE, numbered));
    }
    ok = ok && (lp_file_write(path, slice, 0644) || lpr_fail_errno(j->error, LPR_STATE, path));
    free(bytes);
    if (ok) {
        log_signed(j, role, version);
    }
    return ok;
}

static bool sign_anew(const job *j, const char *role, const char *path, const json_t *content, const lpr_signed *old) {
    const json_t *record = lpr_role_find(j->ws, role);
    ring *keys = calloc(1, sizeof *keys);
    if (keys == NULL) {
        return lpr_fail(j->error, LPR_STATE, "out of memory");
    }
    bool ok = ring_add(j, keys, role, json_object_get(record, "keys"),
                       json_integer_value(json_object_get(record, "threshold"))) &&
              (strcmp(role, "root") != 0 || old->version == 0 || ring_add_old_root(j, keys, old)) &&
              write_signed(j, role, path, content, old->version + 1, keys);
    ring_free(keys);
    free(keys);
    return ok;
}

/* Takes `content` over. `*info` is what the next role says of the file; a new reference. */
static bool sign_role(const job *j, const char *role, json_t *content, json_t **info) {
    char path[LP_PATH_BYTES];
    lpr_signed file = {.bytes = NULL};
    bool found;
    bool ok = lpr_signed_path(j->folder, role, path, j->error) && lpr_signed_load(path, &found, &file, j->error);
    if (ok && !(found && is_current(j, role, lpr_role_find(j->ws, role), content, &file))) {
        ok = sign_anew(j, role, path, content, &file);
        lpr_signed_free(&file);
        ok = ok && lpr_signed_load(path, &found, &file, j->error);
    }
    if (ok) {
        *info = lpr_signed_info(&file);
    }
    lpr_signed_free(&file);
    json_decref(content);
    return ok;
}

static bool sign_root(const job *j, json_t **info) {
    return sign_role(j, "root", lpr_content_root(j->ws), info);
}

/* Takes `meta` over. */
static bool sign_snapshot_and_timestamp(const job *j, json_t *meta) {
    json_t *info;
    if (!sign_role(j, "snapshot", lpr_content_meta(j->ws, LP_ROLE_SNAPSHOT, meta), &info)) {
        return false;
    }
    json_t *named = json_pack("{s:o}", "snapshot.json", info);
    if (!sign_role(j, "timestamp", lpr_content_meta(j->ws, LP_ROLE_TIMESTAMP, named), &info)) {
        return false;
    }
    json_decref(info);
    return true;
}

static bool sign_images(const job *j, json_t *meta) {
    json_t *info;
    size_t i;
    json_t *delegation;
    json_array_foreach(json_object_get(j->ws->state, "delegations"), i, delegation) {
        const char *role = json_string_value(json_object_get(delegation, "name"));
        char name[LP_NAME_BYTES + 8];
        snprintf(name, sizeof name, "%s.json", role);
        if (!sign_role(j, role, lpr_content_targets(j->ws, role), &info)) {
            return false;
        }
        json_object_set_new(meta, name, info);
    }
    if (!sign_role(j, "targets", lpr_content_targets(j->ws, "targets"), &info)) {
        return false;
    }
    json_object_set_new(meta, "targets.json", info);
    return true;
}

static bool sign_orders(const job *j, json_t *meta) {
    lpr_vehicle vehicle = {.inventory = NULL};
    json_t *content, *info;
    if (!lpr_vehicle_open(j->ws, j->vehicle, &vehicle, j->error)) {
        return false;
    }
    bool ok = lpr_content_vehicle(j->ws, j->vehicle, &vehicle, &content, j->error);
    lpr_vehicle_close(&vehicle);
    if (!ok || !sign_role(j, "targets", content, &info)) {
        return false;
    }
    json_object_set_new(meta, "targets.json", info);
    return true;
}

/* Everything but root, of one repository. */
static bool sign_repository(const job *j, const json_t *root_info) {
    json_t *meta = json_object();
    if (j->ws->dialect == LP_DIALECT_LEGACY) {
        json_object_set_new(meta, "root.json", json_pack("{s:O}", "version", json_object_get(root_info, "version")));
    }
    if (!(j->vehicle != NULL ? sign_orders(j, meta) : sign_images(j, meta))) {
        json_decref(meta);
        return false;
    }
    return sign_snapshot_and_timestamp(j, meta);
}

static bool sign_vehicle(const job *shared, const char *vehicle, const json_t *root_info) {
    char folder[LP_PATH_BYTES];
    job j = *shared;
    j.vehicle = vehicle;
    j.folder = folder;
    return lpr_path(folder, j.error, j.ws->folder, "vehicles/%s", vehicle) && sign_repository(&j, root_info);
}

static bool sign_vehicles(const job *shared, const json_t *root_info) {
    json_t *names, *name;
    size_t i;
    bool ok = true;
    if (shared->request->vehicle != NULL) {
        return sign_vehicle(shared, shared->request->vehicle, root_info);
    }
    if (!lpr_vehicle_names(shared->ws, &names, shared->error)) {
        return false;
    }
    json_array_foreach(names, i, name) {
        ok = ok && sign_vehicle(shared, json_string_value(name), root_info);
    }
    json_decref(names);
    return ok;
}

static bool request_checks(const job *j) {
    for (size_t i = 0; i < j->request->roles.count; i++) {
        const char *role = j->request->roles.items[i];
        if (strcmp(role, "time") == 0 || lpr_role_find(j->ws, role) == NULL) {
            return lpr_fail(j->error, LPR_USAGE, "there is no role `%s` to sign", role);
        }
    }
    return j->request->vehicle == NULL || j->ws->repository == LP_REPO_DIRECTOR ||
           lpr_fail(j->error, LPR_USAGE, "%s: an image repository has no vehicles", j->ws->folder);
}

bool lpr_sign(const lpr_workspace *ws, const lpr_sign_request *request, lpr_error *error) {
    const job j = {.ws = ws, .request = request, .folder = ws->folder, .error = error};
    char delegations[LP_PATH_BYTES];
    json_t *root_info;
    if (!request_checks(&j) || !lpr_path(delegations, error, ws->folder, "metadata/delegations")) {
        return false;
    }
    if (ws->repository == LP_REPO_IMAGE && !lp_folder_make(delegations, 0755)) {
        return lpr_fail_errno(error, LPR_STATE, delegations);
    }
    if (!sign_root(&j, &root_info)) {
        return false;
    }
    bool ok = ws->repository == LP_REPO_DIRECTOR ? sign_vehicles(&j, root_info) : sign_repository(&j, root_info);
    json_decref(root_info);
    return ok;
}
