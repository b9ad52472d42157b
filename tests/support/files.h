/* SPDX-License-Identifier: Apache-2.0 */
/* Named files in memory: what a server serves, or a store keeps. */
#ifndef LAMPYR_TEST_FILES_H
#define LAMPYR_TEST_FILES_H

#include "lampyr/slice.h"

enum { TEST_FILES = 160, TEST_NAME_BYTES = 600 };

typedef struct test_file {
    char name[TEST_NAME_BYTES];
    uint8_t *bytes; /* of exactly `len` bytes, so that the sanitizer sees every read beyond */
    size_t len;
} test_file;

typedef struct test_files {
    test_file list[TEST_FILES];
    size_t count;
} test_files;

/* Writes or replaces a file; the bytes are copied. */
void files_put(test_files *files, const char *name, lp_slice bytes);

/* The file's bytes, valid until it is replaced or removed; {NULL, 0} if there is none. */
lp_slice files_get(const test_files *files, const char *name);

/* Removes a file; fails the test if there is none. */
void files_remove(test_files *files, const char *name);

/* Flips one bit in the middle of a file. */
void files_damage(test_files *files, const char *name);

void files_free(test_files *files);

/* Reads a file of the test data beside the source: "<LAMPYR_SHARED>/data/<path>", in heap memory. The bytes are
 * {NULL, 0} if it is not there. */
lp_slice shared_data(const char *path);

/* The folder of that path, or NULL if the data is not there. Valid until the next call. */
const char *shared_path(const char *path);

#endif
