/* SPDX-License-Identifier: Apache-2.0 */
/* The client workflow for one repository, as a state machine that does no I/O.
 *
 *     lp_tuf_begin(&tuf, &config);
 *     while (lp_tuf_next(&tuf, &ask)) {
 *         switch (ask.kind) { load, fetch, store or forget what it asks for, and answer }
 *     }
 *
 * Every lp_tuf_next() is answered by exactly one of lp_tuf_give(), lp_tuf_absent() or lp_tuf_done(),
 * until the kind is LP_ASK_TRUSTED or LP_ASK_REFUSED.
 * Bytes that were given stay the caller's and must stay valid and unchanged until the machine is no
 * longer used: trusted metadata points into them. */
#ifndef LAMPYR_TUF_H
#define LAMPYR_TUF_H

#include "lampyr/role.h"

typedef enum lp_ask_kind {
    LP_ASK_LOAD,        /* give the stored trusted copy, or answer absent */
    LP_ASK_PROVISIONED, /* give the provisioned (factory) root, or answer absent */
    LP_ASK_FETCH,       /* fetch from the repository: give, or answer absent when it is not there */
    LP_ASK_STORE,       /* `data` is now trusted: persist it durably, then answer done */
    LP_ASK_FORGET,      /* remove the stored copy durably, then answer done */
    LP_ASK_TARGET,      /* uptane.h: one image has been judged; answer done */
    LP_ASK_TRUSTED,     /* finished: everything asked for is verified */
    LP_ASK_REFUSED,     /* finished: see the error */
} lp_ask_kind;

enum { LP_ASK_NAME_BYTES = LP_CONSTRAINED ? 1 : LP_NAME_BYTES }; /* partial verification asks for no delegated role */

typedef struct lp_ask {
    lp_ask_kind kind;
    lp_repo repo;
    lp_role role;
    uint32_t place;               /* of an image repository in the map (mapping.h); 0 without one */
    uint64_t version;             /* FETCH: version in the file's name, 0 for none (lp_metadata_path()) */
    uint64_t max_bytes;           /* LOAD, PROVISIONED, FETCH: need not be read further than this plus one byte */
    char name[LP_ASK_NAME_BYTES]; /* delegated role, unescaped; else "" */
    lp_slice data;                /* STORE */
} lp_ask;

typedef struct lp_tuf_config {
    lp_repo repo; /* for errors only */
    lp_dialect dialect;
    lp_json_form form; /* LP_JSON_SERVED, or LP_JSON_CANONICAL for partial verifiers */
    const lp_limits *limits;
    const lp_crypto *crypto;
    int64_t now;                /* seconds since 1970, read once for the whole run */
    bool root_and_targets_only; /* legacy directors: no timestamp, no snapshot */
    /* Last check before targets become trusted and are stored; may be NULL. Sets `error->code`, `clause`
     * and `subject`, and returns the code. */
    lp_code (*check_targets)(void *ctx, const lp_trusted_targets *targets, lp_error *error);
    void *ctx;
} lp_tuf_config;

/* The walk from a stored or provisioned root to the latest one. Fields are private. */
typedef struct lp_root_chain {
    unsigned state;
    uint32_t rotations; /* roots accepted in this run */
    bool have_root;
    bool rotated_online;  /* the root at hand changed timestamp or snapshot keys */
    bool rotated_targets; /* targets keys changed along the chain of this run */
    lp_trusted_root root;
} lp_root_chain;

/* All of one repository's verification; caller-owned, plain memory, nothing to free.
 * Fields are private. */
typedef struct lp_tuf {
    lp_tuf_config config;
    unsigned state;
    bool have_timestamp, have_old_snapshot;
    uint64_t targets_floor; /* version of the stored targets, 0 if none */
    lp_root_chain chain;
    lp_trusted_timestamp timestamp;
    lp_trusted_snapshot snapshot;
    lp_trusted_snapshot old_snapshot;
    lp_trusted_targets targets;
    lp_error error;
} lp_tuf;

/* Starts a run. Config is copied; what it points to must outlive the run. */
void lp_tuf_begin(lp_tuf *tuf, const lp_tuf_config *config);

/* What to do next. Asking again without answering returns the same. */
void lp_tuf_next(const lp_tuf *tuf, lp_ask *ask);

/* Answers LOAD, PROVISIONED or FETCH with the file's bytes. `scratch` is used during the call only;
 * lp_json_scratch_bytes(bytes.len) always suffices.
 * Stored copies that are damaged or no longer verify are not an error: they are as good as absent. */
void lp_tuf_give(lp_tuf *tuf, lp_slice bytes, lp_scratch scratch);

/* Answers LOAD, PROVISIONED or FETCH: there is no such file. For a file that signed metadata promises
 * the run is refused with LP_MISSING_FILE. */
void lp_tuf_absent(lp_tuf *tuf);

/* Answers FETCH, or PROVISIONED where the caller fetches the first root: the transfer failed, for a reason in the
 * caller's domain: LP_UNREACHABLE, LP_SLOW_RETRIEVAL, LP_LIMIT_FILE (more than max_bytes). Ends the run. */
void lp_tuf_failed(lp_tuf *tuf, lp_code code);

/* Answers STORE or FORGET. `ok` false ends the run with LP_STATE. */
void lp_tuf_done(lp_tuf *tuf, bool ok);

/* Valid when the kind is LP_ASK_REFUSED. */
const lp_error *lp_tuf_error(const lp_tuf *tuf);

/* Trusted metadata: root from the first LP_ASK_FETCH on, targets when LP_ASK_TRUSTED; else NULL. */
const lp_trusted_root *lp_tuf_root(const lp_tuf *tuf);
const lp_trusted_targets *lp_tuf_targets(const lp_tuf *tuf);

/* One frame of the pre-order walk through delegations. */
typedef struct lp_search_frame {
    lp_trusted_targets role;
    lp_json_iter rest; /* delegations not yet looked at */
    bool succinct;     /* its hash bins are not yet looked at */
    bool terminating;
} lp_search_frame;

/* One multi-role delegation on the way: each of its roles gets a search of its own. */
typedef struct lp_search_multi {
    lp_json keys;       /* of the delegator */
    lp_json_iter rest;  /* roles not yet asked */
    uint64_t agreement; /* roles that must agree */
    bool terminating;
    unsigned floor;         /* frames below belong to searches around this one */
    unsigned visited_floor; /* roles visited before it count as visited in it no more */
    unsigned count;         /* roles that named the image */
    lp_target said[LP_MULTI_ROLES];
} lp_search_multi;

/* The search for one image through top-level targets and delegations
 * (TUF 1.0.34, 5.6.7; Uptane 2.1.0, 5.4.4.7 and 5.4.4.8; TAP 3, TAP 15). Fields are private. */
typedef struct lp_search {
    const lp_tuf *tuf;
    char image[LP_NAME_BYTES]; /* unescaped */
    uint8_t image_hash[LP_SHA256_BYTES];
    lp_str image_name;
    lp_json ecus; /* custom.ecuIdentifiers of the director's target, or absent */
    unsigned state;
    unsigned loads; /* roles loaded so far */
    unsigned depth; /* frames in use */
    unsigned multi_depth;
    unsigned visited_count;
    uint8_t visited[LP_SEARCH_ROLES][16]; /* digests of the names */
    lp_search_frame frames[LP_SEARCH_DEPTH];
    lp_search_multi multis[LP_MULTI_DEPTH];
    lp_role_keys keys; /* of the role being loaded, as its delegator says */
    lp_str name;       /* of the role being loaded */
    char name_text[LP_NAME_BYTES];
    bool terminating;
    uint64_t floor; /* version of its stored copy, 0 if none */
    lp_file_info info;
    lp_trusted_targets pending; /* verified, being stored */
    lp_target target;
    lp_error error;
} lp_search;

/* Starts the search for `image` in a repository whose machine said LP_ASK_TRUSTED. `ecus` is the
 * custom.ecuIdentifiers of the director's target, or absent: with it, a delegation that lists hardware
 * identifiers applies only if it lists that of every ECU. The asks and answers are those of lp_tuf. */
void lp_search_begin(lp_search *search, const lp_tuf *tuf, lp_str image, lp_json ecus);
void lp_search_next(const lp_search *search, lp_ask *ask);
void lp_search_give(lp_search *search, lp_slice bytes, lp_scratch scratch);
void lp_search_absent(lp_search *search);
void lp_search_failed(lp_search *search, lp_code code);
void lp_search_done(lp_search *search, bool ok);
const lp_error *lp_search_error(const lp_search *search);

/* What the image repository says of the image, when LP_ASK_TRUSTED; NULL if no role signs it. */
const lp_target *lp_search_result(const lp_search *search);

#endif
