/* SPDX-License-Identifier: Apache-2.0 */
#include "devices.h"

/* Semihosting for AArch32, 2.0: SYS_EXIT_EXTENDED, ADP_Stopped_ApplicationExit */
enum { SYS_EXIT_EXTENDED = 0x20, APPLICATION_EXIT = 0x20026 };

_Noreturn void lp_machine_stop(int status) {
    const uint32_t block[] = {APPLICATION_EXIT, (uint32_t)status};
    register uint32_t operation __asm("r0") = SYS_EXIT_EXTENDED;
    register const uint32_t *parameters __asm("r1") = block;
    __asm volatile("bkpt 0xab" : "+r"(operation) : "r"(parameters) : "memory");
    for (;;) {
    }
}
