/* SPDX-License-Identifier: Apache-2.0 */
#include "inventory.h"

#include "fleet.h"
#include "store.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static lp_code read_text(lp_json value, char out[LPD_ID_BYTES]) {
    lp_str text;
    lp_code code = lp_json_string(value, &text);
    return code != LP_OK ? code : lp_str_copy(text, out, LPD_ID_BYTES, NULL);
}

static lp_code read_ecu(lp_json object, const lpd_ecu_names *names, lpd_ecu *ecu) {
    lp_json_field fields[] = {{.name = names->serial}, {.name = names->hardware}, {.name = names->key}};
    lp_code code = lp_json_record(object, fields, 3);
    if (code == LP_OK) {
        code = read_text(fields[0].value, ecu->serial);
    }
    if (code == LP_OK) {
        code = read_text(fields[1].value, ecu->hardware);
    }
    if (code == LP_OK) {
        code = lp_public_key_read(fields[2].value, &ecu->key);
    }
    if (code == LP_OK && (ecu->serial[0] == '\0' || ecu->key.scheme == LP_SCHEME_UNKNOWN)) {
        code = LP_FIELD_VALUE;
    }
    return code;
}

static const lpd_ecu *find(const lpd_ecu *ecus, size_t count, const char *serial) {
    for (size_t i = 0; i < count; i++) {
        if (strcmp(ecus[i].serial, serial) == 0) {
            return &ecus[i];
        }
    }
    return NULL;
}

lp_code lpd_ecus_read(lp_json list, const lpd_ecu_names *names, lpd_ecu **out, size_t *count, size_t *where) {
    *where = 0;
    if (!lp_json_is_array(list)) {
        return list.ptr == NULL ? LP_FIELD_MISSING : LP_FIELD_TYPE;
    }
    size_t total = lp_json_count(list);
    if (total == 0) {
        return LP_FIELD_VALUE;
    }
    if (total > LP_ECUS) {
        return LP_LIMIT_ECUS;
    }
    lpd_ecu *ecus = calloc(total, sizeof *ecus);
    if (ecus == NULL) {
        return LP_STATE;
    }
    lp_code code = LP_OK;
    lp_json_iter iter = lp_json_iterate(list);
    lp_json object;
    for (size_t i = 0; code == LP_OK && lp_json_next(&iter, NULL, &object); i++) {
        *where = i;
        code = read_ecu(object, names, &ecus[i]);
        if (code == LP_OK && find(ecus, i, ecus[i].serial) != NULL) {
            code = LP_REPEATED_ECU;
        }
    }
    if (code != LP_OK) {
        free(ecus);
        return code;
    }
    *out = ecus;
    *count = total;
    return LP_OK;
}

/* Reads the checked document `root`. On failure `what` says in which member. */
static lp_code read_inventory(lp_json root, lpd_inventory *out, char *what, size_t what_bytes) {
    static const lpd_ecu_names names = {"serial", "hardware", "key"};
    lp_json vehicle = lp_json_get(root, "vehicle");
    snprintf(what, what_bytes, "vehicle");
    lp_code code = vehicle.ptr == NULL ? LP_OK : read_text(vehicle, out->vehicle);
    if (code != LP_OK) {
        return code;
    }
    snprintf(what, what_bytes, "primary");
    code = read_text(lp_json_get(root, "primary"), out->primary);
    if (code != LP_OK) {
        return code;
    }
    size_t where;
    code = lpd_ecus_read(lp_json_get(root, "ecus"), &names, &out->ecus, &out->count, &where);
    if (code != LP_OK) {
        snprintf(what, what_bytes, "ecus[%zu]", where);
        return code;
    }
    snprintf(what, what_bytes, "primary '%.64s'", out->primary);
    return lpd_inventory_find(out, out->primary) != NULL ? LP_OK : LP_UNKNOWN_ECU;
}

bool lpd_inventory_read(const char *path, lp_dialect dialect, lpd_inventory *out, char *message, size_t message_bytes) {
    uint8_t *bytes;
    size_t len;
    if (!lp_file_read(path, LPD_INVENTORY_BYTES, &bytes, &len)) {
        snprintf(message, message_bytes, "%s: %s", path, strerror(errno));
        return false;
    }
    lpd_inventory inventory = {.source = LPD_INVENTORY_PROVISIONED};
    char what[96] = "not valid JSON";
    lp_scratch scratch = {.ptr = malloc(lp_json_scratch_bytes(len)), .bytes = lp_json_scratch_bytes(len)};
    lp_json root;
    lp_code code = scratch.ptr == NULL ? LP_STATE
                                       : lp_json_check((lp_slice){bytes, len}, LP_JSON_SERVED, dialect,
                                                       lp_limits_gateway.json_depth, scratch, &root, NULL);
    if (code == LP_OK) {
        code = read_inventory(root, &inventory, what, sizeof what);
    }
    free(scratch.ptr);
    free(bytes);
    if (code != LP_OK) {
        lpd_inventory_free(&inventory);
        snprintf(message, message_bytes, "%s: %s: %s", path, what, lp_code_text(code));
        return false;
    }
    *out = inventory;
    return true;
}

bool lpd_inventory_load(const lpd_director *director, const char *vehicle, lpd_inventory *out, lpd_refusal *refusal) {
    char path[LP_PATH_BYTES];
    char message[LPD_REFUSAL_BYTES];
    lpd_inventory inventory = {.source = LPD_INVENTORY_NONE};
    const lpd_fleet *fleet = &director->fleet;
    /* An inventory that cannot be reached is not an absent one: that would open first-use trust. */
    bool absent = !lpd_fleet_inventory_file(fleet, vehicle, path) || (access(path, F_OK) != 0 && errno == ENOENT);
    if (absent) {
        if (director->dialect == LP_DIALECT_LEGACY && !lpd_store_registered(director->store, vehicle, &inventory)) {
            return lpd_refuse_code(refusal, LP_STATE, "%s", lpd_store_error(director->store));
        }
        *out = inventory;
        return true;
    }
    if (!lpd_inventory_read(path, director->dialect, &inventory, message, sizeof message)) {
        return lpd_refuse(refusal, 500, "inventory", "%s", message);
    }
    bool silent = inventory.vehicle[0] == '\0' && director->dialect == LP_DIALECT_LEGACY;
    if (!silent && strcmp(inventory.vehicle, vehicle) != 0) {
        lpd_refuse(refusal, 500, "inventory", "%s: is of vehicle '%s'", path, inventory.vehicle);
        lpd_inventory_free(&inventory);
        return false;
    }
    *out = inventory;
    return true;
}

void lpd_inventory_free(lpd_inventory *inventory) {
    free(inventory->ecus);
    inventory->ecus = NULL;
    inventory->count = 0;
}

const lpd_ecu *lpd_inventory_find(const lpd_inventory *inventory, const char *serial) {
    return find(inventory->ecus, inventory->count, serial);
}
