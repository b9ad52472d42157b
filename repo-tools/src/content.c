/* SPDX-License-Identifier: Apache-2.0 */
/* What each role says, built from the workspace; version and expiry are added when it is signed. */
#include "internal.h"

#include <ctype.h>
#include <string.h>

static const char spec_version[] = "1.0.34";

static json_t *begin(const lpr_workspace *ws, lp_role role) {
    char type[16];
    snprintf(type, sizeof type, "%s", lp_role_name(role));
    if (ws->dialect == LP_DIALECT_LEGACY) {
        type[0] = (char)toupper((unsigned char)type[0]);
        return json_pack("{s:s}", "_type", type);
    }
    return json_pack("{s:s,s:s}", "_type", type, "spec_version", spec_version);
}

/* Enters the record's keys in `keys`; returns its keyids. */
static json_t *add_keys(const lpr_workspace *ws, const json_t *record, json_t *keys) {
    json_t *keyids = json_array();
    size_t i;
    json_t *label;
    json_array_foreach(json_object_get(record, "keys"), i, label) {
        const json_t *key = json_object_get(json_object_get(ws->state, "keys"), json_string_value(label));
        json_t *keyid = json_object_get(key, "keyid");
        json_object_set(keys, json_string_value(keyid), json_object_get(key, "key"));
        json_array_append(keyids, keyid);
    }
    return keyids;
}

json_t *lpr_content_root(const lpr_workspace *ws) {
    json_t *root = begin(ws, LP_ROLE_ROOT);
    json_t *keys = json_object();
    json_t *roles = json_object();
    const char *name;
    json_t *record;
    json_object_foreach(json_object_get(ws->state, "roles"), name, record) {
        json_t *entry = json_pack("{s:o,s:O}", "keyids", add_keys(ws, record, keys), "threshold",
                                  json_object_get(record, "threshold"));
        if (strcmp(name, "time") == 0) {
            json_object_set_new(root, "custom", json_pack("{s:o}", "time", entry));
        } else {
            json_object_set_new(roles, name, entry);
        }
    }
    json_object_set_new(root, "keys", keys);
    json_object_set_new(root, "roles", roles);
    if (ws->dialect == LP_DIALECT_TUF) {
        json_object_set_new(root, "consistent_snapshot", json_true());
    }
    return root;
}

static json_t *delegations_of(const lpr_workspace *ws, const char *parent) {
    json_t *keys = json_object();
    json_t *roles = json_array();
    size_t i;
    json_t *d;
    json_array_foreach(json_object_get(ws->state, "delegations"), i, d) {
        if (strcmp(json_string_value(json_object_get(d, "parent")), parent) != 0) {
            continue;
        }
        json_t *role = json_pack("{s:O,s:o,s:O,s:O,s:O}", "name", json_object_get(d, "name"), "keyids",
                                 add_keys(ws, d, keys), "threshold", json_object_get(d, "threshold"), "terminating",
                                 json_object_get(d, "terminating"), "paths", json_object_get(d, "paths"));
        if (json_array_size(json_object_get(d, "hardware")) > 0) {
            json_object_set(role, "hardwareIds", json_object_get(d, "hardware"));
        }
        json_array_append_new(roles, role);
    }
    bool none = json_array_size(roles) == 0;
    json_t *delegations = json_pack("{s:o,s:o}", "keys", keys, "roles", roles);
    if (none) {
        json_decref(delegations);
        return NULL;
    }
    return delegations;
}

json_t *lpr_content_targets(const lpr_workspace *ws, const char *role) {
    json_t *targets = begin(ws, LP_ROLE_TARGETS);
    json_t *images = json_object_get(json_object_get(ws->state, "images"), role);
    json_object_set_new(targets, "targets", images != NULL ? json_incref(images) : json_object());
    json_t *delegations = delegations_of(ws, role);
    if (delegations != NULL) {
        json_object_set_new(targets, "delegations", delegations);
    }
    return targets;
}

/* The director's entry of an image, without its ECUs. */
static json_t *begin_order(json_t *order) {
    json_t *custom = json_pack("{s:{}}", "ecuIdentifiers");
    json_t *counter = json_object_get(order, "releaseCounter");
    if (counter != NULL) {
        json_object_set(custom, "releaseCounter", counter);
    }
    return json_pack("{s:O,s:O,s:o}", "hashes", json_object_get(order, "hashes"), "length",
                     json_object_get(order, "length"), "custom", custom);
}

static bool same_image(const json_t *entry, const json_t *order) {
    const json_t *custom = json_object_get(entry, "custom");
    const json_t *counter = json_object_get(custom, "releaseCounter");
    const json_t *ordered = json_object_get(order, "releaseCounter");
    return json_equal(json_object_get(entry, "hashes"), json_object_get(order, "hashes")) &&
           json_equal(json_object_get(entry, "length"), json_object_get(order, "length")) &&
           (counter == ordered || json_equal(counter, ordered));
}

static bool add_order(json_t *targets, const lpr_vehicle *vehicle, const char *serial, json_t *order,
                      lpr_error *error) {
    const char *image = json_string_value(json_object_get(order, "image"));
    const json_t *ecu = lpr_vehicle_ecu(vehicle, serial);
    json_t *entry = json_object_get(targets, image);
    if (ecu == NULL) {
        return lpr_fail(error, LPR_STATE, "%s/assignments.json: damaged: no ECU `%s` in ecus.json", vehicle->folder,
                        serial);
    }
    if (entry == NULL) {
        entry = begin_order(order);
        json_object_set_new(targets, image, entry);
    } else if (!same_image(entry, order)) {
        return lpr_fail(error, LPR_USAGE, "two contents of image `%s` are assigned; assign it again to every ECU",
                        image);
    }
    json_object_set_new(json_object_get(json_object_get(entry, "custom"), "ecuIdentifiers"), serial,
                        json_pack("{s:O}", "hardwareId", json_object_get(ecu, "hardware")));
    return true;
}

bool lpr_content_vehicle(const lpr_workspace *ws, const char *name, const lpr_vehicle *vehicle, json_t **out,
                         lpr_error *error) {
    json_t *targets = json_object();
    const char *serial;
    json_t *order;
    json_object_foreach(vehicle->assignments, serial, order) {
        if (!add_order(targets, vehicle, serial, order, error)) {
            json_decref(targets);
            return false;
        }
    }
    json_t *content = begin(ws, LP_ROLE_TARGETS);
    json_object_set_new(content, "custom", json_pack("{s:s}", "vehicle", name));
    json_object_set_new(content, "targets", targets);
    *out = content;
    return true;
}

json_t *lpr_content_meta(const lpr_workspace *ws, lp_role role, json_t *meta) {
    json_t *content = begin(ws, role);
    json_object_set_new(content, "meta", meta);
    return content;
}
