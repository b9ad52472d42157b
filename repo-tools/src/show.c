/* SPDX-License-Identifier: Apache-2.0 */
#include "lampyr-repo/publish.h"

#include "lampyr/encode.h"
#include "signed_file.h"

#include <string.h>

/* {"expires","keyids","threshold","version"}; version 0 and no expiry while unsigned. */
static bool show_role(const lpr_workspace *ws, const char *folder, const char *role, json_t **out, lpr_error *error) {
    char path[LP_PATH_BYTES], expires[LP_TIME_TEXT_BYTES];
    const json_t *record = lpr_role_find(ws, role);
    lpr_signed file = {.version = 0};
    bool found;
    if (!lpr_signed_path(folder, role, path, error) || !lpr_signed_load(path, &found, &file, error)) {
        return false;
    }
    json_t *keyids = json_array();
    size_t i;
    json_t *label;
    json_array_foreach(json_object_get(record, "keys"), i, label) {
        const json_t *key = json_object_get(json_object_get(ws->state, "keys"), json_string_value(label));
        json_array_append(keyids, json_object_get(key, "keyid"));
    }
    lp_time_format(file.expires, expires);
    *out = json_pack("{s:o,s:O,s:I}", "keyids", keyids, "threshold", json_object_get(record, "threshold"), "version",
                     (json_int_t)file.version);
    if (found) {
        json_object_set_new(*out, "expires", json_string(expires));
    }
    lpr_signed_free(&file);
    return true;
}

static bool show_roles(const lpr_workspace *ws, const char *folder, const char *const *roles, json_t *out,
                       lpr_error *error) {
    for (; *roles != NULL; roles++) {
        json_t *role;
        if (!show_role(ws, folder, *roles, &role, error)) {
            return false;
        }
        json_object_set_new(out, *roles, role);
    }
    return true;
}

static bool show_image_repository(const lpr_workspace *ws, json_t *out, json_t *roles, lpr_error *error) {
    static const char *const top[] = {"root", "targets", "snapshot", "timestamp", NULL};
    size_t i;
    json_t *delegation;
    if (!show_roles(ws, ws->folder, top, roles, error)) {
        return false;
    }
    json_array_foreach(json_object_get(ws->state, "delegations"), i, delegation) {
        const char *name = json_string_value(json_object_get(delegation, "name"));
        json_t *role;
        if (!show_role(ws, ws->folder, name, &role, error)) {
            return false;
        }
        json_object_set(role, "parent", json_object_get(delegation, "parent"));
        json_object_set(role, "paths", json_object_get(delegation, "paths"));
        json_object_set(role, "hardware", json_object_get(delegation, "hardware"));
        json_object_set(role, "terminating", json_object_get(delegation, "terminating"));
        json_object_set_new(roles, name, role);
    }
    json_object_set(out, "images", json_object_get(ws->state, "images"));
    return true;
}

static bool show_vehicle(const lpr_workspace *ws, const char *name, json_t *vehicles, lpr_error *error) {
    static const char *const own[] = {"targets", "snapshot", "timestamp", NULL};
    lpr_vehicle vehicle = {.inventory = NULL};
    if (!lpr_vehicle_open(ws, name, &vehicle, error)) {
        return false;
    }
    json_t *roles = json_object();
    json_t *shown =
        json_pack("{s:O,s:O,s:O,s:o}", "primary", json_object_get(vehicle.inventory, "primary"), "ecus",
                  json_object_get(vehicle.inventory, "ecus"), "assignments", vehicle.assignments, "roles", roles);
    json_object_set_new(vehicles, name, shown);
    bool ok = show_roles(ws, vehicle.folder, own, roles, error);
    lpr_vehicle_close(&vehicle);
    return ok;
}

static bool show_director(const lpr_workspace *ws, json_t *out, json_t *roles, lpr_error *error) {
    static const char *const shared[] = {"root", NULL};
    json_t *names, *name;
    json_t *vehicles = json_object();
    size_t i;
    json_object_set_new(out, "vehicles", vehicles);
    bool ok = show_roles(ws, ws->folder, shared, roles, error) && lpr_vehicle_names(ws, &names, error);
    if (!ok) {
        return false;
    }
    json_array_foreach(names, i, name) {
        ok = ok && show_vehicle(ws, json_string_value(name), vehicles, error);
    }
    json_decref(names);
    return ok;
}

bool lpr_show(const lpr_workspace *ws, json_t **out, lpr_error *error) {
    json_t *roles = json_object();
    json_t *shown = json_pack("{s:s,s:s,s:o}", "repository", lp_repo_name(ws->repository), "dialect",
                              ws->dialect == LP_DIALECT_TUF ? "tuf" : "legacy", "roles", roles);
    bool ok = ws->repository == LP_REPO_DIRECTOR ? show_director(ws, shown, roles, error)
                                                 : show_image_repository(ws, shown, roles, error);
    if (!ok) {
        json_decref(shown);
        return false;
    }
    *out = shown;
    return true;
}
