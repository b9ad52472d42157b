/* SPDX-License-Identifier: Apache-2.0 */
/* The test vectors of partial verification as one block of memory, which pack_vectors.py writes: little-endian, offsets
 * from its beginning. Host and board read the same block. */
#ifndef LAMPYR_FIRMWARE_BLOB_H
#define LAMPYR_FIRMWARE_BLOB_H

#include <stdint.h>

enum { BLOB_MAGIC = 0x3156504c }; /* "LPV1" */

/* Bytes or text in the block; `at` 0 is "none". */
typedef struct blob_bytes {
    uint32_t at;
    uint32_t len;
} blob_bytes;

/* Records one after the other. */
typedef struct blob_list {
    uint32_t at;
    uint32_t count;
} blob_list;

typedef struct blob_header {
    uint32_t magic;
    blob_list vectors;
} blob_header;

/* What a path, or a stored role, answers: bytes, or, if `fails` is there, a transfer that ends with that code. Stored:
 * bytes of "none" remove the copy. */
typedef struct blob_file {
    blob_bytes name;
    blob_bytes bytes;
    blob_bytes fails;
} blob_file;

typedef struct blob_step {
    int64_t time;
    uint64_t counter_floor;
    blob_bytes serial; /* terminated, as is all text */
    blob_bytes hardware;
    blob_list files;
    blob_list stored;
} blob_step;

typedef struct blob_vector {
    blob_bytes name;
    blob_bytes vehicle; /* or none */
    blob_bytes provisioned;
    blob_list steps;
    uint32_t legacy; /* 1: dialect legacy, else tuf */
    uint32_t reserved;
} blob_vector;

#endif
