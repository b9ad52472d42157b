/* SPDX-License-Identifier: Apache-2.0 */
/* Signed time, and version reports: one signed answer at a time, no fetching. */
#include "verify.h"

#include "lampyr-host/openssl.h"
#include "lampyr/encode.h"
#include "lampyr/report.h"

#include <stdlib.h>
#include <string.h>

/* Names in the store of what is remembered between the steps. */
static const char last_root[] = "root";
static const char time_floor[] = "floor";
static const char last_counter[] = "counter";

static lp_scratch scratch_for(size_t len) {
    lp_scratch scratch = {.bytes = lp_json_scratch_bytes(len)};
    scratch.ptr = malloc(scratch.bytes);
    if (scratch.ptr == NULL) {
        vv_fatal("out of memory", "");
    }
    return scratch;
}

static lp_slice read_entry(vv_source *source, const json_t *object, const char *name) {
    lp_slice bytes;
    lp_code code;
    if (vv_source_read(source, json_object_get(object, name), &bytes, &code) != VV_FOUND) {
        vv_fatal("a file is missing", name);
    }
    return bytes;
}

static void refuse(vv_outcome *out, lp_code code, lp_repo repo, lp_role role) {
    vv_verdict_set(&out->verdict, &(lp_error){.code = code, .repo = repo, .role = role});
}

/* --- numbers that are remembered as text --- */

static void remember(vv_source *source, const char *name, int64_t number) {
    char text[LP_UINT_TEXT_BYTES];
    size_t len = lp_uint_format((uint64_t)number, text);
    vv_store_save(source, name, (lp_slice){(const uint8_t *)text, len});
}

static bool recall(vv_source *source, const char *name, int64_t *number) {
    lp_slice text;
    uint64_t value;
    if (!vv_store_load(source, name, &text) ||
        lp_uint_parse((lp_str){(const char *)text.ptr, text.len}, &value) != LP_OK) {
        return false;
    }
    *number = (int64_t)value;
    return true;
}

/* --- time --- */

/* Makes `bytes` the trusted root of `partial`, the only way to get one: as if it were provisioned. */
static const lp_trusted_root *trust_root(const vv_case *c, lp_partial *partial, lp_slice bytes) {
    lp_partial_begin(partial, &(lp_partial_config){.crypto = &lp_crypto_openssl,
                                                   .limits = c->limits,
                                                   .dialect = c->dialect[LP_REPO_DIRECTOR],
                                                   .form = c->form,
                                                   .vehicle = c->vehicle,
                                                   .serial = "",
                                                   .hardware = ""});
    lp_scratch scratch = scratch_for(bytes.len);
    lp_partial_absent(partial);
    lp_partial_give(partial, bytes, scratch);
    free(scratch.ptr);
    const lp_trusted_root *root = lp_partial_root(partial);
    if (root == NULL) {
        vv_fatal("the director's root is not good", c->name);
    }
    return root;
}

/* The floor of time under the root at hand: forgotten when the time keys were rotated. */
static int64_t floor_under(const vv_case *c, vv_source *source, const lp_trusted_root *root) {
    lp_partial before;
    lp_slice bytes;
    int64_t floor;
    if (!vv_store_load(source, last_root, &bytes)) {
        return vv_time(c->json, "floor");
    }
    bool rotated = lp_time_key_rotated(trust_root(c, &before, bytes), root);
    return rotated || !recall(source, time_floor, &floor) ? INT64_MIN : floor;
}

void vv_verify_time(const vv_case *c, vv_source *source, const json_t *step, vv_outcome *out) {
    lp_partial partial;
    lp_slice root_bytes = read_entry(source, step, "root");
    const lp_trusted_root *root = trust_root(c, &partial, root_bytes);
    lp_slice answer = read_entry(source, step, "answer");
    lp_scratch scratch = scratch_for(answer.len);
    int64_t floor = floor_under(c, source, root);
    lp_code code = lp_time_check(root, answer, c->form, vv_text(step, "nonce"), floor, &lp_crypto_openssl, c->limits,
                                 scratch, &out->time);
    free(scratch.ptr);
    if (code != LP_OK) {
        refuse(out, code, LP_REPO_DIRECTOR, LP_ROLE_TIME);
    }
    vv_store_save(source, last_root, root_bytes);
    if (code == LP_OK) {
        remember(source, time_floor, out->time);
    } else if (floor >= 0) {
        remember(source, time_floor, floor);
    } else {
        vv_store_remove(source, time_floor);
    }
}

/* --- version reports --- */

static void read_key(const vv_case *c, lp_public_key *out) {
    char *text = json_dumps(json_object_get(c->json, "key"), JSON_COMPACT | JSON_SORT_KEYS);
    if (text == NULL || lp_public_key_read((lp_json){text, strlen(text)}, out) != LP_OK) {
        vv_fatal("no key", c->name);
    }
    free(text);
}

void vv_verify_report(const vv_case *c, vv_source *source, const json_t *step, vv_outcome *out) {
    lp_public_key key;
    lp_json payload;
    lp_report_view view;
    int64_t last = 0;
    lp_slice bytes = read_entry(source, step, "report");
    lp_scratch scratch = scratch_for(bytes.len);
    read_key(c, &key);
    lp_code code =
        lp_envelope_read(bytes, c->dialect[LP_REPO_DIRECTOR], &key, &lp_crypto_openssl, c->limits, scratch, &payload);
    if (code == LP_OK) {
        code = lp_report_read(payload, &view);
    }
    if (code == LP_OK && !lp_str_is(view.serial, c->ecus[0].serial)) {
        code = LP_UNKNOWN_ECU;
    }
    free(scratch.ptr);
    if (code != LP_OK) {
        refuse(out, code, LP_REPO_NONE, LP_ROLE_NONE);
        return;
    }
    (void)recall(source, last_counter, &last);
    out->counter = view.counter;
    out->fresh = view.has_counter && view.counter > (uint64_t)last;
    if (out->fresh) {
        remember(source, last_counter, (int64_t)view.counter);
    }
}
