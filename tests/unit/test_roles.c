/* SPDX-License-Identifier: Apache-2.0 */
/* The fields of each role (Uptane 2.1.0, 5.2; TUF 1.0.34, 4): every required one absent, of the wrong type, and of a
 * value that the format does not allow. Parsing vouches for nothing, so nothing is signed here. */
#include "lampyr-host/openssl.h"
#include "lampyr/role.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#define ZEROS_64 "0000000000000000000000000000000000000000000000000000000000000000"
#define COMMON "\"version\":3,\"expires\":\"2030-01-01T00:00:00Z\",\"spec_version\":\"1.0.34\""

static const char *const good[] = {
    [LP_ROLE_ROOT] = "{\"_type\":\"root\"," COMMON ",\"consistent_snapshot\":true,\"keys\":{},\"roles\":{"
                     "\"root\":{\"keyids\":[\"a\"],\"threshold\":1},\"timestamp\":{\"keyids\":[\"a\"],\"threshold\":1},"
                     "\"snapshot\":{\"keyids\":[\"a\"],\"threshold\":1},"
                     "\"targets\":{\"keyids\":[\"a\"],\"threshold\":1}}}",
    [LP_ROLE_TIMESTAMP] = "{\"_type\":\"timestamp\"," COMMON ",\"meta\":{\"snapshot.json\":{\"version\":7,"
                          "\"length\":10,\"hashes\":{\"sha256\":\"" ZEROS_64 "\"}}}}",
    [LP_ROLE_SNAPSHOT] = "{\"_type\":\"snapshot\"," COMMON ",\"meta\":{\"targets.json\":{\"version\":7}}}",
    [LP_ROLE_TARGETS] = "{\"_type\":\"targets\"," COMMON ",\"targets\":{\"a.bin\":{\"length\":10,\"hashes\":{"
                        "\"sha256\":\"" ZEROS_64 "\"},\"custom\":{\"releaseCounter\":1,"
                        "\"ecuIdentifiers\":{\"e\":{\"hardwareId\":\"hw\"}},\"hardwareIds\":[\"hw\"]}}}}",
};

/* One edit of a good payload: the member at `path` (names separated by '/') set to `json`, or removed if NULL. */
typedef struct edit {
    lp_role role;
    const char *path;
    const char *json;
    lp_code code;
} edit;

static json_t *parse(const char *text) {
    json_t *value = json_loads(text, JSON_DECODE_ANY, NULL);
    assert_non_null(value);
    return value;
}

static void apply(json_t *payload, const char *path, const char *json) {
    json_t *at = payload;
    const char *slash;
    char name[64];
    for (; (slash = strchr(path, '/')) != NULL; path = slash + 1) {
        snprintf(name, sizeof name, "%.*s", (int)(slash - path), path);
        at = json_object_get(at, name);
        assert_non_null(at);
    }
    if (json == NULL) {
        assert_int_equal(json_object_del(at, path), 0);
    } else {
        json_object_set_new(at, path, parse(json));
    }
}

/* Reads everything the verifier reads of a role. */
static lp_code read_all(const lp_signed *doc, lp_role role) {
    bool flag;
    lp_file_info info;
    lp_trusted_targets targets;
    lp_target target;
    lp_str hardware;
    lp_code code;
    switch (role) {
    case LP_ROLE_ROOT:
        return lp_root_read(doc, &lp_limits_gateway, &flag);
    case LP_ROLE_TIMESTAMP:
        return lp_meta_find(doc, lp_str_from("snapshot"), &flag, &info);
    case LP_ROLE_SNAPSHOT:
        return lp_meta_find(doc, lp_str_from("targets"), &flag, &info);
    default:
        code = lp_targets_read(doc, &targets);
        if (code == LP_OK) {
            code = lp_targets_for_ecu(&targets, lp_str_from("e"), &flag, &target, &hardware);
        }
        return code;
    }
}

static lp_code read_envelope(const char *text, lp_role role, lp_dialect dialect) {
    size_t len = strlen(text);
    size_t scratch_bytes = lp_json_scratch_bytes(len);
    lp_scratch scratch = {malloc(scratch_bytes), scratch_bytes};
    lp_signed doc;
    assert_non_null(scratch.ptr);
    lp_code code = lp_signed_parse((lp_slice){(const uint8_t *)text, len}, role, LP_JSON_SERVED, dialect,
                                   &lp_limits_gateway, scratch, &doc);
    if (code == LP_OK) {
        code = read_all(&doc, role);
    }
    free(scratch.ptr);
    return code;
}

static lp_code read_payload(const json_t *payload, lp_role role, lp_dialect dialect) {
    char *content = json_dumps(payload, JSON_COMPACT);
    char *text = NULL;
    assert_true(asprintf(&text, "{\"signatures\":[],\"signed\":%s}", content) > 0);
    lp_code code = read_envelope(text, role, dialect);
    free(text);
    free(content);
    return code;
}

static void check_edits(const edit *edits, size_t count) {
    for (size_t i = 0; i < count; i++) {
        const edit *e = &edits[i];
        json_t *payload = parse(good[e->role]);
        apply(payload, e->path, e->json);
        lp_code code = read_payload(payload, e->role, LP_DIALECT_TUF);
        if (code != e->code) {
            fail_msg("%s %s = %s: %s, not %s", lp_role_name(e->role), e->path, e->json != NULL ? e->json : "(absent)",
                     lp_code_name(code), lp_code_name(e->code));
        }
        json_decref(payload);
    }
}

static void good_payloads_are_read(void **state) {
    (void)state;
    for (lp_role role = LP_ROLE_ROOT; role <= LP_ROLE_TARGETS; role++) {
        json_t *payload = parse(good[role]);
        assert_string_equal(lp_code_name(read_payload(payload, role, LP_DIALECT_TUF)), lp_code_name(LP_OK));
        json_decref(payload);
    }
}

static void fields_of_all_roles_are_checked(void **state) {
    (void)state;
    for (lp_role role = LP_ROLE_ROOT; role <= LP_ROLE_TARGETS; role++) {
        const edit edits[] = {
            {role, "_type", NULL, LP_FIELD_MISSING},
            {role, "_type", "1", LP_FIELD_TYPE},
            {role, "_type", "\"mirrors\"", LP_WRONG_ROLE},
            {role, "_type", "\"Root\"", LP_WRONG_ROLE}, /* capitals are the legacy dialect's */
            {role, "version", NULL, LP_FIELD_MISSING},
            {role, "version", "\"3\"", LP_FIELD_TYPE},
            {role, "version", "0", LP_FIELD_VALUE},
            {role, "version", "-1", LP_FIELD_VALUE},
            {role, "version", "9223372036854775807", LP_OK},
            {role, "expires", NULL, LP_FIELD_MISSING},
            {role, "expires", "1893456000", LP_FIELD_TYPE},
            {role, "expires", "\"2030-02-30T00:00:00Z\"", LP_FIELD_VALUE},
            {role, "expires", "\"2030-01-01T00:00:00+00:00\"", LP_FIELD_VALUE},
            {role, "spec_version", NULL, LP_FIELD_MISSING},
            {role, "spec_version", "1", LP_FIELD_TYPE},
            {role, "spec_version", "\"2.0.0\"", LP_SPEC_VERSION},
            {role, "spec_version", "\"10.0\"", LP_SPEC_VERSION},
            {role, "spec_version", "\"1.99.0\"", LP_OK},
        };
        check_edits(edits, sizeof edits / sizeof *edits);
    }
}

static void fields_of_root_are_checked(void **state) {
    (void)state;
    static const edit edits[] = {
        {LP_ROLE_ROOT, "keys", NULL, LP_FIELD_MISSING},
        {LP_ROLE_ROOT, "keys", "[]", LP_FIELD_TYPE},
        {LP_ROLE_ROOT, "roles", NULL, LP_FIELD_MISSING},
        {LP_ROLE_ROOT, "roles", "[]", LP_FIELD_TYPE},
        {LP_ROLE_ROOT, "roles/timestamp", NULL, LP_FIELD_MISSING},
        {LP_ROLE_ROOT, "roles/timestamp", "[]", LP_FIELD_TYPE},
        {LP_ROLE_ROOT, "roles/targets/keyids", NULL, LP_FIELD_MISSING},
        {LP_ROLE_ROOT, "roles/targets/keyids", "\"a\"", LP_FIELD_TYPE},
        {LP_ROLE_ROOT, "roles/targets/threshold", NULL, LP_FIELD_MISSING},
        {LP_ROLE_ROOT, "roles/targets/threshold", "\"1\"", LP_FIELD_TYPE},
        {LP_ROLE_ROOT, "roles/targets/threshold", "-1", LP_FIELD_VALUE},
        {LP_ROLE_ROOT, "roles/targets/threshold", "0", LP_THRESHOLD_INVALID},
        {LP_ROLE_ROOT, "consistent_snapshot", NULL, LP_OK},
        {LP_ROLE_ROOT, "consistent_snapshot", "\"true\"", LP_FIELD_TYPE},
    };
    check_edits(edits, sizeof edits / sizeof *edits);
}

static void fields_of_timestamp_and_snapshot_are_checked(void **state) {
    (void)state;
    static const edit edits[] = {
        {LP_ROLE_TIMESTAMP, "meta", NULL, LP_FIELD_MISSING},
        {LP_ROLE_TIMESTAMP, "meta", "[]", LP_FIELD_TYPE},
        {LP_ROLE_TIMESTAMP, "meta/snapshot.json", "7", LP_FIELD_TYPE},
        {LP_ROLE_TIMESTAMP, "meta/snapshot.json/version", NULL, LP_FIELD_MISSING},
        {LP_ROLE_TIMESTAMP, "meta/snapshot.json/version", "0", LP_FIELD_VALUE},
        {LP_ROLE_TIMESTAMP, "meta/snapshot.json/version", "\"7\"", LP_FIELD_TYPE},
        {LP_ROLE_TIMESTAMP, "meta/snapshot.json/length", NULL, LP_OK},
        {LP_ROLE_TIMESTAMP, "meta/snapshot.json/length", "-1", LP_FIELD_VALUE},
        {LP_ROLE_TIMESTAMP, "meta/snapshot.json/length", "\"10\"", LP_FIELD_TYPE},
        {LP_ROLE_TIMESTAMP, "meta/snapshot.json/hashes", NULL, LP_OK},
        {LP_ROLE_TIMESTAMP, "meta/snapshot.json/hashes", "[]", LP_FIELD_TYPE},
        {LP_ROLE_TIMESTAMP, "meta/snapshot.json/hashes", "{}", LP_FIELD_VALUE},
        {LP_ROLE_TIMESTAMP, "meta/snapshot.json/hashes", "{\"md5\":\"00\"}", LP_FIELD_VALUE},
        {LP_ROLE_TIMESTAMP, "meta/snapshot.json/hashes/sha256", "\"00\"", LP_FIELD_VALUE},
        {LP_ROLE_TIMESTAMP, "meta/snapshot.json/hashes/sha256", "\"g" ZEROS_64 "\"", LP_FIELD_VALUE},
        {LP_ROLE_TIMESTAMP, "meta/snapshot.json/hashes/sha256", "0", LP_FIELD_TYPE},
        {LP_ROLE_SNAPSHOT, "meta", NULL, LP_FIELD_MISSING},
        {LP_ROLE_SNAPSHOT, "meta", "1", LP_FIELD_TYPE},
        {LP_ROLE_SNAPSHOT, "meta/targets.json/version", NULL, LP_FIELD_MISSING},
    };
    check_edits(edits, sizeof edits / sizeof *edits);
}

static void fields_of_targets_are_checked(void **state) {
    (void)state;
    static const edit edits[] = {
        {LP_ROLE_TARGETS, "targets", NULL, LP_FIELD_MISSING},
        {LP_ROLE_TARGETS, "targets", "[]", LP_FIELD_TYPE},
        {LP_ROLE_TARGETS, "targets/a.bin", "[]", LP_FIELD_TYPE},
        {LP_ROLE_TARGETS, "targets/a.bin/length", NULL, LP_FIELD_MISSING},
        {LP_ROLE_TARGETS, "targets/a.bin/length", "\"10\"", LP_FIELD_TYPE},
        {LP_ROLE_TARGETS, "targets/a.bin/length", "-1", LP_FIELD_VALUE},
        {LP_ROLE_TARGETS, "targets/a.bin/hashes", NULL, LP_FIELD_MISSING},
        {LP_ROLE_TARGETS, "targets/a.bin/hashes", "{}", LP_FIELD_VALUE},
        {LP_ROLE_TARGETS, "targets/a.bin/custom", "[]", LP_FIELD_TYPE},
        {LP_ROLE_TARGETS, "targets/a.bin/custom/releaseCounter", "\"1\"", LP_FIELD_TYPE},
        {LP_ROLE_TARGETS, "targets/a.bin/custom/releaseCounter", "-1", LP_FIELD_VALUE},
        {LP_ROLE_TARGETS, "targets/a.bin/custom/encrypted", "1", LP_FIELD_TYPE},
        {LP_ROLE_TARGETS, "targets/a.bin/custom/ecuIdentifiers", NULL, LP_FIELD_MISSING},
        {LP_ROLE_TARGETS, "targets/a.bin/custom/ecuIdentifiers", "[]", LP_FIELD_TYPE},
        {LP_ROLE_TARGETS, "targets/a.bin/custom/ecuIdentifiers/e", "\"hw\"", LP_FIELD_TYPE},
        {LP_ROLE_TARGETS, "targets/a.bin/custom/ecuIdentifiers/e/hardwareId", NULL, LP_FIELD_MISSING},
        {LP_ROLE_TARGETS, "targets/a.bin/custom/ecuIdentifiers/e/hardwareId", "1", LP_FIELD_TYPE},
        {LP_ROLE_TARGETS, "custom", "{\"anything\":[1]}", LP_OK},
    };
    check_edits(edits, sizeof edits / sizeof *edits);
}

static void the_envelope_is_checked(void **state) {
    (void)state;
    static const struct {
        const char *text;
        lp_code code;
    } cases[] = {
        {"[]", LP_FIELD_TYPE},
        {"{}", LP_FIELD_MISSING},
        {"{\"signatures\":[]}", LP_FIELD_MISSING},
        {"{\"signed\":{}}", LP_FIELD_MISSING},
        {"{\"signatures\":{},\"signed\":{}}", LP_FIELD_TYPE},
        {"{\"signatures\":[],\"signed\":[]}", LP_FIELD_TYPE},
        {"", LP_JSON_SYNTAX},
        {"{\"signatures\":[],\"signed\":{}", LP_JSON_SYNTAX},
        {"{\"signatures\":[],\"signed\":{}} x", LP_JSON_TRAILING},
        {"{\"signatures\":[],\"signed\":{\"a\":1,\"a\":2}}", LP_JSON_DUPLICATE_KEY},
        {"{\"signatures\":[],\"signed\":{\"a\":1.5}}", LP_JSON_NUMBER},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        lp_code code = read_envelope(cases[i].text, LP_ROLE_ROOT, LP_DIALECT_TUF);
        if (code != cases[i].code) {
            fail_msg("%s: %s", cases[i].text, lp_code_name(code));
        }
    }
}

static void legacy_types_are_capitalised_and_have_no_spec_version(void **state) {
    (void)state;
    static const char *const types[] = {"", "\"Root\"", "\"Timestamp\"", "\"Snapshot\"", "\"Targets\""};
    for (lp_role role = LP_ROLE_ROOT; role <= LP_ROLE_TARGETS; role++) {
        json_t *payload = parse(good[role]);
        assert_int_equal(read_payload(payload, role, LP_DIALECT_LEGACY), LP_WRONG_ROLE);
        apply(payload, "_type", types[role]);
        apply(payload, "spec_version", NULL);
        assert_int_equal(read_payload(payload, role, LP_DIALECT_LEGACY), LP_OK);
        json_decref(payload);
    }
}

static void images_are_not_named_out_of_their_folder(void **state) {
    (void)state;
    static const char *const names[] = {"../a", "/a", "a/../b", "a//b", "", ".", "a\\b"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        json_t *payload = parse(good[LP_ROLE_TARGETS]);
        json_t *targets = json_object_get(payload, "targets");
        json_object_set(targets, names[i], json_object_get(targets, "a.bin"));
        json_object_del(targets, "a.bin");
        assert_string_equal(lp_code_name(read_payload(payload, LP_ROLE_TARGETS, LP_DIALECT_TUF)),
                            lp_code_name(LP_NAME_UNSAFE));
        json_decref(payload);
    }
}

static void hardware_identifiers_have_a_largest_number(void **state) {
    (void)state;
    json_t *payload = parse(good[LP_ROLE_TARGETS]);
    json_t *image = json_object_get(json_object_get(payload, "targets"), "a.bin");
    json_t *ids = json_array();
    json_object_set_new(json_object_get(image, "custom"), "hardwareIds", ids);
    while (json_array_size(ids) < LP_HARDWARE_IDS) {
        json_array_append_new(ids, json_string("hw"));
    }
    assert_int_equal(read_payload(payload, LP_ROLE_TARGETS, LP_DIALECT_TUF), LP_OK);
    json_array_append_new(ids, json_string("hw"));
    assert_int_equal(read_payload(payload, LP_ROLE_TARGETS, LP_DIALECT_TUF), LP_LIMIT_RECORD);
    json_decref(payload);
}

static void an_image_name_has_a_longest_length(void **state) {
    (void)state;
    char name[LP_NAME_BYTES + 1];
    memset(name, 'a', sizeof name);
    name[LP_NAME_BYTES] = '\0';
    json_t *payload = parse(good[LP_ROLE_TARGETS]);
    json_t *targets = json_object_get(payload, "targets");
    json_object_set(targets, name, json_object_get(targets, "a.bin"));
    json_object_del(targets, "a.bin");
    assert_int_equal(read_payload(payload, LP_ROLE_TARGETS, LP_DIALECT_TUF), LP_LIMIT_STRING);
    json_decref(payload);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good_payloads_are_read),
        cmocka_unit_test(fields_of_all_roles_are_checked),
        cmocka_unit_test(fields_of_root_are_checked),
        cmocka_unit_test(fields_of_timestamp_and_snapshot_are_checked),
        cmocka_unit_test(fields_of_targets_are_checked),
        cmocka_unit_test(the_envelope_is_checked),
        cmocka_unit_test(legacy_types_are_capitalised_and_have_no_spec_version),
        cmocka_unit_test(images_are_not_named_out_of_their_folder),
        cmocka_unit_test(hardware_identifiers_have_a_largest_number),
        cmocka_unit_test(an_image_name_has_a_longest_length),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
