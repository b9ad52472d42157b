/* SPDX-License-Identifier: Apache-2.0 */
#include "inventory.h"

#include "lampyr-host/files.h"
#include "lampyr/path.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    INVENTORY_BYTES = 8 * 1024 * 1024, /* LP_ECUS with the largest keys, and room for white space */
    INVENTORY_DEPTH = 8,
};

static lp_code copy_field(lp_json value, char *out) {
    lp_str text;
    lp_code code = lp_json_string(value, &text);
    if (code == LP_OK) {
        code = lp_str_copy(text, out, LP_SERIAL_BYTES, NULL);
    }
    return code;
}

/* A serial becomes a CoAP path segment: it must not be able to change the path. */
static bool serial_usable(const char *serial) {
    return lp_name_safe(serial) && strchr(serial, '/') == NULL;
}

static lp_code read_ecu(lp_json value, lp_inventory_ecu *ecu) {
    lp_json_field fields[] = {{"hardware", {NULL, 0}}, {"key", {NULL, 0}}, {"serial", {NULL, 0}}};
    lp_code code = lp_json_record(value, fields, 3);
    if (code == LP_OK) {
        code = copy_field(fields[0].value, ecu->hardware);
    }
    if (code == LP_OK) {
        code = copy_field(fields[2].value, ecu->serial);
    }
    if (code == LP_OK) {
        code = lp_public_key_read(fields[1].value, &ecu->key);
    }
    if (code != LP_OK) {
        return code;
    }
    if (!serial_usable(ecu->serial) || ecu->hardware[0] == '\0' || ecu->key.scheme == LP_SCHEME_UNKNOWN) {
        return LP_FIELD_VALUE;
    }
    return LP_OK;
}

static lp_code read_ecus(lp_json ecus, lp_inventory *out) {
    if (!lp_json_is_array(ecus)) {
        return LP_FIELD_TYPE;
    }
    size_t count = lp_json_count(ecus);
    if (count == 0 || count > LP_ECUS) {
        return LP_LIMIT_ECUS;
    }
    out->ecus = calloc(count, sizeof *out->ecus);
    if (out->ecus == NULL) {
        return LP_LIMIT_MEMORY;
    }
    lp_json value;
    for (lp_json_iter iter = lp_json_iterate(ecus); lp_json_next(&iter, NULL, &value); out->count++) {
        lp_inventory_ecu *ecu = &out->ecus[out->count];
        lp_code code = read_ecu(value, ecu);
        if (code != LP_OK) {
            return code;
        }
        if (lp_inventory_find(out, ecu->serial) >= 0) {
            return LP_REPEATED_ECU;
        }
    }
    return LP_OK;
}

static lp_code read_inventory(lp_slice bytes, lp_inventory *out) {
    lp_scratch scratch = {NULL, lp_json_scratch_bytes(bytes.len)};
    scratch.ptr = malloc(scratch.bytes);
    if (scratch.ptr == NULL) {
        return LP_LIMIT_MEMORY;
    }
    lp_json document;
    lp_code code = lp_json_check(bytes, LP_JSON_SERVED, LP_DIALECT_TUF, INVENTORY_DEPTH, scratch, &document, NULL);
    free(scratch.ptr);
    if (code != LP_OK) {
        return code;
    }
    if (!lp_json_is_object(document)) {
        return LP_FIELD_TYPE;
    }
    code = copy_field(lp_json_get(document, "primary"), out->primary);
    lp_json vehicle = lp_json_get(document, "vehicle");
    if (code == LP_OK && vehicle.ptr != NULL) {
        code = copy_field(vehicle, out->vehicle);
    }
    if (code == LP_OK) {
        code = read_ecus(lp_json_get(document, "ecus"), out);
    }
    if (code == LP_OK && lp_inventory_find(out, out->primary) < 0) {
        code = LP_UNKNOWN_ECU;
    }
    return code;
}

bool lp_inventory_load(const char *path, lp_inventory *out, char *message, size_t message_bytes) {
    uint8_t *bytes;
    size_t len;
    if (!lp_file_read(path, INVENTORY_BYTES, &bytes, &len)) {
        snprintf(message, message_bytes, "cannot read %s: %s", path, strerror(errno));
        return false;
    }
    lp_inventory inventory = {.count = 0};
    lp_code code = read_inventory((lp_slice){bytes, len}, &inventory);
    free(bytes);
    if (code != LP_OK) {
        char where[32] = "";
        if (inventory.ecus != NULL && code != LP_UNKNOWN_ECU) { /* of the list, not of the whole */
            snprintf(where, sizeof where, "ECU %zu: ", inventory.count + 1);
        }
        snprintf(message, message_bytes, "%s: %s%s (%s)", path, where, lp_code_text(code), lp_code_name(code));
        lp_inventory_free(&inventory);
        return false;
    }
    *out = inventory;
    return true;
}

void lp_inventory_free(lp_inventory *inventory) {
    free(inventory->ecus);
    *inventory = (lp_inventory){.count = 0};
}

int lp_inventory_find(const lp_inventory *inventory, const char *serial) {
    for (size_t i = 0; i < inventory->count; i++) {
        if (strcmp(inventory->ecus[i].serial, serial) == 0) {
            return (int)i;
        }
    }
    return -1;
}
