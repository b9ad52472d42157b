/* SPDX-License-Identifier: Apache-2.0 */
/* What the fuzz targets share. A target is one function, LLVMFuzzerTestOneInput(), which libFuzzer and AFL++ call
 * with bytes they make up, and replay.c with files. */
#ifndef LAMPYR_FUZZ_H
#define LAMPYR_FUZZ_H

#include "lampyr/crypto.h"

#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A rule that must hold for every input, whatever the build type. */
#define FUZZ_CHECK(rule)                                                                                               \
    do {                                                                                                               \
        if (!(rule)) {                                                                                                 \
            fprintf(stderr, "%s:%d: does not hold: %s\n", __FILE__, __LINE__, #rule);                                  \
            abort();                                                                                                   \
        }                                                                                                              \
    } while (0)

/* Memory of one run: every block is a heap block of exactly the size asked for, so that AddressSanitizer sees the
 * first byte read or written past its end. Start with {NULL}. */
typedef struct fuzz_memory {
    struct fuzz_block *blocks;
} fuzz_memory;

/* A block of `bytes` bytes, never NULL. */
void *fuzz_alloc(fuzz_memory *memory, size_t bytes);
/* A copy of `len` bytes. */
lp_slice fuzz_copy(fuzz_memory *memory, const void *bytes, size_t len);
/* Scratch memory of `bytes` bytes. */
lp_scratch fuzz_scratch(fuzz_memory *memory, size_t bytes);
/* As much scratch memory as lp_json_scratch_bytes() promises to be enough for a document of `len` bytes. */
lp_scratch fuzz_enough(fuzz_memory *memory, size_t len);
/* Frees all blocks. */
void fuzz_release(fuzz_memory *memory);

/* The input, taken from its start. */
typedef struct fuzz_input {
    const uint8_t *pos;
    const uint8_t *end;
} fuzz_input;

fuzz_input fuzz_begin(const uint8_t *data, size_t size);
/* The next byte; 0 when nothing is left. */
uint8_t fuzz_byte(fuzz_input *input);
/* The byte that the next call of fuzz_byte() returns. */
uint8_t fuzz_peek(const fuzz_input *input);
/* What is left. */
lp_slice fuzz_rest(fuzz_input *input);
/* Up to the next byte 0xff, which no JSON text contains and which is dropped, or to the end. */
lp_slice fuzz_chunk(fuzz_input *input);

/* A crypto vtable that lets every state be reached: a signature is valid if it begins with FUZZ_GOOD_SIGNATURE, the
 * digest of what begins with '{' is FUZZ_FILE_DIGEST in every byte, and that of anything else depends on it.
 * All bytes it is given are read. */
enum { FUZZ_GOOD_SIGNATURE = 0xa5, FUZZ_FILE_DIGEST = 0x11 };
extern const lp_crypto fuzz_crypto;
/* Signs so that fuzz_crypto is content. */
extern const lp_signer fuzz_signer;

/* Limits of a gateway, but low enough that each is within reach of small inputs. */
extern const lp_limits fuzz_limits;

#endif
