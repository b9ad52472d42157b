/* SPDX-License-Identifier: Apache-2.0 */
/* What all roles have in common: envelope, signatures, and what they say of keys and other files. */
#include "lampyr/role.h"
#include "json_internal.h"
#include "lampyr/encode.h"
#include "role_internal.h"

#include <string.h>

lp_json lp_signed_get(const lp_signed *doc, const char *name) {
    return lp_json_get_past(doc->payload, doc->big, name);
}

static const char *type_name(lp_role role, lp_dialect dialect) {
    static const char *const names[2][4] = {{"root", "timestamp", "snapshot", "targets"},
                                            {"Root", "Timestamp", "Snapshot", "Targets"}};
    lp_role base = role == LP_ROLE_DELEGATED ? LP_ROLE_TARGETS : role;
    return names[dialect == LP_DIALECT_LEGACY][base - LP_ROLE_ROOT];
}

/* `spec_version` is "1.x.y" (TUF 1.0.34, 4.3); legacy metadata has none. */
static lp_code check_spec_version(const lp_signed *doc) {
    if (doc->dialect == LP_DIALECT_LEGACY) {
        return LP_OK;
    }
    lp_str version;
    lp_code code = lp_json_string(lp_signed_get(doc, "spec_version"), &version);
    if (code == LP_OK && (version.len < 3 || memcmp(version.ptr, "1.", 2) != 0)) {
        code = LP_SPEC_VERSION;
    }
    return code;
}

/* The fields every role's payload has (Uptane 2.1.0, 5.2.1). */
static lp_code read_common(lp_signed *doc, lp_role role) {
    lp_str text;
    lp_code code = lp_json_string(lp_signed_get(doc, "_type"), &text);
    if (code == LP_OK && !lp_str_is(text, type_name(role, doc->dialect))) {
        code = LP_WRONG_ROLE;
    }
    if (code == LP_OK) {
        code = check_spec_version(doc);
    }
    if (code == LP_OK) {
        code = lp_json_uint(lp_signed_get(doc, "version"), &doc->version);
    }
    if (code == LP_OK && doc->version == 0) {
        code = LP_FIELD_VALUE;
    }
    if (code == LP_OK) {
        code = lp_json_string(lp_signed_get(doc, "expires"), &text);
    }
    return code == LP_OK ? lp_time_parse(text, &doc->expires) : code;
}

static lp_code demand(lp_json value, bool (*is_type)(lp_json), lp_json *out) {
    if (value.ptr == NULL) {
        return LP_FIELD_MISSING;
    }
    if (!is_type(value)) {
        return LP_FIELD_TYPE;
    }
    *out = value;
    return LP_OK;
}

lp_code lp_signed_open(lp_slice file, lp_json_form form, lp_dialect dialect, const lp_limits *limits,
                       lp_scratch scratch, lp_signed *out) {
    lp_signed doc = {.file = file, .dialect = dialect};
    lp_json whole;
    lp_json_facts facts;
    if (LP_CONSTRAINED) {
        form = LP_JSON_CANONICAL; /* which needs no sorting and no second form to sign over */
    }
    lp_code code = lp_json_scan(file, form, dialect, limits->json_depth, &whole, &facts);
    if (code == LP_OK && !facts.ordered && !LP_CONSTRAINED) {
        code = lp_json_unique(whole, scratch);
    }
    if (code != LP_OK) {
        return code;
    }
    if (!lp_json_is_object(whole)) {
        return LP_FIELD_TYPE;
    }
    code = demand(lp_json_get_past(whole, facts.big[0], "signatures"), lp_json_is_array, &doc.signatures);
    if (code == LP_OK) {
        code = demand(lp_json_get_past(whole, facts.big[0], "signed"), lp_json_is_object, &doc.payload);
    }
    if (code != LP_OK) {
        return code;
    }
    doc.big = facts.big[1];
    doc.ordered = facts.ordered;
    doc.canonical = facts.first_odd == NULL || facts.last_odd < doc.payload.ptr ||
                    facts.first_odd >= doc.payload.ptr + doc.payload.len;
    *out = doc;
    return LP_OK;
}

lp_code lp_signed_parse(lp_slice file, lp_role role, lp_json_form form, lp_dialect dialect, const lp_limits *limits,
                        lp_scratch scratch, lp_signed *out) {
    lp_signed doc;
    lp_code code = lp_signed_open(file, form, dialect, limits, scratch, &doc);
    if (code == LP_OK) {
        code = read_common(&doc, role);
    }
    if (code == LP_OK) {
        *out = doc;
    }
    return code;
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

lp_code lp_signature_read(lp_json entry, lp_dialect dialect, lp_str *keyid, uint8_t *signature, size_t *len) {
    lp_json_field fields[] = {{.name = "keyid"}, {.name = "sig"}};
    lp_str text;
    lp_code code = lp_json_record(entry, fields, 2);
    if (code == LP_OK) {
        code = lp_json_string(fields[0].value, keyid);
    }
    if (code == LP_OK) {
        code = lp_json_string(fields[1].value, &text);
    }
    if (code != LP_OK) {
        return code;
    }
    lp_code decoded = dialect == LP_DIALECT_TUF ? lp_hex_decode(text, signature, LP_SIGNATURE_BYTES, len)
                                                : lp_base64_decode(text, signature, LP_SIGNATURE_BYTES, len);
    if (decoded != LP_OK) {
        *len = 0;
    }
    return LP_OK;
}

/* The distinct keys whose valid signatures were counted. */
typedef struct tally {
    lp_json counted[LP_ROLE_KEYS];
    size_t count;
} tally;

/* True if `key` has the value of a key that was counted: then it counts no second time, whatever its keyid
 * (key-threshold misuse). */
static bool is_counted(const tally *t, const lp_public_key *key) {
    for (size_t i = 0; i < t->count; i++) {
        lp_public_key other;
        if (lp_public_key_read(t->counted[i], &other) == LP_OK && lp_public_key_eq(&other, key)) {
            return true;
        }
    }
    return false;
}

/* Counts a signature if its key is known, not yet counted, and made it. */
static void count_signature(tally *t, lp_json key_object, const lp_crypto *crypto, lp_slice signature,
                            lp_slice message) {
    lp_public_key key;
    if (lp_public_key_read(key_object, &key) == LP_OK && key.scheme != LP_SCHEME_UNKNOWN && !is_counted(t, &key) &&
        crypto->verify(crypto, &key, signature, message)) {
        t->counted[t->count++] = key_object;
    }
}

/* TUF 1.0.34, 4.2.1: a keyid stands in `signatures` once. Legacy servers are not held to it. */
static lp_code check_keyids_unique(const lp_signed *doc) {
    const char *seen[LP_SIGNATURES]; /* where keyids begin; each entry is walked through once, whatever else it holds */
    size_t count = 0;
    lp_json_iter iter = lp_json_iterate(doc->signatures);
    lp_json entry;
    lp_str keyid;
    while (doc->dialect == LP_DIALECT_TUF && lp_json_next(&iter, NULL, &entry)) {
        if (lp_json_string(lp_json_get(entry, "keyid"), &keyid) != LP_OK) {
            continue;
        }
        for (size_t i = 0; i < count; i++) {
            if (lp_str_compare((lp_str){seen[i], (size_t)(iter.end - seen[i])}, keyid) == 0) {
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
    if (keyids > limits->keys || keyids > LP_ROLE_KEYS) {
        return LP_LIMIT_KEYS;
    }
    if (keys->threshold > keyids) {
        return LP_THRESHOLD_INVALID;
    }
    size_t signatures = lp_json_count(doc->signatures);
    if (signatures > limits->signatures || signatures > LP_SIGNATURES) {
        return LP_LIMIT_SIGNATURES;
    }
    lp_code unique = check_keyids_unique(doc);
    if (unique != LP_OK) {
        return unique;
    }
    lp_slice message = {(const uint8_t *)doc->payload.ptr, doc->payload.len};
    lp_code code =
        doc->canonical || LP_CONSTRAINED ? LP_OK : lp_json_canonical(doc->payload, doc->dialect, scratch, &message);
    tally t = {.count = 0};
    lp_json_iter iter = lp_json_iterate(doc->signatures);
    lp_json entry;
    while (code == LP_OK && t.count < keys->threshold && lp_json_next(&iter, NULL, &entry)) {
        uint8_t signature[LP_SIGNATURE_BYTES];
        size_t len;
        lp_str keyid;
        code = lp_signature_read(entry, doc->dialect, &keyid, signature, &len);
        if (code == LP_OK && len > 0 && contains(keys->keyids, keyid)) {
            count_signature(&t, lp_json_find(keys->keys, keyid), crypto, (lp_slice){signature, len}, message);
        }
    }
    if (code == LP_OK && t.count < keys->threshold) {
        code = LP_SIGNATURE_THRESHOLD;
    }
    return code;
}

lp_code lp_role_keys_read(lp_json keys, lp_json role, lp_role_keys *out) {
    lp_role_keys result = {.keys = keys};
    lp_code code = role.ptr == NULL ? LP_FIELD_MISSING : lp_json_is_object(role) ? LP_OK : LP_FIELD_TYPE;
    if (code == LP_OK) {
        code = demand(lp_json_get(role, "keyids"), lp_json_is_array, &result.keyids);
    }
    size_t count = lp_json_count(result.keyids);
    if (code == LP_OK && count > LP_ROLE_KEYS) {
        code = LP_LIMIT_KEYS;
    }
    if (code == LP_OK) {
        code = lp_json_uint(lp_json_get(role, "threshold"), &result.threshold);
    }
    if (code == LP_OK && result.threshold == 0) {
        code = LP_THRESHOLD_INVALID;
    }
    if (code == LP_OK) {
        *out = result;
    }
    return code;
}

lp_code lp_root_role_keys(const lp_signed *root, lp_role role, lp_role_keys *out) {
    lp_json keys;
    lp_json roles;
    lp_code code = demand(lp_signed_get(root, "keys"), lp_json_is_object, &keys);
    if (code == LP_OK) {
        code = demand(lp_signed_get(root, "roles"), lp_json_is_object, &roles);
    }
    return code == LP_OK ? lp_role_keys_read(keys, lp_json_get(roles, lp_role_name(role)), out) : code;
}

lp_code lp_root_read(const lp_signed *root, const lp_limits *limits, bool *consistent_snapshot) {
    for (lp_role role = LP_ROLE_ROOT; role <= LP_ROLE_TARGETS; role++) {
        lp_role_keys keys;
        lp_code code = lp_root_role_keys(root, role, &keys);
        if (code != LP_OK) {
            return code;
        }
        if (lp_json_count(keys.keyids) > limits->keys) {
            return LP_LIMIT_KEYS;
        }
    }
    bool consistent = false;
    lp_code code = lp_json_bool(lp_signed_get(root, "consistent_snapshot"), &consistent);
    if (code != LP_OK && code != LP_FIELD_MISSING) {
        return code;
    }
    *consistent_snapshot = consistent && root->dialect == LP_DIALECT_TUF;
    return LP_OK;
}

/* The key objects of a role, each looked up once. */
typedef struct key_list {
    lp_json at[LP_ROLE_KEYS];
    size_t count;
} key_list;

static key_list list_keys(const lp_role_keys *keys) {
    key_list list = {.count = 0};
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
        bool found = false;
        for (size_t j = 0; j < b->count && !found; j++) {
            lp_public_key key_b;
            found = lp_public_key_read(b->at[j], &key_b) == LP_OK && lp_public_key_eq(&key_a, &key_b);
        }
        if (!found) {
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
    if (code == LP_OK && info.version == 0) {
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
    lp_json meta;
    lp_code code = demand(lp_signed_get(doc, "meta"), lp_json_is_object, &meta);
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
