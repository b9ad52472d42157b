/* SPDX-License-Identifier: Apache-2.0 */
/* Reading documents that lp_json_check() accepted. */
#include "json_internal.h"
#include "lampyr/encode.h"
#include "refusal.h"

#include <string.h>

const char *lp_json_skip_space(const char *p, const char *end) {
    while (p < end && (*p == ' ' || *p == '\n' || *p == '\r' || *p == '\t')) {
        p++;
    }
    return p;
}

/* A machine word at a time: in each byte, the top bit tells whether it is one of those looked for. */
const char *lp_json_plain_end(const char *p, const char *end) {
    const size_t ones = (size_t)-1 / 255;
    const size_t tops = ones << 7;
    while ((size_t)(end - p) >= sizeof(size_t)) {
        size_t word;
        memcpy(&word, p, sizeof word);
        size_t quote = word ^ (ones * '"');
        size_t backslash = word ^ (ones * '\\');
        size_t odd = word | ((quote - ones) & ~quote) | ((backslash - ones) & ~backslash) | (word - ones * 0x20);
        if ((odd & tops) != 0) {
            break;
        }
        p += sizeof word;
    }
    while (p < end && (uint8_t)*p >= 0x20 && (uint8_t)*p < 0x80 && *p != '"' && *p != '\\') {
        p++;
    }
    return p;
}

const char *lp_json_skip_string(const char *p, const char *end) {
    for (p = lp_json_plain_end(p + 1, end); p < end && *p != '"'; p = lp_json_plain_end(p + 1, end)) {
        p += *p == '\\'; /* whatever is escaped is no end */
    }
    return p + 1;
}

const char *lp_json_skip_value(const char *p, const char *end) {
    if (*p == '"') {
        return lp_json_skip_string(p, end);
    }
    if (*p != '{' && *p != '[') {
        while (p < end && *p != ',' && *p != '}' && *p != ']' && (uint8_t)*p > ' ') {
            p++;
        }
        return p;
    }
    unsigned depth = 0;
    while (p < end) {
        char ch = *p;
        if (ch == '"') {
            p = lp_json_skip_string(p, end);
            continue;
        }
        p++;
        if (ch == '{' || ch == '[') {
            depth++;
        } else if ((ch == '}' || ch == ']') && --depth == 0) {
            break;
        }
    }
    return p;
}

static bool starts_with(lp_json value, char ch) {
    return value.len > 0 && value.ptr[0] == ch;
}

bool lp_json_is_object(lp_json value) {
    return starts_with(value, '{');
}

bool lp_json_is_array(lp_json value) {
    return starts_with(value, '[');
}

bool lp_json_is_string(lp_json value) {
    return starts_with(value, '"');
}

lp_json_iter lp_json_iterate(lp_json container) {
    lp_json_iter iter = {.object = lp_json_is_object(container)};
    if (iter.object || lp_json_is_array(container)) {
        iter.pos = container.ptr + 1;
        iter.end = container.ptr + container.len - 1;
    }
    return iter;
}

/* Canonical documents have no white space. */
static const char *past_space(const char *p, const char *end) {
    return LP_CONSTRAINED ? p : lp_json_skip_space(p, end);
}

bool lp_json_next(lp_json_iter *iter, lp_str *key, lp_json *value) {
    const char *p = past_space(iter->pos, iter->end);
    if (p < iter->end && *p == ',') {
        p = past_space(p + 1, iter->end);
    }
    if (p >= iter->end) {
        iter->pos = iter->end;
        return false;
    }
    if (iter->object) {
        const char *after = lp_json_skip_string(p, iter->end);
        if (key != NULL) {
            *key = (lp_str){p + 1, (size_t)(after - p) - 2};
        }
        p = past_space(after, iter->end) + 1; /* the colon */
        p = past_space(p, iter->end);
    }
    iter->pos = p == iter->big.ptr ? p + iter->big.len : lp_json_skip_value(p, iter->end);
    *value = (lp_json){p, (size_t)(iter->pos - p)};
    return true;
}

size_t lp_json_count(lp_json container) {
    lp_json_iter iter = lp_json_iterate(container);
    lp_str key;
    lp_json value;
    size_t count = 0;
    while (lp_json_next(&iter, &key, &value)) {
        count++;
    }
    return count;
}

lp_json lp_json_find(lp_json object, lp_str name) {
    lp_json_iter iter = lp_json_iterate(object);
    lp_str key;
    lp_json value;
    while (iter.object && lp_json_next(&iter, &key, &value)) {
        if (lp_str_eq(key, name)) {
            return value;
        }
    }
    return (lp_json){NULL, 0};
}

lp_json lp_json_get_past(lp_json object, lp_json big, const char *name) {
    const lp_json_row row = {name, LP_READ_ANY, true, 0};
    lp_json value = {NULL, 0};
    (void)lp_json_read_past(object, big, &row, 1, &value);
    return value;
}

lp_json lp_json_get(lp_json object, const char *name) {
    return lp_json_get_past(object, (lp_json){NULL, 0}, name);
}

static bool same(lp_json a, lp_json b, size_t *left);

/* Each member of an object is looked for from the start of the other; `*left` bounds how often. */
static bool same_members(lp_json a, lp_json b, size_t *left) {
    lp_json_iter ia = lp_json_iterate(a);
    lp_json_iter ib = lp_json_iterate(b);
    lp_str key = {NULL, 0};
    lp_json value_a;
    lp_json value_b;
    size_t count = lp_json_count(a);
    if (ia.object != ib.object || count != lp_json_count(b) || (ia.object && count > *left)) {
        return false;
    }
    *left -= ia.object ? count : 0;
    while (lp_json_next(&ia, &key, &value_a)) {
        if (ia.object) {
            value_b = lp_json_find(b, key);
        } else if (!lp_json_next(&ib, NULL, &value_b)) {
            return false;
        }
        if (!same(value_a, value_b, left)) {
            return false;
        }
    }
    return true;
}

static bool same(lp_json a, lp_json b, size_t *left) {
    if (a.ptr == NULL || b.ptr == NULL) {
        return a.ptr == b.ptr;
    }
    if (lp_json_is_string(a) && lp_json_is_string(b)) {
        return lp_str_eq((lp_str){a.ptr + 1, a.len - 2}, (lp_str){b.ptr + 1, b.len - 2});
    }
    bool container_a = lp_json_is_object(a) || lp_json_is_array(a);
    bool container_b = lp_json_is_object(b) || lp_json_is_array(b);
    if (container_a || container_b) {
        return container_a && container_b && same_members(a, b, left);
    }
    return a.len == b.len && memcmp(a.ptr, b.ptr, a.len) == 0;
}

bool lp_json_same(lp_json a, lp_json b) {
    size_t left = LP_COMPARED_FIELDS;
    return same(a, b, &left);
}

lp_code lp_json_record(lp_json object, lp_json_field *fields, size_t count) {
    if (LP_REFUSAL(2101, !lp_json_is_object(object))) {
        return LP_FIELD_TYPE;
    }
    for (size_t f = 0; f < count; f++) {
        fields[f].value = (lp_json){NULL, 0};
    }
    lp_json_iter iter = lp_json_iterate(object);
    lp_str key = {NULL, 0};
    lp_json value;
    for (size_t members = 0; lp_json_next(&iter, &key, &value); members++) {
        if (LP_REFUSAL(2102, members >= LP_RECORD_FIELDS)) {
            return LP_LIMIT_RECORD;
        }
        for (size_t f = 0; f < count; f++) {
            if (lp_str_is(key, fields[f].name)) {
                fields[f].value = value;
            }
        }
    }
    return LP_OK;
}

static lp_code read_row(lp_json value, unsigned type, void *out) {
    switch (type) {
    case LP_READ_STRING:
        return lp_json_string(value, out);
    case LP_READ_UINT:
        return lp_json_uint(value, out);
    case LP_READ_BOOL:
        return lp_json_bool(value, out);
    default:
        if (LP_REFUSAL(2103, type != LP_READ_ANY && value.ptr[0] != (char)type)) {
            return LP_FIELD_TYPE;
        }
        *(lp_json *)out = value;
        return LP_OK;
    }
}

lp_code lp_json_read_past(lp_json object, lp_json big, const lp_json_row *rows, size_t count, void *out) {
    if (LP_REFUSAL(2104, object.ptr == NULL)) {
        return LP_FIELD_MISSING;
    }
    if (LP_REFUSAL(2105, !lp_json_is_object(object))) {
        return LP_FIELD_TYPE;
    }
    lp_json_iter iter = lp_json_iterate(object);
    iter.big = big;
    lp_str key;
    lp_json value;
    uint32_t missing = (1U << count) - 1; /* bit by row */
    while (missing != 0 && lp_json_next(&iter, &key, &value)) {
        for (size_t i = 0; i < count; i++) {
            if (lp_str_is(key, rows[i].name)) {
                missing &= ~(1U << i);
                lp_code code = read_row(value, rows[i].type, (char *)out + rows[i].offset);
                if (code != LP_OK) {
                    return code;
                }
            }
        }
    }
    for (size_t i = 0; i < count; i++) {
        if (LP_REFUSAL(2106, (missing >> i & 1) != 0 && !rows[i].optional)) {
            return LP_FIELD_MISSING;
        }
    }
    return LP_OK;
}

lp_code lp_json_read(lp_json object, const lp_json_row *rows, size_t count, void *out) {
    return lp_json_read_past(object, (lp_json){NULL, 0}, rows, count, out);
}

lp_code lp_json_read_record(lp_json object, const lp_json_row *rows, size_t count, void *out) {
    if (LP_REFUSAL(2107, lp_json_count(object) > LP_RECORD_FIELDS)) {
        return LP_LIMIT_RECORD;
    }
    return lp_json_read_past(object, (lp_json){NULL, 0}, rows, count, out);
}

lp_code lp_json_string(lp_json value, lp_str *out) {
    if (LP_REFUSAL(2108, value.ptr == NULL)) {
        return LP_FIELD_MISSING;
    }
    if (LP_REFUSAL(2109, !lp_json_is_string(value))) {
        return LP_FIELD_TYPE;
    }
    *out = (lp_str){value.ptr + 1, value.len - 2};
    return LP_OK;
}

lp_code lp_json_uint(lp_json value, uint64_t *out) {
    if (LP_REFUSAL(2110, value.ptr == NULL)) {
        return LP_FIELD_MISSING;
    }
    if (LP_REFUSAL(2111, value.ptr[0] == '-')) {
        return LP_FIELD_VALUE;
    }
    uint64_t number = 0;
    for (size_t i = 0; i < value.len; i++) {
        unsigned digit = (unsigned)(uint8_t)value.ptr[i] - '0';
        if (LP_REFUSAL(2112, digit > 9)) {
            return LP_FIELD_TYPE;
        }
        /* 18 digits always fit; from there on the top bit tells. */
        if (LP_REFUSAL(2113, i >= 19 || (i == 18 && number * 10 + digit > (uint64_t)INT64_MAX))) {
            return LP_FIELD_VALUE;
        }
        number = number * 10 + digit;
    }
    *out = number;
    return LP_OK;
}

lp_code lp_json_bool(lp_json value, bool *out) {
    if (LP_REFUSAL(2114, value.ptr == NULL)) {
        return LP_FIELD_MISSING;
    }
    if (LP_REFUSAL(2115, value.ptr[0] != 't' && value.ptr[0] != 'f')) {
        return LP_FIELD_TYPE;
    }
    *out = value.ptr[0] == 't';
    return LP_OK;
}

size_t lp_text_plain_len(const char *text) {
    size_t len = 0;
    while ((uint8_t)text[len] >= 0x20 && text[len] != '"' && text[len] != '\\') {
        len++;
    }
    return len;
}

bool lp_text_plain(const char *text) {
    return text[lp_text_plain_len(text)] == '\0';
}

lp_str lp_str_from(const char *text) {
    return (lp_str){text, strlen(text)};
}

bool lp_str_escaped(lp_str s) {
    return s.len > 0 && memchr(s.ptr, '\\', s.len) != NULL;
}

lp_str_reader lp_str_read(lp_str s) {
    return (lp_str_reader){.pos = s.ptr, .end = s.len > 0 ? s.ptr + s.len : s.ptr};
}

int32_t lp_json_hex4(const char *p, const char *end) {
    int32_t value = 0;
    for (int i = 0; i < 4; i++) {
        int digit = p + i < end ? lp_hex_digit(p[i]) : -1;
        if (digit < 0) {
            return -1;
        }
        value = value * 16 + digit;
    }
    return value;
}

/* Encodes the \u escape (or pair) at `p` into the reader and returns how many characters it took. */
static size_t read_unicode(lp_str_reader *r, const char *p) {
    uint32_t ch = (uint32_t)lp_json_hex4(p + 2, r->end);
    size_t taken = 6;
    if (ch >= 0xd800 && ch <= 0xdbff) {
        ch = 0x10000 + ((ch - 0xd800) << 10) + ((uint32_t)lp_json_hex4(p + 8, r->end) - 0xdc00);
        taken = 12;
    }
    unsigned extra = ch < 0x80 ? 0 : ch < 0x800 ? 1 : ch < 0x10000 ? 2 : 3;
    static const uint8_t lead[] = {0x00, 0xc0, 0xe0, 0xf0};
    for (unsigned i = extra; i > 0; i--) {
        r->utf8[i] = (char)(0x80 | (ch & 0x3f));
        ch >>= 6;
    }
    r->utf8[0] = (char)(lead[extra] | ch);
    r->next = 0;
    r->pending = (uint8_t)(extra + 1);
    return taken;
}

/* What the character after a backslash stands for. */
static uint8_t short_escape(char code) {
    static const char from[] = "bfnrt";
    static const char to[] = "\b\f\n\r\t";
    for (size_t i = 0; i < sizeof from - 1; i++) {
        if (code == from[i]) {
            return (uint8_t)to[i];
        }
    }
    return (uint8_t)code;
}

int lp_str_byte(lp_str_reader *r) {
    if (LP_CONSTRAINED || r->pending == 0) {
        const char *p = r->pos;
        if (p >= r->end || *p == '"') {
            return -1;
        }
        if (*p != '\\') {
            r->pos++;
            return (uint8_t)*p;
        }
        if (p[1] != 'u') {
            r->pos += 2;
            return short_escape(p[1]);
        }
        if (LP_CONSTRAINED) { /* canonical forms escape nothing but control characters this way */
            r->pos += 6;
            return lp_hex_digit(p[4]) * 16 + lp_hex_digit(p[5]);
        }
        r->pos += read_unicode(r, p);
    }
    r->pending--;
    return (uint8_t)r->utf8[r->next++];
}

/* Never looks past the first difference: long keys must not make sorting quadratic. */
int lp_str_compare(lp_str a, lp_str b) {
    lp_str_reader ra = lp_str_read(a);
    lp_str_reader rb = lp_str_read(b);
    /* Most keys begin alike and have no escapes. */
    while (!LP_CONSTRAINED && ra.pos < ra.end && rb.pos < rb.end && *ra.pos == *rb.pos && *ra.pos != '"' &&
           *ra.pos != '\\') {
        ra.pos++;
        rb.pos++;
    }
    int ca;
    int cb;
    do {
        ca = lp_str_byte(&ra);
        cb = lp_str_byte(&rb);
    } while (ca == cb && ca >= 0);
    return ca - cb;
}

bool lp_str_eq(lp_str a, lp_str b) {
    return lp_str_compare(a, b) == 0;
}

bool lp_str_is(lp_str a, const char *text) {
    lp_str_reader reader = lp_str_read(a);
    int ch;
    while ((ch = lp_str_byte(&reader)) > 0 && ch == (uint8_t)*text) {
        text++;
    }
    return ch < 0 && *text == '\0';
}

lp_code lp_str_copy(lp_str s, char *out, size_t out_bytes, size_t *len) {
    lp_str_reader reader = lp_str_read(s);
    size_t used = 0;
    for (int ch = lp_str_byte(&reader); ch >= 0; ch = lp_str_byte(&reader)) {
        if (LP_REFUSAL(2116, ch == 0)) {
            return LP_FIELD_VALUE;
        }
        if (LP_REFUSAL(2117, used + 1 >= out_bytes)) {
            return LP_LIMIT_STRING;
        }
        out[used++] = (char)ch;
    }
    if (LP_REFUSAL(2118, out_bytes == 0)) {
        return LP_LIMIT_STRING;
    }
    out[used] = '\0';
    if (len != NULL) {
        *len = used;
    }
    return LP_OK;
}
