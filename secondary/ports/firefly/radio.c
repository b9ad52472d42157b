/* SPDX-License-Identifier: Apache-2.0 */
/* The chip's 802.15.4 radio. It filters, acknowledges and checks by itself; what software adds is waiting: for a clear
 * channel by CSMA-CA, and for the acknowledgement of what it has sent, in which frames for us may come in between.
 *
 * Registers: SWRU319, 23. Figures of IEEE 802.15.4-2006 are cited with their clause. */
#include "core.h"
#include "cycles.h"
#include "devices.h"
#include "radio_core.h"

#include "lampyr-port/network.h"

#include <string.h>

enum {
    FCS_BYTES = 2,                                     /* in received frames: signal strength, and the verdict */
    FIFO_FRAME_MAX = LP_RADIO_FRAME_BYTES + FCS_BYTES, /* aMaxPHYPacketSize */
    ACK_BYTES = 3,
    ACK_WANTED = 1 << 5, /* in the first byte of a frame, 7.2.1.1 */
    TYPE_MASK = 7,
    TYPE_ACK = 2,
    SEQUENCE_AT = 2,
    CRC_GOOD = 0x80,

    BACKOFF_US = 320, /* aUnitBackoffPeriod, 7.4.1 */
    BACKOFF_EXPONENT_MIN = 3,
    BACKOFF_EXPONENT_MAX = 5,
    BACKOFFS_MAX = 4,
    RETRIES_MAX = 3,
    ACK_WAIT_US = 1000,  /* macAckWaitDuration, 54 symbols of 16 us, and a bit */
    SEND_WAIT_US = 6000, /* longer than any frame */
    READY_WAIT_US = 1000,

    QUEUE_FRAMES = 2,
};

typedef struct frame {
    uint8_t len; /* 0: free */
    uint8_t bytes[LP_RADIO_FRAME_BYTES];
} frame;

/* The chip has one radio. */
static frame queue[QUEUE_FRAMES]; /* what came, in turn */
static unsigned oldest;
static bool acknowledged; /* since it was last cleared, the frame with this sequence: */
static uint8_t awaited;

static void strobe(uint32_t instruction) {
    *lp_register(LP_RFST) = instruction;
}

/* --- receiving --- */

/* Twice, as the manual wants it. */
static void flush_received(void) {
    strobe(LP_STROBE_FLUSH_RX);
    strobe(LP_STROBE_FLUSH_RX);
}

static void take_frame(const uint8_t *bytes, size_t len) {
    if (len == ACK_BYTES && (bytes[0] & TYPE_MASK) == TYPE_ACK) {
        acknowledged = acknowledged || bytes[SEQUENCE_AT] == awaited;
        return;
    }
    for (unsigned i = 0; i < QUEUE_FRAMES; i++) {
        frame *f = &queue[(oldest + i) % QUEUE_FRAMES];
        if (f->len == 0) {
            memcpy(f->bytes, bytes, len);
            f->len = (uint8_t)len;
            return;
        }
    }
}

/* Empties the radio's own buffer, which is full as soon as it holds one long frame. */
static void take_received(void) {
    uint8_t bytes[FIFO_FRAME_MAX];
    while ((*lp_register(LP_FSMSTAT1) & LP_FSMSTAT1_FIFOP) != 0) {
        size_t len = 0;
        if ((*lp_register(LP_FSMSTAT1) & LP_FSMSTAT1_FIFO) != 0) { /* else it has overflowed */
            len = *lp_register(LP_RFDATA) & 0xff;
        }
        if (len < ACK_BYTES + FCS_BYTES || len > sizeof bytes) {
            flush_received();
            return;
        }
        for (size_t i = 0; i < len; i++) {
            bytes[i] = (uint8_t)*lp_register(LP_RFDATA);
        }
        if ((bytes[len - 1] & CRC_GOOD) != 0) {
            take_frame(bytes, len - FCS_BYTES);
        }
    }
}

static size_t receive(const lp_radio *radio, uint8_t *out) {
    (void)radio;
    take_received();
    frame *f = &queue[oldest];
    size_t len = f->len;
    if (len > 0) {
        memcpy(out, f->bytes, len);
        f->len = 0;
        oldest = (oldest + 1) % QUEUE_FRAMES;
    }
    return len;
}

/* --- sending --- */

/* Waits until `flags` are set in the register; what comes in meanwhile is taken. False after `us`. */
static bool wait_for(uint32_t address, uint32_t flags, uint32_t us) {
    uint32_t start = lp_cycles();
    while ((*lp_register(address) & flags) == 0) {
        take_received();
        if (lp_us_since(start) >= us) {
            return false;
        }
    }
    return true;
}

static void wait_receiving(uint32_t us) {
    uint32_t start = lp_cycles();
    while (lp_us_since(start) < us) {
        take_received();
    }
}

static void fill(const uint8_t *bytes, size_t len) {
    strobe(LP_STROBE_FLUSH_TX);
    *lp_register(LP_RFDATA) = (uint32_t)len + FCS_BYTES;
    for (size_t i = 0; i < len; i++) {
        *lp_register(LP_RFDATA) = bytes[i];
    }
}

/* Unslotted CSMA-CA, 7.5.1.4: sends what the radio was filled with once the channel is clear. */
static lp_radio_result send_when_clear(void) {
    unsigned exponent = BACKOFF_EXPONENT_MIN;
    for (unsigned backoffs = 0; backoffs <= BACKOFFS_MAX; backoffs++) {
        wait_receiving((lp_cycles() * UINT32_C(2654435761) >> (32 - exponent)) * BACKOFF_US);
        if (!wait_for(LP_RSSISTAT, LP_RSSISTAT_VALID, READY_WAIT_US)) {
            return LP_RADIO_FAILED;
        }
        *lp_register(LP_RFIRQF1) = (uint32_t)~LP_RFIRQF1_TXDONE;
        strobe(LP_STROBE_TX_IF_CLEAR);
        if ((*lp_register(LP_FSMSTAT1) & LP_FSMSTAT1_SAMPLED_CCA) != 0) {
            return wait_for(LP_RFIRQF1, LP_RFIRQF1_TXDONE, SEND_WAIT_US) ? LP_RADIO_SENT : LP_RADIO_FAILED;
        }
        exponent += exponent < BACKOFF_EXPONENT_MAX;
    }
    return LP_RADIO_BUSY;
}

static bool is_acknowledged(void) {
    uint32_t start = lp_cycles();
    while (!acknowledged && lp_us_since(start) < ACK_WAIT_US) {
        take_received();
    }
    return acknowledged;
}

static lp_radio_result send(const lp_radio *radio, const uint8_t *bytes, size_t len) {
    (void)radio;
    if (len <= SEQUENCE_AT || len > LP_RADIO_FRAME_BYTES) {
        return LP_RADIO_FAILED;
    }
    bool wanted = (bytes[0] & ACK_WANTED) != 0;
    acknowledged = false;
    awaited = bytes[SEQUENCE_AT];
    lp_radio_result result = LP_RADIO_NO_ACK;
    for (unsigned tries = 0; tries <= RETRIES_MAX && result == LP_RADIO_NO_ACK; tries++) {
        fill(bytes, len);
        result = send_when_clear();
        if (result == LP_RADIO_SENT && wanted && !is_acknowledged()) {
            result = LP_RADIO_NO_ACK;
        }
    }
    return result;
}

/* --- the start --- */

static void set_addresses(const lp_radio_config *config) {
    for (uint32_t i = 0; i < LP_EUI64_BYTES; i++) {
        *lp_register(LP_EXT_ADDR + 4 * i) = config->eui64[LP_EUI64_BYTES - 1 - i];
    }
    *lp_register(LP_PAN_ID) = config->pan_id & 0xff;
    *lp_register(LP_PAN_ID + 4) = config->pan_id >> 8;
    *lp_register(LP_SHORT_ADDR) = 0xff; /* none */
    *lp_register(LP_SHORT_ADDR + 4) = 0xff;
}

static bool begin(const lp_radio *radio, const lp_radio_config *config) {
    (void)radio;
    if (config->channel < LP_RADIO_CHANNEL_MIN || config->channel > LP_RADIO_CHANNEL_MAX || config->pan_id == 0xffff) {
        return false;
    }
    memset(queue, 0, sizeof queue);
    lp_cycles_begin();
    lp_radio_core_begin(config->channel);
    set_addresses(config);
    flush_received();
    strobe(LP_STROBE_RX);
    lp_radio_interrupts_begin();
    return wait_for(LP_RSSISTAT, LP_RSSISTAT_VALID, READY_WAIT_US);
}

const lp_radio lp_board_radio = {.begin = begin, .send = send, .receive = receive};
