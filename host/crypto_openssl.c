/* SPDX-License-Identifier: Apache-2.0 */
#include "lampyr-host/openssl.h"

#include "public_key.h"

#include <errno.h>
#include <openssl/rsa.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

enum { CHUNK_BYTES = 32 * 1024, ED25519_POINT_BYTES = 32 };

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

/* Is the encoding of a point canonical, its y coordinate below 2^255 - 19? */
static bool is_canonical(const uint8_t point[ED25519_POINT_BYTES]) {
    if ((point[ED25519_POINT_BYTES - 1] | 0x80) != 0xff || point[0] < 0xed) {
        return true;
    }
    for (size_t i = 1; i < ED25519_POINT_BYTES - 1; i++) {
        if (point[i] != 0xff) {
            return true;
        }
    }
    return false;
}

/* Does 8 times the point, canonically encoded, give the neutral element? Its sign, the last bit, does not matter. */
static bool has_small_order(const uint8_t point[ED25519_POINT_BYTES]) {
    static const uint8_t coordinates[][ED25519_POINT_BYTES] = {
        {0x01}, /* order 1 */
        {0xec, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
         0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f}, /* 2 */
        {0x00},                                                                                           /* 4 */
        {0x26, 0xe8, 0x95, 0x8f, 0xc2, 0xb2, 0x27, 0xb0, 0x45, 0xc3, 0xf4, 0x89, 0xf2, 0xef, 0x98, 0xf0,
         0xd5, 0xdf, 0xac, 0x05, 0xd3, 0xc6, 0x33, 0x39, 0xb1, 0x38, 0x02, 0x88, 0x6d, 0x53, 0xfc, 0x05}, /* 8 */
        {0xc7, 0x17, 0x6a, 0x70, 0x3d, 0x4d, 0xd8, 0x4f, 0xba, 0x3c, 0x0b, 0x76, 0x0d, 0x10, 0x67, 0x0f,
         0x2a, 0x20, 0x53, 0xfa, 0x2c, 0x39, 0xcc, 0xc6, 0x4e, 0xc7, 0xfd, 0x77, 0x92, 0xac, 0x03, 0x7a}, /* 8 */
    };
    uint8_t y[ED25519_POINT_BYTES];
    memcpy(y, point, sizeof y);
    y[sizeof y - 1] &= 0x7f;
    for (size_t i = 0; i < sizeof coordinates / sizeof coordinates[0]; i++) {
        if (memcmp(y, coordinates[i], sizeof y) == 0) {
            return true;
        }
    }
    return false;
}

/* The points that boards refuse, whose library is stricter than RFC 8032 and OpenSSL: a verdict must not depend on the
 * machine. For a key of small order everybody can sign. */
static bool ed25519_points_sound(const lp_public_key *key, lp_slice signature) {
    return key->len == ED25519_POINT_BYTES && signature.len >= ED25519_POINT_BYTES && is_canonical(key->bytes) &&
           !has_small_order(key->bytes) && is_canonical(signature.ptr) && !has_small_order(signature.ptr);
}

static bool verify(const lp_crypto *crypto, const lp_public_key *key, lp_slice signature, lp_slice message) {
    (void)crypto;
    if (key->scheme == LP_SCHEME_ED25519 && !ed25519_points_sound(key, signature)) {
        return false;
    }
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
