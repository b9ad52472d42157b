/* SPDX-License-Identifier: Apache-2.0 */
#include "delegation.h"
#include "json_internal.h"
#include "lampyr/encode.h"
#include "lampyr/path.h"
#include "refusal.h"

#include <assert.h>
#include <string.h>

/* --- what a delegation must look like (TUF 1.0.34, 4.5) --- */

/* A role that is delegated to: its name, keys and threshold. */
static lp_code check_delegatee(lp_json keys, lp_json role) {
    lp_role_keys role_keys;
    lp_str name;
    char text[LP_NAME_BYTES];
    lp_code code = lp_role_keys_read(keys, role, &role_keys);
    if (code == LP_OK) {
        code = lp_json_string(lp_json_get(role, "name"), &name);
    }
    if (code == LP_OK && LP_REFUSAL(3601, name.len == 0)) {
        code = LP_FIELD_VALUE;
    }
    if (code == LP_OK) {
        code = lp_str_copy(name, text, sizeof text, NULL);
    }
    for (lp_role top = LP_ROLE_ROOT; code == LP_OK && top <= LP_ROLE_TARGETS; top++) {
        if (LP_REFUSAL(3602, lp_str_is(name, lp_role_name(top)))) {
            code = LP_NAME_UNSAFE; /* it would have the file of the top-level role */
        }
    }
    return code;
}

/* Does a role of the same name stand before the iterator's next one? Its word would count twice. */
static bool stands_before(lp_json roles, lp_json_iter next, lp_str name) {
    lp_json_iter iter = lp_json_iterate(roles);
    lp_json role;
    lp_str other;
    while (lp_json_next(&iter, NULL, &role) && iter.pos < next.pos) {
        if (lp_json_string(lp_json_get(role, "name"), &other) == LP_OK && lp_str_eq(other, name)) {
            return true;
        }
    }
    return false;
}

/* The roles of a multi-role delegation, and how many must agree (TAP 3). */
static lp_code check_multi(lp_json keys, lp_json delegation, lp_json roles) {
    uint64_t agreement;
    size_t count = lp_json_count(roles);
    lp_code code = LP_REFUSAL(3603, !lp_json_is_array(roles)) ? LP_FIELD_TYPE : LP_OK;
    if (code == LP_OK) {
        code = lp_json_uint(lp_json_get(delegation, "min_roles_in_agreement"), &agreement);
    }
    if (code == LP_OK && LP_REFUSAL(3604, agreement == 0 || agreement > count)) {
        code = LP_THRESHOLD_INVALID;
    }
    if (code == LP_OK && LP_REFUSAL(3605, count > LP_MULTI_ROLES)) {
        code = LP_LIMIT_DELEGATIONS;
    }
    lp_json_iter iter = lp_json_iterate(roles);
    lp_json role;
    lp_str name;
    while (code == LP_OK && lp_json_next(&iter, NULL, &role)) {
        code = check_delegatee(keys, role);
        if (code == LP_OK && lp_json_string(lp_json_get(role, "name"), &name) == LP_OK &&
            LP_REFUSAL(3626, stands_before(roles, iter, name))) {
            code = LP_FIELD_VALUE;
        }
    }
    return code;
}

/* The list of hardware that a delegation is for (Uptane 2.1.0, 5.2.3.2); none is for any. */
static lp_code check_hardware(lp_json hardware_ids) {
    if (hardware_ids.ptr == NULL) {
        return LP_OK;
    }
    if (LP_REFUSAL(3627, !lp_json_is_array(hardware_ids))) {
        return LP_FIELD_TYPE;
    }
    return LP_REFUSAL(3628, lp_json_count(hardware_ids) > LP_HARDWARE_IDS) ? LP_LIMIT_RECORD : LP_OK;
}

static lp_code check_delegation(lp_json keys, lp_json delegation) {
    lp_json roles = lp_json_get(delegation, "roles");
    lp_json paths = lp_json_get(delegation, "paths");
    lp_json prefixes = lp_json_get(delegation, "path_hash_prefixes");
    bool terminating;
    lp_code code = roles.ptr != NULL ? check_multi(keys, delegation, roles) : check_delegatee(keys, delegation);
    if (code == LP_OK) {
        code = lp_json_bool(lp_json_get(delegation, "terminating"), &terminating);
    }
    if (code == LP_OK && LP_REFUSAL(3606, paths.ptr == NULL && prefixes.ptr == NULL)) {
        code = LP_FIELD_MISSING;
    }
    if (code == LP_OK && LP_REFUSAL(3607, paths.ptr != NULL && prefixes.ptr != NULL)) {
        code = LP_FIELD_VALUE; /* exactly one of the two */
    }
    if (code == LP_OK && LP_REFUSAL(3608, !lp_json_is_array(paths.ptr != NULL ? paths : prefixes))) {
        code = LP_FIELD_TYPE;
    }
    return code == LP_OK ? check_hardware(lp_json_get(delegation, "hardwareIds")) : code;
}

/* Hash bins: all share keys and threshold, and names are made from a prefix. */
static lp_code check_succinct(lp_json keys, lp_json succinct) {
    lp_role_keys role_keys;
    uint64_t bits;
    lp_str prefix;
    lp_code code = lp_role_keys_read(keys, succinct, &role_keys);
    if (code == LP_OK) {
        code = lp_json_uint(lp_json_get(succinct, "bit_length"), &bits);
    }
    if (code == LP_OK && LP_REFUSAL(3609, bits < 1 || bits > 32)) {
        code = LP_FIELD_VALUE;
    }
    if (code == LP_OK) {
        code = lp_json_string(lp_json_get(succinct, "name_prefix"), &prefix);
    }
    if (code == LP_OK &&
        LP_REFUSAL(3610, lp_json_plain_end(prefix.ptr, prefix.ptr + prefix.len) != prefix.ptr + prefix.len)) {
        code = LP_FIELD_VALUE; /* the name is used unescaped */
    }
    return code;
}

lp_code lp_delegations_check(lp_json delegations) {
    lp_json keys = lp_json_get(delegations, "keys");
    lp_json roles = lp_json_get(delegations, "roles");
    lp_json succinct = lp_json_get(delegations, "succinct_roles");
    if (LP_REFUSAL(3611, !lp_json_is_object(delegations))) {
        return LP_FIELD_TYPE;
    }
    if (LP_REFUSAL(3612, keys.ptr == NULL) || LP_REFUSAL(3613, roles.ptr == NULL && succinct.ptr == NULL)) {
        return LP_FIELD_MISSING;
    }
    if (LP_REFUSAL(3614, !lp_json_is_object(keys)) || LP_REFUSAL(3615, roles.ptr != NULL && !lp_json_is_array(roles))) {
        return LP_FIELD_TYPE;
    }
    if (LP_REFUSAL(3616, roles.ptr != NULL && succinct.ptr != NULL)) {
        return LP_FIELD_VALUE;
    }
    lp_code code = succinct.ptr != NULL ? check_succinct(keys, succinct) : LP_OK;
    lp_json_iter iter = lp_json_iterate(roles);
    lp_json delegation;
    while (code == LP_OK && lp_json_next(&iter, NULL, &delegation)) {
        code = check_delegation(keys, delegation);
    }
    return code;
}

/* --- which apply --- */

/* Does one of `paths` match the image's name? Patterns that are no strings or too long match nothing. */
static bool paths_match(const lp_search *s, lp_json paths) {
    lp_json_iter iter = lp_json_iterate(paths);
    lp_json value;
    lp_str pattern;
    char text[LP_NAME_BYTES];
    while (lp_json_next(&iter, NULL, &value)) {
        if (lp_json_string(value, &pattern) == LP_OK && lp_str_copy(pattern, text, sizeof text, NULL) == LP_OK &&
            lp_path_match(s->tuf->config.dialect, text, s->image)) {
            return true;
        }
    }
    return false;
}

/* Does the SHA-256 of the image's name start with one of `prefixes`? */
static bool prefixes_match(const lp_search *s, lp_json prefixes) {
    lp_json_iter iter = lp_json_iterate(prefixes);
    lp_json value;
    lp_str prefix;
    char hex[2 * LP_SHA256_BYTES + 1];
    lp_hex_encode(s->image_hash, sizeof s->image_hash, hex);
    while (lp_json_next(&iter, NULL, &value)) {
        if (lp_json_string(value, &prefix) == LP_OK && prefix.len <= 2 * LP_SHA256_BYTES &&
            memcmp(prefix.ptr, hex, prefix.len) == 0) {
            return true;
        }
    }
    return false;
}

/* Is the delegation for the hardware of every ECU that is to run the image? Without a list it is for any. */
static bool hardware_matches(const lp_search *s, lp_json hardware_ids) {
    if (hardware_ids.ptr == NULL) {
        return true;
    }
    lp_json_iter iter = lp_json_iterate(s->ecus);
    lp_str serial;
    lp_json ecu;
    lp_str hardware;
    while (lp_json_next(&iter, &serial, &ecu)) {
        if (lp_target_ecu_hardware(ecu, &hardware) != LP_OK || !lp_hardware_listed(hardware_ids, hardware)) {
            return false;
        }
    }
    return true;
}

bool lp_delegation_applies(const lp_search *s, lp_json delegation) {
    lp_json paths = lp_json_get(delegation, "paths");
    bool named =
        paths.ptr != NULL ? paths_match(s, paths) : prefixes_match(s, lp_json_get(delegation, "path_hash_prefixes"));
    return !LP_REFUSAL(3617, !named) && !LP_REFUSAL(3618, !hardware_matches(s, lp_json_get(delegation, "hardwareIds")));
}

lp_code lp_delegation_bin(const lp_search *s, lp_json succinct, char *out, size_t out_bytes) {
    uint64_t bits = 0;
    lp_str prefix = {NULL, 0};
    lp_code code = lp_json_uint(lp_json_get(succinct, "bit_length"), &bits);
    if (code == LP_OK) {
        code = lp_json_string(lp_json_get(succinct, "name_prefix"), &prefix);
    }
    if (code != LP_OK) {
        return code;
    }
    size_t digits = ((size_t)bits + 3) / 4;
    if (LP_REFUSAL(3619, prefix.len + 1 + digits >= out_bytes)) {
        return LP_LIMIT_STRING;
    }
    uint32_t bin = (uint32_t)s->image_hash[0] << 24 | (uint32_t)s->image_hash[1] << 16 |
                   (uint32_t)s->image_hash[2] << 8 | s->image_hash[3];
    bin >>= 32 - bits;
    memcpy(out, prefix.ptr, prefix.len);
    out[prefix.len] = '-';
    char *end = out + prefix.len + 1 + digits;
    *end = '\0';
    for (size_t i = 0; i < digits; i++, bin >>= 4) {
        *--end = "0123456789abcdef"[bin & 15];
    }
    return LP_OK;
}

/* --- agreement of a multi-role delegation --- */

/* Is all hardware of the one list on the other? */
static bool hardware_within(lp_json ids, lp_json others) {
    lp_json_iter iter = lp_json_iterate(ids);
    lp_json value;
    lp_str hardware;
    while (lp_json_next(&iter, NULL, &value)) {
        if (lp_json_string(value, &hardware) != LP_OK || !lp_hardware_listed(others, hardware)) {
            return false;
        }
    }
    return true;
}

static bool same_hardware(const lp_target *a, const lp_target *b) {
    lp_json in_a = lp_target_hardware_ids(a);
    lp_json in_b = lp_target_hardware_ids(b);
    return hardware_within(in_a, in_b) && hardware_within(in_b, in_a);
}

/* Do two roles or repositories say the same of an image? */
static bool agree(const lp_target *a, const lp_target *b) {
    return !LP_REFUSAL(3620, a->length_bytes != b->length_bytes) &&
           !LP_REFUSAL(3621, !lp_hashes_agree(&a->hashes, &b->hashes)) &&
           !LP_REFUSAL(3622, a->has_counter != b->has_counter || a->counter != b->counter) &&
           !LP_REFUSAL(3623, !same_hardware(a, b)) &&
           !LP_REFUSAL(3625, !lp_json_same(lp_json_get(a->custom, "mustMatch"), lp_json_get(b->custom, "mustMatch"))) &&
           !LP_REFUSAL(3629, a->encrypted != b->encrypted);
}

bool lp_target_agrees(const lp_target *said, uint32_t others, size_t at) {
    for (size_t i = 0; others != 0; i++, others >>= 1) {
        if ((others & 1) != 0 && !agree(&said[i], &said[at])) {
            return false;
        }
    }
    return true;
}

uint32_t lp_targets_agreeing(const lp_target *said, const uint8_t *places, size_t count, size_t at,
                             unsigned *agreeing) {
    uint32_t bits = UINT32_C(1) << at;
    *agreeing = 1;
    for (size_t i = 0; i < count; i++) {
        if (places[i] != at && lp_target_agrees(said, bits, places[i])) {
            bits |= UINT32_C(1) << places[i];
            ++*agreeing;
        }
    }
    return bits;
}

bool lp_delegation_agreed(const lp_search_multi *multi, lp_target *out) {
    static const uint8_t places[LP_MULTI_ROLES] = {0, 1, 2, 3, 4, 5, 6, 7};
    static_assert(LP_MULTI_ROLES == 8, "all places are listed");
    for (size_t at = 0; at < multi->count; at++) {
        unsigned votes;
        uint32_t agreeing = lp_targets_agreeing(multi->said, places, multi->count, at, &votes);
        if (LP_REFUSAL(3624, votes < multi->agreement)) {
            continue;
        }
        *out = multi->said[at];
        for (size_t i = 0; i < multi->count; i++) {
            if ((agreeing >> i & 1) != 0) {
                lp_hashes_add(&out->hashes, &multi->said[i].hashes);
            }
        }
        return true;
    }
    return false;
}
