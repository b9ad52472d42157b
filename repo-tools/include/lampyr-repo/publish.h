/* SPDX-License-Identifier: Apache-2.0 */
/* What leaves a workspace: published repositories, and the folders ECUs are provisioned with. */
#ifndef LAMPYR_REPO_PUBLISH_H
#define LAMPYR_REPO_PUBLISH_H

#include "lampyr-repo/workspace.h"

/* Copies what is signed to `out` in the layout of docs/POUF.md: an image repository as it is, a director as
 * <vehicle>/director/. Each file is replaced atomically and only if it differs, images first and timestamp last, so
 * that `out` may be served meanwhile; nothing is removed. `*written` counts the files.
 * LPR_USAGE: nothing is signed yet. LPR_STATE. */
bool lpr_publish(const lpr_workspace *ws, const char *out, size_t *written, lpr_error *error);

/* What the provisioning folders need beyond the workspace of the director. Files are copied. */
typedef struct lpr_provision {
    const char *vehicle;
    const char *serial;                   /* secondary only */
    const char *out;                      /* folder to make */
    const char *key;                      /* private key of the ECU, PEM */
    const char *image_root;               /* root of the image repository; NULL: none (secondary only) */
    const char *primary;                  /* secondary: CoAP address of the primary, with or without "coap://" */
    const char *vendor;                   /* secondary; or NULL */
    const char *director_url, *image_url; /* primary; NULL: left for the .d folder to set */
    lp_dialect image_dialect;             /* for full verification */
    bool director_targets_only;           /* for full verification: only its root and targets matter */
    int64_t time;                         /* floor, seconds since 1970 */
} lpr_provision;

/* Writes the folders of docs/POUF.md, "Usage"; root and targets of the director as it serves them.
 * LPR_USAGE: nothing is signed yet, no such vehicle or ECU, a key that is not the ECU's, `out` is provisioned
 * already. LPR_STATE. */
bool lpr_provision_primary(const lpr_workspace *ws, const lpr_provision *provision, lpr_error *error);
bool lpr_provision_secondary(const lpr_workspace *ws, const lpr_provision *provision, lpr_error *error);

/* An overview of the workspace: settings, roles with version, expiry, keyids and threshold, images or
 * vehicles. A new reference in `*out`. LPR_STATE. */
bool lpr_show(const lpr_workspace *ws, json_t **out, lpr_error *error);

#endif
