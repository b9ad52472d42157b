/* SPDX-License-Identifier: Apache-2.0 */
#include "registration.h"

#include "store.h"

#include <stdlib.h>
#include <string.h>

typedef struct registration {
    char primary[LPD_ID_BYTES];
    lpd_ecu *ecus; /* owned */
    size_t count;
} registration;

static bool read_registration(const lpd_director *director, lp_slice body, registration *out, lpd_refusal *refusal) {
    static const lpd_ecu_names names = {"ecu_serial", "hardware_identifier", "clientKey"};
    lp_scratch scratch = {.ptr = malloc(lp_json_scratch_bytes(body.len)), .bytes = lp_json_scratch_bytes(body.len)};
    if (scratch.ptr == NULL) {
        return lpd_refuse_code(refusal, LP_STATE, "out of memory");
    }
    lp_json root;
    lp_code code =
        lp_json_check(body, LP_JSON_SERVED, director->dialect, lp_limits_gateway.json_depth, scratch, &root, NULL);
    free(scratch.ptr);
    if (code != LP_OK) {
        return lpd_refuse_code(refusal, code, "registration: %s", lp_code_text(code));
    }
    if (!lp_json_is_object(root)) {
        return lpd_refuse_code(refusal, LP_FIELD_TYPE, "registration: not an object");
    }
    lp_str primary;
    code = lp_json_string(lp_json_get(root, "primary_ecu_serial"), &primary);
    if (code == LP_OK) {
        code = lp_str_copy(primary, out->primary, sizeof out->primary, NULL);
    }
    if (code != LP_OK) {
        return lpd_refuse_code(refusal, code, "primary_ecu_serial: %s", lp_code_text(code));
    }
    size_t where;
    code = lpd_ecus_read(lp_json_get(root, "ecus"), &names, &out->ecus, &out->count, &where);
    return code == LP_OK || lpd_refuse_code(refusal, code, "ecus[%zu]: %s", where, lp_code_text(code));
}

static bool check_against(const lpd_inventory *inventory, const registration *r, lpd_refusal *refusal) {
    if (strcmp(inventory->primary, r->primary) != 0) {
        return lpd_refuse_code(refusal, LP_UNKNOWN_ECU, "primary_ecu_serial: '%s' is not this vehicle's primary",
                               r->primary);
    }
    for (size_t i = 0; i < r->count; i++) {
        const lpd_ecu *claimed = &r->ecus[i];
        const lpd_ecu *known = lpd_inventory_find(inventory, claimed->serial);
        if (known == NULL) {
            return lpd_refuse_code(refusal, LP_UNKNOWN_ECU, "'%s' is not in the inventory", claimed->serial);
        }
        if (!lp_public_key_eq(&known->key, &claimed->key)) {
            return lpd_refuse_code(refusal, LP_UNKNOWN_ECU, "%s has another key in the inventory", claimed->serial);
        }
        if (strcmp(known->hardware, claimed->hardware) != 0) {
            return lpd_refuse_code(refusal, LP_WRONG_HARDWARE, "%s is '%s' in the inventory, not '%s'", claimed->serial,
                                   known->hardware, claimed->hardware);
        }
    }
    return true;
}

/* The registration that everything later is held against must be sound in itself. */
static bool check_first(const registration *r, lpd_refusal *refusal) {
    for (size_t i = 0; i < r->count; i++) {
        if (strcmp(r->ecus[i].serial, r->primary) == 0) {
            return true;
        }
    }
    return lpd_refuse_code(refusal, LP_UNKNOWN_ECU, "primary_ecu_serial: '%s' is not among the ECUs", r->primary);
}

bool lpd_register(const lpd_director *director, const char *vehicle, const lpd_inventory *inventory, lp_slice body,
                  int64_t now, lpd_refusal *refusal) {
    registration r = {.count = 0};
    if (!read_registration(director, body, &r, refusal)) {
        return false;
    }
    bool first = inventory->source == LPD_INVENTORY_NONE && director->dialect == LP_DIALECT_LEGACY;
    bool ok = first ? check_first(&r, refusal) : check_against(inventory, &r, refusal);
    if (ok && !lpd_store_register(director->store, vehicle, r.primary, r.ecus, r.count, now)) {
        ok = lpd_refuse_code(refusal, LP_STATE, "%s", lpd_store_error(director->store));
    }
    free(r.ecus);
    return ok;
}
