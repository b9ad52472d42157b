/* SPDX-License-Identifier: Apache-2.0 */
/* The ECUs of this vehicle, as provisioned in ecus.json (docs/POUF.md, "Usage"). */
#ifndef LAMPYR_PRIMARY_INVENTORY_H
#define LAMPYR_PRIMARY_INVENTORY_H

#include "lampyr/crypto.h"
#include "lampyr/wire.h"

typedef struct lp_inventory_ecu {
    char serial[LP_SERIAL_BYTES];
    char hardware[LP_SERIAL_BYTES];
    lp_public_key key;
} lp_inventory_ecu;

typedef struct lp_inventory {
    char vehicle[LP_SERIAL_BYTES]; /* "" if ecus.json names none */
    char primary[LP_SERIAL_BYTES]; /* serial of the primary, one of `ecus` */
    lp_inventory_ecu *ecus;
    size_t count; /* 1 to LP_ECUS */
} lp_inventory;

/* Reads and checks ecus.json: every ECU has a serial of its own, a hardware identifier and a key that this
 * program can check, and the primary is among them. False with one line in `message`; nothing is held then.
 * Free with lp_inventory_free(). */
bool lp_inventory_load(const char *path, lp_inventory *out, char *message, size_t message_bytes);

void lp_inventory_free(lp_inventory *inventory);

/* Index of the ECU with this serial, or -1. */
int lp_inventory_find(const lp_inventory *inventory, const char *serial);

#endif
