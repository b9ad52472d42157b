/* SPDX-License-Identifier: Apache-2.0 */
/* What the boot step knows, as `boot.json` in the state folder: which slot runs, and what each should hold. */
#ifndef LAMPYR_SECONDARY_BOOT_FILE_H
#define LAMPYR_SECONDARY_BOOT_FILE_H

#include "image_version.h"

enum { LP_SLOTS = 2 };

/* Numbers are stored by name. */
typedef enum lp_boot_trial {
    LP_BOOT_NONE = 0,
    LP_BOOT_REQUESTED, /* the next boot tries the other slot, once */
    LP_BOOT_TESTING,   /* the other slot was started and has not confirmed */
    LP_BOOT_REVERTED,  /* it did not confirm, or did not hold what it should */
} lp_boot_trial;

typedef struct lp_boot_slot {
    bool filled;
    uint64_t length_bytes;
    uint8_t sha256[LP_SHA256_BYTES];
} lp_boot_slot;

typedef struct lp_boot_file {
    unsigned active; /* index of the confirmed slot */
    lp_boot_trial trial;
    lp_boot_slot slots[LP_SLOTS];
} lp_boot_file;

/* `*found` is false, and `out` untouched, if there is none yet. False, told, if it is damaged or unreadable. */
bool lp_boot_file_load(const char *folder, lp_boot_file *out, bool *found);

/* Atomic and durable. False, told. */
bool lp_boot_file_store(const char *folder, const lp_boot_file *boot);

/* True if the slot holds what was recorded of it: `facts` are those of its file. Else it is told. */
bool lp_boot_slot_sound(const char *folder, const lp_boot_file *boot, unsigned slot, const lp_image_facts *facts);

/* File name of a slot. Static. */
const char *lp_slot_name(unsigned slot);

#endif
