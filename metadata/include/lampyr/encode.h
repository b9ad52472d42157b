/* SPDX-License-Identifier: Apache-2.0 */
/* Hex, base64, decimal numbers and RFC 3339 time. */
#ifndef LAMPYR_ENCODE_H
#define LAMPYR_ENCODE_H

#include "lampyr/error.h"
#include "lampyr/slice.h"

/* Value of a hex digit of either case, or -1. */
int lp_hex_digit(char c);

/* Decodes hex of either case. `*out_len` is set on success.
 * LP_FIELD_VALUE for odd length or other characters, LP_LIMIT_STRING if it does not fit. */
lp_code lp_hex_decode(lp_str hex, uint8_t *out, size_t out_bytes, size_t *out_len);

/* Writes 2 * len lower-case digits and a terminator; `out` has room for 2 * len + 1 bytes. */
void lp_hex_encode(const uint8_t *bytes, size_t len, char *out);

/* Decodes padded base64 (RFC 4648, section 4), without white space; unused bits must be 0. JSON's "\/" is
 * taken as '/', which some encoders write.
 * LP_FIELD_VALUE for anything else, LP_LIMIT_STRING if it does not fit. */
lp_code lp_base64_decode(lp_str text, uint8_t *out, size_t out_bytes, size_t *out_len);

/* The same for text that comes character by character; fields are private. */
typedef struct lp_base64 {
    uint8_t *out;
    size_t room;
    size_t len;     /* bytes decoded, those without room included */
    unsigned count; /* characters */
    uint32_t window;
    uint8_t pads;
    bool bad;
} lp_base64;
void lp_base64_begin(lp_base64 *base64, uint8_t *out, size_t out_bytes);
void lp_base64_put(lp_base64 *base64, char c);
lp_code lp_base64_end(const lp_base64 *base64, size_t *out_len);

/* Writes 4 * ceil(len / 3) characters and a terminator. */
void lp_base64_encode(const uint8_t *bytes, size_t len, char *out);

/* Reads a decimal number from 0 to 2^63-1: digits only, no leading zeros. LP_FIELD_VALUE for anything else. */
lp_code lp_uint_parse(lp_str text, uint64_t *out);

enum { LP_UINT_TEXT_BYTES = 21 }; /* 2^64-1 and terminator */

/* Writes a number in decimal, terminated; returns its length. */
size_t lp_uint_format(uint64_t number, char out[LP_UINT_TEXT_BYTES]);

/* Seconds since 1970-01-01T00:00:00Z of an RFC 3339 date-time in UTC ("2026-11-21T02:23:54Z",
 * years 0000 to 9999, fractions of a second not allowed: TUF 1.0.34, 4.2.3).
 * LP_FIELD_VALUE for anything else, impossible dates included; second 60 is refused. */
lp_code lp_time_parse(lp_str text, int64_t *seconds);

enum { LP_TIME_TEXT_BYTES = 21 }; /* "YYYY-MM-DDThh:mm:ssZ" and terminator */

/* The inverse; seconds outside the years 0000 to 9999 are clamped to that range. */
void lp_time_format(int64_t seconds, char out[LP_TIME_TEXT_BYTES]);

#endif
