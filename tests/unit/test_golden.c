/* SPDX-License-Identifier: Apache-2.0 */
/* Canonical forms and signatures that other implementations made: the files of tests/golden (make_golden.py), and the
 * repositories and manifests of another Uptane implementation in the shared test data. */
#include "files.h"
#include "lampyr-host/files.h"
#include "lampyr-host/openssl.h"
#include "lampyr/report.h"
#include "lampyr/role.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const char *const dialects[] = {[LP_DIALECT_TUF] = "tuf", [LP_DIALECT_LEGACY] = "legacy"};
static const char *const documents[] = {"order", "space", "unicode", "escapes", "nested", "numbers"};
static const char *const schemes[] = {"ed25519", "ecdsa-sha2-nistp256", "rsassa-pss-sha256"};

enum {
    DIALECTS = sizeof dialects / sizeof *dialects,
    DOCUMENTS = sizeof documents / sizeof *documents,
    SCHEMES = sizeof schemes / sizeof *schemes,
    MAX_BYTES = 1 << 20,
};

/* A file in heap memory, and working memory that is enough for it. */
typedef struct text {
    uint8_t *bytes;
    size_t len;
    lp_scratch scratch;
    char name[LP_PATH_BYTES];
} text;

static void text_free(text *t) {
    free(t->bytes);
    free(t->scratch.ptr);
}

static lp_slice slice_of(const text *t) {
    return (lp_slice){t->bytes, t->len};
}

/* Reads "<folder>/<name>"; the name is printf()'s. */
__attribute__((format(printf, 2, 3))) static text text_read(const char *folder, const char *format, ...) {
    text t = {.bytes = NULL};
    char path[LP_PATH_BYTES];
    va_list arguments;
    va_start(arguments, format);
    assert_true(vsnprintf(t.name, sizeof t.name, format, arguments) < (int)sizeof t.name);
    va_end(arguments);
    if (!lp_path_join(path, sizeof path, folder, t.name) || !lp_file_read(path, MAX_BYTES, &t.bytes, &t.len)) {
        fail_msg("%s/%s cannot be read", folder, t.name);
    }
    t.scratch.bytes = lp_json_scratch_bytes(t.len);
    t.scratch.ptr = malloc(t.scratch.bytes);
    assert_non_null(t.scratch.ptr);
    return t;
}

/* Asserts a code, and says of which file and which part of it. */
static void expect(lp_code code, lp_code expected, const text *t, const char *part) {
    if (code != expected) {
        fail_msg("%s, %s: %s, not %s", t->name, part, lp_code_name(code), lp_code_name(expected));
    }
}

static lp_json checked(const text *t, lp_json_form form, lp_dialect dialect) {
    lp_json value;
    expect(lp_json_check(slice_of(t), form, dialect, lp_limits_gateway.json_depth, t->scratch, &value, NULL), LP_OK, t,
           "as JSON");
    return value;
}

static lp_signed parsed(const text *t, lp_role role, lp_dialect dialect) {
    lp_signed doc;
    expect(lp_signed_parse(slice_of(t), role, LP_JSON_SERVED, dialect, &lp_limits_gateway, t->scratch, &doc), LP_OK, t,
           "as metadata");
    return doc;
}

static lp_code verify(const lp_signed *doc, const lp_role_keys *keys, lp_scratch scratch) {
    return lp_signed_verify(doc, keys, &lp_crypto_openssl, &lp_limits_gateway, scratch);
}

static const char *golden_folder(void) {
    static char folder[LP_PATH_BYTES];
    const char *source = getenv("LAMPYR_SOURCE");
    if (source != NULL) {
        assert_true(lp_path_join(folder, sizeof folder, source, "tests/golden"));
    } else {
        int len = (int)(strrchr(__FILE__, '/') - __FILE__);
        assert_true(snprintf(folder, sizeof folder, "%.*s/../golden", len, __FILE__) < (int)sizeof folder);
    }
    return folder;
}

static void check_canonical(const char *document, lp_dialect dialect) {
    text served = text_read(golden_folder(), "%s.served.json", document);
    text theirs = text_read(golden_folder(), "%s.%s.canonical", document, dialects[dialect]);
    lp_json value = checked(&served, LP_JSON_SERVED, dialect);
    lp_slice ours;
    expect(lp_json_canonical(value, dialect, served.scratch, &ours), LP_OK, &served, dialects[dialect]);
    if (ours.len != theirs.len || memcmp(ours.ptr, theirs.bytes, ours.len) != 0) {
        fail_msg("%s: ours is %.*s", theirs.name, (int)ours.len, (const char *)ours.ptr);
    }
    checked(&theirs, LP_JSON_CANONICAL, dialect);
    text_free(&served);
    text_free(&theirs);
}

static void canonical_forms_are_theirs(void **state) {
    (void)state;
    for (size_t i = 0; i < DOCUMENTS; i++) {
        check_canonical(documents[i], LP_DIALECT_TUF);
        check_canonical(documents[i], LP_DIALECT_LEGACY);
    }
}

/* Reads the golden keys for `role` (a scheme, or "all"), which point into `*file`. */
static lp_role_keys golden_keys(lp_dialect dialect, const char *role, text *file) {
    *file = text_read(golden_folder(), "%s.keys.json", dialects[dialect]);
    lp_json value = checked(file, LP_JSON_SERVED, dialect);
    lp_json entry = lp_json_get(lp_json_get(value, "roles"), role);
    lp_role_keys keys;
    expect(lp_role_keys_read(lp_json_get(value, "keys"), entry, &keys), LP_OK, file, role);
    return keys;
}

static void check_accepted(lp_dialect dialect, const char *role) {
    text key_file;
    lp_role_keys keys = golden_keys(dialect, role, &key_file);
    for (size_t i = 0; i < DOCUMENTS; i++) {
        text file = text_read(golden_folder(), "%s.%s.signed.json", documents[i], dialects[dialect]);
        lp_signed doc = parsed(&file, LP_ROLE_TARGETS, dialect);
        expect(verify(&doc, &keys, file.scratch), LP_OK, &file, role);
        text_free(&file);
    }
    text_free(&key_file);
}

static void signatures_of_theirs_are_accepted(void **state) {
    (void)state;
    for (size_t d = 0; d < DIALECTS; d++) {
        for (size_t s = 0; s < SCHEMES; s++) {
            check_accepted((lp_dialect)d, schemes[s]);
        }
        check_accepted((lp_dialect)d, "all");
    }
}

/* Flips a bit of every byte of the payload in turn. What can still be read is no longer what was signed. */
static void check_changes_refused(text *file, lp_dialect dialect, const lp_role_keys *keys, const char *role) {
    lp_signed original = parsed(file, LP_ROLE_TARGETS, dialect);
    size_t start = (size_t)(original.payload.ptr - (const char *)file->bytes);
    size_t readable = 0;
    for (size_t i = start; i < start + original.payload.len; i++) {
        lp_signed doc;
        file->bytes[i] ^= 1;
        if (lp_signed_parse(slice_of(file), LP_ROLE_TARGETS, LP_JSON_SERVED, dialect, &lp_limits_gateway, file->scratch,
                            &doc) == LP_OK) {
            expect(verify(&doc, keys, file->scratch), LP_SIGNATURE_THRESHOLD, file, role);
            readable++;
        }
        file->bytes[i] ^= 1;
    }
    assert_true(readable > 0);
}

static void any_change_is_refused(void **state) {
    (void)state;
    for (size_t d = 0; d < DIALECTS; d++) {
        for (size_t i = 0; i < DOCUMENTS; i++) {
            text file = text_read(golden_folder(), "%s.%s.signed.json", documents[i], dialects[d]);
            for (size_t s = 0; s < SCHEMES; s++) {
                text key_file;
                lp_role_keys keys = golden_keys((lp_dialect)d, schemes[s], &key_file);
                check_changes_refused(&file, (lp_dialect)d, &keys, schemes[s]);
                text_free(&key_file);
            }
            text_free(&file);
        }
    }
}

/* The folder of that path in the shared test data; skips the test if it is not there. */
static void demand_shared(const char *path, char out[LP_PATH_BYTES]) {
    const char *folder = shared_path(path);
    if (folder != NULL) {
        memcpy(out, folder, strlen(folder) + 1);
        return;
    }
    print_message("skipped: no %s in the shared test data\n", path);
    skip();
}

/* Verifies a file under its delegator's keys, each signature of it: the threshold is their number. */
static lp_signed verified(const text *t, lp_role role, lp_role_keys keys) {
    lp_signed doc = parsed(t, role, LP_DIALECT_LEGACY);
    size_t signatures = lp_json_count(doc.signatures);
    assert_true(signatures >= keys.threshold);
    keys.threshold = signatures;
    expect(verify(&doc, &keys, t->scratch), LP_OK, t, "signatures");
    return doc;
}

/* Returns the number of roles that `delegator` delegates to, and these to others, all verified. */
static size_t verify_delegated(const char *folder, const lp_signed *delegator) {
    lp_json delegations = lp_signed_get(delegator, "delegations");
    lp_json_iter iter = lp_json_iterate(lp_json_get(delegations, "roles"));
    lp_json entry;
    size_t count = 0;
    while (lp_json_next(&iter, NULL, &entry)) {
        lp_str name;
        lp_role_keys keys;
        assert_int_equal(lp_json_string(lp_json_get(entry, "name"), &name), LP_OK);
        assert_int_equal(lp_role_keys_read(lp_json_get(delegations, "keys"), entry, &keys), LP_OK);
        text file = text_read(folder, "delegations/%.*s.json", (int)name.len, name.ptr);
        lp_signed doc = verified(&file, LP_ROLE_DELEGATED, keys);
        count += 1 + verify_delegated(folder, &doc);
        text_free(&file);
    }
    return count;
}

static lp_role_keys root_keys(const lp_signed *root, lp_role role) {
    lp_role_keys keys;
    assert_int_equal(lp_root_role_keys(root, role, &keys), LP_OK);
    return keys;
}

/* Verifies a repository's metadata and returns the number of delegated roles. */
static size_t verify_repository(const char *folder) {
    static const struct {
        const char *file;
        lp_role role;
    } top_level[] = {{"1.root.json", LP_ROLE_ROOT},
                     {"root.json", LP_ROLE_ROOT},
                     {"timestamp.json", LP_ROLE_TIMESTAMP},
                     {"snapshot.json", LP_ROLE_SNAPSHOT},
                     {"targets.json", LP_ROLE_TARGETS}};
    text root_file = text_read(folder, "1.root.json");
    lp_signed root = parsed(&root_file, LP_ROLE_ROOT, LP_DIALECT_LEGACY);
    size_t delegated = 0;
    for (size_t i = 0; i < sizeof top_level / sizeof *top_level; i++) {
        text file = text_read(folder, "%s", top_level[i].file);
        lp_signed doc = verified(&file, top_level[i].role, root_keys(&root, top_level[i].role));
        if (top_level[i].role == LP_ROLE_TARGETS) {
            delegated = verify_delegated(folder, &doc);
        }
        text_free(&file);
    }
    text_free(&root_file);
    return delegated;
}

static void legacy_metadata_verifies(void **state) {
    static const struct {
        const char *folder;
        size_t delegated;
    } repositories[] = {{"uptane-repos/stage0_nochange/director", 0},
                        {"uptane-repos/stage0_nochange/repo", 2},
                        {"uptane-repos/stage1_update3/director", 0},
                        {"uptane-repos/stage1_update3/repo", 2}};
    (void)state;
    for (size_t i = 0; i < sizeof repositories / sizeof *repositories; i++) {
        char folder[LP_PATH_BYTES];
        demand_shared(repositories[i].folder, folder);
        assert_int_equal(verify_repository(folder), repositories[i].delegated);
    }
}

/* The key that an ECU registered. */
static lp_public_key registered(lp_json registration, lp_str serial) {
    lp_json_iter iter = lp_json_iterate(lp_json_get(registration, "ecus"));
    lp_json ecu;
    while (lp_json_next(&iter, NULL, &ecu)) {
        lp_str other;
        lp_public_key key;
        assert_int_equal(lp_json_string(lp_json_get(ecu, "ecu_serial"), &other), LP_OK);
        if (lp_str_eq(serial, other)) {
            assert_int_equal(lp_public_key_read(lp_json_get(ecu, "clientKey"), &key), LP_OK);
            assert_int_equal(key.scheme, LP_SCHEME_RSA_PSS);
            return key;
        }
    }
    fail_msg("%.*s is not registered", (int)serial.len, serial.ptr);
    abort(); /* fail_msg() does not return, which the compiler cannot know */
}

static lp_code verify_envelope(lp_json envelope, const lp_public_key *key, lp_scratch scratch, lp_json *payload) {
    return lp_envelope_verify(envelope, LP_DIALECT_LEGACY, key, &lp_crypto_openssl, &lp_limits_gateway, scratch,
                              payload);
}

/* Verifies a manifest and every report in it; a report only under its own ECU's key. */
static void verify_manifest(const text *file, lp_json registration) {
    lp_str primary;
    assert_int_equal(lp_json_string(lp_json_get(registration, "primary_ecu_serial"), &primary), LP_OK);
    lp_public_key primary_key = registered(registration, primary);
    lp_json manifest;
    lp_json payload;
    expect(verify_envelope(checked(file, LP_JSON_SERVED, LP_DIALECT_LEGACY), &primary_key, file->scratch, &manifest),
           LP_OK, file, "manifest");
    lp_json_iter iter = lp_json_iterate(lp_json_get(manifest, "ecu_version_manifests"));
    lp_str serial;
    lp_json report;
    size_t count = 0;
    while (lp_json_next(&iter, &serial, &report)) {
        lp_public_key key = registered(registration, serial);
        expect(verify_envelope(report, &key, file->scratch, &payload), LP_OK, file, "report");
        expect(verify_envelope(report, &primary_key, file->scratch, &payload),
               lp_str_eq(serial, primary) ? LP_OK : LP_SIGNATURE_THRESHOLD, file, "report under the primary's key");
        count++;
    }
    assert_int_equal(count, lp_json_count(lp_json_get(registration, "ecus")));
}

static void legacy_manifests_verify(void **state) {
    static const char *const manifests[] = {"put_director_manifest_nothing_installed.json",
                                            "put_director_manifest_after_update.json"};
    char folder[LP_PATH_BYTES];
    (void)state;
    demand_shared("uptane-repos/client-requests", folder);
    text registration = text_read(folder, "post_director_ecus.json");
    for (size_t i = 0; i < sizeof manifests / sizeof *manifests; i++) {
        text file = text_read(folder, "%s", manifests[i]);
        verify_manifest(&file, checked(&registration, LP_JSON_SERVED, LP_DIALECT_LEGACY));
        text_free(&file);
    }
    text_free(&registration);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(canonical_forms_are_theirs),        cmocka_unit_test(any_change_is_refused),
        cmocka_unit_test(signatures_of_theirs_are_accepted), cmocka_unit_test(legacy_metadata_verifies),
        cmocka_unit_test(legacy_manifests_verify),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
