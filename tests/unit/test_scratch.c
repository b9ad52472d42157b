/* SPDX-License-Identifier: Apache-2.0 */
/* Scratch memory: with any amount of it the answer is the same, or that memory is short; never a wrong one. */
#include "bench.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* What needs scratch memory most: keys in the wrong order at every level, escapes, white space. */
static const char unordered[] = "{ \"z\" : { \"b\\u0041\" : [ { \"y\" : 1 , \"x\" : \"\\t\\u0001\" } , [ -0 , [] ] ] ,"
                                " \"a\" : {} } , \"m\" : \"\\\"\\\\\" , \"\" : true }";
static const char ordered[] =
    "{\"\":true,\"m\":\"\\\"\\\\\",\"z\":{\"a\":{},\"bA\":[{\"x\":\"\t\x01\",\"y\":1},[0,[]]]}}";

static lp_slice bytes_of(const char *text) {
    return (lp_slice){(const uint8_t *)text, strlen(text)};
}

/* Runs `work` with scratch memory of every size from none to what is promised to be enough. */
static void with_every_size(size_t enough, lp_code (*work)(void *ctx, lp_scratch scratch), void *ctx) {
    lp_code code = LP_LIMIT_MEMORY;
    for (size_t bytes = 0; bytes <= enough; bytes++) {
        lp_scratch scratch = {bytes > 0 ? malloc(bytes) : NULL, bytes};
        lp_code before = code;
        code = work(ctx, scratch);
        free(scratch.ptr);
        assert_true(code == LP_OK || code == LP_LIMIT_MEMORY);
        assert_true(code == LP_OK || before == LP_LIMIT_MEMORY); /* more never makes it worse */
    }
    assert_int_equal(code, LP_OK);
}

static lp_code check_document(void *ctx, lp_scratch scratch) {
    lp_json value;
    bool canonical = true;
    lp_code code = lp_json_check(bytes_of(ctx), LP_JSON_SERVED, LP_DIALECT_TUF, 8, scratch, &value, &canonical);
    assert_true(code != LP_OK || !canonical);
    return code;
}

static void a_document_is_checked_or_memory_is_short(void **state) {
    (void)state;
    char text[sizeof unordered];
    memcpy(text, unordered, sizeof text);
    with_every_size(lp_json_scratch_bytes(strlen(text)), check_document, text);
}

static lp_code make_canonical(void *ctx, lp_scratch scratch) {
    lp_slice out;
    lp_json value = {ctx, strlen(ctx)};
    lp_code code = lp_json_canonical(value, LP_DIALECT_TUF, scratch, &out);
    if (code == LP_OK) {
        assert_int_equal(out.len, sizeof ordered - 1);
        assert_memory_equal(out.ptr, ordered, out.len);
    }
    return code;
}

static void a_canonical_form_is_whole_or_memory_is_short(void **state) {
    (void)state;
    char text[sizeof unordered];
    memcpy(text, unordered, sizeof text);
    with_every_size(lp_json_scratch_bytes(strlen(text)), make_canonical, text);
}

/* --- signed files --- */

static lp_code parse_snapshot(void *ctx, lp_scratch scratch) {
    lp_signed doc;
    return lp_signed_parse(bytes_of(ctx), LP_ROLE_SNAPSHOT, LP_JSON_SERVED, LP_DIALECT_TUF, &lp_limits_gateway, scratch,
                           &doc);
}

static char snapshot[] = "{\"signed\":{\"version\":1,\"spec_version\":\"1.0.0\",\"_type\":\"snapshot\","
                         "\"expires\":\"2033-01-01T00:00:00Z\",\"meta\":{\"c.json\":{\"version\":3},"
                         "\"a.json\":{\"version\":1},\"b.json\":{\"version\":2}}},\"signatures\":[]}";
static void a_file_is_parsed_or_memory_is_short(void **state) {
    (void)state;
    with_every_size(lp_json_scratch_bytes(strlen(snapshot)), parse_snapshot, snapshot);
}

static lp_signed parsed(const char *text, lp_role role) {
    lp_signed doc;
    size_t enough = lp_json_scratch_bytes(strlen(text));
    lp_scratch scratch = {malloc(enough), enough};
    assert_int_equal(
        lp_signed_parse(bytes_of(text), role, LP_JSON_SERVED, LP_DIALECT_TUF, &lp_limits_gateway, scratch, &doc),
        LP_OK);
    free(scratch.ptr);
    return doc;
}

typedef struct signed_file {
    lp_signed doc;
    lp_role_keys keys;
} signed_file;

static lp_code verify(void *ctx, lp_scratch scratch) {
    const signed_file *file = ctx;
    return lp_signed_verify(&file->doc, &file->keys, &lp_crypto_openssl, &lp_limits_gateway, scratch);
}

/* What is signed must first be put in order. */
static void signatures_are_checked_or_memory_is_short(void **state) {
    test_bench *b = *state;
    lp_slice served = files_get(&b->image.files, "timestamp.json");
    json_t *document = json_loadb((const char *)served.ptr, served.len, 0, NULL);
    json_t *payload = json_object_get(document, "signed");
    json_t *type = json_incref(json_object_get(payload, "_type"));
    json_object_del(payload, "_type");
    json_object_set_new(payload, "_type", type); /* now the last */
    char *text = json_dumps(document, JSON_COMPACT);
    lp_slice root_file = files_get(&b->image.files, "1.root.json");
    char *root_text = strndup((const char *)root_file.ptr, root_file.len);
    lp_signed root = parsed(root_text, LP_ROLE_ROOT);
    signed_file file = {.doc = parsed(text, LP_ROLE_TIMESTAMP)};
    assert_int_equal(lp_root_role_keys(&root, LP_ROLE_TIMESTAMP, &file.keys), LP_OK);
    with_every_size(lp_json_scratch_bytes(strlen(text)), verify, &file);
    free(root_text);
    free(text);
    json_decref(document);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_document_is_checked_or_memory_is_short),
        cmocka_unit_test(a_canonical_form_is_whole_or_memory_is_short),
        cmocka_unit_test(a_file_is_parsed_or_memory_is_short),
        TUF_TEST(signatures_are_checked_or_memory_is_short),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
