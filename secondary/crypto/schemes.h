/* SPDX-License-Identifier: Apache-2.0 */
/* Signature schemes behind the vtable, one file each. */
#ifndef LAMPYR_CRYPTO_SCHEMES_H
#define LAMPYR_CRYPTO_SCHEMES_H

#include "lampyr/crypto.h"

/* True if `signature` (DER) over `message` is valid under the P-256 key. */
bool lp_p256_verify(const lp_public_key *key, lp_slice signature, lp_slice message);

/* The same for ed25519. */
bool lp_ed25519_verify(const lp_public_key *key, lp_slice signature, lp_slice message);

#endif
