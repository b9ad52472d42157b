/* SPDX-License-Identifier: Apache-2.0 */
#include "jsmn_oracle.h"

#include <stdlib.h>

#define JSMN_STATIC
#define JSMN_STRICT
#define JSMN_PARENT_LINKS
#include <jsmn.h>

typedef struct walk {
    const char *text;
    const jsmntok_t *token; /* the next one, in the order of the document */
} walk;

/* Does the token stand where the view does? Quotes are no part of a token. */
static bool same_place(const walk *w, lp_json value) {
    size_t quote = w->token->type == JSMN_STRING;
    return value.ptr == w->text + w->token->start - quote &&
           value.len == (size_t)(w->token->end - w->token->start) + 2 * quote;
}

static bool same_key(walk *w, lp_str key) {
    const jsmntok_t *token = w->token++;
    return token->type == JSMN_STRING && token->size == 1 && key.ptr == w->text + token->start &&
           key.len == (size_t)(token->end - token->start);
}

/* Depth is bounded by what lp_json_check() accepted. */
static bool same(walk *w, lp_json value) {
    bool is_object = w->token->type == JSMN_OBJECT;
    bool is_array = w->token->type == JSMN_ARRAY;
    if (!same_place(w, value) || is_object != lp_json_is_object(value) || is_array != lp_json_is_array(value) ||
        (w->token->type == JSMN_STRING) != lp_json_is_string(value)) {
        return false;
    }
    int left = w->token->size;
    w->token++;
    if (!is_object && !is_array) {
        return left == 0;
    }
    lp_json_iter iter = lp_json_iterate(value);
    lp_str key = {NULL, 0};
    lp_json member;
    while (lp_json_next(&iter, &key, &member)) {
        if (left-- == 0 || (is_object && !same_key(w, key)) || !same(w, member)) {
            return false;
        }
    }
    return left == 0;
}

bool jsmn_oracle_same(lp_json value) {
    jsmn_parser parser;
    jsmn_init(&parser);
    int count = jsmn_parse(&parser, value.ptr, value.len, NULL, 0);
    jsmntok_t *tokens = count > 0 ? calloc((size_t)count, sizeof *tokens) : NULL;
    if (tokens == NULL) {
        return false;
    }
    jsmn_init(&parser);
    walk w = {.text = value.ptr, .token = tokens};
    bool ok = jsmn_parse(&parser, value.ptr, value.len, tokens, (unsigned)count) == count && same(&w, value) &&
              w.token == tokens + count;
    free(tokens);
    return ok;
}
