/* SPDX-License-Identifier: Apache-2.0 */
/* Public keys: from a key object to the one normal form of the key. */
#include "lampyr/crypto.h"
#include "lampyr/encode.h"

#include <string.h>

enum {
    PEM_BYTES = LP_CONSTRAINED ? 256 : 2048, /* text of the largest key */
    DER_BYTES = LP_CONSTRAINED ? 96 : 1200,
    MODULUS_MIN_BYTES = 256, /* RSA-2048 */
};

/* DER of SubjectPublicKeyInfo up to the point, for an uncompressed P-256 key (RFC 5480). */
static const uint8_t p256_prefix[] = {0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48,
                                      0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86, 0x48,
                                      0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00, 0x04};
enum { P256_POINT_BYTES = 64 };

/* Moves `*p` past `text` if it stands there. */
static bool skip_text(const char **p, const char *text) {
    size_t len = strlen(text);
    for (size_t i = 0; i < len; i++) {
        if ((*p)[i] != text[i]) {
            return false;
        }
    }
    *p += len;
    return true;
}

/* Decodes the base64 between the PEM lines of a SubjectPublicKeyInfo; `text` loses its line ends.
 * Returns the length of the DER, 0 if it is no such PEM. */
static size_t pem_decode(char *text, uint8_t *der, size_t der_bytes) {
    const char *p = text;
    if (!skip_text(&p, "-----BEGIN PUBLIC KEY-----") || (*p != '\n' && *p != '\r')) {
        return 0;
    }
    size_t kept = 0;
    for (; *p != '\0' && *p != '-' && *p != '\\'; p++) {
        if (*p != '\n' && *p != '\r') {
            text[kept++] = *p;
        }
    }
    size_t len = 0;
    bool ends = skip_text(&p, "-----END PUBLIC KEY-----");
    while (*p == '\n' || *p == '\r') {
        p++;
    }
    ends = ends && *p == '\0';
    return ends && lp_base64_decode((lp_str){text, kept}, der, der_bytes, &len) == LP_OK ? len : 0;
}

static bool read_ed25519(lp_str value, lp_public_key *out) {
    size_t len = 0;
    lp_code code = lp_hex_decode(value, out->bytes, LP_SHA256_BYTES, &len);
    out->len = LP_SHA256_BYTES;
    return code == LP_OK && len == LP_SHA256_BYTES;
}

static bool read_p256(lp_str value, lp_public_key *out) {
    char pem[PEM_BYTES];
    uint8_t der[DER_BYTES];
    if (lp_str_copy(value, pem, sizeof pem, NULL) != LP_OK ||
        pem_decode(pem, der, sizeof der) != sizeof p256_prefix + P256_POINT_BYTES ||
        memcmp(der, p256_prefix, sizeof p256_prefix) != 0) {
        return false;
    }
    memcpy(out->bytes, der + sizeof p256_prefix, P256_POINT_BYTES);
    out->len = P256_POINT_BYTES;
    return true;
}

#if !LP_CONSTRAINED

/* Enters the DER element of type `tag` at `*p`: `*p` moves to its content, `*len` is that content's length.
 * False unless it is encoded the one way DER allows and ends by `end`. */
static bool der_enter(const uint8_t **p, const uint8_t *end, uint8_t tag, size_t *len) {
    const uint8_t *q = *p;
    if (end - q < 2 || q[0] != tag) {
        return false;
    }
    size_t size = q[1];
    q += 2;
    if (size >= 0x80) {
        size_t count = size & 0x7f;
        if (count < 1 || count > 2 || (size_t)(end - q) < count || q[0] == 0) {
            return false;
        }
        size = count == 1 ? q[0] : (size_t)q[0] << 8 | q[1];
        q += count;
        if (size < 0x80) {
            return false;
        }
    }
    if ((size_t)(end - q) < size) {
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
    return shortest && p[0] < 0x80 && (p[len - 1] & 1) == 1;
}

/* True if `der` is an RSAPublicKey (RFC 8017, A.1.1) with a modulus of at least 2048 bits. */
static bool rsa_is_strong(const uint8_t *der, size_t der_len) {
    const uint8_t *p = der;
    const uint8_t *end = der + der_len;
    size_t len;
    if (!der_enter(&p, end, 0x30, &len) || p + len != end) {
        return false;
    }
    if (!der_enter(&p, end, 0x02, &len) || len < MODULUS_MIN_BYTES + 1 || p[0] != 0 || p[1] < 0x80) {
        return false; /* 2048 bits and more in whole bytes: a leading zero, then the top bit */
    }
    p += len;
    return der_enter(&p, end, 0x02, &len) && p + len == end && exponent_is_usable(p, len);
}

static bool read_rsa(lp_str value, lp_public_key *out) {
    static const uint8_t algorithm[] = {0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86,
                                        0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00};
    char pem[PEM_BYTES];
    uint8_t der[DER_BYTES];
    if (lp_str_copy(value, pem, sizeof pem, NULL) != LP_OK) {
        return false;
    }
    size_t der_len = pem_decode(pem, der, sizeof der);
    const uint8_t *p = der;
    const uint8_t *end = der + der_len;
    size_t len;
    if (!der_enter(&p, end, 0x30, &len) || p + len != end || (size_t)(end - p) < sizeof algorithm ||
        memcmp(p, algorithm, sizeof algorithm) != 0) {
        return false;
    }
    p += sizeof algorithm;
    if (!der_enter(&p, end, 0x03, &len) || p + len != end || len < 1 || p[0] != 0) {
        return false;
    }
    p++;
    len--;
    if (len > sizeof out->bytes || !rsa_is_strong(p, len)) {
        return false;
    }
    memcpy(out->bytes, p, len);
    out->len = (uint16_t)len;
    return true;
}

#else

static bool read_rsa(lp_str value, lp_public_key *out) {
    (void)value;
    (void)out;
    return false;
}

#endif

static bool is_one_of(lp_str s, const char *a, const char *b, const char *c) {
    return lp_str_is(s, a) || lp_str_is(s, b) || lp_str_is(s, c);
}

/* The scheme that type and scheme name; `scheme` is none in legacy metadata. */
static lp_scheme scheme_of(lp_str type, lp_str scheme) {
    lp_scheme by_type = is_one_of(type, "ed25519", "ED25519", "Ed25519")                  ? LP_SCHEME_ED25519
                        : is_one_of(type, "ecdsa", "ecdsa-sha2-nistp256", "ECPRIME256V1") ? LP_SCHEME_ECDSA_P256
                        : is_one_of(type, "rsa", "RSA", "Rsa")                            ? LP_SCHEME_RSA_PSS
                                                                                          : LP_SCHEME_UNKNOWN;
    static const char *const names[] = {"", "ed25519", "ecdsa-sha2-nistp256", "rsassa-pss-sha256"};
    bool fits = scheme.ptr == NULL || lp_str_is(scheme, names[by_type]);
    return fits ? by_type : LP_SCHEME_UNKNOWN;
}

lp_code lp_public_key_read(lp_json key, lp_public_key *out) {
    lp_json_field fields[] = {{.name = "keytype"}, {.name = "keyval"}, {.name = "scheme"}};
    lp_json_field keyval[] = {{.name = "public"}};
    lp_str type = {NULL, 0};
    lp_str scheme = {NULL, 0};
    lp_str value = {NULL, 0};
    lp_code code = key.ptr == NULL ? LP_FIELD_MISSING : lp_json_record(key, fields, 3);
    if (code == LP_OK) {
        code = lp_json_string(fields[0].value, &type);
    }
    if (code == LP_OK && fields[2].value.ptr != NULL) {
        code = lp_json_string(fields[2].value, &scheme);
    }
    if (code == LP_OK) {
        code = fields[1].value.ptr == NULL ? LP_FIELD_MISSING : lp_json_record(fields[1].value, keyval, 1);
    }
    if (code != LP_OK) {
        return code;
    }
    lp_public_key result = {.scheme = scheme_of(type, scheme)};
    bool known = result.scheme != LP_SCHEME_UNKNOWN && lp_json_string(keyval[0].value, &value) == LP_OK;
    known = known && (result.scheme == LP_SCHEME_ED25519      ? read_ed25519(value, &result)
                      : result.scheme == LP_SCHEME_ECDSA_P256 ? read_p256(value, &result)
                                                              : read_rsa(value, &result));
    if (!known) {
        result.scheme = LP_SCHEME_UNKNOWN;
        result.len = 0;
    }
    *out = result;
    return LP_OK;
}

bool lp_public_key_eq(const lp_public_key *a, const lp_public_key *b) {
    return a->scheme == b->scheme && a->len == b->len && memcmp(a->bytes, b->bytes, a->len) == 0;
}
