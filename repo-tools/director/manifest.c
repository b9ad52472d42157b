/* SPDX-License-Identifier: Apache-2.0 */
#include "manifest.h"

#include "lampyr/encode.h"
#include "lampyr/report.h"
#include "store.h"

#include <stdlib.h>
#include <string.h>

/* What all checks of one manifest share. */
typedef struct check {
    const lpd_director *director;
    const char *vehicle;
    const lpd_inventory *inventory;
    lp_scratch scratch;
    int64_t now;
    lpd_refusal *refusal;
} check;

/* The manifest must come from this vehicle and its primary (5.3.2.1 step 3). */
static bool check_sender(const check *c, lp_json payload, lpd_manifest *out) {
    char text[LPD_ID_BYTES];
    lp_str value;
    lp_code code = lp_json_string(lp_json_get(payload, "primary_ecu_serial"), &value);
    if (code == LP_OK) {
        code = lp_str_copy(value, text, sizeof text, NULL);
    }
    if (code != LP_OK) {
        return lpd_refuse_code(c->refusal, code, "primary_ecu_serial: %s", lp_code_text(code));
    }
    if (strcmp(text, c->inventory->primary) != 0) {
        return lpd_refuse_code(c->refusal, LP_UNKNOWN_ECU, "primary_ecu_serial: '%s' is not this vehicle's primary",
                               text);
    }
    lp_json vehicle = lp_json_get(payload, "vehicle");
    if (vehicle.ptr == NULL && c->director->dialect == LP_DIALECT_LEGACY) {
        return true;
    }
    code = lp_json_string(vehicle, &value);
    if (code == LP_OK) {
        code = lp_str_copy(value, text, sizeof text, NULL);
    }
    if (code != LP_OK) {
        return lpd_refuse_code(c->refusal, code, "vehicle: %s", lp_code_text(code));
    }
    if (!c->director->fleet.anonymous && strcmp(text, c->vehicle) != 0) {
        return lpd_refuse_code(c->refusal, LP_WRONG_VEHICLE, "the manifest is of vehicle '%s'", text);
    }
    out->names_vehicle = true;
    return true;
}

/* A counter is used once (5.3.2.1 step 4). */
static bool check_counter(const check *c, const lp_report_view *view, const lpd_ecu *ecu) {
    if (!view->has_counter) {
        return c->director->dialect == LP_DIALECT_LEGACY ||
               lpd_refuse_code(c->refusal, LP_FIELD_MISSING, "report of %s: no report_counter", ecu->serial);
    }
    if (view->counter > INT64_MAX) {
        return lpd_refuse_code(c->refusal, LP_FIELD_VALUE, "report of %s: report_counter is beyond 63 bits",
                               ecu->serial);
    }
    bool found;
    uint64_t last;
    if (!lpd_store_counter(c->director->store, c->vehicle, ecu, &found, &last)) {
        return lpd_refuse_code(c->refusal, LP_STATE, "%s", lpd_store_error(c->director->store));
    }
    if (found && view->counter <= last) {
        return lpd_refuse(c->refusal, 409, "replayed_report", "report of %s: counter %llu, but %llu was used already",
                          ecu->serial, (unsigned long long)view->counter, (unsigned long long)last);
    }
    return true;
}

/* Copies what the report says out of the body. */
static lp_code copy_report(const lp_report_view *view, lpd_report *out) {
    lp_code code = lp_str_copy(view->image_name, out->image_name, sizeof out->image_name, NULL);
    if (code == LP_OK && view->attacks.ptr != NULL) {
        code = lp_str_copy(view->attacks, out->attacks, sizeof out->attacks, NULL);
    }
    if (code == LP_OK && view->failed_image.ptr != NULL) {
        code = lp_str_copy(view->failed_image, out->failed_image, sizeof out->failed_image, NULL);
    }
    out->has_counter = view->has_counter;
    out->counter = view->counter;
    out->image_bytes = view->image_bytes;
    out->image_hashes = view->image_hashes;
    out->time = view->time;
    return code;
}

/* One member of ecu_version_manifests: of which ECU, signed by its key, about itself, new, plausible in time. */
static bool check_report(const check *c, lp_str key, lp_json envelope, lpd_report *out) {
    char serial[LPD_ID_BYTES];
    lp_code code = lp_str_copy(key, serial, sizeof serial, NULL);
    if (code != LP_OK) {
        return lpd_refuse_code(c->refusal, code, "serial of a report: %s", lp_code_text(code));
    }
    const lpd_ecu *ecu = lpd_inventory_find(c->inventory, serial);
    if (ecu == NULL) {
        return lpd_refuse_code(c->refusal, LP_UNKNOWN_ECU, "report of '%s', which is not in the inventory", serial);
    }
    lp_json payload;
    lp_report_view view;
    code = lp_envelope_verify(envelope, c->director->dialect, &ecu->key, &lp_crypto_openssl, &lp_limits_gateway,
                              c->scratch, &payload);
    if (code == LP_OK) {
        code = lp_report_read(payload, &view);
    }
    if (code == LP_OK) {
        code = copy_report(&view, out);
    }
    if (code != LP_OK) {
        return lpd_refuse_code(c->refusal, code, "report of %s: %s", serial, lp_code_text(code));
    }
    if (!lp_str_eq(view.serial, key)) {
        return lpd_refuse_code(c->refusal, LP_UNKNOWN_ECU, "report of %s: ecu_serial names another ECU", serial);
    }
    if (view.time > c->now + LPD_FUTURE_S) {
        char time[LP_TIME_TEXT_BYTES];
        lp_time_format(view.time, time);
        return lpd_refuse(c->refusal, 403, "report_time", "report of %s: its time %s is in the future", serial, time);
    }
    out->ecu = ecu;
    return check_counter(c, &view, ecu);
}

static const lpd_report *find_report(const lpd_manifest *manifest, const lpd_ecu *ecu) {
    for (size_t i = 0; i < manifest->count; i++) {
        if (manifest->reports[i].ecu == ecu) {
            return &manifest->reports[i];
        }
    }
    return NULL;
}

/* Every inventoried ECU is represented (5.3.2.1 step 3). */
static bool check_complete(const check *c, const lpd_manifest *manifest) {
    for (size_t i = 0; c->director->dialect == LP_DIALECT_TUF && i < c->inventory->count; i++) {
        const lpd_ecu *ecu = &c->inventory->ecus[i];
        if (find_report(manifest, ecu) == NULL) {
            return lpd_refuse(c->refusal, 403, "missing_ecu", "no report of %s", ecu->serial);
        }
    }
    return true;
}

static bool check_reports(const check *c, lp_json reports, lpd_manifest *out) {
    if (!lp_json_is_object(reports)) {
        lp_code code = reports.ptr == NULL ? LP_FIELD_MISSING : LP_FIELD_TYPE;
        return lpd_refuse_code(c->refusal, code, "ecu_version_manifests: %s", lp_code_text(code));
    }
    out->reports = calloc(c->inventory->count, sizeof *out->reports);
    if (out->reports == NULL) {
        return lpd_refuse_code(c->refusal, LP_STATE, "out of memory");
    }
    lp_json_iter iter = lp_json_iterate(reports);
    lp_str key;
    lp_json envelope;
    while (lp_json_next(&iter, &key, &envelope)) {
        lpd_report report = {.ecu = NULL};
        if (!check_report(c, key, envelope, &report)) {
            return false;
        }
        if (out->count == c->inventory->count || find_report(out, report.ecu) != NULL) {
            return lpd_refuse_code(c->refusal, LP_REPEATED_ECU, "two reports of %s", report.ecu->serial);
        }
        out->reports[out->count++] = report;
    }
    return check_complete(c, out);
}

/* Everything, with scratch memory at hand. The primary's signature comes first: nobody else can make the director
 * work through the rest. */
static bool check_all(const check *c, lp_slice body, lpd_manifest *out) {
    const lpd_ecu *primary = lpd_inventory_find(c->inventory, c->inventory->primary);
    if (primary == NULL) {
        return lpd_refuse_code(c->refusal, LP_UNKNOWN_ECU, "no ECU of this vehicle is known: nothing has registered");
    }
    lp_json payload;
    lp_code code = lp_envelope_read(body, c->director->dialect, &primary->key, &lp_crypto_openssl, &lp_limits_gateway,
                                    c->scratch, &payload);
    if (code != LP_OK) {
        return lpd_refuse_code(c->refusal, code, "manifest by %s: %s", primary->serial, lp_code_text(code));
    }
    out->installation = lp_json_get(payload, "installation_report");
    return check_sender(c, payload, out) && check_reports(c, lp_json_get(payload, "ecu_version_manifests"), out);
}

bool lpd_manifest_check(const lpd_director *director, const char *vehicle, const lpd_inventory *inventory,
                        lp_slice body, int64_t now, lpd_manifest *out, lpd_refusal *refusal) {
    size_t scratch_bytes = lp_json_scratch_bytes(body.len);
    const check c = {.director = director,
                     .vehicle = vehicle,
                     .inventory = inventory,
                     .scratch = {.ptr = malloc(scratch_bytes), .bytes = scratch_bytes},
                     .now = now,
                     .refusal = refusal};
    if (c.scratch.ptr == NULL) {
        return lpd_refuse_code(refusal, LP_STATE, "out of memory");
    }
    lpd_manifest manifest = {.count = 0};
    bool ok = check_all(&c, body, &manifest);
    free(c.scratch.ptr);
    if (!ok) {
        lpd_manifest_free(&manifest);
        return false;
    }
    *out = manifest;
    return true;
}

void lpd_manifest_free(lpd_manifest *manifest) {
    free(manifest->reports);
    manifest->reports = NULL;
    manifest->count = 0;
}
