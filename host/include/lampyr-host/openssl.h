/* SPDX-License-Identifier: Apache-2.0 */
/* OpenSSL behind the verifier's crypto vtable, and key files. */
#ifndef LAMPYR_HOST_OPENSSL_H
#define LAMPYR_HOST_OPENSSL_H

#include "lampyr/crypto.h"

#include <openssl/evp.h>

/* The vtable: all three schemes, both hashes. Static, stateless, usable from any thread. */
extern const lp_crypto lp_crypto_openssl;

enum { LP_KEY_JSON_BYTES = 2 * LP_PUBLIC_KEY_BYTES + 512 };

/* A private key in memory; `signer` is what the verifier's writers take. Free with lp_key_free(). */
typedef struct lp_key {
    EVP_PKEY *pkey;
    lp_public_key public_key;
    lp_signer signer;
} lp_key;

/* Makes a new private key. `rsa_bits` is used for RSA only (2048 to 8192). LP_FIELD_VALUE, LP_STATE. */
lp_code lp_key_generate(lp_scheme scheme, unsigned rsa_bits, lp_dialect dialect, lp_key *out);

/* Loads a PKCS#8 PEM private key. The keyid is set as lp_public_key_id() does.
 * LP_UNREACHABLE with errno if it cannot be read, LP_FIELD_VALUE if it is no key of a known scheme. */
lp_code lp_key_load(const char *path, lp_dialect dialect, lp_key *out);

/* Writes the private key as PKCS#8 PEM to a new file of mode 0600, durably. LP_STATE, with errno; an
 * existing file is never overwritten. */
lp_code lp_key_save(const lp_key *key, const char *path);

/* Writes its public half as PEM (SubjectPublicKeyInfo) to a new file. LP_STATE. */
lp_code lp_key_save_public(const lp_key *key, const char *path);

void lp_key_free(lp_key *key);

/* Writes the key object of a public key as canonical JSON of `dialect`, terminated.
 * LP_LIMIT_MEMORY, LP_FIELD_VALUE. */
lp_code lp_public_key_json(const lp_public_key *key, lp_dialect dialect, char *out, size_t out_bytes);

/* Reads a public key from a PEM file (SubjectPublicKeyInfo). LP_UNREACHABLE, LP_FIELD_VALUE. */
lp_code lp_public_key_load(const char *path, lp_public_key *out);

/* The SHA-256 of what can be read from `fd`, to its end. False with errno. */
bool lp_fd_sha256(int fd, uint8_t sha256[LP_SHA256_BYTES]);

/* Fills `out` with random bytes. False if the system has none. */
bool lp_random(void *out, size_t bytes);

#endif
