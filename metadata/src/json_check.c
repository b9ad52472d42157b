/* SPDX-License-Identifier: Apache-2.0 */
/* One pass over a document: strict JSON, which has one reading (TUF 1.0.34, 4.1), and how far it is from its canonical
 * form. */
#include "json_internal.h"

#include <string.h>

typedef struct checker {
    const char *pos;
    const char *end;
    lp_json_form form;
    lp_dialect dialect;
    unsigned depth; /* most that is allowed */
    lp_json_facts facts;
} checker;

static lp_code check_value(checker *c, unsigned depth);

/* Notes a departure from the canonical form at `p`. */
static lp_code odd(checker *c, const char *p) {
    if (c->form == LP_JSON_CANONICAL) {
        return LP_NOT_CANONICAL;
    }
    if (c->facts.first_odd == NULL) {
        c->facts.first_odd = p;
    }
    c->facts.last_odd = p;
    return LP_OK;
}

static lp_code skip_space(checker *c) {
    const char *p = lp_json_skip_space(c->pos, c->end);
    if (p == c->pos) {
        return LP_OK;
    }
    lp_code code = odd(c, c->pos);
    c->pos = p;
    return code;
}

/* Value of the four hex digits at `p`, or -1. */
static int32_t hex4(const char *p, const char *end) {
    if (end - p < 4) {
        return -1;
    }
    int32_t value = 0;
    for (int i = 0; i < 4; i++) {
        char ch = p[i];
        int digit = ch >= '0' && ch <= '9'                     ? ch - '0'
                    : (ch | 0x20) >= 'a' && (ch | 0x20) <= 'f' ? (ch | 0x20) - 'a' + 10
                                                               : -1;
        if (digit < 0) {
            return -1;
        }
        value = value * 16 + digit;
    }
    return value;
}

/* Is the escape at `p` (its backslash) the one way the dialect's canonical form writes that character? */
static bool escape_is_canonical(const checker *c, const char *p) {
    if (p[1] == '"' || p[1] == '\\') {
        return true;
    }
    if (c->dialect == LP_DIALECT_TUF) {
        return false;
    }
    if (p[1] != 'u') {
        return p[1] != '/';
    }
    /* \u00xx, lower case, for the control characters that have no short form */
    int32_t unit = hex4(p + 2, c->end);
    bool has_short_form = unit == '\b' || unit == '\t' || unit == '\n' || unit == '\f' || unit == '\r';
    return unit >= 0 && unit < 0x20 && !has_short_form && !(p[5] >= 'A' && p[5] <= 'F');
}

/* An escape sequence, at its backslash. */
static lp_code check_escape(checker *c) {
    const char *p = c->pos;
    if (c->end - p < 2 || memchr("\"\\/bfnrtu", p[1], 9) == NULL) {
        return LP_JSON_SYNTAX;
    }
    if (!escape_is_canonical(c, p)) {
        lp_code code = odd(c, p);
        if (code != LP_OK) {
            return code;
        }
    }
    if (p[1] != 'u') {
        c->pos = p + 2;
        return LP_OK;
    }
    int32_t unit = hex4(p + 2, c->end);
    if (unit < 0) {
        return LP_JSON_SYNTAX;
    }
    if (unit == 0 && c->form != LP_JSON_GENERAL) {
        return LP_FIELD_VALUE;
    }
    c->pos = p + 6;
    if (unit < 0xd800 || unit > 0xdfff) {
        return LP_OK;
    }
    /* A surrogate counts only as the first half of a pair. */
    if (unit > 0xdbff || c->end - c->pos < 6 || c->pos[0] != '\\' || c->pos[1] != 'u') {
        return LP_JSON_UTF8;
    }
    int32_t low = hex4(c->pos + 2, c->end);
    if (low < 0xdc00 || low > 0xdfff) {
        return LP_JSON_UTF8;
    }
    c->pos += 6;
    return LP_OK;
}

/* A multi-byte UTF-8 character (RFC 3629): shortest form, no surrogates, at most U+10FFFF. */
static lp_code check_utf8(checker *c) {
    const uint8_t *p = (const uint8_t *)c->pos;
    size_t left = (size_t)(c->end - c->pos);
    size_t len;
    uint8_t low = 0x80;
    uint8_t high = 0xbf;
    if (p[0] >= 0xc2 && p[0] <= 0xdf) {
        len = 2;
    } else if (p[0] >= 0xe0 && p[0] <= 0xef) {
        len = 3;
        low = p[0] == 0xe0 ? 0xa0 : low;
        high = p[0] == 0xed ? 0x9f : high;
    } else if (p[0] >= 0xf0 && p[0] <= 0xf4) {
        len = 4;
        low = p[0] == 0xf0 ? 0x90 : low;
        high = p[0] == 0xf4 ? 0x8f : high;
    } else {
        return LP_JSON_UTF8;
    }
    if (left < len || p[1] < low || p[1] > high) {
        return LP_JSON_UTF8;
    }
    for (size_t i = 2; i < len; i++) {
        if (p[i] < 0x80 || p[i] > 0xbf) {
            return LP_JSON_UTF8;
        }
    }
    c->pos += len;
    return LP_OK;
}

/* A string, at its opening quote. `*out` is its body. */
static lp_code check_string(checker *c, lp_str *out) {
    /* OLPC canonical JSON has raw control characters in strings; JSON has not. */
    uint8_t first_plain = c->form == LP_JSON_CANONICAL && c->dialect == LP_DIALECT_TUF ? 0 : 0x20;
    const char *start = ++c->pos;
    while ((c->pos = lp_json_plain_end(c->pos, c->end)) < c->end) {
        uint8_t ch = (uint8_t)*c->pos;
        lp_code code = LP_OK;
        if (ch == '"') {
            *out = (lp_str){start, (size_t)(c->pos - start)};
            c->pos++;
            return LP_OK;
        }
        if (ch == '\\') {
            code = check_escape(c);
        } else if (ch >= 0x80) {
            code = check_utf8(c);
        } else if (ch < first_plain) {
            code = LP_JSON_SYNTAX;
        } else if (ch == 0) {
            code = LP_FIELD_VALUE; /* as in served form */
        } else {
            c->pos++;
        }
        if (code != LP_OK) {
            return code;
        }
    }
    return LP_JSON_SYNTAX;
}

static const char *skip_digits(const char *p, const char *end) {
    while (p < end && *p >= '0' && *p <= '9') {
        p++;
    }
    return p;
}

/* Do the digits fit a signed 64-bit integer? Both bounds have 19 digits and so compare as text. */
static bool fits_64(const char *digits, size_t len, bool negative) {
    const char *bound = negative ? "9223372036854775808" : "9223372036854775807";
    return len < 19 || (len == 19 && memcmp(digits, bound, 19) <= 0);
}

static lp_code check_number(checker *c) {
    const char *start = c->pos;
    bool negative = *start == '-';
    const char *digits = start + negative;
    const char *p = skip_digits(digits, c->end);
    size_t len = (size_t)(p - digits);
    if (len == 0 || (len > 1 && digits[0] == '0')) {
        return LP_JSON_SYNTAX;
    }
    bool integer = true;
    if (p < c->end && *p == '.') {
        const char *fraction = p + 1;
        p = skip_digits(fraction, c->end);
        if (p == fraction) {
            return LP_JSON_SYNTAX;
        }
        integer = false;
    }
    if (p < c->end && (*p == 'e' || *p == 'E')) {
        const char *exponent = p + 1;
        exponent += exponent < c->end && (*exponent == '+' || *exponent == '-');
        p = skip_digits(exponent, c->end);
        if (p == exponent) {
            return LP_JSON_SYNTAX;
        }
        integer = false;
    }
    c->pos = p;
    if (c->form != LP_JSON_GENERAL && (!integer || !fits_64(digits, len, negative))) {
        return LP_JSON_NUMBER;
    }
    return negative && len == 1 && digits[0] == '0' ? odd(c, start) : LP_OK;
}

static lp_code check_word(checker *c, const char *word) {
    size_t len = strlen(word);
    if ((size_t)(c->end - c->pos) < len || memcmp(c->pos, word, len) != 0) {
        return LP_JSON_SYNTAX;
    }
    c->pos += len;
    return LP_OK;
}

/* `"key" :`, and its order against the key before it. */
static lp_code check_key(checker *c, lp_str *previous) {
    const char *start = c->pos;
    if (c->pos >= c->end || *c->pos != '"') {
        return LP_JSON_SYNTAX;
    }
    lp_str key;
    lp_code code = check_string(c, &key);
    if (code != LP_OK) {
        return code;
    }
    if (previous->ptr != NULL) {
        int order = lp_str_compare(*previous, key);
        if (order == 0) {
            return LP_JSON_DUPLICATE_KEY;
        }
        if (order > 0) {
            c->facts.ordered = false;
            code = odd(c, start);
        }
    }
    *previous = key;
    if (code == LP_OK) {
        code = skip_space(c);
    }
    if (code != LP_OK) {
        return code;
    }
    if (c->pos >= c->end || *c->pos != ':') {
        return LP_JSON_SYNTAX;
    }
    c->pos++;
    return skip_space(c);
}

/* An object or array, at its opening bracket. */
static lp_code check_container(checker *c, unsigned depth) {
    bool object = *c->pos == '{';
    char close = object ? '}' : ']';
    if (depth == 0) {
        return LP_LIMIT_DEPTH;
    }
    c->pos++;
    lp_code code = skip_space(c);
    if (code == LP_OK && c->pos < c->end && *c->pos == close) {
        c->pos++;
        return LP_OK;
    }
    lp_str previous = {NULL, 0};
    while (code == LP_OK) {
        code = object ? check_key(c, &previous) : LP_OK;
        if (code == LP_OK) {
            code = check_value(c, depth - 1);
        }
        if (code == LP_OK) {
            code = skip_space(c);
        }
        if (code != LP_OK) {
            break;
        }
        if (c->pos >= c->end || (*c->pos != ',' && *c->pos != close)) {
            return LP_JSON_SYNTAX;
        }
        if (*c->pos++ == close) {
            return LP_OK;
        }
        code = skip_space(c);
    }
    return code;
}

/* Remembers the longest containers near the top, which later walks then need not walk through. */
static void note_container(checker *c, const char *start, unsigned depth) {
    unsigned level = c->depth - depth; /* 1: member of the document */
    size_t len = (size_t)(c->pos - start);
    if (level >= 1 && level <= 2 && len > c->facts.big[level - 1].len) {
        c->facts.big[level - 1] = (lp_json){start, len};
    }
}

static lp_code check_value(checker *c, unsigned depth) {
    const char *start = c->pos;
    lp_code code;
    if (c->pos >= c->end) {
        return LP_JSON_SYNTAX;
    }
    lp_str ignored;
    switch (*c->pos) {
    case '{':
    case '[':
        code = check_container(c, depth);
        note_container(c, start, depth);
        return code;
    case '"':
        return check_string(c, &ignored);
    case 't':
        return check_word(c, "true");
    case 'f':
        return check_word(c, "false");
    case 'n':
        return check_word(c, "null");
    default:
        return check_number(c);
    }
}

lp_code lp_json_scan(lp_slice bytes, lp_json_form form, lp_dialect dialect, unsigned depth, lp_json *out,
                     lp_json_facts *facts) {
    if (bytes.len == 0) {
        return LP_JSON_SYNTAX;
    }
    checker c = {
        .pos = (const char *)bytes.ptr, .form = form, .dialect = dialect, .depth = depth, .facts = {.ordered = true}};
    c.end = c.pos + bytes.len;
    lp_code code = skip_space(&c);
    if (code != LP_OK) {
        return code;
    }
    const char *start = c.pos;
    code = check_value(&c, depth);
    if (code != LP_OK) {
        return code;
    }
    size_t len = (size_t)(c.pos - start);
    code = skip_space(&c);
    if (code != LP_OK) {
        return code;
    }
    if (c.pos != c.end) {
        return LP_JSON_TRAILING;
    }
    *out = (lp_json){start, len};
    *facts = c.facts;
    return LP_OK;
}

lp_code lp_json_check(lp_slice bytes, lp_json_form form, lp_dialect dialect, unsigned depth, lp_scratch scratch,
                      lp_json *out, bool *canonical) {
    lp_json value;
    lp_json_facts facts;
    lp_code code = lp_json_scan(bytes, form, dialect, depth, &value, &facts);
    if (code == LP_OK && !facts.ordered) {
        code = lp_json_unique(value, scratch);
    }
    if (code != LP_OK) {
        return code;
    }
    *out = value;
    if (canonical != NULL) {
        *canonical = facts.first_odd == NULL;
    }
    return LP_OK;
}
