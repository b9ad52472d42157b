/* SPDX-License-Identifier: Apache-2.0 */
#include "tell.h"

#include "lampyr/encode.h"
#include "program.h"

#include <jansson.h>

static void refused(const lp_tell *tell, const lp_error *error) {
    char file[2 * LP_NAME_BYTES] = "";
    lp_error_file(error, file, sizeof file);
    lp_progress_event(&tell->progress, "refused", "s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s", "ecu", tell->serial, "code",
                      lp_code_name(error->code), "attack", lp_code_attack(error->code), "text",
                      lp_code_text(error->code), "repository", lp_repo_name(error->repo), "role",
                      lp_role_name(error->role), "file", file, "clause", error->clause == NULL ? "" : error->clause);
    if (error->code == LP_STATE) {
        return; /* told in detail where it happened */
    }
    char text[LP_ERROR_TEXT_BYTES];
    lp_error_format(error, text);
    bool unreachable = error->code == LP_UNREACHABLE;
    lp_log(LP_PROGRAM, LP_LOG_WARNING, "%s: %s%s%s%s", tell->serial, text, unreachable ? " (primary " : "",
           unreachable ? tell->primary : "", unreachable ? ")" : "");
}

static void waiting(const lp_tell *tell, const lp_error *error) {
    const char *serial = tell->serial;
    lp_progress_event(&tell->progress, "waiting", "s:s, s:s", "ecu", serial, "code", lp_code_name(error->code));
    lp_log(LP_PROGRAM, LP_LOG_INFO, "%s: waiting: the primary has no %s yet", serial,
           error->code == LP_MISSING_FILE ? "image for this ECU"
           : error->role == LP_ROLE_TIME  ? "signed time for it"
                                          : "metadata");
}

void lp_tell_event(const lp_tell *tell, const char *version, const lp_agent_event *event) {
    const char *serial = tell->serial;
    const char *image = event->image == NULL ? "" : event->image;
    const json_int_t number = (json_int_t)event->number;
    switch (event->kind) {
    case LP_EVENT_REGISTERED:
        lp_progress_event(&tell->progress, "registered", "s:s", "ecu", serial);
        lp_log(LP_PROGRAM, LP_LOG_INFO, "%s: registered", serial);
        break;
    case LP_EVENT_VERIFIED:
        lp_progress_event(&tell->progress, "verified", "s:s, s:I, s:s", "ecu", serial, "targets", number, "image",
                          image);
        lp_log(LP_PROGRAM, LP_LOG_INFO, "%s: director targets %ju verified; ordered: %s", serial,
               (uintmax_t)event->number, event->image == NULL ? "nothing" : image);
        break;
    case LP_EVENT_IMAGE:
        lp_progress_event(&tell->progress, "image", "s:s, s:I, s:I", "ecu", serial, "offset", number, "total",
                          (json_int_t)event->total);
        break;
    case LP_EVENT_INSTALLED:
        lp_progress_event(&tell->progress, "installed", "s:s, s:s, s:I", "ecu", serial, "image", image, "total",
                          number);
        lp_log(LP_PROGRAM, LP_LOG_INFO, "%s: image %s: %ju bytes verified and installed", serial, image,
               (uintmax_t)event->number);
        break;
    case LP_EVENT_CONFIRMED:
        lp_progress_event(&tell->progress, "confirmed", "s:s, s:s, s:s", "ecu", serial, "image", image, "version",
                          version);
        lp_log(LP_PROGRAM, LP_LOG_INFO, "%s: image %s confirmed; version %s", serial, image, version);
        break;
    case LP_EVENT_REVERTED:
        lp_progress_event(&tell->progress, "reverted", "s:s, s:s, s:s", "ecu", serial, "image", image, "version",
                          version);
        lp_log(LP_PROGRAM, LP_LOG_WARNING, "%s: image %s did not confirm; version %s runs again", serial, image,
               version);
        break;
    case LP_EVENT_REPORTED:
        lp_progress_event(&tell->progress, "reported", "s:s, s:I", "ecu", serial, "report", number);
        lp_log(LP_PROGRAM, LP_LOG_INFO, "%s: version report %ju sent", serial, (uintmax_t)event->number);
        break;
    case LP_EVENT_REFUSED:
        refused(tell, event->error);
        break;
    case LP_EVENT_WAITING:
        waiting(tell, event->error);
        break;
    case LP_EVENT_TURN:
        break;
    }
}

void lp_tell_booted(const lp_tell *tell, const char *slot, bool testing, const lp_image_facts *image) {
    const char *serial = tell->serial;
    char sha256[2 * LP_SHA256_BYTES + 1];
    lp_hex_encode(image->sha256, LP_SHA256_BYTES, sha256);
    lp_progress_event(&tell->progress, "booted", "s:s, s:s, s:s, s:b, s:s", "ecu", serial, "version", image->version,
                      "slot", slot, "trial", (int)testing, "sha256", sha256);
    lp_log(LP_PROGRAM, LP_LOG_INFO, "%s: version %s runs from %s%s", serial, image->version, slot,
           testing ? ", on trial" : "");
}

void lp_tell_listening(const lp_tell *tell, const char *address) {
    const char *serial = tell->serial;
    lp_progress_event(&tell->progress, "listening", "s:s, s:s, s:s", "ecu", serial, "address", address, "primary",
                      tell->primary);
    lp_log(LP_PROGRAM, LP_LOG_INFO, "%s: listening on %s, primary %s", serial, address, tell->primary);
}
