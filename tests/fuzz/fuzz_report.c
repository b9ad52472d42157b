/* SPDX-License-Identifier: Apache-2.0 */
/* Version reports, alone and in a vehicle version manifest, as a director or a primary reads them. */
#include "fuzz.h"
#include "lampyr/encode.h"
#include "lampyr/report.h"

#include <string.h>

static const lp_public_key key = {.scheme = LP_SCHEME_ED25519, .len = LP_SHA256_BYTES};

/* The characters of `text`; NULL if they contain U+0000 or are many. */
static const char *copy_text(fuzz_memory *memory, lp_str text) {
    char *out = fuzz_alloc(memory, LP_NAME_BYTES);
    return lp_str_copy(text, out, LP_NAME_BYTES, NULL) == LP_OK ? out : NULL;
}

/* The writer's output, in whatever room, is read back as it was meant. */
static void check_write(fuzz_memory *memory, const lp_report_view *view, lp_dialect dialect, size_t room) {
    lp_report report = {.serial = copy_text(memory, view->serial),
                        .image_name = copy_text(memory, view->image_name),
                        .image_bytes = view->image_bytes,
                        .attacks = copy_text(memory, view->attacks),
                        .failed_image = view->failed_image.ptr != NULL ? copy_text(memory, view->failed_image) : NULL,
                        .counter = view->counter,
                        .time = view->time};
    lp_slice out;
    lp_json payload;
    lp_report_view again;
    memcpy(report.image_sha256, view->image_hashes.sha256, LP_SHA256_BYTES);
    if (report.serial == NULL || report.image_name == NULL || report.attacks == NULL) {
        return;
    }
    lp_code code = lp_report_write(&report, dialect, &fuzz_signer, fuzz_alloc(memory, room), room, &out);
    FUZZ_CHECK(code == LP_OK || code == LP_LIMIT_MEMORY);
    if (code != LP_OK) {
        return;
    }
    lp_slice copy = fuzz_copy(memory, out.ptr, out.len);
    lp_json whole;
    FUZZ_CHECK(lp_json_check(copy, LP_JSON_CANONICAL, dialect, 16, (lp_scratch){NULL, 0}, &whole, NULL) == LP_OK);
    FUZZ_CHECK(lp_envelope_verify(whole, dialect, &key, &fuzz_crypto, &fuzz_limits, (lp_scratch){NULL, 0}, &payload) ==
               LP_OK);
    FUZZ_CHECK(lp_report_read(payload, &again) == LP_OK);
    FUZZ_CHECK(lp_str_eq(again.serial, view->serial) && lp_str_eq(again.image_name, view->image_name) &&
               lp_str_eq(again.attacks, view->attacks) && again.image_bytes == view->image_bytes &&
               again.time == view->time && again.counter == view->counter);
    FUZZ_CHECK(lp_report_write(&report, dialect, &fuzz_signer, fuzz_alloc(memory, out.len - 1), out.len - 1, &out) ==
               LP_LIMIT_MEMORY);
}

static void read_report(fuzz_memory *memory, lp_json payload, lp_dialect dialect, size_t room) {
    lp_report_view view;
    if (lp_report_read(payload, &view) == LP_OK) {
        FUZZ_CHECK(view.serial.ptr != NULL && (view.image_hashes.has_sha256 || view.image_hashes.has_sha512));
        check_write(memory, &view, dialect, room);
    }
}

static void read_manifest(fuzz_memory *memory, lp_json manifest, lp_dialect dialect, size_t room) {
    lp_json_iter iter = lp_json_iterate(lp_json_get(manifest, "ecu_version_manifests"));
    lp_str serial = {NULL, 0};
    lp_json envelope;
    lp_json payload;
    while (iter.object && lp_json_next(&iter, &serial, &envelope)) {
        if (lp_envelope_verify(envelope, dialect, &key, &fuzz_crypto, &fuzz_limits, fuzz_enough(memory, envelope.len),
                               &payload) == LP_OK) {
            read_report(memory, payload, dialect, room);
        }
    }
}

/* Input: one byte for the dialect, one for the room to write in, and an envelope. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    fuzz_memory memory = {NULL};
    fuzz_input input = fuzz_begin(data, size);
    lp_dialect dialect = (lp_dialect)(fuzz_byte(&input) & 1);
    size_t room = fuzz_byte(&input) * 8U;
    lp_slice rest = fuzz_rest(&input);
    lp_slice bytes = fuzz_copy(&memory, rest.ptr, rest.len);
    lp_json payload;
    lp_code code =
        lp_envelope_read(bytes, dialect, &key, &fuzz_crypto, &fuzz_limits, fuzz_enough(&memory, bytes.len), &payload);
    FUZZ_CHECK(code != LP_LIMIT_MEMORY);
    if (code == LP_OK) {
        read_report(&memory, payload, dialect, room);
        read_manifest(&memory, payload, dialect, room);
    }
    fuzz_release(&memory);
    return 0;
}
