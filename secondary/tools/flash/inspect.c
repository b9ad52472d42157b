/* SPDX-License-Identifier: Apache-2.0 */
#include "flash_tool.h"

#include "lampyr-board/keystore.h"
#include "lampyr-boot/boot.h"
#include "lampyr-store/files.h"
#include "lampyr-store/slot.h"
#include "lampyr/encode.h"
#include "lampyr/role.h"

#include <inttypes.h>
#include <stdio.h>

static const char *text_or(const char *text, const char *absent) {
    return text == NULL || text[0] == '\0' ? absent : text;
}

/* "root version 3, 1234 bytes", or what is wrong with it. */
static void put_metadata(const char *what, lp_slice file, lp_role role, lp_dialect dialect) {
    lp_signed doc;
    const lp_limits limits = lp_layout_limits(&lp_layout_512k);
    lp_code code = lp_signed_parse(file, role, LP_JSON_CANONICAL, dialect, &limits, (lp_scratch){NULL, 0}, &doc);
    if (code == LP_OK) {
        printf("  %s: version %" PRIu64 ", %zu bytes\n", what, doc.version, file.len);
    } else {
        printf("  %s: %s, %zu bytes\n", what, lp_code_name(code), file.len);
    }
}

static void put_factory(const lp_factory *factory) {
    char time[LP_TIME_TEXT_BYTES];
    char eui64[2 * sizeof factory->eui64 + 1];
    lp_time_format(factory->time, time);
    lp_hex_encode(factory->eui64, sizeof factory->eui64, eui64);
    printf("factory:\n  serial: %s\n  hardware: %s\n  vendor: %s\n  vehicle: %s\n  dialect: %s\n", factory->serial,
           factory->hardware, text_or(factory->vendor, "none"), text_or(factory->vehicle, "none"),
           factory->dialect == LP_DIALECT_TUF ? "tuf" : "legacy");
    printf("  time: %s\n  primary: %s\n  EUI-64: %s\n", time, text_or(factory->primary, "the default router"), eui64);
    put_metadata("root", factory->root, LP_ROLE_ROOT, factory->dialect);
    put_metadata("targets", factory->targets, LP_ROLE_TARGETS, factory->dialect);
}

/* The public half; the private one is not shown. */
static void put_key(const flash_contents *contents, lp_dialect dialect) {
    char keyid[2 * LP_SHA256_BYTES + 1];
    lp_public_key key;
    lp_key_page page = {.flash = &contents->flash, .layout = contents->layout};
    const lp_keystore store = lp_key_page_store(&page);
    if (!store.public_key(&store, &key) || lp_public_key_id(&lp_crypto_openssl, &key, dialect, keyid) != LP_OK) {
        puts("key: none");
        return;
    }
    printf("key: %s, keyid %s\n", lp_scheme_name(key.scheme, dialect), keyid);
}

static void put_roots(const flash_contents *contents, lp_dialect dialect) {
    puts("roots:");
    for (uint32_t i = 0; i < lp_layout_root_slots(contents->layout); i++) {
        char what[32];
        lp_slice root = lp_files_root(&contents->flash, contents->layout, i);
        if (root.ptr != NULL && root.len > 0) {
            snprintf(what, sizeof what, "slot %" PRIu32, i);
            put_metadata(what, root, LP_ROLE_ROOT, dialect);
        }
    }
}

/* Shows a slot and verifies it, as if nothing had been confirmed. True if it would boot. */
static bool put_slot(const flash_contents *contents, const lp_factory *factory, unsigned index) {
    lp_slot_record record;
    lp_boot_verified verified;
    const lp_limits limits = lp_layout_limits(contents->layout);
    const lp_boot_config config = {
        .flash = &contents->flash, .layout = contents->layout, .crypto = &lp_crypto_openssl, .limits = &limits};
    if (!lp_slot_record_read(&contents->flash, contents->layout, index, &record)) {
        printf("slot %u: no record\n", index);
        return false;
    }
    printf("slot %u: image of %" PRIu32 " bytes, accepted under root %" PRIu64 "\n", index, record.image_bytes,
           record.root_version);
    put_metadata("targets", record.targets, LP_ROLE_TARGETS, factory->dialect);
    lp_code code = lp_boot_verify_slot(&config, factory, index, 0, &verified);
    if (code != LP_OK) {
        printf("  refused: %s: %s\n", lp_code_name(code), lp_code_text(code));
        return false;
    }
    printf("  verified, release counter %" PRIu64 "\n", verified.counter);
    return true;
}

int inspect(flash_contents *contents) {
    lp_factory factory;
    if (!lp_factory_read(&contents->flash, contents->layout, &factory)) {
        puts("factory: none");
        inspect_journal(contents);
        return LP_EXIT_REFUSED;
    }
    put_factory(&factory);
    put_key(contents, factory.dialect);
    inspect_journal(contents);
    put_roots(contents, factory.dialect);
    bool first = put_slot(contents, &factory, 0);
    bool second = put_slot(contents, &factory, 1);
    return first || second ? LP_EXIT_GOOD : LP_EXIT_REFUSED;
}
