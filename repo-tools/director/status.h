/* SPDX-License-Identifier: Apache-2.0 */
/* GET /status: what is known, as JSON. */
#ifndef LAMPYR_DIRECTOR_STATUS_H
#define LAMPYR_DIRECTOR_STATUS_H

#include "director.h"

/* Writes the status of `vehicle`, or with NULL of the first LPD_STATUS_VEHICLES vehicles after `after` ("" for the
 * first page), into heap memory; free() it. False with `state` in `refusal`. */
bool lpd_status(const lpd_director *director, const char *vehicle, const char *after, char **out, size_t *out_len,
                lpd_refusal *refusal);

#endif
