/* SPDX-License-Identifier: Apache-2.0 */
/* OpenSSL that verifies no signature twice: one that was found valid is known by its key, its bytes and its message,
 * which are compared in full. Hashes are computed as ever. */
#ifndef LAMPYR_TEST_CAMPAIGN_CRYPTO_H
#define LAMPYR_TEST_CAMPAIGN_CRYPTO_H

#include "lampyr/crypto.h"

enum { KNOWN_SIGNATURES = 16, KNOWN_MESSAGE_BYTES = 16 * 1024 };

typedef struct known_signature {
    lp_public_key key;
    uint8_t signature[LP_SIGNATURE_BYTES];
    size_t signature_len;
    uint8_t message[KNOWN_MESSAGE_BYTES];
    size_t message_len;
} known_signature;

typedef struct campaign_crypto {
    lp_crypto vtable; /* first */
    known_signature known[KNOWN_SIGNATURES];
    size_t count;
    uint64_t verified; /* signatures that had to be computed */
} campaign_crypto;

void campaign_crypto_make(campaign_crypto *crypto);

#endif
