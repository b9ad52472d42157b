/* SPDX-License-Identifier: Apache-2.0 */
/* An IEEE 802.15.4 radio (2.4 GHz, O-QPSK, 250 kbit/s) behind one struct of callbacks, which a port implements.
 *
 * A frame is the MAC header and payload of IEEE 802.15.4-2006, 7.2, as they go over the air, without the length byte
 * before and the two bytes of frame check sequence behind: the radio adds them when it sends, and checks and removes
 * them when it receives. The radio also does what is too quick for software: it listens before it sends, it
 * acknowledges, and it waits for acknowledgements. Nothing is called from interrupts. */
#ifndef LAMPYR_NET_RADIO_H
#define LAMPYR_NET_RADIO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    LP_RADIO_FRAME_BYTES = 125, /* longest frame: aMaxPHYPacketSize, 127, less the frame check sequence */
    LP_EUI64_BYTES = 8,
    LP_RADIO_CHANNEL_MIN = 11,
    LP_RADIO_CHANNEL_MAX = 26,
};

typedef struct lp_radio_config {
    uint8_t channel; /* LP_RADIO_CHANNEL_MIN to LP_RADIO_CHANNEL_MAX */
    uint16_t pan_id; /* not 0xFFFF */
    uint8_t
        eui64[LP_EUI64_BYTES]; /* extended address as people write it, first byte first; on the air it is reversed */
} lp_radio_config;

typedef enum lp_radio_result {
    LP_RADIO_SENT,   /* and acknowledged, if the frame asked for that */
    LP_RADIO_NO_ACK, /* sent, but nobody acknowledged it: the receiver may have got it or not */
    LP_RADIO_BUSY,   /* the channel was never clear: not sent */
    LP_RADIO_FAILED, /* the device cannot, or the frame is empty or too long: not sent */
} lp_radio_result;

typedef struct lp_radio lp_radio;
struct lp_radio {
    /* Starts to listen with these settings; what was received before is dropped. Called once after a reset, and again
     * to start anew. False if the device does not answer or the settings are out of range. */
    bool (*begin)(const lp_radio *radio, const lp_radio_config *config);

    /* Sends a frame of up to LP_RADIO_FRAME_BYTES bytes by unslotted CSMA-CA (7.5.1.4, with the standard's default
     * parameters) and waits for the end of it. If the frame asks for an acknowledgement (bit 5 of the first byte) the
     * radio waits for that, and sends again up to three times without one. All this takes at most 60 ms; frames that
     * come in meanwhile are received. */
    lp_radio_result (*send)(const lp_radio *radio, const uint8_t *frame, size_t len);

    /* Takes the oldest frame that was received into `frame`, which has room for LP_RADIO_FRAME_BYTES bytes, and returns
     * its length; 0 if there is none. Does not wait. Only whole data frames with the right check sequence come here, of
     * this PAN or the broadcast PAN, to this extended address or to broadcast (0xFFFF); those to this address that ask
     * for an acknowledgement have been acknowledged. The radio keeps at least one frame of the longest size while
     * nobody takes it, and drops, unacknowledged where it can, what does not fit. Whoever sent a frame may have put any
     * bytes in it. */
    size_t (*receive)(const lp_radio *radio, uint8_t *frame);

    void *ctx; /* the port's */
};

#endif
