/* SPDX-License-Identifier: Apache-2.0 */
/* Signing: the one place where metadata becomes signed bytes. */
#ifndef LAMPYR_REPO_SIGN_H
#define LAMPYR_REPO_SIGN_H

#include "lampyr-host/openssl.h"
#include "lampyr-repo/edit.h"
#include "lampyr-repo/workspace.h"

#include <stdio.h>

typedef struct lpr_sign_request {
    lpr_list roles;      /* signed even if they did not change */
    const char *vehicle; /* director: this one only; NULL: all */
    int64_t now;         /* seconds since 1970 */
    int64_t expires;     /* of what is signed now, seconds since 1970 */
    FILE *log;           /* gets a line per signed file; NULL for none */
} lpr_sign_request;

/* Signs what changed or has expired, and what refers to it, with versions one higher than before. A new root
 * is signed by the keys of the root before, too (Uptane 2.1.0, 5.4.4.3 step 2.3).
 * LPR_USAGE: an unknown role or vehicle, fewer private keys than a threshold asks for. LPR_STATE. */
bool lpr_sign(const lpr_workspace *ws, const lpr_sign_request *request, lpr_error *error);

/* Canonicalises `payload`, signs it with every key and wraps it as
 * {"signatures":[...],"signed":<payload>}. The result is heap memory in the form that is served: compact,
 * sorted keys, control characters escaped. LPR_STATE. */
bool lpr_envelope(const json_t *payload, lp_dialect dialect, const lp_key *keys, size_t count, uint8_t **out,
                  size_t *out_len, lpr_error *error);

/* The canonical form of a document as heap memory. LPR_STATE. */
bool lpr_canonical(const json_t *document, lp_dialect dialect, uint8_t **out, size_t *out_len, lpr_error *error);

#endif
