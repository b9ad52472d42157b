/* SPDX-License-Identifier: Apache-2.0 */
/* What all roles have in common: envelope, signatures, and what they say of keys and other files. */
#include "lampyr/role.h"
#include "json_internal.h"
#include "lampyr/encode.h"
#include "refusal.h"
#include "role_internal.h"

#include <string.h>

/* Reads members of the payload. */
static lp_code read_payload(const lp_signed *doc, const lp_json_row *rows, size_t count, void *out) {
    return lp_json_read_past(doc->payload, doc->big, rows, count, out);
}

lp_json lp_signed_get(const lp_signed *doc, const char *name) {
    return lp_json_get_past(doc->payload, doc->big, name);
}

static const char *type_name(lp_role role, lp_dialect dialect) {
    static const char *const names[2][4] = {{"root", "timestamp", "snapshot", "targets"},
                                            {"Root", "Timestamp", "Snapshot", "Targets"}};
    lp_role base = role == LP_ROLE_DELEGATED ? LP_ROLE_TARGETS : role;
    return names[dialect == LP_DIALECT_LEGACY][base - LP_ROLE_ROOT];
}

/* The fields every role's payload has (Uptane 2.1.0, 5.2.1). */
typedef struct common_fields {
    lp_str type;
    lp_str spec_version;
    uint64_t version;
    lp_str expires;
} common_fields;

static lp_code read_common(lp_signed *doc, lp_role role) {
    static const lp_json_row rows[] = {
        {"_type", LP_READ_STRING, false, offsetof(common_fields, type)},
        {"version", LP_READ_UINT, false, offsetof(common_fields, version)},
        {"expires", LP_READ_STRING, false, offsetof(common_fields, expires)},
        {"spec_version", LP_READ_STRING, false, offsetof(common_fields, spec_version)}, /* legacy metadata has none */
    };
    bool legacy = doc->dialect == LP_DIALECT_LEGACY;
    common_fields fields;
    lp_code code = read_payload(doc, rows, legacy ? 3 : 4, &fields);
    if (code != LP_OK) {
        return code;
    }
    if (LP_REFUSAL(2901, !lp_str_is(fields.type, type_name(role, doc->dialect)))) {
        return LP_WRONG_ROLE;
    }
    lp_str spec = fields.spec_version; /* "1.x.y" (TUF 1.0.34, 4.3) */
    if (LP_REFUSAL(2902, !legacy && (spec.len < 3 || spec.ptr[0] != '1' || spec.ptr[1] != '.'))) {
        return LP_SPEC_VERSION;
    }
    if (LP_REFUSAL(2903, fields.version == 0)) {
        return LP_FIELD_VALUE;
    }
    doc->version = fields.version;
    return lp_time_parse(fields.expires, &doc->expires);
}

lp_code lp_signed_open(lp_slice file, lp_json_form form, lp_dialect dialect, const lp_limits *limits,
                       lp_scratch scratch, lp_signed *out) {
    static const lp_json_row rows[] = {
        {"signatures", LP_READ_ARRAY, false, offsetof(lp_signed, signatures)},
        {"signed", LP_READ_OBJECT, false, offsetof(lp_signed, payload)},
    };
    lp_json whole;
    lp_json_facts facts;
    *out = (lp_signed){.file = file, .dialect = dialect};
    lp_code code = lp_json_scan(file, form, dialect, limits->json_depth, &whole, &facts);
    if (code == LP_OK && !facts.ordered && !LP_CONSTRAINED) {
        code = lp_json_unique(whole, scratch);
    }
    if (code == LP_OK) {
        code = lp_json_read_past(whole, facts.big[0], rows, 2, out);
    }
    if (code != LP_OK) {
        return code;
    }
    out->big = facts.big[1];
    out->ordered = LP_CONSTRAINED || facts.ordered;
    out->canonical = LP_CONSTRAINED || facts.first_odd == NULL || facts.last_odd < out->payload.ptr ||
                     facts.first_odd >= out->payload.ptr + out->payload.len;
    return LP_OK;
}

lp_code lp_signed_parse(lp_slice file, lp_role role, lp_json_form form, lp_dialect dialect, const lp_limits *limits,
                        lp_scratch scratch, lp_signed *out) {
    lp_code code = lp_signed_open(file, form, dialect, limits, scratch, out);
    return code == LP_OK ? read_common(out, role) : code;
}

static bool contains(lp_json array, lp_str text) {
    lp_json_iter iter = lp_json_iterate(array);
    lp_json value;
    lp_str element;
    while (lp_json_next(&iter, NULL, &value)) {
        if (lp_json_string(value, &element) == LP_OK && lp_str_eq(element, text)) {
            return true;
        }
    }
    return false;
}

bool lp_hardware_listed(lp_json hardware_ids, lp_str hardware) {
    return lp_json_is_array(hardware_ids) && contains(hardware_ids, hardware);
}

lp_code lp_signature_read(lp_json entry, lp_signature *out) {
    static const lp_json_row rows[] = {
        {"keyid", LP_READ_STRING, false, offsetof(lp_signature, keyid)},
        {"sig", LP_READ_STRING, false, offsetof(lp_signature, text)},
    };
    return lp_json_read_record(entry, rows, 2, out);
}

LP_OWN_FRAME bool lp_signature_verify(const lp_signature *signature, lp_dialect dialect, const lp_crypto *crypto,
                                      const lp_public_key *key, lp_slice message) {
    uint8_t bytes[LP_SIGNATURE_BYTES];
    size_t len = 0;
    lp_code code = dialect == LP_DIALECT_TUF ? lp_hex_decode(signature->text, bytes, sizeof bytes, &len)
                                             : lp_base64_decode(signature->text, bytes, sizeof bytes, &len);
    return code == LP_OK && !LP_REFUSAL(2904, !crypto->verify(crypto, key, (lp_slice){bytes, len}, message));
}

/* Key objects; which key each is, is read again when it is compared: boards have no room for the keys themselves. */
typedef struct key_list {
    lp_json at[LP_ROLE_KEYS];
    size_t count;
} key_list;

/* True if the list has a key of the same value, whatever its keyid. */
static bool holds(const key_list *list, const lp_public_key *key) {
    for (size_t i = 0; i < list->count; i++) {
        lp_public_key other;
        if (lp_public_key_read(list->at[i], &other) == LP_OK && lp_public_key_eq(&other, key)) {
            return true;
        }
    }
    return false;
}

/* True if the signature counts: its key is known, is not yet counted (key-threshold misuse), and made it. */
static LP_OWN_FRAME bool counts(const key_list *counted, lp_json key_object, const lp_signature *signature,
                                lp_dialect dialect, const lp_crypto *crypto, lp_slice message) {
    lp_public_key key;
    return lp_public_key_read(key_object, &key) == LP_OK && !LP_REFUSAL(2905, key.scheme == LP_SCHEME_UNKNOWN) &&
           !LP_REFUSAL(2906, holds(counted, &key)) && lp_signature_verify(signature, dialect, crypto, &key, message);
}

/* TUF 1.0.34, 4.2.1: a keyid stands in `signatures` once. Legacy servers are not held to it. */
static LP_OWN_FRAME lp_code check_keyids_unique(const lp_signed *doc) {
    const char *seen[LP_SIGNATURES]; /* where keyids begin; each entry is walked through once, whatever else it holds */
    size_t count = 0;
    lp_json_iter iter = lp_json_iterate(doc->signatures);
    lp_json entry;
    lp_str keyid;
    while (lp_json_next(&iter, NULL, &entry)) {
        if (lp_json_string(lp_json_get(entry, "keyid"), &keyid) != LP_OK) {
            continue;
        }
        for (size_t i = 0; i < count; i++) {
            if (LP_REFUSAL(2907, lp_str_compare((lp_str){seen[i], (size_t)(iter.end - seen[i])}, keyid) == 0)) {
                return LP_FIELD_VALUE;
            }
        }
        seen[count++] = keyid.ptr; /* lp_signed_verify() has counted them */
    }
    return LP_OK;
}

lp_code lp_signed_verify(const lp_signed *doc, const lp_role_keys *keys, const lp_crypto *crypto,
                         const lp_limits *limits, lp_scratch scratch) {
    size_t keyids = lp_json_count(keys->keyids);
    if (LP_REFUSAL(2908, keyids > limits->keys || keyids > LP_ROLE_KEYS)) {
        return LP_LIMIT_KEYS;
    }
    if (LP_REFUSAL(2909, keys->threshold > keyids)) {
        return LP_THRESHOLD_INVALID;
    }
    size_t signatures = lp_json_count(doc->signatures);
    if (LP_REFUSAL(2910, signatures > limits->signatures || signatures > LP_SIGNATURES)) {
        return LP_LIMIT_SIGNATURES;
    }
    lp_slice message = {(const uint8_t *)doc->payload.ptr, doc->payload.len};
    lp_code code = doc->dialect == LP_DIALECT_TUF ? check_keyids_unique(doc) : LP_OK;
    if (code == LP_OK && !doc->canonical && !LP_CONSTRAINED) {
        code = lp_json_canonical(doc->payload, doc->dialect, scratch, &message);
    }
    key_list counted;
    counted.count = 0;
    lp_json_iter iter = lp_json_iterate(doc->signatures);
    lp_json entry;
    while (code == LP_OK && counted.count < keys->threshold && lp_json_next(&iter, NULL, &entry)) {
        lp_signature signature;
        code = lp_signature_read(entry, &signature);
        if (code == LP_OK && !LP_REFUSAL(2911, !contains(keys->keyids, signature.keyid))) {
            lp_json key = lp_json_find(keys->keys, signature.keyid);
            if (counts(&counted, key, &signature, doc->dialect, crypto, message)) {
                counted.at[counted.count++] = key;
            }
        }
    }
    if (code == LP_OK && LP_REFUSAL(2912, counted.count < keys->threshold)) {
        code = LP_SIGNATURE_THRESHOLD;
    }
    return code;
}

lp_code lp_role_keys_read(lp_json keys, lp_json role, lp_role_keys *out) {
    static const lp_json_row rows[] = {
        {"keyids", LP_READ_ARRAY, false, offsetof(lp_role_keys, keyids)},
        {"threshold", LP_READ_UINT, false, offsetof(lp_role_keys, threshold)},
    };
    *out = (lp_role_keys){.keys = keys};
    lp_code code = lp_json_read(role, rows, 2, out);
    if (LP_REFUSAL(2913, lp_json_count(out->keyids) > LP_ROLE_KEYS)) {
        return LP_LIMIT_KEYS;
    }
    return code == LP_OK && LP_REFUSAL(2914, out->threshold == 0) ? LP_THRESHOLD_INVALID : code;
}

lp_code lp_root_role_keys(const lp_signed *root, lp_role role, lp_role_keys *out) {
    static const lp_json_row rows[] = {{"keys", LP_READ_OBJECT, false, 0},
                                       {"roles", LP_READ_OBJECT, false, sizeof(lp_json)}};
    lp_json fields[2];
    lp_code code = read_payload(root, rows, 2, fields);
    return code == LP_OK ? lp_role_keys_read(fields[0], lp_json_get(fields[1], lp_role_name(role)), out) : code;
}

lp_code lp_root_read(const lp_signed *root, const lp_limits *limits, bool *consistent_snapshot) {
    static const lp_json_row row = {"consistent_snapshot", LP_READ_BOOL, true, 0};
    bool consistent = false;
    lp_code code = LP_OK;
    for (lp_role role = LP_ROLE_ROOT; code == LP_OK && role <= LP_ROLE_TARGETS; role++) {
        lp_role_keys keys;
        code = lp_root_role_keys(root, role, &keys);
        if (code == LP_OK && LP_REFUSAL(2915, lp_json_count(keys.keyids) > limits->keys)) {
            code = LP_LIMIT_KEYS;
        }
    }
    if (code == LP_OK) {
        code = read_payload(root, &row, 1, &consistent);
    }
    if (code == LP_OK) {
        *consistent_snapshot = consistent && root->dialect == LP_DIALECT_TUF;
    }
    return code;
}

/* The key objects of a role, each looked up once. */
static key_list list_keys(const lp_role_keys *keys) {
    key_list list;
    list.count = 0;
    lp_json_iter iter = lp_json_iterate(keys->keyids);
    lp_json id;
    lp_str keyid;
    while (list.count < LP_ROLE_KEYS && lp_json_next(&iter, NULL, &id)) {
        if (lp_json_string(id, &keyid) == LP_OK) {
            list.at[list.count++] = lp_json_find(keys->keys, keyid);
        }
    }
    return list;
}

/* True if every key of `a` is, by value, a key of `b`. */
static bool keys_within(const key_list *a, const key_list *b) {
    for (size_t i = 0; i < a->count; i++) {
        lp_public_key key_a;
        if (lp_public_key_read(a->at[i], &key_a) != LP_OK || key_a.scheme == LP_SCHEME_UNKNOWN) {
            continue;
        }
        if (!holds(b, &key_a)) {
            return false;
        }
    }
    return true;
}

bool lp_role_keys_eq(const lp_role_keys *a, const lp_role_keys *b) {
    key_list in_a = list_keys(a);
    key_list in_b = list_keys(b);
    return a->threshold == b->threshold && keys_within(&in_a, &in_b) && keys_within(&in_b, &in_a);
}

/* True if `key` is `role_name` followed by ".json". */
static bool names_file_of(lp_str key, lp_str role_name) {
    static const char suffix[] = ".json";
    size_t suffix_len = sizeof suffix - 1;
    return key.len >= suffix_len && memcmp(key.ptr + key.len - suffix_len, suffix, suffix_len) == 0 &&
           lp_str_eq((lp_str){key.ptr, key.len - suffix_len}, role_name);
}

lp_code lp_file_info_read(lp_json value, lp_file_info *out) {
    lp_json_field fields[] = {{.name = "version"}, {.name = "length"}, {.name = "hashes"}};
    lp_file_info info = {0};
    lp_code code = lp_json_record(value, fields, 3);
    if (code == LP_OK) {
        code = lp_json_uint(fields[0].value, &info.version);
    }
    if (code == LP_OK && LP_REFUSAL(2916, info.version == 0)) {
        code = LP_FIELD_VALUE;
    }
    if (code == LP_OK && fields[1].value.ptr != NULL) {
        code = lp_json_uint(fields[1].value, &info.length_bytes);
        info.has_length = code == LP_OK;
    }
    if (code == LP_OK && fields[2].value.ptr != NULL) {
        code = lp_hashes_read(fields[2].value, &info.hashes);
        info.has_hashes = code == LP_OK;
    }
    if (code == LP_OK) {
        *out = info;
    }
    return code;
}

lp_code lp_meta_find(const lp_signed *doc, lp_str role_name, bool *found, lp_file_info *out) {
    static const lp_json_row row = {"meta", LP_READ_OBJECT, false, 0};
    lp_json meta;
    lp_code code = read_payload(doc, &row, 1, &meta);
    if (code != LP_OK) {
        return code;
    }
    lp_json_iter iter = lp_json_iterate(meta);
    lp_str key;
    lp_json value;
    while (lp_json_next(&iter, &key, &value)) {
        if (names_file_of(key, role_name)) {
            code = lp_file_info_read(value, out);
            *found = code == LP_OK;
            return code;
        }
    }
    *found = false;
    return LP_OK;
}
