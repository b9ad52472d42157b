/* SPDX-License-Identifier: Apache-2.0 */
/* Judges the packed test vectors as a board does: a line per step, the same wherever it runs. */
#ifndef LAMPYR_FIRMWARE_JUDGE_H
#define LAMPYR_FIRMWARE_JUDGE_H

#include "lampyr/crypto.h"

/* Where the vectors are judged. */
typedef struct judge_place {
    const lp_crypto *crypto;
    void (*write)(const char *text, size_t len); /* text of `len` bytes goes somewhere */
    uint64_t (*count)(void);                     /* instructions so far, or NULL if nobody counts */
} judge_place;

/* Runs every vector of `block` and writes a line per step:
 *
 *     NAME STEP CODE REPOSITORY ROLE root=VERSION targets=VERSION image=NAME,LENGTH,SHA-256
 *
 * with the versions of the copies that are trusted now (0: none), and "-" for what there is not; where instructions are
 * counted, " instructions=NUMBER" of the run follows. False, with a line that says so, if `block` is none. */
bool judge_vectors(const uint8_t *block, const judge_place *place);

#endif
