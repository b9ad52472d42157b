/* SPDX-License-Identifier: Apache-2.0 */
/* Reading documents that lp_json_check() accepted. */
#include "json_internal.h"

#include <string.h>

#define JSMN_STATIC
#define JSMN_STRICT
#define JSMN_PARENT_LINKS /* without them jsmn is quadratic */
#include <jsmn.h>

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

bool lp_json_next(lp_json_iter *iter, lp_str *key, lp_json *value) {
    const char *p = lp_json_skip_space(iter->pos, iter->end);
    if (p < iter->end && *p == ',') {
        p = lp_json_skip_space(p + 1, iter->end);
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
        p = lp_json_skip_space(after, iter->end) + 1; /* the colon */
        p = lp_json_skip_space(p, iter->end);
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

static lp_json find(lp_json object, lp_json big, lp_str name) {
    lp_json_iter iter = lp_json_iterate(object);
    iter.big = big;
    lp_str key;
    lp_json value;
    while (iter.object && lp_json_next(&iter, &key, &value)) {
        if (lp_str_eq(key, name)) {
            return value;
        }
    }
    return (lp_json){NULL, 0};
}

lp_json lp_json_find(lp_json object, lp_str name) {
    return find(object, (lp_json){NULL, 0}, name);
}

lp_json lp_json_get(lp_json object, const char *name) {
    return lp_json_find(object, lp_str_from(name));
}

lp_json lp_json_get_past(lp_json object, lp_json big, const char *name) {
    return find(object, big, lp_str_from(name));
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
    size_t left = LP_RECORD_TOKENS;
    return same(a, b, &left);
}

lp_code lp_json_record(lp_json object, lp_json_field *fields, size_t count) {
    if (!lp_json_is_object(object)) {
        return LP_FIELD_TYPE;
    }
    jsmntok_t tokens[LP_RECORD_TOKENS];
    jsmn_parser parser;
    jsmn_init(&parser);
    int used = jsmn_parse(&parser, object.ptr, object.len, tokens, LP_RECORD_TOKENS);
    if (used <= 0) {
        return used == JSMN_ERROR_NOMEM ? LP_LIMIT_RECORD : LP_FIELD_VALUE;
    }
    for (size_t f = 0; f < count; f++) {
        fields[f].value = (lp_json){NULL, 0};
    }
    for (int i = 1; i + 1 < used; i++) {
        if (tokens[i].parent != 0) {
            continue;
        }
        lp_str key = {object.ptr + tokens[i].start, (size_t)(tokens[i].end - tokens[i].start)};
        const jsmntok_t *value = &tokens[i + 1];
        int quote = value->type == JSMN_STRING ? 1 : 0; /* jsmn leaves quotes out */
        for (size_t f = 0; f < count; f++) {
            if (lp_str_is(key, fields[f].name)) {
                fields[f].value =
                    (lp_json){object.ptr + value->start - quote, (size_t)(value->end - value->start + 2 * quote)};
            }
        }
    }
    return LP_OK;
}

lp_code lp_json_string(lp_json value, lp_str *out) {
    if (value.ptr == NULL) {
        return LP_FIELD_MISSING;
    }
    if (!lp_json_is_string(value)) {
        return LP_FIELD_TYPE;
    }
    *out = (lp_str){value.ptr + 1, value.len - 2};
    return LP_OK;
}

lp_code lp_json_uint(lp_json value, uint64_t *out) {
    if (value.ptr == NULL) {
        return LP_FIELD_MISSING;
    }
    if (value.ptr[0] == '-') {
        return LP_FIELD_VALUE;
    }
    uint64_t number = 0;
    for (size_t i = 0; i < value.len; i++) {
        unsigned digit = (unsigned)(uint8_t)value.ptr[i] - '0';
        if (digit > 9) {
            return LP_FIELD_TYPE;
        }
        /* 18 digits always fit; from there on the top bit tells. */
        if (i >= 19 || (i == 18 && number * 10 + digit > (uint64_t)INT64_MAX)) {
            return LP_FIELD_VALUE;
        }
        number = number * 10 + digit;
    }
    *out = number;
    return LP_OK;
}

lp_code lp_json_bool(lp_json value, bool *out) {
    if (value.ptr == NULL) {
        return LP_FIELD_MISSING;
    }
    if (value.ptr[0] != 't' && value.ptr[0] != 'f') {
        return LP_FIELD_TYPE;
    }
    *out = value.ptr[0] == 't';
    return LP_OK;
}

bool lp_text_plain(const char *text) {
    while ((uint8_t)*text >= 0x20 && *text != '"' && *text != '\\') {
        text++;
    }
    return *text == '\0';
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

static uint32_t hex4(const char *p) {
    uint32_t value = 0;
    for (int i = 0; i < 4; i++) {
        value = value * 16 + (uint32_t)(p[i] <= '9' ? p[i] - '0' : (p[i] | 0x20) - 'a' + 10);
    }
    return value;
}

/* Encodes the \u escape (or pair) at `p` into the reader and returns how many characters it took. */
static size_t read_unicode(lp_str_reader *r, const char *p) {
    uint32_t ch = hex4(p + 2);
    size_t taken = 6;
    if (ch >= 0xd800 && ch <= 0xdbff) {
        ch = 0x10000 + ((ch - 0xd800) << 10) + (hex4(p + 8) - 0xdc00);
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
    switch (code) {
    case 'b':
        return '\b';
    case 'f':
        return '\f';
    case 'n':
        return '\n';
    case 'r':
        return '\r';
    case 't':
        return '\t';
    default:
        return (uint8_t)code;
    }
}

int lp_str_byte(lp_str_reader *r) {
    if (r->pending == 0) {
        if (r->pos >= r->end || *r->pos == '"') {
            return -1;
        }
        if (*r->pos != '\\') {
            return (uint8_t)*r->pos++;
        }
        if (r->pos[1] != 'u') {
            r->pos += 2;
            return short_escape(r->pos[-1]);
        }
        r->pos += read_unicode(r, r->pos);
    }
    r->pending--;
    return (uint8_t)r->utf8[r->next++];
}

/* Is this the end of the body: of the view, or the closing quote? */
static bool at_end(lp_str s, size_t i) {
    return i >= s.len || s.ptr[i] == '"';
}

/* Never looks past the first difference: long keys must not make sorting quadratic. */
int lp_str_compare(lp_str a, lp_str b) {
    size_t i = 0;
    while (!at_end(a, i) && !at_end(b, i) && a.ptr[i] == b.ptr[i] && a.ptr[i] != '\\') {
        i++;
    }
    bool end_a = at_end(a, i);
    bool end_b = at_end(b, i);
    if (end_a || end_b) {
        return (int)end_b - (int)end_a;
    }
    lp_str_reader ra = lp_str_read((lp_str){a.ptr + i, a.len - i});
    lp_str_reader rb = lp_str_read((lp_str){b.ptr + i, b.len - i});
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
        if (ch == 0) {
            return LP_FIELD_VALUE;
        }
        if (used + 1 >= out_bytes) {
            return LP_LIMIT_STRING;
        }
        out[used++] = (char)ch;
    }
    if (out_bytes == 0) {
        return LP_LIMIT_STRING;
    }
    out[used] = '\0';
    if (len != NULL) {
        *len = used;
    }
    return LP_OK;
}
