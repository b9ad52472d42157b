/* SPDX-License-Identifier: Apache-2.0 */
#include "delivery.h"

#include "clock.h"
#include "download.h"
#include "install.h"

#include "lampyr-host/log.h"
#include "lampyr/path.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static lp_outcome outcome_of(lp_code code) {
    switch (code) {
    case LP_UNREACHABLE:
    case LP_SLOW_RETRIEVAL:
        return LP_OUTCOME_UNREACHABLE;
    case LP_STATE:
    case LP_LIMIT_MEMORY:
        return LP_OUTCOME_STATE;
    default:
        return LP_OUTCOME_REFUSED;
    }
}

lp_outcome lp_delivery_refuse(lp_gateway *gateway, const lp_error *error, const char *message) {
    char text[LP_ERROR_TEXT_BYTES];
    lp_outcome outcome = outcome_of(error->code);
    lp_error_format(error, text);
    if (message[0] == '\0') {
        lp_log(LP_PROGRAM, LP_LOG_ERROR, "%s", text);
    } else if (outcome == LP_OUTCOME_REFUSED) {
        lp_log(LP_PROGRAM, LP_LOG_ERROR, "%s: %s", message, text);
    } else {
        lp_log(LP_PROGRAM, LP_LOG_ERROR, "%s (%s)", message, lp_code_name(error->code));
    }
    lp_progress_event(&gateway->progress, "refused", "s:s, s:s, s:s, s:s", "code", lp_code_name(error->code),
                      "repository", lp_repo_name(error->repo), "role", lp_role_name(error->role), "text", text);
    lp_gateway_detected(gateway, error->code);
    return outcome;
}

static lp_outcome fail_state(lp_gateway *gateway, const char *what, const char *why) {
    lp_log(LP_PROGRAM, LP_LOG_ERROR, "%s: %s", what, why);
    lp_progress_event(&gateway->progress, "refused", "s:s, s:s", "code", lp_code_name(LP_STATE), "text", what);
    return LP_OUTCOME_STATE;
}

/* --- images --- */

/* One download that is waited for. */
typedef struct fetching {
    lp_gateway *gateway;
    const lp_plan_image *image;
    bool ended;
    lp_code code;
    char message[LP_FETCH_MESSAGE_BYTES];
} fetching;

static void on_progress(void *ctx, uint64_t have_bytes) {
    const fetching *f = ctx;
    lp_progress_event(&f->gateway->progress, "downloaded", "s:s, s:I, s:I", "image", f->image->name, "offset",
                      (long long)have_bytes, "total", (long long)f->image->target.length_bytes);
}

static void on_downloaded(void *ctx, lp_code code, const char *message) {
    fetching *f = ctx;
    f->ended = true;
    f->code = code;
    snprintf(f->message, sizeof f->message, "%s", code == LP_OK ? "" : message);
}

/* Starts the download from the present URL of the image repository at `place`. */
static lp_code start_download(fetching *f, const lp_drive_repo *repo, size_t place) {
    const lp_plan_image *image = f->image;
    char path[LP_URL_BYTES];
    char url[LP_FETCH_URL_BYTES];
    char file[LP_PATH_BYTES];
    lp_code code = lp_listing_path(&image->listing, place, image->name, path, sizeof path);
    if (code != LP_OK) {
        return code;
    }
    lp_download_config config = {.fetch = f->gateway->fetch,
                                 .crypto = &lp_crypto_openssl,
                                 .url = url,
                                 .path = file,
                                 .hashes = &image->listing.hashes,
                                 .length_bytes = image->target.length_bytes,
                                 .progress = on_progress,
                                 .done = on_downloaded,
                                 .ctx = f};
    if (!lp_fetch_locate(repo->base, path, url)) {
        return LP_LIMIT_STRING;
    }
    return lp_store_image_path(f->gateway->store, image->id, file) && lp_download_start(&config) ? LP_OK : LP_STATE;
}

/* Downloads from one URL. False if the order to stop came first. */
static bool download_from(fetching *f, const lp_drive_repo *repo, size_t place) {
    f->ended = false;
    f->code = start_download(f, repo, place);
    return f->code != LP_OK || lp_gateway_await(f->gateway, &f->ended);
}

/* Tries every URL of every image repository that signs the image, until one serves it. False if the order to stop came
 * first. */
static bool download_from_any(fetching *f, const lp_plan *plan) {
    f->code = LP_MISSING_FILE;
    for (size_t i = 0; i < LP_MAP_REPOSITORIES; i++) {
        lp_drive_repo repo = plan->sources[i];
        if ((f->image->listing.agreed >> i & 1) == 0) {
            continue;
        }
        do {
            if (!download_from(f, &repo, i)) {
                return false;
            }
            if (f->code == LP_OK || f->code == LP_STATE) {
                return true;
            }
        } while (lp_drive_repo_next(&repo));
    }
    return true;
}

static lp_outcome download(lp_gateway *gateway, const lp_plan *plan, const lp_plan_image *image) {
    fetching f = {.gateway = gateway, .image = image};
    lp_error error = {.repo = LP_REPO_IMAGE, .subject = image->target.name, .clause = "Uptane 2.1.0, 5.4.3.4"};
    if (gateway->loop.stop || !download_from_any(&f, plan)) {
        return LP_OUTCOME_PENDING;
    }
    error.code = f.code;
    if (error.code != LP_OK) {
        bool refused = outcome_of(error.code) == LP_OUTCOME_REFUSED; /* then the error itself says it all */
        return lp_delivery_refuse(gateway, &error, refused ? "" : f.message);
    }
    lp_log(LP_PROGRAM, LP_LOG_INFO, "%s downloaded and verified, %llu bytes", image->name,
           (unsigned long long)image->target.length_bytes);
    return LP_OUTCOME_DONE;
}

static bool is_due(const lp_delivery *delivery, const lp_plan_image *image) {
    for (size_t i = 0; i < delivery->gateway->inventory.count; i++) {
        if (lp_plan_due(delivery->plan, i) == image) {
            return true;
        }
    }
    return false;
}

static lp_outcome download_due(const lp_delivery *delivery) {
    lp_plan *plan = delivery->plan;
    lp_outcome outcome = LP_OUTCOME_DONE;
    for (size_t i = 0; i < plan->image_count && outcome == LP_OUTCOME_DONE; i++) {
        if (is_due(delivery, &plan->images[i])) {
            outcome = download(delivery->gateway, plan, &plan->images[i]);
            if (outcome == LP_OUTCOME_DONE && !lp_plan_learn(plan, &plan->images[i])) {
                outcome = fail_state(delivery->gateway, plan->images[i].name, strerror(errno));
            }
        }
    }
    return outcome;
}

/* Images that are not ordered any more make room for those that are. */
static bool forget_images(const lp_delivery *delivery) {
    const lp_plan *plan = delivery->plan;
    uint8_t(*keep)[LP_SHA256_BYTES] = calloc(plan->image_count + 1, sizeof *keep);
    if (keep == NULL) {
        return false;
    }
    for (size_t i = 0; i < plan->image_count; i++) {
        memcpy(keep[i], plan->images[i].id, sizeof keep[i]);
    }
    bool ok = lp_store_keep_images(delivery->gateway->store, keep, plan->image_count);
    free(keep);
    return ok;
}

/* --- orders and offers --- */

static lp_outcome record_orders(const lp_delivery *delivery) {
    lp_gateway *gateway = delivery->gateway;
    for (size_t i = 0; i < gateway->inventory.count; i++) {
        const lp_plan_image *image = lp_plan_due(delivery->plan, i);
        if (image != NULL && !lp_secondaries_order(&gateway->secondaries, i, &image->target, image->sha256,
                                                   lp_plan_version(delivery->plan))) {
            return fail_state(gateway, "cannot record an order", lp_ledger_error(gateway->ledger));
        }
    }
    return LP_OUTCOME_DONE;
}

/* An ECU to look at what is offered as: one that verifies partially, registered if there is any. */
static const lp_inventory_ecu *choose_board(const lp_gateway *gateway) {
    const lp_inventory_ecu *chosen = NULL;
    for (size_t i = 0; i < gateway->inventory.count; i++) {
        const lp_ledger_ecu *record = &gateway->secondaries.of[i].record;
        if (i != gateway->own && !record->full && (chosen == NULL || record->registered)) {
            chosen = &gateway->inventory.ecus[i];
        }
    }
    return chosen;
}

/* `*news`: the metadata differ from what was offered last, in this run or an earlier one. */
static lp_outcome compare_offer(const lp_delivery *delivery, bool *news) {
    lp_gateway *gateway = delivery->gateway;
    int64_t root;
    int64_t targets;
    if (!lp_ledger_get(gateway->ledger, LP_FACT_OFFERED_ROOT, &root) ||
        !lp_ledger_get(gateway->ledger, LP_FACT_OFFERED_TARGETS, &targets)) {
        return fail_state(gateway, "cannot read the state", lp_ledger_error(gateway->ledger));
    }
    *news = (uint64_t)root != lp_full_director_root(delivery->plan->full)->doc.version ||
            (uint64_t)targets != lp_plan_version(delivery->plan);
    return LP_OUTCOME_DONE;
}

static lp_outcome offer_metadata(const lp_delivery *delivery, int64_t now, bool news) {
    lp_gateway *gateway = delivery->gateway;
    const lp_trusted_root *root = lp_full_director_root(delivery->plan->full);
    const lp_trusted_targets *targets = lp_full_targets(delivery->plan->full);
    lp_relay_board board = {.ecu = choose_board(gateway),
                            .vehicle = gateway->settings.vehicle[0] != '\0' ? gateway->settings.vehicle : NULL,
                            .now = now};
    lp_error error;
    if (lp_relay_offer_metadata(&gateway->relay, root, targets, news && board.ecu != NULL ? &board : NULL, &error) !=
        LP_OK) {
        return lp_delivery_refuse(gateway, &error, "not offered, because boards would refuse it");
    }
    if (news && (!lp_ledger_set(gateway->ledger, LP_FACT_OFFERED_ROOT, (int64_t)root->doc.version) ||
                 !lp_ledger_set(gateway->ledger, LP_FACT_OFFERED_TARGETS, (int64_t)targets->doc.version))) {
        return fail_state(gateway, "cannot record what is offered", lp_ledger_error(gateway->ledger));
    }
    return LP_OUTCOME_DONE;
}

/* Offers an image to an ECU. False with errno. */
static bool offer_image(lp_gateway *gateway, size_t index, const lp_plan_image *image) {
    char path[LP_PATH_BYTES];
    if (!lp_store_image_path(gateway->store, image->id, path) ||
        !lp_relay_offer_image(&gateway->relay, index, path, image->sha256)) {
        return false;
    }
    lp_progress_event(&gateway->progress, "offered", "s:s, s:s, s:I", "ecu", gateway->inventory.ecus[index].serial,
                      "image", image->name, "total", (long long)image->target.length_bytes);
    return true;
}

static lp_outcome offer_images(const lp_delivery *delivery) {
    lp_gateway *gateway = delivery->gateway;
    for (size_t i = 0; i < gateway->inventory.count; i++) {
        const lp_plan_image *image = i == gateway->own ? NULL : lp_plan_due(delivery->plan, i);
        if (image == NULL) {
            lp_relay_withdraw_image(&gateway->relay, i);
        } else if (!offer_image(gateway, i, image)) {
            return fail_state(gateway, image->name, strerror(errno));
        }
    }
    return LP_OUTCOME_DONE;
}

static void call_ecus(const lp_delivery *delivery, bool news) {
    lp_gateway *gateway = delivery->gateway;
    for (size_t i = 0; i < gateway->inventory.count; i++) {
        delivery->counters[i] = gateway->secondaries.of[i].record.report_counter;
        if (i != gateway->own && (news || lp_plan_due(delivery->plan, i) != NULL)) {
            lp_coap_server_call(gateway->server, i);
        }
    }
}

/* --- the primary's own image --- */

static lp_outcome install_own(const lp_delivery *delivery, lp_own_image *own) {
    lp_gateway *gateway = delivery->gateway;
    const lp_plan_image *image = lp_plan_due(delivery->plan, gateway->own);
    char path[LP_PATH_BYTES];
    if (image == NULL) {
        return LP_OUTCOME_DONE;
    }
    if (gateway->settings.install_path[0] == '\0') {
        lp_log(LP_PROGRAM, LP_LOG_ERROR, "%s is ordered for the primary itself, but install_path is not configured",
               image->name);
        return LP_OUTCOME_DONE;
    }
    lp_code code = LP_STATE;
    if (lp_store_image_path(gateway->store, image->id, path)) {
        code = lp_install_file(path, gateway->settings.install_path, image->sha256);
    }
    if (code != LP_OK) {
        return fail_state(gateway, gateway->settings.install_path,
                          code == LP_STATE ? strerror(errno) : lp_code_text(code));
    }
    *own = (lp_own_image){.bytes = image->target.length_bytes};
    memcpy(own->name, image->name, sizeof own->name);
    memcpy(own->sha256, image->sha256, sizeof own->sha256);
    lp_log(LP_PROGRAM, LP_LOG_INFO, "%s installed as %s", image->name, gateway->settings.install_path);
    lp_progress_event(&gateway->progress, "installed", "s:s, s:s", "ecu", gateway->inventory.primary, "image",
                      image->name);
    return LP_OUTCOME_DONE;
}

lp_outcome lp_delivery_start(lp_delivery *delivery, lp_gateway *gateway, lp_plan *plan, int64_t now,
                             lp_own_image *own) {
    bool news;
    *delivery = (lp_delivery){.gateway = gateway, .plan = plan};
    delivery->counters = calloc(gateway->inventory.count, sizeof *delivery->counters);
    if (delivery->counters == NULL) {
        return fail_state(gateway, "cannot deliver", "out of memory");
    }
    lp_progress_event(&gateway->progress, "verified", "s:I, s:I", "targets", (long long)lp_plan_version(plan), "images",
                      (long long)plan->image_count);
    lp_outcome outcome = compare_offer(delivery, &news);
    if (outcome == LP_OUTCOME_DONE && news && !forget_images(delivery)) {
        outcome = fail_state(gateway, "cannot remove old images", lp_store_error(gateway->store));
    }
    if (outcome == LP_OUTCOME_DONE) {
        outcome = download_due(delivery);
    }
    if (outcome == LP_OUTCOME_DONE) {
        outcome = record_orders(delivery);
    }
    if (outcome == LP_OUTCOME_DONE) {
        outcome = offer_metadata(delivery, now, news);
    }
    if (outcome == LP_OUTCOME_DONE) {
        outcome = offer_images(delivery);
    }
    if (outcome == LP_OUTCOME_DONE) {
        call_ecus(delivery, news);
        outcome = install_own(delivery, own);
    }
    return outcome;
}

/* Is the image in the store, and right? */
static bool is_stored(const lp_gateway *gateway, const lp_plan_image *image) {
    char path[LP_PATH_BYTES];
    return image->known && lp_store_image_path(gateway->store, image->id, path) &&
           lp_download_complete(&lp_crypto_openssl, path, &image->listing.hashes, image->target.length_bytes);
}

/* Only what was offered before is offered again: it was checked for boards, and the orders are recorded. */
static void offer_again(const lp_delivery *delivery, int64_t now) {
    lp_gateway *gateway = delivery->gateway;
    bool news;
    if (compare_offer(delivery, &news) != LP_OUTCOME_DONE || news ||
        offer_metadata(delivery, now, news) != LP_OUTCOME_DONE) {
        return;
    }
    for (size_t i = 0; i < gateway->inventory.count; i++) {
        const lp_plan_image *image = i == gateway->own ? NULL : lp_plan_due(delivery->plan, i);
        if (image != NULL && is_stored(gateway, image)) {
            (void)offer_image(gateway, i, image);
        }
    }
    lp_log(LP_PROGRAM, LP_LOG_INFO, "director targets %llu, as stored, are offered until there is news",
           (unsigned long long)lp_plan_version(delivery->plan));
}

void lp_delivery_resume(lp_gateway *gateway) {
    lp_plan plan;
    int64_t now;
    if (lp_clock_floor(gateway, &now) != LP_OK) {
        return;
    }
    if (lp_plan_make_offline(&plan, gateway, now) == LP_OK) {
        offer_again(&(lp_delivery){.gateway = gateway, .plan = &plan}, now);
    }
    lp_plan_free(&plan);
}

void lp_delivery_free(lp_delivery *delivery) {
    free(delivery->counters);
    delivery->counters = NULL;
}

/* --- what comes back --- */

/* True if the ECU reported since it was called, and refused: it detected something and installed nothing. */
static bool refused(const lp_delivery *delivery, size_t index) {
    const lp_secondary *secondary = &delivery->gateway->secondaries.of[index];
    lp_report_view view;
    return secondary->record.report_counter > delivery->counters[index] && lp_secondary_report(secondary, &view) &&
           view.attacks.len > 0;
}

bool lp_delivery_expected(const lp_delivery *delivery) {
    for (size_t i = 0; i < delivery->gateway->inventory.count; i++) {
        if (i != delivery->gateway->own && lp_plan_due(delivery->plan, i) != NULL && !refused(delivery, i)) {
            return true;
        }
    }
    return false;
}

/* How one ECU stands to its order. */
static lp_outcome outcome_of_ecu(const lp_delivery *delivery, size_t index, const lp_own_image *own) {
    const lp_gateway *gateway = delivery->gateway;
    const lp_plan_image *due = lp_plan_due(delivery->plan, index);
    const char *serial = gateway->inventory.ecus[index].serial;
    if (due != NULL && index == gateway->own && memcmp(own->sha256, due->sha256, LP_SHA256_BYTES) == 0) {
        return LP_OUTCOME_DONE; /* its report is about to be signed */
    }
    if (due == NULL) {
        bool failed = delivery->plan->image_of[index] != LP_PLAN_NONE &&
                      lp_secondary_failed(&gateway->secondaries.of[index], lp_plan_version(delivery->plan));
        if (failed) {
            lp_log(LP_PROGRAM, LP_LOG_ERROR, "%s reverted %s; it is not offered again under these targets", serial,
                   gateway->secondaries.of[index].record.order_name);
        }
        return failed ? LP_OUTCOME_REFUSED : LP_OUTCOME_DONE;
    }
    if (refused(delivery, index)) {
        lp_log(LP_PROGRAM, LP_LOG_ERROR, "%s refused %s", serial, due->name);
        return LP_OUTCOME_REFUSED;
    }
    lp_log(LP_PROGRAM, LP_LOG_WARNING, "%s has not confirmed %s yet", serial, due->name);
    return LP_OUTCOME_PENDING;
}

lp_outcome lp_delivery_outcome(const lp_delivery *delivery, const lp_own_image *own) {
    lp_outcome worst = LP_OUTCOME_DONE;
    for (size_t i = 0; i < delivery->gateway->inventory.count; i++) {
        lp_outcome outcome = outcome_of_ecu(delivery, i, own);
        if (outcome == LP_OUTCOME_REFUSED || worst == LP_OUTCOME_DONE) {
            worst = outcome;
        }
    }
    return worst;
}
