/* SPDX-License-Identifier: Apache-2.0 */
/* Frames of serial recovery (docs/BOARD.md, "Recovery"), for both ends: SLIP (RFC 1055) around bytes and a checksum. */
#ifndef LAMPYR_BOOT_FRAME_H
#define LAMPYR_BOOT_FRAME_H

#include "lampyr/slice.h"

#include <stdbool.h>
#include <stdint.h>

enum {
    LP_FRAME_BYTES = 2 + 4 + 256,                                        /* longest, without its checksum */
    LP_FRAME_CRC_BYTES = 4,                                              /* which goes last */
    LP_FRAME_LINE_BYTES = 2 * (LP_FRAME_BYTES + LP_FRAME_CRC_BYTES) + 2, /* longest on the line */
};

/* Fields are private; starts zeroed. */
typedef struct lp_frame_reader {
    uint16_t len;
    bool escaped;
    bool overlong;
    uint8_t bytes[LP_FRAME_BYTES + LP_FRAME_CRC_BYTES];
} lp_frame_reader;

/* Takes one byte from the line. When it ends a whole frame, returns that, valid until the next call; else {NULL, 0}.
 * Frames that are damaged, too long or empty are dropped. */
lp_slice lp_frame_read(lp_frame_reader *reader, uint8_t byte);

/* Writes `len` bytes as a frame to `out`, which has room for 2 * (len + LP_FRAME_CRC_BYTES) + 2 bytes. Returns how many
 * it took. */
size_t lp_frame_write(const uint8_t *bytes, size_t len, uint8_t *out);

#endif
