/* SPDX-License-Identifier: Apache-2.0 */
/* Requests to the update servers, asynchronous and on one thread, over libcurl.
 *
 * Requests are started with lp_fetch_start() and end by calling `done`, always from lp_fetch_process().
 * One descriptor says when that has something to do, so that any event loop can drive it; lp_fetch_run()
 * is a loop of its own. Connections are kept and used again: callers that start the next request from
 * `done` use one connection per server.
 *
 * A repository is a URL (http, https) or a folder on this machine; both are read by the same calls. */
#ifndef LAMPYR_PRIMARY_FETCH_H
#define LAMPYR_PRIMARY_FETCH_H

#include "lampyr/error.h"
#include "lampyr/slice.h"

enum { LP_FETCH_URL_BYTES = 4096, LP_FETCH_MESSAGE_BYTES = 4096 + 512 };

typedef struct lp_fetch_options {
    const char *ca_file;            /* PEM, or NULL: the system's certificate authorities */
    const char *client_certificate; /* PEM, or NULL: none */
    const char *client_key;         /* PEM, or NULL: in the file of the certificate */
    uint32_t connect_seconds;       /* until the connection stands, name look-up included */
    uint32_t stall_seconds;         /* slow retrieval: fewer than stall_bytes a second, for this long */
    uint32_t stall_bytes;           /* per second */
    uint32_t memory_seconds;        /* bound on a whole request whose answer goes to memory */
} lp_fetch_options;

/* The system's authorities, no client certificate, 10 s to connect, 1 KiB/s over 10 s, 300 s. */
extern const lp_fetch_options lp_fetch_defaults;

typedef enum lp_fetch_method {
    LP_FETCH_GET,
    LP_FETCH_POST, /* bodies are application/json */
    LP_FETCH_PUT,
} lp_fetch_method;

typedef enum lp_fetch_outcome {
    LP_FETCH_OK,
    LP_FETCH_ABSENT, /* 404 or 410; ENOENT */
    LP_FETCH_FAILED,
} lp_fetch_outcome;

typedef struct lp_fetch_result {
    lp_fetch_outcome outcome;
    lp_code code;  /* FAILED: LP_UNREACHABLE, LP_SLOW_RETRIEVAL, LP_LIMIT_FILE, LP_STATE (the sink failed) */
    long status;   /* HTTP status of the answer; 0 if there was none, or for a folder */
    uint8_t *body; /* OK without a sink: heap memory that `done` must free(); else NULL */
    size_t body_bytes;
    const char *message; /* not OK: one line that names the URL and the reason; valid during `done` */
} lp_fetch_result;

typedef void lp_fetch_done(void *ctx, const lp_fetch_result *result);

/* Takes bytes of the answer; `offset` is where in the whole file they stand, which is 0 again if the server
 * ignored the request's `offset`. False ends the request with LP_STATE. */
typedef bool lp_fetch_sink(void *ctx, uint64_t offset, lp_slice bytes);

typedef struct lp_request {
    lp_fetch_method method;
    const char *url;     /* URL, or path of a file (GET only); copied */
    lp_slice body;       /* POST, PUT; copied */
    uint64_t max_bytes;  /* of the whole file: one byte more ends the request with LP_LIMIT_FILE (endless data) */
    uint64_t offset;     /* GET: the first byte that is wanted */
    lp_fetch_sink *sink; /* or NULL: the answer goes to memory */
    lp_fetch_done *done;
    void (*dropped)(void *ctx); /* or NULL: the request ended without `done`, in lp_fetch_free() */
    void *ctx;                  /* of sink, done and dropped */
} lp_request;

typedef struct lp_fetch lp_fetch;

/* NULL with one line in `message`: out of memory or descriptors, a certificate or key that cannot be read. */
lp_fetch *lp_fetch_new(const lp_fetch_options *options, char *message, size_t message_bytes);

/* Requests under way end without a call of `done`. Not from a callback. */
void lp_fetch_free(lp_fetch *fetch);

/* Starts a request. False, and `done` is never called, if memory is short. */
bool lp_fetch_start(lp_fetch *fetch, const lp_request *request);

/* Readable when lp_fetch_process() has something to do, timers included. */
int lp_fetch_fd(const lp_fetch *fetch);

/* Does what is to do now and calls `done` of what ended; never waits for the network. */
void lp_fetch_process(lp_fetch *fetch);

/* True while requests are under way. */
bool lp_fetch_busy(const lp_fetch *fetch);

/* Processes until no request is under way. */
void lp_fetch_run(lp_fetch *fetch);

/* True if `base` is a URL that can be fetched from or a path; false for URLs of other schemes. */
bool lp_fetch_base_valid(const char *base);

/* Where the file `path` (percent-encoded, path.h) of the repository at `base` is. False if it does not fit. */
bool lp_fetch_locate(const char *base, const char *path, char out[LP_FETCH_URL_BYTES]);

#endif
