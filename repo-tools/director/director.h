/* SPDX-License-Identifier: Apache-2.0 */
/* What the parts of lampyr-director share: options, limits, the open state, refusals. */
#ifndef LAMPYR_DIRECTOR_DIRECTOR_H
#define LAMPYR_DIRECTOR_DIRECTOR_H

#include "lampyr-host/files.h"
#include "lampyr-host/log.h"
#include "lampyr-host/openssl.h"
#include "lampyr/error.h"
#include "lampyr/json.h"

#define LPD_PROGRAM "lampyr-director"

/* Every limit of the server, with what it stops. */
enum {
    LPD_ID_BYTES = 129,                  /* vehicle, serial or hardware identifier, terminated */
    LPD_PATH_BYTES = 2048,               /* request path, decoded, terminated */
    LPD_BODY_BYTES = 4 * 1024 * 1024,    /* manifest or registration: endless data */
    LPD_TIME_BODY_BYTES = 64 * 1024,     /* time request: endless data */
    LPD_BODIES_BYTES = 64 * 1024 * 1024, /* all bodies in transit together: memory exhaustion */
    LPD_CONNECTIONS = 400,               /* two descriptors each: descriptor exhaustion */
    LPD_IDLE_S = 30,                     /* connections that say nothing */
    LPD_BODY_S = 120,                    /* a body that drips in */
    LPD_FUTURE_S = 300,                  /* how far a report's time may run ahead of the clock */
    LPD_NONCES = 1024,                   /* per time request */
    LPD_TIME_KEYS = 4,
    LPD_INVENTORY_BYTES = 8 * 1024 * 1024, /* of one vehicle's ecus.json */
    LPD_REPORT_TEXT_BYTES = 512,           /* attacks_detected or a failed image's name, terminated */
    LPD_INSTALLATION_BYTES = 16 * 1024,    /* longest installation_report that is kept */
    LPD_REFUSALS = 16,                     /* remembered per vehicle */
    LPD_STATUS_VEHICLES = 100,             /* per status page */
    LPD_REFUSAL_BYTES = 320,               /* detail of a refusal, terminated */
};

typedef struct lpd_options {
    char director_repo[LP_PATH_BYTES];
    char image_repo[LP_PATH_BYTES];
    char inventory[LP_PATH_BYTES]; /* "" if there is none */
    int dialect;                   /* lp_dialect */
    char time_keys[LPD_TIME_KEYS][LP_PATH_BYTES];
    size_t time_key_count;
    char db[LP_PATH_BYTES];
    char listen[256];
    char tls_cert[LP_PATH_BYTES]; /* "": plain HTTP */
    char tls_key[LP_PATH_BYTES];
    char tls_client_ca[LP_PATH_BYTES]; /* "": clients need no certificate */
    uint64_t connections_per_ip;
} lpd_options;

/* Why a request is refused: HTTP status (0: it is not), stable name, one line of detail. */
typedef struct lpd_refusal {
    unsigned http;
    const char *name; /* static: lp_code_name(), or one of lampyr-director(8) */
    char detail[LPD_REFUSAL_BYTES];
} lpd_refusal;

/* Fills `out`. What is not printable ASCII in the detail becomes '?', so that it stays one line, cut anywhere.
 * Always false, so that a check can end with `return lpd_refuse(...)`. */
bool lpd_refuse(lpd_refusal *out, unsigned http, const char *name, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* The same, named after a code of the verifier: 400 for what is malformed or beyond a limit (413 for length),
 * 500 for LP_STATE, 403 for what is not authentic. */
bool lpd_refuse_code(lpd_refusal *out, lp_code code, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* The published folders. */
typedef struct lpd_fleet {
    const char *director_repo;
    const char *inventory;        /* or NULL */
    bool single;                  /* director_repo itself is the director repository of one vehicle */
    bool anonymous;               /* single, and nothing says which vehicle it is */
    char single_id[LPD_ID_BYTES]; /* its name in URLs and status */
} lpd_fleet;

struct lpd_store;

/* The open director. Used by one thread at a time. */
typedef struct lpd_director {
    const lpd_options *options;
    lp_dialect dialect;
    lpd_fleet fleet;
    struct lpd_store *store;
    lp_key time_keys[LPD_TIME_KEYS];
    size_t time_key_count;
} lpd_director;

#endif
