/* SPDX-License-Identifier: Apache-2.0 */
/* Flash maps, one for each size of flash that a port has. */
#ifndef LAMPYR_PORT_LAYOUTS_H
#define LAMPYR_PORT_LAYOUTS_H

#include "lampyr-store/layout.h"

/* 512 KiB in pages of 2 KiB (docs/BOARD.md, "Flash map"). */
enum { LP_FLASH_512K_BYTES = 512 * 1024, LP_FLASH_512K_PAGE_BYTES = 2048 };
extern const lp_layout lp_layout_512k;

#endif
