/* SPDX-License-Identifier: Apache-2.0 */
/* The clock that never goes back. */
#ifndef LAMPYR_SECONDARY_CLOCK_H
#define LAMPYR_SECONDARY_CLOCK_H

#include <stdint.h>
#include <time.h>

/* Milliseconds since some moment. */
static inline uint64_t lp_clock_ms(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

#endif
