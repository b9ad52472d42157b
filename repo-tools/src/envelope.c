/* SPDX-License-Identifier: Apache-2.0 */
#include "internal.h"

#include "lampyr-host/canonical.h"
#include "lampyr-repo/sign.h"
#include "lampyr/encode.h"

#include <stdlib.h>
#include <string.h>

bool lpr_canonical(const json_t *document, lp_dialect dialect, uint8_t **out, size_t *out_len, lpr_error *error) {
    char *text = json_dumps(document, JSON_COMPACT | JSON_SORT_KEYS);
    if (text == NULL) {
        return lpr_fail(error, LPR_STATE, "metadata cannot be written as JSON");
    }
    lp_code code = lp_canonical_copy((lp_slice){(const uint8_t *)text, strlen(text)}, dialect, out, out_len);
    free(text);
    return code == LP_OK || lpr_fail(error, LPR_STATE, "metadata has no canonical form: %s", lp_code_text(code));
}

/* One element of `signatures`; NULL if signing fails. */
static json_t *sign_with(const lp_key *key, lp_dialect dialect, lp_slice message) {
    uint8_t signature[LP_SIGNATURE_BYTES];
    char text[2 * LP_SIGNATURE_BYTES + 1]; /* hex is the longer form */
    size_t len;
    if (!key->signer.sign(&key->signer, message, signature, &len)) {
        return NULL;
    }
    if (dialect == LP_DIALECT_TUF) {
        lp_hex_encode(signature, len, text);
        return json_pack("{s:s,s:s}", "keyid", key->signer.keyid, "sig", text);
    }
    lp_base64_encode(signature, len, text);
    return json_pack("{s:s,s:s,s:s}", "keyid", key->signer.keyid, "method", lp_scheme_name(key->signer.scheme, dialect),
                     "sig", text);
}

bool lpr_envelope(const json_t *payload, lp_dialect dialect, const lp_key *keys, size_t count, uint8_t **out,
                  size_t *out_len, lpr_error *error) {
    uint8_t *canonical = NULL;
    size_t len = 0;
    if (!lpr_canonical(payload, dialect, &canonical, &len, error)) {
        return false;
    }
    json_t *signatures = json_array();
    bool ok = true;
    for (size_t i = 0; ok && i < count; i++) {
        json_t *signature = sign_with(&keys[i], dialect, (lp_slice){canonical, len});
        ok = signature != NULL || lpr_fail(error, LPR_STATE, "key %s cannot sign", keys[i].signer.keyid);
        json_array_append_new(signatures, signature);
    }
    free(canonical);
    json_t *envelope = json_pack("{s:o,s:O}", "signatures", signatures, "signed", payload);
    /* The legacy form is JSON that anybody can parse, whatever the dialect; canonical tuf is not. */
    ok = ok && lpr_canonical(envelope, LP_DIALECT_LEGACY, out, out_len, error);
    json_decref(envelope);
    return ok;
}
