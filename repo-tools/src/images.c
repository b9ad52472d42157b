/* SPDX-License-Identifier: Apache-2.0 */
/* Images and delegations of an image repository. */
#include "internal.h"

#include "lampyr/path.h"
#include "lampyr/wire.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

static bool is_image_repository(const lpr_workspace *ws, lpr_error *error) {
    return ws->repository == LP_REPO_IMAGE ||
           lpr_fail(error, LPR_USAGE, "%s: this is a director; images belong to an image repository", ws->folder);
}

static bool hardware_checks(lpr_list hardware, lpr_error *error) {
    for (size_t i = 0; i < hardware.count; i++) {
        if (!lpr_name_check("hardware identifier", hardware.items[i], false, LP_SERIAL_BYTES, error)) {
            return false;
        }
    }
    return true;
}

static bool path_covered(const lpr_workspace *ws, const json_t *delegation, const char *name) {
    size_t i;
    json_t *pattern;
    json_array_foreach(json_object_get(delegation, "paths"), i, pattern) {
        if (lp_path_match(ws->dialect, json_string_value(pattern), name)) {
            return true;
        }
    }
    return false;
}

/* No client would find an image that a delegation on the way to its role does not cover. */
static bool delegations_cover(const lpr_workspace *ws, const lpr_image *image, lpr_error *error) {
    const char *role = image->role;
    while (strcmp(role, "targets") != 0) {
        const json_t *delegation = lpr_delegation_find(ws, role);
        if (delegation == NULL) {
            return lpr_fail(error, LPR_USAGE, "there is no role `%s` for images", role);
        }
        if (!path_covered(ws, delegation, image->name)) {
            return lpr_fail(error, LPR_USAGE, "image `%s` is outside the paths delegated to `%s`", image->name, role);
        }
        const json_t *hardware = json_object_get(delegation, "hardware");
        for (size_t i = 0; json_array_size(hardware) > 0 && i < image->hardware.count; i++) {
            if (!lpr_array_has(hardware, image->hardware.items[i])) {
                return lpr_fail(error, LPR_USAGE, "hardware `%s` is not delegated to `%s`", image->hardware.items[i],
                                role);
            }
        }
        role = json_string_value(json_object_get(delegation, "parent"));
    }
    return true;
}

/* The images of `role`; made if there are none yet. */
static json_t *images_of(const lpr_workspace *ws, const char *role) {
    json_t *all = json_object_get(ws->state, "images");
    if (json_object_get(all, role) == NULL) {
        json_object_set_new(all, role, json_object());
    }
    return json_object_get(all, role);
}

static void set_text(json_t *object, const char *key, const char *text) {
    if (text != NULL) {
        json_object_set_new(object, key, json_string(text));
    }
}

static json_t *make_entry(const lpr_image *image, lp_slice bytes) {
    json_t *entry = lpr_file_info(bytes);
    json_t *custom =
        json_pack("{s:o,s:I}", "hardwareIds", lpr_array(image->hardware), "releaseCounter", (json_int_t)image->counter);
    set_text(custom, "version", image->version);
    set_text(custom, "format", image->format);
    set_text(custom, "vendorId", image->vendor);
    json_object_set_new(entry, "custom", custom);
    return entry;
}

static bool keep_bytes(const lpr_workspace *ws, const json_t *entry, lp_slice bytes, lpr_error *error) {
    char path[LP_PATH_BYTES];
    const char *sha256 = json_string_value(json_object_get(json_object_get(entry, "hashes"), "sha256"));
    if (!lpr_path(path, error, ws->folder, "images/%s", sha256)) {
        return false;
    }
    return lp_file_write(path, bytes, 0644) || lpr_fail_errno(error, LPR_STATE, path);
}

bool lpr_image_add(lpr_workspace *ws, const lpr_image *image, lpr_error *error) {
    lp_slice bytes;
    if (!is_image_repository(ws, error) || !lpr_name_check("image name", image->name, true, LP_NAME_BYTES, error) ||
        !hardware_checks(image->hardware, error) || !delegations_cover(ws, image, error)) {
        return false;
    }
    if (image->hardware.count == 0) {
        return lpr_fail(error, LPR_USAGE, "image `%s` needs at least one hardware identifier", image->name);
    }
    json_t *images = images_of(ws, image->role);
    if (json_object_get(images, image->name) != NULL) {
        return lpr_fail(error, LPR_USAGE, "role `%s` has an image `%s` already", image->role, image->name);
    }
    if (!lpr_map(image->file, &bytes, LPR_USAGE, error)) {
        return false;
    }
    bool ok = bytes.len > 0 || lpr_fail(error, LPR_USAGE, "%s: an image must not be empty", image->file);
    json_t *entry = ok ? make_entry(image, bytes) : NULL;
    ok = ok && keep_bytes(ws, entry, bytes, error);
    lpr_unmap(bytes);
    if (!ok) {
        json_decref(entry);
        return false;
    }
    json_object_set_new(images, image->name, entry);
    return lpr_workspace_save(ws, error);
}

json_t *lpr_image_find(const lpr_workspace *ws, const char *name, const char **role) {
    json_t *all = json_object_get(ws->state, "images");
    if (*role != NULL) {
        return json_object_get(json_object_get(all, *role), name);
    }
    json_t *entry = json_object_get(json_object_get(all, "targets"), name);
    *role = "targets";
    size_t i;
    json_t *delegation;
    json_array_foreach(json_object_get(ws->state, "delegations"), i, delegation) {
        if (entry != NULL) {
            break;
        }
        *role = json_string_value(json_object_get(delegation, "name"));
        entry = json_object_get(json_object_get(all, *role), name);
    }
    return entry;
}

bool lpr_image_remove(lpr_workspace *ws, const char *name, const char *role, lpr_error *error) {
    if (!is_image_repository(ws, error)) {
        return false;
    }
    const char *asked = role;
    if (lpr_image_find(ws, name, &role) == NULL) {
        return lpr_fail(error, LPR_USAGE, "there is no image `%s`%s%s", name, asked != NULL ? " in role " : "",
                        asked != NULL ? asked : "");
    }
    json_object_del(json_object_get(json_object_get(ws->state, "images"), role), name);
    return lpr_workspace_save(ws, error);
}

static bool delegation_checks(const lpr_workspace *ws, const lpr_delegation *d, lpr_error *error) {
    if (!lpr_name_check("role name", d->role, false, LP_NAME_BYTES, error) || !hardware_checks(d->hardware, error)) {
        return false;
    }
    if (strcmp(d->role, "time") == 0 || lpr_role_find(ws, d->role) != NULL) {
        return lpr_fail(error, LPR_USAGE, "there is a role `%s` already", d->role);
    }
    if (strcmp(d->parent, "targets") != 0 && lpr_delegation_find(ws, d->parent) == NULL) {
        return lpr_fail(error, LPR_USAGE, "there is no role `%s` that could delegate", d->parent);
    }
    if (d->paths.count == 0) {
        return lpr_fail(error, LPR_USAGE, "a delegation needs at least one path pattern");
    }
    for (size_t i = 0; i < d->paths.count; i++) {
        if (!lpr_name_check("path pattern", d->paths.items[i], true, LP_NAME_BYTES, error)) {
            return false;
        }
    }
    return true;
}

bool lpr_delegation_add(lpr_workspace *ws, const lpr_delegation *d, lpr_error *error) {
    json_t *labels;
    if (!is_image_repository(ws, error) || !delegation_checks(ws, d, error) ||
        !lpr_keys_make(ws, d->role, d->scheme, 1, &labels, error)) {
        return false;
    }
    json_t *record = json_pack("{s:s,s:s,s:o,s:o,s:b,s:o,s:i}", "name", d->role, "parent", d->parent, "paths",
                               lpr_array(d->paths), "hardware", lpr_array(d->hardware), "terminating",
                               (int)d->terminating, "keys", labels, "threshold", 1);
    json_array_append_new(json_object_get(ws->state, "delegations"), record);
    return lpr_workspace_save(ws, error);
}
