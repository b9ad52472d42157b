/* SPDX-License-Identifier: Apache-2.0 */
/* The verifier's crypto vtable for microcontrollers: SHA-256 and P-256 by BearSSL; SHA-512 by BearSSL and ed25519 by
 * libsodium where they are built in (CMake: LAMPYR_SHA512, LAMPYR_ED25519). No heap, no globals.
 * Verdicts are those of lp_crypto_openssl on the host, ed25519 keys and signatures of small order apart: those are
 * refused here, whoever made them. */
#ifndef LAMPYR_CRYPTO_BEARSSL_H
#define LAMPYR_CRYPTO_BEARSSL_H

#include "lampyr/crypto.h"

extern const lp_crypto lp_crypto_bearssl;

enum { LP_P256_SECRET_BYTES = 32 };

/* Signs `message` (ecdsa-sha2-nistp256) with the private key `secret`, an integer in big-endian order, into `signature`
 * (room for LP_SIGNATURE_BYTES) and sets `*len`. The nonce follows from key and message (RFC 6979), so no random
 * numbers are needed. False if `secret` is zero or not below the group's order. On a Cortex-M3 long multiplications
 * take longer for larger factors: whoever can measure a signature's time to the cycle learns about the key. Sign what
 * only the ECU itself chooses, as reports are. */
bool lp_p256_sign(const uint8_t secret[LP_P256_SECRET_BYTES], lp_slice message, uint8_t *signature, size_t *len);

/* The public key of `secret`. False as above. */
bool lp_p256_public(const uint8_t secret[LP_P256_SECRET_BYTES], lp_public_key *out);

#endif
