/* SPDX-License-Identifier: Apache-2.0 */
/* Drives the verification procedures: what they ask for comes from the port or from the primary.
 *
 * It takes two runs. Time is attested under a key in the director's root, so the root chain is followed first, with no
 * clock at all; then time is checked, and the procedure proper runs at that time over the roots just stored. */
#include "agent_internal.h"

#include "lampyr/encode.h"

#include <string.h>

static lp_scratch scratch_for(const lp_agent *agent, size_t bytes) {
    const lp_agent_port *port = agent->config.port;
    if (!agent->config.verifier->full || port->scratch == NULL) {
        return (lp_scratch){NULL, 0};
    }
    return port->scratch(port, lp_json_scratch_bytes(bytes));
}

static void give(lp_agent *agent, lp_slice bytes) {
    if (bytes.ptr == NULL) {
        agent->config.verifier->absent(agent->config.verifier);
    } else {
        agent->config.verifier->give(agent->config.verifier, bytes, scratch_for(agent, bytes.len));
    }
}

static lp_file_id file_of(const lp_ask *ask) {
    return (lp_file_id){.repo = ask->repo, .role = ask->role, .name = ask->name};
}

static lp_verifier_config verifier_config(const lp_agent *agent, int64_t now) {
    const lp_agent_config *config = &agent->config;
    return (lp_verifier_config){.crypto = config->crypto,
                                .limits = config->limits,
                                .dialect = config->dialect,
                                .form = config->verifier->full ? LP_JSON_SERVED : LP_JSON_CANONICAL,
                                .now = now,
                                .vehicle = config->vehicle,
                                .serial = config->serial,
                                .hardware = config->hardware,
                                .installed_sha256 = agent->record.installed.hashes.sha256,
                                .counter_floor = agent->record.counter_floor};
}

static const lp_trusted_root *director_root(const lp_agent *agent) {
    return agent->config.verifier->root(agent->config.verifier);
}

static void begin(lp_agent *agent, enum lp_agent_state state, int64_t now) {
    lp_verifier_config config = verifier_config(agent, now);
    agent->config.port->metadata_release(agent->config.port);
    agent->stored_targets = (lp_slice){NULL, 0};
    agent->reused = false;
    agent->state = state;
    agent->config.verifier->begin(agent->config.verifier, &config);
}

/* --- answers to asks --- */

static void answer_load(lp_agent *agent, const lp_ask *ask) {
    const lp_agent_port *port = agent->config.port;
    lp_file_id file = file_of(ask);
    if (agent->state == LP_AGENT_CHAIN && ask->role != LP_ROLE_ROOT) {
        agent->config.verifier->absent(agent->config.verifier); /* for the run that follows */
        return;
    }
    lp_slice bytes = port->metadata_load(port, &file, ask->max_bytes);
    if (ask->repo == LP_REPO_DIRECTOR && ask->role == LP_ROLE_TARGETS) {
        agent->stored_targets = bytes;
    }
    give(agent, bytes);
}

/* What a new root takes away is forgotten before it is stored: a cut in between must not keep it. */
static bool forget_rotated(lp_agent *agent) {
    const lp_agent_port *port = agent->config.port;
    const lp_trusted_root *after = director_root(agent);
    const lp_trusted_root *before = &agent->root_before;
    lp_role_keys old_keys, new_keys;
    lp_file_id targets = {.repo = LP_REPO_DIRECTOR, .role = LP_ROLE_TARGETS, .name = ""};
    if (lp_time_key_rotated(before, after)) {
        agent->record.time_floor = 0;
        if (!lp_agent_save(agent)) {
            return false;
        }
    }
    bool same_targets_keys = lp_root_role_keys(&before->doc, LP_ROLE_TARGETS, &old_keys) == LP_OK &&
                             lp_root_role_keys(&after->doc, LP_ROLE_TARGETS, &new_keys) == LP_OK &&
                             lp_role_keys_eq(&old_keys, &new_keys);
    return same_targets_keys || port->metadata_forget(port, &targets);
}

/* What was received becomes the stored copy where it lies; targets at hand are stored already. */
static bool store(lp_agent *agent, const lp_ask *ask) {
    const lp_agent_port *port = agent->config.port;
    lp_file_id file = file_of(ask);
    if (agent->state == LP_AGENT_CHAIN && !forget_rotated(agent)) {
        return false;
    }
    if (ask->data.ptr == agent->stored_targets.ptr) {
        return true;
    }
    return port->stage_bytes(port).ptr == ask->data.ptr && port->stage_store(port, &file);
}

static bool make_path(lp_agent *agent, const lp_ask *ask) {
    char number[LP_UINT_TEXT_BYTES];
    if (agent->config.verifier->full) {
        lp_dialect dialect =
            ask->repo == LP_REPO_DIRECTOR ? agent->config.dialect : agent->config.verifier->image_dialect;
        char *file = agent->buffer; /* free while verification runs */
        return lp_metadata_path(dialect, ask->role, ask->version, ask->name, file, sizeof agent->buffer) == LP_OK &&
               lp_transfer_path(agent, (const char *[]){LP_WIRE_METADATA, lp_repo_name(ask->repo), file}, 3);
    }
    if (ask->role == LP_ROLE_ROOT) {
        lp_uint_format(ask->version, number);
        return lp_transfer_path(agent, (const char *[]){LP_WIRE_NEWS, agent->config.serial, "root", number}, 4);
    }
    return lp_transfer_path(agent, (const char *[]){LP_WIRE_NEWS, agent->config.serial, "targets"}, 3);
}

static lp_code start_fetch(lp_agent *agent, const lp_ask *ask) {
    const lp_agent_port *port = agent->config.port;
    lp_agent_transfer *t = &agent->transfer;
    t->file = file_of(ask);
    t->file.name = "";
    if (ask->name[0] != '\0') { /* full verification only: the name must outlive the ask */
        if (strlen(ask->name) >= sizeof agent->ask_name) {
            return LP_LIMIT_STRING;
        }
        memcpy(agent->ask_name, ask->name, strlen(ask->name) + 1);
        t->file.name = agent->ask_name;
    }
    if (!make_path(agent, ask)) {
        return LP_LIMIT_STRING;
    }
    if (!port->stage_begin(port, &t->file, ask->max_bytes)) {
        return LP_STATE;
    }
    lp_transfer_get(agent, LP_SINK_STAGE, 0, ask->max_bytes);
    return LP_OK;
}

/* Are the stored targets those that the primary has? Then they need not cross the air again. */
static bool targets_at_hand(const lp_agent *agent) {
    lp_signed doc;
    return !agent->refetch && !agent->config.verifier->full && agent->stored_targets.ptr != NULL &&
           lp_signed_parse(agent->stored_targets, LP_ROLE_TARGETS, LP_JSON_CANONICAL, agent->config.dialect,
                           agent->config.limits, (lp_scratch){NULL, 0}, &doc) == LP_OK &&
           (agent->news.targets_version == 0 || agent->news.targets_version == doc.version);
}

/* True if the file is now being fetched, false if it was answered. */
static bool answer_fetch(lp_agent *agent, const lp_ask *ask) {
    bool for_root = ask->repo == LP_REPO_DIRECTOR && ask->role == LP_ROLE_ROOT;
    if (for_root) {
        agent->root_before = *director_root(agent);
    }
    if (for_root && (agent->state == LP_AGENT_VERIFY || ask->version > agent->news.root_version)) {
        agent->config.verifier->absent(agent->config.verifier);
        return false;
    }
    if (ask->role == LP_ROLE_TARGETS && ask->repo == LP_REPO_DIRECTOR && targets_at_hand(agent)) {
        agent->reused = true;
        give(agent, agent->stored_targets);
        return false;
    }
    lp_code code = start_fetch(agent, ask);
    if (code != LP_OK) {
        agent->config.verifier->failed(agent->config.verifier, code);
        return false;
    }
    return true;
}

/* --- the runs --- */

static void refuse_time(lp_agent *agent, lp_code code) {
    lp_agent_refuse(agent, &(lp_error){.code = code,
                                       .repo = LP_REPO_DIRECTOR,
                                       .role = LP_ROLE_TIME,
                                       .clause = LP_CLAUSE("Uptane 2.1.0, 5.4.3.1")});
}

static void verify_proper(lp_agent *agent) {
    begin(agent, LP_AGENT_VERIFY, agent->time);
}

static bool root_names_time_key(const lp_trusted_root *root) {
    return lp_json_is_object(lp_json_get(lp_json_get(root->doc.payload, "custom"), "time"));
}

/* The latest root is known: now time. Directors of the legacy dialect may not sign any: then the latest time known is
 * that of the record. True if verification goes on at once. */
static bool chain_followed(lp_agent *agent) {
    if (root_names_time_key(director_root(agent))) {
        if (!lp_transfer_path(agent, (const char *[]){LP_WIRE_TIME}, 1)) {
            return false;
        }
        memcpy(agent->transfer.query, agent->nonce, sizeof agent->nonce);
        agent->transfer.file = (lp_file_id){.repo = LP_REPO_DIRECTOR, .role = LP_ROLE_TIME, .name = ""};
        const lp_agent_port *port = agent->config.port;
        if (!port->stage_begin(port, &agent->transfer.file, agent->config.limits->time_bytes)) {
            refuse_time(agent, LP_STATE);
            return false;
        }
        agent->state = LP_AGENT_TIME;
        lp_transfer_get(agent, LP_SINK_STAGE, 0, agent->config.limits->time_bytes);
        return false;
    }
    if (agent->config.dialect != LP_DIALECT_LEGACY) {
        refuse_time(agent, LP_TIME_NO_KEY);
        return false;
    }
    agent->time = agent->record.time_floor;
    agent->refetch = agent->refetch || agent->testing; /* only what came over the network proves anything */
    verify_proper(agent);
    return true;
}

static void trusted(lp_agent *agent) {
    const lp_verifier *verifier = agent->config.verifier;
    const lp_target *target = verifier->target(verifier);
    agent->refetch = false;
    if (target != NULL) {
        agent->target = *target;
    }
    if (agent->testing && !agent->reused && !lp_agent_confirm(agent)) {
        lp_agent_refuse(agent, &(lp_error){.code = LP_STATE, .clause = ""});
        return;
    }
    lp_agent_decide(agent, target != NULL ? &agent->target : NULL, verifier->targets(verifier)->doc.version);
}

/* True if verification goes on, with stored targets fetched after all. */
static bool refused(lp_agent *agent) {
    if (agent->reused && agent->news.targets_version != 0) {
        agent->refetch = true;
        verify_proper(agent);
        return true;
    }
    agent->refetch = false;
    lp_error error = *agent->config.verifier->error(agent->config.verifier);
    lp_agent_refuse(agent, &error);
    return false;
}

/* Answers asks until something must be fetched or the run has ended. */
static void run(lp_agent *agent) {
    lp_ask ask;
    for (bool on = true; on;) {
        const lp_verifier *verifier = agent->config.verifier;
        const lp_agent_port *port = agent->config.port;
        verifier->next(verifier, &ask);
        lp_file_id file = file_of(&ask);
        switch (ask.kind) {
        case LP_ASK_LOAD:
            answer_load(agent, &ask);
            break;
        case LP_ASK_PROVISIONED:
            give(agent, port->metadata_provisioned(port, ask.repo));
            break;
        case LP_ASK_FETCH:
            on = agent->state == LP_AGENT_CHAIN && ask.role != LP_ROLE_ROOT ? chain_followed(agent)
                                                                            : !answer_fetch(agent, &ask);
            break;
        case LP_ASK_STORE:
            verifier->done(verifier, store(agent, &ask));
            break;
        case LP_ASK_FORGET:
            verifier->done(verifier, port->metadata_forget(port, &file));
            break;
        case LP_ASK_TARGET:
            verifier->done(verifier, true);
            break;
        case LP_ASK_TRUSTED:
            trusted(agent);
            on = false;
            break;
        case LP_ASK_REFUSED:
            on = refused(agent);
            break;
        }
    }
}

void lp_agent_verify(lp_agent *agent) {
    begin(agent, LP_AGENT_CHAIN, INT64_MIN);
    run(agent);
}

void lp_agent_fetched(lp_agent *agent, const lp_result *result) {
    const lp_agent_port *port = agent->config.port;
    if (result->outcome == LP_OUTCOME_DONE) {
        give(agent, port->stage_bytes(port));
    } else if (result->outcome == LP_OUTCOME_ABSENT) {
        agent->config.verifier->absent(agent->config.verifier);
    } else {
        agent->config.verifier->failed(agent->config.verifier,
                                       result->outcome == LP_OUTCOME_FAILED ? result->code : LP_UNREACHABLE);
    }
    run(agent);
}

/* The attestation has arrived and is checked (Uptane 2.1.0, 5.4.3.1). */
static lp_code take_time(lp_agent *agent) {
    const lp_agent_port *port = agent->config.port;
    lp_slice bytes = port->stage_bytes(port);
    lp_code code = lp_time_check(director_root(agent), bytes, verifier_config(agent, 0).form, agent->nonce,
                                 agent->record.time_floor, agent->config.crypto, agent->config.limits,
                                 scratch_for(agent, bytes.len), &agent->time);
    if (code != LP_OK) {
        return code;
    }
    if (agent->time != agent->record.time_floor) {
        agent->record.previous_time = agent->record.time_floor;
        agent->record.time_floor = agent->time;
        if (!lp_agent_save(agent)) {
            return LP_STATE;
        }
    }
    agent->report_due = true; /* it also announces the next nonce */
    return lp_agent_new_nonce(agent) ? LP_OK : LP_STATE;
}

void lp_agent_time_fetched(lp_agent *agent, const lp_result *result) {
    if (result->outcome == LP_OUTCOME_LATER || result->outcome == LP_OUTCOME_ABSENT) {
        lp_agent_wait_for(agent, &(lp_error){.code = LP_UNREACHABLE,
                                             .repo = LP_REPO_DIRECTOR,
                                             .role = LP_ROLE_TIME,
                                             .clause = LP_CLAUSE("Uptane 2.1.0, 5.4.3.1")});
        return;
    }
    lp_code code = result->outcome == LP_OUTCOME_DONE     ? take_time(agent)
                   : result->outcome == LP_OUTCOME_FAILED ? result->code
                                                          : LP_UNREACHABLE;
    /* Fresh signed time through the primary is the verified exchange that an image on trial must complete. */
    if (code == LP_OK && agent->testing && !lp_agent_confirm(agent)) {
        code = LP_STATE;
    }
    if (code != LP_OK) {
        refuse_time(agent, code);
        return;
    }
    verify_proper(agent);
    run(agent);
}
