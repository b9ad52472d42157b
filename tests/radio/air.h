/* SPDX-License-Identifier: Apache-2.0 */
/* The air between emulated boards and the bridge: each board is a connection to a unix socket, on which frames go as
 * lampyr-net/slip.h says. What one sends, all others hear. Frames for those that do not read are lost. */
#ifndef LAMPYR_TESTS_AIR_H
#define LAMPYR_TESTS_AIR_H

#include "lampyr-net/slip.h"

#include <poll.h>

enum {
    AIR_BOARDS = 64,
    AIR_FDS = AIR_BOARDS + 1,
    AIR_QUEUE = 256, /* frames that nobody has taken yet */
};

typedef struct air_board {
    int fd; /* -1: free */
    lp_slip line;
} air_board;

typedef struct air_frame {
    uint8_t len;
    uint8_t bytes[LP_RADIO_FRAME_BYTES];
} air_frame;

typedef struct air_medium {
    int listener;
    air_board boards[AIR_BOARDS];
    uint8_t address[LP_EUI64_BYTES]; /* the bridge's, as on the air */
    uint16_t pan_id;
    unsigned first; /* of the queue */
    unsigned count;
    air_frame queue[AIR_QUEUE];
} air_medium;

/* Listens on a socket at `path`. False with errno. */
bool air_open(air_medium *air, const char *path);

/* The bridge's own radio. */
lp_radio air_radio(air_medium *air);

/* Fills in what to poll for, and returns how many entries of `fds` (AIR_FDS) that are. */
nfds_t air_poll(const air_medium *air, struct pollfd *fds);

/* Does what can be done after poll(). */
void air_work(air_medium *air);

#endif
