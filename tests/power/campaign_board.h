/* SPDX-License-Identifier: Apache-2.0 */
/* A board that lives through one update: the boot loader, the agent and what they keep in flash are the real ones; the
 * primary answers from memory. Whatever is not as it must be ends the program with a line that says what. */
#ifndef LAMPYR_TEST_CAMPAIGN_BOARD_H
#define LAMPYR_TEST_CAMPAIGN_BOARD_H

#include "board_rig.h"
#include "campaign_crypto.h"
#include "lampyr-board/board.h"
#include "lampyr-secondary/agent.h"

enum { CAMPAIGN_TARGETS = 3 }; /* versions: the factory's, the update's, and one that orders the update again */

/* One program or erasure of the board's flash. */
typedef struct flash_operation {
    uint32_t offset;
    uint32_t len; /* 0: the page is erased */
    uint8_t bytes[LP_FLASH_CHUNK_BYTES];
} flash_operation;

typedef struct operation_log {
    flash_operation *list;
    size_t count;
    size_t room;
} operation_log;

typedef struct campaign_board {
    board_rig rig;
    lp_flash flash;     /* rig.sim's, with what is done to it written down: */
    operation_log *log; /* NULL: not */
    campaign_crypto known;
    const lp_crypto *crypto;
    lp_key key;
    const lp_signer *signer;
    uint16_t block_bytes;

    /* What the primary has. */
    lp_slice image[2]; /* old, new */
    uint8_t image_bytes[2][RIG_IMAGE_BYTES];
    uint8_t sha256[2][LP_SHA256_BYTES];
    lp_slice targets[CAMPAIGN_TARGETS];
    lp_slice attestation;
    unsigned published; /* version of targets that it has now */
    char text[LP_WIRE_NEWS_BYTES];

    /* The board. */
    bool bad; /* the new image hangs until the watchdog bites */
    lp_reset_cause cause;
    lp_board board;
    lp_partial partial;
    lp_verifier verifier;
    lp_agent_port port;
    lp_agent agent;
    lp_code turn; /* how the last turn ended, */
    bool turned;  /* if one did */

    /* What happened. */
    uint64_t boots;
    char history[512]; /* cuts, for messages */
} campaign_board;

/* Provisions a board with an old image, and lets the director order a new one. `real`: every signature is computed. */
void campaign_make(campaign_board *b, const sim_geometry *geometry, const lp_layout *layout, size_t old_bytes,
                   size_t new_bytes, bool real);
void campaign_free(campaign_board *b);

/* Forgets what happened; the primary has the update. `bad`: its image never confirms. */
void campaign_begin(campaign_board *b, bool bad);

/* Power on: lives until there is nothing left to do. False if power was cut before. `log` (or NULL) takes what is done
 * to flash. */
bool campaign_live(campaign_board *b, operation_log *log);

/* After a life that was not cut: ends the program unless the update is complete; or given up, if the image is bad, or
 * (`may_give_up`) power was lost so often that each of its test boots may have ended so. Returns true if it is
 * complete. */
bool campaign_is_complete(campaign_board *b, bool may_give_up);

/* The image that was given up is good now, and ordered again: it is installed. */
void campaign_try_again(campaign_board *b);

/* Does one logged operation. False if power was cut. */
bool campaign_replay(campaign_board *b, const flash_operation *operation);

/* Power was cut: it comes back. */
void campaign_power_back(campaign_board *b);

void campaign_log_free(operation_log *log);

#endif
