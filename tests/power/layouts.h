/* SPDX-License-Identifier: Apache-2.0 */
/* Flash and flash maps for tests. */
#ifndef LAMPYR_TEST_LAYOUTS_H
#define LAMPYR_TEST_LAYOUTS_H

#include "lampyr-store/layout.h"
#include "sim_flash.h"

/* The Firefly's map (docs/BOARD.md), for sim_firefly. */
extern const lp_layout layout_firefly;

/* As few pages as an update needs, so that all cuts can be tried: three for an image, two for what ordered it. */
extern const sim_geometry sim_small;
extern const lp_layout layout_small;

/* Words of eight bytes that erase to zero, and may be programmed twice; for the journal only. */
extern const sim_geometry sim_other;

#endif
