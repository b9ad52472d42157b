/* SPDX-License-Identifier: Apache-2.0 */
/* From the boot loader to the image. */
#include "core.h"

#include "lampyr-port/memory.h"

/* Armv7-M Architecture Reference Manual, B3.2 and B3.3 */
enum {
    ICSR = 0xe000ed04,
    ICSR_CLEAR_TICK = 1 << 25,
    VTOR = 0xe000ed08,
    SYST_CSR = 0xe000e010,
    MPU_CTRL = 0xe000ed94, /* B3.5 */
};

/* The first words of a vector table (B1.5.3). */
typedef struct vectors {
    uint32_t stack;
    uint32_t reset; /* odd: Thumb code */
} vectors;

bool lp_board_starts(lp_slice image) {
    const vectors *table = (const void *)image.ptr;
    uint32_t slot = (uint32_t)(uintptr_t)lp_board_flash.map + lp_board_layout->slot[0].offset;
    return image.len >= sizeof *table && table->reset % 2 == 1 && table->reset - slot < image.len;
}

_Noreturn void lp_board_run(const uint8_t *first) {
    const vectors *table = (const void *)first;
    *lp_register(MPU_CTRL) = 0;
    *lp_register(SYST_CSR) = 0;
    *lp_register(ICSR) = ICSR_CLEAR_TICK;
    *lp_register(VTOR) = (uint32_t)(uintptr_t)table;
    __asm volatile("dsb\n isb\n msr msp, %0\n bx %1" : : "r"(table->stack), "r"(table->reset) : "memory");
    __builtin_unreachable();
}
