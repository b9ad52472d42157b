/* SPDX-License-Identifier: Apache-2.0 */
/* POST <director>/time: signed time with the asker's nonces (docs/POUF.md, "Time"). */
#ifndef LAMPYR_DIRECTOR_ATTEST_H
#define LAMPYR_DIRECTOR_ATTEST_H

#include "director.h"

/* Answers the time request `body` with an attestation of `now` (seconds since 1970) in the dialect's canonical
 * form, signed by every time key; `*out` is heap memory, free() it.
 * On failure `refusal` says why: JSON and field codes, `time_no_key`, `state`. */
bool lpd_attest(const lpd_director *director, lp_slice body, int64_t now, char **out, size_t *out_len,
                lpd_refusal *refusal);

#endif
