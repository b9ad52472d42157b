/* SPDX-License-Identifier: Apache-2.0 */
/* Between the verifier's form of a public key and OpenSSL's. Private to host/. */
#ifndef LAMPYR_HOST_PUBLIC_KEY_H
#define LAMPYR_HOST_PUBLIC_KEY_H

#include "lampyr/crypto.h"

#include <openssl/evp.h>

/* NULL if the bytes are no key of their scheme. EVP_PKEY_free() it. */
EVP_PKEY *lp_public_key_to_pkey(const lp_public_key *key);

/* The public half of `pkey`. False if it is of no scheme that Lampyr knows. */
bool lp_public_key_from_pkey(const EVP_PKEY *pkey, lp_public_key *out);

/* Sets PSS with MGF1-SHA-256 and the given salt length on a signature context. */
bool lp_pss_options(EVP_PKEY_CTX *context, int salt_bytes);

#endif
