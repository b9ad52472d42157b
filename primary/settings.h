/* SPDX-License-Identifier: Apache-2.0 */
/* The configuration of lampyr-primary, read once (lampyr-primary(8), "CONFIGURATION"). */
#ifndef LAMPYR_PRIMARY_SETTINGS_H
#define LAMPYR_PRIMARY_SETTINGS_H

#include "lampyr-host/files.h"
#include "lampyr/json.h"
#include "lampyr/wire.h"

enum { LP_SETTINGS_URL_BYTES = 1024 };

typedef struct lp_settings {
    char serial[LP_SERIAL_BYTES];
    char hardware[LP_SERIAL_BYTES];
    char vehicle[LP_SERIAL_BYTES]; /* "" in legacy: not checked */
    lp_dialect director_dialect;
    lp_dialect image_dialect;
    bool director_root_and_targets_only;
    bool attested_time; /* else the system's clock */
    char director_url[LP_SETTINGS_URL_BYTES];
    char image_url[LP_SETTINGS_URL_BYTES]; /* "" with a map */
    char tls_ca[LP_PATH_BYTES];            /* "": the system's */
    char tls_certificate[LP_PATH_BYTES];   /* "": none */
    char tls_key[LP_PATH_BYTES];
    char key[LP_PATH_BYTES];
    char ecus[LP_PATH_BYTES];
    char director_root[LP_PATH_BYTES];
    char image_root[LP_PATH_BYTES]; /* "" with a map */
    char map[LP_PATH_BYTES];        /* "": there is one image repository */
    char map_roots[LP_PATH_BYTES];  /* "" without a map */
    char time[LP_PATH_BYTES];
    char state[LP_PATH_BYTES];
    char install_path[LP_PATH_BYTES]; /* "": the primary cannot install its own image */
    char coap_listen[LP_PATH_BYTES];
    uint64_t block_bytes;
    uint64_t poll_interval_seconds;
    uint64_t wait_seconds;
} lp_settings;

/* Reads and checks the file and its `.d` folder. False with one line in `message`. */
bool lp_settings_read(const char *path, lp_settings *out, char *message, size_t message_bytes);

#endif
