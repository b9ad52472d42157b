/* SPDX-License-Identifier: Apache-2.0 */
#include "lampyr-boot/frame.h"

#include "store_internal.h"

enum { END = 0xC0, ESC = 0xDB, ESC_END = 0xDC, ESC_ESC = 0xDD };

static const lp_slice none = {NULL, 0};

/* What came since the last END. */
static lp_slice take(lp_frame_reader *reader) {
    size_t len = reader->len;
    bool overlong = reader->overlong;
    reader->len = 0;
    reader->escaped = false;
    reader->overlong = false;
    if (overlong || len <= LP_FRAME_CRC_BYTES) {
        return none;
    }
    len -= LP_FRAME_CRC_BYTES;
    if (lp_get_le(reader->bytes + len, LP_FRAME_CRC_BYTES) != lp_crc32(0, reader->bytes, len)) {
        return none;
    }
    return (lp_slice){reader->bytes, len};
}

lp_slice lp_frame_read(lp_frame_reader *reader, uint8_t byte) {
    if (byte == END) {
        return take(reader);
    }
    if (byte == ESC && !reader->escaped) {
        reader->escaped = true;
        return none;
    }
    if (reader->escaped) { /* after ESC any other byte is damage, which the checksum finds */
        byte = byte == ESC_END ? END : ESC;
        reader->escaped = false;
    }
    if (reader->len == sizeof reader->bytes) {
        reader->overlong = true;
    } else {
        reader->bytes[reader->len++] = byte;
    }
    return none;
}

static size_t escape(const uint8_t *bytes, size_t len, uint8_t *out) {
    size_t written = 0;
    for (size_t i = 0; i < len; i++) {
        bool special = bytes[i] == END || bytes[i] == ESC;
        if (special) {
            out[written++] = ESC;
        }
        out[written++] = special ? bytes[i] == END ? ESC_END : ESC_ESC : bytes[i];
    }
    return written;
}

size_t lp_frame_write(const uint8_t *bytes, size_t len, uint8_t *out) {
    uint8_t crc[LP_FRAME_CRC_BYTES];
    size_t at = 0;
    lp_put_le(crc, lp_crc32(0, bytes, len), sizeof crc);
    out[at++] = END;
    at += escape(bytes, len, out + at);
    at += escape(crc, sizeof crc, out + at);
    out[at++] = END;
    return at;
}
