/* SPDX-License-Identifier: Apache-2.0 */
/* What the secondaries can get: the latest trusted metadata, the images ordered for them, and signed time.
 * Nothing comes in here that was not verified. */
#ifndef LAMPYR_PRIMARY_RELAY_H
#define LAMPYR_PRIMARY_RELAY_H

#include "inventory.h"
#include "representation.h"
#include "store.h"

#include "lampyr/uptane.h"

enum {
    LP_RELAY_TIMES = 8,  /* attestations kept: the latest and those a slow secondary still asks for */
    LP_RELAY_FILES = 16, /* verbatim metadata files kept open: what a few secondaries load at a time */
};

/* A metadata file as it was fetched, for secondaries that verify fully. */
typedef struct lp_relay_file {
    lp_repo repo;
    char *name; /* as requested; NULL: free */
    lp_representation file;
} lp_relay_file;

/* Where what is relayed comes from. */
typedef struct lp_relay_source {
    const lp_inventory *inventory;
    lp_store *store;
    lp_dialect director_dialect;
    lp_dialect image_dialect;
    lp_slice provisioned_root; /* of the director */
} lp_relay_source;

typedef struct lp_relay {
    lp_relay_source from;
    uint64_t root_version; /* 0: nothing to offer yet */
    size_t root_bytes;
    uint64_t targets_version;
    lp_representation targets;
    lp_representation *images; /* one per ECU of the inventory; no bytes: none is ordered */
    lp_representation root;    /* the director's root asked for last, canonical */
    uint64_t root_loaded;      /* its version */
    lp_representation times[LP_RELAY_TIMES];
    unsigned next_time;
    lp_relay_file files[LP_RELAY_FILES];
    unsigned next_file;
} lp_relay;

/* Prepares an empty relay; what it is given must outlive it. False if memory is short. Free with lp_relay_free(). */
bool lp_relay_init(lp_relay *relay, const lp_relay_source *source);

void lp_relay_free(lp_relay *relay);

/* How a board is asked whether it could take what is offered. */
typedef struct lp_relay_board {
    const lp_inventory_ecu *ecu;
    const char *vehicle; /* or NULL (legacy only) */
    int64_t now;         /* attested time */
} lp_relay_board;

/* Offers the director's root and targets in canonical form, after verifying them partially, as `board`, under the
 * constrained profile: a board must not be offered what it would refuse. Without `board` (NULL) that was done before,
 * or there are no partial verifiers. On failure what was offered before stays,
 * and `error` (subject: none) says why. */
lp_code lp_relay_offer_metadata(lp_relay *relay, const lp_trusted_root *root, const lp_trusted_targets *targets,
                                const lp_relay_board *board, lp_error *error);

/* Offers the file at `path` (`sha256` verified) as the image of the ECU `index`. False with errno. */
bool lp_relay_offer_image(lp_relay *relay, size_t index, const char *path, const uint8_t sha256[LP_SHA256_BYTES]);

/* Offers the ECU no image any more. */
void lp_relay_withdraw_image(lp_relay *relay, size_t index);

/* Offers an attestation that was verified; it is brought into canonical form. */
lp_code lp_relay_offer_time(lp_relay *relay, lp_slice attestation);

/* What is new for the ECU (GET /u/<serial>). */
void lp_relay_news(const lp_relay *relay, size_t index, lp_news *news);

/* Forgets the verbatim files that are kept open: trusted metadata may have changed. */
void lp_relay_forget_files(lp_relay *relay);

/* Loads the director's root `version` in canonical form; release with lp_representation_free(). False if the chain
 * that was verified does not have it. */
bool lp_relay_root_load(const lp_relay *relay, uint64_t version, lp_representation *out);

/* Each finds a representation, valid until the relay is next called; false if there is none. */
bool lp_relay_root(lp_relay *relay, uint64_t version, lp_representation *out);
bool lp_relay_targets(const lp_relay *relay, lp_representation *out);
bool lp_relay_image(const lp_relay *relay, size_t index, lp_representation *out);
bool lp_relay_time(const lp_relay *relay, const char *nonce, lp_representation *out);
bool lp_relay_metadata(lp_relay *relay, lp_repo repo, const char *file, lp_representation *out);

#endif
