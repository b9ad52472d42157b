/* SPDX-License-Identifier: Apache-2.0 */
/* The verification procedures behind one vtable, so that the agent drives partial and full verification alike and
 * a board links only the one it uses. Asks and answers are those of lampyr/tuf.h. */
#ifndef LAMPYR_SECONDARY_VERIFIER_H
#define LAMPYR_SECONDARY_VERIFIER_H

#include "lampyr/uptane.h"

typedef struct lp_verifier_config {
    const lp_crypto *crypto;
    const lp_limits *limits;
    lp_dialect dialect; /* the director's */
    lp_json_form form;  /* LP_JSON_CANONICAL for partial verification, LP_JSON_SERVED for full */
    int64_t now;        /* seconds since 1970 */
    const char *vehicle;
    const char *serial;
    const char *hardware;
    const uint8_t *installed_sha256;
    uint64_t counter_floor;
} lp_verifier_config;

typedef struct lp_verifier lp_verifier;
struct lp_verifier {
    void *state; /* the implementation's, caller-owned */
    /* Full verification: files come from /m, as they were served. */
    bool full;
    bool root_and_targets_only; /* full only: the director keeps no timestamp and snapshot */
    lp_dialect image_dialect;   /* full only */

    void (*begin)(const lp_verifier *verifier, const lp_verifier_config *config);
    void (*next)(const lp_verifier *verifier, lp_ask *ask);
    void (*give)(const lp_verifier *verifier, lp_slice bytes, lp_scratch scratch);
    void (*absent)(const lp_verifier *verifier);
    void (*failed)(const lp_verifier *verifier, lp_code code);
    void (*done)(const lp_verifier *verifier, bool ok);
    const lp_error *(*error)(const lp_verifier *verifier);
    /* The director's latest root so far: from the first LP_ASK_FETCH on. */
    const lp_trusted_root *(*root)(const lp_verifier *verifier);
    /* After LP_ASK_TRUSTED: the director's targets, and the image that they order for this ECU, or NULL. The image has
     * the digests that the director lists and, with full verification, those of the image repository. */
    const lp_trusted_targets *(*targets)(const lp_verifier *verifier);
    const lp_target *(*target)(const lp_verifier *verifier);
};

/* Partial verification (Uptane 2.1.0, 5.4.4.1) with `state`. */
lp_verifier lp_verifier_partial(lp_partial *state);

typedef struct lp_verifier_full_state {
    lp_full full;
    lp_ecu ecu;
    bool ordered;
    lp_target target;
} lp_verifier_full_state;

/* Full verification (5.4.4.2) of what concerns this ECU. `root_and_targets_only`: of the director, as with legacy
 * directors that do not keep timestamp and snapshot. */
lp_verifier lp_verifier_full(lp_verifier_full_state *state, lp_dialect image_dialect, bool root_and_targets_only);

#endif
