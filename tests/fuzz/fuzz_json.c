/* SPDX-License-Identifier: Apache-2.0 */
/* Strict JSON and canonical form, against jansson; where values stand, against jsmn. */
#include "fuzz.h"
#include "jsmn_oracle.h"
#include "json_oracle.h"

#include <string.h>

/* How the first bytes of the input say to go about it. */
typedef struct plan {
    lp_json_form form;
    lp_dialect dialect;
    unsigned depth;
    size_t scratch_part; /* 255ths of what is promised to be enough */
    size_t shift;        /* of the scratch memory, off its alignment */
} plan;

static plan make_plan(fuzz_input *input) {
    uint8_t bits = fuzz_byte(input);
    plan p = {.form = (lp_json_form)(bits % 3), .dialect = (lp_dialect)(bits >> 2 & 1), .shift = bits >> 3 & 3};
    p.depth = fuzz_byte(input) % 24U + 1;
    p.scratch_part = fuzz_byte(input);
    return p;
}

/* Room for `bytes` at an odd address. */
static lp_scratch shifted(fuzz_memory *memory, size_t bytes, size_t shift) {
    return (lp_scratch){(char *)fuzz_alloc(memory, bytes + shift) + shift, bytes};
}

/* Less room than is promised to be enough; none at all is {NULL, 0}. */
static lp_scratch part_of(fuzz_memory *memory, size_t bytes, const plan *p) {
    return p->scratch_part > 0 ? shifted(memory, bytes * p->scratch_part / 255, p->shift) : (lp_scratch){NULL, 0};
}

/* May the verifier refuse what jansson takes? */
static bool may_refuse(lp_code code, lp_json_form form, lp_slice bytes) {
    bool has_nul = memmem(bytes.ptr, bytes.len, "\\u0000", 6) != NULL;
    return code == LP_LIMIT_DEPTH || (code == LP_NOT_CANONICAL && form == LP_JSON_CANONICAL) ||
           (code == LP_JSON_NUMBER && form != LP_JSON_GENERAL) ||
           (code == LP_FIELD_VALUE && form != LP_JSON_GENERAL && has_nul);
}

/* May jansson refuse what the verifier takes? It knows no U+0000 in keys and no number beyond a double. */
static bool may_take(enum json_error_code why, lp_json_form form) {
    return why == json_error_null_byte_in_key || (why == json_error_numeric_overflow && form == LP_JSON_GENERAL);
}

/* One walk over all members at every level: what is found one by one is what lp_json_record() finds at once. */
static void check_records(lp_json value) {
    lp_json_iter iter = lp_json_iterate(value);
    lp_json_field fields[4] = {{NULL, {0}}};
    char names[4][16];
    lp_str key = {NULL, 0};
    lp_json member;
    size_t count = 0;
    while (lp_json_next(&iter, &key, &member)) {
        check_records(member);
        if (iter.object) {
            FUZZ_CHECK(lp_json_find(value, key).ptr == member.ptr);
        }
        if (iter.object && count < 4 && lp_str_copy(key, names[count], sizeof names[count], NULL) == LP_OK &&
            strpbrk(names[count], "\"\\") == NULL) {
            FUZZ_CHECK(lp_json_get(value, names[count]).ptr == member.ptr);
            fields[count].name = names[count];
            count++;
        }
    }
    lp_code code = lp_json_record(value, fields, count);
    FUZZ_CHECK((code == LP_FIELD_TYPE) == !lp_json_is_object(value));
    for (size_t i = 0; code == LP_OK && i < count; i++) {
        lp_json same = lp_json_get(value, fields[i].name);
        FUZZ_CHECK(fields[i].value.ptr == same.ptr && fields[i].value.len == same.len);
    }
}

/* Canonical form: never longer, stable, and accepted as such; in less scratch memory the same or LP_LIMIT_MEMORY. */
static lp_slice check_canonical(fuzz_memory *memory, const plan *p, lp_json value) {
    lp_slice text;
    lp_slice again;
    lp_json whole;
    bool canonical = false;
    lp_scratch scratch = shifted(memory, lp_json_scratch_bytes(value.len), p->shift);
    FUZZ_CHECK(lp_json_canonical(value, p->dialect, scratch, &text) == LP_OK);
    FUZZ_CHECK(text.len <= value.len);
    if (p->form != LP_JSON_GENERAL) {
        lp_slice copy = fuzz_copy(memory, text.ptr, text.len);
        FUZZ_CHECK(lp_json_check(copy, LP_JSON_CANONICAL, p->dialect, p->depth, (lp_scratch){NULL, 0}, &whole,
                                 &canonical) == LP_OK);
        FUZZ_CHECK(canonical);
        FUZZ_CHECK(lp_json_canonical(whole, p->dialect, (lp_scratch){NULL, 0}, &again) == LP_OK);
        FUZZ_CHECK(again.ptr == copy.ptr && again.len == copy.len);
    }
    lp_scratch less = part_of(memory, scratch.bytes, p);
    lp_code code = lp_json_canonical(value, p->dialect, less, &again);
    FUZZ_CHECK(code == LP_LIMIT_MEMORY ||
               (code == LP_OK && again.len == text.len && memcmp(again.ptr, text.ptr, text.len) == 0));
    return text;
}

static bool same_bytes(lp_slice a, const char *ptr, size_t len) {
    return a.len == len && memcmp(a.ptr, ptr, len) == 0;
}

static void check_accepted(fuzz_memory *memory, const plan *p, lp_slice bytes, lp_json value, bool canonical) {
    enum json_error_code why;
    lp_slice text = check_canonical(memory, p, value);
    if (p->form != LP_JSON_GENERAL) {
        FUZZ_CHECK(canonical == same_bytes(text, (const char *)bytes.ptr, bytes.len));
    }
    check_records(value);
    if (p->form == LP_JSON_CANONICAL && p->dialect == LP_DIALECT_TUF) {
        return; /* raw control characters: no JSON, and nobody else's */
    }
    json_t *other = oracle_parse(bytes, p->form == LP_JSON_GENERAL, &why);
    if (other == NULL) {
        FUZZ_CHECK(may_take(why, p->form));
        return;
    }
    FUZZ_CHECK(oracle_same(other, value));
    FUZZ_CHECK(jsmn_oracle_same(value) || !(lp_json_is_object(value) || lp_json_is_array(value)));
    if (p->form != LP_JSON_GENERAL) {
        lp_slice theirs = oracle_canonical(other, p->dialect);
        FUZZ_CHECK(same_bytes(theirs, (const char *)text.ptr, text.len));
        free((void *)theirs.ptr);
    }
    json_decref(other);
}

static void check_refused(const plan *p, lp_slice bytes, lp_code code) {
    enum json_error_code why;
    json_t *other = oracle_parse(bytes, p->form == LP_JSON_GENERAL, &why);
    bool has_nul = memchr(bytes.ptr, 0, bytes.len) != NULL; /* which jansson takes for the end */
    FUZZ_CHECK(other == NULL || has_nul || may_refuse(code, p->form, bytes));
    json_decref(other);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    fuzz_memory memory = {NULL};
    fuzz_input input = fuzz_begin(data, size);
    plan p = make_plan(&input);
    lp_slice rest = fuzz_rest(&input);
    lp_slice bytes = fuzz_copy(&memory, rest.ptr, rest.len);
    lp_json value;
    lp_json again;
    bool canonical = false;

    lp_scratch enough = shifted(&memory, lp_json_scratch_bytes(bytes.len), p.shift);
    lp_code code = lp_json_check(bytes, p.form, p.dialect, p.depth, enough, &value, &canonical);
    FUZZ_CHECK(code != LP_LIMIT_MEMORY);
    lp_scratch less = part_of(&memory, enough.bytes, &p);
    lp_code with_less = lp_json_check(bytes, p.form, p.dialect, p.depth, less, &again, NULL);
    FUZZ_CHECK(with_less == code || with_less == LP_LIMIT_MEMORY);
    if (code == LP_OK) {
        check_accepted(&memory, &p, bytes, value, canonical);
    } else {
        check_refused(&p, bytes, code);
    }
    fuzz_release(&memory);
    return 0;
}
