/* SPDX-License-Identifier: Apache-2.0 */
#include "lampyr/encode.h"
#include "lampyr/json.h"
#include "refusal.h"

#include <string.h>

void lp_writer_begin(lp_writer *w, char *buffer, size_t buffer_bytes, lp_dialect dialect) {
    *w = (lp_writer){.ptr = buffer, .bytes = buffer_bytes, .dialect = dialect};
}

/* memmove: an envelope's payload may stand later in the same buffer (lp_envelope_write()). */
static void put(lp_writer *w, const char *text, size_t len) {
    if (w->overflow || len > w->bytes - w->len) {
        w->overflow = true;
        return;
    }
    if (len > 0) {
        memmove(w->ptr + w->len, text, len);
    }
    w->len += len;
}

/* Before a value, a key or an opening bracket. */
static void put_comma(lp_writer *w) {
    if (w->comma) {
        put(w, ",", 1);
    }
}

static void put_escaped(lp_writer *w, char c) {
    static const char short_forms[][2] = {{'"', '"'},  {'\\', '\\'}, {'\b', 'b'}, {'\f', 'f'},
                                          {'\n', 'n'}, {'\r', 'r'},  {'\t', 't'}};
    char escape[6] = {'\\', 'u', '0', '0', (char)('0' + (c >> 4)), "0123456789abcdef"[c & 15]};
    for (size_t i = 0; i < sizeof short_forms / sizeof *short_forms; i++) {
        if (short_forms[i][0] == c) {
            escape[1] = short_forms[i][1];
            put(w, escape, 2);
            return;
        }
    }
    put(w, escape, 6);
}

static void put_string(lp_writer *w, const char *text) {
    put(w, "\"", 1);
    while (*text != '\0') {
        /* OLPC canonical JSON escapes the two characters it must, and no others. */
        size_t run = 0;
        while (text[run] != '\0' && text[run] != '"' && text[run] != '\\' &&
               (w->dialect == LP_DIALECT_TUF || (unsigned char)text[run] >= 0x20)) {
            run++;
        }
        put(w, text, run);
        text += run;
        if (*text != '\0') {
            put_escaped(w, *text++);
        }
    }
    put(w, "\"", 1);
}

void lp_writer_open(lp_writer *w, char bracket) {
    put_comma(w);
    put(w, &bracket, 1);
    w->comma = false;
}

void lp_writer_close(lp_writer *w, char bracket) {
    put(w, &bracket, 1);
    w->comma = true;
}

void lp_writer_key(lp_writer *w, const char *name) {
    put_comma(w);
    put_string(w, name);
    put(w, ":", 1);
    w->comma = false;
}

void lp_writer_string(lp_writer *w, const char *text) {
    put_comma(w);
    put_string(w, text);
    w->comma = true;
}

void lp_writer_uint(lp_writer *w, uint64_t number) {
    char text[LP_UINT_TEXT_BYTES];
    lp_writer_raw(w, text, lp_uint_format(number, text));
}

void lp_writer_bool(lp_writer *w, bool value) {
    lp_writer_raw(w, value ? "true" : "false", value ? 4 : 5);
}

void lp_writer_raw(lp_writer *w, const char *json, size_t len) {
    put_comma(w);
    put(w, json, len);
    w->comma = true;
}

lp_code lp_writer_end(const lp_writer *w, lp_slice *out) {
    if (LP_REFUSAL(2301, w->overflow)) {
        return LP_LIMIT_MEMORY;
    }
    *out = (lp_slice){(const uint8_t *)w->ptr, w->len};
    return LP_OK;
}
