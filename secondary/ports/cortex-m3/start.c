/* SPDX-License-Identifier: Apache-2.0 */
/* From reset to lp_firmware(): memory, the stack's measure, faults and resets. */
#include "core.h"

#include "lampyr-port/port.h"

/* Set by sections.ld. */
extern uint32_t lp_stack_bottom[];
extern uint32_t lp_data_begin[], lp_data_end[];
extern const uint32_t lp_data_image[];
extern uint32_t lp_bss_begin[], lp_bss_end[];

__attribute__((section(".retained"))) lp_retained lp_retained_words;

enum {
    AIRCR = 0xe000ed0c, /* Armv7-M Architecture Reference Manual, B3.2.6 */
    STACK_UNUSED = 0x5aa5c33c,

    MPU_CTRL = 0xe000ed94, /* B3.5 */
    MPU_CTRL_ENABLE_OVER_DEFAULT_MAP = 5,
    MPU_RBAR = 0xe000ed9c,
    MPU_RBAR_REGION_0 = 1 << 4,
    MPU_RASR = 0xe000eda0,
    MPU_RASR_NO_ACCESS_16K = 13 << 1 | 1,
    GUARD_BYTES = 16 * 1024,
};
static const uint32_t reset_request = 0x05fa0004; /* VECTKEY, SYSRESETREQ */

void lp_board_stack_forget(void) {
    const uint32_t *in_use;
    __asm volatile("mov %0, sp" : "=r"(in_use));
    for (volatile uint32_t *to = lp_stack_bottom; to < in_use; to++) {
        *to = STACK_UNUSED;
    }
}

/* Volatile, so that the loops below do not become calls that need the memory they prepare. */
static void prepare_memory(void) {
    const uint32_t *from = lp_data_image;
    for (volatile uint32_t *to = lp_data_begin; to < lp_data_end; to++) {
        *to = *from++;
    }
    for (volatile uint32_t *to = lp_bss_begin; to < lp_bss_end; to++) {
        *to = 0;
    }
    lp_board_stack_forget();
}

/* What lies below the stack is nobody's: an access to it is a fault. */
static void guard_stack(void) {
    *lp_register(MPU_RBAR) = ((uint32_t)(uintptr_t)lp_stack_bottom - GUARD_BYTES) | MPU_RBAR_REGION_0;
    *lp_register(MPU_RASR) = MPU_RASR_NO_ACCESS_16K;
    *lp_register(MPU_CTRL) = MPU_CTRL_ENABLE_OVER_DEFAULT_MAP;
}

_Noreturn void lp_start(void) {
    prepare_memory();
    guard_stack();
    lp_port_begin();
    lp_firmware();
    lp_board_reset();
}

static _Noreturn void reset_as(uint32_t what) {
    lp_retained_words.reset = what;
    __asm volatile("dsb" ::: "memory");
    *lp_register(AIRCR) = reset_request;
    for (;;) {
    }
}

_Noreturn void lp_board_reset(void) {
    reset_as(LP_RESETS_ITSELF);
}

/* The stack may be what failed, so it begins anew. */
__attribute__((naked)) void lp_fault(void) {
    __asm volatile("ldr r0, =lp_stack_top\n mov sp, r0\n b %0" : : "i"(lp_board_fault));
}

__attribute__((weak, used)) _Noreturn void lp_board_fault(void) {
    static const char text[] = "fault\n";
    lp_board_write(text, sizeof text - 1);
    reset_as(LP_RESETS_FAULTY);
}

size_t lp_board_stack_peak_bytes(void) {
    const volatile uint32_t *p = lp_stack_bottom;
    while (p < lp_stack_top && *p == STACK_UNUSED) {
        p++;
    }
    return (size_t)((uintptr_t)lp_stack_top - (uintptr_t)p);
}
