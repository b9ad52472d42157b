/* SPDX-License-Identifier: Apache-2.0 */
#include "internal.h"

#include "lampyr-host/openssl.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

/* A label that neither the state nor the key folder knows: a file may be left from a killed process. */
static bool free_label(const lpr_workspace *ws, const char *role, char label[LP_PATH_BYTES], char path[LP_PATH_BYTES],
                       lpr_error *error) {
    char quoted[LP_PATH_BYTES];
    if (!lpr_role_quote(role, quoted, error)) {
        return false;
    }
    for (unsigned n = 1;; n++) {
        snprintf(label, LP_PATH_BYTES, "%.*s-%u", LP_PATH_BYTES - 16, quoted, n);
        if (!lpr_path(path, error, ws->folder, "keys/%s.pem", label)) {
            return false;
        }
        if (json_object_get(json_object_get(ws->state, "keys"), label) == NULL && access(path, F_OK) != 0) {
            return true;
        }
    }
}

static bool make_key(lpr_workspace *ws, const char *role, lp_scheme scheme, json_t *labels, lpr_error *error) {
    char label[LP_PATH_BYTES], path[LP_PATH_BYTES];
    lp_key key;
    if (!free_label(ws, role, label, path, error)) {
        return false;
    }
    lp_code code = lp_key_generate(scheme, LPR_RSA_BITS, ws->dialect, &key);
    if (code != LP_OK) {
        return lpr_fail(error, LPR_STATE, "cannot make a key: %s", lp_code_text(code));
    }
    code = lp_key_save(&key, path);
    if (code != LP_OK) {
        lpr_fail_errno(error, LPR_STATE, path);
    } else {
        json_object_set_new(
            json_object_get(ws->state, "keys"), label,
            json_pack("{s:s,s:o}", "keyid", key.signer.keyid, "key", lpr_key_object(&key.public_key, ws->dialect)));
        json_array_append_new(labels, json_string(label));
    }
    lp_key_free(&key);
    return code == LP_OK;
}

bool lpr_keys_make(lpr_workspace *ws, const char *role, lp_scheme scheme, size_t count, json_t **labels,
                   lpr_error *error) {
    json_t *made = json_array();
    for (size_t i = 0; i < count; i++) {
        if (!make_key(ws, role, scheme, made, error)) {
            json_decref(made);
            return false;
        }
    }
    *labels = made;
    return true;
}

static json_t *known_role(const lpr_workspace *ws, const char *role, lpr_error *error) {
    json_t *record = lpr_role_find(ws, role);
    if (record == NULL) {
        lpr_fail(error, LPR_USAGE, "there is no role `%s`", role);
    }
    return record;
}

bool lpr_key_add(lpr_workspace *ws, const char *role, lp_scheme scheme, unsigned threshold, lpr_error *error) {
    json_t *record = known_role(ws, role, error);
    json_t *labels;
    if (record == NULL) {
        return false;
    }
    json_t *present = json_object_get(record, "keys");
    size_t count = json_array_size(present) + 1;
    if (count > LPR_KEYS_MAX || threshold > count) {
        return lpr_fail(error, LPR_USAGE, "role `%s` would have %zu keys (at most %d) and a threshold of %u", role,
                        count, LPR_KEYS_MAX, threshold);
    }
    if (!lpr_keys_make(ws, role, scheme, 1, &labels, error)) {
        return false;
    }
    json_array_extend(present, labels);
    json_decref(labels);
    if (threshold > 0) {
        json_object_set_new(record, "threshold", json_integer((json_int_t)threshold));
    }
    return lpr_workspace_save(ws, error);
}

bool lpr_key_rotate(lpr_workspace *ws, const char *role, lp_scheme scheme, lpr_error *error) {
    json_t *record = known_role(ws, role, error);
    json_t *labels;
    if (record == NULL ||
        !lpr_keys_make(ws, role, scheme, json_array_size(json_object_get(record, "keys")), &labels, error)) {
        return false;
    }
    json_object_set_new(record, "keys", labels);
    return lpr_workspace_save(ws, error);
}
