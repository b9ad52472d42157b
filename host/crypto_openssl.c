/* SPDX-License-Identifier: Apache-2.0 */
#include "lampyr-host/openssl.h"

#include "public_key.h"

#include <errno.h>
#include <openssl/rsa.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

enum { CHUNK_BYTES = 32 * 1024 };

/* What lp_hash holds: where OpenSSL keeps the state. */
typedef struct running_hash {
    EVP_MD_CTX *context;
} running_hash;

static EVP_MD_CTX *context_of(const lp_hash *hash) {
    running_hash running;
    memcpy(&running, hash->opaque, sizeof running);
    return running.context;
}

static bool hash_begin(const lp_crypto *crypto, lp_hash *hash, lp_hash_alg alg) {
    (void)crypto;
    const EVP_MD *digest = alg == LP_SHA512 ? EVP_sha512() : EVP_sha256();
    running_hash running = {EVP_MD_CTX_new()};
    if (running.context == NULL || EVP_DigestInit_ex(running.context, digest, NULL) != 1) {
        EVP_MD_CTX_free(running.context);
        return false;
    }
    memcpy(hash->opaque, &running, sizeof running);
    return true;
}

static void hash_update(const lp_crypto *crypto, lp_hash *hash, const void *bytes, size_t len) {
    (void)crypto;
    EVP_DigestUpdate(context_of(hash), bytes, len);
}

static void hash_end(const lp_crypto *crypto, lp_hash *hash, uint8_t *digest) {
    (void)crypto;
    EVP_MD_CTX *context = context_of(hash);
    if (digest != NULL) {
        EVP_DigestFinal_ex(context, digest, NULL);
    }
    EVP_MD_CTX_free(context);
}

static bool verify(const lp_crypto *crypto, const lp_public_key *key, lp_slice signature, lp_slice message) {
    (void)crypto;
    EVP_PKEY *pkey = lp_public_key_to_pkey(key);
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    EVP_PKEY_CTX *options = NULL;
    const EVP_MD *digest = key->scheme == LP_SCHEME_ED25519 ? NULL : EVP_sha256();
    bool ok = pkey != NULL && context != NULL && EVP_DigestVerifyInit(context, &options, digest, NULL, pkey) == 1 &&
              (key->scheme != LP_SCHEME_RSA_PSS || lp_pss_options(options, RSA_PSS_SALTLEN_AUTO)) &&
              EVP_DigestVerify(context, signature.ptr, signature.len, message.ptr, message.len) == 1;
    EVP_MD_CTX_free(context);
    EVP_PKEY_free(pkey);
    return ok;
}

const lp_crypto lp_crypto_openssl = {hash_begin, hash_update, hash_end, verify};

bool lp_fd_sha256(int fd, uint8_t sha256[LP_SHA256_BYTES]) {
    const lp_crypto *crypto = &lp_crypto_openssl;
    uint8_t chunk[CHUNK_BYTES];
    lp_hash hash;
    ssize_t got;
    if (!crypto->hash_begin(crypto, &hash, LP_SHA256)) {
        errno = ENOMEM;
        return false;
    }
    while ((got = read(fd, chunk, sizeof chunk)) > 0 || (got < 0 && errno == EINTR)) {
        crypto->hash_update(crypto, &hash, chunk, got > 0 ? (size_t)got : 0);
    }
    int reason = errno;
    crypto->hash_end(crypto, &hash, got == 0 ? sha256 : NULL);
    errno = reason;
    return got == 0;
}

bool lp_random(void *out, size_t bytes) {
    for (size_t done = 0; done < bytes;) {
        ssize_t got = getrandom((uint8_t *)out + done, bytes - done, 0);
        if (got < 0 && errno != EINTR) {
            return false;
        }
        done += got > 0 ? (size_t)got : 0;
    }
    return true;
}
