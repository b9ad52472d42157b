/* SPDX-License-Identifier: Apache-2.0 */
/* QEMU's board has no source of random numbers: who starts it puts 32 random bytes behind flash, which are stretched
 * here and replaced with every use, so that a reset does not bring the same numbers again. */
#include "lampyr-crypto/bearssl.h"
#include "lampyr-port/network.h"

#include <string.h>

enum { SEED_AT = 0x21081000 };

/* digest(which, seed) */
static bool derive(uint8_t which, const uint8_t *seed, uint8_t *out) {
    uint8_t input[1 + LP_SHA256_BYTES] = {which};
    memcpy(input + 1, seed, LP_SHA256_BYTES);
    return lp_digest(&lp_crypto_bearssl, LP_SHA256, (lp_slice){input, sizeof input}, out);
}

bool lp_board_random(void *out, size_t len) {
    static const uint8_t none[LP_SHA256_BYTES];
    uint8_t *seed = (uint8_t *)(uintptr_t)SEED_AT; // NOLINT(performance-no-int-to-ptr)
    uint8_t *to = out;
    if (memcmp(seed, none, sizeof none) == 0) {
        return false;
    }
    while (len > 0) {
        uint8_t bytes[LP_SHA256_BYTES];
        uint8_t next[LP_SHA256_BYTES];
        size_t some = len < sizeof bytes ? len : sizeof bytes;
        if (!derive(0, seed, bytes) || !derive(1, seed, next)) {
            return false;
        }
        memcpy(seed, next, sizeof next);
        memcpy(to, bytes, some);
        to += some;
        len -= some;
    }
    return true;
}
