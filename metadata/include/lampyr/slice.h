/* SPDX-License-Identifier: Apache-2.0 */
/* Views into bytes that somebody else owns. */
#ifndef LAMPYR_SLICE_H
#define LAMPYR_SLICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* `len` bytes at `ptr`; not terminated. {NULL, 0} is "none". */
typedef struct lp_slice {
    const uint8_t *ptr;
    size_t len;
} lp_slice;

/* The body of a JSON string as it stands in the document: without its quotes, still escaped.
 * Compare with lp_str_eq(), copy out with lp_str_copy() (json.h). {NULL, 0} is "none". */
typedef struct lp_str {
    const char *ptr;
    size_t len;
} lp_str;

/* Working memory for one call; the callee keeps nothing in it afterwards.
 * {NULL, 0} is enough for documents that are already canonical. */
typedef struct lp_scratch {
    void *ptr;
    size_t bytes;
} lp_scratch;

#endif
