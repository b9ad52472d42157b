/* SPDX-License-Identifier: Apache-2.0 */
/* The configuration of lampyr-secondary, read once (lampyr-secondary(8), "CONFIGURATION"). */
#ifndef LAMPYR_SECONDARY_SETTINGS_H
#define LAMPYR_SECONDARY_SETTINGS_H

#include "lampyr-host/files.h"
#include "lampyr/json.h"
#include "lampyr/wire.h"

enum { LP_ADDRESS_BYTES = 300 };

typedef struct lp_settings {
    char serial[LP_SERIAL_BYTES];
    char hardware[LP_SERIAL_BYTES];
    char vendor[LP_SERIAL_BYTES];  /* or "" */
    char vehicle[LP_SERIAL_BYTES]; /* "" in legacy: not checked */
    lp_dialect dialect;
    lp_dialect image_dialect;
    bool director_root_and_targets_only;
    char primary[LP_ADDRESS_BYTES];
    char listen[LP_ADDRESS_BYTES];
    char key[LP_PATH_BYTES];
    char root[LP_PATH_BYTES];
    char targets[LP_PATH_BYTES];
    char image_root[LP_PATH_BYTES]; /* "": no full verification */
    char image[LP_PATH_BYTES];      /* factory image; "": none */
    char time[LP_PATH_BYTES];
    char state[LP_PATH_BYTES];
    uint64_t poll_seconds;
    uint64_t retry_milliseconds;
    uint64_t confirm_seconds;
    uint64_t slow_seconds;
    uint64_t slow_bytes;
    uint64_t block_bytes;
} lp_settings;

/* Reads and checks the file and its `.d` folder. False with one line in `message`. */
bool lp_settings_read(const char *path, lp_settings *out, char *message, size_t message_bytes);

#endif
