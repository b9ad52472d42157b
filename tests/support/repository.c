/* SPDX-License-Identifier: Apache-2.0 */
#include "repository.h"

#include "lampyr/encode.h"
#include "lampyr/path.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const char *type_of(const test_repo *r, lp_role role) {
    static const char *const legacy[] = {"", "Root", "Timestamp", "Snapshot", "Targets"};
    return r->dialect == LP_DIALECT_LEGACY ? legacy[role] : lp_role_name(role);
}

static json_t *new_payload(const test_repo *r, lp_role role) {
    json_t *payload = json_pack("{s:s, s:i, s:s}", "_type", type_of(r, role), "version", 1, "expires", TEST_EXPIRES);
    assert_non_null(payload);
    if (r->dialect == LP_DIALECT_TUF) {
        json_object_set_new(payload, "spec_version", json_string("1.0.34"));
    }
    return payload;
}

json_t *repo_targets_payload(const test_repo *r) {
    json_t *payload = new_payload(r, LP_ROLE_TARGETS);
    json_object_set_new(payload, "targets", json_object());
    return payload;
}

void add_key(const test_repo *r, json_t *keys, const lp_key *key) {
    char text[LP_KEY_JSON_BYTES];
    lp_writer w;
    lp_slice out;
    lp_writer_begin(&w, text, sizeof text, LP_DIALECT_LEGACY); /* which is JSON for line breaks of PEM, too */
    assert_int_equal(lp_public_key_write(&w, &key->public_key, r->dialect), LP_OK);
    assert_int_equal(lp_writer_end(&w, &out), LP_OK);
    json_t *object = json_loadb((const char *)out.ptr, out.len, 0, NULL);
    assert_non_null(object);
    json_object_set_new(keys, key->signer.keyid, object);
}

void repo_set_keys(test_repo *r, const char *role, const lp_key *const *keys, size_t count, int threshold) {
    json_t *root = r->roles[LP_ROLE_ROOT];
    json_t *keyids = json_array();
    for (size_t i = 0; i < count; i++) {
        add_key(r, json_object_get(root, "keys"), keys[i]);
        json_array_append_new(keyids, json_string(keys[i]->signer.keyid));
    }
    json_object_set_new(json_object_get(root, "roles"), role,
                        json_pack("{s:o, s:i}", "keyids", keyids, "threshold", threshold));
}

static void new_key(const test_repo *r, lp_key *key) {
    assert_int_equal(lp_key_generate(LP_SCHEME_ED25519, 0, r->dialect, key), LP_OK);
}

void repo_make(test_repo *r, lp_repo repo, lp_dialect dialect) {
    memset(r, 0, sizeof *r);
    r->repo = repo;
    r->dialect = dialect;
    r->delegated = json_object();
    for (lp_role role = LP_ROLE_ROOT; role <= LP_ROLE_TIME; role++) {
        new_key(r, &r->keys[role]);
    }
    for (lp_role role = LP_ROLE_ROOT; role <= LP_ROLE_TARGETS; role++) {
        r->roles[role] = role == LP_ROLE_TARGETS ? repo_targets_payload(r) : new_payload(r, role);
    }
    json_t *root = r->roles[LP_ROLE_ROOT];
    json_object_set_new(root, "keys", json_object());
    json_object_set_new(root, "roles", json_object());
    if (dialect == LP_DIALECT_TUF) {
        json_object_set_new(root, "consistent_snapshot", json_true());
    }
    for (lp_role role = LP_ROLE_ROOT; role <= LP_ROLE_TARGETS; role++) {
        const lp_key *key = &r->keys[role];
        repo_set_keys(r, lp_role_name(role), &key, 1, 1);
    }
    if (repo == LP_REPO_DIRECTOR) {
        json_object_set_new(r->roles[LP_ROLE_TARGETS], "custom", json_pack("{s:s}", "vehicle", TEST_VEHICLE));
    }
    repo_sign(r, LP_ROLE_ROOT);
    repo_publish(r);
}

void repo_free(test_repo *r) {
    for (lp_role role = LP_ROLE_ROOT; role <= LP_ROLE_TIME; role++) {
        lp_key_free(&r->keys[role]);
    }
    for (lp_role role = LP_ROLE_ROOT; role <= LP_ROLE_TARGETS; role++) {
        json_decref(r->roles[role]);
    }
    json_decref(r->delegated);
    files_free(&r->files);
}

/* The canonical form, in heap memory. */
static lp_slice canonical(const test_repo *r, const json_t *payload) {
    char *text = json_dumps(payload, JSON_COMPACT);
    assert_non_null(text);
    size_t len = strlen(text);
    size_t scratch_bytes = lp_json_scratch_bytes(len);
    lp_scratch scratch = {malloc(scratch_bytes), scratch_bytes};
    lp_json value;
    lp_slice out;
    assert_non_null(scratch.ptr);
    assert_int_equal(
        lp_json_check((lp_slice){(uint8_t *)text, len}, LP_JSON_SERVED, r->dialect, 64, scratch, &value, NULL), LP_OK);
    assert_int_equal(lp_json_canonical(value, r->dialect, scratch, &out), LP_OK);
    uint8_t *copy = malloc(out.len);
    assert_non_null(copy);
    memcpy(copy, out.ptr, out.len);
    free(scratch.ptr);
    free(text);
    return (lp_slice){copy, out.len};
}

static json_t *signature_by(const test_repo *r, const lp_key *key, lp_slice message) {
    uint8_t bytes[LP_SIGNATURE_BYTES];
    char text[2 * LP_SIGNATURE_BYTES + 1];
    size_t len;
    assert_true(key->signer.sign(&key->signer, message, bytes, &len));
    if (r->dialect == LP_DIALECT_TUF) {
        lp_hex_encode(bytes, len, text);
        return json_pack("{s:s, s:s}", "keyid", key->signer.keyid, "sig", text);
    }
    lp_base64_encode(bytes, len, text);
    return json_pack("{s:s, s:s, s:s}", "keyid", key->signer.keyid, "method",
                     lp_scheme_name(key->signer.scheme, r->dialect), "sig", text);
}

void repo_serve(test_repo *r, const char *path, const json_t *payload, const lp_key *const *keys, size_t count) {
    lp_slice message = canonical(r, payload);
    json_t *signatures = json_array();
    for (size_t i = 0; i < count; i++) {
        json_array_append_new(signatures, signature_by(r, keys[i], message));
    }
    char *list = json_dumps(signatures, JSON_COMPACT | JSON_SORT_KEYS);
    char *content = r->serve_canonical ? strndup((const char *)message.ptr, message.len)
                                       : json_dumps(payload, JSON_COMPACT | JSON_SORT_KEYS);
    char *file = NULL;
    int len = asprintf(&file, "{\"signatures\":%s,\"signed\":%s}", list, content);
    assert_true(len > 0);
    files_put(&r->files, path, (lp_slice){(uint8_t *)file, (size_t)len});
    free(file);
    free(content);
    free(list);
    json_decref(signatures);
    free((void *)(uintptr_t)message.ptr);
}

const char *repo_path(const test_repo *r, lp_role role, const char *name) {
    static char path[TEST_NAME_BYTES];
    bool consistent = json_is_true(json_object_get(r->roles[LP_ROLE_ROOT], "consistent_snapshot"));
    const json_t *payload = role == LP_ROLE_DELEGATED ? repo_role(r, name) : r->roles[role];
    bool versioned = role == LP_ROLE_ROOT || (consistent && role != LP_ROLE_TIMESTAMP);
    uint64_t version = versioned ? (uint64_t)get_version(payload) : 0;
    assert_int_equal(lp_metadata_path(r->dialect, role, version, name, path, sizeof path), LP_OK);
    return path;
}

void repo_sign_as(test_repo *r, lp_role role, lp_role whose_key) {
    const lp_key *key = &r->keys[whose_key];
    repo_serve(r, repo_path(r, role, NULL), r->roles[role], &key, 1);
}

void repo_sign(test_repo *r, lp_role role) {
    repo_sign_as(r, role, role);
}

void repo_sign_delegated(test_repo *r, const char *name) {
    const lp_key *key = &r->keys[LP_ROLE_DELEGATED];
    repo_serve(r, repo_path(r, LP_ROLE_DELEGATED, name), repo_role(r, name), &key, 1);
}

static json_t *digest_json(lp_slice bytes) {
    uint8_t digest[LP_SHA256_BYTES];
    char hex[2 * LP_SHA256_BYTES + 1];
    assert_true(lp_digest(&lp_crypto_openssl, LP_SHA256, bytes, digest));
    lp_hex_encode(digest, sizeof digest, hex);
    return json_pack("{s:s}", "sha256", hex);
}

static json_t *reference(const test_repo *r, const char *path, const json_t *payload) {
    lp_slice bytes = files_get(&r->files, path);
    assert_non_null(bytes.ptr);
    return json_pack("{s:i, s:I, s:o}", "version", get_version(payload), "length", (json_int_t)bytes.len, "hashes",
                     digest_json(bytes));
}

void repo_refer(test_repo *r, lp_role role) {
    json_t *meta = json_object();
    lp_role below = role == LP_ROLE_TIMESTAMP ? LP_ROLE_SNAPSHOT : LP_ROLE_TARGETS;
    json_object_set_new(meta, role == LP_ROLE_TIMESTAMP ? "snapshot.json" : "targets.json",
                        reference(r, repo_path(r, below, NULL), r->roles[below]));
    const char *name;
    json_t *payload;
    if (role == LP_ROLE_SNAPSHOT) {
        json_object_foreach(r->delegated, name, payload) {
            char file[TEST_NAME_BYTES];
            snprintf(file, sizeof file, "%s.json", name);
            json_object_set_new(meta, file, reference(r, repo_path(r, LP_ROLE_DELEGATED, name), payload));
        }
    }
    json_object_set_new(r->roles[role], "meta", meta);
}

void repo_publish_snapshot(test_repo *r) {
    repo_sign(r, LP_ROLE_SNAPSHOT);
    repo_refer(r, LP_ROLE_TIMESTAMP);
    repo_sign(r, LP_ROLE_TIMESTAMP);
}

void repo_sign_time(test_repo *r) {
    const lp_key *key = &r->keys[LP_ROLE_TIME];
    json_t *root = r->roles[LP_ROLE_ROOT];
    add_key(r, json_object_get(root, "keys"), key);
    json_object_set_new(root, "custom",
                        json_pack("{s:{s:[s], s:i}}", "time", "keyids", key->signer.keyid, "threshold", 1));
    repo_sign(r, LP_ROLE_ROOT);
}

json_t *repo_entry(const test_repo *r, lp_role role, const char *file) {
    json_t *entry = json_object_get(json_object_get(r->roles[role], "meta"), file);
    assert_non_null(entry);
    return entry;
}

void repo_publish(test_repo *r) {
    const char *name;
    json_t *payload;
    json_object_foreach(r->delegated, name, payload) {
        repo_sign_delegated(r, name);
    }
    repo_sign(r, LP_ROLE_TARGETS);
    repo_refer(r, LP_ROLE_SNAPSHOT);
    repo_publish_snapshot(r);
}

void repo_publish_next(test_repo *r) {
    for (lp_role role = LP_ROLE_TIMESTAMP; role <= LP_ROLE_TARGETS; role++) {
        set_version(r->roles[role], get_version(r->roles[role]) + 1);
    }
    repo_publish(r);
}

void repo_change_key(test_repo *r, lp_role role, lp_key *retired) {
    if (retired != NULL) {
        *retired = r->keys[role];
    } else {
        lp_key_free(&r->keys[role]);
    }
    new_key(r, &r->keys[role]);
    const lp_key *key = &r->keys[role];
    repo_set_keys(r, lp_role_name(role), &key, 1, 1);
}

void repo_next_root(test_repo *r, const lp_key *former_root_key) {
    json_t *root = r->roles[LP_ROLE_ROOT];
    const lp_key *keys[] = {&r->keys[LP_ROLE_ROOT], former_root_key};
    set_version(root, get_version(root) + 1);
    repo_serve(r, repo_path(r, LP_ROLE_ROOT, NULL), root, keys, former_root_key != NULL ? 2 : 1);
}

void repo_add_image(json_t *targets, const char *name, int length, json_t *custom) {
    json_t *image = json_pack("{s:i, s:o}", "length", length, "hashes",
                              digest_json((lp_slice){(const uint8_t *)name, strlen(name)}));
    if (custom != NULL) {
        json_object_set_new(image, "custom", custom);
    }
    json_object_set_new(json_object_get(targets, "targets"), name, image);
}

json_t *order_for(const char *serial, const char *hardware, int counter) {
    return json_pack("{s:{s:{s:s}}, s:i}", "ecuIdentifiers", serial, "hardwareId", hardware, "releaseCounter", counter);
}

json_t *made_for(const char *hardware, int counter) {
    return json_pack("{s:[s], s:i}", "hardwareIds", hardware, "releaseCounter", counter);
}

json_t *repo_delegate(test_repo *r, json_t *delegator, const char *name, const char *pattern, bool terminating) {
    const lp_key *key = &r->keys[LP_ROLE_DELEGATED];
    if (json_object_get(r->delegated, name) == NULL) {
        json_object_set_new(r->delegated, name, repo_targets_payload(r));
    }
    json_t *delegations = json_object_get(delegator, "delegations");
    if (delegations == NULL) {
        delegations = json_pack("{s:{}, s:[]}", "keys", "roles");
        json_object_set_new(delegator, "delegations", delegations);
    }
    add_key(r, json_object_get(delegations, "keys"), key);
    json_t *delegation = json_pack("{s:s, s:[s], s:i, s:[s], s:b}", "name", name, "keyids", key->signer.keyid,
                                   "threshold", 1, "paths", pattern, "terminating", terminating);
    json_array_append_new(json_object_get(delegations, "roles"), delegation);
    return delegation;
}

json_t *repo_role(const test_repo *r, const char *name) {
    json_t *payload = json_object_get(r->delegated, name);
    assert_non_null(payload);
    return payload;
}

void set_version(json_t *payload, int version) {
    json_object_set_new(payload, "version", json_integer(version));
}

int get_version(const json_t *payload) {
    return (int)json_integer_value(json_object_get(payload, "version"));
}

void set_expires(json_t *payload, const char *expires) {
    json_object_set_new(payload, "expires", json_string(expires));
}

void add_to_length(json_t *info, int bytes) {
    json_int_t length = json_integer_value(json_object_get(info, "length"));
    json_object_set_new(info, "length", json_integer(length + bytes));
}

void change_hash(json_t *info) {
    json_object_set_new(
        info, "hashes",
        json_pack("{s:s}", "sha256", "0000000000000000000000000000000000000000000000000000000000000000"));
}
