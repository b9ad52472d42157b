/* SPDX-License-Identifier: Apache-2.0 */
#include "attest.h"

#include "lampyr/encode.h"
#include "lampyr/report.h"
#include "lampyr/wire.h"

#include <stdlib.h>
#include <string.h>

enum {
    REQUEST_DEPTH = 4,
    SIGNED_BYTES = LPD_NONCES * (LP_NONCE_TEXT_BYTES + 2) + 128,
    ENVELOPE_BYTES = SIGNED_BYTES + LPD_TIME_KEYS * (2 * LP_SIGNATURE_BYTES + 256),
};

/* Working space of one answer. */
typedef struct work {
    char payload[SIGNED_BYTES];
    char envelope[ENVELOPE_BYTES];
} work;

static bool is_nonce(lp_json value) {
    lp_str text;
    return lp_json_string(value, &text) == LP_OK && text.len == LP_NONCE_TEXT_BYTES - 1 &&
           strspn(text.ptr, "0123456789abcdef") == text.len;
}

static lp_code write_payload(const lpd_director *director, lp_json nonces, int64_t now, work *w, lp_slice *out) {
    char time[LP_TIME_TEXT_BYTES];
    lp_time_format(now, time);
    lp_writer writer;
    lp_writer_begin(&writer, w->payload, sizeof w->payload, director->dialect);
    lp_writer_open(&writer, '{');
    lp_writer_key(&writer, "_type");
    lp_writer_string(&writer, "time");
    lp_writer_key(&writer, "nonces");
    lp_writer_open(&writer, '[');
    lp_json_iter iter = lp_json_iterate(nonces);
    lp_json nonce;
    for (size_t count = 0; lp_json_next(&iter, NULL, &nonce); count++) {
        if (!is_nonce(nonce) || count == LPD_NONCES) {
            return LP_FIELD_VALUE;
        }
        lp_writer_raw(&writer, nonce.ptr, nonce.len);
    }
    lp_writer_close(&writer, ']');
    lp_writer_key(&writer, "time");
    lp_writer_string(&writer, time);
    lp_writer_close(&writer, '}');
    return lp_writer_end(&writer, out);
}

/* One envelope with the signatures of all time keys: each key signs an envelope of its own, and their signature
 * entries are put together. */
static lp_code write_envelope(const lpd_director *director, lp_slice payload, work *w, char *out, lp_slice *result) {
    lp_writer writer;
    lp_writer_begin(&writer, out, ENVELOPE_BYTES, director->dialect);
    lp_writer_open(&writer, '{');
    lp_writer_key(&writer, "signatures");
    lp_writer_open(&writer, '[');
    for (size_t i = 0; i < director->time_key_count; i++) {
        lp_slice one;
        lp_code code = lp_envelope_write(payload, director->dialect, &director->time_keys[i].signer, w->envelope,
                                         sizeof w->envelope, &one);
        if (code != LP_OK) {
            return code;
        }
        lp_json envelope = {(const char *)one.ptr, one.len};
        lp_json_iter entries = lp_json_iterate(lp_json_get(envelope, "signatures"));
        lp_json entry;
        while (lp_json_next(&entries, NULL, &entry)) {
            lp_writer_raw(&writer, entry.ptr, entry.len);
        }
    }
    lp_writer_close(&writer, ']');
    lp_writer_key(&writer, "signed");
    lp_writer_raw(&writer, (const char *)payload.ptr, payload.len);
    lp_writer_close(&writer, '}');
    return lp_writer_end(&writer, result);
}

static bool attest(const lpd_director *director, lp_slice body, int64_t now, work *w, char *out, size_t *out_len,
                   lpd_refusal *refusal) {
    size_t scratch_bytes = lp_json_scratch_bytes(body.len);
    lp_scratch scratch = {.ptr = malloc(scratch_bytes), .bytes = scratch_bytes};
    if (scratch.ptr == NULL) {
        return lpd_refuse_code(refusal, LP_STATE, "out of memory");
    }
    lp_json root;
    lp_code code = lp_json_check(body, LP_JSON_SERVED, director->dialect, REQUEST_DEPTH, scratch, &root, NULL);
    free(scratch.ptr);
    if (code != LP_OK) {
        return lpd_refuse_code(refusal, code, "time request: %s", lp_code_text(code));
    }
    lp_json nonces = lp_json_get(root, "nonces");
    if (!lp_json_is_array(nonces) || lp_json_count(nonces) == 0) {
        return lpd_refuse_code(refusal, LP_FIELD_TYPE, "time request: nonces is no array of nonces");
    }
    lp_slice payload, envelope;
    code = write_payload(director, nonces, now, w, &payload);
    if (code != LP_OK) {
        return lpd_refuse_code(refusal, code, "time request: nonces are 1 to %d times %d lower-case hex digits",
                               LPD_NONCES, LP_NONCE_TEXT_BYTES - 1);
    }
    code = write_envelope(director, payload, w, out, &envelope);
    if (code != LP_OK) {
        return lpd_refuse_code(refusal, LP_STATE, "cannot sign the time: %s", lp_code_text(code));
    }
    *out_len = envelope.len;
    return true;
}

bool lpd_attest(const lpd_director *director, lp_slice body, int64_t now, char **out, size_t *out_len,
                lpd_refusal *refusal) {
    if (director->time_key_count == 0) {
        return lpd_refuse(refusal, 404, lp_code_name(LP_TIME_NO_KEY), "this director signs no time");
    }
    work *w = malloc(sizeof *w);
    char *text = malloc(ENVELOPE_BYTES);
    bool ok = w != NULL && text != NULL ? attest(director, body, now, w, text, out_len, refusal)
                                        : lpd_refuse_code(refusal, LP_STATE, "out of memory");
    free(w);
    if (!ok) {
        free(text);
        return false;
    }
    *out = text;
    return true;
}
