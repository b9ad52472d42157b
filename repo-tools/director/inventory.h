/* SPDX-License-Identifier: Apache-2.0 */
/* The inventory of one vehicle: its ECUs, their keys, which one is the primary (Uptane 2.1.0, 5.3.2.2). */
#ifndef LAMPYR_DIRECTOR_INVENTORY_H
#define LAMPYR_DIRECTOR_INVENTORY_H

#include "director.h"

typedef struct lpd_ecu {
    char serial[LPD_ID_BYTES];
    char hardware[LPD_ID_BYTES];
    lp_public_key key;
} lpd_ecu;

typedef enum lpd_inventory_source {
    LPD_INVENTORY_NONE = 0,    /* no ecus.json, and nobody has registered */
    LPD_INVENTORY_PROVISIONED, /* ecus.json */
    LPD_INVENTORY_FIRST_USE,   /* legacy only: what registered first is trusted */
} lpd_inventory_source;

typedef struct lpd_inventory {
    lpd_inventory_source source;
    char vehicle[LPD_ID_BYTES]; /* "" if it does not say */
    char primary[LPD_ID_BYTES];
    lpd_ecu *ecus; /* owned */
    size_t count;
} lpd_inventory;

/* Names of the members of one ECU object; they differ between ecus.json and a registration. */
typedef struct lpd_ecu_names {
    const char *serial;
    const char *hardware;
    const char *key;
} lpd_ecu_names;

/* Reads the array of ECU objects `list` into heap memory; free() it. `*where` is the index of the object that
 * an error is about. LP_FIELD_*, LP_LIMIT_*, LP_REPEATED_ECU; LP_STATE if memory is short. */
lp_code lpd_ecus_read(lp_json list, const lpd_ecu_names *names, lpd_ecu **out, size_t *count, size_t *where);

/* Reads an `ecus.json` (docs/POUF.md, "Usage"). False with one line in `message`. */
bool lpd_inventory_read(const char *path, lp_dialect dialect, lpd_inventory *out, char *message, size_t message_bytes);

/* The inventory of `vehicle`: its ecus.json; without one, in legacy, what registered first; else none.
 * Free with lpd_inventory_free(). False with `inventory` or `state` in `refusal`. */
bool lpd_inventory_load(const lpd_director *director, const char *vehicle, lpd_inventory *out, lpd_refusal *refusal);
void lpd_inventory_free(lpd_inventory *inventory);

/* The ECU with this serial, or NULL. */
const lpd_ecu *lpd_inventory_find(const lpd_inventory *inventory, const char *serial);

#endif
