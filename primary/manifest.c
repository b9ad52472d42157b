/* SPDX-License-Identifier: Apache-2.0 */
#include "manifest.h"

#include "lampyr-host/openssl.h"
#include "lampyr/limits.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    MANIFEST_FRAME_BYTES = 1024, /* names and brackets around the reports */
    ENVELOPE_BYTES = 2 * LP_SIGNATURE_BYTES + 512,
};

void lp_own_image_read(const lp_secondary *primary, lp_own_image *out) {
    static const lp_own_image unknown = {.name = "unknown",
                                         .sha256 = {0xe3, 0xb0, 0xc4, 0x42, 0x98, 0xfc, 0x1c, 0x14, 0x9a, 0xfb, 0xf4,
                                                    0xc8, 0x99, 0x6f, 0xb9, 0x24, 0x27, 0xae, 0x41, 0xe4, 0x64, 0x9b,
                                                    0x93, 0x4c, 0xa4, 0x95, 0x99, 0x1b, 0x78, 0x52, 0xb8, 0x55}};
    lp_report_view view;
    *out = unknown; /* with the digest of no bytes at all */
    if (lp_secondary_report(primary, &view) && view.image_hashes.has_sha256 &&
        lp_str_copy(view.image_name, out->name, sizeof out->name, NULL) == LP_OK) {
        out->bytes = view.image_bytes;
        memcpy(out->sha256, view.image_hashes.sha256, sizeof out->sha256);
    }
}

lp_code lp_manifest_report(lp_secondaries *secondaries, const lp_signer *signer, const lp_own_image *image,
                           const lp_own_facts *facts) {
    const lp_inventory *inventory = secondaries->inventory;
    size_t own = (size_t)lp_inventory_find(inventory, inventory->primary);
    lp_report report = {.serial = inventory->primary,
                        .image_name = image->name,
                        .image_bytes = image->bytes,
                        .attacks = facts->attacks,
                        .failed_image = facts->failed_image,
                        .counter = secondaries->of[own].record.report_counter + 1,
                        .time = facts->time,
                        .previous_time = facts->previous_time};
    memcpy(report.image_sha256, image->sha256, sizeof report.image_sha256);
    char buffer[LP_REPORT_BYTES];
    lp_slice signed_report;
    lp_code code = lp_report_write(&report, secondaries->dialect, signer, buffer, sizeof buffer, &signed_report);
    return code == LP_OK ? lp_secondaries_report(secondaries, own, signed_report, "") : code;
}

static int by_serial(const void *a, const void *b) {
    const lp_inventory_ecu *const *left = a;
    const lp_inventory_ecu *const *right = b;
    return strcmp((*left)->serial, (*right)->serial);
}

/* The inventory in the order of its serials, as canonical JSON wants them. */
static const lp_inventory_ecu **sorted(const lp_inventory *inventory) {
    const lp_inventory_ecu **ecus = calloc(inventory->count + 1, sizeof *ecus);
    for (size_t i = 0; ecus != NULL && i < inventory->count; i++) {
        ecus[i] = &inventory->ecus[i];
    }
    if (ecus != NULL) {
        qsort(ecus, inventory->count, sizeof *ecus, by_serial);
    }
    return ecus;
}

static const lp_secondary *secondary_of(const lp_secondaries *secondaries, const lp_inventory_ecu *ecu) {
    return &secondaries->of[ecu - secondaries->inventory->ecus];
}

/* One report in canonical form: what a secondary sent need not be. */
static lp_code write_report(lp_writer *w, const lp_ledger_ecu *record, lp_dialect dialect) {
    uint8_t memory[2 * LP_REPORT_BYTES];
    lp_scratch scratch = {memory, sizeof memory};
    lp_json value;
    lp_slice canonical;
    lp_code code = lp_json_check((lp_slice){record->report, record->report_bytes}, LP_JSON_SERVED, dialect,
                                 lp_limits_gateway.json_depth, scratch, &value, NULL);
    if (code == LP_OK) {
        code = lp_json_canonical(value, dialect, scratch, &canonical);
    }
    if (code == LP_OK) {
        lp_writer_raw(w, (const char *)canonical.ptr, canonical.len);
    }
    return code;
}

static lp_code write_payload(const lp_secondaries *secondaries, const lp_inventory_ecu **ecus, lp_writer *w) {
    const lp_inventory *inventory = secondaries->inventory;
    lp_code code = LP_OK;
    lp_writer_open(w, '{');
    lp_writer_key(w, "ecu_version_manifests");
    lp_writer_open(w, '{');
    for (size_t i = 0; i < inventory->count && code == LP_OK; i++) {
        const lp_ledger_ecu *record = &secondary_of(secondaries, ecus[i])->record;
        if (record->report != NULL) {
            lp_writer_key(w, ecus[i]->serial);
            code = write_report(w, record, secondaries->dialect);
        }
    }
    lp_writer_close(w, '}');
    lp_writer_key(w, "primary_ecu_serial");
    lp_writer_string(w, inventory->primary);
    if (inventory->vehicle[0] != '\0') {
        lp_writer_key(w, "vehicle");
        lp_writer_string(w, inventory->vehicle);
    }
    lp_writer_close(w, '}');
    return code;
}

lp_code lp_manifest_write(const lp_secondaries *secondaries, const lp_signer *signer, uint8_t **out,
                          size_t *out_bytes) {
    const lp_inventory *inventory = secondaries->inventory;
    size_t room = MANIFEST_FRAME_BYTES;
    for (size_t i = 0; i < inventory->count; i++) {
        room += 6 * LP_SERIAL_BYTES + secondaries->of[i].record.report_bytes; /* 6: \u00xx for each byte */
    }
    const lp_inventory_ecu **ecus = sorted(inventory);
    char *payload = malloc(room);
    char *envelope = malloc(room + ENVELOPE_BYTES);
    lp_code code = ecus != NULL && payload != NULL && envelope != NULL ? LP_OK : LP_LIMIT_MEMORY;
    lp_slice signed_payload;
    lp_slice made;
    if (code == LP_OK) {
        lp_writer w;
        lp_writer_begin(&w, payload, room, secondaries->dialect);
        code = write_payload(secondaries, ecus, &w);
        code = code == LP_OK ? lp_writer_end(&w, &signed_payload) : code;
    }
    if (code == LP_OK) {
        code = lp_envelope_write(signed_payload, secondaries->dialect, signer, envelope, room + ENVELOPE_BYTES, &made);
    }
    free(ecus);
    free(payload);
    if (code != LP_OK) {
        free(envelope);
        return code;
    }
    *out = (uint8_t *)envelope;
    *out_bytes = made.len;
    return LP_OK;
}

static lp_code write_ecu(lp_writer *w, const lp_inventory_ecu *ecu, lp_dialect dialect) {
    lp_writer_open(w, '{');
    lp_writer_key(w, "clientKey");
    lp_code code = lp_public_key_write(w, &ecu->key, dialect);
    lp_writer_key(w, "ecu_serial");
    lp_writer_string(w, ecu->serial);
    lp_writer_key(w, "hardware_identifier");
    lp_writer_string(w, ecu->hardware);
    lp_writer_close(w, '}');
    return code;
}

lp_code lp_manifest_ecus(const lp_secondaries *secondaries, uint8_t **out, size_t *out_bytes) {
    const lp_inventory *inventory = secondaries->inventory;
    size_t room = MANIFEST_FRAME_BYTES + inventory->count * (LP_KEY_JSON_BYTES + 12 * LP_SERIAL_BYTES + 64);
    char *body = malloc(room);
    lp_slice made;
    lp_writer w;
    lp_code code = body != NULL ? LP_OK : LP_LIMIT_MEMORY;
    /* Not signed, so plain JSON whatever the dialect: the line ends of PEM keys must be escaped. */
    lp_writer_begin(&w, body, body != NULL ? room : 0, LP_DIALECT_LEGACY);
    lp_writer_open(&w, '{');
    lp_writer_key(&w, "ecus");
    lp_writer_open(&w, '[');
    for (size_t i = 0; i < inventory->count && code == LP_OK; i++) {
        code = write_ecu(&w, &inventory->ecus[i], secondaries->dialect);
    }
    lp_writer_close(&w, ']');
    lp_writer_key(&w, "primary_ecu_serial");
    lp_writer_string(&w, inventory->primary);
    lp_writer_close(&w, '}');
    code = code == LP_OK ? lp_writer_end(&w, &made) : code;
    if (code != LP_OK) {
        free(body);
        return code;
    }
    *out = (uint8_t *)body;
    *out_bytes = made.len;
    return LP_OK;
}
