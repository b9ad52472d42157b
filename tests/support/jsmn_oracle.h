/* SPDX-License-Identifier: Apache-2.0 */
/* A second opinion on structure: jsmn's tokens against what the verifier's readers walk through in place. */
#ifndef LAMPYR_TEST_JSMN_ORACLE_H
#define LAMPYR_TEST_JSMN_ORACLE_H

#include "lampyr/json.h"

/* True if jsmn (strict) finds in the text of `value` the same values at the same places as lp_json_next() does. `value`
 * is an object, array or string of a document that lp_json_check() accepted; jsmn takes no other value alone. False
 * also if memory is short. */
bool jsmn_oracle_same(lp_json value);

#endif
