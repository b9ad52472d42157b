/* SPDX-License-Identifier: Apache-2.0 */
#include "lampyr-host/files.h"
#include "lampyr-host/openssl.h"

#include "public_key.h"

#include <openssl/bio.h>
#include <openssl/crypto.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <stdlib.h>
#include <string.h>

enum { PEM_FILE_BYTES = 64 * 1024 };

static bool sign(const lp_signer *signer, lp_slice message, uint8_t *signature, size_t *len) {
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    EVP_PKEY_CTX *options = NULL;
    const EVP_MD *digest = signer->scheme == LP_SCHEME_ED25519 ? NULL : EVP_sha256();
    size_t room = LP_SIGNATURE_BYTES;
    bool ok = context != NULL && EVP_DigestSignInit(context, &options, digest, NULL, signer->ctx) == 1 &&
              (signer->scheme != LP_SCHEME_RSA_PSS || lp_pss_options(options, RSA_PSS_SALTLEN_DIGEST)) &&
              EVP_DigestSign(context, signature, &room, message.ptr, message.len) == 1;
    EVP_MD_CTX_free(context);
    if (ok) {
        *len = room;
    }
    return ok;
}

/* Takes `pkey` over, also on failure. */
static lp_code make_key(EVP_PKEY *pkey, lp_dialect dialect, lp_key *out) {
    lp_key key = {.pkey = pkey};
    if (!lp_public_key_from_pkey(pkey, &key.public_key) || EVP_PKEY_get_size(pkey) > LP_SIGNATURE_BYTES) {
        EVP_PKEY_free(pkey);
        return LP_FIELD_VALUE;
    }
    key.signer = (lp_signer){.scheme = key.public_key.scheme, .sign = sign, .ctx = pkey};
    lp_code code = lp_public_key_id(&lp_crypto_openssl, &key.public_key, dialect, key.signer.keyid);
    if (code != LP_OK) {
        EVP_PKEY_free(pkey);
        return code;
    }
    *out = key;
    return LP_OK;
}

lp_code lp_key_generate(lp_scheme scheme, unsigned rsa_bits, lp_dialect dialect, lp_key *out) {
    EVP_PKEY *pkey = NULL;
    switch (scheme) {
    case LP_SCHEME_ED25519:
        pkey = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
        break;
    case LP_SCHEME_ECDSA_P256:
        pkey = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");
        break;
    case LP_SCHEME_RSA_PSS:
        if (rsa_bits < 2048 || rsa_bits > 8192) {
            return LP_FIELD_VALUE;
        }
        pkey = EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)rsa_bits);
        break;
    case LP_SCHEME_UNKNOWN:
        return LP_FIELD_VALUE;
    }
    return pkey != NULL ? make_key(pkey, dialect, out) : LP_STATE;
}

/* Programs run unattended: an encrypted key is refused instead of asking a terminal for its password. */
static int no_password(char *buffer, int size, int writing, void *user) {
    (void)buffer, (void)size, (void)writing, (void)user;
    return -1;
}

lp_code lp_key_load(const char *path, lp_dialect dialect, lp_key *out) {
    uint8_t *pem;
    size_t len;
    if (!lp_file_read(path, PEM_FILE_BYTES, &pem, &len)) {
        return LP_UNREACHABLE;
    }
    BIO *bio = BIO_new_mem_buf(pem, (int)len);
    EVP_PKEY *pkey = bio != NULL ? PEM_read_bio_PrivateKey(bio, NULL, no_password, NULL) : NULL;
    BIO_free(bio);
    OPENSSL_cleanse(pem, len);
    free(pem);
    return pkey != NULL ? make_key(pkey, dialect, out) : LP_FIELD_VALUE;
}

/* Takes `pem` over; `written` says whether it was filled. */
static lp_code save_pem(BIO *pem, bool written, const char *path, mode_t mode) {
    if (written) {
        char *text;
        size_t len = (size_t)BIO_get_mem_data(pem, &text);
        written = lp_file_create(path, (lp_slice){(const uint8_t *)text, len}, mode);
        OPENSSL_cleanse(text, len);
    }
    BIO_free(pem);
    return written ? LP_OK : LP_STATE;
}

lp_code lp_key_save(const lp_key *key, const char *path) {
    BIO *pem = BIO_new(BIO_s_mem());
    bool written = pem != NULL && PEM_write_bio_PKCS8PrivateKey(pem, key->pkey, NULL, NULL, 0, NULL, NULL) == 1;
    return save_pem(pem, written, path, 0600);
}

lp_code lp_key_save_public(const lp_key *key, const char *path) {
    BIO *pem = BIO_new(BIO_s_mem());
    bool written = pem != NULL && PEM_write_bio_PUBKEY(pem, key->pkey) == 1;
    return save_pem(pem, written, path, 0644);
}

void lp_key_free(lp_key *key) {
    EVP_PKEY_free(key->pkey);
    key->pkey = NULL;
}

lp_code lp_public_key_json(const lp_public_key *key, lp_dialect dialect, char *out, size_t out_bytes) {
    lp_writer w;
    lp_slice json;
    lp_writer_begin(&w, out, out_bytes, dialect);
    lp_code code = lp_public_key_write(&w, key, dialect);
    if (code == LP_OK) {
        code = lp_writer_end(&w, &json);
    }
    if (code == LP_OK && json.len == out_bytes) {
        code = LP_LIMIT_MEMORY;
    }
    if (code == LP_OK) {
        out[json.len] = '\0';
    }
    return code;
}

lp_code lp_public_key_load(const char *path, lp_public_key *out) {
    uint8_t *pem;
    size_t len;
    if (!lp_file_read(path, PEM_FILE_BYTES, &pem, &len)) {
        return LP_UNREACHABLE;
    }
    BIO *bio = BIO_new_mem_buf(pem, (int)len);
    EVP_PKEY *pkey = bio != NULL ? PEM_read_bio_PUBKEY(bio, NULL, NULL, NULL) : NULL;
    lp_code code = pkey != NULL && lp_public_key_from_pkey(pkey, out) ? LP_OK : LP_FIELD_VALUE;
    EVP_PKEY_free(pkey);
    BIO_free(bio);
    free(pem);
    return code;
}
