/* SPDX-License-Identifier: Apache-2.0 */
/* Full verification (Uptane 2.1.0, 5.4.4.2): the director's word, then the image repository's on the same images. */
#include "director.h"
#include "lampyr/uptane.h"
#include "refusal.h"

#include <string.h>

enum state {
    DIRECTOR, /* steps 2 to 5 */
    IMAGE,    /* steps 6 to 9, one image repository at a time */
    SEARCH,   /* step 10, one image at a time */
    VERDICT,
    TRUSTED,
    REFUSED,
};

static void refuse(lp_full *full, const lp_error *error) {
    full->error = *error;
    full->state = REFUSED;
}

static void misuse(lp_full *full) {
    refuse(full, &(lp_error){.code = LP_REFUSAL_CODE(3801, LP_MISUSE), .clause = ""});
}

/* The ECU of the vehicle with that serial, or NULL; `*at` is its place. */
static const lp_ecu *find_ecu(const lp_full *full, lp_str serial, size_t *at) {
    for (size_t i = 0; i < full->config.ecu_count; i++) {
        if (lp_str_is(serial, full->config.ecus[i].serial)) {
            *at = i;
            return &full->config.ecus[i];
        }
    }
    return NULL;
}

/* Marks the ECUs of one image as ordered, and counts them (Uptane 2.1.0, 5.4.4.6 steps 7 and 8). */
static lp_code mark_ecus(lp_full *full, const lp_target *target, size_t *count, lp_error *error) {
    lp_json ecus = lp_target_ecus(target);
    if (LP_REFUSAL(3802, ecus.ptr == NULL)) {
        return LP_FIELD_MISSING;
    }
    if (LP_REFUSAL(3803, !lp_json_is_object(ecus))) {
        return LP_FIELD_TYPE;
    }
    if (LP_REFUSAL(3804, lp_json_count(ecus) == 0)) {
        return LP_FIELD_VALUE; /* images for nobody could be many without end */
    }
    lp_json_iter iter = lp_json_iterate(ecus);
    lp_str serial;
    lp_json member;
    while (lp_json_next(&iter, &serial, &member)) {
        lp_str hardware;
        size_t at;
        lp_code code = lp_target_ecu_hardware(member, &hardware);
        if (code != LP_OK) {
            return code;
        }
        error->subject = serial;
        if (LP_REFUSAL(3805, ++*count > full->config.limits->ecus)) {
            error->clause = LP_CLAUSE("Uptane 2.1.0, 5.4.4.6 step 8");
            return LP_LIMIT_ECUS;
        }
        bool known = find_ecu(full, serial, &at) != NULL;
        if (LP_REFUSAL(3806, !known && !full->config.only_listed)) {
            error->clause = LP_CLAUSE("Uptane 2.1.0, 5.4.4.6 step 8");
            return LP_UNKNOWN_ECU;
        }
        if (!known) {
            continue;
        }
        uint32_t bit = UINT32_C(1) << (at % 32);
        if (LP_REFUSAL(3807, (full->seen[at / 32] & bit) != 0)) {
            error->clause = LP_CLAUSE("Uptane 2.1.0, 5.4.4.6 step 7");
            return LP_REPEATED_ECU;
        }
        full->seen[at / 32] |= bit;
    }
    return LP_OK;
}

/* What must hold of the director's targets before they are trusted. */
static lp_code check_targets(void *ctx, const lp_trusted_targets *targets, lp_error *error) {
    lp_full *full = ctx;
    lp_code code = lp_director_check_targets(targets, full->config.director_dialect, full->config.vehicle, error);
    size_t ecus = 0; /* ordered so far, those of others included */
    memset(full->seen, 0, sizeof full->seen);
    lp_json_iter iter = lp_json_iterate(targets->targets);
    lp_str name;
    lp_json value;
    while (code == LP_OK && lp_json_next(&iter, &name, &value)) {
        lp_target target;
        error->clause = LP_CLAUSE("Uptane 2.1.0, 5.2.3.1");
        error->subject = name;
        code = lp_target_read(name, value, &target);
        if (code == LP_OK) {
            code = mark_ecus(full, &target, &ecus, error);
        }
    }
    if (code == LP_OK) {
        error->subject = (lp_str){NULL, 0};
    }
    return code;
}

static bool has_installed(const lp_ecu *ecu, const lp_hashes *hashes) {
    return ecu->has_installed && hashes->has_sha256 &&
           memcmp(ecu->installed_sha256, hashes->sha256, LP_SHA256_BYTES) == 0;
}

/* Does every ECU that is ordered this image run it already? */
static bool all_installed(const lp_full *full, const lp_target *target) {
    lp_json_iter iter = lp_json_iterate(lp_target_ecus(target));
    lp_str serial;
    lp_json member;
    while (lp_json_next(&iter, &serial, &member)) {
        size_t at;
        const lp_ecu *ecu = find_ecu(full, serial, &at);
        if (ecu != NULL && !has_installed(ecu, &target->hashes)) {
            return false;
        }
    }
    return true;
}

/* Is the image ordered for an ECU that this verifier answers for? */
static bool concerns(const lp_full *full, const lp_target *target) {
    lp_json_iter iter = lp_json_iterate(lp_target_ecus(target));
    lp_str serial;
    lp_json member;
    size_t at;
    while (lp_json_next(&iter, &serial, &member)) {
        if (find_ecu(full, serial, &at) != NULL) {
            return true;
        }
    }
    return false;
}

/* Is there anything that does not run yet (Uptane 2.1.0, 5.4.4.2 step 6)? */
static bool any_news(const lp_full *full) {
    lp_json_iter iter = lp_json_iterate(lp_tuf_targets(&full->director)->targets);
    lp_str name;
    lp_json value;
    while (lp_json_next(&iter, &name, &value)) {
        lp_target target;
        if (lp_target_read(name, value, &target) == LP_OK && !all_installed(full, &target)) {
            return true;
        }
    }
    return false;
}

/* The director's order against what is known of each ECU (5.4.3.4 steps 3, 5 and 6). */
static lp_code check_order(const lp_full *full, const lp_target *target, const char **clause) {
    lp_json_iter iter = lp_json_iterate(lp_target_ecus(target));
    lp_str serial;
    lp_json member;
    lp_code code = LP_OK;
    while (code == LP_OK && lp_json_next(&iter, &serial, &member)) {
        size_t at;
        lp_str hardware;
        const lp_ecu *ecu = find_ecu(full, serial, &at);
        if (ecu == NULL) {
            continue;
        }
        *clause = LP_CLAUSE("Uptane 2.1.0, 5.4.3.4 step 3");
        code = lp_target_ecu_hardware(member, &hardware);
        if (code == LP_OK && LP_REFUSAL(3808, !lp_str_is(hardware, ecu->hardware))) {
            code = LP_WRONG_HARDWARE;
        }
        if (code == LP_OK) {
            code = lp_director_check_image(target, ecu->counter_floor, clause);
        }
    }
    return code;
}

/* Is the image for the hardware of every ECU that is ordered to run it, in the image repository's words? */
static bool hardware_agrees(const lp_target *director, const lp_target *image) {
    lp_json listed = lp_target_hardware_ids(image);
    lp_json_iter iter = lp_json_iterate(lp_target_ecus(director));
    lp_str serial;
    lp_json member;
    lp_str hardware;
    while (lp_json_next(&iter, &serial, &member)) {
        if (lp_target_ecu_hardware(member, &hardware) != LP_OK || !lp_hardware_listed(listed, hardware)) {
            return false;
        }
    }
    return true;
}

/* Do the digests agree with those of every image repository that counts? They need not list the same ones. */
static bool hashes_agree(const lp_full *full, const lp_target *director) {
    for (size_t i = 0; i < full->map->count; i++) {
        if ((full->verdict.agreed >> i & 1) != 0 &&
            !lp_hashes_agree(&director->hashes, &lp_full_image(full, i)->hashes)) {
            return false;
        }
    }
    return true;
}

/* Step 10.2: both repositories say the same of the image. */
static lp_code check_agreement(const lp_full *full, const lp_target *director, const lp_target *image,
                               const char **clause) {
    *clause = LP_CLAUSE("Uptane 2.1.0, 5.4.4.2 step 10.2.1");
    if (LP_REFUSAL(3809, director->length_bytes != image->length_bytes) ||
        LP_REFUSAL(3810, !hashes_agree(full, director))) {
        return LP_TARGET_MISMATCH;
    }
    *clause = LP_CLAUSE("Uptane 2.1.0, 5.4.4.2 step 10.2.2");
    if (LP_REFUSAL(3811, image->encrypted)) {
        return LP_ENCRYPTED_IMAGE;
    }
    if (LP_REFUSAL(3812, !hardware_agrees(director, image))) {
        return LP_WRONG_HARDWARE;
    }
    bool absent_agrees = full->config.image_dialect == LP_DIALECT_LEGACY;
    if (LP_REFUSAL(3813, director->has_counter != image->has_counter || director->counter != image->counter) ||
        LP_REFUSAL(3814, !director->has_counter && !absent_agrees)) {
        return LP_COUNTER_MISMATCH;
    }
    lp_json must_match = lp_json_get(director->custom, "mustMatch");
    return LP_REFUSAL(3815, !lp_json_same(must_match, lp_json_get(image->custom, "mustMatch"))) ? LP_CUSTOM_MISMATCH
                                                                                                : LP_OK;
}

static void set_verdict(lp_full *full, lp_code code, lp_repo repo, const char *clause) {
    lp_verdict *verdict = &full->verdict;
    verdict->error = (lp_error){.code = code,
                                .repo = code == LP_OK ? LP_REPO_NONE : repo,
                                .role = code == LP_OK ? LP_ROLE_NONE : LP_ROLE_TARGETS,
                                .subject = verdict->director.name,
                                .clause = clause};
    if (code != LP_OK && full->error.code == LP_OK) {
        full->error = verdict->error;
    }
    full->state = VERDICT;
}

/* What the repository that was asked is refused for, with its name. */
static lp_error with_name(const lp_full *full, const lp_error *error) {
    lp_error named = *error;
    named.repository = full->config.map != NULL ? full->map->names[full->at] : NULL;
    return named;
}

/* Image repositories agree: compare with the order, and give the verdict. */
static void judge(lp_full *full) {
    lp_verdict *verdict = &full->verdict;
    const char *clause;
    verdict->image = *full->choice.target;
    verdict->agreed = full->choice.agreed;
    for (size_t i = 0; i < full->map->count; i++) {
        uint32_t bit = UINT32_C(1) << i;
        if ((verdict->agreed & bit) == 0) {
            continue;
        }
        if (full->sources[i].tuf.chain.root.consistent_snapshot) {
            verdict->consistent |= bit;
        }
        lp_hashes_add(&verdict->hashes, &lp_full_image(full, i)->hashes);
    }
    lp_code code = check_agreement(full, &verdict->director, &verdict->image, &clause);
    set_verdict(full, code, LP_REPO_IMAGE, clause);
}

/* Does `text` belong to an image repository, which writes its next refusal there? */
static bool is_role_text(const lp_full *full, const char *text) {
    for (size_t i = 0; i < full->map->count; i++) {
        if (text == full->sources[i].role_text) {
            return true;
        }
    }
    return false;
}

/* This image cannot be had from the image repositories. */
static void give_up(lp_full *full) {
    lp_error error = full->choice.error;
    if (full->error.code == LP_OK) {
        if (is_role_text(full, error.subject.ptr)) {
            memcpy(full->refused_role, error.subject.ptr, sizeof full->refused_role);
            error.subject.ptr = full->refused_role;
        }
        full->error = error;
    }
    full->verdict.error = error;
    full->state = VERDICT;
}

static void begin_source(lp_full *full, size_t at) {
    lp_tuf_config tuf = {.repo = LP_REPO_IMAGE,
                         .dialect = full->config.image_dialect,
                         .form = LP_JSON_SERVED,
                         .limits = full->config.limits,
                         .crypto = full->config.crypto,
                         .now = full->config.now};
    lp_tuf_begin(&full->sources[at].tuf, &tuf);
    full->sources[at].begun = true;
    full->at = at;
    full->state = IMAGE;
}

/* Turns to the image repository that is to be asked about the image at hand, or comes to the verdict. */
static void consult(lp_full *full) {
    while (lp_choice_next(&full->choice, &full->at)) {
        const lp_source *source = &full->sources[full->at];
        if (!source->begun) {
            begin_source(full, full->at);
            return;
        }
        if (!source->failed) {
            const lp_target *order = &full->verdict.director;
            lp_search_begin(&full->search, &source->tuf, order->name, lp_target_ecus(order));
            full->state = SEARCH;
            return;
        }
        lp_choice_failed(&full->choice, &source->error);
    }
    if (full->choice.target != NULL) {
        judge(full);
    } else {
        give_up(full);
    }
}

/* Takes up the director's next image (Uptane 2.1.0, 5.4.4.2 step 10). */
static void next_target(lp_full *full) {
    lp_str name;
    lp_json value;
    lp_verdict *verdict = &full->verdict;
    const char *clause = LP_CLAUSE("Uptane 2.1.0, 5.2.3.1");
    lp_code code;
    do {
        if (!lp_json_next(&full->targets, &name, &value)) {
            full->state = full->error.code == LP_OK ? TRUSTED : REFUSED;
            return;
        }
        memset(verdict, 0, sizeof *verdict);
        code = lp_target_read(name, value, &verdict->director);
    } while (code == LP_OK && !concerns(full, &verdict->director));
    if (code == LP_OK) {
        code = check_order(full, &verdict->director, &clause);
    }
    verdict->hashes = verdict->director.hashes;
    verdict->installed = all_installed(full, &verdict->director);
    if (code != LP_OK || !full->asks_images) {
        set_verdict(full, code, LP_REPO_DIRECTOR, clause);
        return;
    }
    lp_choice_begin(&full->choice, full->map, full->config.image_dialect, verdict->director.name);
    consult(full);
}

/* The one repository that there is, or a fault of the caller's, ends the run. */
static bool ends_run(const lp_full *full, lp_code code) {
    return full->config.map == NULL || code == LP_STATE || code == LP_MISUSE;
}

/* An image repository was verified, or refused. */
static void source_ended(lp_full *full, bool trusted) {
    lp_source *source = &full->sources[full->at];
    if (!trusted) {
        lp_error error = with_name(full, lp_tuf_error(&source->tuf));
        if (ends_run(full, error.code)) {
            refuse(full, &error);
            return;
        }
        source->error = error;
        source->failed = true;
    }
    if (full->config.map == NULL) {
        next_target(full);
    } else {
        consult(full);
    }
}

/* A role on the way to the image was refused: the image cannot be had there (5.4.4.7 step 1). */
static void search_refused(lp_full *full) {
    lp_source *source = &full->sources[full->at];
    lp_error error = with_name(full, lp_search_error(&full->search));
    if (full->config.map != NULL && ends_run(full, error.code)) {
        refuse(full, &error);
        return;
    }
    bool in_search = error.subject.ptr == full->search.name_text; /* which the next search overwrites */
    if (in_search) {
        memcpy(source->role_text, full->search.name_text, sizeof source->role_text);
        error.subject.ptr = source->role_text;
    }
    if (source->error.code == LP_OK || source->failed) {
        source->error = error;
        source->error.subject = in_search ? (lp_str){NULL, 0} : error.subject; /* it outlives the text */
    }
    lp_choice_failed(&full->choice, &error);
    consult(full);
}

static void search_ended(lp_full *full) {
    const lp_target *found = lp_search_result(&full->search);
    if (found != NULL) {
        lp_choice_signed(&full->choice, found);
    } else {
        lp_choice_unsigned(&full->choice);
    }
    consult(full);
}

static void director_trusted(lp_full *full) {
    full->targets = lp_json_iterate(lp_tuf_targets(&full->director)->targets);
    full->has_news = any_news(full);
    full->asks_images = full->has_news || full->config.always_check_image_repository;
    if (full->asks_images && full->config.map == NULL) {
        begin_source(full, 0);
    } else {
        next_target(full);
    }
}

/* Follows the machine at work where it came to an end. */
static void settle(lp_full *full) {
    lp_ask ask;
    if (full->state == DIRECTOR) {
        lp_tuf_next(&full->director, &ask);
        if (ask.kind == LP_ASK_TRUSTED) {
            director_trusted(full);
        } else if (ask.kind == LP_ASK_REFUSED) {
            refuse(full, lp_tuf_error(&full->director));
        }
    } else if (full->state == IMAGE) {
        lp_tuf_next(&full->sources[full->at].tuf, &ask);
        if (ask.kind == LP_ASK_TRUSTED || ask.kind == LP_ASK_REFUSED) {
            source_ended(full, ask.kind == LP_ASK_TRUSTED);
        }
    }
    while (full->state == SEARCH) {
        lp_search_next(&full->search, &ask);
        if (ask.kind == LP_ASK_TRUSTED) {
            search_ended(full);
        } else if (ask.kind == LP_ASK_REFUSED) {
            search_refused(full);
        } else {
            return;
        }
    }
}

void lp_full_begin(lp_full *full, const lp_full_config *config) {
    memset(full, 0, sizeof *full);
    full->config = *config;
    full->map = config->map != NULL ? config->map : &lp_map_basic;
    full->sources = config->map != NULL ? config->sources : &full->only;
    memset(full->sources, 0, full->map->count * sizeof *full->sources);
    lp_tuf_config tuf = {.repo = LP_REPO_DIRECTOR,
                         .dialect = config->director_dialect,
                         .form = LP_JSON_SERVED,
                         .limits = config->limits,
                         .crypto = config->crypto,
                         .now = config->now,
                         .root_and_targets_only = config->director_root_and_targets_only,
                         .check_targets = check_targets,
                         .ctx = full};
    lp_tuf_begin(&full->director, &tuf);
    if (LP_REFUSAL(3816, config->ecu_count > LP_ECUS || config->ecu_count > config->limits->ecus)) {
        refuse(full, &(lp_error){.code = LP_LIMIT_ECUS, .clause = LP_CLAUSE("Uptane 2.1.0, 5.4.4.6 step 8")});
    }
    for (size_t i = 0; i < config->ecu_count; i++) {
        if (LP_REFUSAL(3817, !lp_text_plain(config->ecus[i].serial))) {
            refuse(full, &(lp_error){.code = LP_NAME_UNSAFE, .clause = LP_CLAUSE("Uptane 2.1.0, 5.3.2.2")});
        }
    }
}

void lp_full_next(const lp_full *full, lp_ask *ask) {
    switch (full->state) {
    case DIRECTOR:
        lp_tuf_next(&full->director, ask);
        break;
    case IMAGE:
        lp_tuf_next(&full->sources[full->at].tuf, ask);
        ask->place = (uint32_t)full->at;
        break;
    case SEARCH:
        lp_search_next(&full->search, ask);
        ask->place = (uint32_t)full->at;
        break;
    default:
        memset(ask, 0, sizeof *ask);
        ask->kind = full->state == VERDICT ? LP_ASK_TARGET : full->state == TRUSTED ? LP_ASK_TRUSTED : LP_ASK_REFUSED;
        break;
    }
}

void lp_full_give(lp_full *full, lp_slice bytes, lp_scratch scratch) {
    switch (full->state) {
    case DIRECTOR:
        lp_tuf_give(&full->director, bytes, scratch);
        break;
    case IMAGE:
        lp_tuf_give(&full->sources[full->at].tuf, bytes, scratch);
        break;
    case SEARCH:
        lp_search_give(&full->search, bytes, scratch);
        break;
    default:
        misuse(full);
        break;
    }
    settle(full);
}

void lp_full_absent(lp_full *full) {
    switch (full->state) {
    case DIRECTOR:
        lp_tuf_absent(&full->director);
        break;
    case IMAGE:
        lp_tuf_absent(&full->sources[full->at].tuf);
        break;
    case SEARCH:
        lp_search_absent(&full->search);
        break;
    default:
        misuse(full);
        break;
    }
    settle(full);
}

/* A transport that fails ends the run, or the use of that one repository: its other images could not be had either. */
void lp_full_failed(lp_full *full, lp_code code) {
    switch (full->state) {
    case DIRECTOR:
        lp_tuf_failed(&full->director, code);
        break;
    case IMAGE:
        lp_tuf_failed(&full->sources[full->at].tuf, code);
        break;
    case SEARCH:
        lp_search_failed(&full->search, code);
        full->sources[full->at].failed = true;
        if (full->config.map == NULL) {
            refuse(full, lp_search_error(&full->search));
        }
        break;
    default:
        misuse(full);
        break;
    }
    settle(full);
}

void lp_full_done(lp_full *full, bool ok) {
    switch (full->state) {
    case DIRECTOR:
        lp_tuf_done(&full->director, ok);
        break;
    case IMAGE:
        lp_tuf_done(&full->sources[full->at].tuf, ok);
        break;
    case SEARCH:
        lp_search_done(&full->search, ok);
        break;
    case VERDICT:
        next_target(full);
        break;
    default:
        misuse(full);
        break;
    }
    settle(full);
}

const lp_error *lp_full_error(const lp_full *full) {
    return &full->error;
}

const lp_error *lp_full_source_error(const lp_full *full, size_t place) {
    const lp_error *error = &full->sources[place].error;
    return error->code != LP_OK ? error : NULL;
}

const lp_target *lp_full_image(const lp_full *full, size_t place) {
    return &full->choice.said[place];
}

const lp_verdict *lp_full_verdict(const lp_full *full) {
    return full->state == VERDICT ? &full->verdict : NULL;
}

const lp_trusted_targets *lp_full_targets(const lp_full *full) {
    return full->state == TRUSTED ? lp_tuf_targets(&full->director) : NULL;
}

const lp_trusted_root *lp_full_director_root(const lp_full *full) {
    return lp_tuf_root(&full->director);
}

bool lp_full_has_news(const lp_full *full) {
    return full->state == TRUSTED && full->has_news;
}
