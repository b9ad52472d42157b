/* SPDX-License-Identifier: Apache-2.0 */
/* The second opinion on JSON: jansson, which shares no code with the verifier. */
#ifndef LAMPYR_FUZZ_JSON_ORACLE_H
#define LAMPYR_FUZZ_JSON_ORACLE_H

#include "lampyr/json.h"

#include <jansson.h>

/* Parses one document strictly. NULL if it is refused; `*why` tells. With `reals`, integers beyond 64 bits are taken
 * for reals. Free with json_decref(). */
json_t *oracle_parse(lp_slice bytes, bool reals, enum json_error_code *why);

/* Whether the verifier, walking `have`, sees the value that jansson saw. */
bool oracle_same(const json_t *want, lp_json have);

/* The canonical form of a value without reals, as jansson writes and sorts it. Free with free(). */
lp_slice oracle_canonical(const json_t *value, lp_dialect dialect);

#endif
