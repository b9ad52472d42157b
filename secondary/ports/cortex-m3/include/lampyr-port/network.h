/* SPDX-License-Identifier: Apache-2.0 */
/* What only the application needs of its board, to speak with the primary. The port's. */
#ifndef LAMPYR_PORT_NETWORK_H
#define LAMPYR_PORT_NETWORK_H

#include "lampyr-net/radio.h"

extern const lp_radio lp_board_radio;

/* The extended address that the chip came with. False if it has none: it must have been provisioned. */
bool lp_board_eui64(uint8_t out[LP_EUI64_BYTES]);

/* Fills `out` with bytes that nobody can guess. False if there are none. */
bool lp_board_random(void *out, size_t len);

/* Sleeps until then, or until the radio has a frame; returns at once if it had one since the last call. The watchdog is
 * not fed meanwhile. */
void lp_board_sleep(uint64_t until_ms);

#endif
