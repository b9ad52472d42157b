/* SPDX-License-Identifier: Apache-2.0 */
/* Full verification (Uptane 2.1.0, 5.4.4.2): the director's word, then the image repository's on the same images. */
#include "director.h"
#include "lampyr/uptane.h"

#include <string.h>

enum state {
    DIRECTOR, /* steps 2 to 5 */
    IMAGE,    /* steps 7 to 10 */
    SEARCH,   /* step 11, one image at a time */
    VERDICT,
    TRUSTED,
    REFUSED,
};

static void refuse(lp_full *full, const lp_error *error) {
    full->error = *error;
    full->state = REFUSED;
}

static void misuse(lp_full *full) {
    refuse(full, &(lp_error){.code = LP_MISUSE, .clause = ""});
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
    if (!lp_json_is_object(ecus)) {
        return ecus.ptr == NULL ? LP_FIELD_MISSING : LP_FIELD_TYPE;
    }
    if (lp_json_count(ecus) == 0) {
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
        if (++*count > full->config.limits->ecus) {
            error->clause = LP_CLAUSE("Uptane 2.1.0, 5.4.4.6 step 8");
            return LP_LIMIT_ECUS;
        }
        if (find_ecu(full, serial, &at) == NULL) {
            if (full->config.only_listed) {
                continue;
            }
            error->clause = LP_CLAUSE("Uptane 2.1.0, 5.4.4.6 step 8");
            return LP_UNKNOWN_ECU;
        }
        uint32_t bit = UINT32_C(1) << (at % 32);
        if (full->seen[at / 32] & bit) {
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

/* Step 6: is there anything that does not run yet? */
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
        if (code == LP_OK && !lp_str_is(hardware, ecu->hardware)) {
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

/* Step 11.2: both repositories say the same of the image. */
static lp_code check_agreement(const lp_full *full, const lp_target *director, const lp_target *image,
                               const char **clause) {
    *clause = LP_CLAUSE("Uptane 2.1.0, 5.4.4.2 step 11.2.1");
    if (director->length_bytes != image->length_bytes || !lp_hashes_agree(&director->hashes, &image->hashes)) {
        return LP_TARGET_MISMATCH;
    }
    *clause = LP_CLAUSE("Uptane 2.1.0, 5.4.4.2 step 11.2.2");
    if (image->encrypted) {
        return LP_ENCRYPTED_IMAGE;
    }
    if (!hardware_agrees(director, image)) {
        return LP_WRONG_HARDWARE;
    }
    bool absent_agrees = full->config.image_dialect == LP_DIALECT_LEGACY;
    if (director->has_counter != image->has_counter || director->counter != image->counter ||
        (!director->has_counter && !absent_agrees)) {
        return LP_COUNTER_MISMATCH;
    }
    lp_json must_match = lp_json_get(director->custom, "mustMatch");
    return lp_json_same(must_match, lp_json_get(image->custom, "mustMatch")) ? LP_OK : LP_CUSTOM_MISMATCH;
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

/* Takes up the director's next image. */
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
    verdict->installed = all_installed(full, &verdict->director);
    if (code != LP_OK || !full->image_trusted) {
        set_verdict(full, code, LP_REPO_DIRECTOR, clause);
        return;
    }
    verdict->consistent = full->image.chain.root.consistent_snapshot;
    lp_search_begin(&full->search, &full->image, verdict->director.name, lp_target_ecus(&verdict->director));
    full->state = SEARCH;
}

/* The search came to an end: compare, and give the verdict. */
static void judge(lp_full *full) {
    const lp_target *found = lp_search_result(&full->search);
    const char *clause = LP_CLAUSE("Uptane 2.1.0, 5.4.4.2 step 11.1");
    lp_code code = found == NULL ? LP_TARGET_NOT_FOUND : LP_OK;
    if (found != NULL) {
        full->verdict.image = *found;
        code = check_agreement(full, &full->verdict.director, found, &clause);
    }
    set_verdict(full, code, LP_REPO_IMAGE, clause);
}

/* A role on the way to the image was refused: this image cannot be had (5.4.4.7 step 1). */
static void search_refused(lp_full *full) {
    lp_error error = *lp_search_error(&full->search);
    if (full->error.code == LP_OK) {
        /* The search's own text is overwritten by the next one. */
        if (error.subject.ptr == full->search.name_text) {
            memcpy(full->refused_role, full->search.name_text, sizeof full->refused_role);
            error.subject.ptr = full->refused_role;
        }
        full->error = error;
    }
    full->verdict.error = error;
    full->state = VERDICT;
}

static void director_trusted(lp_full *full) {
    full->targets = lp_json_iterate(lp_tuf_targets(&full->director)->targets);
    full->has_news = any_news(full);
    if (!full->has_news && !full->config.always_check_image_repository) {
        next_target(full);
        return;
    }
    lp_tuf_config tuf = {.repo = LP_REPO_IMAGE,
                         .dialect = full->config.image_dialect,
                         .form = LP_JSON_SERVED,
                         .limits = full->config.limits,
                         .crypto = full->config.crypto,
                         .now = full->config.now};
    lp_tuf_begin(&full->image, &tuf);
    full->state = IMAGE;
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
        lp_tuf_next(&full->image, &ask);
        if (ask.kind == LP_ASK_TRUSTED) {
            full->image_trusted = true;
            next_target(full);
        } else if (ask.kind == LP_ASK_REFUSED) {
            refuse(full, lp_tuf_error(&full->image));
        }
    }
    if (full->state == SEARCH) {
        lp_search_next(&full->search, &ask);
        if (ask.kind == LP_ASK_TRUSTED) {
            judge(full);
        } else if (ask.kind == LP_ASK_REFUSED) {
            search_refused(full);
        }
    }
}

void lp_full_begin(lp_full *full, const lp_full_config *config) {
    memset(full, 0, sizeof *full);
    full->config = *config;
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
    if (config->ecu_count > LP_ECUS || config->ecu_count > config->limits->ecus) {
        refuse(full, &(lp_error){.code = LP_LIMIT_ECUS, .clause = LP_CLAUSE("Uptane 2.1.0, 5.4.4.6 step 8")});
    }
    for (size_t i = 0; i < config->ecu_count; i++) {
        if (!lp_text_plain(config->ecus[i].serial)) {
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
        lp_tuf_next(&full->image, ask);
        break;
    case SEARCH:
        lp_search_next(&full->search, ask);
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
        lp_tuf_give(&full->image, bytes, scratch);
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
        lp_tuf_absent(&full->image);
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

/* A transport that fails ends the run: the images left could not be judged either. */
void lp_full_failed(lp_full *full, lp_code code) {
    switch (full->state) {
    case DIRECTOR:
        lp_tuf_failed(&full->director, code);
        break;
    case IMAGE:
        lp_tuf_failed(&full->image, code);
        break;
    case SEARCH:
        lp_search_failed(&full->search, code);
        refuse(full, lp_search_error(&full->search));
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
        lp_tuf_done(&full->image, ok);
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
