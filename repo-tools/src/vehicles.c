/* SPDX-License-Identifier: Apache-2.0 */
/* Vehicles of a director: inventory and orders. */
#include "internal.h"

#include "lampyr-host/openssl.h"
#include "lampyr/wire.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static bool is_director(const lpr_workspace *ws, lpr_error *error) {
    return ws->repository == LP_REPO_DIRECTOR ||
           lpr_fail(error, LPR_USAGE, "%s: this is an image repository; vehicles belong to a director", ws->folder);
}

static bool write_inventory(const lpr_vehicle *vehicle, lpr_error *error) {
    char path[LP_PATH_BYTES];
    return lpr_path(path, error, vehicle->folder, "ecus.json") && lpr_json_write(path, vehicle->inventory, error);
}

static bool write_assignments(const lpr_vehicle *vehicle, lpr_error *error) {
    char path[LP_PATH_BYTES];
    return lpr_path(path, error, vehicle->folder, "assignments.json") &&
           lpr_json_write(path, vehicle->assignments, error);
}

bool lpr_vehicle_add(const lpr_workspace *ws, const char *name, lpr_error *error) {
    lpr_vehicle vehicle = {.inventory = NULL};
    char path[LP_PATH_BYTES];
    if (!is_director(ws, error) || !lpr_name_check("vehicle identifier", name, false, LP_SERIAL_BYTES, error) ||
        !lpr_path(vehicle.folder, error, ws->folder, "vehicles/%s", name) ||
        !lpr_path(path, error, vehicle.folder, "ecus.json")) {
        return false;
    }
    if (access(path, F_OK) == 0) {
        return lpr_fail(error, LPR_USAGE, "there is a vehicle `%s` already", name);
    }
    char metadata[LP_PATH_BYTES];
    if (!lpr_path(metadata, error, vehicle.folder, "metadata")) {
        return false;
    }
    if (!lp_folder_make(metadata, 0755)) {
        return lpr_fail_errno(error, LPR_STATE, metadata);
    }
    vehicle.assignments = json_object();
    vehicle.inventory = json_pack("{s:[],s:s,s:s}", "ecus", "primary", "", "vehicle", name);
    /* The inventory last: with it the vehicle is there. */
    bool ok = write_assignments(&vehicle, error) && write_inventory(&vehicle, error);
    lpr_vehicle_close(&vehicle);
    return ok;
}

static bool inventory_is_sound(json_t *inventory) {
    size_t i;
    json_t *ecu;
    json_t *ecus = json_object_get(inventory, "ecus");
    json_array_foreach(ecus, i, ecu) {
        if (json_unpack_ex(ecu, NULL, JSON_VALIDATE_ONLY, "{s:s,s:s,s:{s:s}}", "serial", "hardware", "key",
                           "keytype") != 0) {
            return false;
        }
    }
    return json_is_array(ecus) &&
           json_unpack_ex(inventory, NULL, JSON_VALIDATE_ONLY, "{s:s,s:s}", "primary", "vehicle") == 0;
}

static bool assignments_are_sound(json_t *assignments) {
    const char *serial;
    json_t *order;
    json_object_foreach(assignments, serial, order) {
        if (json_unpack_ex(order, NULL, JSON_VALIDATE_ONLY, "{s:s,s:{s:s},s:I}", "image", "hashes", "sha256",
                           "length") != 0) {
            return false;
        }
    }
    return true;
}

bool lpr_vehicle_open(const lpr_workspace *ws, const char *name, lpr_vehicle *out, lpr_error *error) {
    lpr_vehicle vehicle = {.inventory = NULL};
    char inventory[LP_PATH_BYTES], assignments[LP_PATH_BYTES];
    if (!is_director(ws, error) || !lpr_name_check("vehicle identifier", name, false, LP_SERIAL_BYTES, error) ||
        !lpr_path(vehicle.folder, error, ws->folder, "vehicles/%s", name) ||
        !lpr_path(inventory, error, vehicle.folder, "ecus.json") ||
        !lpr_path(assignments, error, vehicle.folder, "assignments.json")) {
        return false;
    }
    if (access(inventory, F_OK) != 0 && errno == ENOENT) {
        return lpr_fail(error, LPR_USAGE, "there is no vehicle `%s`", name);
    }
    bool ok =
        lpr_json_read(inventory, &vehicle.inventory, error) && lpr_json_read(assignments, &vehicle.assignments, error);
    if (ok && !inventory_is_sound(vehicle.inventory)) {
        ok = lpr_fail(error, LPR_STATE, "%s: damaged: not an inventory", inventory);
    }
    if (ok && !assignments_are_sound(vehicle.assignments)) {
        ok = lpr_fail(error, LPR_STATE, "%s: damaged: not a list of orders", assignments);
    }
    if (!ok) {
        lpr_vehicle_close(&vehicle);
        return false;
    }
    *out = vehicle;
    return true;
}

void lpr_vehicle_close(lpr_vehicle *vehicle) {
    json_decref(vehicle->inventory);
    json_decref(vehicle->assignments);
}

json_t *lpr_vehicle_ecu(const lpr_vehicle *vehicle, const char *serial) {
    size_t i;
    json_t *ecu;
    json_array_foreach(json_object_get(vehicle->inventory, "ecus"), i, ecu) {
        if (strcmp(json_string_value(json_object_get(ecu, "serial")), serial) == 0) {
            return ecu;
        }
    }
    return NULL;
}

static int is_vehicle(const struct dirent *entry) {
    return entry->d_name[0] != '.';
}

bool lpr_vehicle_names(const lpr_workspace *ws, json_t **out, lpr_error *error) {
    char folder[LP_PATH_BYTES], path[LP_PATH_BYTES];
    struct dirent **entries = NULL;
    if (!lpr_path(folder, error, ws->folder, "vehicles")) {
        return false;
    }
    int count = scandir(folder, &entries, is_vehicle, alphasort);
    if (count < 0) {
        return lpr_fail_errno(error, LPR_STATE, folder);
    }
    json_t *names = json_array();
    bool ok = true;
    for (int i = 0; i < count; i++) {
        ok = ok && lpr_path(path, error, folder, "%s/ecus.json", entries[i]->d_name);
        if (ok && access(path, F_OK) == 0) {
            json_array_append_new(names, json_string(entries[i]->d_name));
        }
        free(entries[i]);
    }
    free(entries);
    if (!ok) {
        json_decref(names);
        return false;
    }
    *out = names;
    return true;
}

static bool load_ecu_key(const lpr_workspace *ws, const char *path, json_t **out, lpr_error *error) {
    lp_public_key key;
    lp_code code = lp_public_key_load(path, &key);
    if (code == LP_UNREACHABLE) {
        return lpr_fail_errno(error, LPR_USAGE, path);
    }
    if (code != LP_OK) {
        return lpr_fail(error, LPR_USAGE, "%s: not a public key in PEM (ed25519, P-256, or RSA of 2048 bits and more)",
                        path);
    }
    *out = lpr_key_object(&key, ws->dialect);
    return true;
}

static bool add_ecu(const lpr_workspace *ws, const lpr_vehicle *vehicle, const lpr_ecu *ecu, lpr_error *error) {
    const char *primary = json_string_value(json_object_get(vehicle->inventory, "primary"));
    json_t *ecus = json_object_get(vehicle->inventory, "ecus");
    json_t *key = NULL;
    if (lpr_vehicle_ecu(vehicle, ecu->serial) != NULL) {
        return lpr_fail(error, LPR_USAGE, "the vehicle has an ECU `%s` already", ecu->serial);
    }
    if (ecu->primary && primary[0] != '\0') {
        return lpr_fail(error, LPR_USAGE, "the vehicle has a primary already: `%s`", primary);
    }
    if (json_array_size(ecus) >= LP_ECUS) {
        return lpr_fail(error, LPR_USAGE, "a vehicle has at most %d ECUs", LP_ECUS);
    }
    if (!load_ecu_key(ws, ecu->public_key_file, &key, error)) {
        return false;
    }
    json_array_append_new(ecus,
                          json_pack("{s:s,s:s,s:o}", "serial", ecu->serial, "hardware", ecu->hardware, "key", key));
    if (ecu->primary) {
        json_object_set_new(vehicle->inventory, "primary", json_string(ecu->serial));
    }
    return write_inventory(vehicle, error);
}

bool lpr_ecu_add(const lpr_workspace *ws, const char *name, const lpr_ecu *ecu, lpr_error *error) {
    lpr_vehicle vehicle = {.inventory = NULL};
    if (!lpr_name_check("ECU serial", ecu->serial, false, LP_SERIAL_BYTES, error) ||
        !lpr_name_check("hardware identifier", ecu->hardware, false, LP_SERIAL_BYTES, error) ||
        !lpr_vehicle_open(ws, name, &vehicle, error)) {
        return false;
    }
    bool ok = add_ecu(ws, &vehicle, ecu, error);
    lpr_vehicle_close(&vehicle);
    return ok;
}

/* What the image repository says of the image; `*out` is a new reference, NULL if it has no such image. */
static bool look_up(const lpr_order *order, json_t **out, lpr_error *error) {
    lpr_workspace images;
    const char *role = NULL;
    if (!lpr_workspace_open(order->from, false, &images, error)) {
        return false;
    }
    bool ok =
        images.repository == LP_REPO_IMAGE || lpr_fail(error, LPR_USAGE, "%s: not an image repository", order->from);
    if (ok) {
        *out = json_incref(lpr_image_find(&images, order->image, &role));
    }
    lpr_workspace_close(&images);
    return ok;
}

static bool order_of_file(const lpr_order *order, json_t **out, lpr_error *error) {
    lp_slice bytes;
    if (!lpr_map(order->file, &bytes, LPR_USAGE, error)) {
        return false;
    }
    *out = lpr_file_info(bytes);
    lpr_unmap(bytes);
    return true;
}

/* The order that assignments.json keeps. */
static bool make_order(const lpr_order *order, const char *hardware, json_t **out, lpr_error *error) {
    json_t *image = NULL;
    if (!look_up(order, &image, error)) {
        return false;
    }
    if (image == NULL) {
        if (!order->force || order->file == NULL) {
            return lpr_fail(error, LPR_REFUSED, "%s: there is no image `%s`", order->from, order->image);
        }
        if (!order_of_file(order, out, error)) {
            return false;
        }
    } else {
        const json_t *custom = json_object_get(image, "custom");
        if (!order->force && !lpr_array_has(json_object_get(custom, "hardwareIds"), hardware)) {
            lpr_fail(error, LPR_REFUSED, "image `%s` is not for hardware `%s` of ECU `%s`", order->image, hardware,
                     order->serial);
            json_decref(image);
            return false;
        }
        *out = json_pack("{s:O,s:O,s:O}", "hashes", json_object_get(image, "hashes"), "length",
                         json_object_get(image, "length"), "releaseCounter", json_object_get(custom, "releaseCounter"));
        json_decref(image);
    }
    json_object_set_new(*out, "image", json_string(order->image));
    return true;
}

bool lpr_image_assign(const lpr_workspace *ws, const char *name, const lpr_order *order, lpr_error *error) {
    lpr_vehicle vehicle = {.inventory = NULL};
    json_t *entry = NULL;
    if (!lpr_name_check("image name", order->image, true, LP_NAME_BYTES, error) ||
        !lpr_vehicle_open(ws, name, &vehicle, error)) {
        return false;
    }
    const json_t *ecu = lpr_vehicle_ecu(&vehicle, order->serial);
    bool ok = ecu != NULL || lpr_fail(error, LPR_USAGE, "vehicle `%s` has no ECU `%s`", name, order->serial);
    ok = ok && make_order(order, json_string_value(json_object_get(ecu, "hardware")), &entry, error);
    if (ok) {
        json_object_set_new(vehicle.assignments, order->serial, entry);
        ok = write_assignments(&vehicle, error);
    }
    lpr_vehicle_close(&vehicle);
    return ok;
}

bool lpr_image_unassign(const lpr_workspace *ws, const char *name, const char *serial, lpr_error *error) {
    lpr_vehicle vehicle = {.inventory = NULL};
    if (!lpr_vehicle_open(ws, name, &vehicle, error)) {
        return false;
    }
    bool ok = json_object_del(vehicle.assignments, serial) == 0 ||
              lpr_fail(error, LPR_USAGE, "ECU `%s` of vehicle `%s` has no image assigned", serial, name);
    ok = ok && write_assignments(&vehicle, error);
    lpr_vehicle_close(&vehicle);
    return ok;
}
