/* SPDX-License-Identifier: Apache-2.0 */
#include "campaign_crypto.h"

#include "lampyr-host/openssl.h"

#include <string.h>

static bool is_known(const known_signature *known, const lp_public_key *key, lp_slice signature, lp_slice message) {
    return known->message_len == message.len && known->signature_len == signature.len &&
           lp_public_key_eq(&known->key, key) && memcmp(known->signature, signature.ptr, signature.len) == 0 &&
           memcmp(known->message, message.ptr, message.len) == 0;
}

static void learn(campaign_crypto *crypto, const lp_public_key *key, lp_slice signature, lp_slice message) {
    if (crypto->count == KNOWN_SIGNATURES || message.len > KNOWN_MESSAGE_BYTES) {
        return;
    }
    known_signature *known = &crypto->known[crypto->count++];
    known->key = *key;
    memcpy(known->signature, signature.ptr, signature.len);
    known->signature_len = signature.len;
    memcpy(known->message, message.ptr, message.len);
    known->message_len = message.len;
}

static bool verify(const lp_crypto *vtable, const lp_public_key *key, lp_slice signature, lp_slice message) {
    campaign_crypto *crypto = (campaign_crypto *)(uintptr_t)vtable;
    for (size_t i = 0; i < crypto->count; i++) {
        if (is_known(&crypto->known[i], key, signature, message)) {
            return true;
        }
    }
    crypto->verified++;
    if (!lp_crypto_openssl.verify(&lp_crypto_openssl, key, signature, message)) {
        return false;
    }
    learn(crypto, key, signature, message);
    return true;
}

void campaign_crypto_make(campaign_crypto *crypto) {
    memset(crypto, 0, sizeof *crypto);
    crypto->vtable = lp_crypto_openssl;
    crypto->vtable.verify = verify;
}
