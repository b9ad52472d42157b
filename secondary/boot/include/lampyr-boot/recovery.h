/* SPDX-License-Identifier: Apache-2.0 */
/* Serial recovery: a board without a valid image takes one over its console (docs/BOARD.md, "Recovery").
 *
 * What is uploaded goes to the staging slot and is verified there as before any swap; nothing but signed targets for
 * this very board and an image that is not below the floor gets any further. No I/O: the port feeds bytes and sends
 * answers. */
#ifndef LAMPYR_BOOT_RECOVERY_H
#define LAMPYR_BOOT_RECOVERY_H

#include "lampyr-boot/boot.h"
#include "lampyr-boot/frame.h"

enum {
    LP_RECOVERY_DATA_BYTES = 256,  /* of one piece */
    LP_RECOVERY_HELLO_BYTES = 30,  /* of the answer to HELLO, before the serial */
    LP_RECOVERY_SERIAL_BYTES = 64, /* of the serial in it, at most */
    LP_RECOVERY_ANSWER_BYTES = 2 * (LP_RECOVERY_HELLO_BYTES + LP_RECOVERY_SERIAL_BYTES + LP_FRAME_CRC_BYTES) + 2,
    LP_RECOVERY_FORMAT = 1,
};

/* Requests; an answer has the request's type and LP_RECOVERY_ANSWER. */
enum {
    LP_RECOVERY_HELLO = 1,
    LP_RECOVERY_BEGIN = 2,
    LP_RECOVERY_DATA = 3,
    LP_RECOVERY_FINISH = 4,
    LP_RECOVERY_ANSWER = 0x80,
};

/* What BEGIN starts. */
enum {
    LP_RECOVERY_ROOT = 1,
    LP_RECOVERY_TARGETS = 2,
    LP_RECOVERY_IMAGE = 3,
};

/* Fields are private. */
typedef struct lp_recovery {
    const lp_boot_config *config;
    lp_factory factory;
    uint64_t root_version; /* of the factory's root */
    lp_journal journal;
    lp_board_state state;
    bool provisioned;
    bool remembers; /* the journal is good */
    bool done;
    uint8_t kind;        /* being received */
    uint32_t expected;   /* bytes of it */
    uint32_t lengths[4]; /* of what is complete, by kind */
    lp_flash_writer writer;
    lp_frame_reader reader;
    uint16_t answer_len; /* 0: no request was answered so far */
    uint8_t answered[2]; /* type and sequence of the request that was */
    uint8_t answer[LP_RECOVERY_ANSWER_BYTES];
} lp_recovery;

/* Starts to listen. `config` must outlive `recovery`. */
void lp_recovery_begin(lp_recovery *recovery, const lp_boot_config *config);

/* Takes one byte from the line. Returns what is to be sent, valid until the next call, or {NULL, 0}. Frames that are
 * damaged are dropped; the host sends them again. */
lp_slice lp_recovery_byte(lp_recovery *recovery, uint8_t byte);

/* True once an image was accepted: when the answer is sent, the board is to be reset, and the loader installs it. */
bool lp_recovery_done(const lp_recovery *recovery);

#endif
