/* SPDX-License-Identifier: Apache-2.0 */
/* The state journal: what must survive a reset, in a ring of flash pages (docs/BOARD.md, "Journal").
 *
 * Every page that is in use starts with a whole snapshot of the state under a generation number; changes are appended
 * behind it, each an entry with a checksum that holds all sections that change together, and first of them an empty
 * one as a mark that the snapshot is done. The newest page with a mark counts, up to its last whole entry.
 *
 * A power cut leaves a torn entry, which may read as whole now and as broken later. So nothing is done on the
 * authority of what was read: lp_journal_seal() first writes what was read as a snapshot to a fresh page. Whoever
 * reads another value at the next start then reads one on whose authority nothing was done either. */
#ifndef LAMPYR_STORE_STATE_H
#define LAMPYR_STORE_STATE_H

#include "lampyr-secondary/port.h"
#include "lampyr-store/layout.h"

/* Where the boot loader stands. Numbers are stored. */
typedef enum lp_boot_phase {
    LP_BOOT_IDLE = 0,      /* slot 0 runs */
    LP_BOOT_REQUESTED = 1, /* the application wants slot 1 tested */
    LP_BOOT_SWAPPING = 2,  /* on the way to a test */
    LP_BOOT_TESTING = 3,   /* slot 0 runs on trial, slot 1 keeps the old image */
    LP_BOOT_REVERTING = 4, /* on the way back */
    LP_BOOT_RESTORING = 5, /* slot 1 takes the place of an image that is no longer valid; no way back */
} lp_boot_phase;

typedef struct lp_boot_state {
    lp_boot_phase phase;
    bool reverted;         /* the image last requested was refused, or tested and not confirmed */
    uint8_t attempts;      /* test boots begun (LP_BOOT_TESTING) */
    uint16_t steps;        /* steps of the swap that are done (swap.h) */
    uint16_t image_pages;  /* pages of the slots that the swap moves: of images, */
    uint16_t record_pages; /* and of records; the loader sets both when a swap begins */
} lp_boot_state;

typedef struct lp_board_state {
    lp_boot_state boot;
    uint8_t roots;                        /* of the root chain that are whole, the factory's not counted */
    uint8_t targets_copy;                 /* the copy that is trusted: 1 or 2; 0 if none was stored */
    uint32_t targets_len;                 /* its length in bytes */
    uint8_t download_id[LP_SHA256_BYTES]; /* of the image in slot 1, as image_open() was given it */
    uint32_t download_len;                /* its length in bytes; 0: none */
    uint32_t downloaded;                  /* bytes of it that are durable */
    lp_record record;                     /* the agent's */
} lp_board_state;

/* Sections of the state, which change independently. A set of them is the sum of these. */
enum {
    LP_STATE_BOOT = 1,
    LP_STATE_FILES = 2,    /* roots, targets_copy, targets_len */
    LP_STATE_DOWNLOAD = 4, /* download_id, download_len; `downloaded` is 0 then */
    LP_STATE_PROGRESS = 8, /* downloaded */
    LP_STATE_INSTALLED = 16,
    LP_STATE_TRIAL = 32, /* trial_state, trial, trial_targets_version */
    LP_STATE_FLOOR = 64,
    LP_STATE_TIME = 128,   /* time_floor, previous_time */
    LP_STATE_REPORT = 256, /* report_counter */
    LP_STATE_ATTACKS = 512,
    LP_STATE_ALL = 1023,
};

enum {
    LP_STATE_NAME_BYTES = 128,   /* longest name of an image that the journal takes, terminated */
    LP_JOURNAL_BODY_BYTES = 768, /* longest body of an entry; the sections take 726 at most */
};

typedef enum lp_journal_verdict {
    LP_JOURNAL_GOOD,
    LP_JOURNAL_EMPTY,   /* never written */
    LP_JOURNAL_DAMAGED, /* written, and nothing whole is left: power was cut in the very first seal, or worse */
} lp_journal_verdict;

/* Fields are private. */
typedef struct lp_journal {
    const lp_flash *flash;
    lp_region region;
    uint32_t page;            /* offset of the page in use */
    uint32_t at;              /* next entry, bytes from the page's start */
    uint32_t page_generation; /* of the page in use; 0: none */
    uint32_t generation;      /* the latest that was given out */
    bool marked;              /* the page in use is */
    bool sealed;              /* nothing in the page in use may be torn */
} lp_journal;

/* The state of a board that remembers nothing: the agent's record of an unknown image, with `time` as its time floor
 * and `counter` as its counter floor; no metadata but the factory's, nothing downloaded, idle. */
void lp_state_first(lp_board_state *state, int64_t time, uint64_t counter);

/* Finds the newest state; reads only. `*state` is set if the verdict is LP_JOURNAL_GOOD. The journal is not sealed. */
lp_journal_verdict lp_journal_open(lp_journal *journal, const lp_flash *flash, lp_region region, lp_board_state *state);

/* For the application, after opening: the boot loader has sealed the journal in this very start, and nothing was cut
 * since. */
void lp_journal_continue(lp_journal *journal);

/* Writes `state` as the snapshot of a fresh page. False if an image's name is too long, and nothing was written; or if
 * flash failed on every page but the one in use: the next start may find the state before or after then. */
bool lp_journal_seal(lp_journal *journal, const lp_board_state *state);

/* Seals unless the journal is sealed: `state` is then what every later start finds. To be called before anything is
 * erased or programmed that the state speaks of. False as lp_journal_seal(). */
bool lp_journal_settle(lp_journal *journal, const lp_board_state *state);

/* Makes the sections `changed` of `state` durable, all or none; sealing does it if the journal is not sealed, or the
 * page is full or fails. `state` holds the other sections as they were. False as lp_journal_seal(). */
bool lp_journal_save(lp_journal *journal, const lp_board_state *state, unsigned changed);

/* CRC-32 (ISO 3309) of `bytes`, continued from `crc` (0 at first). It finds torn flash; it proves nothing. */
uint32_t lp_crc32(uint32_t crc, const void *bytes, size_t len);

#endif
