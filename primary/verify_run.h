/* SPDX-License-Identifier: Apache-2.0 */
/* One run of lampyr-verify: metadata, then images. */
#ifndef LAMPYR_PRIMARY_VERIFY_RUN_H
#define LAMPYR_PRIMARY_VERIFY_RUN_H

#include "listing.h"
#include "verify_options.h"

#include "lampyr-host/files.h"
#include "lampyr/path.h"

enum lpv_exit {
    LPV_ACCEPTED = 0,
    LPV_REFUSED = 1,
    LPV_USAGE = 2,
    LPV_NOT_FETCHED = 3,
    LPV_STATE = 4,
};

/* One image the director orders. */
typedef struct lpv_image {
    lp_verdict verdict;
    lp_listing listing; /* of full verification */
    char name[LP_NAME_BYTES];
    char file[LP_URL_BYTES];   /* where it is in the (first) image repository, or "" if that was not needed */
    char saved[LP_PATH_BYTES]; /* where it was downloaded to, or "" */
} lpv_image;

/* An image repository of a map that was refused, whether or not that mattered. */
typedef struct lpv_refusal {
    lp_error error;
    const char *message; /* on transport, or "" */
} lpv_refusal;

typedef struct lpv_outcome {
    enum lpv_exit exit;
    lp_error error;                       /* LP_OK when accepted; no code but LPV_USAGE: see the message */
    char message[LP_FETCH_MESSAGE_BYTES]; /* on transport, state or usage, or "" */
    const char *given_root;               /* --director-root or --image-root, if that is what was refused; or NULL */
    bool director_first_root;             /* taken on trust in this run */
    uint32_t image_first_roots;           /* the same, by place in the map */
    const lp_map *map;                    /* or NULL: there is one image repository */
    lpv_refusal refusals[LP_MAP_REPOSITORIES];
    size_t refusal_count;
    lpv_image *images; /* all judged: refused ones too */
    size_t image_count;
    struct lpv_session *session; /* holds what the fields above point into */
} lpv_outcome;

/* Runs. What it returns is to be freed with lpv_outcome_free(), and is complete in any case. */
void lpv_run(const lpv_options *options, lpv_outcome *out);

void lpv_outcome_free(lpv_outcome *outcome);

#endif
