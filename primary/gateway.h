/* SPDX-License-Identifier: Apache-2.0 */
/* Everything the daemon holds while it runs. */
#ifndef LAMPYR_PRIMARY_GATEWAY_H
#define LAMPYR_PRIMARY_GATEWAY_H

#include "loop.h"
#include "manifest.h"
#include "repositories.h"
#include "settings.h"

#include "lampyr-host/openssl.h"

#define LP_PROGRAM "lampyr-primary"

/* How a cycle ended; the exit status of `once`. */
typedef enum lp_outcome {
    LP_OUTCOME_DONE = 0,
    LP_OUTCOME_REFUSED = 1,
    LP_OUTCOME_USAGE = 2,
    LP_OUTCOME_UNREACHABLE = 3,
    LP_OUTCOME_STATE = 4,
    LP_OUTCOME_PENDING = 5,
} lp_outcome;

/* The answer to the latest request that was waited for. */
typedef struct lp_answer {
    bool ended;
    lp_fetch_outcome outcome;
    lp_code code;
    long status;
    uint8_t *body;
    size_t body_bytes;
    char message[LP_FETCH_MESSAGE_BYTES];
} lp_answer;

typedef struct lp_gateway {
    lp_settings settings;
    lp_inventory inventory;
    size_t own; /* index of the primary in the inventory */
    lp_key key;
    uint8_t *director_root; /* as provisioned */
    size_t director_root_bytes;
    uint8_t *image_root; /* without a map */
    size_t image_root_bytes;
    lp_repositories repositories; /* with a map */
    int64_t provisioned_time;
    lp_store *store;
    lp_ledger *ledger;
    lp_secondaries secondaries;
    lp_relay relay;
    lp_requests requests;
    lp_progress progress;
    lp_fetch *fetch;
    lp_coap_server *server;
    lp_loop loop;
    lp_answer answer;
    int64_t manifest_after_ms;      /* no manifest between two cycles before this (lp_loop_now_ms()) */
    char attacks[LP_ATTACKS_BYTES]; /* detected since the last report, code names separated by ' ' */
} lp_gateway;

/* Reads what the settings name, opens the state and starts to listen. On failure one line stands in `message` and
 * the outcome says whose fault it is. Close with lp_gateway_close(), also then. */
lp_outcome lp_gateway_open(lp_gateway *gateway, const char *config, const char *progress, char *message,
                           size_t message_bytes);

void lp_gateway_close(lp_gateway *gateway);

/* Serves everybody until `*ended`. False if the order to stop came first: then requests under way have been ended,
 * and no more can be made. */
bool lp_gateway_await(lp_gateway *gateway, const bool *ended);

/* Remembers for the next report that an attack was detected; codes that are no attack are left out. */
void lp_gateway_detected(lp_gateway *gateway, lp_code code);

#endif
