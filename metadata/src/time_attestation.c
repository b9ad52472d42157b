/* SPDX-License-Identifier: Apache-2.0 */
/* Signed time with the asker's nonce (Uptane 2.1.0, 5.4.2.2 and 5.4.3.1; docs/POUF.md, "Time"). */
#include "lampyr/encode.h"
#include "lampyr/uptane.h"
#include "refusal.h"
#include "role_internal.h"

/* The keys that director root sets for time, in its custom field. */
static lp_code time_keys(const lp_signed *root, lp_role_keys *out) {
    lp_json role = lp_json_get(lp_signed_get(root, "custom"), "time");
    return LP_REFUSAL(4001, role.ptr == NULL) ? LP_TIME_NO_KEY
                                              : lp_role_keys_read(lp_signed_get(root, "keys"), role, out);
}

static lp_code check_nonce(lp_json nonces, const char *nonce) {
    if (LP_REFUSAL(4002, nonces.ptr == NULL)) {
        return LP_FIELD_MISSING;
    }
    if (LP_REFUSAL(4003, !lp_json_is_array(nonces))) {
        return LP_FIELD_TYPE;
    }
    lp_json_iter iter = lp_json_iterate(nonces);
    lp_json value;
    lp_str text;
    while (lp_json_next(&iter, NULL, &value)) {
        if (lp_json_string(value, &text) == LP_OK && lp_str_is(text, nonce)) {
            return LP_OK;
        }
    }
    return LP_REFUSAL_CODE(4004, LP_TIME_NONCE);
}

/* Type, nonce and time of an attestation whose signatures are good. */
static lp_code read_time(const lp_signed *doc, const char *nonce, int64_t floor, int64_t *now) {
    lp_str text;
    int64_t seconds = 0;
    lp_code code = lp_json_string(lp_signed_get(doc, "_type"), &text);
    if (code == LP_OK && LP_REFUSAL(4005, !lp_str_is(text, "time"))) {
        code = LP_WRONG_ROLE;
    }
    if (code == LP_OK) {
        code = check_nonce(lp_signed_get(doc, "nonces"), nonce);
    }
    if (code == LP_OK) {
        code = lp_json_string(lp_signed_get(doc, "time"), &text);
    }
    if (code == LP_OK) {
        code = lp_time_parse(text, &seconds);
    }
    if (code == LP_OK && LP_REFUSAL(4006, seconds < floor)) {
        code = LP_ROLLBACK_TIME;
    }
    if (code == LP_OK) {
        *now = seconds;
    }
    return code;
}

lp_code lp_time_check(const lp_trusted_root *director_root, lp_slice bytes, lp_json_form form, const char *nonce,
                      int64_t floor, const lp_crypto *crypto, const lp_limits *limits, lp_scratch scratch,
                      int64_t *now) {
    lp_role_keys keys;
    lp_signed doc;
    lp_code code = time_keys(&director_root->doc, &keys);
    /* A board has met the limit when it read the keys: here it comes first, too. */
    if (code == LP_OK && !LP_CONSTRAINED && LP_REFUSAL(4008, lp_json_count(keys.keyids) > limits->keys)) {
        code = LP_LIMIT_KEYS;
    }
    if (code == LP_OK && LP_REFUSAL(4007, bytes.len > limits->time_bytes)) {
        code = LP_LIMIT_FILE;
    }
    if (code == LP_OK) {
        code = lp_signed_open(bytes, form, director_root->doc.dialect, limits, scratch, &doc);
    }
    if (code == LP_OK) {
        code = lp_signed_verify(&doc, &keys, crypto, limits, scratch);
    }
    return code == LP_OK ? read_time(&doc, nonce, floor, now) : code;
}

bool lp_time_key_rotated(const lp_trusted_root *before, const lp_trusted_root *after) {
    lp_role_keys a;
    lp_role_keys b;
    lp_code code_a = time_keys(&before->doc, &a);
    lp_code code_b = time_keys(&after->doc, &b);
    if (code_a != LP_OK || code_b != LP_OK) {
        return code_a != code_b;
    }
    return !lp_role_keys_eq(&a, &b);
}
