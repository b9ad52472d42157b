/* SPDX-License-Identifier: Apache-2.0 */
/* Verification at boot is partial verification whose files come from flash, at a time when nothing has expired. */
#include "lampyr-boot/boot.h"
#include "lampyr-store/files.h"
#include "lampyr-store/slot.h"
#include "lampyr/uptane.h"

/* The root after the `roots` that were followed, unless the record's targets were accepted before it, or there is no
 * more. */
static lp_slice next_root(const lp_boot_config *config, const lp_slot_record *record, uint32_t roots,
                          uint64_t version) {
    if (version > record->root_version) {
        return (lp_slice){NULL, 0};
    }
    return lp_files_root(config->flash, config->layout, roots);
}

static void give(lp_partial *partial, lp_slice bytes) {
    if (bytes.ptr == NULL) {
        lp_partial_absent(partial);
    } else {
        lp_partial_give(partial, bytes, (lp_scratch){NULL, 0});
    }
}

static bool reached(const lp_partial *partial, const lp_slot_record *record) {
    return lp_partial_root(partial)->doc.version == record->root_version;
}

/* Runs the procedure to its end. LP_NO_TRUSTED_ROOT if the chain does not reach the record's root. */
static lp_code run(const lp_boot_config *config, const lp_factory *factory, const lp_slot_record *record,
                   lp_partial *partial, uint32_t *roots) {
    for (*roots = 0;;) {
        lp_ask ask;
        lp_partial_next(partial, &ask);
        switch (ask.kind) {
        case LP_ASK_PROVISIONED:
            give(partial, factory->root);
            break;
        case LP_ASK_FETCH:
            if (ask.role == LP_ROLE_TARGETS && !reached(partial, record)) {
                return LP_NO_TRUSTED_ROOT;
            }
            give(partial, ask.role == LP_ROLE_ROOT ? next_root(config, record, *roots, ask.version) : record->targets);
            break;
        case LP_ASK_STORE: /* it is in flash already */
            *roots += ask.role == LP_ROLE_ROOT;
            lp_partial_done(partial, true);
            break;
        case LP_ASK_TRUSTED:
            return LP_OK;
        case LP_ASK_REFUSED:
            return lp_partial_error(partial)->code;
        default: /* nothing else is stored */
            lp_partial_absent(partial);
            break;
        }
    }
}

/* Digests of the image in slot `index`, and whether it is one that starts. Not inlined, so that its hashes share the
 * stack with what went before. */
__attribute__((noinline)) static lp_code check_image(const lp_boot_config *config, unsigned index,
                                                     const lp_target *target) {
    lp_image_check check;
    lp_code code = lp_image_check_begin(&check, config->crypto, &target->hashes, target->length_bytes);
    if (code != LP_OK) {
        return code;
    }
    lp_slice image = lp_flash_at(config->flash, config->layout->slot[index].offset, (uint32_t)target->length_bytes);
    code = lp_image_check_update(&check, image.ptr, image.len);
    lp_code ended = lp_image_check_end(&check);
    code = code == LP_OK ? ended : code;
    return code == LP_OK && config->starts != NULL && !config->starts(image) ? LP_WRONG_HARDWARE : code;
}

/* Finds what the record's targets order for this board. `*target` and `*roots` are set on LP_OK. Not inlined, as
 * above. */
__attribute__((noinline)) static lp_code find_order(const lp_boot_config *config, const lp_factory *factory,
                                                    const lp_slot_record *record, lp_target *target, uint32_t *roots) {
    lp_partial partial;
    lp_partial_begin(&partial, &(lp_partial_config){.crypto = config->crypto,
                                                    .limits = config->limits,
                                                    .dialect = factory->dialect,
                                                    .form = LP_JSON_CANONICAL,
                                                    .now = INT64_MIN,
                                                    .vehicle = factory->vehicle,
                                                    .serial = factory->serial,
                                                    .hardware = factory->hardware});
    lp_code code = run(config, factory, record, &partial, roots);
    if (code != LP_OK) {
        return code;
    }
    const lp_target *found = lp_partial_target(&partial);
    if (found == NULL) {
        return LP_UNKNOWN_ECU;
    }
    *target = *found;
    return LP_OK;
}

lp_code lp_boot_verify_slot(const lp_boot_config *config, const lp_factory *factory, unsigned index,
                            uint64_t counter_floor, lp_boot_verified *out) {
    lp_slot_record record;
    if (!lp_slot_record_read(config->flash, config->layout, index, &record)) {
        return LP_MISSING_FILE;
    }
    lp_target target;
    uint32_t roots;
    lp_code code = find_order(config, factory, &record, &target, &roots);
    if (code != LP_OK) {
        return code;
    }
    if (target.counter < counter_floor) {
        return LP_ROLLBACK_COUNTER;
    }
    if (target.length_bytes != record.image_bytes) { /* which fits the slot */
        return LP_IMAGE_LENGTH;
    }
    code = check_image(config, index, &target);
    if (code == LP_OK) {
        *out = (lp_boot_verified){.counter = target.counter, .roots = roots};
    }
    return code;
}
