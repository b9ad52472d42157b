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

_Noreturn void lp_board_run(const uint8_t *vectors) {
    const uint32_t *table = (const uint32_t *)(const void *)vectors;
    *lp_register(MPU_CTRL) = 0;
    *lp_register(SYST_CSR) = 0;
    *lp_register(ICSR) = ICSR_CLEAR_TICK;
    *lp_register(VTOR) = (uint32_t)(uintptr_t)table;
    __asm volatile("dsb\n isb\n msr msp, %0\n bx %1" : : "r"(table[0]), "r"(table[1]) : "memory");
    __builtin_unreachable();
}
