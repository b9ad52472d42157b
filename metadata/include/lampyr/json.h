/* SPDX-License-Identifier: Apache-2.0 */
/* Strict JSON and its canonical forms, without heap and without copies.
 *
 * lp_json_check() walks a document once and refuses what is not strict. Everything else here reads
 * documents that passed it and returns views into their bytes: containers of any size are iterated
 * member by member. */
#ifndef LAMPYR_JSON_H
#define LAMPYR_JSON_H

#include "lampyr/error.h"
#include "lampyr/limits.h"
#include "lampyr/slice.h"

typedef enum lp_dialect {
    LP_DIALECT_TUF = 0, /* OLPC canonical JSON: control characters raw; signatures in hex */
    LP_DIALECT_LEGACY,  /* compact sorted JSON: control characters escaped; signatures in base64 */
} lp_dialect;

typedef enum lp_json_form {
    LP_JSON_SERVED,    /* what a server may send: any white space and key order */
    LP_JSON_CANONICAL, /* nothing but the canonical form of the dialect */
    LP_JSON_GENERAL,   /* as served, and fractions and exponents are allowed (never in metadata) */
} lp_json_form;

/* A JSON value inside a checked document; `ptr` is its first byte. {NULL, 0} is "absent". */
typedef struct lp_json {
    const char *ptr;
    size_t len;
} lp_json;

/* Walks over an object's members or an array's elements. */
typedef struct lp_json_iter {
    const char *pos;
    const char *end;
    lp_json big; /* a member whose end is known, so that it is jumped over; or absent */
    bool object;
} lp_json_iter;

/* One field that lp_json_record() looks for. */
typedef struct lp_json_field {
    const char *name; /* plain ASCII */
    lp_json value;    /* out: the value, or absent */
} lp_json_field;

/* Checks `bytes` as one JSON document and returns its value in `*out` (white space around it dropped).
 * Firmware (LP_CONSTRAINED) takes every `form` for LP_JSON_CANONICAL.
 *
 * Keys may come in any order; where they are not ascending, duplicates are found by sorting in
 * `scratch` (lp_json_scratch_bytes() is always enough, none is needed for ascending keys).
 * `depth` bounds nesting, to LP_JSON_DEPTH at most. `*canonical` (may be NULL) says whether the bytes are already the
 * canonical form of `dialect`.
 * Returns LP_JSON_SYNTAX, LP_FIELD_VALUE for U+0000 in a string (except in LP_JSON_GENERAL), LP_JSON_UTF8,
 * LP_JSON_DUPLICATE_KEY, LP_JSON_TRAILING, LP_JSON_NUMBER, LP_NOT_CANONICAL (form LP_JSON_CANONICAL only),
 * LP_LIMIT_DEPTH, LP_LIMIT_MEMORY. */
lp_code lp_json_check(lp_slice bytes, lp_json_form form, lp_dialect dialect, unsigned depth, lp_scratch scratch,
                      lp_json *out, bool *canonical);

/* Scratch bytes that always suffice for lp_json_check() and for the canonical form of a document of
 * `bytes` bytes: twice its size. */
size_t lp_json_scratch_bytes(size_t bytes);

/* Writes the canonical form of the checked `value` to the start of `scratch` and points `*out` at it,
 * or, when it already is canonical, points `*out` at the value itself and writes nothing.
 * Never longer than `value`. Returns LP_LIMIT_MEMORY, LP_JSON_DUPLICATE_KEY. */
lp_code lp_json_canonical(lp_json value, lp_dialect dialect, lp_scratch scratch, lp_slice *out);

/* Type tests; false for an absent value. */
bool lp_json_is_object(lp_json value);
bool lp_json_is_array(lp_json value);
bool lp_json_is_string(lp_json value);

/* Starts a walk over an object or array; a walk over anything else ends at once. */
lp_json_iter lp_json_iterate(lp_json container);

/* The next member. `*key` is left alone in arrays (pass NULL there). False at the end. */
bool lp_json_next(lp_json_iter *iter, lp_str *key, lp_json *value);

/* Number of members or elements; one walk. */
size_t lp_json_count(lp_json container);

/* The value of member `name` (plain ASCII) of an object, or absent. One walk. */
lp_json lp_json_get(lp_json object, const char *name);

/* The same for a name taken from a document; escapes are compared by meaning. */
lp_json lp_json_find(lp_json object, lp_str name);

/* True if both values mean the same: members in any order, white space and escapes aside. Values whose objects have
 * more than LP_COMPARED_FIELDS members in all are never the same: comparing them could take long. */
bool lp_json_same(lp_json a, lp_json b);

/* Fills `fields` from a small object in one go; unknown members are skipped.
 * Returns LP_FIELD_TYPE if `object` is no object, LP_LIMIT_RECORD if it has more than
 * LP_RECORD_FIELDS members. */
lp_code lp_json_record(lp_json object, lp_json_field *fields, size_t count);

/* Typed readers. LP_FIELD_MISSING when absent, LP_FIELD_TYPE when of another type,
 * LP_FIELD_VALUE when a number is negative or does not fit. */
lp_code lp_json_string(lp_json value, lp_str *out);
lp_code lp_json_uint(lp_json value, uint64_t *out); /* 0 .. 2^63-1 */
lp_code lp_json_bool(lp_json value, bool *out);

/* True if both strings mean the same characters. Bytes are compared, nothing is normalised. */
bool lp_str_eq(lp_str a, lp_str b);
/* The same against plain text, taken as it is. */
bool lp_str_is(lp_str a, const char *text);
/* A C string without quotes, backslashes and control characters, as an lp_str; lives as long as `text`. */
lp_str lp_str_from(const char *text);
/* True if `text` may be given to lp_str_from(). */
bool lp_text_plain(const char *text);
/* Bytes before the first that lp_str_from() does not take, or before the terminator. */
size_t lp_text_plain_len(const char *text);

/* Copies out the characters, unescaped and terminated; `*len` (may be NULL) counts without the
 * terminator. LP_LIMIT_STRING if they do not fit, LP_FIELD_VALUE if they contain U+0000. */
lp_code lp_str_copy(lp_str s, char *out, size_t out_bytes, size_t *len);

/* Builds JSON text in a fixed buffer. Overflow is remembered and reported once, by lp_writer_end().
 * Commas and colons are placed by the writer; keys must be written in ascending order by the caller
 * if the result is to be canonical. */
typedef struct lp_writer {
    char *ptr;
    size_t bytes;
    size_t len;
    bool overflow;
    bool comma;
    lp_dialect dialect; /* how control characters in strings are written */
} lp_writer;

void lp_writer_begin(lp_writer *w, char *buffer, size_t buffer_bytes, lp_dialect dialect);
void lp_writer_open(lp_writer *w, char bracket);       /* '{' or '[' */
void lp_writer_close(lp_writer *w, char bracket);      /* '}' or ']' */
void lp_writer_key(lp_writer *w, const char *name);    /* unescaped UTF-8 */
void lp_writer_string(lp_writer *w, const char *text); /* unescaped UTF-8 */
void lp_writer_uint(lp_writer *w, uint64_t number);
void lp_writer_bool(lp_writer *w, bool value);
void lp_writer_raw(lp_writer *w, const char *json, size_t len); /* a value that is JSON already */
/* Returns LP_LIMIT_MEMORY if anything did not fit, else LP_OK and the text (not terminated). */
lp_code lp_writer_end(const lp_writer *w, lp_slice *out);

#endif
