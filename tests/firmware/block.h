/* SPDX-License-Identifier: Apache-2.0 */
/* Where QEMU puts the data of a test: the machine's larger RAM (qemu.py). */
#ifndef LAMPYR_FIRMWARE_BLOCK_H
#define LAMPYR_FIRMWARE_BLOCK_H

#include <stdint.h>

static uint8_t *const test_block = (uint8_t *)0x21000000;

#endif
