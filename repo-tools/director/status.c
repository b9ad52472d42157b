/* SPDX-License-Identifier: Apache-2.0 */
#include "status.h"

#include "fleet.h"
#include "inventory.h"
#include "store.h"

#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

static json_t *text_or_null(const char *text) {
    return text != NULL ? json_string(text) : json_null();
}

static void add_vehicle(void *ctx, const lpd_vehicle_row *row) {
    json_t *object = ctx;
    json_object_set_new(object, "manifests_accepted", json_integer(row->manifests));
    json_object_set_new(object, "requests_refused", json_integer(row->refused));
    json_object_set_new(object, "last_manifest_at", text_or_null(row->manifest_at));
    if (row->manifest_at != NULL) {
        json_object_set_new(object, "last_manifest_names_vehicle", json_boolean(row->names_vehicle));
    }
    if (row->installation_dropped) {
        json_object_set_new(object, "installation_report", json_string("too long to keep"));
    } else if (row->installation != NULL) {
        json_t *report = json_loads(row->installation, JSON_DECODE_ANY, NULL);
        json_object_set_new(object, "installation_report", report != NULL ? report : json_string(row->installation));
    }
}

/* The object of the ECU `serial` among `ecus`, added if need be. */
static json_t *ecu_object(json_t *ecus, const char *serial) {
    json_t *object = json_object_get(ecus, serial);
    if (object == NULL) {
        object = json_pack("{s:n, s:n}", "registered_at", "reported_at");
        json_object_set_new(ecus, serial, object);
    }
    return object;
}

static void add_ecu(void *ctx, const lpd_ecu_row *row) {
    json_t *object = ecu_object(ctx, row->serial);
    json_object_set_new(object, "registered_at", text_or_null(row->registered_at));
    if (row->hardware != NULL) {
        json_object_set_new(object, "hardware", json_string(row->hardware));
    }
    json_object_set_new(object, "reported_at", text_or_null(row->reported_at));
    if (row->reported_at == NULL) {
        return;
    }
    json_object_set_new(object, "in_last_manifest", json_boolean(row->in_last_manifest));
    json_object_set_new(object, "report_counter", row->has_counter ? json_integer(row->counter) : json_null());
    json_object_set_new(object, "image", text_or_null(row->image));
    json_object_set_new(object, "image_bytes", json_integer(row->image_bytes));
    json_object_set_new(object, "image_sha256", text_or_null(row->image_sha256));
    json_object_set_new(object, "attacks_detected", text_or_null(row->attacks));
    json_object_set_new(object, "failed_image", text_or_null(row->failed_image));
    json_object_set_new(object, "ecu_time", text_or_null(row->time));
}

static void add_refusal(void *ctx, const lpd_refusal_row *row) {
    json_array_append_new(ctx, json_pack("{s:s, s:I, s:s, s:s, s:s}", "at", row->at, "times", (json_int_t)row->times,
                                         "request", row->request, "code", row->name, "detail", row->detail));
}

static const char *source_name(lpd_inventory_source source) {
    switch (source) {
    case LPD_INVENTORY_PROVISIONED:
        return "provisioned";
    case LPD_INVENTORY_FIRST_USE:
        return "trusted on first registration";
    default:
        return "none";
    }
}

/* Adds what the inventory says; one that is damaged is shown as such and stops nothing else. */
static void add_inventory(const lpd_director *director, const char *vehicle, json_t *object, json_t *ecus) {
    lpd_inventory inventory;
    lpd_refusal refusal;
    if (!lpd_inventory_load(director, vehicle, &inventory, &refusal)) {
        json_object_set_new(object, "inventory", json_sprintf("%s: %s", refusal.name, refusal.detail));
        return;
    }
    json_object_set_new(object, "inventory", json_string(source_name(inventory.source)));
    json_object_set_new(object, "primary", inventory.count > 0 ? json_string(inventory.primary) : json_null());
    for (size_t i = 0; i < inventory.count; i++) {
        json_t *ecu = ecu_object(ecus, inventory.ecus[i].serial);
        json_object_set_new(ecu, "hardware", json_string(inventory.ecus[i].hardware));
    }
    lpd_inventory_free(&inventory);
}

/* The ECUs that have not reported yet. */
static json_t *waiting_for(json_t *ecus) {
    json_t *list = json_array();
    const char *serial;
    json_t *ecu;
    json_object_foreach(ecus, serial, ecu) {
        if (json_is_null(json_object_get(ecu, "reported_at"))) {
            json_array_append_new(list, json_string(serial));
        }
    }
    return list;
}

static bool add_status(const lpd_director *director, const char *vehicle, json_t *list) {
    json_t *object = json_pack("{s:s}", "vehicle", vehicle);
    json_t *ecus = json_object();
    json_t *refusals = json_array();
    add_inventory(director, vehicle, object, ecus);
    bool ok = lpd_store_read_vehicle(director->store, vehicle, add_vehicle, object) &&
              lpd_store_read_ecus(director->store, vehicle, add_ecu, ecus) &&
              lpd_store_read_refusals(director->store, vehicle, add_refusal, refusals);
    json_object_set_new(object, "waiting_for", waiting_for(ecus));
    json_object_set_new(object, "ecus", ecus);
    json_object_set_new(object, "refusals", refusals);
    json_array_append_new(list, object);
    return ok;
}

/* Adds one page of vehicles, and `next` if there are more. */
static bool add_page(const lpd_director *director, const char *after, json_t *root, json_t *list,
                     lpd_refusal *refusal) {
    char **vehicles;
    size_t count;
    if (!lpd_fleet_list(&director->fleet, after, LPD_STATUS_VEHICLES + 1, &vehicles, &count)) {
        return lpd_refuse_code(refusal, LP_STATE, "cannot list the vehicles: %s", strerror(errno));
    }
    bool ok = true;
    for (size_t i = 0; ok && i < count && i < LPD_STATUS_VEHICLES; i++) {
        ok = add_status(director, vehicles[i], list);
    }
    if (count > LPD_STATUS_VEHICLES) {
        json_object_set_new(root, "next", json_string(vehicles[LPD_STATUS_VEHICLES - 1]));
    }
    lpd_fleet_list_free(vehicles, count);
    return ok || lpd_refuse_code(refusal, LP_STATE, "%s", lpd_store_error(director->store));
}

bool lpd_status(const lpd_director *director, const char *vehicle, const char *after, char **out, size_t *out_len,
                lpd_refusal *refusal) {
    const char *dialect = director->dialect == LP_DIALECT_TUF ? "tuf" : "legacy";
    json_t *root = json_pack("{s:s, s:b}", "dialect", dialect, "signs_time", director->time_key_count > 0);
    json_t *list = json_array();
    bool ok = vehicle == NULL ? add_page(director, after, root, list, refusal)
                              : add_status(director, vehicle, list) ||
                                    lpd_refuse_code(refusal, LP_STATE, "%s", lpd_store_error(director->store));
    json_object_set_new(root, "vehicles", list);
    char *text = ok ? json_dumps(root, JSON_INDENT(2) | JSON_ENSURE_ASCII) : NULL;
    json_decref(root);
    if (!ok) {
        return false;
    }
    if (text == NULL) {
        return lpd_refuse_code(refusal, LP_STATE, "out of memory");
    }
    *out = text;
    *out_len = strlen(text);
    return true;
}
