/* SPDX-License-Identifier: Apache-2.0 */
/* The refusals by number, so that a test can prove each of them needed (docs/TESTING.md).
 *
 * LP_REFUSAL(number, condition) is the condition on which something is refused: a file, or only a signature, a key
 * or a stored copy. LP_REFUSAL_CODE(number, code) is the code where no condition is left to ask for. The build of
 * tests/refusals can switch one number off at run time: its condition then never holds, its code is LP_OK.
 *
 * A number is used once, and the numbers of a file share their hundreds. */
#ifndef LP_REFUSAL_H
#define LP_REFUSAL_H

#ifdef LAMPYR_REFUSAL_SWITCH
#include <stdbool.h>

bool lp_refusal_stands(unsigned number, bool condition);

#define LP_REFUSAL(number, condition) lp_refusal_stands(number, condition)
#define LP_REFUSAL_CODE(number, code) (lp_refusal_stands(number, true) ? (code) : LP_OK)
#else
#define LP_REFUSAL(number, condition) (condition)
#define LP_REFUSAL_CODE(number, code) (code)
#endif

#endif
