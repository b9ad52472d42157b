/* SPDX-License-Identifier: Apache-2.0 */
/* Key objects, and the names of schemes. */
#include "lampyr/crypto.h"
#include "lampyr/encode.h"
#include "refusal.h"

#include <string.h>

/* A SubjectPublicKeyInfo is a fixed head and the key (P-256), or four nested headers, the algorithm and the
 * key (RSA); the PEM text has 65 characters for 48 bytes, and its two framing lines. */
enum {
    SPKI_BYTES = LP_PUBLIC_KEY_BYTES + 32,
    PEM_LINE_BYTES = 48,
    PEM_TEXT_BYTES = (SPKI_BYTES / PEM_LINE_BYTES + 1) * 65 + 64,
    KEY_JSON_BYTES = PEM_TEXT_BYTES + SPKI_BYTES / PEM_LINE_BYTES + 128, /* line ends are escaped */
};

const char *lp_scheme_name(lp_scheme scheme, lp_dialect dialect) {
    switch (scheme) {
    case LP_SCHEME_ED25519:
        return "ed25519";
    case LP_SCHEME_ECDSA_P256:
        return "ecdsa-sha2-nistp256";
    case LP_SCHEME_RSA_PSS:
        return dialect == LP_DIALECT_TUF ? "rsassa-pss-sha256" : "rsassa-pss";
    default:
        return "";
    }
}

static const char *key_type(lp_scheme scheme, lp_dialect dialect) {
    switch (scheme) {
    case LP_SCHEME_ED25519:
        return dialect == LP_DIALECT_TUF ? "ed25519" : "ED25519";
    case LP_SCHEME_ECDSA_P256:
        return dialect == LP_DIALECT_TUF ? "ecdsa" : "ECPRIME256V1";
    default:
        return dialect == LP_DIALECT_TUF ? "rsa" : "RSA";
    }
}

static size_t spki_p256(const lp_public_key *key, uint8_t out[SPKI_BYTES]) {
    static const uint8_t head[] = {
        0x30, 0x59, 0x30, 0x13,                                     /* SEQUENCE, SEQUENCE (algorithm) */
        0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01,       /* id-ecPublicKey */
        0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, /* prime256v1 */
        0x03, 0x42, 0x00, 0x04,                                     /* BIT STRING: uncompressed point */
    };
    memcpy(out, head, sizeof head);
    memcpy(out + sizeof head, key->bytes, key->len);
    return sizeof head + key->len;
}

#if !LP_CONSTRAINED
/* Writes tag and DER length (below 65536). */
static uint8_t *der_header(uint8_t *out, uint8_t tag, size_t len) {
    *out++ = tag;
    if (len >= 256) {
        *out++ = 0x82;
        *out++ = (uint8_t)(len >> 8);
    } else if (len >= 128) {
        *out++ = 0x81;
    }
    *out++ = (uint8_t)len;
    return out;
}

static size_t der_header_bytes(size_t len) {
    return len >= 256 ? 4 : len >= 128 ? 3 : 2;
}

static size_t spki_rsa(const lp_public_key *key, uint8_t out[SPKI_BYTES]) {
    static const uint8_t algorithm[] = {
        0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01, /* rsaEncryption */
        0x05, 0x00,                                                                   /* NULL */
    };
    size_t bit_string = 1 + (size_t)key->len;
    size_t body = sizeof algorithm + der_header_bytes(bit_string) + bit_string;
    uint8_t *p = der_header(out, 0x30, body);
    memcpy(p, algorithm, sizeof algorithm);
    p = der_header(p + sizeof algorithm, 0x03, bit_string);
    *p++ = 0; /* no unused bits */
    memcpy(p, key->bytes, key->len);
    return (size_t)(p - out) + key->len;
}
#endif

static char *append(char *out, const char *text) {
    size_t len = strlen(text);
    memcpy(out, text, len);
    return out + len;
}

static void write_pem(lp_writer *w, const uint8_t *spki, size_t len) {
    char text[PEM_TEXT_BYTES];
    char *p = append(text, "-----BEGIN PUBLIC KEY-----\n");
    while (len > 0) {
        size_t line = len < PEM_LINE_BYTES ? len : PEM_LINE_BYTES;
        lp_base64_encode(spki, line, p);
        p = append(p + strlen(p), "\n");
        spki += line;
        len -= line;
    }
    *append(p, "-----END PUBLIC KEY-----\n") = '\0';
    lp_writer_string(w, text);
}

static void write_public(lp_writer *w, const lp_public_key *key) {
    uint8_t spki[SPKI_BYTES];
    char hex[2 * LP_SHA256_BYTES + 1];
    switch (key->scheme) {
    case LP_SCHEME_ED25519:
        lp_hex_encode(key->bytes, key->len, hex);
        lp_writer_string(w, hex);
        break;
    case LP_SCHEME_ECDSA_P256:
        write_pem(w, spki, spki_p256(key, spki));
        break;
    default:
#if !LP_CONSTRAINED
        write_pem(w, spki, spki_rsa(key, spki));
#endif
        break;
    }
}

/* True if `key` has a length that its scheme can have, and the scheme is built in. */
static bool is_writable(const lp_public_key *key) {
    switch (key->scheme) {
    case LP_SCHEME_ED25519:
        return key->len == 32;
    case LP_SCHEME_ECDSA_P256:
        return key->len == 64;
    case LP_SCHEME_RSA_PSS:
        return !LP_CONSTRAINED && key->len > 0 && key->len <= LP_PUBLIC_KEY_BYTES;
    default:
        return false;
    }
}

lp_code lp_public_key_write(lp_writer *w, const lp_public_key *key, lp_dialect dialect) {
    if (LP_REFUSAL(2701, !is_writable(key))) {
        return LP_FIELD_VALUE;
    }
    lp_writer_open(w, '{');
    lp_writer_key(w, "keytype");
    lp_writer_string(w, key_type(key->scheme, dialect));
    lp_writer_key(w, "keyval");
    lp_writer_open(w, '{');
    lp_writer_key(w, "public");
    write_public(w, key);
    lp_writer_close(w, '}');
    if (dialect == LP_DIALECT_TUF) {
        lp_writer_key(w, "scheme");
        lp_writer_string(w, lp_scheme_name(key->scheme, dialect));
    }
    lp_writer_close(w, '}');
    return LP_OK;
}

lp_code lp_public_key_id(const lp_crypto *crypto, const lp_public_key *key, lp_dialect dialect,
                         char out[2 * LP_SHA256_BYTES + 1]) {
    char text[KEY_JSON_BYTES];
    uint8_t digest[LP_SHA256_BYTES];
    lp_writer w;
    lp_slice named;
    lp_writer_begin(&w, text, sizeof text, dialect);
    lp_code code = lp_public_key_write(&w, key, dialect);
    if (code == LP_OK) {
        code = lp_writer_end(&w, &named);
    }
    if (code != LP_OK) {
        return code;
    }
    if (dialect == LP_DIALECT_LEGACY) {
        lp_json object = {(const char *)named.ptr, named.len};
        lp_json public = lp_json_get(lp_json_get(object, "keyval"), "public");
        named = (lp_slice){(const uint8_t *)public.ptr, public.len};
    }
    if (LP_REFUSAL(2702, !lp_digest(crypto, LP_SHA256, named, digest))) {
        return LP_STATE;
    }
    lp_hex_encode(digest, sizeof digest, out);
    return LP_OK;
}
