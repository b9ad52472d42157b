/* SPDX-License-Identifier: Apache-2.0 */
#include "secondaries.h"

#include "lampyr-host/openssl.h"
#include "lampyr/limits.h"
#include "lampyr/report.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool lp_secondaries_load(lp_secondaries *out, const lp_inventory *inventory, lp_ledger *ledger, lp_dialect dialect,
                         char *message, size_t message_bytes) {
    lp_secondaries loaded = {.inventory = inventory, .ledger = ledger, .dialect = dialect};
    loaded.of = calloc(inventory->count, sizeof *loaded.of);
    if (loaded.of == NULL) {
        snprintf(message, message_bytes, "out of memory for %zu ECUs", inventory->count);
        return false;
    }
    for (size_t i = 0; i < inventory->count; i++) {
        if (!lp_ledger_load(ledger, inventory->ecus[i].serial, &loaded.of[i].record)) {
            snprintf(message, message_bytes, "cannot read the record of %s: %s", inventory->ecus[i].serial,
                     lp_ledger_error(ledger));
            lp_secondaries_free(&loaded);
            return false;
        }
    }
    *out = loaded;
    return true;
}

void lp_secondaries_free(lp_secondaries *secondaries) {
    for (size_t i = 0; secondaries->of != NULL && i < secondaries->inventory->count; i++) {
        free(secondaries->of[i].record.report);
    }
    free(secondaries->of);
    secondaries->of = NULL;
}

bool lp_nonce_valid(const char *text) {
    return strlen(text) == LP_NONCE_TEXT_BYTES - 1 && strspn(text, "0123456789abcdef") == LP_NONCE_TEXT_BYTES - 1;
}

static void announce(lp_ledger_ecu *record, const char *nonce) {
    if (lp_nonce_valid(nonce)) {
        memcpy(record->nonce, nonce, sizeof record->nonce);
    }
}

lp_code lp_secondaries_register(lp_secondaries *secondaries, lp_slice body, const struct sockaddr *address,
                                socklen_t address_bytes, size_t *index) {
    const lp_inventory *inventory = secondaries->inventory;
    lp_registration registration;
    lp_code code = lp_registration_read(body, &registration);
    if (code != LP_OK) {
        return code;
    }
    int found = lp_inventory_find(inventory, registration.serial);
    if (found < 0 || strcmp(registration.serial, inventory->primary) == 0 ||
        strcmp(registration.hardware, inventory->ecus[found].hardware) != 0 ||
        !lp_public_key_eq(&registration.key, &inventory->ecus[found].key)) {
        return LP_UNKNOWN_ECU;
    }
    lp_secondary *secondary = &secondaries->of[found];
    lp_ledger_ecu changed = secondary->record;
    changed.registered = true;
    changed.block_bytes = registration.block_bytes;
    changed.full = registration.full;
    memset(&changed.address, 0, sizeof changed.address);
    memcpy(&changed.address, address, address_bytes);
    changed.address_bytes = address_bytes;
    announce(&changed, registration.nonce);
    if (memcmp(&changed, &secondary->record, sizeof changed) != 0 &&
        !lp_ledger_save(secondaries->ledger, registration.serial, &changed)) {
        return LP_STATE;
    }
    secondary->record = changed;
    *index = (size_t)found;
    return LP_OK;
}

/* Verifies a report down to its fields; `view` points into `report`. */
static lp_code verify(const lp_secondaries *secondaries, size_t index, lp_slice report, lp_report_view *view) {
    const lp_inventory_ecu *ecu = &secondaries->inventory->ecus[index];
    uint8_t memory[2 * LP_REPORT_BYTES];
    lp_json payload;
    lp_code code = lp_envelope_read(report, secondaries->dialect, &ecu->key, &lp_crypto_openssl, &lp_limits_gateway,
                                    (lp_scratch){memory, sizeof memory}, &payload);
    if (code == LP_OK) {
        code = lp_report_read(payload, view);
    }
    if (code != LP_OK) {
        return code;
    }
    if (!lp_str_is(view->serial, ecu->serial)) {
        return LP_UNKNOWN_ECU;
    }
    if (!view->has_counter) {
        return LP_FIELD_MISSING; /* without it a report could be replayed */
    }
    return view->image_hashes.has_sha256 ? LP_OK : LP_FIELD_VALUE;
}

/* What the report confirms, and what it denies. */
static void conclude(lp_ledger_ecu *record, const lp_report_view *view) {
    char failed[LP_NAME_BYTES];
    record->report_counter = view->counter;
    record->has_installed = true;
    memcpy(record->installed_sha256, view->image_hashes.sha256, sizeof record->installed_sha256);
    if (!record->has_order) {
        return;
    }
    if (memcmp(record->installed_sha256, record->order_sha256, sizeof record->order_sha256) == 0) {
        record->failed_version = 0;
        if (record->order_counter > record->counter_floor) {
            record->counter_floor = record->order_counter;
        }
    } else if (view->failed_image.ptr != NULL &&
               lp_str_copy(view->failed_image, failed, sizeof failed, NULL) == LP_OK &&
               strcmp(failed, record->order_name) == 0) {
        record->failed_version = record->order_version;
    }
}

lp_code lp_secondaries_report(lp_secondaries *secondaries, size_t index, lp_slice report, const char *nonce) {
    lp_secondary *secondary = &secondaries->of[index];
    lp_report_view view;
    if (report.len > LP_REPORT_BYTES) {
        return LP_LIMIT_FILE;
    }
    lp_code code = verify(secondaries, index, report, &view);
    if (code != LP_OK) {
        return code;
    }
    lp_ledger_ecu changed = secondary->record;
    if (changed.report_bytes == report.len && memcmp(changed.report, report.ptr, report.len) == 0) {
        return LP_OK;
    }
    if (view.counter <= changed.report_counter) {
        return LP_ROLLBACK_VERSION;
    }
    changed.report = malloc(report.len);
    if (changed.report == NULL) {
        return LP_STATE;
    }
    memcpy(changed.report, report.ptr, report.len);
    changed.report_bytes = report.len;
    conclude(&changed, &view);
    announce(&changed, nonce);
    if (!lp_ledger_save(secondaries->ledger, secondaries->inventory->ecus[index].serial, &changed)) {
        free(changed.report);
        return LP_STATE;
    }
    free(secondary->record.report);
    secondary->record = changed;
    secondary->changed = true;
    return LP_OK;
}

bool lp_secondaries_order(lp_secondaries *secondaries, size_t index, const lp_target *image,
                          const uint8_t sha256[LP_SHA256_BYTES], uint64_t version) {
    lp_secondary *secondary = &secondaries->of[index];
    lp_ledger_ecu changed = secondary->record;
    memset(changed.order_name, 0, sizeof changed.order_name);
    if (lp_str_copy(image->name, changed.order_name, sizeof changed.order_name, NULL) != LP_OK) {
        return false;
    }
    changed.has_order = true;
    memcpy(changed.order_sha256, sha256, sizeof changed.order_sha256);
    changed.order_counter = image->has_counter ? image->counter : 0;
    changed.order_version = version;
    if (memcmp(&changed, &secondary->record, sizeof changed) != 0 &&
        !lp_ledger_save(secondaries->ledger, secondaries->inventory->ecus[index].serial, &changed)) {
        return false;
    }
    secondary->record = changed;
    return true;
}

bool lp_secondary_runs(const lp_secondary *secondary, const uint8_t sha256[LP_SHA256_BYTES]) {
    return secondary->record.has_installed && memcmp(secondary->record.installed_sha256, sha256, LP_SHA256_BYTES) == 0;
}

bool lp_secondary_report(const lp_secondary *secondary, lp_report_view *view) {
    const lp_ledger_ecu *record = &secondary->record;
    uint8_t memory[2 * LP_REPORT_BYTES];
    lp_json document;
    return record->report != NULL &&
           lp_json_check((lp_slice){record->report, record->report_bytes}, LP_JSON_SERVED, LP_DIALECT_TUF,
                         lp_limits_gateway.json_depth, (lp_scratch){memory, sizeof memory}, &document, NULL) == LP_OK &&
           lp_report_read(lp_json_get(document, "signed"), view) == LP_OK;
}

void lp_secondary_describe(const lp_secondary *secondary, char out[LP_REPORT_LINE_BYTES]) {
    lp_report_view view;
    if (!lp_secondary_report(secondary, &view)) {
        snprintf(out, LP_REPORT_LINE_BYTES, "nothing yet");
        return;
    }
    bool failed = view.failed_image.ptr != NULL;
    snprintf(out, LP_REPORT_LINE_BYTES, "%.*s%s%.*s%s%.*s", (int)view.image_name.len, view.image_name.ptr,
             failed ? ", failed: " : "", failed ? (int)view.failed_image.len : 0, failed ? view.failed_image.ptr : "",
             view.attacks.len > 0 ? ", detected: " : "", (int)view.attacks.len,
             view.attacks.len > 0 ? view.attacks.ptr : "");
    for (char *c = out; *c != '\0'; c++) {
        if ((unsigned char)*c < 0x20 || *c == 0x7f) {
            *c = '?'; /* names come from ECUs: nothing in them may write to a terminal */
        }
    }
}

bool lp_secondary_failed(const lp_secondary *secondary, uint64_t targets_version) {
    return secondary->record.failed_version != 0 && secondary->record.failed_version == targets_version;
}

void lp_secondaries_ecus(const lp_secondaries *secondaries, lp_ecu *ecus) {
    for (size_t i = 0; i < secondaries->inventory->count; i++) {
        const lp_inventory_ecu *ecu = &secondaries->inventory->ecus[i];
        const lp_ledger_ecu *record = &secondaries->of[i].record;
        ecus[i] = (lp_ecu){.serial = ecu->serial,
                           .hardware = ecu->hardware,
                           .has_installed = record->has_installed,
                           .counter_floor = record->counter_floor};
        memcpy(ecus[i].installed_sha256, record->installed_sha256, sizeof ecus[i].installed_sha256);
    }
}

bool lp_secondaries_complete(const lp_secondaries *secondaries, size_t own) {
    for (size_t i = 0; i < secondaries->inventory->count; i++) {
        if (i != own && secondaries->of[i].record.report == NULL) {
            return false;
        }
    }
    return true;
}

bool lp_secondaries_changed(const lp_secondaries *secondaries) {
    for (size_t i = 0; i < secondaries->inventory->count; i++) {
        if (secondaries->of[i].changed) {
            return true;
        }
    }
    return false;
}

void lp_secondaries_sent(lp_secondaries *secondaries) {
    for (size_t i = 0; i < secondaries->inventory->count; i++) {
        secondaries->of[i].changed = false;
    }
}
