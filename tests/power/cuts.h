/* SPDX-License-Identifier: Apache-2.0 */
/* Cuts power at every operation of a run, and again at every operation of what recovers from it. */
#ifndef LAMPYR_TEST_CUTS_H
#define LAMPYR_TEST_CUTS_H

#include "sim_flash.h"

/* A device and what the test knows of it. */
typedef struct cut_case {
    sim_flash *sim;
    void (*run)(void *arg);   /* starts as after a boot, goes on from what it finds, and works until all is done */
    void (*check)(void *arg); /* after a cut and a boot: fails the test unless all is old or new; changes nothing */
    void (*end)(void *arg);   /* the same, after a run without a cut */
    void *arg;                /* what the test knows: */
    size_t arg_bytes;         /* goes back in time with flash */
} cut_case;

/* Tries every operation, each cut before, after, and with `seeds` different tears in its middle; `depth` cuts in a row,
 * and then a run to the end. Returns the number of cuts. */
uint64_t cut_everywhere(const cut_case *test, unsigned depth, uint64_t seeds);

#endif
