/* SPDX-License-Identifier: Apache-2.0 */
#include "boot.h"

#include "lampyr-host/files.h"
#include "program.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { FACTORY_IMAGE_BYTES = 256 * 1024 * 1024 };

static bool slot_facts(const lp_boot *boot, unsigned slot, lp_image_facts *out) {
    char path[LP_PATH_BYTES];
    return lp_path_join(path, sizeof path, boot->folder, lp_slot_name(slot)) && lp_image_facts_read(path, out);
}

/* Does the slot hold what was recorded of it? Then it may run. */
static bool slot_sound(lp_boot *boot, unsigned slot) {
    lp_image_facts facts;
    if (!slot_facts(boot, slot, &facts)) {
        lp_log(LP_PROGRAM, LP_LOG_ERROR, "boot: cannot read %s/%s: %s", boot->folder, lp_slot_name(slot),
               strerror(errno));
        return false;
    }
    if (!lp_boot_slot_sound(boot->folder, &boot->file, slot, &facts)) {
        return false;
    }
    boot->running = slot;
    boot->image = facts;
    return true;
}

/* The first start: what the factory put there. */
static bool make_first_slot(lp_boot *boot, const char *factory_image) {
    char path[LP_PATH_BYTES];
    uint8_t *bytes = NULL;
    size_t len = 0;
    if (factory_image[0] != '\0' && !lp_file_read(factory_image, FACTORY_IMAGE_BYTES, &bytes, &len)) {
        lp_log(LP_PROGRAM, LP_LOG_ERROR, "cannot read factory image %s: %s", factory_image, strerror(errno));
        return false;
    }
    lp_image_facts facts;
    bool ok = lp_path_join(path, sizeof path, boot->folder, lp_slot_name(0)) &&
              lp_file_write(path, (lp_slice){bytes, len}, 0600) && slot_facts(boot, 0, &facts);
    free(bytes);
    if (!ok) {
        lp_log(LP_PROGRAM, LP_LOG_ERROR, "cannot write %s/%s: %s", boot->folder, lp_slot_name(0), strerror(errno));
        return false;
    }
    boot->file = (lp_boot_file){.active = 0};
    boot->file.slots[0] = (lp_boot_slot){.filled = true, .length_bytes = facts.length_bytes};
    memcpy(boot->file.slots[0].sha256, facts.sha256, LP_SHA256_BYTES);
    return lp_boot_file_store(boot->folder, &boot->file);
}

static bool set_trial(lp_boot *boot, lp_boot_trial trial) {
    lp_boot_file changed = boot->file;
    changed.trial = trial;
    if (!lp_boot_file_store(boot->folder, &changed)) {
        return false;
    }
    boot->file = changed;
    return true;
}

/* Starts the requested slot; that it was started is on disk before it runs. */
static bool try_other(lp_boot *boot) {
    return set_trial(boot, LP_BOOT_TESTING) &&
           (slot_sound(boot, 1 - boot->file.active) || set_trial(boot, LP_BOOT_REVERTED));
}

bool lp_boot_start(lp_boot *boot, const char *folder, const char *factory_image) {
    bool found;
    *boot = (lp_boot){.folder = folder};
    if (!lp_boot_file_load(folder, &boot->file, &found) || (!found && !make_first_slot(boot, factory_image))) {
        return false;
    }
    bool ok = true;
    if (boot->file.trial == LP_BOOT_TESTING) {
        lp_log(LP_PROGRAM, LP_LOG_WARNING, "boot: the image on trial did not confirm; back to the old one");
        ok = set_trial(boot, LP_BOOT_REVERTED);
    } else if (boot->file.trial == LP_BOOT_REQUESTED) {
        ok = try_other(boot);
    }
    return ok && (boot->file.trial == LP_BOOT_TESTING || slot_sound(boot, boot->file.active));
}

void lp_boot_report(const lp_boot *boot, lp_boot_status *out) {
    *out = (lp_boot_status){.length_bytes = boot->image.length_bytes,
                            .testing = boot->file.trial == LP_BOOT_TESTING,
                            .reverted = boot->file.trial == LP_BOOT_REVERTED};
    memcpy(out->sha256, boot->image.sha256, LP_SHA256_BYTES);
}

bool lp_boot_request(lp_boot *boot, const lp_image *image) {
    lp_boot_file changed = boot->file;
    lp_boot_slot *slot = &changed.slots[1 - changed.active];
    *slot = (lp_boot_slot){.filled = true, .length_bytes = image->length_bytes};
    memcpy(slot->sha256, image->hashes.sha256, LP_SHA256_BYTES);
    changed.trial = LP_BOOT_REQUESTED;
    if (!lp_boot_file_store(boot->folder, &changed)) {
        return false;
    }
    boot->file = changed;
    return true;
}

bool lp_boot_confirm(lp_boot *boot) {
    if (boot->file.trial != LP_BOOT_TESTING) {
        return true;
    }
    lp_boot_file changed = boot->file;
    changed.active = boot->running;
    changed.trial = LP_BOOT_NONE;
    if (!lp_boot_file_store(boot->folder, &changed)) {
        return false;
    }
    boot->file = changed;
    return true;
}
