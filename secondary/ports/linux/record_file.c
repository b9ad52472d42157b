/* SPDX-License-Identifier: Apache-2.0 */
#include "record_file.h"

#include "state_file.h"

static const char file_name[] = "record.json";
static const char *const trial_states[] = {"none", "requested", "failed", NULL}; /* lp_trial */

static json_t *image_json(const lp_image *image) {
    json_t *object =
        json_pack("{s:s, s:I, s:o, s:I}", "name", image->name, "length", (json_int_t)image->length_bytes, "sha256",
                  lp_state_hex(image->hashes.sha256, LP_SHA256_BYTES), "counter", (json_int_t)image->counter);
    if (image->hashes.has_sha512) {
        json_object_set_new(object, "sha512", lp_state_hex(image->hashes.sha512, LP_SHA512_BYTES));
    }
    return object;
}

static bool image_read(const json_t *object, lp_image *out) {
    out->hashes.has_sha256 = true;
    out->hashes.has_sha512 = json_object_get(object, "sha512") != NULL;
    return lp_state_get_text(object, "name", out->name, sizeof out->name) &&
           lp_state_get_uint(object, "length", &out->length_bytes) &&
           lp_state_get_uint(object, "counter", &out->counter) &&
           lp_state_get_hex(object, "sha256", out->hashes.sha256, LP_SHA256_BYTES) &&
           (!out->hashes.has_sha512 || lp_state_get_hex(object, "sha512", out->hashes.sha512, LP_SHA512_BYTES));
}

/* Times may lie before 1970. */
static bool read_time(const json_t *object, const char *key, int64_t *out) {
    const json_t *value = json_object_get(object, key);
    *out = (int64_t)json_integer_value(value);
    return json_is_integer(value);
}

static bool record_read(const json_t *object, lp_record *out) {
    unsigned state = LP_TRIAL_NONE;
    const json_t *trial = json_object_get(object, "trial");
    bool ok = image_read(json_object_get(object, "installed"), &out->installed) &&
              lp_state_get_choice(object, "trial_state", trial_states, &state) &&
              (state == LP_TRIAL_NONE || image_read(trial, &out->trial)) &&
              lp_state_get_uint(object, "trial_targets_version", &out->trial_targets_version) &&
              lp_state_get_uint(object, "counter_floor", &out->counter_floor) &&
              lp_state_get_uint(object, "report_counter", &out->report_counter) &&
              lp_state_get_text(object, "attacks", out->attacks, sizeof out->attacks) &&
              read_time(object, "time", &out->time_floor) && read_time(object, "previous_time", &out->previous_time);
    out->trial_state = (lp_trial)state;
    return ok;
}

bool lp_record_file_load(const char *folder, lp_record *out, bool *found) {
    json_t *object;
    lp_record record = {.trial_state = LP_TRIAL_NONE};
    if (!lp_state_load(folder, file_name, &object)) {
        return false;
    }
    *found = object != NULL;
    if (object == NULL) {
        return true;
    }
    bool ok = record_read(object, &record);
    json_decref(object);
    if (!ok) {
        return lp_state_damaged(folder, file_name);
    }
    *out = record;
    return true;
}

bool lp_record_file_store(const char *folder, const lp_record *record) {
    json_t *object =
        json_pack("{s:o, s:s, s:I, s:I, s:I, s:s, s:I, s:I}", "installed", image_json(&record->installed),
                  "trial_state", trial_states[record->trial_state], "trial_targets_version",
                  (json_int_t)record->trial_targets_version, "counter_floor", (json_int_t)record->counter_floor,
                  "report_counter", (json_int_t)record->report_counter, "attacks", record->attacks, "time",
                  (json_int_t)record->time_floor, "previous_time", (json_int_t)record->previous_time);
    if (record->trial_state != LP_TRIAL_NONE) {
        json_object_set_new(object, "trial", image_json(&record->trial));
    }
    return lp_state_save(folder, file_name, object);
}
