/* SPDX-License-Identifier: Apache-2.0 */
/* A workspace: the folder in which one repository's keys, contents and signed metadata are kept.
 *
 *     workspace.json          settings, public keys, delegations and images
 *     keys/<role>-<n>.pem     private keys, mode 0600
 *     images/<sha256>         image repository: the images
 *     metadata/               what is signed: root.json, every N.root.json, targets.json, ...
 *     vehicles/<id>/          director: ecus.json, assignments.json and metadata/ of each vehicle
 *
 * Every file is replaced atomically. jansson's allocator must not return NULL: programs install one
 * that ends them (json_set_alloc_funcs()), because half-built metadata must never be signed. */
#ifndef LAMPYR_REPO_WORKSPACE_H
#define LAMPYR_REPO_WORKSPACE_H

#include "lampyr-host/files.h"
#include "lampyr/crypto.h"
#include "lampyr/json.h"

#include <jansson.h>

/* Why something was not done; the numbers are exit codes. */
typedef enum lpr_failure {
    LPR_REFUSED = 1, /* it would be wrong: hardware that does not fit, an image that is not there */
    LPR_USAGE = 2,   /* a name, file or value that cannot be taken */
    LPR_STATE = 4,   /* the workspace is damaged, locked or cannot be written */
} lpr_failure;

/* Filled by every function of this library that returns false. */
typedef struct lpr_error {
    lpr_failure kind;
    char text[1024]; /* one line */
} lpr_error;

typedef struct lpr_workspace {
    char folder[LP_PATH_BYTES];
    lp_repo repository;
    lp_dialect dialect;
    int64_t expires_in; /* seconds; how long new metadata is valid by default */
    int lock;           /* descriptor, -1 if opened for reading */
    json_t *state;      /* workspace.json, checked */
} lpr_workspace;

typedef struct lpr_plan {
    lp_repo repository;
    lp_dialect dialect;
    lp_scheme scheme;
    unsigned keys;      /* of each top-level role; 1 to LPR_KEYS_MAX */
    unsigned threshold; /* 1 to `keys` */
    int64_t expires_in; /* seconds */
} lpr_plan;

enum { LPR_KEYS_MAX = 16, LPR_RSA_BITS = 3072 };

/* Makes a workspace with new keys in `folder`, which must not hold one yet. A director of the tuf dialect
 * gets a time key, too (docs/POUF.md, "Time"). LPR_USAGE, LPR_STATE. */
bool lpr_workspace_create(const char *folder, const lpr_plan *plan, lpr_error *error);

/* Opens a workspace; `write` locks it against other processes. Close with lpr_workspace_close().
 * LPR_USAGE if there is none, LPR_STATE if it is damaged or locked. */
bool lpr_workspace_open(const char *folder, bool write, lpr_workspace *out, lpr_error *error);

/* Writes workspace.json. LPR_STATE. */
bool lpr_workspace_save(const lpr_workspace *ws, lpr_error *error);

void lpr_workspace_close(lpr_workspace *ws);

#endif
