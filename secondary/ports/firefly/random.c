/* SPDX-License-Identifier: Apache-2.0 */
/* Random bytes from the noise that the radio hears, and what else the application wants of the chip. */
#include "core.h"
#include "cycles.h"
#include "devices.h"
#include "radio_core.h"

#include "lampyr-port/network.h"
#include "lampyr-port/port.h"

enum {
    EUI64_AT = 0x00280028, /* in the chip's information page */
    OTHER_WORD = 4,
    SAMPLE_US = 10,
    SAMPLES_MAX = 64, /* for one bit; they do not suffice once in 2^32 */
};

/* Two words, each with its last byte first. Chips were made with either of them first: it is the one that begins with
 * TI's 00:12:4B. */
bool lp_board_eui64(uint8_t out[LP_EUI64_BYTES]) {
    const uint8_t *stored = (const uint8_t *)EUI64_AT;
    unsigned first = stored[3] == 0x00 && stored[2] == 0x12 && stored[1] == 0x4b ? 0 : OTHER_WORD;
    uint8_t all = 0xff;
    for (unsigned i = 0; i < LP_EUI64_BYTES; i++) {
        out[i] = stored[i ^ 3 ^ first];
        all &= out[i];
    }
    return all != 0xff;
}

static uint32_t sample(void) {
    uint32_t start = lp_cycles();
    while (lp_us_since(start) < SAMPLE_US) {
    }
    return *lp_register(LP_RFRND) & 1;
}

/* Of two samples that differ the first, as von Neumann did, so that a bias does not matter. */
static bool random_bit(uint8_t *out) {
    for (unsigned i = 0; i < SAMPLES_MAX; i += 2) {
        uint32_t first = sample();
        if (first != sample()) {
            *out = (uint8_t)(*out << 1 | first);
            return true;
        }
    }
    return false;
}

bool lp_board_random(void *out, size_t len) {
    uint8_t *bytes = out;
    if ((*lp_register(LP_RSSISTAT) & LP_RSSISTAT_VALID) == 0) { /* it does not listen */
        return false;
    }
    for (size_t i = 0; i < 8 * len; i++) {
        if (!random_bit(&bytes[i / 8])) {
            return false;
        }
    }
    return true;
}

/* The processor stops, its devices go on: the radio listens. The clock's tick ends it twice a second. An interrupt that
 * came before counts as an event, too, so that none is slept through. */
void lp_board_sleep(uint64_t until_ms) {
    while ((*lp_register(LP_FSMSTAT1) & LP_FSMSTAT1_FIFOP) == 0 && lp_board_now_ms() < until_ms) {
        __asm volatile("dsb\n wfe" ::: "memory");
    }
}
