/* SPDX-License-Identifier: Apache-2.0 */
/* Signed envelopes and version reports. */
#include "lampyr/encode.h"
#include "lampyr/report.h"

#include "lampyr-host/openssl.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* A key and a version report that another Uptane client sent. */
static const char foreign_key[] =
    "{\"keytype\":\"RSA\",\"keyval\":{\"public\":\"-----BEGIN PUBLIC KEY-----\\nMIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AM"
    "IIBCgKCAQEAvlks4aAD54Q+uq+f4r55\\nWpmw8BBNZcOsVfUufE7Fg7rotiCxPa2OINxTSFsELGgWFCkNKFzx3sc0CizRUp/h\\nb0BR02d"
    "xRGRda7Kkv7cuzRHPw1hsqA5OrjN8MNb74lnmvjiZBPyLVlkBa26kfw78\\nPNAHE0LNJX18zZMRtIcoWQVFIiZ2dgQvf5EWctDjQBM22vyH"
    "gHXRvgCp3VLRM0ah\\nCePzvgj1cy/PVnltnr3OhUXE2wBiHAciWFZJ6J1Z9B/vs5foZa6RVdo+x0SuV0Vo\\nbg46m4LlNVfQs1Y3xMZHSG"
    "U5lxheU/oLDPmP1iwEhmYZEvs957Ew3lKVZcw/AGRe\\n5QIDAQAB\\n-----END PUBLIC KEY-----\\n\"}}";
static const char foreign_report[] =
    "{\"signatures\":[{\"keyid\":\"34853e94796c44b8548aba5a35dcba381809bc7fe88c30d115d5cbef37e932cd\",\"method\":"
    "\"rsassa-pss\",\"sig\":\"AtTAyDFJ5t9/EoF8xNtrCq3ZKq2zHxxtWFbJ/gIlt6OqWMGLnVde1gfjy6hwgjAwtxMHti3mHseeEd6l4zP"
    "6t8S2oRTO79DcZnjFbtyJ01EGzbZbZ57V5CwBn0zTQ+FjtmZlYJ2OiGgsDG6U8d3FSZdmHKbnC+jprmc3RcTBPhvsDhAHfavf4afKeV6rjDr"
    "+XyS8XBJ8rpMqXks0IfXZ019hiz6tdp0qNSxGn5Dcq7KZpv4dBPqyEi40HT3BlHmdoLjMUqKu93UL4JhCt3+8pCY6MXhAAw6ZU2yxPqoobhN"
    "4ZU6hlK8TP/cxiDeQDnBg9MnEcqbHIUQEy10LcV3kaQ==\"}],\"signed\":{\"attacks_detected\":\"\",\"ecu_serial\":\"pri"
    "mary-0001\",\"installed_image\":{\"fileinfo\":{\"hashes\":{\"sha256\":\"e3b0c44298fc1c149afbf4c8996fb92427ae"
    "41e4649b934ca495991b7852b855\"},\"length\":0},\"filepath\":\"unknown\"},\"previous_timeserver_time\":\"1970-"
    "01-01T00:00:00Z\",\"report_counter\":\"1\",\"timeserver_time\":\"1970-01-01T00:00:00Z\"}}";

/* Made by python3-securesystemslib (canonical form) and python3-cryptography (signature), key 00 01 .. 1f. */
#define DIGEST "0101010101010101010101010101010101010101010101010101010101010101"
#define TAIL                                                                                                           \
    ",\"failed_image\":\"dir/new\\\\x.bin\",\"installed_image\":{\"fileinfo\":{\"hashes\":{\"sha256\":\"" DIGEST       \
    "\"},\"length\":65536},\"filepath\":\"brake.bin\"},\"previous_timeserver_time\":\"2026-11-20T00:00:00Z\","         \
    "\"report_counter\":\"7\",\"timeserver_time\":\"2026-11-21T02:23:54Z\"}"
#define HEAD "{\"attacks_detected\":\"rollback_version expired\",\"ecu_serial\":"
#define KEYID "63d00ee3cf4f5c61ad94efa696c68f13b608fe56ecea13fb144a6fd18e9235b9"
#define TUF_SIGNATURE                                                                                                  \
    "dc87586d1a3a3c366572a6f76766e93bc6a43ea06e8ea89f5ce6e22a9ff57c21"                                                 \
    "f60cba4ef1c045f21f1e932f62fda325cd2b97486d80c3473266f205a5ac2604"
#define LEGACY_SIGNATURE "GVasJozWDXxfommQB+jeoZwr9XkowhUpu6l04shJfOd5DAkcg6txFPE+949FRh3WJgF0lRnPe3NbDgNKvkf7AA=="
#define ENTRY(sig) "{\"keyid\":\"" KEYID "\",\"method\":\"ed25519\",\"sig\":\"" sig "\"}"
#define ENVELOPE(entries, payload) "{\"signatures\":[" entries "],\"signed\":" payload "}"
#define TUF_PAYLOAD HEAD "\"sec \\\"7\\\" \xc3\xa9\"" TAIL
#define LEGACY_PAYLOAD HEAD "\"sec \\\"7\\\"\\n\"" TAIL
#define TUF_REPORT ENVELOPE(ENTRY(TUF_SIGNATURE), TUF_PAYLOAD)
#define LEGACY_REPORT ENVELOPE(ENTRY(LEGACY_SIGNATURE), LEGACY_PAYLOAD)

static const lp_public_key golden_key = {
    .scheme = LP_SCHEME_ED25519,
    .len = 32,
    .bytes = {0x03, 0xa1, 0x07, 0xbf, 0xf3, 0xce, 0x10, 0xbe, 0x1d, 0x70, 0xdd, 0x18, 0xe7, 0x4b, 0xc0, 0x99,
              0x67, 0xe4, 0xd6, 0x30, 0x9b, 0xa5, 0x0d, 0x5f, 0x1d, 0xdc, 0x86, 0x64, 0x12, 0x55, 0x31, 0xb8},
};

static const lp_report golden_report = {
    .serial = "sec \"7\" \xc3\xa9",
    .image_name = "brake.bin",
    .image_bytes = 65536,
    .image_sha256 = {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1},
    .attacks = "rollback_version expired",
    .failed_image = "dir/new\\x.bin",
    .counter = 7,
    .time = 1795227834,
    .previous_time = 1795132800,
};

static bool sign_golden(const lp_signer *signer, lp_slice message, uint8_t *signature, size_t *len) {
    (void)signer;
    uint8_t seed[32];
    for (uint8_t i = 0; i < sizeof seed; i++) {
        seed[i] = i;
    }
    EVP_PKEY *pkey = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, seed, sizeof seed);
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    *len = 64;
    bool ok = EVP_DigestSignInit(context, NULL, NULL, NULL, pkey) == 1 &&
              EVP_DigestSign(context, signature, len, message.ptr, message.len) == 1;
    EVP_MD_CTX_free(context);
    EVP_PKEY_free(pkey);
    return ok;
}

static bool sign_never(const lp_signer *signer, lp_slice message, uint8_t *signature, size_t *len) {
    (void)signer, (void)message, (void)signature, (void)len;
    return false;
}

/* The longest signature there is; nobody checks it. */
static bool sign_at_length(const lp_signer *signer, lp_slice message, uint8_t *signature, size_t *len) {
    (void)signer, (void)message;
    memset(signature, 0xff, LP_SIGNATURE_BYTES);
    *len = LP_SIGNATURE_BYTES;
    return true;
}

static const lp_signer golden_signer = {.scheme = LP_SCHEME_ED25519, .keyid = KEYID, .sign = sign_golden};

static lp_slice bytes_of(const char *text) {
    return (lp_slice){(const uint8_t *)text, strlen(text)};
}

static void assert_is(lp_slice bytes, const char *expected) {
    assert_int_equal(bytes.len, strlen(expected));
    assert_memory_equal(bytes.ptr, expected, bytes.len);
}

static lp_code read_with(const char *text, lp_dialect dialect, const lp_public_key *key, const lp_limits *limits,
                         lp_json *payload) {
    static uint8_t memory[65536];
    assert_true(lp_json_scratch_bytes(strlen(text)) <= sizeof memory);
    return lp_envelope_read(bytes_of(text), dialect, key, &lp_crypto_openssl, limits,
                            (lp_scratch){memory, sizeof memory}, payload);
}

static lp_code read_envelope(const char *text, lp_dialect dialect) {
    lp_json payload;
    return read_with(text, dialect, &golden_key, &lp_limits_gateway, &payload);
}

/* What lp_report_read() says of the `signed` object in `text`. */
static lp_code read_report(const char *text, lp_report_view *out) {
    lp_json payload;
    assert_int_equal(
        lp_json_check(bytes_of(text), LP_JSON_CANONICAL, LP_DIALECT_LEGACY, 16, (lp_scratch){NULL, 0}, &payload, NULL),
        LP_OK);
    return lp_report_read(payload, out);
}

/* The verdict on LEGACY_PAYLOAD after `from` was replaced by `to`. */
static lp_code read_changed(const char *from, const char *to) {
    char text[4096] = LEGACY_PAYLOAD;
    lp_report_view view;
    char *at = strstr(text, from);
    assert_non_null(at);
    memmove(at + strlen(to), at + strlen(from), strlen(at + strlen(from)) + 1);
    memcpy(at, to, strlen(to));
    return read_report(text, &view);
}

static void reports_agree_with_independent_implementations(void **state) {
    (void)state;
    lp_report report = golden_report;
    char buffer[LP_REPORT_BYTES];
    lp_slice out;
    assert_int_equal(lp_report_write(&report, LP_DIALECT_TUF, &golden_signer, buffer, sizeof buffer, &out), LP_OK);
    assert_is(out, TUF_REPORT);
    report.serial = "sec \"7\"\n";
    assert_int_equal(lp_report_write(&report, LP_DIALECT_LEGACY, &golden_signer, buffer, sizeof buffer, &out), LP_OK);
    assert_is(out, LEGACY_REPORT);
}

static void a_report_fits_any_buffer_that_holds_it_or_is_a_limit(void **state) {
    (void)state;
    for (size_t room = 0; room <= strlen(TUF_REPORT); room++) {
        char *buffer = malloc(room + 1); /* exact, so that the sanitizer sees a byte too many */
        lp_slice out = {NULL, 0};
        assert_non_null(buffer);
        lp_code code = lp_report_write(&golden_report, LP_DIALECT_TUF, &golden_signer, buffer, room, &out);
        assert_int_equal(code, room < strlen(TUF_REPORT) ? LP_LIMIT_MEMORY : LP_OK);
        assert_int_equal(out.ptr != NULL, code == LP_OK);
        if (code == LP_OK) {
            assert_is(out, TUF_REPORT);
        }
        free(buffer);
    }
}

static void the_longest_report_fits_the_documented_buffer(void **state) {
    (void)state;
    char name[LP_NAME_BYTES], attacks[LP_ATTACKS_BYTES], serial[64], buffer[LP_REPORT_BYTES];
    lp_slice out;
    lp_signer signer = {.scheme = LP_SCHEME_ECDSA_P256, .keyid = KEYID, .sign = sign_at_length};
    lp_report report = {serial, name, UINT64_MAX, {0}, attacks, name, UINT64_MAX, INT64_MAX, INT64_MAX};
    memset(name, 'n', sizeof name);
    memset(attacks, 'a', sizeof attacks);
    memset(serial, 's', sizeof serial);
    name[sizeof name - 1] = attacks[sizeof attacks - 1] = serial[sizeof serial - 1] = '\0';
    assert_int_equal(lp_report_write(&report, LP_DIALECT_TUF, &signer, buffer, sizeof buffer, &out), LP_OK);
    assert_int_equal(lp_report_write(&report, LP_DIALECT_LEGACY, &signer, buffer, sizeof buffer, &out), LP_OK);
}

static void what_is_not_there_is_left_out_of_a_report(void **state) {
    (void)state;
    lp_report report = golden_report;
    char buffer[LP_REPORT_BYTES + 1];
    lp_slice out;
    report.failed_image = NULL;
    report.counter = 0;
    assert_int_equal(lp_report_write(&report, LP_DIALECT_LEGACY, &golden_signer, buffer, sizeof buffer - 1, &out),
                     LP_OK);
    buffer[out.len] = '\0';
    assert_null(strstr(buffer, "failed_image"));
    assert_null(strstr(buffer, "report_counter"));
}

static void a_signer_that_fails_is_a_state_error(void **state) {
    (void)state;
    char buffer[LP_REPORT_BYTES];
    lp_slice out = {NULL, 0};
    lp_signer signer = {.scheme = LP_SCHEME_ED25519, .keyid = KEYID, .sign = sign_never};
    assert_int_equal(lp_report_write(&golden_report, LP_DIALECT_TUF, &signer, buffer, sizeof buffer, &out), LP_STATE);
    assert_int_equal(lp_envelope_write(bytes_of("{}"), LP_DIALECT_TUF, &signer, buffer, sizeof buffer, &out), LP_STATE);
    assert_null(out.ptr);
}

static void a_signed_envelope_is_accepted_and_yields_its_payload(void **state) {
    (void)state;
    lp_json payload;
    assert_int_equal(read_with(TUF_REPORT, LP_DIALECT_TUF, &golden_key, &lp_limits_gateway, &payload), LP_OK);
    assert_is((lp_slice){(const uint8_t *)payload.ptr, payload.len}, TUF_PAYLOAD);
    assert_int_equal(read_envelope(LEGACY_REPORT, LP_DIALECT_LEGACY), LP_OK);
}

static void the_signature_covers_the_canonical_form(void **state) {
    (void)state;
    assert_int_equal(read_envelope(" { \"signed\" : " LEGACY_PAYLOAD
                                   ",\n\"signatures\" : [" ENTRY(LEGACY_SIGNATURE) "] }",
                                   LP_DIALECT_LEGACY),
                     LP_OK);
    assert_int_equal(read_envelope(ENVELOPE(ENTRY(LEGACY_SIGNATURE), HEAD " \"\\u0073ec \\\"7\\\"\\u000A\" " TAIL),
                                   LP_DIALECT_LEGACY),
                     LP_OK);
}

static void a_report_of_another_client_is_accepted(void **state) {
    (void)state;
    lp_public_key key;
    lp_json payload;
    lp_report_view view;
    assert_int_equal(lp_public_key_read((lp_json){foreign_key, sizeof foreign_key - 1}, &key), LP_OK);
    assert_int_equal(read_with(foreign_report, LP_DIALECT_LEGACY, &key, &lp_limits_gateway, &payload), LP_OK);
    assert_int_equal(lp_report_read(payload, &view), LP_OK);
    assert_true(lp_str_is(view.serial, "primary-0001"));
    assert_true(lp_str_is(view.image_name, "unknown"));
    assert_int_equal(view.image_bytes, 0);
    assert_true(view.has_counter);
    assert_int_equal(view.counter, 1);
    assert_int_equal(view.time, 0);
    assert_int_equal(read_with(foreign_report, LP_DIALECT_LEGACY, &golden_key, &lp_limits_gateway, &payload),
                     LP_SIGNATURE_THRESHOLD);
}

static void every_scheme_signs_and_verifies(void **state) {
    (void)state;
    for (int scheme = LP_SCHEME_ED25519; scheme <= LP_SCHEME_RSA_PSS; scheme++) {
        for (int dialect = LP_DIALECT_TUF; dialect <= LP_DIALECT_LEGACY; dialect++) {
            lp_key key;
            lp_json payload;
            lp_slice out;
            char buffer[LP_REPORT_BYTES + 1];
            assert_int_equal(lp_key_generate((lp_scheme)scheme, 2048, (lp_dialect)dialect, &key), LP_OK);
            assert_int_equal(
                lp_report_write(&golden_report, (lp_dialect)dialect, &key.signer, buffer, sizeof buffer - 1, &out),
                LP_OK);
            buffer[out.len] = '\0';
            assert_int_equal(read_with(buffer, (lp_dialect)dialect, &key.public_key, &lp_limits_gateway, &payload),
                             LP_OK);
            assert_int_equal(read_with(buffer, (lp_dialect)dialect, &golden_key, &lp_limits_gateway, &payload),
                             LP_SIGNATURE_THRESHOLD);
            lp_key_free(&key);
        }
    }
}

static void a_changed_payload_or_signature_is_not_signed(void **state) {
    (void)state;
    for (size_t at = 0; at < strlen(TUF_REPORT); at++) {
        char text[] = TUF_REPORT;
        if (text[at] >= '1' && text[at] <= '8') {
            bool in_keyid = at < (size_t)(strstr(text, "\"method\"") - text);
            bool in_method = !in_keyid && at < (size_t)(strstr(text, "\"sig\"") - text);
            text[at]++;
            assert_int_equal(read_envelope(text, LP_DIALECT_TUF),
                             in_keyid || in_method ? LP_OK : LP_SIGNATURE_THRESHOLD);
        }
    }
}

static void signatures_that_are_no_signatures_do_not_count(void **state) {
    (void)state;
    assert_int_equal(read_envelope(ENVELOPE("", TUF_PAYLOAD), LP_DIALECT_TUF), LP_SIGNATURE_THRESHOLD);
    assert_int_equal(read_envelope(ENVELOPE(ENTRY(""), TUF_PAYLOAD), LP_DIALECT_TUF), LP_SIGNATURE_THRESHOLD);
    assert_int_equal(read_envelope(ENVELOPE(ENTRY("zz"), TUF_PAYLOAD), LP_DIALECT_TUF), LP_SIGNATURE_THRESHOLD);
    assert_int_equal(read_envelope(ENVELOPE(ENTRY(LEGACY_SIGNATURE), TUF_PAYLOAD), LP_DIALECT_TUF),
                     LP_SIGNATURE_THRESHOLD);
    assert_int_equal(read_envelope(LEGACY_REPORT, LP_DIALECT_TUF), LP_SIGNATURE_THRESHOLD);
    assert_int_equal(read_envelope(ENVELOPE(ENTRY("zz") "," ENTRY(TUF_SIGNATURE), TUF_PAYLOAD), LP_DIALECT_TUF), LP_OK);
}

static void an_envelope_of_another_form_is_refused(void **state) {
    (void)state;
    assert_int_equal(read_envelope("", LP_DIALECT_TUF), LP_JSON_SYNTAX);
    assert_int_equal(read_envelope("[]", LP_DIALECT_TUF), LP_FIELD_TYPE);
    assert_int_equal(read_envelope("{\"signed\":{}}", LP_DIALECT_TUF), LP_FIELD_MISSING);
    assert_int_equal(read_envelope("{\"signatures\":[]}", LP_DIALECT_TUF), LP_FIELD_MISSING);
    assert_int_equal(read_envelope(ENVELOPE("", "[]"), LP_DIALECT_TUF), LP_FIELD_TYPE);
    assert_int_equal(read_envelope("{\"signatures\":{},\"signed\":{}}", LP_DIALECT_TUF), LP_FIELD_TYPE);
    assert_int_equal(read_envelope(ENVELOPE("7", "{}"), LP_DIALECT_TUF), LP_FIELD_TYPE);
    assert_int_equal(read_envelope(ENVELOPE("{\"keyid\":\"a\"}", "{}"), LP_DIALECT_TUF), LP_FIELD_MISSING);
    assert_int_equal(read_envelope(ENVELOPE("{\"sig\":\"aa\"}", "{}"), LP_DIALECT_TUF), LP_FIELD_MISSING);
    assert_int_equal(read_envelope(ENVELOPE("{\"keyid\":\"a\",\"sig\":1}", "{}"), LP_DIALECT_TUF), LP_FIELD_TYPE);
    assert_int_equal(read_envelope(ENVELOPE("", "{\"a\":1,\"a\":2}"), LP_DIALECT_TUF), LP_JSON_DUPLICATE_KEY);
}

static void signatures_beyond_the_limit_are_not_tried(void **state) {
    (void)state;
    lp_limits limits = lp_limits_gateway;
    lp_json payload;
    limits.signatures = 1;
    assert_int_equal(read_with(TUF_REPORT, LP_DIALECT_TUF, &golden_key, &limits, &payload), LP_OK);
    assert_int_equal(read_with(ENVELOPE(ENTRY(TUF_SIGNATURE) "," ENTRY(TUF_SIGNATURE), TUF_PAYLOAD), LP_DIALECT_TUF,
                               &golden_key, &limits, &payload),
                     LP_LIMIT_SIGNATURES);
    limits.json_depth = 4;
    assert_int_equal(read_with(TUF_REPORT, LP_DIALECT_TUF, &golden_key, &limits, &payload), LP_LIMIT_DEPTH);
}

static void envelopes_inside_a_manifest_are_verified_in_place(void **state) {
    (void)state;
    static const char manifest[] = "{\"sec-7\":" TUF_REPORT "}";
    lp_json value, payload;
    assert_int_equal(
        lp_json_check(bytes_of(manifest), LP_JSON_CANONICAL, LP_DIALECT_TUF, 16, (lp_scratch){NULL, 0}, &value, NULL),
        LP_OK);
    assert_int_equal(lp_envelope_verify(lp_json_get(value, "sec-7"), LP_DIALECT_TUF, &golden_key, &lp_crypto_openssl,
                                        &lp_limits_gateway, (lp_scratch){NULL, 0}, &payload),
                     LP_OK);
    assert_ptr_equal(payload.ptr, strstr(manifest, TUF_PAYLOAD));
}

static void a_report_is_read_in_full(void **state) {
    (void)state;
    lp_report_view view;
    char serial[16], failed[16];
    assert_int_equal(read_report(LEGACY_PAYLOAD, &view), LP_OK);
    assert_int_equal(lp_str_copy(view.serial, serial, sizeof serial, NULL), LP_OK);
    assert_string_equal(serial, "sec \"7\"\n");
    assert_true(lp_str_is(view.image_name, "brake.bin"));
    assert_int_equal(view.image_bytes, 65536);
    assert_true(view.image_hashes.has_sha256);
    assert_memory_equal(view.image_hashes.sha256, golden_report.image_sha256, LP_SHA256_BYTES);
    assert_true(lp_str_is(view.attacks, "rollback_version expired"));
    assert_int_equal(lp_str_copy(view.failed_image, failed, sizeof failed, NULL), LP_OK);
    assert_string_equal(failed, golden_report.failed_image);
    assert_true(view.has_counter);
    assert_int_equal(view.counter, 7);
    assert_int_equal(view.time, golden_report.time);
}

static void the_counter_is_a_number_or_its_decimal_text_or_absent(void **state) {
    (void)state;
    lp_report_view view;
    assert_int_equal(read_report("{\"attacks_detected\":\"\",\"ecu_serial\":\"s\",\"installed_image\":{\"fileinfo\":{"
                                 "\"hashes\":{\"sha256\":\"" DIGEST "\"},\"length\":1},\"filepath\":\"f\"},"
                                 "\"timeserver_time\":\"1970-01-01T00:00:00Z\"}",
                                 &view),
                     LP_OK);
    assert_false(view.has_counter);
    assert_null(view.failed_image.ptr);
    assert_int_equal(read_changed("\"7\",\"time", "7,\"time"), LP_OK);
    assert_int_equal(read_changed("\"7\",\"time", "\"07\",\"time"), LP_FIELD_VALUE);
    assert_int_equal(read_changed("\"7\",\"time", "\"\",\"time"), LP_FIELD_VALUE);
    assert_int_equal(read_changed("\"7\",\"time", "\"-7\",\"time"), LP_FIELD_VALUE);
    assert_int_equal(read_changed("\"7\",\"time", "-7,\"time"), LP_FIELD_VALUE);
    assert_int_equal(read_changed("\"7\",\"time", "true,\"time"), LP_FIELD_TYPE);
}

static void members_that_a_report_needs_are_required(void **state) {
    (void)state;
    static const char *const members[] = {"attacks_detected", "ecu_serial", "installed_image", "timeserver_time",
                                          "fileinfo",         "hashes",     "length",          "filepath"};
    for (size_t i = 0; i < sizeof members / sizeof *members; i++) {
        char from[32] = "\"", to[32] = "\"";
        strcat(strcat(from, members[i]), "\":");
        strcat(strcat(to, members[i]), "x\":"); /* another member, in the same place */
        assert_int_equal(read_changed(from, to), LP_FIELD_MISSING);
    }
}

static void members_of_the_wrong_type_or_value_are_refused(void **state) {
    (void)state;
    lp_report_view view;
    assert_int_equal(read_report("[]", &view), LP_FIELD_TYPE);
    assert_int_equal(read_changed("\"brake.bin\"", "[]"), LP_FIELD_TYPE);
    assert_int_equal(read_changed("\"rollback_version expired\"", "1"), LP_FIELD_TYPE);
    assert_int_equal(read_changed("\"dir/new\\\\x.bin\"", "null"), LP_FIELD_TYPE);
    assert_int_equal(read_changed("65536", "\"65536\""), LP_FIELD_TYPE);
    assert_int_equal(read_changed("65536", "-1"), LP_FIELD_VALUE);
    assert_int_equal(read_changed("{\"sha256\":\"" DIGEST "\"}", "{}"), LP_FIELD_VALUE);
    assert_int_equal(read_changed("2026-11-21T02:23:54Z", "2026-11-21T02:23:60Z"), LP_FIELD_VALUE);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reports_agree_with_independent_implementations),
        cmocka_unit_test(a_report_fits_any_buffer_that_holds_it_or_is_a_limit),
        cmocka_unit_test(the_longest_report_fits_the_documented_buffer),
        cmocka_unit_test(what_is_not_there_is_left_out_of_a_report),
        cmocka_unit_test(a_signer_that_fails_is_a_state_error),
        cmocka_unit_test(a_signed_envelope_is_accepted_and_yields_its_payload),
        cmocka_unit_test(the_signature_covers_the_canonical_form),
        cmocka_unit_test(a_report_of_another_client_is_accepted),
        cmocka_unit_test(every_scheme_signs_and_verifies),
        cmocka_unit_test(a_changed_payload_or_signature_is_not_signed),
        cmocka_unit_test(signatures_that_are_no_signatures_do_not_count),
        cmocka_unit_test(an_envelope_of_another_form_is_refused),
        cmocka_unit_test(signatures_beyond_the_limit_are_not_tried),
        cmocka_unit_test(envelopes_inside_a_manifest_are_verified_in_place),
        cmocka_unit_test(a_report_is_read_in_full),
        cmocka_unit_test(the_counter_is_a_number_or_its_decimal_text_or_absent),
        cmocka_unit_test(members_that_a_report_needs_are_required),
        cmocka_unit_test(members_of_the_wrong_type_or_value_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
