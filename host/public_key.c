/* SPDX-License-Identifier: Apache-2.0 */
#include "public_key.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/rsa.h>
#include <string.h>

enum { ED25519_BYTES = 32, COORDINATE_BYTES = 32 };

static EVP_PKEY *p256_from_point(const uint8_t point[2 * COORDINATE_BYTES]) {
    uint8_t uncompressed[1 + 2 * COORDINATE_BYTES] = {0x04};
    memcpy(uncompressed + 1, point, 2 * COORDINATE_BYTES);
    char group[] = "P-256";
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, group, 0),
        OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, uncompressed, sizeof uncompressed),
        OSSL_PARAM_construct_end(),
    };
    EVP_PKEY *pkey = NULL;
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
    if (context != NULL && EVP_PKEY_fromdata_init(context) == 1) {
        EVP_PKEY_fromdata(context, &pkey, EVP_PKEY_PUBLIC_KEY, params);
    }
    EVP_PKEY_CTX_free(context);
    return pkey;
}

static EVP_PKEY *rsa_from_der(const uint8_t *der, size_t len) {
    const uint8_t *end = der;
    EVP_PKEY *pkey = d2i_PublicKey(EVP_PKEY_RSA, NULL, &end, (long)len);
    if (pkey != NULL && end != der + len) {
        EVP_PKEY_free(pkey);
        return NULL;
    }
    return pkey;
}

EVP_PKEY *lp_public_key_to_pkey(const lp_public_key *key) {
    switch (key->scheme) {
    case LP_SCHEME_ED25519:
        return EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, key->bytes, key->len);
    case LP_SCHEME_ECDSA_P256:
        return key->len == 2 * COORDINATE_BYTES ? p256_from_point(key->bytes) : NULL;
    case LP_SCHEME_RSA_PSS:
        return rsa_from_der(key->bytes, key->len);
    case LP_SCHEME_UNKNOWN:
        break;
    }
    return NULL;
}

/* `name` is a coordinate of the public point. */
static bool read_coordinate(const EVP_PKEY *pkey, const char *name, uint8_t out[COORDINATE_BYTES]) {
    BIGNUM *number = NULL;
    bool ok = EVP_PKEY_get_bn_param(pkey, name, &number) == 1 &&
              BN_bn2binpad(number, out, COORDINATE_BYTES) == COORDINATE_BYTES;
    BN_free(number);
    return ok;
}

static bool read_p256(const EVP_PKEY *pkey, lp_public_key *out) {
    char group[32];
    if (EVP_PKEY_get_utf8_string_param(pkey, OSSL_PKEY_PARAM_GROUP_NAME, group, sizeof group, NULL) != 1 ||
        strcmp(group, "prime256v1") != 0) {
        return false;
    }
    out->scheme = LP_SCHEME_ECDSA_P256;
    out->len = 2 * COORDINATE_BYTES;
    return read_coordinate(pkey, OSSL_PKEY_PARAM_EC_PUB_X, out->bytes) &&
           read_coordinate(pkey, OSSL_PKEY_PARAM_EC_PUB_Y, out->bytes + COORDINATE_BYTES);
}

static bool read_rsa(const EVP_PKEY *pkey, lp_public_key *out) {
    uint8_t *der = NULL;
    int len = i2d_PublicKey(pkey, &der);
    bool ok = len > 0 && len <= LP_PUBLIC_KEY_BYTES && EVP_PKEY_get_bits(pkey) >= 2048;
    if (ok) {
        out->scheme = LP_SCHEME_RSA_PSS;
        out->len = (uint16_t)len;
        memcpy(out->bytes, der, (size_t)len);
    }
    OPENSSL_free(der);
    return ok;
}

bool lp_public_key_from_pkey(const EVP_PKEY *pkey, lp_public_key *out) {
    lp_public_key key = {0};
    size_t len = ED25519_BYTES;
    bool ok = false;
    switch (EVP_PKEY_get_base_id(pkey)) {
    case EVP_PKEY_ED25519:
        key.scheme = LP_SCHEME_ED25519;
        key.len = ED25519_BYTES;
        ok = EVP_PKEY_get_raw_public_key(pkey, key.bytes, &len) == 1;
        break;
    case EVP_PKEY_EC:
        ok = read_p256(pkey, &key);
        break;
    case EVP_PKEY_RSA:
        ok = read_rsa(pkey, &key);
        break;
    default:
        break;
    }
    if (ok) {
        *out = key;
    }
    return ok;
}

bool lp_pss_options(EVP_PKEY_CTX *context, int salt_bytes) {
    return EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PSS_PADDING) == 1 &&
           EVP_PKEY_CTX_set_rsa_pss_saltlen(context, salt_bytes) == 1 &&
           EVP_PKEY_CTX_set_rsa_mgf1_md(context, EVP_sha256()) == 1;
}
