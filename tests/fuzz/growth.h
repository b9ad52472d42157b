/* SPDX-License-Identifier: Apache-2.0 */
/* How the verifier's work grows with the size of what it is given, at its worst. */
#ifndef LAMPYR_FUZZ_GROWTH_H
#define LAMPYR_FUZZ_GROWTH_H

#include "fuzz.h"

/* Text that grows; its memory is the run's. */
typedef struct text {
    fuzz_memory *memory;
    char *ptr;
    size_t len;
    size_t room;
} text;

text text_begin(fuzz_memory *memory);
/* Adds formatted text. */
__attribute__((format(printf, 2, 3))) void text_add(text *t, const char *format, ...);
/* Adds `count` times the same character. */
void text_fill(text *t, char c, size_t count);
/* The text so far, in a block of exactly its length. */
lp_slice text_end(const text *t);

/* Work done by the verifier since the count was last begun: basic blocks entered, and words moved or compared by the
 * C library on its behalf. The same on every machine and at every load. */
void count_begin(void);
uint64_t count_end(void);

/* One way to be slow. */
typedef struct growth_case {
    const char *name;
    const char *what;
    /* Makes an input of about `bytes` bytes, has it processed, and returns the work; `*size` is the bytes it had. */
    uint64_t (*run)(fuzz_memory *memory, size_t bytes, size_t *size);
} growth_case;

extern const growth_case growth_json_cases[];
extern const size_t growth_json_count;
extern const growth_case growth_role_cases[];
extern const size_t growth_role_count;

#endif
