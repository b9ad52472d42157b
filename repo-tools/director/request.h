/* SPDX-License-Identifier: Apache-2.0 */
/* One HTTP request, from its head to its answer. */
#ifndef LAMPYR_DIRECTOR_REQUEST_H
#define LAMPYR_DIRECTOR_REQUEST_H

#include "director.h"

#include <microhttpd.h>

/* What all requests share. */
typedef struct lpd_service {
    const lpd_director *director;
    bool client_certificates; /* required, and name the vehicle */
    size_t bodies_bytes;      /* of all bodies in transit */
} lpd_service;

/* libmicrohttpd's request handler; `cls` is the lpd_service. */
enum MHD_Result lpd_request_handle(void *cls, struct MHD_Connection *connection, const char *url, const char *method,
                                   const char *version, const char *upload, size_t *upload_len, void **state);

/* libmicrohttpd's end of a request: frees its state. */
void lpd_request_completed(void *cls, struct MHD_Connection *connection, void **state,
                           enum MHD_RequestTerminationCode why);

#endif
