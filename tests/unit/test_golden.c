/* SPDX-License-Identifier: Apache-2.0 */
/* Canonical bytes and signatures by implementations that are not ours: golden/ (securesystemslib), and the legacy
 * repositories and client requests beside the source. */
#include "files.h"
#include "lampyr-host/files.h"
#include "lampyr-host/openssl.h"
#include "lampyr/report.h"
#include "lampyr/role.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

static const char *const dialect_names[] = {"tuf", "legacy"};

/* Scratch that suffices for `bytes`; free() its ptr. */
static lp_scratch scratch_for(size_t bytes) {
    lp_scratch scratch = {malloc(lp_json_scratch_bytes(bytes) + 1), lp_json_scratch_bytes(bytes)};
    assert_non_null(scratch.ptr);
    return scratch;
}

static json_t *load_golden(lp_dialect dialect) {
    char path[LP_PATH_BYTES];
    const char *source = getenv("LAMPYR_SOURCE");
    assert_non_null(source);
    snprintf(path, sizeof path, "%s/tests/golden/%s.json", source, dialect_names[dialect]);
    json_t *golden = json_load_file(path, 0, NULL);
    assert_non_null(golden);
    return golden;
}

static void expect_canonical(lp_dialect dialect, const char *name, const char *served, const char *hex) {
    size_t len = strlen(served);
    lp_scratch scratch = scratch_for(len);
    lp_json value;
    lp_slice out;
    assert_int_equal(
        lp_json_check((lp_slice){(const uint8_t *)served, len}, LP_JSON_SERVED, dialect, 16, scratch, &value, NULL),
        LP_OK);
    assert_int_equal(lp_json_canonical(value, dialect, scratch, &out), LP_OK);
    bool same = 2 * out.len == strlen(hex);
    for (size_t i = 0; same && i < out.len; i++) {
        char digits[3];
        snprintf(digits, sizeof digits, "%02x", out.ptr[i]);
        same = memcmp(digits, hex + 2 * i, 2) == 0;
    }
    if (!same) {
        fail_msg("%s, %s: %.*s", dialect_names[dialect], name, (int)out.len, (const char *)out.ptr);
    }
    free(scratch.ptr);
}

static void canonical_bytes_are_those_of_others(void **state) {
    (void)state;
    for (lp_dialect dialect = LP_DIALECT_TUF; dialect <= LP_DIALECT_LEGACY; dialect++) {
        json_t *golden = load_golden(dialect);
        size_t i;
        const json_t *c;
        json_array_foreach(json_object_get(golden, "canonical"), i, c) {
            expect_canonical(dialect, json_string_value(json_object_get(c, "name")),
                             json_string_value(json_object_get(c, "served")),
                             json_string_value(json_object_get(c, "bytes")));
        }
        assert_true(i >= 8);
        json_decref(golden);
    }
}

static lp_public_key read_key(const json_t *object) {
    lp_public_key key;
    char *text = json_dumps(object, JSON_COMPACT);
    assert_int_equal(lp_public_key_read((lp_json){text, strlen(text)}, &key), LP_OK);
    assert_int_not_equal(key.scheme, LP_SCHEME_UNKNOWN);
    free(text);
    return key;
}

static lp_code verify_envelope(const char *file, size_t len, lp_dialect dialect, const lp_public_key *key) {
    lp_scratch scratch = scratch_for(len);
    lp_json payload;
    lp_code code = lp_envelope_read((lp_slice){(const uint8_t *)file, len}, dialect, key, &lp_crypto_openssl,
                                    &lp_limits_gateway, scratch, &payload);
    free(scratch.ptr);
    return code;
}

static void signatures_by_others_verify(void **state) {
    (void)state;
    static const lp_scheme schemes[] = {LP_SCHEME_ED25519, LP_SCHEME_ECDSA_P256, LP_SCHEME_RSA_PSS};
    for (lp_dialect dialect = LP_DIALECT_TUF; dialect <= LP_DIALECT_LEGACY; dialect++) {
        json_t *golden = load_golden(dialect);
        size_t i;
        const json_t *c;
        json_array_foreach(json_object_get(golden, "signed"), i, c) {
            lp_public_key key = read_key(json_object_get(c, "key"));
            char *file = strdup(json_string_value(json_object_get(c, "file")));
            assert_non_null(file);
            assert_int_equal(key.scheme, schemes[i]);
            assert_int_equal(verify_envelope(file, strlen(file), dialect, &key), LP_OK);
            *strstr(file, "2033") = '3'; /* the year of expiry */
            assert_int_equal(verify_envelope(file, strlen(file), dialect, &key), LP_SIGNATURE_THRESHOLD);
            free(file);
        }
        assert_int_equal(i, 3);
        json_decref(golden);
    }
}

/* --- repositories by another Uptane implementation --- */

/* A file parsed and kept; drop() frees what it points into. */
typedef struct opened {
    lp_slice bytes;
    lp_signed doc;
} opened;

static opened open_role(const char *folder, const char *file, lp_role role) {
    char path[256];
    opened o;
    snprintf(path, sizeof path, "uptane-repos/%s/%s", folder, file);
    o.bytes = shared_data(path);
    assert_non_null(o.bytes.ptr);
    lp_scratch scratch = scratch_for(o.bytes.len);
    assert_int_equal(
        lp_signed_parse(o.bytes, role, LP_JSON_SERVED, LP_DIALECT_LEGACY, &lp_limits_gateway, scratch, &o.doc), LP_OK);
    free(scratch.ptr);
    return o;
}

static void drop(opened *o) {
    free((void *)(uintptr_t)o->bytes.ptr);
}

static void expect_signed(const opened *o, const lp_role_keys *keys) {
    lp_scratch scratch = scratch_for(o->bytes.len);
    assert_string_equal(lp_code_name(lp_signed_verify(&o->doc, keys, &lp_crypto_openssl, &lp_limits_gateway, scratch)),
                        lp_code_name(LP_OK));
    free(scratch.ptr);
}

/* Verifies the delegated roles that `delegator` names, and those below them. */
static size_t verify_delegated(const char *folder, const lp_signed *delegator) {
    lp_json delegations = lp_signed_get(delegator, "delegations");
    lp_json_iter iter = lp_json_iterate(lp_json_get(delegations, "roles"));
    lp_json role;
    size_t count = 0;
    while (lp_json_next(&iter, NULL, &role)) {
        lp_role_keys keys;
        lp_str name;
        char file[128];
        assert_int_equal(lp_role_keys_read(lp_json_get(delegations, "keys"), role, &keys), LP_OK);
        assert_int_equal(lp_json_string(lp_json_get(role, "name"), &name), LP_OK);
        snprintf(file, sizeof file, "delegations/%.*s.json", (int)name.len, name.ptr);
        opened o = open_role(folder, file, LP_ROLE_DELEGATED);
        expect_signed(&o, &keys);
        count += 1 + verify_delegated(folder, &o.doc);
        drop(&o);
    }
    return count;
}

static size_t verify_repository(const char *folder) {
    static const struct {
        const char *file;
        lp_role role;
    } files[] = {{"1.root.json", LP_ROLE_ROOT},
                 {"root.json", LP_ROLE_ROOT},
                 {"timestamp.json", LP_ROLE_TIMESTAMP},
                 {"snapshot.json", LP_ROLE_SNAPSHOT},
                 {"targets.json", LP_ROLE_TARGETS}};
    opened root = open_role(folder, "1.root.json", LP_ROLE_ROOT);
    size_t count = 0;
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        lp_role_keys keys;
        opened o = open_role(folder, files[i].file, files[i].role);
        assert_int_equal(lp_root_role_keys(&root.doc, files[i].role, &keys), LP_OK);
        expect_signed(&o, &keys);
        count += 1 + (files[i].role == LP_ROLE_TARGETS ? verify_delegated(folder, &o.doc) : 0);
        drop(&o);
    }
    drop(&root);
    return count;
}

static void skip_without_legacy_data(void) {
    if (shared_path("uptane-repos") == NULL) {
        print_message("uptane-repos is not in LAMPYR_SHARED: skipped\n");
        skip();
    }
}

static void every_signature_of_the_legacy_repositories_verifies(void **state) {
    (void)state;
    skip_without_legacy_data();
    assert_int_equal(verify_repository("stage0_nochange/director"), 5);
    assert_int_equal(verify_repository("stage0_nochange/repo"), 7);
    assert_int_equal(verify_repository("stage1_update3/director"), 5);
    assert_int_equal(verify_repository("stage1_update3/repo"), 7);
}

/* --- what its client sent: RSA-PSS by four ECUs --- */

static json_t *client_request(const char *name) {
    char path[256];
    snprintf(path, sizeof path, "uptane-repos/client-requests/%s", name);
    const char *full = shared_path(path);
    json_t *value = full == NULL ? NULL : json_load_file(full, 0, NULL);
    assert_non_null(value);
    return value;
}

static lp_public_key ecu_key(const json_t *registration, const char *serial) {
    size_t i;
    const json_t *ecu;
    json_array_foreach(json_object_get(registration, "ecus"), i, ecu) {
        if (strcmp(json_string_value(json_object_get(ecu, "ecu_serial")), serial) == 0) {
            return read_key(json_object_get(ecu, "clientKey"));
        }
    }
    fail_msg("no key of %s", serial);
    return (lp_public_key){.scheme = LP_SCHEME_UNKNOWN};
}

/* Verifies an envelope, and that its keyid is the one we compute for that key. */
static void expect_signed_by(const json_t *envelope, const lp_public_key *key) {
    char keyid[2 * LP_SHA256_BYTES + 1];
    char *text = json_dumps(envelope, JSON_COMPACT);
    const json_t *signature = json_array_get(json_object_get(envelope, "signatures"), 0);
    assert_int_equal(verify_envelope(text, strlen(text), LP_DIALECT_LEGACY, key), LP_OK);
    assert_int_equal(lp_public_key_id(key, LP_DIALECT_LEGACY, keyid), LP_OK);
    assert_string_equal(keyid, json_string_value(json_object_get(signature, "keyid")));
    free(text);
}

static void verify_manifest(const char *name) {
    json_t *registration = client_request("post_director_ecus.json");
    json_t *manifest = client_request(name);
    const json_t *content = json_object_get(manifest, "signed");
    const char *primary = json_string_value(json_object_get(content, "primary_ecu_serial"));
    lp_public_key key = ecu_key(registration, primary);
    expect_signed_by(manifest, &key);

    const char *serial;
    json_t *report;
    json_t *reports = json_object_get(content, "ecu_version_manifests");
    assert_int_equal(json_object_size(reports), 4);
    json_object_foreach(reports, serial, report) {
        key = ecu_key(registration, serial);
        expect_signed_by(report, &key);
    }
    json_decref(manifest);
    json_decref(registration);
}

static void manifests_of_a_legacy_client_verify(void **state) {
    (void)state;
    skip_without_legacy_data();
    verify_manifest("put_director_manifest_nothing_installed.json");
    verify_manifest("put_director_manifest_after_update.json");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(canonical_bytes_are_those_of_others),
        cmocka_unit_test(signatures_by_others_verify),
        cmocka_unit_test(every_signature_of_the_legacy_repositories_verifies),
        cmocka_unit_test(manifests_of_a_legacy_client_verify),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
