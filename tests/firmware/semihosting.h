/* SPDX-License-Identifier: Apache-2.0 */
/* How a test on the emulated board ends QEMU. */
#ifndef LAMPYR_FIRMWARE_SEMIHOSTING_H
#define LAMPYR_FIRMWARE_SEMIHOSTING_H

/* Ends QEMU with this exit status. */
_Noreturn void semihosting_exit(int status);

#endif
