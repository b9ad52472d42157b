/* SPDX-License-Identifier: Apache-2.0 */
/* The image: download, check, test boot, confirmation, revert (Uptane 2.1.0, 5.4.3.3 to 5.4.3.5). */
#include "agent_internal.h"

#include <string.h>

enum { READ_BYTES = 256 }; /* of the slot at a time, on the stack */

static const char unknown_image[] = "unknown";

static lp_error image_error(const lp_agent *agent, lp_code code, const char *clause) {
    return (lp_error){.code = code,
                      .repo = LP_REPO_DIRECTOR,
                      .role = LP_ROLE_TARGETS,
                      .subject = agent->target.name,
                      .clause = clause};
}

static void refuse_image(lp_agent *agent, lp_code code, const char *clause) {
    lp_error error = image_error(agent, code, clause);
    lp_agent_refuse(agent, &error);
}

static bool is_image(const lp_target *target, const lp_image *image) {
    return target->length_bytes == image->length_bytes && lp_hashes_agree(&target->hashes, &image->hashes);
}

static bool runs(const lp_boot_status *status, const lp_image *image) {
    return memcmp(status->sha256, image->hashes.sha256, LP_SHA256_BYTES) == 0;
}

/* --- after a boot --- */

static void trial_became_installed(lp_record *record) {
    record->installed = record->trial;
    record->trial_state = LP_TRIAL_NONE;
    if (record->trial.counter > record->counter_floor) {
        record->counter_floor = record->trial.counter;
    }
}

/* What runs did not come from here: a factory image, or one that a service tool put there. */
static void adopt(lp_record *record, const lp_boot_status *status) {
    memset(&record->installed, 0, sizeof record->installed);
    memcpy(record->installed.name, unknown_image, sizeof unknown_image);
    record->installed.length_bytes = status->length_bytes;
    record->installed.hashes.has_sha256 = true;
    memcpy(record->installed.hashes.sha256, status->sha256, LP_SHA256_BYTES);
}

lp_code lp_agent_reconcile(lp_agent *agent) {
    const lp_agent_port *port = agent->config.port;
    lp_record *record = &agent->record;
    lp_boot_status status;
    if (!port->boot_status(port, &status)) {
        return LP_STATE;
    }
    bool requested = record->trial_state == LP_TRIAL_REQUESTED;
    if (status.testing) {
        /* Without a request of ours it is not for us to confirm: the next boot reverts it. */
        agent->testing = requested && runs(&status, &record->trial);
        agent->state = agent->testing ? agent->state : LP_AGENT_REBOOT;
        return LP_OK;
    }
    bool told = true;
    if (requested && runs(&status, &record->trial)) { /* power was cut between confirming and recording it */
        trial_became_installed(record);
        lp_agent_tell(agent, LP_EVENT_CONFIRMED, 0, record->installed.name);
    } else if (requested && status.reverted) {
        record->trial_state = LP_TRIAL_FAILED;
        lp_agent_tell(agent, LP_EVENT_REVERTED, 0, record->trial.name);
    } else if (requested) { /* power was cut before the boot loader was asked */
        record->trial_state = LP_TRIAL_NONE;
    } else if (!runs(&status, &record->installed)) {
        adopt(record, &status);
    } else {
        told = false;
    }
    return !told || lp_agent_save(agent) ? LP_OK : LP_STATE;
}

bool lp_agent_confirm(lp_agent *agent) {
    const lp_agent_port *port = agent->config.port;
    if (!port->boot_confirm(port)) {
        return false;
    }
    agent->testing = false;
    agent->report_due = true;
    trial_became_installed(&agent->record);
    lp_agent_tell(agent, LP_EVENT_CONFIRMED, 0, agent->record.installed.name);
    return lp_agent_save(agent);
}

/* --- download --- */

/* Feeds what is in the slot already into the running check. */
static lp_code hash_slot(lp_agent *agent, uint64_t len) {
    const lp_agent_port *port = agent->config.port;
    uint8_t bytes[READ_BYTES];
    lp_code code = LP_OK;
    for (uint64_t at = 0; code == LP_OK && at < len;) {
        size_t part = len - at < sizeof bytes ? (size_t)(len - at) : sizeof bytes;
        code = port->image_read(port, at, bytes, part) ? lp_image_check_update(&agent->check, bytes, part) : LP_STATE;
        at += part;
    }
    return code;
}

void lp_agent_image_abort(lp_agent *agent) {
    if (agent->hashing) {
        (void)lp_image_check_end(&agent->check); /* releases; the verdict on a part means nothing */
        agent->hashing = false;
    }
}

/* The SHA-256 of the slot, for images of which the director lists only SHA-512. */
static bool slot_sha256(const lp_agent *agent, uint64_t len, uint8_t *digest) {
    const lp_agent_port *port = agent->config.port;
    const lp_crypto *crypto = agent->config.crypto;
    uint8_t bytes[READ_BYTES];
    lp_hash hash;
    if (!crypto->hash_begin(crypto, &hash, LP_SHA256)) {
        return false;
    }
    bool ok = true;
    for (uint64_t at = 0; ok && at < len;) {
        size_t part = len - at < sizeof bytes ? (size_t)(len - at) : sizeof bytes;
        ok = port->image_read(port, at, bytes, part);
        if (ok) {
            crypto->hash_update(crypto, &hash, bytes, part);
        }
        at += part;
    }
    crypto->hash_end(crypto, &hash, ok ? digest : NULL);
    return ok;
}

/* The order, as it will be remembered. */
static lp_code describe(const lp_agent *agent, lp_image *out) {
    const lp_target *target = &agent->target;
    out->length_bytes = target->length_bytes;
    out->hashes = target->hashes;
    out->counter = target->counter;
    return lp_str_copy(target->name, out->name, sizeof out->name, NULL);
}

/* The image is in the slot and is what the director ordered: on to its test boot. The record goes first; if power
 * is cut in between, the boot loader knows of no request and the agent asks again. */
static void install(lp_agent *agent) {
    const lp_agent_port *port = agent->config.port;
    lp_record *record = &agent->record;
    lp_code code = describe(agent, &record->trial);
    if (code == LP_OK && !record->trial.hashes.has_sha256) {
        record->trial.hashes.has_sha256 = true;
        code = slot_sha256(agent, record->trial.length_bytes, record->trial.hashes.sha256) ? LP_OK : LP_STATE;
    }
    record->trial_state = code == LP_OK ? LP_TRIAL_REQUESTED : LP_TRIAL_NONE;
    record->trial_targets_version = agent->targets_version;
    if (code == LP_OK && (!lp_agent_save(agent) || !port->boot_request(port, &record->trial))) {
        record->trial_state = LP_TRIAL_NONE;
        (void)lp_agent_save(agent); /* if this fails too, the next boot finds the request unanswered */
        code = LP_STATE;
    }
    if (code != LP_OK) {
        refuse_image(agent, code, LP_CLAUSE("Uptane 2.1.0, 5.4.3.5"));
        return;
    }
    lp_agent_tell(agent, LP_EVENT_INSTALLED, record->trial.length_bytes, record->trial.name);
    agent->state = LP_AGENT_REBOOT;
}

static void start_download(lp_agent *agent);

/* A bad image. What a reboot left in the slot may be torn, so it is fetched anew first; and the primary may have
 * gone on to newer targets meanwhile, so the news are looked at before anybody is accused. */
static void suspect_image(lp_agent *agent, lp_code code) {
    const lp_agent_port *port = agent->config.port;
    lp_agent_image_abort(agent);
    if (!port->image_discard(port)) {
        refuse_image(agent, LP_STATE, LP_CLAUSE("Uptane 2.1.0, 5.4.3.3"));
    } else if (agent->resumed) {
        start_download(agent);
    } else if (lp_transfer_path(agent, (const char *[]){LP_WIRE_NEWS, agent->config.serial}, 2)) {
        agent->suspect = code;
        agent->state = LP_AGENT_RECHECK;
        lp_transfer_get(agent, LP_SINK_BUFFER, 0, LP_WIRE_NEWS_BYTES);
    }
}

static void download_complete(lp_agent *agent) {
    agent->hashing = false;
    lp_code code = lp_image_check_end(&agent->check);
    if (code == LP_OK) {
        install(agent);
    } else {
        suspect_image(agent, code);
    }
}

/* Starts, or goes on from what a reboot left in the slot. */
static void start_download(lp_agent *agent) {
    const lp_agent_port *port = agent->config.port;
    const lp_target *target = &agent->target;
    const uint8_t *id = target->hashes.has_sha256 ? target->hashes.sha256 : target->hashes.sha512;
    uint64_t have = 0;
    lp_code code = port->image_open(port, id, target->length_bytes, &have) ? LP_OK : LP_STATE;
    if (code == LP_OK) {
        code = lp_image_check_begin(&agent->check, agent->config.crypto, &target->hashes, target->length_bytes);
        agent->hashing = code == LP_OK;
    }
    if (code == LP_OK) {
        code = hash_slot(agent, have);
    }
    if (code != LP_OK || !lp_transfer_path(agent, (const char *[]){LP_WIRE_IMAGE, agent->config.serial}, 2)) {
        refuse_image(agent, code, LP_CLAUSE("Uptane 2.1.0, 5.4.3.3"));
        return;
    }
    agent->resumed = have > 0;
    agent->state = LP_AGENT_IMAGE;
    if (have == target->length_bytes) {
        download_complete(agent);
        return;
    }
    lp_transfer_get(agent, LP_SINK_IMAGE, have, target->length_bytes);
    if (target->hashes.has_sha256) { /* the ETag is the start of the digest: another image shows at its first block */
        agent->transfer.etag_len = LP_ETAG_BYTES;
        memcpy(agent->transfer.etag, target->hashes.sha256, LP_ETAG_BYTES);
    }
}

void lp_agent_image_fetched(lp_agent *agent, const lp_result *result) {
    switch (result->outcome) {
    case LP_OUTCOME_DONE:
        download_complete(agent);
        break;
    case LP_OUTCOME_ABSENT:
    case LP_OUTCOME_LATER: {
        lp_error error = image_error(agent, LP_MISSING_FILE, LP_CLAUSE("Uptane 2.1.0, 5.4.3.3"));
        lp_agent_wait_for(agent, &error);
        break;
    }
    default: {
        lp_code code = result->outcome == LP_OUTCOME_FAILED ? result->code : LP_UNREACHABLE;
        if (code == LP_IMAGE_HASH || code == LP_IMAGE_LENGTH) {
            suspect_image(agent, code);
        } else {
            refuse_image(agent, code, LP_CLAUSE("Uptane 2.1.0, 5.4.3.3"));
        }
        break;
    }
    }
}

void lp_agent_rechecked(lp_agent *agent, const lp_news *news) {
    if (news->targets_version != agent->news.targets_version) {
        agent->news = *news;
        lp_agent_verify(agent);
    } else {
        refuse_image(agent, agent->suspect, LP_CLAUSE("Uptane 2.1.0, 5.4.3.4 step 7"));
    }
}

/* --- what to do about the order --- */

/* The image that runs is ordered, perhaps under another name (Uptane 2.1.0, 5.2.7): reports follow the director's
 * names. A counter that it has now moves nothing: of what runs already the image repository is not asked, so that the
 * director's key alone could raise the floor beyond every image to come. */
static lp_code follow_order(lp_agent *agent, const char *name, size_t name_len) {
    lp_image *installed = &agent->record.installed;
    if (strcmp(name, installed->name) == 0) {
        return LP_OK;
    }
    memcpy(installed->name, name, name_len + 1);
    agent->report_due = true;
    return lp_agent_save(agent) ? LP_OK : LP_STATE;
}

/* A failed image stops being news once the director orders something else. */
static void forget_failed(lp_agent *agent) {
    if (agent->record.trial_state == LP_TRIAL_FAILED && agent->record.trial_targets_version != agent->targets_version) {
        agent->record.trial_state = LP_TRIAL_NONE;
        agent->report_due = true;
        (void)lp_agent_save(agent); /* if not now, then at the next change */
    }
}

void lp_agent_decide(lp_agent *agent, const lp_target *target, uint64_t targets_version) {
    lp_record *record = &agent->record;
    agent->targets_version = targets_version;
    bool failed = record->trial_state == LP_TRIAL_FAILED && record->trial_targets_version == targets_version;
    if (target == NULL) { /* not mentioned: what runs goes on running */
        lp_agent_tell(agent, LP_EVENT_VERIFIED, targets_version, NULL);
        forget_failed(agent);
        lp_agent_turn_end(agent, LP_OK);
        return;
    }
    char name[LP_IMAGE_NAME_BYTES];
    size_t name_len = 0;
    lp_code named = lp_str_copy(target->name, name, sizeof name, &name_len);
    lp_agent_tell(agent, LP_EVENT_VERIFIED, targets_version, named == LP_OK ? name : NULL);
    if (named != LP_OK || name_len > agent->config.port->name_bytes) {
        refuse_image(agent, named == LP_OK ? LP_LIMIT_STRING : named, LP_CLAUSE("Uptane 2.1.0, 5.4.3.3"));
    } else if (is_image(target, &record->installed)) {
        forget_failed(agent);
        lp_code code = follow_order(agent, name, name_len);
        if (code == LP_OK) {
            lp_agent_turn_end(agent, LP_OK);
        } else {
            refuse_image(agent, code, LP_CLAUSE("Uptane 2.1.0, 5.4.3.6"));
        }
    } else if (failed && is_image(target, &record->trial)) {
        refuse_image(agent, LP_IMAGE_FAILED_BEFORE, LP_CLAUSE("Uptane 2.1.0, 5.4.3.5"));
    } else if (target->length_bytes > agent->config.port->slot_bytes) {
        refuse_image(agent, LP_LIMIT_FILE, LP_CLAUSE("Uptane 2.1.0, 5.4.3.3"));
    } else if (target->length_bytes > lp_transfer_most_bytes(agent->config.block_bytes)) {
        refuse_image(agent, LP_LIMIT_FILE, LP_CLAUSE("RFC 7959, 2.2"));
    } else {
        start_download(agent);
    }
}
