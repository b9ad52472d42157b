/* SPDX-License-Identifier: Apache-2.0 */
/* Counts instructions: of the crypto, of whole checks of the packed vectors, and of those without the signatures.
 *
 * With -icount shift=0 an instruction takes a nanosecond of the board's time, and a timer of 25 MHz counts 40 of them.
 */
#include "block.h"
#include "devices.h"
#include "judge.h"

#include "core.h"
#include "lampyr-crypto/bearssl.h"
#include "lampyr-port/port.h"
#include "lampyr/encode.h"

#include <string.h>

/* Arm DDI 0479, "APB timer", programmers model */
enum {
    TIMER = 0x40000000,
    TIMER_CTRL = TIMER + 0x0,
    TIMER_VALUE = TIMER + 0x4,
    TIMER_RELOAD = TIMER + 0x8,
    TIMER_ENABLE = 1,
    INSTRUCTIONS_PER_COUNT = 40,
    HASHED_BYTES = 64 * 1024,
};
static const uint32_t timer_start = UINT32_MAX;

static void begin_counting(void) {
    *lp_register(TIMER_RELOAD) = timer_start;
    *lp_register(TIMER_VALUE) = timer_start;
    *lp_register(TIMER_CTRL) = TIMER_ENABLE;
}

static uint64_t count(void) {
    return (uint64_t)(timer_start - *lp_register(TIMER_VALUE)) * INSTRUCTIONS_PER_COUNT;
}

static void put(const char *text) {
    lp_board_write(text, strlen(text));
}

static void report(const char *what, uint64_t before) {
    char number[LP_UINT_TEXT_BYTES];
    lp_uint_format(count() - before, number);
    put(what);
    put(" ");
    put(number);
    put("\n");
}

/* Two million instructions, to see that the others are counted right. */
static void count_a_loop(void) {
    uint64_t before = count();
    uint32_t rounds = 1000000;
    __asm volatile("1: subs %0, #1\n bne 1b" : "+r"(rounds) : : "cc");
    report("loop", before);
}

static void count_p256(void) {
    static const uint8_t secret[LP_P256_SECRET_BYTES] = {[0] = 0x7f, [31] = 0x2a};
    const lp_slice message = {secret, sizeof secret};
    uint8_t signature[LP_SIGNATURE_BYTES];
    lp_public_key key;
    size_t len = 0;
    uint64_t before = count();
    bool ok = lp_p256_sign(secret, message, signature, &len);
    report("p256-sign", before);
    ok = ok && lp_p256_public(secret, &key);
    before = count();
    ok = ok && lp_crypto_bearssl.verify(&lp_crypto_bearssl, &key, (lp_slice){signature, len}, message);
    report("p256-verify", before);
    if (!ok) {
        lp_machine_stop(1);
    }
}

/* RFC 8032, 7.1, test 2. */
static void count_ed25519(void) {
    static const char key_hex[] = "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c";
    static const char signature_hex[] = "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
                                        "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00";
    lp_public_key key = {.scheme = LP_SCHEME_ED25519, .len = 32};
    uint8_t signature[64];
    size_t len = 0;
    bool ok = lp_hex_decode(lp_str_from(key_hex), key.bytes, sizeof key.bytes, &len) == LP_OK &&
              lp_hex_decode(lp_str_from(signature_hex), signature, sizeof signature, &len) == LP_OK;
    uint64_t before = count();
    ok = ok && lp_crypto_bearssl.verify(&lp_crypto_bearssl, &key, (lp_slice){signature, len},
                                        (lp_slice){(const uint8_t *)"r", 1});
    report("ed25519-verify", before);
    if (!ok) {
        lp_machine_stop(1);
    }
}

static void count_hash(const char *what, lp_hash_alg alg) {
    uint8_t digest[LP_SHA512_BYTES];
    uint64_t before = count();
    (void)lp_digest(&lp_crypto_bearssl, alg, (lp_slice){test_block, HASHED_BYTES}, digest);
    report(what, before);
}

/* A signature that costs nothing. */
static bool believe(const lp_crypto *crypto, const lp_public_key *key, lp_slice signature, lp_slice message) {
    (void)crypto, (void)key, (void)signature, (void)message;
    return true;
}

void lp_firmware(void) {
    begin_counting();
    count_a_loop();
    count_p256();
    count_ed25519();
    count_hash("sha256-64KiB", LP_SHA256);
    count_hash("sha512-64KiB", LP_SHA512);
    lp_crypto believing = lp_crypto_bearssl;
    believing.verify = believe;
    const judge_place place = {.crypto = &lp_crypto_bearssl, .write = lp_board_write, .count = count};
    const judge_place without = {.crypto = &believing, .write = lp_board_write, .count = count};
    bool judged = judge_vectors(test_block, &place) && judge_vectors(test_block, &without);
    lp_machine_stop(judged ? 0 : 2);
}
