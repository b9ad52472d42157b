/* SPDX-License-Identifier: Apache-2.0 */
#include "verify_output.h"

#include "lampyr-host/log.h"
#include "lampyr/encode.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

enum { LINE_BYTES = 8192 };

static const char *const verdicts[] = {
    [LPV_ACCEPTED] = "accepted",  [LPV_REFUSED] = "refused", [LPV_USAGE] = "failed",
    [LPV_NOT_FETCHED] = "failed", [LPV_STATE] = "failed",
};

/* What a code other than LP_OK makes of an image or a repository. */
static const char *word_for(lp_code code) {
    switch (code) {
    case LP_UNREACHABLE:
    case LP_SLOW_RETRIEVAL:
    case LP_NO_TRUSTED_ROOT:
    case LP_STATE:
        return "failed";
    default:
        return "refused";
    }
}

/* "accepted", "installed", "refused", or "failed" when the image could not be had. */
static const char *image_verdict(const lpv_image *image) {
    lp_code code = image->verdict.error.code;
    return code != LP_OK ? word_for(code) : image->verdict.installed ? "installed" : "accepted";
}

/* The file an error is about: metadata, or the image itself. */
static void error_file(const lpv_outcome *outcome, const lp_error *error, char *out, size_t out_bytes) {
    lp_error_file(error, out, out_bytes);
    for (size_t i = 0; out[0] == '\0' && i < outcome->image_count; i++) {
        if (error->code != LP_OK && outcome->images[i].verdict.error.subject.ptr == error->subject.ptr) {
            snprintf(out, out_bytes, "%s", outcome->images[i].file);
        }
    }
}

/* What stopped the run, in one line. */
static void failure_text(const lpv_outcome *outcome, char *out, size_t out_bytes) {
    const lp_error *error = &outcome->error;
    char file[LP_URL_BYTES];
    error_file(outcome, error, file, sizeof file);
    const char *why = outcome->message[0] != '\0' ? outcome->message : lp_code_text(error->code);
    if (error->code == LP_OK) { /* wrong usage */
        snprintf(out, out_bytes, "%s", why);
    } else if (error->code == LP_NO_TRUSTED_ROOT && outcome->message[0] == '\0' && error->repository != NULL) {
        snprintf(out, out_bytes, "%s: image %s: %s; give --map-roots DIR with %s.root.json in it",
                 lp_code_name(error->code), error->repository, why, error->repository);
    } else if (error->code == LP_NO_TRUSTED_ROOT && outcome->message[0] == '\0') {
        snprintf(out, out_bytes, "%s: %s: %s; give --%s-root FILE", lp_code_name(error->code),
                 lp_repo_name(error->repo), why, lp_repo_name(error->repo));
    } else {
        snprintf(out, out_bytes, "%s: %s%s%s%s%s%s%s", lp_code_name(error->code), lp_repo_name(error->repo),
                 error->repository != NULL ? " " : "", error->repository != NULL ? error->repository : "",
                 file[0] != '\0' ? " " : "", file, error->repo != LP_REPO_NONE ? ": " : "", why);
    }
}

/* What was refused, in one line. */
static void refusal_text(const lpv_outcome *outcome, char *out, size_t out_bytes) {
    char text[LP_ERROR_TEXT_BYTES];
    const char *given = outcome->given_root;
    lp_error_format(&outcome->error, text);
    snprintf(out, out_bytes, "%s%s%s%s", text, given != NULL ? " (as given: " : "", given != NULL ? given : "",
             given != NULL ? ")" : "");
}

/* --- lines --- */

/* Names come from others: they must not start a new line or drive a terminal. */
static void print_line(char *line) {
    for (char *c = line; *c != '\0'; c++) {
        if ((unsigned char)*c < ' ' || *c == 0x7f) {
            *c = '?';
        }
    }
    puts(line);
}

/* "sec-radar-0001, sec-radar-0002" */
static void list_ecus(const lpv_image *image, char *out, size_t out_bytes) {
    lp_json_iter iter = lp_json_iterate(lp_target_ecus(&image->verdict.director));
    lp_str serial;
    lp_json member;
    size_t used = 0;
    out[0] = '\0';
    while (used < out_bytes && lp_json_next(&iter, &serial, &member)) {
        int more = snprintf(out + used, out_bytes - used, "%s%.*s", used > 0 ? ", " : "", (int)serial.len, serial.ptr);
        used += more > 0 ? (size_t)more : 0;
    }
}

static void print_image(const lpv_image *image) {
    char line[LINE_BYTES];
    char ecus[1024];
    char digest[2 * LP_SHA256_BYTES + 1] = "";
    const lp_target *target = &image->verdict.director;
    if (image->verdict.error.code != LP_OK) {
        lp_error_format(&image->verdict.error, line);
        if (strcmp(image_verdict(image), "refused") == 0) {
            print_line(line);
        }
        return;
    }
    list_ecus(image, ecus, sizeof ecus);
    if (target->hashes.has_sha256) {
        lp_hex_encode(target->hashes.sha256, LP_SHA256_BYTES, digest);
    }
    snprintf(line, sizeof line, "%s: %s for %s, %llu bytes%s%s%s%s", image_verdict(image), image->name, ecus,
             (unsigned long long)target->length_bytes, digest[0] != '\0' ? ", sha256 " : "", digest,
             image->saved[0] != '\0' ? ", saved as " : "", image->saved);
    print_line(line);
}

/* The last line: what follows from all. */
static void print_verdict(const lpv_outcome *outcome) {
    char line[LINE_BYTES];
    size_t new_count = 0;
    size_t refused = 0;
    for (size_t i = 0; i < outcome->image_count; i++) {
        const char *verdict = image_verdict(&outcome->images[i]);
        new_count += strcmp(verdict, "accepted") == 0;
        refused += strcmp(verdict, "refused") == 0;
    }
    if (outcome->exit == LPV_ACCEPTED && new_count == 0) {
        snprintf(line, sizeof line, "accepted: nothing to install");
    } else if (outcome->exit == LPV_ACCEPTED) {
        snprintf(line, sizeof line, "accepted: %zu %s to install", new_count, new_count == 1 ? "image" : "images");
    } else if (refused > 0) {
        snprintf(line, sizeof line, "refused: %zu of %zu images, nothing may be installed", refused,
                 outcome->image_count);
    } else {
        refusal_text(outcome, line, sizeof line);
    }
    print_line(line);
}

/* What the verdict does not say. */
static void warn(const lpv_outcome *outcome) {
    static const char text[] = "warning: the %s repository's first root was taken on trust, nobody vouches for it";
    char line[LINE_BYTES];
    if (outcome->director_first_root) {
        lp_log(LPV_PROGRAM, LP_LOG_WARNING, text, "director");
    }
    for (size_t i = 0; i < LP_MAP_REPOSITORIES; i++) {
        if (outcome->image_first_roots >> i & 1) {
            lp_log(LPV_PROGRAM, LP_LOG_WARNING, text, outcome->map != NULL ? outcome->map->names[i] : "image");
        }
    }
    for (size_t i = 0; i < outcome->refusal_count; i++) {
        const lpv_refusal *refusal = &outcome->refusals[i];
        lp_error_format(&refusal->error, line);
        lp_log(LPV_PROGRAM, LP_LOG_WARNING, "warning: %s%s%s", line, refusal->message[0] != '\0' ? ": " : "",
               refusal->message);
    }
}

void lpv_print_text(const lpv_outcome *outcome) {
    warn(outcome);
    for (size_t i = 0; i < outcome->image_count; i++) {
        print_image(&outcome->images[i]);
    }
    if (outcome->exit == LPV_ACCEPTED || outcome->exit == LPV_REFUSED) {
        print_verdict(outcome);
    } else {
        char line[LINE_BYTES];
        failure_text(outcome, line, sizeof line);
        lp_log(LPV_PROGRAM, LP_LOG_ERROR, "%s", line);
    }
}

/* --- JSON --- */

/* Text that may not be UTF-8 becomes null rather than spoil the document. */
static json_t *text(const char *value) {
    json_t *string = json_string(value);
    return string != NULL ? string : json_null();
}

/* The members that describe an error; all empty for LP_OK. */
static json_t *error_object(const lpv_outcome *outcome, const char *verdict, const lp_error *error) {
    char file[LP_URL_BYTES];
    error_file(outcome, error, file, sizeof file);
    json_t *object = json_object();
    json_object_set_new(object, "verdict", json_string(verdict));
    json_object_set_new(object, "code", json_string(lp_code_name(error->code)));
    json_object_set_new(object, "attack", json_string(lp_code_attack(error->code)));
    json_object_set_new(object, "repository", json_string(lp_repo_name(error->repo)));
    if (outcome->map != NULL) {
        json_object_set_new(object, "repository_name", json_string(error->repository != NULL ? error->repository : ""));
    }
    json_object_set_new(object, "role", json_string(lp_role_name(error->role)));
    json_object_set_new(object, "file", text(file));
    json_object_set_new(object, "clause",
                        json_string(error->code != LP_OK && error->clause != NULL ? error->clause : ""));
    return object;
}

static json_t *ecus_array(const lpv_image *image) {
    char serial[LP_NAME_BYTES];
    lp_json_iter iter = lp_json_iterate(lp_target_ecus(&image->verdict.director));
    lp_str written;
    lp_json member;
    json_t *array = json_array();
    while (lp_json_next(&iter, &written, &member)) {
        if (lp_str_copy(written, serial, sizeof serial, NULL) == LP_OK) {
            json_array_append_new(array, text(serial));
        }
    }
    return array;
}

static json_t *image_object(const lpv_outcome *outcome, const lpv_image *image) {
    const lp_hashes *hashes = &image->verdict.director.hashes;
    char digest[2 * LP_SHA512_BYTES + 1];
    json_t *object = error_object(outcome, image_verdict(image), &image->verdict.error);
    json_object_set_new(object, "name", text(image->name));
    json_object_set_new(object, "ecus", ecus_array(image));
    json_object_set_new(object, "length", json_integer((json_int_t)image->verdict.director.length_bytes));
    if (hashes->has_sha256) {
        lp_hex_encode(hashes->sha256, LP_SHA256_BYTES, digest);
        json_object_set_new(object, "sha256", json_string(digest));
    }
    if (hashes->has_sha512) {
        lp_hex_encode(hashes->sha512, LP_SHA512_BYTES, digest);
        json_object_set_new(object, "sha512", json_string(digest));
    }
    json_object_set_new(object, "image", text(image->file));
    json_object_set_new(object, "saved", text(image->saved));
    return object;
}

/* Image repositories of the map that were refused, be the images accepted or not. */
static json_t *refused_repositories(const lpv_outcome *outcome) {
    json_t *array = json_array();
    for (size_t i = 0; i < outcome->refusal_count; i++) {
        const lp_error *refusal = &outcome->refusals[i].error;
        json_array_append_new(array, error_object(outcome, word_for(refusal->code), refusal));
    }
    return array;
}

static json_t *message_string(const lpv_outcome *outcome) {
    char line[LINE_BYTES] = "";
    if (outcome->exit == LPV_REFUSED) {
        refusal_text(outcome, line, sizeof line);
    } else if (outcome->exit != LPV_ACCEPTED) {
        failure_text(outcome, line, sizeof line);
    }
    return text(line);
}

bool lpv_print_json(const lpv_outcome *outcome) {
    warn(outcome);
    json_t *object = error_object(outcome, verdicts[outcome->exit], &outcome->error);
    json_t *targets = json_array();
    for (size_t i = 0; i < outcome->image_count; i++) {
        json_array_append_new(targets, image_object(outcome, &outcome->images[i]));
    }
    json_object_set_new(object, "message", message_string(outcome));
    json_object_set_new(object, "targets", targets);
    if (outcome->map != NULL) {
        json_object_set_new(object, "refused_repositories", refused_repositories(outcome));
    }
    if (outcome->exit == LPV_USAGE) {
        json_object_set_new(object, "code", json_string("usage"));
    }
    char *printed = json_dumps(object, JSON_INDENT(2) | JSON_ENSURE_ASCII);
    json_decref(object);
    if (printed == NULL) {
        return false;
    }
    puts(printed);
    free(printed);
    return true;
}
