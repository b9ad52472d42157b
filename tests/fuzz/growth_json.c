/* SPDX-License-Identifier: Apache-2.0 */
/* Documents that are slow to check or to bring into canonical form: what anyone can send, before any signature. */
#include "growth.h"

/* Checks a document and brings it into canonical form. */
static uint64_t process(fuzz_memory *memory, lp_slice bytes, lp_json_form form, size_t *size) {
    lp_json value;
    lp_slice out;
    lp_scratch scratch = fuzz_enough(memory, bytes.len);
    *size = bytes.len;
    count_begin();
    lp_code code = lp_json_check(bytes, form, LP_DIALECT_LEGACY, 32, scratch, &value, NULL);
    if (code == LP_OK) {
        code = lp_json_canonical(value, LP_DIALECT_LEGACY, scratch, &out);
    }
    uint64_t steps = count_end();
    FUZZ_CHECK(code == LP_OK);
    return steps;
}

/* Repeats one piece between an opening and a closing one. */
static uint64_t repeat(fuzz_memory *memory, size_t bytes, size_t *size, const char *open, const char *piece,
                       const char *close) {
    text t = text_begin(memory);
    text_add(&t, "%s", open);
    while (t.len < bytes) {
        text_add(&t, "%s,", piece);
    }
    text_add(&t, "%s%s", piece, close);
    return process(memory, text_end(&t), LP_JSON_SERVED, size);
}

static uint64_t empty_arrays(fuzz_memory *memory, size_t bytes, size_t *size) {
    return repeat(memory, bytes, size, " [", "[]", "]");
}

static uint64_t empty_objects(fuzz_memory *memory, size_t bytes, size_t *size) {
    return repeat(memory, bytes, size, " [", "{}", "]");
}

static uint64_t digits(fuzz_memory *memory, size_t bytes, size_t *size) {
    return repeat(memory, bytes, size, " [", "1", "]");
}

static uint64_t escapes(fuzz_memory *memory, size_t bytes, size_t *size) {
    return repeat(memory, bytes, size, " [", "\"\\u0041\\ud83d\\ude00\\/\\n\"", "]");
}

static uint64_t wide_characters(fuzz_memory *memory, size_t bytes, size_t *size) {
    return repeat(memory, bytes, size, " [", "\"\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\"", "]");
}

static uint64_t white_space(fuzz_memory *memory, size_t bytes, size_t *size) {
    text t = text_begin(memory);
    text_add(&t, "[1");
    text_fill(&t, ' ', bytes);
    text_add(&t, "]");
    return process(memory, text_end(&t), LP_JSON_SERVED, size);
}

static uint64_t long_string(fuzz_memory *memory, size_t bytes, size_t *size) {
    text t = text_begin(memory);
    text_add(&t, " \"\\n");
    text_fill(&t, 'x', bytes);
    text_add(&t, "\"");
    return process(memory, text_end(&t), LP_JSON_SERVED, size);
}

static uint64_t long_number(fuzz_memory *memory, size_t bytes, size_t *size) {
    text t = text_begin(memory);
    text_add(&t, "[ 1");
    text_fill(&t, '0', bytes);
    text_add(&t, "]");
    return process(memory, text_end(&t), LP_JSON_GENERAL, size);
}

/* Every level holds all that is below it, and its keys do not ascend. */
static uint64_t nested(fuzz_memory *memory, size_t bytes, size_t *size) {
    enum { LEVELS = 30 };
    text t = text_begin(memory);
    for (int i = 0; i < LEVELS; i++) {
        text_add(&t, "{\"b\":");
    }
    text_add(&t, "[0");
    while (t.len < bytes) {
        text_add(&t, ",{\"b\":0,\"a\":0}");
    }
    text_add(&t, "]");
    for (int i = 0; i < LEVELS; i++) {
        text_add(&t, ",\"a\":0}");
    }
    return process(memory, text_end(&t), LP_JSON_SERVED, size);
}

static uint64_t descending_keys(fuzz_memory *memory, size_t bytes, size_t *size) {
    text t = text_begin(memory);
    size_t count = bytes / 13;
    text_add(&t, "{");
    for (size_t i = 0; i < count; i++) {
        text_add(&t, "\"%08zu\":0,", count - i);
    }
    text_add(&t, "\"\":0}");
    return process(memory, text_end(&t), LP_JSON_SERVED, size);
}

/* Keys that differ at their ends only: as many as each is long. */
static uint64_t keys_alike(fuzz_memory *memory, size_t bytes, size_t *size, const char *letter) {
    text t = text_begin(memory);
    size_t count = 1;
    while (count * count < bytes) {
        count++;
    }
    text_add(&t, "{");
    for (size_t i = 0; t.len < bytes; i++) {
        text_add(&t, "\"");
        for (size_t start = t.len; t.len - start < count;) {
            text_add(&t, "%s", letter);
        }
        text_add(&t, "%06zu\":0,", (i * 7919) % 1000003);
    }
    text_add(&t, "\"\":0}");
    return process(memory, text_end(&t), LP_JSON_SERVED, size);
}

static uint64_t shared_prefixes(fuzz_memory *memory, size_t bytes, size_t *size) {
    return keys_alike(memory, bytes, size, "x");
}

static uint64_t escaped_prefixes(fuzz_memory *memory, size_t bytes, size_t *size) {
    return keys_alike(memory, bytes, size, "\\u0078");
}

/* The key that belongs at `node` of a heap whose right half is all above its left half. */
static void heap_key(text *t, size_t node, size_t count, size_t long_len) {
    size_t top = node;
    while (top > 2) {
        top = (top - 1) / 2;
    }
    text_add(t, "\"%c", node == 0 ? 'z' : top == 1 ? 'a' : 'y');
    if (node == 1) {
        text_fill(t, 'x', long_len);
    }
    text_add(t, "%08zu\":0,", count - node);
}

/* One key takes half the document and stays at the top of the heap while half of the others are taken out. */
static uint64_t long_key_sorted(fuzz_memory *memory, size_t bytes, size_t *size) {
    text t = text_begin(memory);
    size_t count = bytes / 2 / 14;
    text_add(&t, "{");
    for (size_t node = 0; node < count; node++) {
        heap_key(&t, node, count, bytes / 2);
    }
    text_add(&t, "\"\":0}");
    return process(memory, text_end(&t), LP_JSON_SERVED, size);
}

const growth_case growth_json_cases[] = {
    {"empty-arrays", "[[],[],...", empty_arrays},
    {"empty-objects", "[{},{},...", empty_objects},
    {"digits", "[1,1,...", digits},
    {"escapes", "strings of nothing but escapes", escapes},
    {"wide-characters", "strings of nothing but multi-byte characters", wide_characters},
    {"white-space", "blanks", white_space},
    {"long-string", "one string", long_string},
    {"long-number", "one number", long_number},
    {"nested", "30 levels, unsorted at each, all of it at the bottom", nested},
    {"descending-keys", "keys in the wrong order", descending_keys},
    {"shared-prefixes", "keys that differ at their ends only", shared_prefixes},
    {"escaped-prefixes", "the same, every character escaped", escaped_prefixes},
    {"long-key-sorted", "one long key among many to be sorted", long_key_sorted},
};
const size_t growth_json_count = sizeof growth_json_cases / sizeof *growth_json_cases;
