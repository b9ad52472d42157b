/* SPDX-License-Identifier: Apache-2.0 */
/* What a test orders from the application on the emulated board (update_board.c): behind flash, in the same memory. */
#ifndef LAMPYR_FIRMWARE_ORDER_H
#define LAMPYR_FIRMWARE_ORDER_H

#include <stdint.h>

enum { ORDER_AT = 0x21090000, ORDER_MAGIC = 0x4F524452 };

/* board_lab.py writes it; numbers are little-endian. */
typedef struct order {
    uint32_t magic;
    uint32_t image_bytes;
    uint32_t targets_bytes;
    uint32_t root_bytes; /* of the director root after the one that is trusted; 0: none */
    uint32_t counter;    /* release counter of the image */
    uint32_t fails;      /* the image is one that does not confirm */
    uint8_t sha256[32];  /* of the image */
    uint8_t bytes[];     /* root, targets, image */
} order;

#endif
