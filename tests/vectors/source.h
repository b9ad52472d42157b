/* SPDX-License-Identifier: Apache-2.0 */
/* Where the bytes of a vector come from, and where its run keeps what it trusts. */
#ifndef LAMPYR_VECTORS_SOURCE_H
#define LAMPYR_VECTORS_SOURCE_H

#include "lampyr/slice.h"
#include "lampyr/tuf.h"

#include <jansson.h>

/* Files that were handed to a verifier, each of exactly its length, so that a sanitizer sees every read beyond. */
typedef struct vv_given {
    struct vv_given *next;
    lp_slice bytes;
} vv_given;

typedef struct vv_source {
    const char *folder; /* of the vectors: blobs/ is in it */
    vv_given *given;
    json_t *store; /* "director/root.json" to bytes, as JSON strings */
} vv_source;

/* What became of a request. */
typedef enum vv_found {
    VV_FOUND,  /* `bytes` */
    VV_ABSENT, /* there is no such file */
    VV_FAILED, /* the transfer fails with `code` */
} vv_found;

/* Bytes of an entry of `files`: a blob's name, a padded blob, or a failure (SCHEMA.md). `entry` NULL is absent. The
 * bytes live until vv_source_forget(). Ends the program with a message if a blob cannot be read. */
vv_found vv_source_read(vv_source *source, const json_t *entry, lp_slice *bytes, lp_code *code);

/* The stored copy of "repository/file", as above. */
bool vv_store_load(vv_source *source, const char *name, lp_slice *bytes);
void vv_store_save(vv_source *source, const char *name, lp_slice bytes);
void vv_store_remove(vv_source *source, const char *name);

/* Frees what was handed out. */
void vv_source_forget(vv_source *source);

/* The code of that name. Ends the program with a message for any other text. */
lp_code vv_code(const char *name);

/* Ends the program with one line: the vectors cannot be read. */
_Noreturn void vv_fatal(const char *what, const char *name);

#endif
