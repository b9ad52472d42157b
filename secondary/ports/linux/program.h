/* SPDX-License-Identifier: Apache-2.0 */
/* What every part of lampyr-secondary knows of the program. */
#ifndef LAMPYR_SECONDARY_PROGRAM_H
#define LAMPYR_SECONDARY_PROGRAM_H

#include "lampyr-host/log.h"

#define LP_PROGRAM "lampyr-secondary"

/* Exit codes of all Lampyr programs. */
enum {
    LP_EXIT_GOOD = 0,
    LP_EXIT_REFUSED = 1, /* by verification */
    LP_EXIT_USAGE = 2,   /* command line or configuration */
    LP_EXIT_FETCH = 3,   /* transport */
    LP_EXIT_STATE = 4,   /* local state */
};

#endif
