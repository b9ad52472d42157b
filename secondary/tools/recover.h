/* SPDX-License-Identifier: Apache-2.0 */
/* The host's end of serial recovery (docs/BOARD.md, "Recovery"). No I/O of its own. */
#ifndef LAMPYR_TOOLS_RECOVER_H
#define LAMPYR_TOOLS_RECOVER_H

#include "lampyr-boot/recovery.h"

/* The line to the board. */
typedef struct lp_line {
    void *ctx;
    /* Sends all of it. False if the line is lost. */
    bool (*send)(void *ctx, lp_slice bytes);
    /* Waits up to LP_LINE_WAIT_MS for one byte: 1 if there is one, 0 if not, -1 if the line is lost. */
    int (*receive)(void *ctx, uint8_t *byte);
} lp_line;

enum {
    LP_LINE_WAIT_MS = 1000,
    LP_RECOVER_ATTEMPTS = 10, /* for one request */
    LP_RECOVER_ROOTS = 255,
};

/* What a board says of itself. */
typedef struct lp_recover_board {
    lp_dialect dialect;
    uint64_t root_version; /* of the factory's root */
    uint32_t root_bytes;   /* longest it takes */
    uint32_t root_slots;   /* how many */
    uint32_t targets_bytes;
    uint32_t image_bytes;
    char serial[LP_RECOVERY_SERIAL_BYTES + 1];
} lp_recover_board;

/* What it gets: roots from the one after the factory's on, in canonical form like the targets. */
typedef struct lp_recover_files {
    lp_slice roots[LP_RECOVER_ROOTS];
    size_t root_count;
    lp_slice targets; /* signed under the last root */
    lp_slice image;
} lp_recover_files;

/* One conversation. Fields are private but for `error` and `subject`. */
typedef struct lp_recover {
    const lp_line *line;
    lp_frame_reader reader;
    uint8_t sequence;
    uint8_t answer[LP_FRAME_BYTES];
    size_t answer_len;
    lp_code error;         /* of what was refused */
    const char *subject;   /* "root", "targets", "image", or "" */
    size_t subject_number; /* of the root, counted from 0 */
} lp_recover;

typedef enum lp_recover_end {
    LP_RECOVER_DONE,
    LP_RECOVER_REFUSED, /* by the board: `error` says why, `subject` what */
    LP_RECOVER_SILENT,  /* the board does not answer, or the line is lost */
    LP_RECOVER_FORMAT,  /* it answers what this program does not understand */
} lp_recover_end;

/* Starts; `line` must outlive it. */
void lp_recover_begin(lp_recover *recover, const lp_line *line);

/* Asks the board what it is. */
lp_recover_end lp_recover_hello(lp_recover *recover, lp_recover_board *board);

/* Sends everything; LP_RECOVER_DONE once the board has verified it and restarts. */
lp_recover_end lp_recover_upload(lp_recover *recover, const lp_recover_board *board, const lp_recover_files *files);

#endif
