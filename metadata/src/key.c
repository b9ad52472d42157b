/* SPDX-License-Identifier: Apache-2.0 */
/* Public keys: from a key object to the one normal form of the key. */
#include "json_internal.h"
#include "lampyr/crypto.h"
#include "lampyr/encode.h"
#include "refusal.h"

#include <string.h>

/* Base64 of the DER of SubjectPublicKeyInfo up to the point, for an uncompressed P-256 key (RFC 5480): whole groups. */
static const char p256_head[] = "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE";
enum { P256_POINT_BYTES = 64 };

/* Passes `text`, of which `*c` is the first character; then `*c` is the one after it, or -1. False if it is not there.
 */
static bool skip_text(lp_str_reader *pem, int *c, const char *text) {
    for (; *text != '\0'; text++) {
        if (*c != *text) {
            return false;
        }
        *c = lp_str_byte(pem);
    }
    return true;
}

static bool is_line_end(int c) {
    return c == '\n' || c == '\r';
}

/* Decodes the base64 between the PEM lines of a SubjectPublicKeyInfo, without the text `head` that it must begin with.
 * Returns how many bytes that gave, 0 if it is no such PEM. */
static size_t pem_decode(lp_str text, const char *head, uint8_t *out, size_t out_bytes) {
    lp_str_reader pem = lp_str_read(text);
    int c = lp_str_byte(&pem);
    if (LP_REFUSAL(2601, !skip_text(&pem, &c, "-----BEGIN PUBLIC KEY-----")) || LP_REFUSAL(2602, !is_line_end(c))) {
        return 0;
    }
    lp_base64 base64;
    lp_base64_begin(&base64, out, out_bytes);
    for (; c >= 0 && c != '-'; c = lp_str_byte(&pem)) {
        if (is_line_end(c)) {
            continue;
        }
        if (*head == '\0') {
            lp_base64_put(&base64, (char)c);
        } else if (LP_REFUSAL(2603, c != *head++)) {
            return 0;
        }
    }
    if (LP_REFUSAL(2604, !skip_text(&pem, &c, "-----END PUBLIC KEY-----"))) {
        return 0;
    }
    while (is_line_end(c)) {
        c = lp_str_byte(&pem);
    }
    size_t len;
    return !LP_REFUSAL(2605, c >= 0) && lp_base64_end(&base64, &len) == LP_OK ? len : 0;
}

static bool read_ed25519(lp_str value, lp_public_key *out) {
    size_t len = 0;
    lp_code code = lp_hex_decode(value, out->bytes, LP_SHA256_BYTES, &len);
    out->len = LP_SHA256_BYTES;
    return code == LP_OK && !LP_REFUSAL(2606, len != LP_SHA256_BYTES);
}

static bool read_p256(lp_str value, lp_public_key *out) {
    out->len = P256_POINT_BYTES;
    return !LP_REFUSAL(2607, pem_decode(value, p256_head, out->bytes, P256_POINT_BYTES) != P256_POINT_BYTES);
}

#if !LP_CONSTRAINED

enum {
    DER_BYTES = 1200,        /* of the largest key */
    MODULUS_MIN_BYTES = 256, /* RSA-2048 */
};

/* Enters the DER element of type `tag` at `*p`: `*p` moves to its content, `*len` is that content's length.
 * False unless it is encoded the one way DER allows and ends by `end`. */
static bool der_enter(const uint8_t **p, const uint8_t *end, uint8_t tag, size_t *len) {
    const uint8_t *q = *p;
    if (LP_REFUSAL(2608, end - q < 2 || q[0] != tag)) {
        return false;
    }
    size_t size = q[1];
    q += 2;
    if (size >= 0x80) {
        size_t count = size & 0x7f;
        if (LP_REFUSAL(2609, count < 1 || count > 2 || (size_t)(end - q) < count || q[0] == 0)) {
            return false;
        }
        size = count == 1 ? q[0] : (size_t)q[0] << 8 | q[1];
        q += count;
    }
    bool shortest = q - *p == 2 || size >= 0x80;
    if (LP_REFUSAL(2610, !shortest || (size_t)(end - q) < size)) {
        return false;
    }
    *p = q;
    *len = size;
    return true;
}

/* True if the `len` bytes of an INTEGER are an odd number above 1, written the one way DER allows: else one key could
 * pass for two, or every message for its own signature. */
static bool exponent_is_usable(const uint8_t *p, size_t len) {
    bool shortest = len == 1 ? p[0] > 1 : len > 1 && (p[0] != 0 || p[1] >= 0x80);
    return !LP_REFUSAL(2611, !shortest) && !LP_REFUSAL(2612, p[0] >= 0x80) && !LP_REFUSAL(2613, (p[len - 1] & 1) == 0);
}

/* True if `der` is an RSAPublicKey (RFC 8017, A.1.1) with a modulus of at least 2048 bits. */
static bool rsa_is_strong(const uint8_t *der, size_t der_len) {
    const uint8_t *p = der;
    const uint8_t *end = der + der_len;
    size_t len;
    if (!der_enter(&p, end, 0x30, &len) || LP_REFUSAL(2614, p + len != end)) {
        return false;
    }
    if (!der_enter(&p, end, 0x02, &len) || LP_REFUSAL(2615, len < MODULUS_MIN_BYTES + 1) ||
        LP_REFUSAL(2616, p[0] != 0 || p[1] < 0x80)) {
        return false; /* 2048 bits and more in whole bytes: a leading zero, then the top bit */
    }
    p += len;
    return der_enter(&p, end, 0x02, &len) && !LP_REFUSAL(2617, p + len != end) && exponent_is_usable(p, len);
}

static bool read_rsa(lp_str value, lp_public_key *out) {
    static const uint8_t algorithm[] = {0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86,
                                        0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00};
    uint8_t der[DER_BYTES];
    size_t der_len = pem_decode(value, "", der, sizeof der);
    const uint8_t *p = der;
    const uint8_t *end = der + der_len;
    size_t len;
    if (!der_enter(&p, end, 0x30, &len) || LP_REFUSAL(2618, p + len != end) ||
        LP_REFUSAL(2619, len < sizeof algorithm || memcmp(p, algorithm, sizeof algorithm) != 0)) {
        return false;
    }
    p += sizeof algorithm;
    if (!der_enter(&p, end, 0x03, &len) || LP_REFUSAL(2620, p + len != end) || LP_REFUSAL(2621, len < 1 || p[0] != 0)) {
        return false;
    }
    p++;
    len--;
    if (LP_REFUSAL(2622, len > sizeof out->bytes) || !rsa_is_strong(p, len)) {
        return false;
    }
    memcpy(out->bytes, p, len);
    out->len = (uint16_t)len;
    return true;
}

#endif

/* How a scheme is called, and how keys of that scheme give their type. */
typedef struct scheme_names {
    const char *scheme;
    const char *types[3];
    bool (*read)(lp_str value, lp_public_key *out);
} scheme_names;

static const scheme_names known[] = {
    [LP_SCHEME_ED25519 - 1] = {"ed25519", {"ed25519", "ED25519", "Ed25519"}, read_ed25519},
    [LP_SCHEME_ECDSA_P256 - 1] = {"ecdsa-sha2-nistp256", {"ecdsa", "ecdsa-sha2-nistp256", "ECPRIME256V1"}, read_p256},
#if !LP_CONSTRAINED
    [LP_SCHEME_RSA_PSS - 1] = {"rsassa-pss-sha256", {"rsa", "RSA", "Rsa"}, read_rsa},
#endif
};

/* A key object; legacy metadata has no `scheme`. */
typedef struct key_fields {
    lp_str type;
    lp_str scheme;
    lp_json keyval;
} key_fields;

/* The scheme of a key, by its type; the scheme it names must be the same. */
static lp_scheme scheme_of(const key_fields *key) {
    for (size_t i = 0; i < 3 * sizeof known / sizeof *known; i++) {
        const scheme_names *names = &known[i / 3];
        if (lp_str_is(key->type, names->types[i % 3])) {
            bool differs = key->scheme.ptr != NULL && !lp_str_is(key->scheme, names->scheme);
            return LP_REFUSAL(2623, differs) ? LP_SCHEME_UNKNOWN : (lp_scheme)(i / 3 + 1);
        }
    }
    return LP_SCHEME_UNKNOWN;
}

lp_code lp_public_key_read(lp_json key, lp_public_key *out) {
    static const lp_json_row rows[] = {
        {"keytype", LP_READ_STRING, false, offsetof(key_fields, type)},
        {"scheme", LP_READ_STRING, true, offsetof(key_fields, scheme)},
        {"keyval", LP_READ_OBJECT, false, offsetof(key_fields, keyval)},
    };
    static const lp_json_row public_row = {"public", LP_READ_STRING, false, 0};
    key_fields fields;
    lp_str value;
    fields.scheme = (lp_str){NULL, 0};
    lp_code code = lp_json_read_record(key, rows, 3, &fields);
    if (code != LP_OK) {
        return code;
    }
    code = lp_json_read_record(fields.keyval, &public_row, 1, &value);
    if (code == LP_LIMIT_RECORD) {
        return code;
    }
    out->scheme = code == LP_OK ? scheme_of(&fields) : LP_SCHEME_UNKNOWN;
    out->len = 0;
    if (out->scheme != LP_SCHEME_UNKNOWN && !known[out->scheme - 1].read(value, out)) {
        out->scheme = LP_SCHEME_UNKNOWN;
        out->len = 0;
    }
    return LP_OK;
}

bool lp_public_key_eq(const lp_public_key *a, const lp_public_key *b) {
    return a->scheme == b->scheme && a->len == b->len && memcmp(a->bytes, b->bytes, a->len) == 0;
}
