/* SPDX-License-Identifier: Apache-2.0 */
#include "json_oracle.h"

#include "fuzz.h"

#include <ctype.h>
#include <string.h>

json_t *oracle_parse(lp_slice bytes, bool reals, enum json_error_code *why) {
    json_error_t error;
    size_t flags = JSON_REJECT_DUPLICATES | JSON_DECODE_ANY | JSON_ALLOW_NUL | (reals ? JSON_DECODE_INT_AS_REAL : 0);
    json_t *value = json_loadb((const char *)bytes.ptr, bytes.len, flags, &error);
    *why = value == NULL ? json_error_code(&error) : json_error_unknown;
    return value;
}

/* Text as jansson writes it, in pure ASCII and so with other escapes than the input's. Free with free(). */
static char *escaped(const char *text, size_t len) {
    json_t *string = json_stringn(text, len);
    char *json = json_dumps(string, JSON_ENCODE_ANY | JSON_ENSURE_ASCII);
    FUZZ_CHECK(json != NULL);
    json_decref(string);
    return json;
}

static lp_str body(const char *json) {
    return (lp_str){json + 1, strlen(json) - 2};
}

static bool same_string(const json_t *want, lp_json have) {
    lp_str text;
    char *json = escaped(json_string_value(want), json_string_length(want));
    bool same = lp_json_string(have, &text) == LP_OK && lp_str_eq(text, body(json)) && lp_str_eq(body(json), text);
    free(json);
    return same;
}

static bool same_array(const json_t *want, lp_json have) {
    lp_json_iter iter = lp_json_iterate(have);
    lp_json value;
    bool same = lp_json_is_array(have) && lp_json_count(have) == json_array_size(want);
    for (size_t i = 0; same && i < json_array_size(want); i++) {
        same = lp_json_next(&iter, NULL, &value) && oracle_same(json_array_get(want, i), value);
    }
    return same;
}

static bool same_object(json_t *want, lp_json have) {
    bool same = lp_json_is_object(have) && lp_json_count(have) == json_object_size(want);
    for (void *at = json_object_iter(want); same && at != NULL; at = json_object_iter_next(want, at)) {
        char *json = escaped(json_object_iter_key(at), strlen(json_object_iter_key(at)));
        same = oracle_same(json_object_iter_value(at), lp_json_find(have, body(json)));
        free(json);
    }
    return same;
}

static bool same_number(const json_t *want, lp_json have) {
    char text[512];
    if (have.len == 0 || have.len >= sizeof text) {
        return have.len != 0; /* too long to compare; jansson found it to be a number */
    }
    memcpy(text, have.ptr, have.len);
    text[have.len] = '\0';
    char *end;
    if (json_is_integer(want)) {
        bool same = strtoll(text, &end, 10) == json_integer_value(want) && *end == '\0';
        uint64_t number;
        lp_code code = lp_json_uint(have, &number);
        return same && (text[0] == '-' ? code == LP_FIELD_VALUE
                                       : code == LP_OK && number == (uint64_t)json_integer_value(want));
    }
    double difference = strtod(text, &end) - json_real_value(want);
    return *end == '\0' && !(difference < 0) && !(difference > 0);
}

bool oracle_same(const json_t *want, lp_json have) {
    bool truth;
    switch (json_typeof(want)) {
    case JSON_OBJECT:
        return same_object((json_t *)want, have); /* jansson's iterators take no const */
    case JSON_ARRAY:
        return same_array(want, have);
    case JSON_STRING:
        return same_string(want, have);
    case JSON_INTEGER:
    case JSON_REAL:
        return same_number(want, have);
    case JSON_TRUE:
    case JSON_FALSE:
        return lp_json_bool(have, &truth) == LP_OK && truth == (bool)json_is_true(want);
    default:
        return have.len == 4 && memcmp(have.ptr, "null", 4) == 0;
    }
}

/* The control character that an escape of jansson's at `p` stands for, or 0 when it is another character. */
static char control_of(const char *p) {
    static const char codes[] = "bfnrt";
    static const char chars[] = "\b\f\n\r\t";
    const char *at = p[1] != '\0' ? strchr(codes, p[1]) : NULL;
    if (at != NULL) {
        return chars[at - codes];
    }
    return p[1] == 'u' ? (char)strtol((char[]){p[4], p[5], '\0'}, NULL, 16) : '\0';
}

/* jansson's escapes in the spelling of the dialect: lower-case hex, or no escapes but of quote and backslash. */
lp_slice oracle_canonical(const json_t *value, lp_dialect dialect) {
    char *text = json_dumps(value, JSON_COMPACT | JSON_SORT_KEYS | JSON_ENCODE_ANY);
    FUZZ_CHECK(text != NULL);
    size_t len = 0;
    for (const char *p = text; *p != '\0';) {
        size_t taken = *p != '\\' ? 1 : p[1] == 'u' ? 6 : 2;
        bool is_control = *p == '\\' && p[1] != '"' && p[1] != '\\';
        if (is_control && dialect == LP_DIALECT_TUF) {
            text[len++] = control_of(p);
        } else {
            for (size_t i = 0; i < taken; i++) {
                text[len++] = taken == 6 ? (char)tolower((unsigned char)p[i]) : p[i];
            }
        }
        p += taken;
    }
    return (lp_slice){(const uint8_t *)text, len};
}
