/* SPDX-License-Identifier: Apache-2.0 */
/* One request under way; shared by fetch.c (servers) and fetch_folder.c (folders). */
#ifndef LAMPYR_PRIMARY_FETCH_INTERNAL_H
#define LAMPYR_PRIMARY_FETCH_INTERNAL_H

#include "fetch.h"

enum { LP_FETCH_REASON_BYTES = 512, LP_FETCH_COMPLAINT_BYTES = 300 };

typedef struct lp_transfer {
    lp_request request;
    char *url;
    uint8_t *body; /* what is sent */
    void *easy;    /* CURL *, or NULL for a file */
    void *headers; /* struct curl_slist * */
    uint64_t at;   /* place in the whole file of the next byte */
    bool placed;   /* `at` is known */
    size_t header_bytes;
    uint8_t *memory; /* answer without a sink */
    size_t memory_bytes;
    size_t memory_room;
    lp_code code;                               /* why our side ended it, else LP_OK */
    char complaint[LP_FETCH_COMPLAINT_BYTES];   /* the server's words about a refusal */
    char reason[LP_FETCH_REASON_BYTES];         /* for the message */
    char library_reason[LP_FETCH_REASON_BYTES]; /* libcurl's, at least CURL_ERROR_SIZE */
    struct lp_transfer *next;
} lp_transfer;

/* Hands over the next bytes of the answer. False ends the transfer; `code` and `reason` are set then. */
bool lp_transfer_take(lp_transfer *transfer, const void *bytes, size_t len);

/* Reads a whole file. ABSENT if there is none; FAILED with `code` and `reason`. */
lp_fetch_outcome lp_transfer_read_file(lp_transfer *transfer);

#endif
