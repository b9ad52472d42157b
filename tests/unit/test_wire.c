/* SPDX-License-Identifier: Apache-2.0 */
/* Bodies between primary and secondary. */
#include "lampyr/encode.h"
#include "lampyr/wire.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define KEY                                                                                                            \
    "{\"keytype\":\"ed25519\",\"keyval\":{\"public\":"                                                                 \
    "\"03a107bff3ce10be1d70dd18e74bc09967e4d6309ba50d5f1ddc8664125531b8\""                                             \
    "},\"scheme\":\"ed25519\"}"
#define DIGEST "0101010101010101010101010101010101010101010101010101010101010101"
#define REGISTRATION                                                                                                   \
    "{\"block\":1024,\"hardware\":\"brake-hw\",\"image\":{\"length\":65536,\"name\":\"dir/"                            \
    "brake.bin\",\"sha256\":\"" DIGEST "\"},\"key\":" KEY                                                              \
    ",\"nonce\":\"0011223344556677\",\"protocol\":1,\"serial\":\"sec-1\",\"vendor\":\"\","                             \
    "\"verify\":\"partial\"}"

static lp_slice bytes_of(const char *text) {
    return (lp_slice){(const uint8_t *)text, strlen(text)};
}

static lp_code read_registration(const char *text) {
    lp_registration out;
    return lp_registration_read(bytes_of(text), &out);
}

/* The verdict on REGISTRATION after `from` was replaced by `to`. */
static lp_code read_changed(const char *from, const char *to) {
    char text[2 * LP_WIRE_REGISTRATION_BYTES] = REGISTRATION;
    char *at = strstr(text, from);
    assert_non_null(at);
    memmove(at + strlen(to), at + strlen(from), strlen(at + strlen(from)) + 1);
    memcpy(at, to, strlen(to));
    return read_registration(text);
}

static lp_code read_news(const char *text) {
    lp_news out;
    return lp_news_read(bytes_of(text), &out);
}

static void a_registration_is_read_in_full(void **state) {
    (void)state;
    lp_registration r;
    assert_int_equal(lp_registration_read(bytes_of(REGISTRATION), &r), LP_OK);
    assert_int_equal(r.protocol, 1);
    assert_int_equal(r.block_bytes, 1024);
    assert_string_equal(r.serial, "sec-1");
    assert_string_equal(r.hardware, "brake-hw");
    assert_string_equal(r.vendor, "");
    assert_string_equal(r.image_name, "dir/brake.bin");
    assert_int_equal(r.image_bytes, 65536);
    assert_int_equal(r.image_sha256[31], 1);
    assert_string_equal(r.nonce, "0011223344556677");
    assert_false(r.full);
    assert_int_equal(r.key.scheme, LP_SCHEME_ED25519);
    assert_int_equal(r.key.bytes[0], 0x03);
    assert_int_equal(read_changed("partial", "full"), LP_OK);
    assert_int_equal(read_changed("0011223344556677", ""), LP_OK);
}

static void a_registration_is_written_as_it_was_read(void **state) {
    (void)state;
    lp_registration r;
    char buffer[LP_WIRE_REGISTRATION_BYTES];
    lp_slice out;
    assert_int_equal(lp_registration_read(bytes_of(REGISTRATION), &r), LP_OK);
    assert_int_equal(lp_registration_write(&r, buffer, sizeof buffer, &out), LP_OK);
    assert_int_equal(out.len, strlen(REGISTRATION));
    assert_memory_equal(out.ptr, REGISTRATION, out.len);
    for (size_t room = 0; room < out.len; room++) {
        lp_slice none = {NULL, 0};
        assert_int_equal(lp_registration_write(&r, buffer, room, &none), LP_LIMIT_MEMORY);
        assert_null(none.ptr);
    }
    r.key.scheme = LP_SCHEME_UNKNOWN;
    assert_int_equal(lp_registration_write(&r, buffer, sizeof buffer, &out), LP_FIELD_VALUE);
}

static void names_with_quotes_and_pem_keys_survive_the_wire(void **state) {
    (void)state;
    static const char point[] = "f9ebe464147cc102d92324d099d927c1a50e42d57a08a116ffec0a29819d8c65"
                                "70baf7d12888902a6a0c1d67add103123c859ab69bf8e9431c9384930d4b7eee";
    lp_registration r, back;
    char buffer[LP_WIRE_REGISTRATION_BYTES];
    lp_slice out;
    size_t len;
    assert_int_equal(lp_registration_read(bytes_of(REGISTRATION), &r), LP_OK);
    strcpy(r.serial, "a\"b\\c \xc3\xa9");
    strcpy(r.vendor, "{\"x\":1}");
    r.full = true;
    r.key = (lp_public_key){.scheme = LP_SCHEME_ECDSA_P256, .len = 64};
    assert_int_equal(lp_hex_decode(lp_str_from(point), r.key.bytes, 64, &len), LP_OK);
    assert_int_equal(lp_registration_write(&r, buffer, sizeof buffer, &out), LP_OK);
    assert_int_equal(lp_registration_read(out, &back), LP_OK);
    assert_string_equal(back.serial, r.serial);
    assert_string_equal(back.vendor, r.vendor);
    assert_true(back.full);
    assert_true(lp_public_key_eq(&back.key, &r.key));
}

static void the_longest_registration_fits_the_documented_buffer(void **state) {
    (void)state;
    lp_registration r;
    char buffer[LP_WIRE_REGISTRATION_BYTES];
    lp_slice out;
    assert_int_equal(lp_registration_read(bytes_of(REGISTRATION), &r), LP_OK);
    memset(r.serial, 's', sizeof r.serial - 1);
    memset(r.hardware, 'h', sizeof r.hardware - 1);
    memset(r.vendor, 'v', sizeof r.vendor - 1);
    memset(r.image_name, 'i', sizeof r.image_name - 1);
    r.serial[sizeof r.serial - 1] = r.hardware[sizeof r.hardware - 1] = '\0';
    r.vendor[sizeof r.vendor - 1] = r.image_name[sizeof r.image_name - 1] = '\0';
    r.key = (lp_public_key){.scheme = LP_SCHEME_ECDSA_P256, .len = 64};
    r.protocol = r.image_bytes = INT64_MAX;
    assert_int_equal(lp_registration_write(&r, buffer, sizeof buffer, &out), LP_OK);
    assert_int_equal(lp_registration_read(out, &r), LP_OK);
}

static void members_of_a_later_protocol_are_skipped(void **state) {
    (void)state;
    assert_int_equal(read_changed("\"protocol\":1", "\"protocol\":2"), LP_OK);
    assert_int_equal(read_changed("\"serial\"", "\"radio\":{\"channel\":[26]},\"serial\""), LP_OK);
    assert_int_equal(read_changed("\"name\"", "\"mtu\":true,\"name\""), LP_OK);
}

static void every_member_of_a_registration_is_required(void **state) {
    (void)state;
    static const char *const members[] = {"block",  "hardware", "image",  "key",    "nonce",  "protocol",
                                          "serial", "vendor",   "verify", "length", "sha256", "name"};
    for (size_t i = 0; i < sizeof members / sizeof *members; i++) {
        char from[16] = "\"", to[20] = "\"";
        strcat(strcat(from, members[i]), "\":");
        strcat(strcat(to, members[i]), "x\":"); /* another member, in the same place */
        assert_int_equal(read_changed(from, to), LP_FIELD_MISSING);
    }
}

static void members_of_the_wrong_type_are_refused(void **state) {
    (void)state;
    assert_int_equal(read_registration("[]"), LP_FIELD_TYPE);
    assert_int_equal(read_changed("1024", "\"1024\""), LP_FIELD_TYPE);
    assert_int_equal(read_changed("\"sec-1\"", "7"), LP_FIELD_TYPE);
    assert_int_equal(read_changed("\"partial\"", "true"), LP_FIELD_TYPE);
    assert_int_equal(read_changed("\"protocol\":1", "\"protocol\":\"1\""), LP_FIELD_TYPE);
    assert_int_equal(read_changed(KEY, "\"key\""), LP_FIELD_TYPE);
    assert_int_equal(read_changed("65536", "null"), LP_FIELD_TYPE);
}

static void values_outside_their_range_are_refused(void **state) {
    (void)state;
    assert_int_equal(read_changed("1024", "8"), LP_FIELD_VALUE);
    assert_int_equal(read_changed("1024", "2048"), LP_FIELD_VALUE);
    assert_int_equal(read_changed("1024", "100"), LP_FIELD_VALUE);
    assert_int_equal(read_changed("1024", "0"), LP_FIELD_VALUE);
    assert_int_equal(read_changed("65536", "-1"), LP_FIELD_VALUE);
    assert_int_equal(read_changed("\"protocol\":1", "\"protocol\":0"), LP_FIELD_VALUE);
    assert_int_equal(read_changed("\"partial\"", "\"none\""), LP_FIELD_VALUE);
    assert_int_equal(read_changed("\"sec-1\"", "\"\""), LP_FIELD_VALUE);
    assert_int_equal(read_changed("\"brake-hw\"", "\"\""), LP_FIELD_VALUE);
    assert_int_equal(read_changed("\"dir/brake.bin\"", "\"\""), LP_FIELD_VALUE);
    assert_int_equal(read_changed("0011223344556677", "001122334455667"), LP_FIELD_VALUE);
    assert_int_equal(read_changed("0011223344556677", "00112233445566AA"), LP_FIELD_VALUE);
    assert_int_equal(read_changed("0011223344556677", "00112233445566778"), LP_LIMIT_STRING);
    assert_int_equal(read_changed(DIGEST, "01"), LP_FIELD_VALUE);
    assert_int_equal(read_changed(DIGEST, "xx01010101010101010101010101010101010101010101010101010101010101"),
                     LP_FIELD_VALUE);
}

static void names_that_would_garble_a_log_are_refused(void **state) {
    (void)state;
    assert_int_equal(read_changed("sec-1", "sec\n1"), LP_FIELD_VALUE);
    assert_int_equal(read_changed("brake-hw", "\x1b[2J"), LP_FIELD_VALUE);
    assert_int_equal(read_changed("\"vendor\":\"\"", "\"vendor\":\"\x7f\""), LP_FIELD_VALUE);
}

static void names_that_are_too_long_are_refused(void **state) {
    (void)state;
    char text[LP_NAME_BYTES + 1];
    memset(text, 'n', LP_NAME_BYTES);
    text[LP_NAME_BYTES] = '\0';
    assert_int_equal(read_changed("dir/brake.bin", text), LP_LIMIT_STRING);
    text[LP_NAME_BYTES - 1] = '\0';
    assert_int_equal(read_changed("dir/brake.bin", text), LP_OK);
    text[LP_SERIAL_BYTES] = '\0';
    assert_int_equal(read_changed("sec-1", text), LP_LIMIT_STRING);
    text[LP_SERIAL_BYTES - 1] = '\0';
    assert_int_equal(read_changed("sec-1", text), LP_OK);
}

static void a_registration_needs_a_key_that_boards_can_have(void **state) {
    (void)state;
    assert_int_equal(read_changed("\"scheme\":\"ed25519\"", "\"scheme\":\"ed448\""), LP_FIELD_VALUE);
    assert_int_equal(read_changed("03a107", "03a1"), LP_FIELD_VALUE);
}

static void only_canonical_json_is_taken(void **state) {
    (void)state;
    assert_int_equal(read_changed("\"block\":1024", "\"block\": 1024"), LP_NOT_CANONICAL);
    assert_int_equal(read_registration(REGISTRATION "\n"), LP_NOT_CANONICAL);
    assert_int_equal(read_registration(REGISTRATION "{}"), LP_JSON_TRAILING);
    assert_int_equal(read_changed("\"verify\"", "\"vendor\""), LP_JSON_DUPLICATE_KEY);
    assert_int_equal(read_changed("65536", "6.5"), LP_JSON_NUMBER);
    assert_int_equal(read_changed("sec-1", "\xff"), LP_JSON_UTF8);
    assert_int_equal(read_changed("\"serial\"", "\"s\":[[[[[[[[[]]]]]]]]],\"serial\""), LP_LIMIT_DEPTH);
}

static void a_truncated_registration_is_refused(void **state) {
    (void)state;
    for (size_t len = 0; len < strlen(REGISTRATION); len++) {
        lp_registration r = {.protocol = 99};
        uint8_t *exact = malloc(len + 1);
        assert_non_null(exact);
        memcpy(exact, REGISTRATION, len);
        assert_int_not_equal(lp_registration_read((lp_slice){exact, len}, &r), LP_OK);
        assert_int_equal(r.protocol, 99);
        free(exact);
    }
}

static void news_are_six_numbers(void **state) {
    (void)state;
    const lp_news news = {1, 2, 3000, 4, 50000, INT64_MAX};
    lp_news back;
    char buffer[LP_WIRE_NEWS_BYTES];
    lp_slice out;
    assert_int_equal(lp_news_write(&news, buffer, sizeof buffer, &out), LP_OK);
    assert_int_equal(out.len, strlen("[1,2,3000,4,50000,9223372036854775807]"));
    assert_memory_equal(out.ptr, "[1,2,3000,4,50000,9223372036854775807]", out.len);
    assert_int_equal(lp_news_read(out, &back), LP_OK);
    assert_memory_equal(&back, &news, sizeof news);
    assert_int_equal(lp_news_write(&news, buffer, out.len - 1, &out), LP_LIMIT_MEMORY);
}

static void the_longest_news_fit_the_documented_buffer(void **state) {
    (void)state;
    const lp_news news = {UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX};
    char buffer[LP_WIRE_NEWS_BYTES];
    lp_slice out;
    assert_int_equal(lp_news_write(&news, buffer, sizeof buffer, &out), LP_OK);
}

static void news_of_a_later_protocol_are_understood(void **state) {
    (void)state;
    assert_int_equal(read_news("[2,1,1,1,1,1,[7],\"x\"]"), LP_OK);
}

static void news_of_another_form_are_refused(void **state) {
    (void)state;
    assert_int_equal(read_news("{}"), LP_FIELD_TYPE);
    assert_int_equal(read_news("[]"), LP_FIELD_MISSING);
    assert_int_equal(read_news("[1,1,1,1,1]"), LP_FIELD_MISSING);
    assert_int_equal(read_news("[1,1,1,1,1,\"1\"]"), LP_FIELD_TYPE);
    assert_int_equal(read_news("[1,1,1,1,1,-1]"), LP_FIELD_VALUE);
    assert_int_equal(read_news("[0,1,1,1,1,1]"), LP_FIELD_VALUE);
    assert_int_equal(read_news("[1, 1,1,1,1,1]"), LP_NOT_CANONICAL);
    assert_int_equal(read_news("[1,1,1,1,1,1.0]"), LP_JSON_NUMBER);
    assert_int_equal(read_news("[1,1,1,1,1,1"), LP_JSON_SYNTAX);
    assert_int_equal(read_news(""), LP_JSON_SYNTAX);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_registration_is_read_in_full),
        cmocka_unit_test(a_registration_is_written_as_it_was_read),
        cmocka_unit_test(names_with_quotes_and_pem_keys_survive_the_wire),
        cmocka_unit_test(the_longest_registration_fits_the_documented_buffer),
        cmocka_unit_test(members_of_a_later_protocol_are_skipped),
        cmocka_unit_test(every_member_of_a_registration_is_required),
        cmocka_unit_test(members_of_the_wrong_type_are_refused),
        cmocka_unit_test(values_outside_their_range_are_refused),
        cmocka_unit_test(names_that_would_garble_a_log_are_refused),
        cmocka_unit_test(names_that_are_too_long_are_refused),
        cmocka_unit_test(a_registration_needs_a_key_that_boards_can_have),
        cmocka_unit_test(only_canonical_json_is_taken),
        cmocka_unit_test(a_truncated_registration_is_refused),
        cmocka_unit_test(news_are_six_numbers),
        cmocka_unit_test(the_longest_news_fit_the_documented_buffer),
        cmocka_unit_test(news_of_a_later_protocol_are_understood),
        cmocka_unit_test(news_of_another_form_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
