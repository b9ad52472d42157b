/* SPDX-License-Identifier: Apache-2.0 */
#include "plan.h"

#include "lampyr-host/log.h"
#include "lampyr/limits.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

bool lp_plan_learn(const lp_plan *plan, lp_plan_image *image) {
    char path[LP_PATH_BYTES];
    if (image->listing.hashes.has_sha256) {
        return true;
    }
    int fd = lp_store_image_path(plan->gateway->store, image->id, path) ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    image->known = fd >= 0 && lp_fd_sha256(fd, image->sha256);
    if (fd >= 0) {
        close(fd);
    }
    return image->known;
}

/* Which image this is: by its SHA-256 or, where only that is listed, by the beginning of its SHA-512. */
static void identify(const lp_plan *plan, lp_plan_image *image) {
    const lp_hashes *hashes = &image->listing.hashes;
    image->known = hashes->has_sha256;
    memcpy(image->sha256, hashes->sha256, sizeof image->sha256);
    memcpy(image->id, hashes->has_sha256 ? hashes->sha256 : hashes->sha512, sizeof image->id);
    (void)lp_plan_learn(plan, image); /* it may have been downloaded before */
}

/* Adds an image and the ECUs of this vehicle that it is ordered for. */
static bool add_image(lp_plan *plan, const lp_verdict *verdict) {
    const lp_inventory *inventory = &plan->gateway->inventory;
    lp_plan_image *grown = realloc(plan->images, (plan->image_count + 1) * sizeof *grown);
    if (grown == NULL) {
        return false;
    }
    plan->images = grown;
    lp_plan_image *image = &grown[plan->image_count];
    *image = (lp_plan_image){.target = verdict->director};
    lp_listing_read(plan->full, &image->listing);
    identify(plan, image);
    if (lp_str_copy(verdict->director.name, image->name, sizeof image->name, NULL) != LP_OK) {
        return false;
    }
    for (size_t i = 0; i < inventory->count; i++) {
        bool found;
        lp_str hardware;
        lp_str serial = lp_str_from(inventory->ecus[i].serial);
        if (lp_target_ecu(&verdict->director, serial, &found, &hardware) == LP_OK && found) {
            plan->image_of[i] = (int)plan->image_count;
        }
    }
    plan->image_count++;
    return true;
}

static void on_judged(void *ctx) {
    lp_plan *plan = ctx;
    const lp_verdict *verdict = lp_full_verdict(plan->full);
    if (verdict->error.code == LP_OK && !add_image(plan, verdict)) {
        plan->short_of_memory = true;
    }
}

static void on_damaged(void *ctx, lp_repo repo, const char *name) {
    (void)ctx;
    lp_log(LP_PROGRAM, LP_LOG_WARNING, "the stored %s %s is damaged and is replaced", lp_repo_name(repo), name);
}

static void on_ended(void *ctx, bool trusted) {
    lp_plan *plan = ctx;
    plan->ended = true;
    plan->trusted = trusted;
}

static bool prepare(lp_plan *plan, int64_t now, bool offline) {
    lp_gateway *gateway = plan->gateway;
    const lp_settings *settings = &gateway->settings;
    size_t count = gateway->inventory.count;
    plan->full = malloc(sizeof *plan->full);
    plan->ecus = calloc(count, sizeof *plan->ecus);
    plan->image_of = calloc(count, sizeof *plan->image_of);
    if (plan->full == NULL || plan->ecus == NULL || plan->image_of == NULL) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        plan->image_of[i] = LP_PLAN_NONE;
    }
    lp_secondaries_ecus(&gateway->secondaries, plan->ecus);
    lp_full_begin(plan->full,
                  &(lp_full_config){.crypto = &lp_crypto_openssl,
                                    .limits = &lp_limits_gateway,
                                    .director_dialect = settings->director_dialect,
                                    .image_dialect = settings->image_dialect,
                                    .director_root_and_targets_only = settings->director_root_and_targets_only,
                                    .now = now,
                                    .vehicle = settings->vehicle[0] != '\0' ? settings->vehicle : NULL,
                                    .ecus = plan->ecus,
                                    .ecu_count = count,
                                    .map = settings->map[0] != '\0' ? &gateway->repositories.map : NULL,
                                    .sources = gateway->repositories.sources});
    plan->drive = lp_drive_new(&(lp_drive_config){.procedure = &lp_procedure_full,
                                                  .machine = plan->full,
                                                  .store = lp_store_metadata(gateway->store),
                                                  .fetch = gateway->fetch,
                                                  .offline = offline,
                                                  .director = &plan->director,
                                                  .images = plan->sources,
                                                  .judged = on_judged,
                                                  .damaged = offline ? NULL : on_damaged,
                                                  .ended = on_ended,
                                                  .ctx = plan});
    return plan->drive != NULL;
}

/* Where the repositories are: as configured, or as the map lists them. */
static void set_repositories(lp_plan *plan) {
    const lp_gateway *gateway = plan->gateway;
    const lp_settings *settings = &gateway->settings;
    plan->director = (lp_drive_repo){.base = settings->director_url,
                                     .dialect = settings->director_dialect,
                                     .provisioned_root = {gateway->director_root, gateway->director_root_bytes}};
    if (settings->map[0] == '\0') {
        plan->sources[0] = (lp_drive_repo){.base = settings->image_url,
                                           .dialect = settings->image_dialect,
                                           .provisioned_root = {gateway->image_root, gateway->image_root_bytes}};
        return;
    }
    memcpy(plan->sources, gateway->repositories.images, sizeof plan->sources);
    if (gateway->repositories.director != NULL) {
        plan->director.base = gateway->repositories.director[0];
        plan->director.others = gateway->repositories.director + 1;
    }
}

/* Tells of image repositories that were refused, whether or not it mattered. */
static void report_refusals(const lp_plan *plan) {
    lp_gateway *gateway = plan->gateway;
    char text[LP_ERROR_TEXT_BYTES];
    for (size_t i = 0; i < gateway->repositories.map.count; i++) {
        const lp_error *refusal = lp_full_source_error(plan->full, i);
        if (refusal != NULL) {
            const char *reason = lp_repositories_reason(&gateway->repositories.map, plan->drive, refusal);
            lp_error_format(refusal, text);
            lp_log(LP_PROGRAM, LP_LOG_WARNING, "%s%s%s", text, reason[0] != '\0' ? ": " : "", reason);
            lp_gateway_detected(gateway, refusal->code);
        }
    }
}

lp_code lp_plan_make(lp_plan *plan, lp_gateway *gateway, int64_t now, lp_error *error, char *message) {
    *plan = (lp_plan){.gateway = gateway};
    set_repositories(plan);
    *error = (lp_error){.code = LP_LIMIT_MEMORY};
    message[0] = '\0';
    if (gateway->loop.stop || !prepare(plan, now, false)) {
        return LP_LIMIT_MEMORY;
    }
    lp_drive_start(plan->drive);
    bool ended = lp_gateway_await(gateway, &plan->ended);
    report_refusals(plan);
    if (!ended) {
        *error = (lp_error){.code = LP_UNREACHABLE};
        snprintf(message, LP_FETCH_MESSAGE_BYTES, "interrupted");
    } else if (!plan->trusted) {
        *error = *lp_full_error(plan->full);
        const char *reason = lp_drive_message(plan->drive);
        if (reason[0] == '\0') {
            reason = lp_repositories_reason(&gateway->repositories.map, plan->drive, error);
        }
        snprintf(message, LP_FETCH_MESSAGE_BYTES, "%s", reason);
    } else if (!plan->short_of_memory) {
        *error = (lp_error){.code = LP_OK};
    }
    return error->code;
}

lp_code lp_plan_make_offline(lp_plan *plan, lp_gateway *gateway, int64_t now) {
    *plan = (lp_plan){.gateway = gateway};
    set_repositories(plan);
    if (!prepare(plan, now, true)) {
        return LP_LIMIT_MEMORY;
    }
    lp_drive_start(plan->drive);
    return !plan->trusted ? lp_full_error(plan->full)->code : plan->short_of_memory ? LP_LIMIT_MEMORY : LP_OK;
}

void lp_plan_free(lp_plan *plan) {
    if (plan->drive != NULL) {
        lp_drive_free(plan->drive);
    }
    free(plan->full);
    free(plan->ecus);
    free(plan->images);
    free(plan->image_of);
    *plan = (lp_plan){.gateway = plan->gateway};
}

uint64_t lp_plan_version(const lp_plan *plan) {
    return lp_full_targets(plan->full)->doc.version;
}

const lp_plan_image *lp_plan_due(const lp_plan *plan, size_t ecu) {
    if (plan->image_of[ecu] == LP_PLAN_NONE) {
        return NULL;
    }
    const lp_plan_image *image = &plan->images[plan->image_of[ecu]];
    const lp_secondary *secondary = &plan->gateway->secondaries.of[ecu];
    bool due = !(image->known && lp_secondary_runs(secondary, image->sha256)) &&
               !lp_secondary_failed(secondary, lp_plan_version(plan));
    return due ? image : NULL;
}
