/* SPDX-License-Identifier: Apache-2.0 */
/* Targets metadata: images, and what the director and the image repository say of them. */
#include "json_internal.h"
#include "lampyr/path.h"
#include "lampyr/role.h"
#include "refusal.h"

lp_code lp_targets_read(const lp_signed *doc, lp_trusted_targets *out) {
    static const lp_json_row rows[] = {
        {"targets", LP_READ_OBJECT, false, offsetof(lp_trusted_targets, targets)},
        {"delegations", LP_READ_ANY, true, offsetof(lp_trusted_targets, delegations)},
        {"custom", LP_READ_ANY, true, offsetof(lp_trusted_targets, custom)},
    };
    out->doc = *doc;
    out->delegations = out->custom = (lp_json){NULL, 0};
    return lp_json_read_past(doc->payload, doc->big, rows, 3, out);
}

bool lp_targets_for_vehicle(const lp_trusted_targets *targets, const char *vehicle) {
    lp_str id;
    return lp_json_string(lp_json_get(targets->custom, "vehicle"), &id) == LP_OK && lp_str_is(id, vehicle);
}

/* The members of `custom` that verifiers act on. */
static lp_code read_custom(lp_json custom, lp_target *target) {
    static const lp_json_row rows[] = {
        {"releaseCounter", LP_READ_UINT, true, offsetof(lp_target, counter)},
        {"encrypted", LP_READ_BOOL, true, offsetof(lp_target, encrypted)},
    };
    lp_code code = lp_json_read(custom, rows, 2, target);
    target->has_counter = lp_json_get(custom, "releaseCounter").ptr != NULL;
    if (lp_json_get(custom, "encryption").ptr != NULL) {
        target->encrypted = true;
    }
    size_t hardware_ids = lp_json_count(lp_json_get(custom, "hardwareIds"));
    return code == LP_OK && LP_REFUSAL(3001, hardware_ids > LP_HARDWARE_IDS) ? LP_LIMIT_RECORD : code;
}

lp_code lp_target_read(lp_str name, lp_json value, lp_target *out) {
    static const lp_json_row rows[] = {
        {"length", LP_READ_UINT, false, offsetof(lp_target, length_bytes)},
        {"custom", LP_READ_OBJECT, true, offsetof(lp_target, custom)},
    };
    *out = (lp_target){.name = name};
    lp_code code = lp_name_check(name);
    if (code == LP_OK) {
        code = lp_json_read(value, rows, 2, out);
    }
    if (code == LP_OK) {
        code = lp_hashes_read(lp_json_get(value, "hashes"), &out->hashes);
    }
    if (code == LP_OK && out->custom.ptr != NULL) {
        code = read_custom(out->custom, out);
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
    static const lp_json_row row = {"hardwareId", LP_READ_STRING, false, 0};
    return lp_json_read(member, &row, 1, hardware);
}

lp_code lp_target_ecu(const lp_target *target, lp_str serial, bool *found, lp_str *hardware) {
    static const lp_json_row row = {"ecuIdentifiers", LP_READ_OBJECT, false, 0};
    lp_json ecus;
    lp_code code = lp_json_read(target->custom, &row, 1, &ecus);
    if (code != LP_OK) {
        return code;
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
    lp_str mine = {NULL, 0};
    lp_json mine_value = {NULL, 0};
    lp_str id = {NULL, 0};
    while (lp_json_next(&iter, &key, &value)) {
        lp_target target;
        bool ordered = false;
        lp_code code = lp_target_read(key, value, &target);
        if (code == LP_OK) {
            code = lp_target_ecu(&target, serial, &ordered, &id);
        }
        if (code == LP_OK && LP_REFUSAL(3002, ordered && mine.ptr != NULL)) {
            code = LP_REPEATED_ECU;
        }
        if (code != LP_OK) {
            return code;
        }
        if (ordered) {
            mine = key;
            mine_value = value;
        }
    }
    *found = mine.ptr != NULL;
    if (*found) {
        *hardware = id;
        return lp_target_read(mine, mine_value, out); /* again: boards have no room for two */
    }
    return LP_OK;
}
