/* SPDX-License-Identifier: Apache-2.0 */
/* A board's whole network, from frames to the agent, and a primary on the air; what is said and what flies may be
 * altered. lwIP has globals, so a program has one station, which takes up one world after the other. */
#ifndef LAMPYR_TESTS_STATION_H
#define LAMPYR_TESTS_STATION_H

#include "agent_world.h"
#include "peer.h"

#include "lampyr-coap/drive.h"
#include "lampyr-net/net.h"

enum {
    STATION_QUEUE = 64, /* frames on the way to the board; more are lost */
    STATION_TICK_MS = 1000,
    STATION_DATAGRAM_BYTES = 127 + 1 + LP_COAP_BLOCK_BYTES, /* that a board takes: docs/COAP.md, "Parameters" */
    STATION_SCRATCH_BYTES = 2 * LP_COAP_BLOCK_BYTES,
};

typedef struct station station;

/* What harms; each may be NULL. */
typedef struct station_harm {
    /* The primary's answer to a request. `scratch`, of STATION_SCRATCH_BYTES, may take a changed payload. */
    void (*answer)(station *s, const lp_request *request, lp_response *response, uint8_t *scratch);
    /* The same as a message: bytes that may be changed, and with `*len` cut. */
    void (*message)(station *s, uint8_t *bytes, size_t *len);
    /* A frame to the board, in place of station_fly(). */
    void (*frame)(station *s, const peer_frame *frame);
    /* Which of the frames in the queue comes next. */
    size_t (*next)(station *s);
    /* What became of a frame of the board's that arrived. */
    lp_radio_result (*sent)(station *s);
} station_harm;

struct station {
    world *w;
    station_harm harm;
    void *ctx; /* the harm's */
    lp_coap coap;
    lp_net net;
    peer peer;
    uint64_t frames;          /* that the board was given */
    uint64_t sent;            /* frames of the board's */
    lp_coap_fault last_fault; /* of a message, that was not fine */
    unsigned faults;          /* so many were not */
    /* The rest is private. */
    lp_radio radio;
    uint32_t sequence;
    uint16_t answered_id;
    size_t answered_len; /* repeated if the request is */
    uint8_t answered[PEER_DATAGRAM_BYTES];
    size_t queued;
    peer_frame queue[STATION_QUEUE];
    uint8_t buffer[LP_COAP_DATAGRAM_BYTES];
};

/* The station, on the first call with its network begun, with another world around it: nothing is altered, nothing is
 * on its way, all counts are zero, and the board has started. `link_local` is what peer.h says, and always the same. */
station *station_of(world *w, bool link_local);

/* The board starts, through its boot loader. */
void station_boot(station *s);

/* One turn of the firmware's loop, after which the clock stands where the board wakes. */
lp_step_kind station_step(station *s);

/* A frame, or all those of a datagram by the harm's way, are on the way to the board. */
void station_fly(station *s, const peer_frame *frame);
void station_fly_datagram(station *s, lp_slice payload);

/* Takes in what is on the way. */
void station_land(station *s);

/* So many seconds pass while nothing comes and nothing is sent; frames that were on the way are lost. */
void station_wait(station *s, unsigned seconds);

/* Fails the test unless a minute later all buffers of lwIP's are free, whatever came before. */
void station_nothing_is_lost(station *s);

/* Fails the test unless an update goes through: `name` is ordered, fetched, confirmed and runs. What harms has been
 * taken away. */
void station_update(station *s, const char *name, int counter);

#endif
