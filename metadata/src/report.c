/* SPDX-License-Identifier: Apache-2.0 */
#include "lampyr/report.h"
#include "lampyr/encode.h"
#include "refusal.h"

#include <string.h>

static void write_time(lp_writer *w, const char *name, int64_t seconds) {
    char text[LP_TIME_TEXT_BYTES];
    lp_time_format(seconds, text);
    lp_writer_key(w, name);
    lp_writer_string(w, text);
}

static void write_image(lp_writer *w, const lp_report *report) {
    char digest[2 * LP_SHA256_BYTES + 1];
    lp_hex_encode(report->image_sha256, LP_SHA256_BYTES, digest);
    lp_writer_key(w, "installed_image");
    lp_writer_open(w, '{');
    lp_writer_key(w, "fileinfo");
    lp_writer_open(w, '{');
    lp_writer_key(w, "hashes");
    lp_writer_open(w, '{');
    lp_writer_key(w, "sha256");
    lp_writer_string(w, digest);
    lp_writer_close(w, '}');
    lp_writer_key(w, "length");
    lp_writer_uint(w, report->image_bytes);
    lp_writer_close(w, '}');
    lp_writer_key(w, "filepath");
    lp_writer_string(w, report->image_name);
    lp_writer_close(w, '}');
}

/* Keys ascend: the text is canonical as it is written. */
static void write_payload(lp_writer *w, const lp_report *report) {
    lp_writer_open(w, '{');
    lp_writer_key(w, "attacks_detected");
    lp_writer_string(w, report->attacks);
    lp_writer_key(w, "ecu_serial");
    lp_writer_string(w, report->serial);
    if (report->failed_image != NULL) {
        lp_writer_key(w, "failed_image");
        lp_writer_string(w, report->failed_image);
    }
    write_image(w, report);
    write_time(w, "previous_timeserver_time", report->previous_time);
    if (report->counter > 0) {
        char counter[LP_UINT_TEXT_BYTES];
        lp_uint_format(report->counter, counter);
        lp_writer_key(w, "report_counter");
        lp_writer_string(w, counter);
    }
    write_time(w, "timeserver_time", report->time);
    lp_writer_close(w, '}');
}

lp_code lp_report_write(const lp_report *report, lp_dialect dialect, const lp_signer *signer, char *buffer,
                        size_t buffer_bytes, lp_slice *out) {
    lp_writer w;
    lp_slice payload;
    lp_writer_begin(&w, buffer, buffer_bytes, dialect);
    write_payload(&w, report);
    lp_code code = lp_writer_end(&w, &payload);
    if (code != LP_OK) {
        return code;
    }
    char *tail = buffer + buffer_bytes - payload.len;
    memmove(tail, payload.ptr, payload.len);
    payload.ptr = (const uint8_t *)tail;
    return lp_envelope_write(payload, dialect, signer, buffer, buffer_bytes, out);
}

static lp_code read_image(lp_json image, lp_report_view *view) {
    lp_json_field fields[] = {{"fileinfo", {0}}, {"filepath", {0}}};
    lp_json_field info[] = {{"hashes", {0}}, {"length", {0}}};
    if (LP_REFUSAL(4101, image.ptr == NULL)) {
        return LP_FIELD_MISSING;
    }
    lp_code code = lp_json_record(image, fields, 2);
    if (code == LP_OK) {
        code = lp_json_string(fields[1].value, &view->image_name);
    }
    if (code == LP_OK && LP_REFUSAL(4102, fields[0].value.ptr == NULL)) {
        code = LP_FIELD_MISSING;
    }
    if (code == LP_OK) {
        code = lp_json_record(fields[0].value, info, 2);
    }
    if (code == LP_OK) {
        code = lp_json_uint(info[1].value, &view->image_bytes);
    }
    if (code == LP_OK) {
        code = lp_hashes_read(info[0].value, &view->image_hashes);
    }
    return code;
}

static lp_code read_counter(lp_json value, lp_report_view *view) {
    lp_str text;
    view->has_counter = value.ptr != NULL;
    if (!view->has_counter) {
        return LP_OK;
    }
    if (!lp_json_is_string(value)) {
        return lp_json_uint(value, &view->counter);
    }
    lp_code code = lp_json_string(value, &text);
    return code == LP_OK ? lp_uint_parse(text, &view->counter) : code;
}

lp_code lp_report_read(lp_json payload, lp_report_view *out) {
    enum { ATTACKS, SERIAL, FAILED, IMAGE, COUNTER, TIME, FIELDS };
    lp_json_field fields[FIELDS] = {
        [ATTACKS] = {"attacks_detected", {0}}, [SERIAL] = {"ecu_serial", {0}},      [FAILED] = {"failed_image", {0}},
        [IMAGE] = {"installed_image", {0}},    [COUNTER] = {"report_counter", {0}}, [TIME] = {"timeserver_time", {0}},
    };
    lp_report_view view = {0};
    lp_str time;
    lp_code code = lp_json_record(payload, fields, FIELDS);
    if (code == LP_OK) {
        code = lp_json_string(fields[ATTACKS].value, &view.attacks);
    }
    if (code == LP_OK) {
        code = lp_json_string(fields[SERIAL].value, &view.serial);
    }
    if (code == LP_OK && fields[FAILED].value.ptr != NULL) {
        code = lp_json_string(fields[FAILED].value, &view.failed_image);
    }
    if (code == LP_OK) {
        code = read_image(fields[IMAGE].value, &view);
    }
    if (code == LP_OK) {
        code = read_counter(fields[COUNTER].value, &view);
    }
    if (code == LP_OK) {
        code = lp_json_string(fields[TIME].value, &time);
    }
    if (code == LP_OK) {
        code = lp_time_parse(time, &view.time);
    }
    if (code == LP_OK) {
        *out = view;
    }
    return code;
}
