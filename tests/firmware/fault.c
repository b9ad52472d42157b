/* SPDX-License-Identifier: Apache-2.0 */
#include "devices.h"

#include "lampyr-port/port.h"

/* A test must not begin again after a fault. */
__attribute__((used)) _Noreturn void lp_board_fault(void) {
    static const char text[] = "fault\n";
    lp_board_write(text, sizeof text - 1);
    lp_machine_stop(3);
}
