/* SPDX-License-Identifier: Apache-2.0 */
/* The JSON writer, and the key objects that are written with it. */
#include "lampyr/crypto.h"
#include "lampyr/encode.h"
#include "lampyr/json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static void assert_text(const lp_writer *w, const char *expected) {
    lp_slice out = {NULL, 0};
    assert_int_equal(lp_writer_end(w, &out), LP_OK);
    assert_int_equal(out.len, strlen(expected));
    assert_memory_equal(out.ptr, expected, out.len);
}

static void assert_string_becomes(lp_dialect dialect, const char *text, const char *expected) {
    char buffer[256];
    lp_writer w;
    lp_writer_begin(&w, buffer, sizeof buffer, dialect);
    lp_writer_string(&w, text);
    assert_text(&w, expected);
}

static void commas_and_colons_are_placed_by_the_writer(void **state) {
    (void)state;
    char buffer[128];
    lp_writer w;
    lp_writer_begin(&w, buffer, sizeof buffer, LP_DIALECT_TUF);
    lp_writer_open(&w, '{');
    lp_writer_key(&w, "a");
    lp_writer_open(&w, '[');
    lp_writer_uint(&w, 0);
    lp_writer_uint(&w, UINT64_MAX);
    lp_writer_bool(&w, true);
    lp_writer_bool(&w, false);
    lp_writer_open(&w, '{');
    lp_writer_close(&w, '}');
    lp_writer_open(&w, '[');
    lp_writer_close(&w, ']');
    lp_writer_raw(&w, "null", 4);
    lp_writer_close(&w, ']');
    lp_writer_key(&w, "b\"");
    lp_writer_string(&w, "");
    lp_writer_close(&w, '}');
    assert_text(&w, "{\"a\":[0,18446744073709551615,true,false,{},[],null],\"b\\\"\":\"\"}");
}

static void tuf_escapes_quote_and_backslash_only(void **state) {
    (void)state;
    assert_string_becomes(LP_DIALECT_TUF, "\"\\/\b\f\n\r\t\x01\x1f\x7f\xc3\xa9",
                          "\"\\\"\\\\/\b\f\n\r\t\x01\x1f\x7f\xc3\xa9\"");
}

static void legacy_escapes_control_characters(void **state) {
    (void)state;
    assert_string_becomes(LP_DIALECT_LEGACY, "\"\\/\b\f\n\r\t\x01\x1f\x7f\xc3\xa9",
                          "\"\\\"\\\\/\\b\\f\\n\\r\\t\\u0001\\u001f\x7f\xc3\xa9\"");
}

static void keys_are_escaped_like_strings(void **state) {
    (void)state;
    char buffer[32];
    lp_writer w;
    lp_writer_begin(&w, buffer, sizeof buffer, LP_DIALECT_LEGACY);
    lp_writer_open(&w, '{');
    lp_writer_key(&w, "a\n");
    lp_writer_uint(&w, 1);
    lp_writer_close(&w, '}');
    assert_text(&w, "{\"a\\n\":1}");
}

static void what_is_written_is_canonical(void **state) {
    (void)state;
    for (int dialect = LP_DIALECT_TUF; dialect <= LP_DIALECT_LEGACY; dialect++) {
        char buffer[512], all[0x80];
        lp_writer w;
        lp_slice out;
        lp_json value;
        for (size_t i = 0; i + 1 < sizeof all; i++) {
            all[i] = (char)(i + 1);
        }
        all[sizeof all - 1] = '\0';
        lp_writer_begin(&w, buffer, sizeof buffer, (lp_dialect)dialect);
        lp_writer_string(&w, all);
        assert_int_equal(lp_writer_end(&w, &out), LP_OK);
        assert_int_equal(
            lp_json_check(out, LP_JSON_CANONICAL, (lp_dialect)dialect, 1, (lp_scratch){NULL, 0}, &value, NULL), LP_OK);
    }
}

static void overflow_is_told_at_the_end_whatever_the_room(void **state) {
    (void)state;
    static const char expected[] = "{\"key\":\"a\\\"b\",\"n\":12}";
    for (size_t room = 0; room <= sizeof expected - 1; room++) {
        char buffer[sizeof expected + 1];
        lp_writer w;
        lp_slice out = {NULL, 99};
        memset(buffer, '#', sizeof buffer);
        lp_writer_begin(&w, buffer, room, LP_DIALECT_TUF);
        lp_writer_open(&w, '{');
        lp_writer_key(&w, "key");
        lp_writer_string(&w, "a\"b");
        lp_writer_key(&w, "n");
        lp_writer_uint(&w, 12);
        lp_writer_close(&w, '}');
        assert_int_equal(buffer[room], '#');
        if (room < sizeof expected - 1) {
            assert_int_equal(lp_writer_end(&w, &out), LP_LIMIT_MEMORY);
            assert_int_equal(out.len, 99);
        } else {
            assert_text(&w, expected);
        }
    }
}

static void assert_key_becomes(const lp_public_key *key, lp_dialect dialect, const char *expected) {
    char buffer[4096];
    lp_writer w;
    lp_writer_begin(&w, buffer, sizeof buffer, dialect);
    assert_int_equal(lp_public_key_write(&w, key, dialect), LP_OK);
    assert_text(&w, expected);
}

static void ed25519_keys_are_hex(void **state) {
    (void)state;
    lp_public_key key = {.scheme = LP_SCHEME_ED25519, .len = 32};
    for (uint8_t i = 0; i < 32; i++) {
        key.bytes[i] = (uint8_t)(0xa0 + i);
    }
    assert_key_becomes(&key, LP_DIALECT_TUF,
                       "{\"keytype\":\"ed25519\",\"keyval\":{\"public\":"
                       "\"a0a1a2a3a4a5a6a7a8a9aaabacadaeafb0b1b2b3b4b5b6b7b8b9babbbcbdbebf\"},\"scheme\":\"ed25519\"}");
    assert_key_becomes(&key, LP_DIALECT_LEGACY,
                       "{\"keytype\":\"ED25519\",\"keyval\":{\"public\":"
                       "\"a0a1a2a3a4a5a6a7a8a9aaabacadaeafb0b1b2b3b4b5b6b7b8b9babbbcbdbebf\"}}");
}

/* The point and its PEM come from python3-cryptography. */
static void p256_keys_are_pem(void **state) {
    (void)state;
    static const char point[] = "f9ebe464147cc102d92324d099d927c1a50e42d57a08a116ffec0a29819d8c65"
                                "70baf7d12888902a6a0c1d67add103123c859ab69bf8e9431c9384930d4b7eee";
    lp_public_key key = {.scheme = LP_SCHEME_ECDSA_P256, .len = 64};
    size_t len;
    assert_int_equal(lp_hex_decode(lp_str_from(point), key.bytes, 64, &len), LP_OK);
    assert_key_becomes(&key, LP_DIALECT_TUF,
                       "{\"keytype\":\"ecdsa\",\"keyval\":{\"public\":\"-----BEGIN PUBLIC KEY-----\n"
                       "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE+evkZBR8wQLZIyTQmdknwaUOQtV6\n"
                       "CKEW/+wKKYGdjGVwuvfRKIiQKmoMHWet0QMSPIWatpv46UMck4STDUt+7g==\n"
                       "-----END PUBLIC KEY-----\n\"},\"scheme\":\"ecdsa-sha2-nistp256\"}");
    assert_key_becomes(&key, LP_DIALECT_LEGACY,
                       "{\"keytype\":\"ECPRIME256V1\",\"keyval\":{\"public\":\"-----BEGIN PUBLIC KEY-----\\n"
                       "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE+evkZBR8wQLZIyTQmdknwaUOQtV6\\n"
                       "CKEW/+wKKYGdjGVwuvfRKIiQKmoMHWet0QMSPIWatpv46UMck4STDUt+7g==\\n"
                       "-----END PUBLIC KEY-----\\n\"}}");
}

/* A key object that another Uptane client sent to register an ECU. */
static const char foreign_rsa_key[] = "{\"keytype\":\"RSA\",\"keyval\":{\"public\":\"-----BEGIN PUBLIC KEY-----\\n"
                                      "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAvlks4aAD54Q+uq+f4r55\\n"
                                      "Wpmw8BBNZcOsVfUufE7Fg7rotiCxPa2OINxTSFsELGgWFCkNKFzx3sc0CizRUp/h\\n"
                                      "b0BR02dxRGRda7Kkv7cuzRHPw1hsqA5OrjN8MNb74lnmvjiZBPyLVlkBa26kfw78\\n"
                                      "PNAHE0LNJX18zZMRtIcoWQVFIiZ2dgQvf5EWctDjQBM22vyHgHXRvgCp3VLRM0ah\\n"
                                      "CePzvgj1cy/PVnltnr3OhUXE2wBiHAciWFZJ6J1Z9B/vs5foZa6RVdo+x0SuV0Vo\\n"
                                      "bg46m4LlNVfQs1Y3xMZHSGU5lxheU/oLDPmP1iwEhmYZEvs957Ew3lKVZcw/AGRe\\n"
                                      "5QIDAQAB\\n"
                                      "-----END PUBLIC KEY-----\\n\"}}";

static void rsa_keys_come_out_as_another_client_wrote_them(void **state) {
    (void)state;
    lp_public_key key, again;
    assert_int_equal(lp_public_key_read((lp_json){foreign_rsa_key, sizeof foreign_rsa_key - 1}, &key), LP_OK);
    assert_int_equal(key.scheme, LP_SCHEME_RSA_PSS);
    assert_key_becomes(&key, LP_DIALECT_LEGACY, foreign_rsa_key);

    char buffer[4096];
    lp_writer w;
    lp_slice out;
    lp_writer_begin(&w, buffer, sizeof buffer, LP_DIALECT_TUF);
    assert_int_equal(lp_public_key_write(&w, &key, LP_DIALECT_TUF), LP_OK);
    assert_int_equal(lp_writer_end(&w, &out), LP_OK);
    assert_int_equal(lp_public_key_read((lp_json){buffer, out.len}, &again), LP_OK);
    assert_true(lp_public_key_eq(&key, &again));
}

static void impossible_keys_are_not_written(void **state) {
    (void)state;
    static const lp_public_key bad[] = {
        {.scheme = LP_SCHEME_UNKNOWN, .len = 32}, {.scheme = LP_SCHEME_ED25519, .len = 31},
        {.scheme = LP_SCHEME_ED25519, .len = 64}, {.scheme = LP_SCHEME_ECDSA_P256, .len = 32},
        {.scheme = LP_SCHEME_RSA_PSS, .len = 0},  {.scheme = LP_SCHEME_RSA_PSS, .len = LP_PUBLIC_KEY_BYTES + 1},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        char buffer[64];
        lp_writer w;
        lp_writer_begin(&w, buffer, sizeof buffer, LP_DIALECT_TUF);
        assert_int_equal(lp_public_key_write(&w, &bad[i], LP_DIALECT_TUF), LP_FIELD_VALUE);
        assert_text(&w, "");
    }
}

static void schemes_are_named_as_the_dialect_names_them(void **state) {
    (void)state;
    assert_string_equal(lp_scheme_name(LP_SCHEME_ED25519, LP_DIALECT_TUF), "ed25519");
    assert_string_equal(lp_scheme_name(LP_SCHEME_ECDSA_P256, LP_DIALECT_LEGACY), "ecdsa-sha2-nistp256");
    assert_string_equal(lp_scheme_name(LP_SCHEME_RSA_PSS, LP_DIALECT_TUF), "rsassa-pss-sha256");
    assert_string_equal(lp_scheme_name(LP_SCHEME_RSA_PSS, LP_DIALECT_LEGACY), "rsassa-pss");
    assert_string_equal(lp_scheme_name(LP_SCHEME_UNKNOWN, LP_DIALECT_TUF), "");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(commas_and_colons_are_placed_by_the_writer),
        cmocka_unit_test(tuf_escapes_quote_and_backslash_only),
        cmocka_unit_test(legacy_escapes_control_characters),
        cmocka_unit_test(keys_are_escaped_like_strings),
        cmocka_unit_test(what_is_written_is_canonical),
        cmocka_unit_test(overflow_is_told_at_the_end_whatever_the_room),
        cmocka_unit_test(ed25519_keys_are_hex),
        cmocka_unit_test(p256_keys_are_pem),
        cmocka_unit_test(rsa_keys_come_out_as_another_client_wrote_them),
        cmocka_unit_test(impossible_keys_are_not_written),
        cmocka_unit_test(schemes_are_named_as_the_dialect_names_them),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
