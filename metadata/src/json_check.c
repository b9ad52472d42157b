/* SPDX-License-Identifier: Apache-2.0 */
/* One pass over a document: strict JSON, which has one reading (TUF 1.0.34, 4.1), and how far it is from its canonical
 * form. It does not call itself, so that its stack is the same for every document. */
#include "json_internal.h"
#include "refusal.h"

#include <string.h>

typedef struct checker {
    const char *pos;
    const char *end;
    lp_json_form form;
    lp_dialect dialect;
    unsigned depth;                  /* most that is allowed */
    unsigned level;                  /* containers that are open */
    const char *last[LP_JSON_DEPTH]; /* for each: its latest key, at the quote; none yet, or no keys: its bracket */
    const char *start[3];            /* and where the first of them start */
    lp_json_facts *facts;
} checker;

/* Firmware reads canonical documents only, whatever the form. */
static bool must_be_canonical(const checker *c) {
    return LP_CONSTRAINED || c->form == LP_JSON_CANONICAL;
}

static bool is_general(const checker *c) {
    return !LP_CONSTRAINED && c->form == LP_JSON_GENERAL;
}

static bool stands_at(const checker *c, char ch) {
    return c->pos < c->end && *c->pos == ch;
}

/* Notes a departure from the canonical form at `p`. */
static lp_code odd(checker *c, const char *p) {
    if (LP_REFUSAL(2001, must_be_canonical(c))) {
        return LP_NOT_CANONICAL;
    }
    if (c->facts->first_odd == NULL) {
        c->facts->first_odd = p;
    }
    c->facts->last_odd = p;
    return LP_OK;
}

/* What cannot stand at the position: white space where there must be none, or a mistake. */
static lp_code unexpected(const checker *c) {
    bool space = must_be_canonical(c) && lp_json_skip_space(c->pos, c->end) != c->pos;
    return LP_REFUSAL(2002, space) ? LP_NOT_CANONICAL : LP_REFUSAL_CODE(2003, LP_JSON_SYNTAX);
}

static lp_code skip_space(checker *c) {
    if (LP_CONSTRAINED) {
        return LP_OK; /* none is skipped: it is unexpected() */
    }
    const char *p = lp_json_skip_space(c->pos, c->end);
    if (p == c->pos) {
        return LP_OK;
    }
    lp_code code = odd(c, c->pos);
    c->pos = p;
    return code;
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
    int32_t unit = lp_json_hex4(p + 2, c->end);
    bool has_short_form = unit >= '\b' && unit <= '\r' && unit != '\v';
    return unit >= 0 && unit < 0x20 && !has_short_form && !(p[5] >= 'A' && p[5] <= 'F');
}

/* The second half of the pair of which \u`high`, just passed, is the first. */
static lp_code check_surrogate(checker *c, int32_t high) {
    if (LP_REFUSAL(2004, high > 0xdbff || c->end - c->pos < 6 || c->pos[0] != '\\' || c->pos[1] != 'u')) {
        return LP_JSON_UTF8;
    }
    int32_t low = lp_json_hex4(c->pos + 2, c->end);
    if (LP_REFUSAL(2005, low < 0xdc00 || low > 0xdfff)) {
        return LP_JSON_UTF8;
    }
    c->pos += 6;
    return LP_OK;
}

/* An escape sequence, at its backslash. */
static lp_code check_escape(checker *c) {
    const char *p = c->pos;
    const char *known = "\"\\/bfnrtu";
    while (c->end - p >= 2 && *known != '\0' && *known != p[1]) {
        known++;
    }
    if (LP_REFUSAL(2006, c->end - p < 2 || *known == '\0')) {
        return LP_JSON_SYNTAX;
    }
    lp_code code = escape_is_canonical(c, p) ? LP_OK : odd(c, p);
    if (code != LP_OK) {
        return code;
    }
    c->pos += 2;
    if (p[1] != 'u') {
        return LP_OK;
    }
    int32_t unit = lp_json_hex4(c->pos, c->end);
    if (LP_REFUSAL(2007, unit < 0)) {
        return LP_JSON_SYNTAX;
    }
    if (LP_REFUSAL(2008, unit == 0 && !is_general(c))) {
        return LP_FIELD_VALUE;
    }
    c->pos += 4;
    /* Canonical forms escape nothing but control characters this way. */
    return LP_CONSTRAINED || unit < 0xd800 || unit > 0xdfff ? LP_OK : check_surrogate(c, unit);
}

/* A multi-byte UTF-8 character (RFC 3629): shortest form, no surrogates, at most U+10FFFF. */
static lp_code check_utf8(checker *c) {
    const uint8_t *p = (const uint8_t *)c->pos;
    const uint8_t *end = (const uint8_t *)c->end;
    unsigned more = p[0] >= 0xf0 ? 3 : p[0] >= 0xe0 ? 2 : 1;
    if (LP_REFUSAL(2009, p[0] < 0xc2 || p[0] > 0xf4)) {
        return LP_JSON_UTF8;
    }
    uint32_t ch = *p++ & (0x3fU >> more);
    for (unsigned i = 0; i < more; i++, p++) {
        if (LP_REFUSAL(2010, p >= end || (*p & 0xc0) != 0x80)) {
            return LP_JSON_UTF8;
        }
        ch = ch << 6 | (*p & 0x3fU);
    }
    /* Below 0x800 and 0x10000 there are shorter forms; below 0x80 the lead was refused. */
    if (LP_REFUSAL(2011, ch < 1U << (5 * more + 1) || ch > 0x10ffff || (ch >= 0xd800 && ch <= 0xdfff))) {
        return LP_JSON_UTF8;
    }
    c->pos = (const char *)p;
    return LP_OK;
}

/* A string, at its opening quote. */
static lp_code check_string(checker *c) {
    /* OLPC canonical JSON has raw control characters in strings; JSON has not. */
    uint8_t first_plain = must_be_canonical(c) && c->dialect == LP_DIALECT_TUF ? 0 : 0x20;
    c->pos++;
    while ((c->pos = lp_json_plain_end(c->pos, c->end)) < c->end) {
        uint8_t ch = (uint8_t)*c->pos;
        lp_code code = LP_OK;
        if (ch == '"') {
            c->pos++;
            return LP_OK;
        }
        if (ch == '\\') {
            code = check_escape(c);
        } else if (ch >= 0x80) {
            code = check_utf8(c);
        } else if (LP_REFUSAL(2012, ch < first_plain)) {
            code = LP_JSON_SYNTAX;
        } else if (LP_REFUSAL(2013, ch == 0)) {
            code = LP_FIELD_VALUE; /* as in served form */
        } else {
            c->pos++;
        }
        if (code != LP_OK) {
            return code;
        }
    }
    return LP_REFUSAL_CODE(2014, LP_JSON_SYNTAX);
}

static const char *skip_digits(const char *p, const char *end) {
    while (p < end && *p >= '0' && *p <= '9') {
        p++;
    }
    return p;
}

/* Do the digits fit a signed 64-bit integer? The bounds have 19 digits, so numbers as long compare as text. */
static bool fits_64(const char *digits, size_t len, bool negative) {
    int order = len == 19 ? memcmp(digits, "922337203685477580", 18) : 0;
    return len < 19 || (len == 19 && (order < 0 || (order == 0 && digits[18] <= (negative ? '8' : '7'))));
}

/* Passes one of two marks, a sign if one may follow, and digits. `*p` stays where there is no mark, and becomes NULL
 * where the digits are missing. */
static void skip_part(const char **p, const char *end, const char marks[2], bool signs) {
    const char *digits = *p;
    if (digits >= end || (*digits != marks[0] && *digits != marks[1])) {
        return;
    }
    digits++;
    digits += signs && digits < end && (*digits == '+' || *digits == '-');
    const char *after = skip_digits(digits, end);
    *p = after == digits ? NULL : after;
}

static lp_code check_number(checker *c) {
    const char *start = c->pos;
    bool negative = *start == '-';
    const char *digits = start + negative;
    const char *p = skip_digits(digits, c->end);
    const char *whole_end = p;
    size_t len = (size_t)(p - digits);
    if (LP_REFUSAL(2015, len == 0)) {
        return unexpected(c);
    }
    if (LP_REFUSAL(2016, len > 1 && digits[0] == '0')) {
        return LP_JSON_SYNTAX;
    }
    skip_part(&p, c->end, "..", false);
    if (p != NULL) {
        skip_part(&p, c->end, "eE", true);
    }
    if (LP_REFUSAL(2017, p == NULL)) {
        return LP_JSON_SYNTAX;
    }
    c->pos = p;
    if (LP_REFUSAL(2018, !is_general(c) && (p != whole_end || !fits_64(digits, len, negative)))) {
        return LP_JSON_NUMBER;
    }
    return negative && len == 1 && digits[0] == '0' ? odd(c, start) : LP_OK;
}

static lp_code check_word(checker *c, const char *word) {
    for (; *word != '\0'; word++, c->pos++) {
        if (LP_REFUSAL(2019, !stands_at(c, *word))) {
            return LP_JSON_SYNTAX;
        }
    }
    return LP_OK;
}

/* Is the innermost open container an object? */
static bool in_object(const checker *c) {
    return *c->last[c->level - 1] != '[';
}

/* The key whose quote is at `quote`, as a view for lp_str_compare() only. */
static lp_str open_key(const checker *c, const char *quote) {
    return (lp_str){quote + 1, (size_t)(c->end - quote) - 1};
}

/* `"key" :`, and its order against the key before it. */
static lp_code check_key(checker *c) {
    const char *key = c->pos;
    const char **last = &c->last[c->level - 1];
    if (LP_REFUSAL(2020, !stands_at(c, '"'))) {
        return unexpected(c);
    }
    lp_code code = check_string(c);
    if (code != LP_OK) {
        return code;
    }
    int order = **last == '"' ? lp_str_compare(open_key(c, *last), open_key(c, key)) : -1;
    if (LP_REFUSAL(2021, order == 0)) {
        return LP_JSON_DUPLICATE_KEY;
    }
    if (order > 0) {
        c->facts->ordered = false;
        code = odd(c, key);
    }
    *last = key;
    if (code == LP_OK) {
        code = skip_space(c);
    }
    if (code != LP_OK) {
        return code;
    }
    if (LP_REFUSAL(2022, !stands_at(c, ':'))) {
        return unexpected(c);
    }
    c->pos++;
    return LP_OK;
}

/* An opening bracket. `*complete` if the container is empty: then its end comes next. */
static lp_code open_container(checker *c, bool *complete) {
    if (LP_REFUSAL(2023, c->level >= c->depth)) {
        return LP_LIMIT_DEPTH;
    }
    if (!LP_CONSTRAINED && c->level < sizeof c->start / sizeof *c->start) {
        c->start[c->level] = c->pos;
    }
    c->last[c->level++] = c->pos++;
    lp_code code = skip_space(c);
    *complete = stands_at(c, in_object(c) ? '}' : ']');
    return code == LP_OK && !*complete && in_object(c) ? check_key(c) : code;
}

/* A closing bracket. Remembers the longest containers near the top, which later walks then need not walk through. */
static void close_container(checker *c) {
    c->pos++;
    c->level--;
    if (!LP_CONSTRAINED && (c->level == 1 || c->level == 2)) {
        const char *start = c->start[c->level];
        lp_json *big = &c->facts->big[c->level - 1];
        size_t len = (size_t)(c->pos - start);
        if (len > big->len) {
            *big = (lp_json){start, len};
        }
    }
}

/* The start of a value. `*complete` if it was passed; else it is a container that another value follows in. */
static lp_code check_start(checker *c, bool *complete) {
    *complete = true;
    if (LP_REFUSAL(2024, c->pos >= c->end)) {
        return LP_JSON_SYNTAX;
    }
    switch (*c->pos) {
    case '{':
    case '[':
        return open_container(c, complete);
    case '"':
        return check_string(c);
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

/* What follows a value inside a container: its end, or the next member. `*complete` if the position is again after a
 * value. */
static lp_code check_rest(checker *c, bool *complete) {
    if (stands_at(c, in_object(c) ? '}' : ']')) {
        close_container(c);
        return LP_OK;
    }
    if (LP_REFUSAL(2025, !stands_at(c, ','))) {
        return unexpected(c);
    }
    c->pos++;
    *complete = false;
    lp_code code = skip_space(c);
    return code == LP_OK && in_object(c) ? check_key(c) : code;
}

static lp_code check_document(checker *c) {
    bool complete = false;
    do {
        lp_code code = skip_space(c);
        if (code == LP_OK) {
            code = complete ? check_rest(c, &complete) : check_start(c, &complete);
        }
        if (code != LP_OK) {
            return code;
        }
    } while (c->level > 0 || !complete);
    return LP_OK;
}

lp_code lp_json_scan(lp_slice bytes, lp_json_form form, lp_dialect dialect, unsigned depth, lp_json *out,
                     lp_json_facts *facts) {
    checker c = {.pos = (const char *)bytes.ptr,
                 .form = form,
                 .dialect = dialect,
                 .depth = depth < LP_JSON_DEPTH ? depth : LP_JSON_DEPTH,
                 .facts = facts};
    c.end = c.pos + bytes.len;
    *facts = (lp_json_facts){.ordered = true};
    lp_code code = skip_space(&c);
    const char *start = c.pos;
    if (code == LP_OK) {
        code = check_document(&c);
    }
    const char *after = c.pos;
    if (code == LP_OK) {
        code = skip_space(&c);
    }
    if (code == LP_OK && LP_REFUSAL(2026, c.pos != c.end)) {
        code = unexpected(&c);
        code = code == LP_JSON_SYNTAX ? LP_JSON_TRAILING : code;
    }
    if (code != LP_OK) {
        return code;
    }
    *out = (lp_json){start, (size_t)(after - start)};
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
