/* SPDX-License-Identifier: Apache-2.0 */
#include "verify_run.h"

#include "download.h"
#include "drive.h"
#include "repositories.h"
#include "store.h"

#include "lampyr-host/log.h"
#include "lampyr-host/openssl.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct lpv_session {
    const lpv_options *options;
    lpv_outcome *outcome;
    lp_store *store;
    lp_fetch *fetch;
    lp_drive *drive;
    lp_drive_repo director;
    lp_drive_repo images[LP_MAP_REPOSITORIES];
    lp_repositories repositories; /* with a map */
    uint8_t *director_root;
    uint8_t *image_root;
    lp_full full;
    lp_partial partial;
    bool memory_short;
};
typedef struct lpv_session session;

static void say(lpv_outcome *outcome, enum lpv_exit exit_code, const char *message) {
    outcome->exit = exit_code;
    snprintf(outcome->message, sizeof outcome->message, "%s", message);
}

static enum lpv_exit exit_of(lp_code code) {
    switch (code) {
    case LP_OK:
        return LPV_ACCEPTED;
    case LP_UNREACHABLE:
    case LP_SLOW_RETRIEVAL:
    case LP_NO_TRUSTED_ROOT:
        return LPV_NOT_FETCHED;
    case LP_STATE:
    case LP_MISUSE:
        return LPV_STATE;
    default:
        return LPV_REFUSED;
    }
}

/* --- metadata --- */

/* Copies the verdict on one image. */
static bool add_image(session *s, const lp_verdict *verdict) {
    lpv_outcome *outcome = s->outcome;
    lpv_image *images = realloc(outcome->images, (outcome->image_count + 1) * sizeof *images);
    if (images == NULL) {
        s->memory_short = true;
        return false;
    }
    outcome->images = images;
    lpv_image *image = &images[outcome->image_count++];
    *image = (lpv_image){.verdict = *verdict};
    if (lp_str_copy(verdict->director.name, image->name, sizeof image->name, NULL) != LP_OK) {
        /* Such a name was refused; it is shown as it was written. */
        snprintf(image->name, sizeof image->name, "%.*s", (int)verdict->director.name.len, verdict->director.name.ptr);
    }
    return true;
}

static void on_judged(void *ctx) {
    session *s = ctx;
    if (!add_image(s, lp_full_verdict(&s->full))) {
        return;
    }
    lpv_image *image = &s->outcome->images[s->outcome->image_count - 1];
    lp_listing_read(&s->full, &image->listing);
    size_t first = lp_listing_first(&image->listing);
    if (first < LP_MAP_REPOSITORIES &&
        lp_listing_path(&image->listing, first, image->name, image->file, sizeof image->file) != LP_OK) {
        image->file[0] = '\0';
    }
}

static void on_damaged(void *ctx, lp_repo repo, const char *name) {
    (void)ctx;
    lp_log(LPV_PROGRAM, LP_LOG_WARNING, "warning: the stored %s %s is damaged and is replaced", lp_repo_name(repo),
           name);
}

static void on_ended(void *ctx, bool trusted) {
    session *s = ctx;
    lpv_outcome *outcome = s->outcome;
    if (!trusted) {
        outcome->given_root = s->director.refused_provisioned_root    ? s->options->director_root
                              : s->images[0].refused_provisioned_root ? s->options->image_root
                                                                      : NULL;
        outcome->error = *(s->options->partial ? lp_partial_error(&s->partial) : lp_full_error(&s->full));
        const char *message = lp_drive_message(s->drive);
        if (message[0] == '\0' && outcome->map != NULL) {
            message = lp_repositories_reason(outcome->map, s->drive, &outcome->error);
        }
        say(outcome, exit_of(outcome->error.code), message);
    } else if (s->options->partial && lp_partial_target(&s->partial) != NULL) {
        add_image(s, &(lp_verdict){.director = *lp_partial_target(&s->partial)});
    }
    if (s->memory_short) {
        outcome->error = (lp_error){.code = LP_STATE};
        say(outcome, LPV_STATE, "out of memory");
    }
}

static void begin(session *s) {
    const lpv_options *options = s->options;
    if (options->partial) {
        lp_partial_begin(&s->partial, &(lp_partial_config){.crypto = &lp_crypto_openssl,
                                                           .limits = &lp_limits_gateway,
                                                           .dialect = options->director_dialect,
                                                           .form = LP_JSON_SERVED,
                                                           .now = options->now,
                                                           .vehicle = options->vehicle,
                                                           .serial = options->ecus[0].serial,
                                                           .hardware = options->ecus[0].hardware});
    } else {
        lp_full_begin(&s->full, &(lp_full_config){.crypto = &lp_crypto_openssl,
                                                  .limits = &lp_limits_gateway,
                                                  .director_dialect = options->director_dialect,
                                                  .image_dialect = options->image_dialect,
                                                  .director_root_and_targets_only = options->director_targets_only,
                                                  .now = options->now,
                                                  .vehicle = options->vehicle,
                                                  .ecus = options->ecus,
                                                  .ecu_count = options->ecu_count,
                                                  .always_check_image_repository = true,
                                                  .map = s->outcome->map,
                                                  .sources = s->repositories.sources});
    }
}

static void verify_metadata(session *s) {
    const lpv_options *options = s->options;
    begin(s);
    s->drive = lp_drive_new(&(lp_drive_config){
        .procedure = options->partial ? &lp_procedure_partial : &lp_procedure_full,
        .machine = options->partial ? (void *)&s->partial : (void *)&s->full,
        .store = lp_store_metadata(s->store),
        .fetch = s->fetch,
        .director = &s->director,
        .images = s->images,
        .judged = on_judged,
        .damaged = on_damaged,
        .ended = on_ended,
        .ctx = s,
    });
    if (s->drive == NULL) {
        s->outcome->error = (lp_error){.code = LP_STATE};
        say(s->outcome, LPV_STATE, "out of memory");
        return;
    }
    lp_drive_start(s->drive);
    lp_fetch_run(s->fetch);
    s->outcome->director_first_root = s->director.trusted_first_root;
    for (size_t i = 0; i < LP_MAP_REPOSITORIES; i++) {
        s->outcome->image_first_roots |= (uint32_t)s->images[i].trusted_first_root << i;
    }
    for (size_t i = 0; s->outcome->map != NULL && i < s->outcome->map->count; i++) {
        const lp_error *refusal = lp_full_source_error(&s->full, i);
        if (refusal != NULL) {
            const char *reason = lp_repositories_reason(s->outcome->map, s->drive, refusal);
            s->outcome->refusals[s->outcome->refusal_count++] = (lpv_refusal){*refusal, reason};
        }
    }
}

/* --- images --- */

typedef struct arrival {
    lp_code code;
    char message[LP_FETCH_MESSAGE_BYTES];
} arrival;

static void on_downloaded(void *ctx, lp_code code, const char *message) {
    arrival *result = ctx;
    result->code = code;
    snprintf(result->message, sizeof result->message, "%s", message);
}

/* Path of the image under the download folder, whose subfolders are made. The name was found to be safe. */
static bool place(const lpv_options *options, const lpv_image *image, char path[LP_PATH_BYTES]) {
    if (!lp_path_join(path, LP_PATH_BYTES, options->download, image->name)) {
        return false;
    }
    char *slash = strrchr(path, '/');
    *slash = '\0';
    bool ok = lp_folder_make(path, 0755);
    *slash = '/';
    return ok;
}

/* Downloads the image from `base`, where `file` names it, to `path`. */
static lp_code download_from(const session *s, const lpv_image *image, const char *base, const char *file,
                             const char *path, char *message, size_t message_bytes) {
    char url[LP_FETCH_URL_BYTES];
    arrival result = {.code = LP_STATE};
    lp_download_config config = {.fetch = s->fetch,
                                 .crypto = &lp_crypto_openssl,
                                 .url = url,
                                 .path = path,
                                 .hashes = &image->listing.hashes,
                                 .length_bytes = image->verdict.image.length_bytes,
                                 .done = on_downloaded,
                                 .ctx = &result};
    if (!lp_fetch_locate(base, file, url) || !lp_download_start(&config)) {
        snprintf(message, message_bytes, "cannot fetch %s: the URL is too long, or memory is short", image->name);
        return LP_UNREACHABLE;
    }
    lp_fetch_run(s->fetch);
    snprintf(message, message_bytes, "%s", result.message);
    return result.code;
}

/* Tries every URL of every image repository that signs the image, until one serves it. */
static lp_code download(const session *s, lpv_image *image, char *message, size_t message_bytes) {
    char path[LP_PATH_BYTES];
    char file[LP_URL_BYTES];
    lp_code code = LP_MISSING_FILE;
    if (!place(s->options, image, path)) {
        snprintf(message, message_bytes, "cannot write %s in %s: %s", image->name, s->options->download,
                 strerror(errno));
        return LP_STATE;
    }
    for (size_t i = 0; i < LP_MAP_REPOSITORIES; i++) {
        lp_drive_repo repo = s->images[i];
        if ((image->listing.agreed >> i & 1) == 0 ||
            lp_listing_path(&image->listing, i, image->name, file, sizeof file) != LP_OK) {
            continue;
        }
        do {
            code = download_from(s, image, repo.base, file, path, message, message_bytes);
            if (code == LP_OK) {
                snprintf(image->saved, sizeof image->saved, "%s", path);
            }
            if (code == LP_OK || code == LP_STATE) {
                return code;
            }
        } while (lp_drive_repo_next(&repo));
    }
    return code;
}

static const char *clause_of(lp_code code) {
    switch (code) {
    case LP_IMAGE_HASH:
    case LP_IMAGE_LENGTH:
        return "Uptane 2.1.0, 5.4.3.4 step 7";
    default:
        return "Uptane 2.1.0, 5.4.3.3";
    }
}

static void download_images(session *s) {
    char message[LP_FETCH_MESSAGE_BYTES];
    lpv_outcome *outcome = s->outcome;
    for (size_t i = 0; i < outcome->image_count; i++) {
        lpv_image *image = &outcome->images[i];
        if (image->verdict.installed) {
            continue;
        }
        lp_code code = download(s, image, message, sizeof message);
        if (code == LP_OK) {
            continue;
        }
        image->verdict.error = (lp_error){
            .code = code, .repo = LP_REPO_IMAGE, .subject = image->verdict.director.name, .clause = clause_of(code)};
        if (outcome->error.code == LP_OK) {
            outcome->error = image->verdict.error;
            say(outcome, exit_of(code), message);
        }
        if (exit_of(code) != LPV_REFUSED) {
            outcome->error = image->verdict.error;
            say(outcome, exit_of(code), message);
            return; /* the others could not be had either */
        }
    }
}

/* --- the run --- */

static bool read_root(lpv_outcome *outcome, const char *path, uint8_t **bytes, lp_slice *root) {
    size_t len;
    if (path == NULL) {
        return true;
    }
    if (!lp_file_read(path, lp_limits_gateway.root_bytes, bytes, &len)) {
        char message[LP_PATH_BYTES + 128];
        snprintf(message, sizeof message, "cannot read the root %s: %s", path, strerror(errno));
        say(outcome, LPV_USAGE, message);
        return false;
    }
    *root = (lp_slice){*bytes, len};
    return true;
}

/* Takes the image repositories, and the director's URLs if it lists them, from the map. */
static bool open_map(session *s) {
    const lpv_options *options = s->options;
    char message[LP_REPOSITORIES_MESSAGE_BYTES];
    if (!lp_repositories_open(&s->repositories, options->map, options->map_roots, false, options->image_dialect,
                              message)) {
        say(s->outcome, LPV_USAGE, message);
        return false;
    }
    s->outcome->map = &s->repositories.map;
    memcpy(s->images, s->repositories.images, sizeof s->images);
    for (size_t i = 0; i < s->repositories.map.count; i++) {
        s->images[i].trust_first_root = options->trust_first_root;
    }
    if ((s->repositories.director != NULL) == (options->director != NULL)) {
        say(s->outcome, LPV_USAGE,
            options->director != NULL ? "--director: the map lists the director already"
                                      : "--director is required: the map does not list the director");
        return false;
    }
    if (s->repositories.director != NULL) {
        s->director.base = s->repositories.director[0];
        s->director.others = s->repositories.director + 1;
    }
    return true;
}

static bool open_all(session *s) {
    const lpv_options *options = s->options;
    lpv_outcome *outcome = s->outcome;
    char message[LP_FETCH_MESSAGE_BYTES];
    s->director = (lp_drive_repo){
        .base = options->director, .dialect = options->director_dialect, .trust_first_root = options->trust_first_root};
    s->images[0] = (lp_drive_repo){
        .base = options->image, .dialect = options->image_dialect, .trust_first_root = options->trust_first_root};
    if ((options->map != NULL && !open_map(s)) ||
        !read_root(outcome, options->director_root, &s->director_root, &s->director.provisioned_root) ||
        !read_root(outcome, options->image_root, &s->image_root, &s->images[0].provisioned_root)) {
        return false;
    }
    s->fetch = lp_fetch_new(&options->fetch, message, sizeof message);
    if (s->fetch == NULL) {
        say(outcome, LPV_USAGE, message);
        return false;
    }
    s->store = lp_store_open(options->state, message, sizeof message);
    if (s->store == NULL) {
        outcome->error = (lp_error){.code = LP_STATE};
        say(outcome, LPV_STATE, message);
        return false;
    }
    return true;
}

void lpv_run(const lpv_options *options, lpv_outcome *out) {
    *out = (lpv_outcome){.exit = LPV_ACCEPTED};
    session *s = out->session = calloc(1, sizeof *s);
    if (s == NULL) {
        out->error = (lp_error){.code = LP_STATE};
        say(out, LPV_STATE, "out of memory");
        return;
    }
    s->options = options;
    s->outcome = out;
    if (!open_all(s)) {
        return;
    }
    verify_metadata(s);
    if (out->exit == LPV_ACCEPTED && options->download != NULL) {
        download_images(s);
    }
}

void lpv_outcome_free(lpv_outcome *outcome) {
    session *s = outcome->session;
    if (s != NULL) {
        lp_fetch_free(s->fetch);
        lp_drive_free(s->drive);
        lp_store_close(s->store);
        free(s->director_root);
        free(s->image_root);
        lp_repositories_free(&s->repositories);
        free(s);
    }
    free(outcome->images);
    *outcome = (lpv_outcome){.exit = LPV_ACCEPTED};
}
