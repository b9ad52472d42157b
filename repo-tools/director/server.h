/* SPDX-License-Identifier: Apache-2.0 */
/* The HTTP server. One thread runs it, so that all state has one user at a time. */
#ifndef LAMPYR_DIRECTOR_SERVER_H
#define LAMPYR_DIRECTOR_SERVER_H

#include "director.h"

typedef struct lpd_server lpd_server;

enum { LPD_URL_BYTES = 300 };

/* Starts to serve at `director->options->listen`, with TLS if the options say so. `url` is where, with
 * the port that the kernel gave. `director` must outlive the server and must not be used elsewhere meanwhile.
 * False with one line in `message`; `*config` says that the options are at fault, else the address is. */
bool lpd_server_start(const lpd_director *director, lpd_server **out, char url[LPD_URL_BYTES], bool *config,
                      char *message, size_t message_bytes);

/* Stops: no new requests, open connections are closed. */
void lpd_server_stop(lpd_server *server);

#endif
