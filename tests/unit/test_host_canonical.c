/* SPDX-License-Identifier: Apache-2.0 */
/* The canonical form of whole documents. */
#include "lampyr-host/canonical.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static lp_slice slice(const char *text) {
    return (lp_slice){(const uint8_t *)text, strlen(text)};
}

static void becomes(const char *document, lp_dialect dialect, const char *canonical) {
    uint8_t *bytes;
    size_t len;
    assert_int_equal(lp_canonical_copy(slice(document), dialect, &bytes, &len), LP_OK);
    assert_int_equal(len, strlen(canonical));
    assert_string_equal((const char *)bytes, canonical);
    free(bytes);
}

static void what_is_served_is_brought_into_canonical_form(void **state) {
    (void)state;
    becomes("{ \"b\": \"a\\nb\", \"a\": 1 }", LP_DIALECT_TUF, "{\"a\":1,\"b\":\"a\nb\"}");
    becomes("{ \"b\": \"a\\nb\", \"a\": 1 }", LP_DIALECT_LEGACY, "{\"a\":1,\"b\":\"a\\nb\"}");
}

static void what_is_canonical_already_stays_although_it_is_no_json(void **state) {
    (void)state;
    becomes("{\"a\":1,\"b\":\"a\nb\"}", LP_DIALECT_TUF, "{\"a\":1,\"b\":\"a\nb\"}");
}

static void what_is_neither_is_refused(void **state) {
    uint8_t *bytes = NULL;
    size_t len = 77;
    (void)state;
    assert_int_equal(lp_canonical_copy(slice("{ \"b\": \"a\nb\" }"), LP_DIALECT_TUF, &bytes, &len), LP_JSON_SYNTAX);
    assert_int_equal(lp_canonical_copy(slice("{\"b\":\"a\nb\"}"), LP_DIALECT_LEGACY, &bytes, &len), LP_JSON_SYNTAX);
    assert_int_equal(lp_canonical_copy(slice(""), LP_DIALECT_TUF, &bytes, &len), LP_JSON_SYNTAX);
    assert_null(bytes);
    assert_int_equal(len, 77);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_served_is_brought_into_canonical_form),
        cmocka_unit_test(what_is_canonical_already_stays_although_it_is_no_json),
        cmocka_unit_test(what_is_neither_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
