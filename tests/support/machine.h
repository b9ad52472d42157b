/* SPDX-License-Identifier: Apache-2.0 */
/* The verifier's four state machines behind one face. */
#ifndef LAMPYR_TEST_MACHINE_H
#define LAMPYR_TEST_MACHINE_H

#include "lampyr/uptane.h"

/* One machine, the caller's, that was begun. */
typedef struct test_machine {
    enum { MACHINE_TUF, MACHINE_SEARCH, MACHINE_FULL, MACHINE_PARTIAL } kind;
    union {
        lp_tuf *tuf;
        lp_search *search;
        lp_full *full;
        lp_partial *partial;
    } of;
} test_machine;

/* As the functions of lampyr/tuf.h. */
void machine_next(const test_machine *m, lp_ask *ask);
void machine_give(const test_machine *m, lp_slice bytes, lp_scratch scratch);
void machine_absent(const test_machine *m);
void machine_failed(const test_machine *m, lp_code code);
void machine_done(const test_machine *m, bool ok);
const lp_error *machine_error(const test_machine *m);

#endif
