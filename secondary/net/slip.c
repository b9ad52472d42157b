/* SPDX-License-Identifier: Apache-2.0 */
#include "lampyr-net/slip.h"

enum {
    END = 0xc0,
    ESCAPE = 0xdb,
    ESCAPED_END = 0xdc,
    ESCAPED_ESCAPE = 0xdd,
};

size_t lp_slip_take(lp_slip *slip, uint8_t byte) {
    if (byte == END) {
        size_t len = slip->len;
        slip->len = 0;
        slip->escaped = false;
        return len <= LP_RADIO_FRAME_BYTES ? len : 0;
    }
    if (byte == ESCAPE) {
        slip->escaped = true;
        return 0;
    }
    if (slip->escaped) {
        byte = byte == ESCAPED_END ? END : ESCAPE;
        slip->escaped = false;
    }
    if (slip->len < LP_RADIO_FRAME_BYTES) {
        slip->frame[slip->len] = byte;
    }
    if (slip->len <= LP_RADIO_FRAME_BYTES) {
        slip->len++;
    }
    return 0;
}

size_t lp_slip_put(const uint8_t *frame, size_t len, uint8_t out[LP_SLIP_BYTES]) {
    size_t n = 0;
    out[n++] = END;
    for (size_t i = 0; i < len; i++) {
        if (frame[i] == END || frame[i] == ESCAPE) {
            out[n++] = ESCAPE;
            out[n++] = frame[i] == END ? ESCAPED_END : ESCAPED_ESCAPE;
        } else {
            out[n++] = frame[i];
        }
    }
    out[n++] = END;
    return n;
}
