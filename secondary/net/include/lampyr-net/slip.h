/* SPDX-License-Identifier: Apache-2.0 */
/* Frames of a radio on a serial line, for boards without one: each between two ENDs of SLIP (RFC 1055). */
#ifndef LAMPYR_NET_SLIP_H
#define LAMPYR_NET_SLIP_H

#include "lampyr-net/radio.h"

enum { LP_SLIP_BYTES = 2 * LP_RADIO_FRAME_BYTES + 2 }; /* longest frame on the line */

/* What has come of a frame. Starts with zeros; `frame` is for whoever was told its length. */
typedef struct lp_slip {
    bool escaped;
    uint8_t len; /* LP_RADIO_FRAME_BYTES + 1: overlong */
    uint8_t frame[LP_RADIO_FRAME_BYTES];
} lp_slip;

/* Takes the next byte of the line. Returns the length of the frame that it ends, which stays until the next call, or
 * 0. Frames that are too long are dropped. */
size_t lp_slip_take(lp_slip *slip, uint8_t byte);

/* Writes a frame of at most LP_RADIO_FRAME_BYTES bytes as it goes over the line; returns how many bytes that are. */
size_t lp_slip_put(const uint8_t *frame, size_t len, uint8_t out[LP_SLIP_BYTES]);

#endif
