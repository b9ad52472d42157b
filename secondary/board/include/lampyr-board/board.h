/* SPDX-License-Identifier: Apache-2.0 */
/* The device that the agent runs on, where all it keeps is in flash: lp_agent_port over the store.
 *
 * It is for the application, started by the boot loader: the journal was sealed in this very start. */
#ifndef LAMPYR_BOARD_BOARD_H
#define LAMPYR_BOARD_BOARD_H

#include "lampyr-store/factory.h"
#include "lampyr-store/files.h"
#include "lampyr-store/state.h"

/* Pointers must outlive the board. */
typedef struct lp_board_config {
    const lp_flash *flash;
    const lp_layout *layout;
    const lp_crypto *crypto;
    /* The port's, as in lp_agent_port. */
    bool (*random)(void *ctx, void *out, size_t bytes);
    void (*event)(void *ctx, const lp_agent_event *event);
    void *ctx;
} lp_board_config;

/* Not to be moved; all but `factory` and `limits` is private. */
typedef struct lp_board {
    lp_board_config config;
    lp_factory factory;
    lp_limits limits; /* for the agent */
    lp_journal journal;
    lp_board_state state;
    lp_files files;
    lp_flash_writer image;                   /* what arrives, */
    bool receiving;                          /* if anything does */
    uint32_t running_bytes;                  /* of the image in slot 0, */
    uint8_t running_sha256[LP_SHA256_BYTES]; /* as it lies there */
} lp_board;

/* Takes up what flash holds. Reads only; hashes the running image. LP_NO_TRUSTED_ROOT if the board was not provisioned,
 * LP_STATE if there is no journal (the boot loader makes one) or no hash, LP_MISSING_FILE if slot 0 has no record. */
lp_code lp_board_open(lp_board *board, const lp_board_config *config);

/* The agent's view of it; `ctx` is the board. */
lp_agent_port lp_board_port(lp_board *board);

#endif
