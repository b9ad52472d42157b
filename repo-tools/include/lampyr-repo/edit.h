/* SPDX-License-Identifier: Apache-2.0 */
/* Changes to a workspace. Nothing is signed by them: lpr_sign() signs what changed.
 *
 * Names are taken only if they are safe (lp_name_safe()), in Unicode NFC and short enough, else LPR_USAGE.
 * Every function here fails with LPR_STATE if the workspace cannot be read or written. */
#ifndef LAMPYR_REPO_EDIT_H
#define LAMPYR_REPO_EDIT_H

#include "lampyr-repo/workspace.h"

/* A list of strings that the caller owns. */
typedef struct lpr_list {
    const char *const *items;
    size_t count;
} lpr_list;

/* Adds a new key to a role. The threshold becomes `threshold`, or stays if that is 0.
 * LPR_USAGE: no such role, too many keys, a threshold that cannot be met. */
bool lpr_key_add(lpr_workspace *ws, const char *role, lp_scheme scheme, unsigned threshold, lpr_error *error);

/* Replaces all keys of a role by as many new ones. LPR_USAGE: no such role. */
bool lpr_key_rotate(lpr_workspace *ws, const char *role, lp_scheme scheme, lpr_error *error);

typedef struct lpr_image {
    const char *name; /* in metadata, with '/' between folders */
    const char *file; /* its bytes */
    const char *role; /* "targets" or a delegated role */
    lpr_list hardware;
    uint64_t counter;    /* release counter */
    const char *version; /* for people; or NULL */
    const char *format;  /* or NULL */
    const char *vendor;  /* or NULL */
} lpr_image;

/* Adds an image to an image repository and keeps a copy of its bytes.
 * LPR_USAGE: a name that the role has already or that its delegation does not cover, no such role,
 * an unreadable or empty file, a director's workspace. */
bool lpr_image_add(lpr_workspace *ws, const lpr_image *image, lpr_error *error);

/* Removes an image from `role`, or from the first role that has it if NULL. Its bytes are kept: metadata that
 * is signed may still list it. LPR_USAGE: no such image. */
bool lpr_image_remove(lpr_workspace *ws, const char *name, const char *role, lpr_error *error);

typedef struct lpr_delegation {
    const char *role;
    const char *parent; /* "targets" or a delegated role */
    lpr_list paths;     /* patterns; at least one */
    lpr_list hardware;  /* empty: any */
    bool terminating;
    lp_scheme scheme; /* of its new key */
} lpr_delegation;

/* Delegates to a new role, after those its parent has already. LPR_USAGE. */
bool lpr_delegation_add(lpr_workspace *ws, const lpr_delegation *delegation, lpr_error *error);

/* Adds a vehicle without ECUs to a director. LPR_USAGE. */
bool lpr_vehicle_add(const lpr_workspace *ws, const char *vehicle, lpr_error *error);

typedef struct lpr_ecu {
    const char *serial;
    const char *hardware;
    const char *public_key_file; /* PEM */
    bool primary;
} lpr_ecu;

/* Adds an ECU to a vehicle's inventory. LPR_USAGE: known serial, second primary, no such vehicle, no key. */
bool lpr_ecu_add(const lpr_workspace *ws, const char *vehicle, const lpr_ecu *ecu, lpr_error *error);

typedef struct lpr_order {
    const char *serial;
    const char *image;
    const char *from; /* workspace of the image repository */
    bool force;       /* order it whatever the image repository says */
    const char *file; /* with force: bytes of an image that the repository does not have, or NULL */
} lpr_order;

/* Orders an image for an ECU; length, hashes and release counter are copied from the image repository.
 * LPR_REFUSED: hardware that does not fit, no such image. LPR_USAGE: no such vehicle or ECU. */
bool lpr_image_assign(const lpr_workspace *ws, const char *vehicle, const lpr_order *order, lpr_error *error);

/* Takes the order of an ECU back. LPR_USAGE: it has none. */
bool lpr_image_unassign(const lpr_workspace *ws, const char *vehicle, const char *serial, lpr_error *error);

#endif
