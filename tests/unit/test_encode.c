/* SPDX-License-Identifier: Apache-2.0 */
/* Hex, base64, decimal numbers and RFC 3339 time. */
#include "lampyr/encode.h"
#include "lampyr/json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

static lp_code hex(const char *text, size_t room, uint8_t *out, size_t *len) {
    return lp_hex_decode(lp_str_from(text), out, room, len);
}

static lp_code base64(const char *text, size_t room, uint8_t *out, size_t *len) {
    return lp_base64_decode(lp_str_from(text), out, room, len);
}

static lp_code parse_time(const char *text, int64_t *seconds) {
    return lp_time_parse(lp_str_from(text), seconds);
}

static void hex_of_either_case_is_read(void **state) {
    (void)state;
    uint8_t out[4];
    size_t len = 0;
    assert_int_equal(hex("00aBFf7e", sizeof out, out, &len), LP_OK);
    assert_int_equal(len, 4);
    assert_memory_equal(out, "\x00\xab\xff\x7e", 4);
    assert_int_equal(hex("", 0, out, &len), LP_OK);
    assert_int_equal(len, 0);
}

static void bad_hex_is_refused_and_writes_nothing(void **state) {
    (void)state;
    uint8_t out[4] = {1, 2, 3, 4};
    size_t len = 99;
    assert_int_equal(hex("abc", sizeof out, out, &len), LP_FIELD_VALUE);
    assert_int_equal(hex("abcg", sizeof out, out, &len), LP_FIELD_VALUE);
    assert_int_equal(hex("0x12", sizeof out, out, &len), LP_FIELD_VALUE);
    assert_int_equal(hex("ab c", sizeof out, out, &len), LP_FIELD_VALUE);
    assert_int_equal(hex("0102030405", sizeof out, out, &len), LP_LIMIT_STRING);
    assert_memory_equal(out, "\1\2\3\4", 4);
    assert_int_equal(len, 99);
}

static void hex_is_written_in_lower_case(void **state) {
    (void)state;
    char out[9];
    lp_hex_encode((const uint8_t *)"\x00\xab\xff\x7e", 4, out);
    assert_string_equal(out, "00abff7e");
}

/* RFC 4648, section 10. */
static const struct {
    const char *plain;
    const char *text;
} rfc4648[] = {
    {"", ""},
    {"f", "Zg=="},
    {"fo", "Zm8="},
    {"foo", "Zm9v"},
    {"foob", "Zm9vYg=="},
    {"fooba", "Zm9vYmE="},
    {"foobar", "Zm9vYmFy"},
    {"\xfb\xff\xbf", "+/+/"},
};

static void base64_agrees_with_rfc4648(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof rfc4648 / sizeof *rfc4648; i++) {
        char text[16];
        uint8_t plain[16];
        size_t len = 99;
        size_t expected = strlen(rfc4648[i].plain);
        lp_base64_encode((const uint8_t *)rfc4648[i].plain, expected, text);
        assert_string_equal(text, rfc4648[i].text);
        assert_int_equal(base64(rfc4648[i].text, expected, plain, &len), LP_OK);
        assert_int_equal(len, expected);
        assert_memory_equal(plain, rfc4648[i].plain, expected);
    }
}

static void base64_takes_an_escaped_slash(void **state) {
    (void)state;
    uint8_t out[3];
    size_t len = 0;
    assert_int_equal(base64("+\\/+\\/", sizeof out, out, &len), LP_OK);
    assert_int_equal(len, 3);
    assert_memory_equal(out, "\xfb\xff\xbf", 3);
}

static void bad_base64_is_refused_and_writes_nothing(void **state) {
    (void)state;
    static const char *const bad[] = {"Z",    "Zg",   "Zg=",      "Zg===",  "Zm8",    "Zm8==", "Zm9v=",
                                      "=",    "====", "Zg==Zg==", "Z=g=",   "Zm9v\n", "Zm 9v", "Zm9-",
                                      "Zm9_", "Zh==", "Zm9=",     "Zm9v\\", "Zm\\9v"};
    uint8_t out[8] = "abcdefg";
    size_t len = 99;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_int_equal(base64(bad[i], sizeof out, out, &len), LP_FIELD_VALUE);
    }
    assert_int_equal(base64("Zm9vYmFy", 5, out, &len), LP_LIMIT_STRING);
    assert_string_equal(out, "abcdefg");
    assert_int_equal(len, 99);
}

static void decimal_numbers_are_read_up_to_63_bits(void **state) {
    (void)state;
    uint64_t number = 99;
    assert_int_equal(lp_uint_parse(lp_str_from("0"), &number), LP_OK);
    assert_int_equal(number, 0);
    assert_int_equal(lp_uint_parse(lp_str_from("9223372036854775807"), &number), LP_OK);
    assert_int_equal(number, INT64_MAX);
}

static void bad_decimal_numbers_are_refused(void **state) {
    (void)state;
    static const char *const bad[] = {
        "", "01", "-1", "+1", "1 ", "0x1", "1.0", "1e3", "9223372036854775808", "99999999999999999999"};
    uint64_t number = 99;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_int_equal(lp_uint_parse(lp_str_from(bad[i]), &number), LP_FIELD_VALUE);
    }
    assert_int_equal(number, 99);
}

static void decimal_numbers_are_written_without_zeros(void **state) {
    (void)state;
    char out[LP_UINT_TEXT_BYTES];
    assert_int_equal(lp_uint_format(0, out), 1);
    assert_string_equal(out, "0");
    assert_int_equal(lp_uint_format(1024, out), 4);
    assert_string_equal(out, "1024");
    assert_int_equal(lp_uint_format(UINT64_MAX, out), 20);
    assert_string_equal(out, "18446744073709551615");
}

static void time_is_seconds_since_1970(void **state) {
    (void)state;
    static const struct {
        const char *text;
        int64_t seconds;
    } known[] = {
        {"1970-01-01T00:00:00Z", 0},
        {"2026-11-21T02:23:54Z", 1795227834},
        {"2038-01-19T03:14:08Z", 2147483648},
        {"1969-12-31T23:59:59Z", -1},
        {"0000-01-01T00:00:00Z", -62167219200},
        {"9999-12-31T23:59:59Z", 253402300799},
        {"2000-02-29T12:00:00Z", 951825600},
        {"0000-02-29T00:00:00Z", -62162121600},
        {"1600-03-01T00:00:00Z", -11670912000},
    };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        int64_t seconds = 99;
        char text[LP_TIME_TEXT_BYTES];
        assert_int_equal(parse_time(known[i].text, &seconds), LP_OK);
        assert_true(seconds == known[i].seconds);
        lp_time_format(known[i].seconds, text);
        assert_string_equal(text, known[i].text);
    }
}

static void every_day_of_10000_years_agrees_with_the_c_library(void **state) {
    (void)state;
    for (int64_t day = -719528; day <= 2932896; day++) {
        time_t moment = (time_t)(day * 86400 + (day & 0xffff));
        struct tm broken;
        char expected[32], text[LP_TIME_TEXT_BYTES];
        int64_t back = 0;
        assert_non_null(gmtime_r(&moment, &broken));
        assert_int_equal(snprintf(expected, sizeof expected, "%04d-%02d-%02dT%02d:%02d:%02dZ", broken.tm_year + 1900,
                                  broken.tm_mon + 1, broken.tm_mday, broken.tm_hour, broken.tm_min, broken.tm_sec),
                         LP_TIME_TEXT_BYTES - 1);
        lp_time_format(moment, text);
        assert_string_equal(text, expected);
        assert_int_equal(parse_time(text, &back), LP_OK);
        assert_true(back == moment);
    }
}

static void time_of_another_form_is_refused(void **state) {
    (void)state;
    static const char *const bad[] = {
        "",
        "2026-11-21",
        "2026-11-21T02:23:54",
        "2026-11-21T02:23:54z",
        "2026-11-21t02:23:54Z",
        "2026-11-21 02:23:54Z",
        "2026-11-21T02:23:54.5Z",
        "2026-11-21T02:23:54+00:00",
        "2026-11-21T02:23:5 Z",
        "+026-11-21T02:23:54Z",
        "2026-1-021T02:23:54Z",
        "12026-11-21T02:23:54Z",
    };
    int64_t seconds = 99;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_int_equal(parse_time(bad[i], &seconds), LP_FIELD_VALUE);
    }
    assert_int_equal(seconds, 99);
}

static void impossible_dates_are_refused(void **state) {
    (void)state;
    static const char *const bad[] = {
        "2026-00-21T02:23:54Z", "2026-13-21T02:23:54Z", "2026-11-00T02:23:54Z", "2026-11-31T02:23:54Z",
        "2026-02-29T02:23:54Z", "1900-02-29T02:23:54Z", "2024-02-30T02:23:54Z", "2026-11-21T24:00:00Z",
        "2026-11-21T02:60:54Z", "2026-11-21T23:59:60Z",
    };
    int64_t seconds = 99;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_int_equal(parse_time(bad[i], &seconds), LP_FIELD_VALUE);
    }
}

static void time_outside_four_digit_years_is_clamped(void **state) {
    (void)state;
    char text[LP_TIME_TEXT_BYTES];
    lp_time_format(INT64_MIN, text);
    assert_string_equal(text, "0000-01-01T00:00:00Z");
    lp_time_format(INT64_MAX, text);
    assert_string_equal(text, "9999-12-31T23:59:59Z");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hex_of_either_case_is_read),
        cmocka_unit_test(bad_hex_is_refused_and_writes_nothing),
        cmocka_unit_test(hex_is_written_in_lower_case),
        cmocka_unit_test(base64_agrees_with_rfc4648),
        cmocka_unit_test(base64_takes_an_escaped_slash),
        cmocka_unit_test(bad_base64_is_refused_and_writes_nothing),
        cmocka_unit_test(decimal_numbers_are_read_up_to_63_bits),
        cmocka_unit_test(bad_decimal_numbers_are_refused),
        cmocka_unit_test(decimal_numbers_are_written_without_zeros),
        cmocka_unit_test(time_is_seconds_since_1970),
        cmocka_unit_test(every_day_of_10000_years_agrees_with_the_c_library),
        cmocka_unit_test(time_of_another_form_is_refused),
        cmocka_unit_test(impossible_dates_are_refused),
        cmocka_unit_test(time_outside_four_digit_years_is_clamped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
