/* SPDX-License-Identifier: Apache-2.0 */
#include "status.h"

#include "boot_file.h"
#include "image_version.h"
#include "lampyr/encode.h"
#include "program.h"
#include "record_file.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

static const char *const trial_words[] = {"none", "requested", "testing", "reverted"}; /* lp_boot_trial */

typedef struct overview {
    bool started; /* at least once */
    lp_boot_file boot;
    lp_record record;
    lp_image_facts image; /* in the slot that runs */
    unsigned running;
    bool damaged; /* it is not what was put there */
} overview;

static bool read_overview(const lp_settings *settings, overview *out) {
    char path[LP_PATH_BYTES];
    bool booted, recorded;
    *out = (overview){.started = false};
    if (!lp_boot_file_load(settings->state, &out->boot, &booted) ||
        !lp_record_file_load(settings->state, &out->record, &recorded)) {
        return false;
    }
    out->started = booted && recorded;
    if (!out->started) {
        return true;
    }
    out->running = out->boot.trial == LP_BOOT_TESTING ? 1 - out->boot.active : out->boot.active;
    if (!lp_path_join(path, sizeof path, settings->state, lp_slot_name(out->running)) ||
        !lp_image_facts_read(path, &out->image)) {
        lp_log(LP_PROGRAM, LP_LOG_ERROR, "cannot read %s/%s: %s", settings->state, lp_slot_name(out->running),
               strerror(errno));
        return false;
    }
    out->damaged = !lp_boot_slot_sound(settings->state, &out->boot, out->running, &out->image);
    return true;
}

static json_t *overview_json(const lp_settings *settings, const overview *o) {
    char sha256[2 * LP_SHA256_BYTES + 1];
    char time[LP_TIME_TEXT_BYTES];
    json_t *out = json_pack("{s:s, s:s, s:b}", "serial", settings->serial, "hardware", settings->hardware, "started",
                            (int)o->started);
    if (!o->started) {
        return out;
    }
    lp_hex_encode(o->image.sha256, LP_SHA256_BYTES, sha256);
    lp_time_format(o->record.time_floor, time);
    json_t *more = json_pack(
        "{s:s, s:s, s:I, s:s, s:s, s:s, s:I, s:s, s:I, s:s}", "version", o->image.version, "sha256", sha256, "length",
        (json_int_t)o->image.length_bytes, "slot", lp_slot_name(o->running), "trial", trial_words[o->boot.trial],
        "image", o->record.installed.name, "counter_floor", (json_int_t)o->record.counter_floor, "time", time,
        "report_counter", (json_int_t)o->record.report_counter, "attacks_detected", o->record.attacks);
    json_object_update(out, more);
    json_decref(more);
    json_object_set_new(out, "damaged", json_boolean(o->damaged));
    if (o->record.trial_state == LP_TRIAL_FAILED) {
        json_object_set_new(out, "failed_image", json_string(o->record.trial.name));
    }
    return out;
}

static void print_text(json_t *object) {
    const char *key;
    json_t *value;
    json_object_foreach(object, key, value) {
        if (json_is_integer(value)) {
            printf("%s: %" JSON_INTEGER_FORMAT "\n", key, json_integer_value(value));
        } else if (json_is_boolean(value)) {
            printf("%s: %s\n", key, json_is_true(value) ? "yes" : "no");
        } else {
            printf("%s: %s\n", key, json_string_value(value));
        }
    }
}

int lp_status(const lp_settings *settings, bool json) {
    overview o;
    if (!read_overview(settings, &o)) {
        return LP_EXIT_STATE;
    }
    json_t *object = overview_json(settings, &o);
    if (json) {
        json_dumpf(object, stdout, JSON_COMPACT);
        putchar('\n');
    } else {
        print_text(object);
    }
    json_decref(object);
    return fflush(stdout) == 0 && !o.damaged ? LP_EXIT_GOOD : LP_EXIT_STATE;
}
