/* SPDX-License-Identifier: Apache-2.0 */
/* NOR flash in memory, whose power can be cut.
 *
 * It keeps the rules of lampyr-store/flash.h and ends the program with a clear line when they are broken. Power can be
 * cut before, in the middle of, or after any operation (a program or an erasure). What an operation that was cut has
 * touched is torn: it reads differently at each callback and after each boot (as before, as after, part of each, or
 * anything), and it must be erased before it is programmed. A cut ends the code that runs with longjmp(), so that code
 * must not hold anything that has to be released. */
#ifndef LAMPYR_TEST_SIM_FLASH_H
#define LAMPYR_TEST_SIM_FLASH_H

#include "lampyr-store/flash.h"

#include <setjmp.h>

enum {
    SIM_PAGE_BYTES = 2048, /* largest page */
    SIM_TEARS = 32,        /* torn places at a time */
};

typedef struct sim_geometry {
    uint32_t size_bytes;
    uint32_t page_bytes;
    uint32_t word_bytes;
    uint8_t erased;
    uint8_t programs_per_word; /* between two erasures */
} sim_geometry;

/* The Firefly's: 256 pages of 2 KiB, words of 4 bytes, here programmed once. */
extern const sim_geometry sim_firefly;

typedef enum sim_cut {
    SIM_CUT_BEFORE,
    SIM_CUT_MIDDLE,
    SIM_CUT_AFTER,
    SIM_CUTS, /* how many there are */
} sim_cut;

/* How a page fails; a sum of these. */
enum { SIM_FAILS_ERASE = 1, SIM_FAILS_PROGRAM = 2 };

typedef struct sim_tear {
    uint32_t offset;
    uint32_t len;
    uint8_t before[SIM_PAGE_BYTES];
    uint8_t after[SIM_PAGE_BYTES];
} sim_tear;

/* One page; what is in it lies in sim_flash.bytes and .programs. */
typedef struct sim_page {
    uint64_t stamp; /* changes whenever the page does */
    uint32_t wear;  /* erasures */
    uint8_t fails;
    bool locked;
} sim_page;

/* Fields below `flash` are for reading. */
typedef struct sim_flash {
    lp_flash flash; /* for the code under test */
    uint8_t programs_per_word;
    uint8_t *bytes;
    uint8_t *programs; /* of each word since it was erased; SIM_TORN: it must be erased first */
    sim_page *pages;
    uint32_t page_count;
    sim_tear *tears;
    unsigned tear_count;
    uint64_t operations; /* since sim_flash_plan() */
    uint64_t cut_at;     /* operation; UINT64_MAX: none */
    sim_cut cut;
    uint64_t random;
    uint64_t stamps; /* of pages, given out so far */
    jmp_buf *power;  /* of the code that runs; NULL: none */
    /* Called instead of abort() when a rule is broken; it must not return. NULL: abort(). */
    void (*on_violation)(const char *what);
} sim_flash;

enum { SIM_TORN = 0xFF };

/* Everything that a power cut leaves, and wear. */
typedef struct sim_snapshot {
    uint8_t *bytes;
    uint8_t *programs;
    sim_page *pages;
    sim_tear *tears;
    unsigned tear_count;
} sim_snapshot;

/* Erased flash. */
void sim_flash_make(sim_flash *sim, const sim_geometry *geometry);
void sim_flash_free(sim_flash *sim);

/* Puts bytes there as a programming device would: whatever was there, without wear. */
void sim_flash_load(sim_flash *sim, uint32_t offset, const void *bytes, uint32_t len);

/* Power will be cut at the `operation`th program or erasure from now on (0 is the first; UINT64_MAX: never). `seed`
 * decides how what is torn reads, from now on. */
void sim_flash_plan(sim_flash *sim, uint64_t operation, sim_cut cut, uint64_t seed);

/* Runs `code`; false if power was cut before it returned. Then call sim_flash_boot(). */
bool sim_flash_run(sim_flash *sim, void (*code)(void *), void *arg);

/* Power comes back: no cut is planned, no page is locked. */
void sim_flash_boot(sim_flash *sim);

/* Until the next boot, erasing and programming these pages fails, as it does on the chip. */
void sim_flash_lock(sim_flash *sim, lp_region region);

/* From now on the page at `offset` fails (SIM_FAILS_*; 0: no longer). */
void sim_flash_fail(sim_flash *sim, uint32_t offset, unsigned how);

/* Copies of the whole state; going back copies only the pages that differ. The snapshot is of this `sim` only. */
void sim_snapshot_take(sim_snapshot *snapshot, const sim_flash *sim);
void sim_snapshot_restore(const sim_snapshot *snapshot, sim_flash *sim);
void sim_snapshot_free(sim_snapshot *snapshot);

/* Least and greatest number of erasures of a page in `region`. */
void sim_flash_wear(const sim_flash *sim, lp_region region, uint32_t *least, uint32_t *most);

#endif
