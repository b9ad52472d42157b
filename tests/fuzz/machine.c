/* SPDX-License-Identifier: Apache-2.0 */
#include "machine.h"

#include <string.h>

typedef struct run {
    const machine *m;
    fuzz_input *input;
    fuzz_memory *memory;
    lp_slice last; /* the file given last */
} run;

static void give(run *r, lp_slice file, size_t part) {
    r->last = fuzz_copy(r->memory, file.ptr, file.len);
    lp_scratch scratch = fuzz_scratch(r->memory, lp_json_scratch_bytes(file.len) * part / 64);
    r->m->give(r->m->self, r->last, scratch);
}

/* Any answer, whether it was asked for or not. */
static void answer_anyhow(run *r, lp_slice chunk) {
    switch (chunk.len > 0 ? chunk.ptr[0] & 3 : 0) {
    case 0:
        give(r, chunk, 64);
        break;
    case 1:
        r->m->absent(r->m->self);
        break;
    case 2:
        r->m->failed(r->m->self, LP_SLOW_RETRIEVAL);
        break;
    default:
        r->m->done(r->m->self, true);
        break;
    }
}

static lp_slice behind(lp_slice chunk, size_t count) {
    return chunk.len > count ? (lp_slice){chunk.ptr + count, chunk.len - count} : (lp_slice){NULL, 0};
}

static void answer_fetch(run *r) {
    lp_slice chunk = fuzz_chunk(r->input);
    switch (chunk.len > 0 ? chunk.ptr[0] : 'a') {
    case 'a':
        r->m->absent(r->m->self);
        break;
    case 'f':
        r->m->failed(r->m->self, chunk.len > 1 && chunk.ptr[1] != 0 ? LP_UNREACHABLE : LP_LIMIT_FILE);
        break;
    case 's':
        give(r, behind(chunk, 2), chunk.len > 1 ? chunk.ptr[1] % 64 : 0);
        break;
    case 'l':
    case 'r':
        give(r, behind(chunk, 1), 64);
        break;
    default:
        give(r, chunk, 64);
        break;
    }
}

/* Answers an ask that has an answer of its own when the input does not say otherwise. */
static void answer_optional(run *r, const lp_ask *ask) {
    bool is_file = ask->kind == LP_ASK_LOAD || ask->kind == LP_ASK_FETCH;
    char wanted = ask->kind == LP_ASK_LOAD ? 'l' : ask->kind == LP_ASK_FETCH ? 'r' : 'n';
    if (fuzz_peek(r->input) != (uint8_t)wanted) {
        if (is_file) {
            r->m->absent(r->m->self);
        } else {
            r->m->done(r->m->self, true);
        }
        return;
    }
    lp_slice chunk = fuzz_chunk(r->input);
    if (is_file) {
        give(r, behind(chunk, 1), 64);
    } else {
        r->m->done(r->m->self, false);
    }
}

static void answer(run *r, const lp_ask *ask) {
    if (fuzz_peek(r->input) == 'x') {
        answer_anyhow(r, behind(fuzz_chunk(r->input), 1));
    } else if (ask->kind == LP_ASK_PROVISIONED || (ask->kind == LP_ASK_FETCH && ask->role != LP_ROLE_ROOT)) {
        answer_fetch(r);
    } else {
        answer_optional(r, ask);
    }
}

static bool same_ask(const lp_ask *a, const lp_ask *b) {
    return a->kind == b->kind && a->repo == b->repo && a->role == b->role && a->version == b->version &&
           a->max_bytes == b->max_bytes && strcmp(a->name, b->name) == 0 && a->data.ptr == b->data.ptr &&
           a->data.len == b->data.len;
}

/* Looks at all that a refusal says, as a log would. */
static void read_error(const lp_error *error) {
    char text[LP_NAME_BYTES];
    FUZZ_CHECK(error->code != LP_OK && (error->clause == NULL) == LP_CONSTRAINED);
    FUZZ_CHECK(strcmp(lp_code_name(error->code), "unknown") != 0);
    lp_code code = lp_str_copy(error->subject, text, sizeof text, NULL);
    FUZZ_CHECK(code == LP_OK || code == LP_LIMIT_STRING || code == LP_FIELD_VALUE);
}

/* What holds of every ask, and of every machine while it makes it. */
static void check_ask(const run *r, const lp_ask *ask) {
    lp_ask again;
    r->m->next(r->m->self, &again);
    FUZZ_CHECK(same_ask(ask, &again));
    FUZZ_CHECK(memchr(ask->name, 0, sizeof ask->name) != NULL);
    FUZZ_CHECK(ask->role == LP_ROLE_DELEGATED || ask->name[0] == '\0');
    if (ask->kind == LP_ASK_STORE) {
        FUZZ_CHECK(ask->data.ptr == r->last.ptr && ask->data.len == r->last.len); /* verbatim */
    }
    if (ask->kind != LP_ASK_TRUSTED) {
        FUZZ_CHECK(!r->m->shows_trusted(r->m->self));
    }
}

/* Whatever comes after a refusal, it stands, and nothing becomes trusted. */
static void check_refused(run *r) {
    lp_ask ask;
    read_error(r->m->error(r->m->self));
    if (r->m->on_refused != NULL) {
        r->m->on_refused(r->m->self);
    }
    for (int i = 0; i < 4; i++) {
        answer_anyhow(r, (lp_slice){(const uint8_t *)&"@ABC"[i], 1});
        r->m->next(r->m->self, &ask);
        FUZZ_CHECK(ask.kind == LP_ASK_REFUSED && !r->m->shows_trusted(r->m->self));
        read_error(r->m->error(r->m->self));
    }
}

lp_ask_kind machine_run(const machine *m, fuzz_input *input, fuzz_memory *memory, size_t max_asks) {
    run r = {.m = m, .input = input, .memory = memory};
    for (size_t asks = 0;; asks++) {
        lp_ask ask;
        FUZZ_CHECK(asks <= max_asks);
        m->next(m->self, &ask);
        check_ask(&r, &ask);
        if (ask.kind == LP_ASK_REFUSED) {
            check_refused(&r);
            return ask.kind;
        }
        if (ask.kind == LP_ASK_TRUSTED) {
            FUZZ_CHECK(m->shows_trusted(m->self));
            return ask.kind;
        }
        if (ask.kind == LP_ASK_TARGET && m->on_target != NULL) {
            m->on_target(m->self, memory);
        }
        answer(&r, &ask);
    }
}
