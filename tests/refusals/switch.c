/* SPDX-License-Identifier: Apache-2.0 */
/* The switch behind metadata/src/refusal.h. In the environment, LAMPYR_REFUSAL_OFF is the number of the refusal that
 * is not made; with LAMPYR_REFUSAL_TRACE, a line "refusal NUMBER" on standard output tells of each that is. */
#include "refusal.h"

#include <stdio.h>
#include <stdlib.h>

typedef struct setting {
    bool known;
    bool trace;
    unsigned off; /* 0: none */
} setting;

static void read_environment(setting *s) {
    const char *off = getenv("LAMPYR_REFUSAL_OFF");
    s->off = off != NULL ? (unsigned)strtoul(off, NULL, 10) : 0;
    s->trace = getenv("LAMPYR_REFUSAL_TRACE") != NULL;
    s->known = true;
}

bool lp_refusal_stands(unsigned number, bool condition) {
    static setting now;
    if (!condition) {
        return false;
    }
    if (!now.known) {
        read_environment(&now);
    }
    if (now.trace) {
        printf("refusal %u\n", number);
    }
    return number != now.off;
}
