/* SPDX-License-Identifier: Apache-2.0 */
/* Targets metadata: images, and what the director and the image repository say of them. */
#include "json_internal.h"
#include "lampyr/path.h"
#include "lampyr/role.h"

lp_code lp_targets_read(const lp_signed *doc, lp_trusted_targets *out) {
    lp_trusted_targets result = {.doc = *doc};
    result.targets = lp_signed_get(doc, "targets");
    result.delegations = lp_signed_get(doc, "delegations");
    result.custom = lp_signed_get(doc, "custom");
    if (result.targets.ptr == NULL) {
        return LP_FIELD_MISSING;
    }
    if (!lp_json_is_object(result.targets)) {
        return LP_FIELD_TYPE;
    }
    *out = result;
    return LP_OK;
}

bool lp_targets_for_vehicle(const lp_trusted_targets *targets, const char *vehicle) {
    lp_str id;
    return lp_json_string(lp_json_get(targets->custom, "vehicle"), &id) == LP_OK && lp_str_is(id, vehicle);
}

/* The members of `custom` that verifiers act on. */
static lp_code read_custom(lp_json custom, lp_target *target) {
    if (!lp_json_is_object(custom)) {
        return LP_FIELD_TYPE;
    }
    lp_json_iter iter = lp_json_iterate(custom);
    lp_str key;
    lp_json value;
    lp_code code = LP_OK;
    while (code == LP_OK && lp_json_next(&iter, &key, &value)) {
        if (lp_str_is(key, "releaseCounter")) {
            code = lp_json_uint(value, &target->counter);
            target->has_counter = true;
        } else if (lp_str_is(key, "hardwareIds") && lp_json_count(value) > LP_HARDWARE_IDS) {
            code = LP_LIMIT_RECORD;
        } else if (lp_str_is(key, "encrypted")) {
            code = lp_json_bool(value, &target->encrypted);
        } else if (lp_str_is(key, "encryption")) {
            target->encrypted = true;
        }
    }
    return code;
}

lp_code lp_target_read(lp_str name, lp_json value, lp_target *out) {
    lp_target target = {.name = name};
    char text[LP_NAME_BYTES];
    if (!lp_json_is_object(value)) {
        return LP_FIELD_TYPE;
    }
    lp_code code = lp_str_copy(name, text, sizeof text, NULL);
    if (code == LP_OK && !lp_name_safe(text)) {
        code = LP_NAME_UNSAFE;
    }
    if (code == LP_OK) {
        code = lp_json_uint(lp_json_get(value, "length"), &target.length_bytes);
    }
    if (code == LP_OK) {
        code = lp_hashes_read(lp_json_get(value, "hashes"), &target.hashes);
    }
    target.custom = lp_json_get(value, "custom");
    if (code == LP_OK && target.custom.ptr != NULL) {
        code = read_custom(target.custom, &target);
    }
    if (code == LP_OK) {
        *out = target;
    }
    return code;
}

lp_code lp_targets_find(const lp_trusted_targets *targets, lp_str name, bool *found, lp_target *out) {
    lp_json_iter iter = lp_json_iterate(targets->targets);
    lp_str key;
    lp_json value;
    while (lp_json_next(&iter, &key, &value)) {
        int order = lp_str_compare(key, name);
        if (order == 0) {
            lp_code code = lp_target_read(key, value, out);
            *found = code == LP_OK;
            return code;
        }
        if (order > 0 && targets->doc.ordered) {
            break;
        }
    }
    *found = false;
    return LP_OK;
}

lp_json lp_target_hardware_ids(const lp_target *target) {
    lp_json ids = lp_json_get(target->custom, "hardwareIds");
    return lp_json_is_array(ids) ? ids : (lp_json){NULL, 0};
}

lp_json lp_target_ecus(const lp_target *target) {
    return lp_json_get(target->custom, "ecuIdentifiers");
}

lp_code lp_target_ecu_hardware(lp_json member, lp_str *hardware) {
    return lp_json_is_object(member) ? lp_json_string(lp_json_get(member, "hardwareId"), hardware) : LP_FIELD_TYPE;
}

lp_code lp_target_ecu(const lp_target *target, lp_str serial, bool *found, lp_str *hardware) {
    lp_json ecus = lp_target_ecus(target);
    if (ecus.ptr == NULL) {
        return LP_FIELD_MISSING;
    }
    if (!lp_json_is_object(ecus)) {
        return LP_FIELD_TYPE;
    }
    lp_json ecu = lp_json_find(ecus, serial);
    *found = ecu.ptr != NULL;
    return *found ? lp_target_ecu_hardware(ecu, hardware) : LP_OK;
}

lp_code lp_targets_for_ecu(const lp_trusted_targets *targets, lp_str serial, bool *found, lp_target *out,
                           lp_str *hardware) {
    lp_json_iter iter = lp_json_iterate(targets->targets);
    lp_str key;
    lp_json value;
    lp_target mine = {.length_bytes = 0};
    lp_str mine_hardware = {NULL, 0};
    bool any = false;
    while (lp_json_next(&iter, &key, &value)) {
        lp_target target;
        bool ordered = false;
        lp_str id;
        lp_code code = lp_target_read(key, value, &target);
        if (code == LP_OK) {
            code = lp_target_ecu(&target, serial, &ordered, &id);
        }
        if (code == LP_OK && ordered && any) {
            code = LP_REPEATED_ECU;
        }
        if (code != LP_OK) {
            return code;
        }
        if (ordered) {
            any = true;
            mine = target;
            mine_hardware = id;
        }
    }
    *found = any;
    if (any) {
        *out = mine;
        *hardware = mine_hardware;
    }
    return LP_OK;
}
