/* SPDX-License-Identifier: Apache-2.0 */
#include "lampyr/encode.h"
#include "lampyr/report.h"
#include "refusal.h"
#include "role_internal.h"

lp_code lp_envelope_write(lp_slice payload, lp_dialect dialect, const lp_signer *signer, char *buffer,
                          size_t buffer_bytes, lp_slice *out) {
    uint8_t signature[LP_SIGNATURE_BYTES];
    char text[2 * LP_SIGNATURE_BYTES + 1];
    size_t len;
    if (LP_REFUSAL(4201, !signer->sign(signer, payload, signature, &len))) {
        return LP_STATE;
    }
    if (dialect == LP_DIALECT_TUF) {
        lp_hex_encode(signature, len, text);
    } else {
        lp_base64_encode(signature, len, text);
    }

    lp_writer w;
    lp_writer_begin(&w, buffer, buffer_bytes, dialect);
    lp_writer_open(&w, '{');
    lp_writer_key(&w, "signatures");
    lp_writer_open(&w, '[');
    lp_writer_open(&w, '{');
    lp_writer_key(&w, "keyid");
    lp_writer_string(&w, signer->keyid);
    lp_writer_key(&w, "method");
    lp_writer_string(&w, lp_scheme_name(signer->scheme, dialect));
    lp_writer_key(&w, "sig");
    lp_writer_string(&w, text);
    lp_writer_close(&w, '}');
    lp_writer_close(&w, ']');
    lp_writer_key(&w, "signed");
    lp_writer_raw(&w, (const char *)payload.ptr, payload.len);
    lp_writer_close(&w, '}');
    return lp_writer_end(&w, out);
}

lp_code lp_envelope_verify(lp_json envelope, lp_dialect dialect, const lp_public_key *key, const lp_crypto *crypto,
                           const lp_limits *limits, lp_scratch scratch, lp_json *payload) {
    if (LP_REFUSAL(4202, !lp_json_is_object(envelope))) {
        return LP_FIELD_TYPE;
    }
    lp_json signatures = lp_json_get(envelope, "signatures");
    lp_json content = lp_json_get(envelope, "signed");
    if (LP_REFUSAL(4203, signatures.ptr == NULL) || LP_REFUSAL(4204, content.ptr == NULL)) {
        return LP_FIELD_MISSING;
    }
    if (LP_REFUSAL(4205, !lp_json_is_array(signatures)) || LP_REFUSAL(4206, !lp_json_is_object(content))) {
        return LP_FIELD_TYPE;
    }
    if (LP_REFUSAL(4207, lp_json_count(signatures) > limits->signatures)) {
        return LP_LIMIT_SIGNATURES;
    }

    lp_slice message;
    lp_code code = lp_json_canonical(content, dialect, scratch, &message);
    if (code != LP_OK) {
        return code;
    }
    lp_json_iter iter = lp_json_iterate(signatures);
    lp_json entry;
    while (lp_json_next(&iter, NULL, &entry)) {
        lp_signature signature; /* its keyid is not compared: the caller knows whose signature it must be */
        code = lp_signature_read(entry, &signature);
        if (code != LP_OK) {
            return code;
        }
        if (!LP_REFUSAL(4208, !lp_signature_verify(&signature, dialect, crypto, key, message))) {
            *payload = content;
            return LP_OK;
        }
    }
    return LP_REFUSAL_CODE(4209, LP_SIGNATURE_THRESHOLD);
}

lp_code lp_envelope_read(lp_slice bytes, lp_dialect dialect, const lp_public_key *key, const lp_crypto *crypto,
                         const lp_limits *limits, lp_scratch scratch, lp_json *payload) {
    lp_json envelope;
    lp_code code = lp_json_check(bytes, LP_JSON_SERVED, dialect, limits->json_depth, scratch, &envelope, NULL);
    if (code != LP_OK) {
        return code;
    }
    return lp_envelope_verify(envelope, dialect, key, crypto, limits, scratch, payload);
}
