/* SPDX-License-Identifier: Apache-2.0 */
/* What a board was provisioned with, in pages that are locked while the application runs (docs/BOARD.md,
 * "Factory data"). */
#ifndef LAMPYR_STORE_FACTORY_H
#define LAMPYR_STORE_FACTORY_H

#include "lampyr-store/layout.h"
#include "lampyr/json.h"

typedef struct lp_factory {
    lp_dialect dialect;
    int64_t time;       /* of provisioning, seconds since 1970 */
    const char *serial; /* terminated, in place, as all text here */
    const char *hardware;
    const char *vendor;  /* "" if none */
    const char *vehicle; /* NULL if none was given */
    const char *primary; /* address of the primary, as lp_net_begin() takes it */
    uint8_t eui64[8];    /* link-layer address; all zero: the chip's own */
    lp_slice root;       /* director root, canonical */
    lp_slice targets;    /* director targets, canonical */
} lp_factory;

/* Reads the factory data. False if they are not whole, or one that every board needs is missing (serial, hardware,
 * primary, root, targets), or a text is longer than the wire allows: the board was not provisioned. */
bool lp_factory_read(const lp_flash *flash, const lp_layout *layout, lp_factory *out);

/* Writes `factory` as it lies in flash into `out`. False if it does not fit into `room` bytes. */
bool lp_factory_write(const lp_factory *factory, uint8_t *out, size_t room, size_t *len);

#endif
