/* SPDX-License-Identifier: Apache-2.0 */
/* Where the ECU's private key is: behind two callbacks, so that a secure element can take the place of flash. */
#ifndef LAMPYR_BOARD_KEYSTORE_H
#define LAMPYR_BOARD_KEYSTORE_H

#include "lampyr-store/layout.h"
#include "lampyr/crypto.h"

typedef struct lp_keystore lp_keystore;
struct lp_keystore {
    /* The public half. False if there is no key. */
    bool (*public_key)(const lp_keystore *store, lp_public_key *out);
    /* Signs `message` with it into `signature` (room for LP_SIGNATURE_BYTES) and sets `*len`. False on failure. */
    bool (*sign)(const lp_keystore *store, lp_slice message, uint8_t *signature, size_t *len);
    void *ctx; /* the implementation's */
};

/* The public key, and a signer for it, which the agent takes; `store` must outlive the signer. False if there is no
 * key, or its scheme is not for ECUs. */
bool lp_keystore_signer(const lp_keystore *store, const lp_crypto *crypto, lp_dialect dialect,
                        lp_public_key *public_key, lp_signer *signer);

/* --- A key in a page of flash (docs/BOARD.md, "Key"). It is made where the board is provisioned, so that its public
 * half is in the director's inventory before the board first speaks (Uptane 2.1.0, 5.4.1); the page is locked before
 * the application first runs, and no loader has to find random numbers. --- */

enum { LP_PRIVATE_KEY_BYTES = 32, LP_KEY_PAGE_BYTES = 112 };

/* The port's: signs with a private key of `scheme` (ed25519: the seed; P-256: the integer, big-endian). */
typedef bool (*lp_private_key_sign)(lp_scheme scheme, const uint8_t private_key[LP_PRIVATE_KEY_BYTES], lp_slice message,
                                    uint8_t *signature, size_t *len);

typedef struct lp_key_page {
    const lp_flash *flash;
    const lp_layout *layout;
    lp_private_key_sign sign;
} lp_key_page;

/* The key store over `page`, which must outlive it. */
lp_keystore lp_key_page_store(lp_key_page *page);

/* Writes a key as it lies in the page, for provisioning. False if `public_key` is not ed25519 or P-256. */
bool lp_key_page_write(const lp_public_key *public_key, const uint8_t private_key[LP_PRIVATE_KEY_BYTES],
                       uint8_t out[LP_KEY_PAGE_BYTES]);

#endif
