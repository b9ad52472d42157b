/* SPDX-License-Identifier: Apache-2.0 */
/* The last 44 bytes of flash, which the chip itself reads at reset: whether its own loader listens, where the boot
 * loader is, and which pages are locked (SWRU319, 8.6.2 and 8.9). */
#include "core.h"
#include "devices.h"

#include <stddef.h>

enum { LOCK_BYTES = 32, LOCKED_PAGES = 25 }; /* boot loader, factory data, key: layout_512k.c */

typedef struct chip_area {
    uint32_t rom_loader;
    uint32_t image_valid; /* 0: it is */
    uint32_t image_at;    /* its vector table */
    uint8_t locks[LOCK_BYTES];
} chip_area;

_Static_assert(sizeof(chip_area) == 0x00280000 - LP_CHIP_AREA_AT, "it ends where flash ends");

#if LAMPYR_FIREFLY_CLOSED
/* No other loader, no debugger (the last bit). */
static const uint32_t rom_loader = 0xefffffff;
enum { LAST_LOCKS = 0x7f };
#else
/* The chip's own loader starts while the button (PA3) is held, or if there is no valid image. */
static const uint32_t rom_loader = 0xf3ffffff;
enum { LAST_LOCKS = 0xff };
#endif

__attribute__((section(".chip_area"), used)) static const chip_area area = {
    .rom_loader = rom_loader,
    .image_valid = 0,
    .image_at = LP_FLASH_AT,
    .locks = {[LOCKED_PAGES / 8] = 0xff & ~((1 << LOCKED_PAGES % 8) - 1),
              [LOCKED_PAGES / 8 + 1 ... LOCK_BYTES - 2] = 0xff,
              [LOCK_BYTES - 1] = LAST_LOCKS},
};
