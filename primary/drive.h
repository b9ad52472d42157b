/* SPDX-License-Identifier: Apache-2.0 */
/* Runs a verification procedure (uptane.h, tuf.h) against a store and the servers. */
#ifndef LAMPYR_PRIMARY_DRIVE_H
#define LAMPYR_PRIMARY_DRIVE_H

#include "fetch.h"
#include "metadata_store.h"

#include "lampyr/uptane.h"

/* The verbs that the procedures share. */
typedef struct lp_procedure {
    void (*next)(const void *machine, lp_ask *ask);
    void (*give)(void *machine, lp_slice bytes, lp_scratch scratch);
    void (*absent)(void *machine);
    void (*failed)(void *machine, lp_code code);
    void (*done)(void *machine, bool ok);
} lp_procedure;

extern const lp_procedure lp_procedure_full;    /* of an lp_full */
extern const lp_procedure lp_procedure_partial; /* of an lp_partial */

/* Where a repository is, and what it starts from. */
typedef struct lp_drive_repo {
    const char *base;          /* URL or folder */
    const char *const *others; /* further ones with the same files, NULL at the end, to be used when a transfer from
                                  `base` fails; or NULL. A run moves on in both */
    const char *folder;        /* "supplier-a/": where in the store its metadata is; NULL: in that of its kind */
    lp_dialect dialect;
    lp_slice provisioned_root; /* or none; stored with the first file that is trusted under it: until then it may have
                                  been the wrong one */
    bool refused_provisioned_root; /* out: it was needed, and is no root that could be trusted */
    uint64_t unstored_root;  /* private: the version of the provisioned root while it is accepted but not stored */
    bool trust_first_root;   /* lampyr-verify: without a stored or provisioned root, 1.root.json is taken */
    bool trusted_first_root; /* out: that happened in this run */
} lp_drive_repo;

/* Moves on to the repository's next URL; false if there is none. */
bool lp_drive_repo_next(lp_drive_repo *repo);

typedef struct lp_drive_config {
    const lp_procedure *procedure;
    void *machine; /* begun by the caller; used until lp_drive_free() */
    lp_metadata_store store;
    lp_fetch *fetch;
    bool offline;            /* nothing is fetched and the store not changed: what is stored is verified once more */
    lp_drive_repo *director; /* or NULL */
    lp_drive_repo *images;   /* by place in the map; one without a map, also that of a machine whose one repository is
                                of neither kind; or NULL */
    /* One image was judged (LP_ASK_TARGET); read the verdict from the machine. May be NULL. */
    void (*judged)(void *ctx);
    /* The stored file `name` cannot be what was stored, and another takes its place. May be NULL. */
    void (*damaged)(void *ctx, lp_repo repo, const char *name);
    /* The run ended, trusted or refused; read the rest from the machine. It may be called before
     * lp_drive_start() returns. */
    void (*ended)(void *ctx, bool trusted);
    void *ctx;
} lp_drive_config;

typedef struct lp_drive lp_drive;

/* Prepares a run. The configuration is copied; what it points to must outlive the run. NULL if memory is short. */
lp_drive *lp_drive_new(const lp_drive_config *config);

/* Starts the run. It goes on from lp_fetch_process() until `ended` is called. */
void lp_drive_start(lp_drive *drive);

/* Frees every file that was given to the machine, which must not be read any more. While the run is under way,
 * only if the lp_fetch is not processed again. */
void lp_drive_free(lp_drive *drive);

/* Why the latest transfer from the image repository at that place of the map failed, in one line; "" if none did. */
const char *lp_drive_failure(const lp_drive *drive, size_t place);

/* After a refusal: one line on the transport or the store when they are the reason, else "". */
const char *lp_drive_message(const lp_drive *drive);

#endif
