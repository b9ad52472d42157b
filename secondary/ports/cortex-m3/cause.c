/* SPDX-License-Identifier: Apache-2.0 */
/* Why the board starts, as far as RAM that outlived the reset can tell. */
#include "core.h"

lp_reset_cause lp_retained_cause(void) {
    uint32_t was = lp_retained_words.reset;
    lp_retained_words.reset = LP_RESETS_RUNNING;
    lp_retained_words.locked = 0;
    switch (was) {
    case LP_RESETS_ITSELF:
        return LP_RESET_SOFTWARE;
    case LP_RESETS_RUNNING:
    case LP_RESETS_FAULTY:
        return LP_RESET_FAULT;
    default:
        return LP_RESET_POWER;
    }
}
