/* SPDX-License-Identifier: Apache-2.0 */
/* Uptane: full verification over both repositories, and partial verification, as state machines that
 * do no I/O. Asks and answers are those of tuf.h. */
#ifndef LAMPYR_UPTANE_H
#define LAMPYR_UPTANE_H

#include "lampyr/mapping.h"
#include "lampyr/tuf.h"

/* One ECU of the vehicle, as the caller's inventory knows it. Plain text, terminated. */
typedef struct lp_ecu {
    const char *serial;
    const char *hardware;
    bool has_installed; /* false: unknown, every image counts as new */
    uint8_t installed_sha256[LP_SHA256_BYTES];
    uint64_t counter_floor; /* release counter of the confirmed image, 0 if none */
} lp_ecu;

/* One image repository of a run. Fields are private. */
typedef struct lp_source {
    lp_tuf tuf;
    bool begun;
    bool failed;                   /* not to be asked again in this run */
    lp_error error;                /* the first refusal of it, whether or not it mattered */
    char role_text[LP_NAME_BYTES]; /* what an error's subject points at when it names a hash bin */
} lp_source;

typedef struct lp_full_config {
    const lp_crypto *crypto;
    const lp_limits *limits;
    lp_dialect director_dialect;
    lp_dialect image_dialect;
    bool director_root_and_targets_only;
    int64_t now;         /* attested time, seconds since 1970 */
    const char *vehicle; /* identifier, or NULL (legacy only: not checked) */
    const lp_ecu *ecus;  /* the vehicle's ECUs, primary included; at most LP_ECUS */
    size_t ecu_count;
    bool only_listed;                   /* a full-verification secondary: ECUs not in `ecus` are not its business */
    bool always_check_image_repository; /* lampyr-verify: also without news */
    const lp_map *map;                  /* which image repositories must agree on an image, or NULL: there is one */
    lp_source *sources;                 /* with a map: memory for each of its image repositories, the caller's */
} lp_full_config;

/* One image the director orders, with the verdict on it. */
typedef struct lp_verdict {
    lp_target director; /* as ordered */
    lp_target image;    /* as the (first) image repository signs it; length 0 and no name if it was not asked */
    lp_hashes hashes; /* if accepted: all that one of them lists, each of which the image must match (5.4.3.4 step 7) */
    bool installed;   /* every ECU of `ecus` ordered to run it already does */
    uint32_t agreed;  /* bit i: the image repository at place i of the map (0 without one) signs `image` */
    uint32_t consistent; /* bit i: that repository uses hash-prefixed names */
    lp_error error;      /* LP_OK: may be installed */
} lp_verdict;

/* Fields are private. The struct must not be moved during a run. */
typedef struct lp_full {
    lp_full_config config;
    unsigned state;
    lp_tuf director;
    const lp_map *map;
    lp_source only;     /* without a map */
    lp_source *sources; /* as many as the map has image repositories */
    size_t at;          /* the one that is asked */
    lp_choice choice;   /* of what to believe of the image at hand */
    lp_search search;
    lp_json_iter targets; /* director's images not yet judged */
    lp_verdict verdict;
    bool has_news;
    bool asks_images;                 /* of image repositories */
    uint32_t seen[LP_ECUS / 32];      /* ECUs ordered an image so far */
    lp_error error;                   /* of the first refused image, or of the run */
    char refused_role[LP_NAME_BYTES]; /* what `error.subject` points at when it names a hash bin */
} lp_full;

/* Full verification (Uptane 2.1.0, 5.4.4.2). LP_ASK_TARGET hands over each image's verdict; the run ends
 * with LP_ASK_REFUSED if any was refused, and then nothing may be installed.
 *
 * Without a map there is one image repository: it is verified when there is news, and if that fails the run does.
 * With a map an image repository is verified when the first image needs it. If that fails the images for which it
 * could have mattered are refused (lp_choice_next()); it is not asked again in this run, unless just one image could
 * not be found in it. Only LP_STATE and LP_MISUSE end the run. */
void lp_full_begin(lp_full *full, const lp_full_config *config);
void lp_full_next(const lp_full *full, lp_ask *ask);
void lp_full_give(lp_full *full, lp_slice bytes, lp_scratch scratch);
void lp_full_absent(lp_full *full);
void lp_full_failed(lp_full *full, lp_code code);
void lp_full_done(lp_full *full, bool ok);
const lp_error *lp_full_error(const lp_full *full);

/* Valid while the kind is LP_ASK_TARGET. */
const lp_verdict *lp_full_verdict(const lp_full *full);

/* What the image repository at that place of the map signs of the image: for the places in the verdict's `agreed`, and
 * valid with it. They agree, but one may list a digest that the others do not. */
const lp_target *lp_full_image(const lp_full *full, size_t place);

/* The first refusal of the image repository at that place of the map, whether or not it mattered to the verdicts; NULL
 * if there was none. What its subject points into is the caller's bytes. */
const lp_error *lp_full_source_error(const lp_full *full, size_t place);

/* After LP_ASK_TRUSTED: director's targets; and whether anything is to be installed. */
const lp_trusted_targets *lp_full_targets(const lp_full *full);
bool lp_full_has_news(const lp_full *full);

/* The director's latest root so far: from the first LP_ASK_FETCH on; else NULL. */
const lp_trusted_root *lp_full_director_root(const lp_full *full);

typedef struct lp_partial_config {
    const lp_crypto *crypto;
    const lp_limits *limits;
    lp_dialect dialect;
    lp_json_form form;   /* LP_JSON_CANONICAL on a board */
    int64_t now;         /* attested time */
    const char *vehicle; /* or NULL (legacy only) */
    const char *serial;
    const char *hardware;
    uint64_t counter_floor;
} lp_partial_config;

/* Fields are private. */
typedef struct lp_partial {
    lp_tuf_config director;
    const char *vehicle;
    lp_str serial;
    const char *hardware;
    uint64_t counter_floor;
    unsigned state;
    uint64_t targets_floor; /* version of the stored targets, 0 if none */
    lp_root_chain chain;
    lp_trusted_targets targets;
    bool has_target;
    lp_target target;
    lp_error error;
} lp_partial;

/* Partial verification of the director's root chain and targets (Uptane 2.1.0, 5.4.4.1). New targets
 * that do not name this ECU are accepted (their version and time count), and there is no image in them. */
void lp_partial_begin(lp_partial *partial, const lp_partial_config *config);
void lp_partial_next(const lp_partial *partial, lp_ask *ask);
void lp_partial_give(lp_partial *partial, lp_slice bytes, lp_scratch scratch);
void lp_partial_absent(lp_partial *partial);
void lp_partial_failed(lp_partial *partial, lp_code code);
void lp_partial_done(lp_partial *partial, bool ok);
const lp_error *lp_partial_error(const lp_partial *partial);

/* After LP_ASK_TRUSTED: the image ordered for this ECU, or NULL; and the targets that order it. */
const lp_target *lp_partial_target(const lp_partial *partial);
const lp_trusted_targets *lp_partial_targets(const lp_partial *partial);

/* The director's latest root so far: from the first LP_ASK_FETCH on; else NULL. */
const lp_trusted_root *lp_partial_root(const lp_partial *partial);

/* Signed time (docs/POUF.md, "Time"): checks the attestation against the time key in director root and
 * that it carries `nonce` (lower-case hex). `*now` is set on success.
 * The codes of lp_signed_parse() and lp_signed_verify(), LP_TIME_NO_KEY, LP_TIME_NONCE,
 * LP_ROLLBACK_TIME if it lies before `floor`. */
lp_code lp_time_check(const lp_trusted_root *director_root, lp_slice bytes, lp_json_form form, const char *nonce,
                      int64_t floor, const lp_crypto *crypto, const lp_limits *limits, lp_scratch scratch,
                      int64_t *now);

/* True if the time keys of the two roots differ: then the stored floor is forgotten. */
bool lp_time_key_rotated(const lp_trusted_root *before, const lp_trusted_root *after);

#endif
