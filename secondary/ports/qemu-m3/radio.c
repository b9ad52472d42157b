/* SPDX-License-Identifier: Apache-2.0 */
/* The radio's stand-in: frames on a serial line, each between two ENDs of SLIP (RFC 1055). The line is the air: who is
 * at its other end hears all that is sent, and what comes from there is filtered as a radio does. Nothing is lost on
 * it, so acknowledgements go without saying. */
#include "devices.h"

#include "lampyr-net/slip.h"
#include "lampyr-port/network.h"

#include <string.h>

typedef struct station {
    uint16_t pan_id;
    uint8_t address[LP_EUI64_BYTES]; /* as on the air */
    lp_slip line;
} station;

static station here;

static bool begin(const lp_radio *radio, const lp_radio_config *config) {
    (void)radio;
    if (config->channel < LP_RADIO_CHANNEL_MIN || config->channel > LP_RADIO_CHANNEL_MAX || config->pan_id == 0xffff) {
        return false;
    }
    here = (station){.pan_id = config->pan_id};
    for (size_t i = 0; i < LP_EUI64_BYTES; i++) {
        here.address[i] = config->eui64[LP_EUI64_BYTES - 1 - i];
    }
    return true;
}

static lp_radio_result send(const lp_radio *radio, const uint8_t *frame, size_t len) {
    uint8_t bytes[LP_SLIP_BYTES];
    (void)radio;
    if (len == 0 || len > LP_RADIO_FRAME_BYTES) {
        return LP_RADIO_FAILED;
    }
    lp_uart_write(LP_UART_RADIO, bytes, lp_slip_put(frame, len, bytes));
    return LP_RADIO_SENT;
}

/* A data frame of this PAN or the broadcast PAN, to this address or to broadcast (IEEE 802.15.4-2006, 7.5.6.2). */
static bool is_for_us(const uint8_t *frame, size_t len) {
    if (len < 7 || (frame[0] & 7) != 1) {
        return false;
    }
    unsigned pan_id = frame[3] | (unsigned)frame[4] << 8;
    unsigned mode = frame[1] >> 2 & 3;
    if (pan_id != here.pan_id && pan_id != 0xffff) {
        return false;
    }
    return (mode == 2 && frame[5] == 0xff && frame[6] == 0xff) ||
           (mode == 3 && len >= 13 && memcmp(frame + 5, here.address, LP_EUI64_BYTES) == 0);
}

/* The line keeps what nobody takes. */
static size_t receive(const lp_radio *radio, uint8_t *frame) {
    uint8_t byte;
    (void)radio;
    while (lp_uart_read(LP_UART_RADIO, &byte)) {
        size_t len = lp_slip_take(&here.line, byte);
        if (len > 0 && is_for_us(here.line.frame, len)) {
            memcpy(frame, here.line.frame, len);
            return len;
        }
    }
    return 0;
}

const lp_radio lp_board_radio = {.begin = begin, .send = send, .receive = receive};

bool lp_board_eui64(uint8_t out[LP_EUI64_BYTES]) {
    (void)out;
    return false;
}
