/* SPDX-License-Identifier: Apache-2.0 */
#include "lampyr/encode.h"
#include "refusal.h"

static const char hex_digits[] = "0123456789abcdef";

int lp_hex_digit(char c) {
    char lower = (char)(c | 0x20);
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

lp_code lp_hex_decode(lp_str hex, uint8_t *out, size_t out_bytes, size_t *out_len) {
    if (LP_REFUSAL(2401, hex.len % 2 != 0)) {
        return LP_FIELD_VALUE;
    }
    for (size_t i = 0; i < hex.len; i++) {
        if (LP_REFUSAL(2402, lp_hex_digit(hex.ptr[i]) < 0)) {
            return LP_FIELD_VALUE;
        }
    }
    if (LP_REFUSAL(2403, hex.len / 2 > out_bytes)) {
        return LP_LIMIT_STRING;
    }
    for (size_t i = 0; i < hex.len; i += 2) {
        *out++ = (uint8_t)(lp_hex_digit(hex.ptr[i]) * 16 + lp_hex_digit(hex.ptr[i + 1]));
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

/* Value of a base64 symbol, or -1. */
static int base64_value(char c) {
    char lower = (char)(c | 0x20);
    if (lower >= 'a' && lower <= 'z') {
        return lower - 'a' + (c == lower ? 26 : 0);
    }
    if (c >= '0' && c <= '9') {
        return c - '0' + 52;
    }
    return c == '+' ? 62 : c == '/' ? 63 : -1;
}

void lp_base64_begin(lp_base64 *base64, uint8_t *out, size_t out_bytes) {
    *base64 = (lp_base64){.out = out, .room = out_bytes};
}

void lp_base64_put(lp_base64 *base64, char c) {
    int value = base64_value(c);
    base64->count++;
    if (c == '=' && base64->pads < 2) {
        base64->pads++;
        return;
    }
    if (LP_REFUSAL(2404, value < 0 || base64->pads > 0)) {
        base64->bad = true;
        return;
    }
    base64->window = base64->window << 6 | (uint32_t)value;
    unsigned missing = (4 - base64->count % 4) % 4; /* characters that the group of four still lacks */
    if (missing < 3) {
        if (base64->len < base64->room) {
            base64->out[base64->len] = (uint8_t)(base64->window >> 2 * missing);
        }
        base64->len++;
    }
}

lp_code lp_base64_end(const lp_base64 *base64, size_t *out_len) {
    uint32_t unused = base64->window & ((1U << 2 * base64->pads) - 1);
    if (LP_REFUSAL(2405, base64->bad || base64->count % 4 != 0 || unused != 0)) {
        return LP_FIELD_VALUE;
    }
    if (LP_REFUSAL(2406, base64->len > base64->room)) {
        return LP_LIMIT_STRING;
    }
    *out_len = base64->len;
    return LP_OK;
}

lp_code lp_base64_decode(lp_str text, uint8_t *out, size_t out_bytes, size_t *out_len) {
    lp_base64 base64 = {.len = 0};
    lp_code code;
    do { /* the first time it is only checked and counted */
        lp_base64_begin(&base64, out, base64.len);
        for (size_t i = 0; i < text.len; i++) {
            bool slash_follows = text.ptr[i] == '\\' && i + 1 < text.len && text.ptr[i + 1] == '/';
            if (!slash_follows) {
                lp_base64_put(&base64, text.ptr[i]);
            }
        }
        code = lp_base64_end(&base64, out_len);
    } while (code == LP_LIMIT_STRING && base64.len <= out_bytes);
    return code;
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
    if (LP_REFUSAL(2407, text.len == 0 || text.len > 19 || (text.ptr[0] == '0' && text.len > 1))) {
        return LP_FIELD_VALUE;
    }
    for (size_t i = 0; i < text.len; i++) {
        if (LP_REFUSAL(2408, text.ptr[i] < '0' || text.ptr[i] > '9')) {
            return LP_FIELD_VALUE;
        }
        number = number * 10 + (uint64_t)(text.ptr[i] - '0'); /* 19 digits stay below 2^64 */
    }
    if (LP_REFUSAL(2409, number > INT64_MAX)) {
        return LP_FIELD_VALUE;
    }
    *out = number;
    return LP_OK;
}

/* Divides by 10, by parts of 32 bits and less, and returns the remainder: firmware would have to bring in the division
 * of 64 bits, which is larger than all else in this file. */
static unsigned take_digit(uint64_t *number) {
    uint32_t high = (uint32_t)(*number >> 32);
    uint32_t middle = high % 10 << 16 | (uint32_t)(*number >> 16 & 0xffff);
    uint32_t low = middle % 10 << 16 | (uint32_t)(*number & 0xffff);
    *number = (uint64_t)(high / 10) << 32 | (middle / 10) << 16 | low / 10;
    return low % 10;
}

size_t lp_uint_format(uint64_t number, char out[LP_UINT_TEXT_BYTES]) {
    char reversed[LP_UINT_TEXT_BYTES];
    size_t len = 0;
    do {
        reversed[len++] = (char)('0' + take_digit(&number));
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

lp_code lp_time_parse(lp_str text, int64_t *seconds) {
    static const char form[] = "0000-00-00T00:00:00Z";
    static const uint8_t ends[] = {0, 13, 32, 24, 60, 60};
    enum { YEAR, MONTH, DAY, HOUR, MINUTE, SECOND, PARTS };
    uint32_t part[PARTS] = {0};
    size_t at = 0;
    if (LP_REFUSAL(2410, text.len != sizeof form - 1)) {
        return LP_FIELD_VALUE;
    }
    for (size_t i = 0; i < text.len; i++) {
        unsigned digit = (unsigned)(uint8_t)text.ptr[i] - '0';
        if (form[i] == '0' && digit <= 9) {
            part[at] = part[at] * 10 + digit;
        } else if (LP_REFUSAL(2411, form[i] == '0' || text.ptr[i] != form[i]) ||
                   LP_REFUSAL(2412, at > YEAR && part[at] >= ends[at])) {
            return LP_FIELD_VALUE;
        } else {
            at++;
        }
    }
    bool december = part[MONTH] == 12;
    uint32_t day = day_number(part[YEAR], part[MONTH], part[DAY]);
    if (LP_REFUSAL(2413, part[MONTH] < 1 || part[DAY] < 1 ||
                             day >= day_number(part[YEAR] + december, december ? 1 : part[MONTH] + 1, 1))) {
        return LP_FIELD_VALUE;
    }
    uint32_t second = part[HOUR] * 3600 + part[MINUTE] * 60 + part[SECOND];
    *seconds = ((int64_t)day - EPOCH_DAY) * SECONDS_PER_DAY + second;
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
    uint32_t day = (uint32_t)(since_start / 128) / (SECONDS_PER_DAY / 128); /* in 32 bits, see take_digit() */
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
