/* SPDX-License-Identifier: Apache-2.0 */
#include "lampyr/encode.h"

static const char hex_digits[] = "0123456789abcdef";

static int hex_value(char c) {
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    if (c >= 'a' && c <= 'f') {
        return c - 'a' + 10;
    }
    if (c >= 'A' && c <= 'F') {
        return c - 'A' + 10;
    }
    return -1;
}

lp_code lp_hex_decode(lp_str hex, uint8_t *out, size_t out_bytes, size_t *out_len) {
    if (hex.len % 2 != 0) {
        return LP_FIELD_VALUE;
    }
    for (size_t i = 0; i < hex.len; i++) {
        if (hex_value(hex.ptr[i]) < 0) {
            return LP_FIELD_VALUE;
        }
    }
    if (hex.len / 2 > out_bytes) {
        return LP_LIMIT_STRING;
    }
    for (size_t i = 0; i < hex.len / 2; i++) {
        out[i] = (uint8_t)((unsigned)hex_value(hex.ptr[2 * i]) << 4 | (unsigned)hex_value(hex.ptr[2 * i + 1]));
    }
    *out_len = hex.len / 2;
    return LP_OK;
}

void lp_hex_encode(const uint8_t *bytes, size_t len, char *out) {
    for (size_t i = 0; i < len; i++) {
        *out++ = hex_digits[bytes[i] >> 4];
        *out++ = hex_digits[bytes[i] & 15];
    }
    *out = '\0';
}

enum { BASE64_PAD = 64, BASE64_BAD = 65 };

/* Takes the next symbol off `text`, which is not empty. */
static unsigned base64_next(lp_str *text) {
    if (text->len >= 2 && text->ptr[0] == '\\' && text->ptr[1] == '/') {
        text->ptr++;
        text->len--;
    }
    char c = *text->ptr++;
    text->len--;
    if (c >= 'A' && c <= 'Z') {
        return (unsigned)(c - 'A');
    }
    if (c >= 'a' && c <= 'z') {
        return (unsigned)(c - 'a') + 26;
    }
    if (c >= '0' && c <= '9') {
        return (unsigned)(c - '0') + 52;
    }
    if (c == '+') {
        return 62;
    }
    if (c == '/') {
        return 63;
    }
    return c == '=' ? BASE64_PAD : BASE64_BAD;
}

/* Decodes to `out`, or only checks and counts when it is NULL. */
static lp_code base64_run(lp_str text, uint8_t *out, size_t *out_len) {
    uint32_t window = 0;
    unsigned bits = 0;
    size_t symbols = 0, pads = 0, len = 0;
    while (text.len > 0) {
        unsigned symbol = base64_next(&text);
        if (symbol == BASE64_PAD) {
            pads++;
            continue;
        }
        if (symbol == BASE64_BAD || pads > 0) {
            return LP_FIELD_VALUE;
        }
        symbols++;
        window = window << 6 | symbol;
        bits += 6;
        if (bits >= 8) {
            bits -= 8;
            if (out != NULL) {
                out[len] = (uint8_t)(window >> bits);
            }
            len++;
        }
    }
    if ((symbols + pads) % 4 != 0 || pads > 2 || (window & ((1U << bits) - 1)) != 0) {
        return LP_FIELD_VALUE;
    }
    *out_len = len;
    return LP_OK;
}

lp_code lp_base64_decode(lp_str text, uint8_t *out, size_t out_bytes, size_t *out_len) {
    size_t len;
    lp_code code = base64_run(text, NULL, &len);
    if (code != LP_OK) {
        return code;
    }
    if (len > out_bytes) {
        return LP_LIMIT_STRING;
    }
    return base64_run(text, out, out_len);
}

void lp_base64_encode(const uint8_t *bytes, size_t len, char *out) {
    static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    while (len > 0) {
        uint32_t group = (uint32_t)bytes[0] << 16;
        if (len > 1) {
            group |= (uint32_t)bytes[1] << 8;
        }
        if (len > 2) {
            group |= bytes[2];
        }
        *out++ = alphabet[group >> 18];
        *out++ = alphabet[group >> 12 & 63];
        *out++ = (char)(len > 1 ? alphabet[group >> 6 & 63] : '=');
        *out++ = (char)(len > 2 ? alphabet[group & 63] : '=');
        size_t taken = len < 3 ? len : 3;
        bytes += taken;
        len -= taken;
    }
    *out = '\0';
}

lp_code lp_uint_parse(lp_str text, uint64_t *out) {
    uint64_t number = 0;
    if (text.len == 0 || text.len > 19 || (text.ptr[0] == '0' && text.len > 1)) {
        return LP_FIELD_VALUE;
    }
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] < '0' || text.ptr[i] > '9') {
            return LP_FIELD_VALUE;
        }
        number = number * 10 + (uint64_t)(text.ptr[i] - '0'); /* 19 digits stay below 2^64 */
    }
    if (number > INT64_MAX) {
        return LP_FIELD_VALUE;
    }
    *out = number;
    return LP_OK;
}

size_t lp_uint_format(uint64_t number, char out[LP_UINT_TEXT_BYTES]) {
    char reversed[LP_UINT_TEXT_BYTES];
    size_t len = 0;
    do {
        reversed[len++] = (char)('0' + number % 10);
        number /= 10;
    } while (number > 0);
    for (size_t i = 0; i < len; i++) {
        out[i] = reversed[len - 1 - i];
    }
    out[len] = '\0';
    return len;
}

/* Dates are counted from 1 March of the year -400, so that leap days end a year and nothing is negative. */
enum {
    SECONDS_PER_DAY = 86400,
    DAYS_PER_ERA = 146097,             /* 400 years */
    EPOCH_DAY = 719468 + DAYS_PER_ERA, /* 1970-01-01 */
    FIRST_DAY = DAYS_PER_ERA - 60,     /* 0000-01-01 */
    LAST_DAY = EPOCH_DAY + 2932896,    /* 9999-12-31 */
};

static uint32_t day_number(uint32_t year, uint32_t month, uint32_t day) {
    uint32_t y = year + 400 - (month <= 2);
    uint32_t m = month <= 2 ? month + 9 : month - 3;
    return y * 365 + y / 4 - y / 100 + y / 400 + (153 * m + 2) / 5 + day - 1;
}

/* Reads `count` digits; 0xffff, beyond every range, for anything else. */
static uint32_t digits(const char *text, unsigned count) {
    uint32_t number = 0;
    for (; count > 0; count--, text++) {
        if (*text < '0' || *text > '9') {
            return 0xffff;
        }
        number = number * 10 + (uint32_t)(*text - '0');
    }
    return number;
}

static uint32_t month_days(uint32_t year, uint32_t month) {
    static const uint8_t days[12] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return month == 2 && leap ? 29 : days[month - 1];
}

lp_code lp_time_parse(lp_str text, int64_t *seconds) {
    const char *t = text.ptr;
    if (text.len != LP_TIME_TEXT_BYTES - 1 || t[4] != '-' || t[7] != '-' || t[10] != 'T' || t[13] != ':' ||
        t[16] != ':' || t[19] != 'Z') {
        return LP_FIELD_VALUE;
    }
    uint32_t year = digits(t, 4), month = digits(t + 5, 2), day = digits(t + 8, 2);
    uint32_t hour = digits(t + 11, 2), minute = digits(t + 14, 2), second = digits(t + 17, 2);
    if (year > 9999 || month < 1 || month > 12 || day < 1 || day > month_days(year, month)) {
        return LP_FIELD_VALUE;
    }
    if (hour > 23 || minute > 59 || second > 59) {
        return LP_FIELD_VALUE;
    }
    int64_t days = (int64_t)day_number(year, month, day) - EPOCH_DAY;
    *seconds = days * SECONDS_PER_DAY + (int64_t)(hour * 3600 + minute * 60 + second);
    return LP_OK;
}

/* Writes two digits and moves on. */
static char *put2(char *out, uint32_t number) {
    *out++ = (char)('0' + number / 10);
    *out++ = (char)('0' + number % 10);
    return out;
}

void lp_time_format(int64_t seconds, char out[LP_TIME_TEXT_BYTES]) {
    const int64_t first = (int64_t)(FIRST_DAY - EPOCH_DAY) * SECONDS_PER_DAY;
    const int64_t last = (int64_t)(LAST_DAY + 1 - EPOCH_DAY) * SECONDS_PER_DAY - 1;
    if (seconds < first) {
        seconds = first;
    }
    if (seconds > last) {
        seconds = last;
    }
    uint64_t since_start = (uint64_t)(seconds + (int64_t)EPOCH_DAY * SECONDS_PER_DAY);
    uint32_t day = (uint32_t)(since_start / SECONDS_PER_DAY);
    uint32_t rest = (uint32_t)(since_start - (uint64_t)day * SECONDS_PER_DAY);

    uint32_t era = day / DAYS_PER_ERA;
    uint32_t era_day = day % DAYS_PER_ERA;
    uint32_t era_year = (era_day - era_day / 1460 + era_day / 36524 - era_day / 146096) / 365;
    uint32_t year_day = era_day - (era_year * 365 + era_year / 4 - era_year / 100);
    uint32_t m = (5 * year_day + 2) / 153;
    uint32_t month = m < 10 ? m + 3 : m - 9;
    uint32_t year = era * 400 + era_year - 400 + (month <= 2);

    out = put2(put2(out, year / 100), year % 100);
    *out++ = '-';
    out = put2(out, month);
    *out++ = '-';
    out = put2(out, year_day - (153 * m + 2) / 5 + 1);
    *out++ = 'T';
    out = put2(out, rest / 3600);
    *out++ = ':';
    out = put2(out, rest / 60 % 60);
    *out++ = ':';
    out = put2(out, rest % 60);
    *out++ = 'Z';
    *out = '\0';
}
