/* SPDX-License-Identifier: Apache-2.0 */
/* The canonical form of a checked document, unknown members included (TUF 1.0.34, 4), and the search for duplicate
 * keys, which is the same walk. */
#include "json_internal.h"
#include "refusal.h"

#include <string.h>

size_t lp_json_scratch_bytes(size_t bytes) {
    /* The text never grows, and every key costs its document at least the four bytes its index entry takes. */
    return 2 * bytes + 2 * sizeof(uint32_t);
}

/* The key whose quote is at `at`, as a view for lp_str_compare() only: it reaches to the end of the object. */
static lp_str open_key_at(const lp_json_index *index, uint32_t at) {
    return (lp_str){index->object.ptr + at + 1, index->object.len - at - 1};
}

static lp_str key_at(const lp_json_index *index, uint32_t at) {
    const char *quote = index->object.ptr + at;
    const char *after = lp_json_skip_string(quote, index->object.ptr + index->object.len);
    return (lp_str){quote + 1, (size_t)(after - quote) - 2};
}

static lp_json value_at(const lp_json_index *index, uint32_t at) {
    const char *end = index->object.ptr + index->object.len;
    const char *p = lp_json_skip_space(lp_json_skip_string(index->object.ptr + at, end), end) + 1;
    p = lp_json_skip_space(p, end);
    return (lp_json){p, (size_t)(lp_json_skip_value(p, end) - p)};
}

static int compare_at(const lp_json_index *index, size_t a, size_t b) {
    return lp_str_compare(open_key_at(index, index->at[a]), open_key_at(index, index->at[b]));
}

static void swap(uint32_t *a, uint32_t *b) {
    uint32_t t = *a;
    *a = *b;
    *b = t;
}

static void sift_down(lp_json_index *index, size_t root, size_t count) {
    for (size_t child; (child = 2 * root + 1) < count; root = child) {
        if (child + 1 < count && compare_at(index, child, child + 1) < 0) {
            child++;
        }
        if (compare_at(index, root, child) >= 0) {
            return;
        }
        swap(&index->at[root], &index->at[child]);
    }
}

/* Heap sort: in place, and no order of keys makes it quadratic. */
static void sort(lp_json_index *index) {
    for (size_t i = index->count / 2; i-- > 0;) {
        sift_down(index, i, index->count);
    }
    for (size_t end = index->count; end-- > 1;) {
        swap(&index->at[0], &index->at[end]);
        sift_down(index, 0, end);
    }
}

/* Takes room for one more entry from the end of `scratch`. */
static bool grow(lp_json_index *index, lp_scratch *scratch) {
    if (index->at == NULL) {
        uintptr_t end = ((uintptr_t)scratch->ptr + scratch->bytes) & ~(uintptr_t)(sizeof(uint32_t) - 1);
        if (scratch->ptr == NULL || end < (uintptr_t)scratch->ptr) {
            return false;
        }
        scratch->bytes = (size_t)(end - (uintptr_t)scratch->ptr);
        index->at = (uint32_t *)((char *)scratch->ptr + scratch->bytes);
    }
    if (scratch->bytes < sizeof(uint32_t)) {
        return false;
    }
    scratch->bytes -= sizeof(uint32_t);
    index->at--;
    index->count++;
    return true;
}

lp_code lp_json_index_build(lp_json object, lp_scratch *scratch, lp_json_index *out) {
    lp_json_index index = {object, NULL, 0};
    lp_scratch left = *scratch;
    lp_json_iter iter = lp_json_iterate(object);
    lp_str key;
    lp_json value;
    lp_str previous = {NULL, 0};
    bool ascending = true;
    if (LP_REFUSAL(2201, object.len > UINT32_MAX)) {
        return LP_LIMIT_MEMORY;
    }
    while (lp_json_next(&iter, &key, &value)) {
        if (LP_REFUSAL(2202, !grow(&index, &left))) {
            return LP_LIMIT_MEMORY;
        }
        index.at[0] = (uint32_t)(key.ptr - 1 - object.ptr);
        ascending = ascending && (previous.ptr == NULL || lp_str_compare(previous, key) < 0);
        previous = key;
    }
    for (size_t i = 0; i < index.count / 2; i++) { /* it was filled from its end */
        swap(&index.at[i], &index.at[index.count - 1 - i]);
    }
    if (!ascending) {
        sort(&index);
        for (size_t i = 1; i < index.count; i++) {
            if (LP_REFUSAL(2203, compare_at(&index, i - 1, i) == 0)) {
                return LP_JSON_DUPLICATE_KEY;
            }
        }
    }
    *scratch = left;
    *out = index;
    return LP_OK;
}

lp_json lp_json_index_find(const lp_json_index *index, lp_str key) {
    size_t low = 0;
    size_t high = index->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = lp_str_compare(open_key_at(index, index->at[middle]), key);
        if (order == 0) {
            return value_at(index, index->at[middle]);
        }
        if (order < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return (lp_json){NULL, 0};
}

/* The document grows up from the start of the scratch memory, the indexes of open objects down from its end.
 * Without `write`, only duplicates are looked for. */
typedef struct canonical {
    lp_scratch scratch;
    size_t len;
    lp_dialect dialect;
    bool write;
} canonical;

static lp_code put(canonical *c, const char *bytes, size_t len) {
    if (!c->write) {
        return LP_OK;
    }
    if (LP_REFUSAL(2204, c->scratch.bytes - c->len < len)) {
        return LP_LIMIT_MEMORY;
    }
    memcpy((char *)c->scratch.ptr + c->len, bytes, len);
    c->len += len;
    return LP_OK;
}

/* How the dialect writes character `ch`: itself, or escaped into `out`. Returns the length. */
static size_t escape(lp_dialect dialect, char ch, char out[6]) {
    out[0] = ch;
    if (ch == '"' || ch == '\\') {
        out[0] = '\\';
        out[1] = ch;
        return 2;
    }
    if (dialect == LP_DIALECT_TUF || (uint8_t)ch >= 0x20) {
        return 1;
    }
    static const char chars[] = "\b\f\n\r\t";
    static const char codes[] = "bfnrt";
    const char *at = memchr(chars, ch, sizeof chars - 1);
    out[0] = '\\';
    if (at != NULL) {
        out[1] = codes[at - chars];
        return 2;
    }
    memcpy(out + 1, "u00", 3);
    out[4] = (char)('0' + ((uint8_t)ch >> 4));
    out[5] = "0123456789abcdef"[ch & 15];
    return 6;
}

static lp_code put_string(canonical *c, lp_str s) {
    if (!c->write) {
        return LP_OK;
    }
    lp_code code = put(c, "\"", 1);
    if (!lp_str_escaped(s)) {
        code = code == LP_OK && s.len > 0 ? put(c, s.ptr, s.len) : code;
    } else {
        lp_str_reader reader = lp_str_read(s);
        for (int ch = lp_str_byte(&reader); ch >= 0 && code == LP_OK; ch = lp_str_byte(&reader)) {
            char text[6];
            code = put(c, text, escape(c->dialect, (char)ch, text));
        }
    }
    return code == LP_OK ? put(c, "\"", 1) : code;
}

static lp_code put_value(canonical *c, lp_json value);

static lp_code put_member(canonical *c, lp_str key, lp_json value) {
    lp_code code = put_string(c, key);
    if (code == LP_OK) {
        code = put(c, ":", 1);
    }
    return code == LP_OK ? put_value(c, value) : code;
}

static lp_code put_object(canonical *c, lp_json object) {
    lp_scratch whole = c->scratch;
    lp_scratch free_part = whole; /* maybe none, and then nothing was written */
    if (c->len > 0) {
        free_part = (lp_scratch){(char *)whole.ptr + c->len, whole.bytes - c->len};
    }
    lp_json_index index;
    lp_code code = lp_json_index_build(object, &free_part, &index);
    if (code != LP_OK) {
        return code;
    }
    c->scratch.bytes = c->len + free_part.bytes;
    code = put(c, "{", 1);
    for (size_t i = 0; i < index.count && code == LP_OK; i++) {
        code = i > 0 ? put(c, ",", 1) : LP_OK;
        if (code == LP_OK) {
            code = put_member(c, key_at(&index, index.at[i]), value_at(&index, index.at[i]));
        }
    }
    c->scratch.bytes = whole.bytes;
    return code == LP_OK ? put(c, "}", 1) : code;
}

static lp_code put_array(canonical *c, lp_json array) {
    lp_json_iter iter = lp_json_iterate(array);
    lp_json value;
    lp_code code = put(c, "[", 1);
    for (bool first = true; code == LP_OK && lp_json_next(&iter, NULL, &value); first = false) {
        code = first ? LP_OK : put(c, ",", 1);
        if (code == LP_OK) {
            code = put_value(c, value);
        }
    }
    return code == LP_OK ? put(c, "]", 1) : code;
}

static lp_code put_scalar(canonical *c, lp_json value) {
    if (lp_json_is_string(value)) {
        return put_string(c, (lp_str){value.ptr + 1, value.len - 2});
    }
    bool minus_zero = value.len == 2 && value.ptr[0] == '-' && value.ptr[1] == '0';
    return minus_zero ? put(c, "0", 1) : put(c, value.ptr, value.len);
}

static lp_code put_value(canonical *c, lp_json value) {
    if (lp_json_is_object(value)) {
        return put_object(c, value);
    }
    if (lp_json_is_array(value)) {
        return put_array(c, value);
    }
    return put_scalar(c, value);
}

static lp_code put_ascending(canonical *c, const char **p, const char *end);

/* Writes the object or array at `*p`, and moves `*p` past it. */
static lp_code put_ascending_members(canonical *c, const char **p, const char *end) {
    bool object = **p == '{';
    lp_str previous = {NULL, 0};
    lp_code code = put(c, *p, 1);
    const char *at = lp_json_skip_space(*p + 1, end);
    while (code == LP_OK && *at != '}' && *at != ']') {
        if (*at == ',') {
            code = put(c, at, 1);
            at = lp_json_skip_space(at + 1, end);
        }
        if (object && code == LP_OK) {
            const char *after = lp_json_skip_string(at, end);
            lp_str key = {at + 1, (size_t)(after - at) - 2};
            if (previous.ptr != NULL && LP_REFUSAL(2205, lp_str_compare(previous, key) >= 0)) {
                return LP_NOT_CANONICAL;
            }
            previous = key;
            code = put_string(c, key);
            code = code == LP_OK ? put(c, ":", 1) : code;
            at = lp_json_skip_space(lp_json_skip_space(after, end) + 1, end);
        }
        code = code == LP_OK ? put_ascending(c, &at, end) : code;
        at = lp_json_skip_space(at, end);
    }
    code = code == LP_OK ? put(c, at, 1) : code;
    *p = at + 1;
    return code;
}

/* Writes the value at `*p` in one walk, and moves `*p` past it. LP_NOT_CANONICAL where keys do not ascend: then they
 * must be sorted first. */
static lp_code put_ascending(canonical *c, const char **p, const char *end) {
    const char *start = *p;
    if (*start == '{' || *start == '[') {
        return put_ascending_members(c, p, end);
    }
    *p = lp_json_skip_value(start, end);
    return put_scalar(c, (lp_json){start, (size_t)(*p - start)});
}

lp_code lp_json_unique(lp_json value, lp_scratch scratch) {
    canonical c = {.scratch = scratch, .write = false};
    return put_value(&c, value);
}

lp_code lp_json_canonical(lp_json value, lp_dialect dialect, lp_scratch scratch, lp_slice *out) {
    lp_slice bytes = {(const uint8_t *)value.ptr, value.len};
    lp_json same;
    lp_json_facts facts;
    /* The value passed a check with a depth limit of its own; here it need not be bounded again. */
    if (lp_json_scan(bytes, LP_JSON_CANONICAL, dialect, UINT16_MAX, &same, &facts) == LP_OK) {
        *out = bytes;
        return LP_OK;
    }
    canonical c = {.scratch = scratch, .dialect = dialect, .write = true};
    const char *at = value.ptr;
    lp_code code = put_ascending(&c, &at, value.ptr + value.len);
    if (code == LP_NOT_CANONICAL) {
        c.len = 0;
        code = put_value(&c, value);
    }
    if (code == LP_OK) {
        *out = (lp_slice){scratch.ptr, c.len};
    }
    return code;
}
