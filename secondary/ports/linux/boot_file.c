/* SPDX-License-Identifier: Apache-2.0 */
#include "boot_file.h"

#include "program.h"
#include "state_file.h"

#include <string.h>

static const char file_name[] = "boot.json";
static const char *const slot_names[] = {"slot-a.img", "slot-b.img", NULL};
static const char *const trials[] = {"none", "requested", "testing", "reverted", NULL}; /* lp_boot_trial */

const char *lp_slot_name(unsigned slot) {
    return slot_names[slot];
}

bool lp_boot_slot_sound(const char *folder, const lp_boot_file *boot, unsigned slot, const lp_image_facts *facts) {
    const lp_boot_slot *recorded = &boot->slots[slot];
    bool sound = facts->length_bytes == recorded->length_bytes &&
                 memcmp(facts->sha256, recorded->sha256, sizeof facts->sha256) == 0;
    if (!sound) {
        lp_log(LP_PROGRAM, LP_LOG_ERROR, "%s/%s is damaged: it does not hold the image that was verified", folder,
               lp_slot_name(slot));
    }
    return sound;
}

static bool slot_read(const json_t *object, lp_boot_slot *out) {
    out->filled = object != NULL;
    return object == NULL || (lp_state_get_uint(object, "length", &out->length_bytes) &&
                              lp_state_get_hex(object, "sha256", out->sha256, LP_SHA256_BYTES));
}

bool lp_boot_file_load(const char *folder, lp_boot_file *out, bool *found) {
    json_t *object;
    lp_boot_file boot = {.active = 0};
    unsigned trial = LP_BOOT_NONE;
    if (!lp_state_load(folder, file_name, &object)) {
        return false;
    }
    *found = object != NULL;
    if (object == NULL) {
        return true;
    }
    bool ok = lp_state_get_choice(object, "active", slot_names, &boot.active) &&
              lp_state_get_choice(object, "trial", trials, &trial);
    for (unsigned i = 0; i < LP_SLOTS; i++) {
        ok = ok && slot_read(json_object_get(object, slot_names[i]), &boot.slots[i]);
    }
    json_decref(object);
    bool other_starts = trial == LP_BOOT_REQUESTED || trial == LP_BOOT_TESTING;
    if (!ok || !boot.slots[boot.active].filled || (other_starts && !boot.slots[1 - boot.active].filled)) {
        return lp_state_damaged(folder, file_name);
    }
    boot.trial = (lp_boot_trial)trial;
    *out = boot;
    return true;
}

bool lp_boot_file_store(const char *folder, const lp_boot_file *boot) {
    json_t *object = json_pack("{s:s, s:s}", "active", slot_names[boot->active], "trial", trials[boot->trial]);
    for (unsigned i = 0; i < LP_SLOTS; i++) {
        const lp_boot_slot *slot = &boot->slots[i];
        if (slot->filled) {
            json_object_set_new(object, slot_names[i],
                                json_pack("{s:I, s:o}", "length", (json_int_t)slot->length_bytes, "sha256",
                                          lp_state_hex(slot->sha256, LP_SHA256_BYTES)));
        }
    }
    return lp_state_save(folder, file_name, object);
}
