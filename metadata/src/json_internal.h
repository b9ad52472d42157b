/* SPDX-License-Identifier: Apache-2.0 */
/* What the JSON files share with each other and with nobody else. */
#ifndef LP_JSON_INTERNAL_H
#define LP_JSON_INTERNAL_H

#include "lampyr/json.h"

/* What one pass over a document found out beside its validity. */
typedef struct lp_json_facts {
    bool ordered;          /* the keys of every object ascend strictly */
    const char *first_odd; /* first and last byte where it departs from the canonical form; NULL if nowhere */
    const char *last_odd;
    lp_json big[2]; /* the longest container that is a member of the document, and of one of its members */
} lp_json_facts;

/* lp_json_check(), with the facts, which hold nothing of use after a refusal. Duplicates are not looked for where keys
 * are not ascending. */
lp_code lp_json_scan(lp_slice bytes, lp_json_form form, lp_dialect dialect, unsigned depth, lp_json *out,
                     lp_json_facts *facts);

/* The rest of lp_json_check(): refuses duplicate keys in a scanned document whose keys do not ascend. */
lp_code lp_json_unique(lp_json value, lp_scratch scratch);

/* How lp_json_read() reads a member, and where to. */
typedef enum lp_json_read_as {
    LP_READ_STRING, /* lp_str */
    LP_READ_UINT,   /* uint64_t */
    LP_READ_BOOL,   /* bool */
    LP_READ_ANY,    /* lp_json */
    LP_READ_OBJECT = '{',
    LP_READ_ARRAY = '[', /* lp_json, like objects */
} lp_json_read_as;

typedef struct lp_json_row {
    const char *name; /* plain ASCII */
    uint8_t type;     /* lp_json_read_as */
    bool optional;    /* if absent, what is at `offset` stays */
    uint16_t offset;  /* in the struct to fill */
} lp_json_row;

/* Fills the struct at `out` from members of an object, for up to 31 rows; others are skipped. The first member that is
 * wrong decides, then the first row that is missing: LP_FIELD_MISSING (also if there is no object), LP_FIELD_TYPE (also
 * if it is no object), LP_FIELD_VALUE. */
lp_code lp_json_read(lp_json object, const lp_json_row *rows, size_t count, void *out);

/* The same; `big` is one of its members (or absent), which is not walked through. */
lp_code lp_json_read_past(lp_json object, lp_json big, const lp_json_row *rows, size_t count, void *out);

/* The same for a small object. LP_LIMIT_RECORD if it has more than LP_RECORD_FIELDS members. */
lp_code lp_json_read_record(lp_json object, const lp_json_row *rows, size_t count, void *out);

/* Reads the characters of a JSON string's body one at a time as UTF-8 bytes. */
typedef struct lp_str_reader {
    const char *pos;
    const char *end;
    char utf8[4]; /* bytes of an escape still to be handed out */
    uint8_t pending;
    uint8_t next;
} lp_str_reader;

lp_str_reader lp_str_read(lp_str s);
/* The next byte, or -1 at the end: of the view, or at the closing quote if the view reaches further. */
int lp_str_byte(lp_str_reader *reader);

/* Value of the four hex digits at `p`, or -1. */
int32_t lp_json_hex4(const char *p, const char *end);

/* Orders by the bytes of the unescaped UTF-8: negative, zero, positive. Views may reach past the closing quote.
 * Takes time by what the strings have in common, not by their lengths. */
int lp_str_compare(lp_str a, lp_str b);

/* True if the body contains a backslash. */
bool lp_str_escaped(lp_str s);

/* The member `name` of an object, or absent; `big` is one of its members (or absent), which is not walked through. */
lp_json lp_json_get_past(lp_json object, lp_json big, const char *name);

/* First byte at or after `p` that is no plain character of a string: a quote, a backslash, a control
 * character, or part of a multi-byte character. */
const char *lp_json_plain_end(const char *p, const char *end);

/* First byte after the string (at its opening quote) or value that starts at `p`. */
const char *lp_json_skip_string(const char *p, const char *end);
const char *lp_json_skip_value(const char *p, const char *end);
const char *lp_json_skip_space(const char *p, const char *end);

/* A sorted table of an object's members: offsets of their keys' opening quotes. Lives in scratch memory. */
typedef struct lp_json_index {
    lp_json object;
    uint32_t *at;
    size_t count;
} lp_json_index;

/* Builds the index at the end of `scratch` and shrinks `scratch` by it. Members are sorted unless they
 * already ascend. LP_LIMIT_MEMORY; LP_JSON_DUPLICATE_KEY. */
lp_code lp_json_index_build(lp_json object, lp_scratch *scratch, lp_json_index *out);

/* The value under `key`, or absent. */
lp_json lp_json_index_find(const lp_json_index *index, lp_str key);

#endif
