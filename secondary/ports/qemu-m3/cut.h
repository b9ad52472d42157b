/* SPDX-License-Identifier: Apache-2.0 */
/* How a test cuts the power of the emulated board at a flash operation. A power cut ends QEMU: what is in flash stays
 * in its file, RAM is gone. */
#ifndef LAMPYR_QEMU_M3_CUT_H
#define LAMPYR_QEMU_M3_CUT_H

#include <stdint.h>

enum {
    LP_CUT_PLAN_AT = 0x21080000, /* behind flash, in the same memory */
    LP_CUT_MAGIC = 0x4C504355,   /* there is a plan */
    LP_CUT_TEARS = 8,
};

typedef enum lp_cut_moment {
    LP_CUT_BEFORE,
    LP_CUT_MIDDLE,
    LP_CUT_AFTER,
} lp_cut_moment;

/* A test writes it while QEMU does not run; all fields are little-endian. */
typedef struct lp_cut_plan {
    uint32_t magic;
    uint32_t operations; /* programs and erasures so far */
    uint32_t cut_at;     /* the operation, counted from 0, at which power is cut; UINT32_MAX: none */
    uint32_t moment;     /* lp_cut_moment */
    uint32_t random;     /* decides what a half operation leaves; not 0 */
    /* What is torn, until it is erased: a test may change it between two starts. Slots with `bytes` 0 are free. */
    struct {
        uint32_t offset;
        uint32_t bytes;
    } tears[LP_CUT_TEARS];
} lp_cut_plan;

#endif
