/* SPDX-License-Identifier: Apache-2.0 */
/* What the verifier needs from a cryptographic library, as one small vtable.
 * Implementations: host/crypto_openssl.c; BearSSL in firmware. */
#ifndef LAMPYR_CRYPTO_H
#define LAMPYR_CRYPTO_H

#include "lampyr/error.h"
#include "lampyr/json.h"
#include "lampyr/limits.h"
#include "lampyr/slice.h"

typedef enum lp_scheme {
    LP_SCHEME_UNKNOWN = 0, /* tolerated in metadata, never counted */
    LP_SCHEME_ED25519,
    LP_SCHEME_ECDSA_P256, /* ecdsa-sha2-nistp256, DER signatures */
    LP_SCHEME_RSA_PSS,    /* rsassa-pss-sha256, MGF1 with SHA-256, any salt length */
} lp_scheme;

typedef enum lp_hash_alg {
    LP_SHA256 = 0,
    LP_SHA512,
} lp_hash_alg;

enum { LP_SHA256_BYTES = 32, LP_SHA512_BYTES = 64 };

/* A public key in its one normal form, so that equal keys are equal bytes:
 * ed25519: 32 bytes; P-256: X and Y, 64 bytes; RSA: DER of RSAPublicKey (RFC 8017, A.1.1). */
typedef struct lp_public_key {
    lp_scheme scheme;
    uint16_t len;
    uint8_t bytes[LP_PUBLIC_KEY_BYTES];
} lp_public_key;

/* State of one running hash. Implementations keep what fits here; it must be ended by hash_end(). */
typedef struct lp_hash {
    uint64_t opaque[28];
} lp_hash;

typedef struct lp_crypto lp_crypto;
struct lp_crypto {
    /* Begins a hash. False if the algorithm is not built in or memory is short. */
    bool (*hash_begin)(const lp_crypto *crypto, lp_hash *hash, lp_hash_alg alg);
    void (*hash_update)(const lp_crypto *crypto, lp_hash *hash, const void *bytes, size_t len);
    /* Ends it and releases what it held. `digest` (32 or 64 bytes) may be NULL to give it up. */
    void (*hash_end)(const lp_crypto *crypto, lp_hash *hash, uint8_t *digest);
    /* True only if `signature`, which may be of any length, 0 included, is valid over `message` under `key`. Points of
     * ed25519, keys and R, that have small order or no canonical encoding: false. Schemes that are not built in: false;
     * LP_SCHEME_UNKNOWN is not asked for. */
    bool (*verify)(const lp_crypto *crypto, const lp_public_key *key, lp_slice signature, lp_slice message);
};

/* A private key that can sign; the key itself stays behind the callback. */
typedef struct lp_signer lp_signer;
struct lp_signer {
    lp_scheme scheme;
    char keyid[LP_SHA256_BYTES * 2 + 1];
    /* Signs `message` into `signature` (room for LP_SIGNATURE_BYTES) and sets `*len`. False on failure. */
    bool (*sign)(const lp_signer *signer, lp_slice message, uint8_t *signature, size_t *len);
    void *ctx; /* the implementation's */
};

/* Digest of `message` in one go. False if the algorithm is not built in. */
bool lp_digest(const lp_crypto *crypto, lp_hash_alg alg, lp_slice message, uint8_t *digest);

/* Reads a key object of root or targets metadata (TUF 1.0.34, 4.2.2; legacy spellings included).
 * An unknown type or scheme, or a key that is too weak (RSA below 2048 bits or with exponent 1), is LP_OK with
 * scheme LP_SCHEME_UNKNOWN: it is ignored unless the threshold then fails.
 * LP_FIELD_MISSING, LP_FIELD_TYPE, LP_FIELD_VALUE for an object that is no key at all. */
lp_code lp_public_key_read(lp_json key, lp_public_key *out);

/* Writes a key object as lp_public_key_read() takes it, in the spelling of `dialect`: ed25519 in lower-case hex,
 * P-256 and RSA as PEM of SubjectPublicKeyInfo (RFC 5280, 4.1; RSA not in firmware).
 * LP_FIELD_VALUE for a key of unknown scheme or impossible length; what does not fit is remembered by `w`. */
lp_code lp_public_key_write(lp_writer *w, const lp_public_key *key, lp_dialect dialect);

/* The keyid of a public key, lower-case hex, terminated, as `dialect` defines it (tuf: SHA-256 of the canonical key
 * object; legacy: of the canonical JSON of the public-key string). LP_FIELD_VALUE as lp_public_key_write(); LP_STATE if
 * SHA-256 is not to be had. */
lp_code lp_public_key_id(const lp_crypto *crypto, const lp_public_key *key, lp_dialect dialect,
                         char out[2 * LP_SHA256_BYTES + 1]);

/* The name of a scheme: `scheme` of keys in tuf, `method` of signatures in legacy, e.g. "ecdsa-sha2-nistp256";
 * "" for LP_SCHEME_UNKNOWN. Static; never NULL. */
const char *lp_scheme_name(lp_scheme scheme, lp_dialect dialect);

/* True if both are the same key. */
bool lp_public_key_eq(const lp_public_key *a, const lp_public_key *b);

/* Digests of a file, as metadata lists them. */
typedef struct lp_hashes {
    bool has_sha256;
    bool has_sha512;
    uint8_t sha256[LP_SHA256_BYTES];
    uint8_t sha512[LP_SHA512_BYTES];
} lp_hashes;

/* Reads a `hashes` object. Algorithms that are not known are skipped; at least one known digest
 * is required (LP_FIELD_VALUE). LP_FIELD_TYPE, LP_FIELD_VALUE for a digest of the wrong form, LP_LIMIT_RECORD.
 * After a failure `out` holds nothing of use. */
lp_code lp_hashes_read(lp_json hashes, lp_hashes *out);

/* True if both list a common algorithm and agree on every common one. */
bool lp_hashes_agree(const lp_hashes *a, const lp_hashes *b);

/* Adds the digests that `more` lists to `hashes`, in place of those of the same algorithm. */
void lp_hashes_add(lp_hashes *hashes, const lp_hashes *more);

/* LP_OK if every listed digest matches `bytes`, else LP_HASH_MISMATCH. */
lp_code lp_hashes_check(const lp_crypto *crypto, const lp_hashes *hashes, lp_slice bytes);

/* Checks an image that arrives in pieces: length and every listed digest (Uptane 2.1.0, 5.4.3.4 step 7). */
typedef struct lp_image_check {
    const lp_crypto *crypto;
    lp_hashes expected;
    uint64_t length_bytes;
    uint64_t seen_bytes;
    lp_hash sha256;
    lp_hash sha512;
} lp_image_check;

/* Starts. LP_FIELD_VALUE if no digest listed is one the crypto vtable can compute. */
lp_code lp_image_check_begin(lp_image_check *check, const lp_crypto *crypto, const lp_hashes *expected,
                             uint64_t length_bytes);
/* Feeds the next bytes. LP_IMAGE_LENGTH as soon as there are too many (endless data). */
lp_code lp_image_check_update(lp_image_check *check, const void *bytes, size_t len);
/* Ends, always releasing. LP_IMAGE_LENGTH if bytes are missing, LP_IMAGE_HASH if a digest differs. */
lp_code lp_image_check_end(lp_image_check *check);

#endif
