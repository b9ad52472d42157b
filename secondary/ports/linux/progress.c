/* SPDX-License-Identifier: Apache-2.0 */
#include "progress.h"

#include "lampyr/encode.h"
#include "program.h"

#include <jansson.h>
#include <stdarg.h>
#include <string.h>

bool lp_progress_open(lp_progress *progress, const char *path) {
    progress->stream = NULL;
    if (path == NULL) {
        return true;
    }
    progress->stream = strcmp(path, "-") == 0 ? stdout : fopen(path, "ae");
    return progress->stream != NULL;
}

void lp_progress_close(lp_progress *progress) {
    if (progress->stream != NULL && progress->stream != stdout) {
        fclose(progress->stream);
    }
    progress->stream = NULL;
}

/* Writes {"event":`event`,"ecu":`serial`,...}; the rest is as in json_pack(), without braces. */
static void write_line(const lp_progress *progress, const char *event, const char *serial, const char *format, ...) {
    if (progress->stream == NULL) {
        return;
    }
    char braced[128];
    va_list args;
    snprintf(braced, sizeof braced, "{%s}", format);
    va_start(args, format);
    json_t *members = json_vpack_ex(NULL, 0, braced, args);
    va_end(args);
    json_t *line = json_pack("{s:s, s:s}", "event", event, "ecu", serial);
    if (line != NULL && members != NULL) {
        json_object_update(line, members);
        json_dumpf(line, progress->stream, JSON_COMPACT);
        fputc('\n', progress->stream);
        fflush(progress->stream);
    }
    json_decref(members);
    json_decref(line);
}

static void refused(const lp_progress *progress, const char *serial, const lp_error *error, const char *event) {
    char file[2 * LP_NAME_BYTES] = "";
    lp_error_file(error, file, sizeof file);
    write_line(progress, event, serial, "s:s, s:s, s:s, s:s, s:s, s:s, s:s", "code", lp_code_name(error->code),
               "attack", lp_code_attack(error->code), "text", lp_code_text(error->code), "repository",
               lp_repo_name(error->repo), "role", lp_role_name(error->role), "file", file, "clause",
               error->clause == NULL ? "" : error->clause);
    if (error->code == LP_STATE) {
        return; /* told in detail where it happened */
    }
    char text[LP_ERROR_TEXT_BYTES];
    lp_error_format(error, text);
    lp_log(LP_PROGRAM, LP_LOG_WARNING, "%s: %s", serial, text);
}

static void waiting(const lp_progress *progress, const char *serial, const lp_error *error) {
    write_line(progress, "waiting", serial, "s:s", "code", lp_code_name(error->code));
    lp_log(LP_PROGRAM, LP_LOG_INFO, "%s: waiting: the primary has no %s yet", serial,
           error->code == LP_MISSING_FILE ? "image for this ECU"
           : error->role == LP_ROLE_TIME  ? "signed time for it"
                                          : "metadata");
}

void lp_progress_event(const lp_progress *progress, const char *serial, const char *version,
                       const lp_agent_event *event) {
    const char *image = event->image == NULL ? "" : event->image;
    const json_int_t number = (json_int_t)event->number;
    switch (event->kind) {
    case LP_EVENT_REGISTERED:
        write_line(progress, "registered", serial, "");
        lp_log(LP_PROGRAM, LP_LOG_INFO, "%s: registered", serial);
        break;
    case LP_EVENT_VERIFIED:
        write_line(progress, "verified", serial, "s:I, s:s", "targets", number, "image", image);
        lp_log(LP_PROGRAM, LP_LOG_INFO, "%s: director targets %ju verified; ordered: %s", serial,
               (uintmax_t)event->number, event->image == NULL ? "nothing" : image);
        break;
    case LP_EVENT_IMAGE:
        write_line(progress, "image", serial, "s:I, s:I", "offset", number, "total", (json_int_t)event->total);
        break;
    case LP_EVENT_INSTALLED:
        write_line(progress, "installed", serial, "s:s, s:I", "image", image, "total", number);
        lp_log(LP_PROGRAM, LP_LOG_INFO, "%s: image %s: %ju bytes verified and installed", serial, image,
               (uintmax_t)event->number);
        break;
    case LP_EVENT_CONFIRMED:
        write_line(progress, "confirmed", serial, "s:s, s:s", "image", image, "version", version);
        lp_log(LP_PROGRAM, LP_LOG_INFO, "%s: image %s confirmed; version %s", serial, image, version);
        break;
    case LP_EVENT_REVERTED:
        write_line(progress, "reverted", serial, "s:s, s:s", "image", image, "version", version);
        lp_log(LP_PROGRAM, LP_LOG_WARNING, "%s: image %s did not confirm; version %s runs again", serial, image,
               version);
        break;
    case LP_EVENT_REPORTED:
        write_line(progress, "reported", serial, "s:I", "report", number);
        lp_log(LP_PROGRAM, LP_LOG_INFO, "%s: version report %ju sent", serial, (uintmax_t)event->number);
        break;
    case LP_EVENT_REFUSED:
        refused(progress, serial, event->error, "refused");
        break;
    case LP_EVENT_WAITING:
        waiting(progress, serial, event->error);
        break;
    case LP_EVENT_TURN:
        break;
    }
}

void lp_progress_booted(const lp_progress *progress, const char *serial, const char *slot, bool testing,
                        const lp_image_facts *image) {
    char sha256[2 * LP_SHA256_BYTES + 1];
    lp_hex_encode(image->sha256, LP_SHA256_BYTES, sha256);
    write_line(progress, "booted", serial, "s:s, s:s, s:b, s:s", "version", image->version, "slot", slot, "trial",
               (int)testing, "sha256", sha256);
    lp_log(LP_PROGRAM, LP_LOG_INFO, "%s: version %s runs from %s%s", serial, image->version, slot,
           testing ? ", on trial" : "");
}

void lp_progress_listening(const lp_progress *progress, const char *serial, const char *address, const char *primary) {
    write_line(progress, "listening", serial, "s:s, s:s", "address", address, "primary", primary);
    lp_log(LP_PROGRAM, LP_LOG_INFO, "%s: listening on %s, primary %s", serial, address, primary);
}
