/* SPDX-License-Identifier: Apache-2.0 */
/* From a request's method and path to what is asked for. */
#ifndef LAMPYR_DIRECTOR_ROUTE_H
#define LAMPYR_DIRECTOR_ROUTE_H

#include "director.h"

typedef enum lpd_resource {
    LPD_DIRECTOR_FILE, /* GET /<vehicle>/director/<file> */
    LPD_IMAGE_FILE,    /* GET /repo/<file> */
    LPD_ECUS,          /* POST <director>/ecus */
    LPD_MANIFEST,      /* PUT <director>/manifest */
    LPD_TIME,          /* POST <director>/time */
    LPD_STATUS,        /* GET /status */
} lpd_resource;

typedef struct lpd_route {
    lpd_resource resource;
    char vehicle[LPD_ID_BYTES]; /* "" for /director, where the path does not say */
    char file[LPD_PATH_BYTES];  /* a safe name (lp_name_safe()) */
} lpd_route;

/* Reads the path of a request target, still percent-encoded. False with `name_unsafe`, `not_found` or
 * `method_not_allowed` in `refusal`. */
bool lpd_route_read(const char *method, const char *path, lpd_route *out, lpd_refusal *refusal);

/* "manifest", "registration", "time" or "": what is sent to the director, for logs and the status page. */
const char *lpd_resource_request(lpd_resource resource);

#endif
