/* SPDX-License-Identifier: Apache-2.0 */
#include "lampyr-repo/publish.h"

#include "lampyr/encode.h"
#include "lampyr/path.h"
#include "signed_file.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* One repository on its way out. */
typedef struct publication {
    const lpr_workspace *ws;
    const char *folder; /* of the signed files: metadata/ is in it */
    const char *out;
    size_t *written;
    lpr_error *error;
} publication;

/* URLs are percent-encoded; a static server looks for the decoded name. */
static void percent_decode(char *text) {
    char *w = text;
    for (const char *p = text; *p != '\0'; p++) {
        if (*p == '%') {
            size_t len;
            (void)lp_hex_decode((lp_str){p + 1, 2}, (uint8_t *)w++, 1, &len);
            p += 2;
        } else {
            *w++ = *p;
        }
    }
    *w = '\0';
}

static bool make_parent(const char *path, lpr_error *error) {
    char folder[LP_PATH_BYTES];
    size_t len = (size_t)(strrchr(path, '/') - path);
    memcpy(folder, path, len);
    folder[len] = '\0';
    return lp_folder_make(folder, 0755) || lpr_fail_errno(error, LPR_STATE, folder);
}

static bool holds(const char *path, lp_slice bytes) {
    lpr_error ignored;
    lp_slice present;
    if (access(path, F_OK) != 0 || !lpr_map(path, &present, LPR_STATE, &ignored)) {
        return false;
    }
    bool same = present.len == bytes.len && (bytes.len == 0 || memcmp(present.ptr, bytes.ptr, bytes.len) == 0);
    lpr_unmap(present);
    return same;
}

/* `name` is relative to the repository's base, percent-encoded. */
static bool put(const publication *p, char *name, lp_slice bytes) {
    char path[LP_PATH_BYTES];
    percent_decode(name);
    if (!lpr_path(path, p->error, p->out, "%s", name) || !make_parent(path, p->error)) {
        return false;
    }
    if (holds(path, bytes)) {
        return true;
    }
    (*p->written)++;
    return lp_file_write(path, bytes, 0644) || lpr_fail_errno(p->error, LPR_STATE, path);
}

/* Loads the signed file of a role; it must be there. */
static bool load(const publication *p, const char *role, lpr_signed *out) {
    char path[LP_PATH_BYTES];
    bool found;
    if (!lpr_signed_path(p->folder, role, path, p->error) || !lpr_signed_load(path, &found, out, p->error)) {
        return false;
    }
    return found ||
           lpr_fail(p->error, LPR_USAGE, "%s: not signed yet: `lampyr-repo sign` comes before publishing", path);
}

static bool put_metadata(const publication *p, lp_role role, const char *name, const lpr_signed *file) {
    char path[LP_URL_BYTES];
    lp_code code =
        lp_metadata_path(p->ws->dialect, role, role == LP_ROLE_TIMESTAMP ? 0 : file->version, name, path, sizeof path);
    if (code != LP_OK) {
        return lpr_fail(p->error, LPR_STATE, "role `%s`: %s", name, lp_code_text(code));
    }
    return put(p, path, (lp_slice){file->bytes, file->len});
}

static bool put_image(const publication *p, const char *name, const json_t *entry) {
    char kept[LP_PATH_BYTES], path[LP_URL_BYTES];
    const char *sha256 = json_string_value(json_object_get(json_object_get(entry, "hashes"), "sha256"));
    lp_hashes hashes = {.has_sha256 = true};
    size_t len;
    lp_slice bytes;
    if (sha256 == NULL ||
        lp_hex_decode((lp_str){sha256, strlen(sha256)}, hashes.sha256, sizeof hashes.sha256, &len) != LP_OK ||
        len != sizeof hashes.sha256 ||
        lp_image_path(p->ws->dialect == LP_DIALECT_TUF, name, &hashes, path, sizeof path) != LP_OK) {
        return lpr_fail(p->error, LPR_STATE, "%s/metadata: damaged: image `%s`", p->folder, name);
    }
    if (!lpr_path(kept, p->error, p->ws->folder, "images/%s", sha256) || !lpr_map(kept, &bytes, LPR_STATE, p->error)) {
        return false;
    }
    bool ok = put(p, path, bytes);
    lpr_unmap(bytes);
    return ok;
}

static bool put_images(const publication *p, const lpr_signed *targets) {
    const char *name;
    json_t *entry;
    json_object_foreach(json_object_get(lpr_signed_payload(targets), "targets"), name, entry) {
        if (!put_image(p, name, entry)) {
            return false;
        }
    }
    return true;
}

/* Images (`images`) or else the metadata of one targets role. */
static bool put_targets(const publication *p, const char *name, bool images) {
    lpr_signed file;
    lp_role role = strcmp(name, "targets") == 0 ? LP_ROLE_TARGETS : LP_ROLE_DELEGATED;
    if (!load(p, name, &file)) {
        return false;
    }
    bool ok = images ? put_images(p, &file) : put_metadata(p, role, name, &file);
    lpr_signed_free(&file);
    return ok;
}

/* The targets roles that the snapshot lists. */
static bool put_every_targets(const publication *p, const lpr_signed *snapshot, bool images) {
    const char *file_name;
    json_t *info;
    json_object_foreach(json_object_get(lpr_signed_payload(snapshot), "meta"), file_name, info) {
        char name[LP_NAME_BYTES];
        size_t len = strlen(file_name);
        if (strcmp(file_name, "root.json") == 0) {
            continue;
        }
        if (len < sizeof ".json" || len >= sizeof name) {
            return lpr_fail(p->error, LPR_STATE, "%s/metadata/snapshot.json: damaged", p->folder);
        }
        snprintf(name, sizeof name, "%.*s", (int)(len - strlen(".json")), file_name);
        if (!put_targets(p, name, images)) {
            return false;
        }
    }
    return true;
}

/* Every version, for clients that know an old one. In legacy the latest is served as root.json, too. */
static bool put_roots(const publication *p, const lpr_signed *latest) {
    char path[LP_PATH_BYTES], name[32] = "root.json";
    for (uint64_t version = 1; version <= latest->version; version++) {
        lpr_signed root;
        bool found;
        if (!lpr_path(path, p->error, p->ws->folder, "metadata/%ju.root.json", (uintmax_t)version) ||
            !lpr_signed_load(path, &found, &root, p->error)) {
            return false;
        }
        if (!found) {
            return lpr_fail(p->error, LPR_STATE, "%s: missing", path);
        }
        bool ok = put_metadata(p, LP_ROLE_ROOT, "root", &root);
        lpr_signed_free(&root);
        if (!ok) {
            return false;
        }
    }
    return p->ws->dialect != LP_DIALECT_LEGACY || put(p, name, (lp_slice){latest->bytes, latest->len});
}

/* Nothing is named before it is there: timestamp names the snapshot, which names targets, which name images. */
static bool publish(const publication *p, const lpr_signed *root) {
    lpr_signed timestamp, snapshot;
    if (!load(p, "timestamp", &timestamp)) {
        return false;
    }
    bool ok = load(p, "snapshot", &snapshot);
    if (ok) {
        ok = (p->ws->repository == LP_REPO_DIRECTOR || put_every_targets(p, &snapshot, true)) &&
             put_every_targets(p, &snapshot, false) && put_metadata(p, LP_ROLE_SNAPSHOT, "snapshot", &snapshot) &&
             put_roots(p, root) && put_metadata(p, LP_ROLE_TIMESTAMP, "timestamp", &timestamp);
        lpr_signed_free(&snapshot);
    }
    lpr_signed_free(&timestamp);
    return ok;
}

static bool publish_vehicle(const publication *shared, const char *vehicle, const lpr_signed *root) {
    char folder[LP_PATH_BYTES], out[LP_PATH_BYTES];
    publication p = *shared;
    p.folder = folder;
    p.out = out;
    return lpr_path(folder, p.error, p.ws->folder, "vehicles/%s", vehicle) &&
           lpr_path(out, p.error, shared->out, "%s/director", vehicle) && publish(&p, root);
}

static bool publish_vehicles(const publication *shared, const lpr_signed *root) {
    json_t *names, *name;
    size_t i;
    bool ok = true;
    if (!lpr_vehicle_names(shared->ws, &names, shared->error)) {
        return false;
    }
    json_array_foreach(names, i, name) {
        ok = ok && publish_vehicle(shared, json_string_value(name), root);
    }
    json_decref(names);
    return ok;
}

bool lpr_publish(const lpr_workspace *ws, const char *out, size_t *written, lpr_error *error) {
    const publication p = {.ws = ws, .folder = ws->folder, .out = out, .written = written, .error = error};
    lpr_signed root;
    *written = 0;
    if (!load(&p, "root", &root)) {
        return false;
    }
    bool ok = ws->repository == LP_REPO_DIRECTOR ? publish_vehicles(&p, &root) : publish(&p, &root);
    lpr_signed_free(&root);
    return ok;
}
