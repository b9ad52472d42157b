/* SPDX-License-Identifier: Apache-2.0 */
/* Who is at the other end of a TLS connection. */
#ifndef LAMPYR_DIRECTOR_PEER_H
#define LAMPYR_DIRECTOR_PEER_H

#include "director.h"

#include <microhttpd.h>

/* Copies the common name of the client's certificate, which must be valid under the client CA. False if there is
 * none, if it is not valid, or if its name does not fit. */
bool lpd_peer_name(struct MHD_Connection *connection, char out[LPD_ID_BYTES]);

#endif
