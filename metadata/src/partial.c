/* SPDX-License-Identifier: Apache-2.0 */
/* Partial verification (Uptane 2.1.0, 5.4.4.1) with the director's root chain. */
#include "chain.h"
#include "director.h"
#include "lampyr/uptane.h"
#include "procedure.h"

#include <string.h>

enum state {
    ROOT_CHAIN, /* chain.c */
    LOAD_TARGETS,
    FETCH_TARGETS,
    STORE_TARGETS,
    TRUSTED,
    REFUSED,
};

/* What new targets mean for this ECU (Uptane 2.1.0, 5.4.3.4). */
static lp_code check_own_target(lp_partial *partial, const lp_target *target, lp_str hardware, const char **clause) {
    const lp_partial_config *config = &partial->config;
    *clause = LP_CLAUSE("Uptane 2.1.0, 5.4.3.4 step 3");
    if (!lp_str_is(hardware, config->hardware)) {
        return LP_WRONG_HARDWARE;
    }
    return lp_director_check_image(target, config->counter_floor, clause);
}

static lp_code check_targets(lp_partial *partial, const lp_trusted_targets *targets, lp_error *error) {
    lp_str hardware = {NULL, 0};
    bool found = false;
    lp_target target = {.length_bytes = 0};
    lp_code code = lp_director_check_targets(targets, partial->config.dialect, partial->config.vehicle, error);
    if (code == LP_OK) {
        error->clause = LP_CLAUSE("Uptane 2.1.0, 5.4.4.6 step 7");
        code = lp_targets_for_ecu(targets, lp_str_from(partial->config.serial), &found, &target, &hardware);
    }
    if (code == LP_OK && found) {
        error->subject = target.name;
        code = check_own_target(partial, &target, hardware, &error->clause);
    }
    if (code == LP_OK) {
        partial->has_target = found;
        partial->target = target;
    }
    return code;
}

static void refuse(lp_partial *partial, const lp_error *error) {
    partial->error = *error;
    partial->error.repo = LP_REPO_DIRECTOR;
    partial->state = REFUSED;
}

void lp_partial_begin(lp_partial *partial, const lp_partial_config *config) {
    memset(partial, 0, sizeof *partial);
    partial->config = *config;
    partial->director = (lp_tuf_config){.repo = LP_REPO_DIRECTOR,
                                        .dialect = config->dialect,
                                        .form = config->form,
                                        .limits = config->limits,
                                        .crypto = config->crypto,
                                        .now = config->now,
                                        .root_and_targets_only = true};
    if (!lp_text_plain(config->serial)) {
        refuse(partial, &(lp_error){.code = LP_NAME_UNSAFE, .clause = LP_CLAUSE("Uptane 2.1.0, 5.3.2.2")});
    }
}

static void misuse(lp_partial *partial) {
    refuse(partial, &(lp_error){.code = LP_MISUSE, .clause = ""});
}

static void follow_chain(lp_partial *partial, lp_code code, const lp_error *error) {
    if (code != LP_OK) {
        refuse(partial, error);
    } else if (partial->chain.state == LP_CHAIN_END) {
        partial->state = LOAD_TARGETS;
    }
}

static lp_code rules_of(const lp_partial *partial, lp_targets_rules *rules) {
    *rules = (lp_targets_rules){.role = LP_ROLE_TARGETS, .floor = partial->targets_floor};
    return lp_root_role_keys(&partial->chain.root.doc, LP_ROLE_TARGETS, &rules->keys);
}

static void load_targets(lp_partial *partial, lp_slice bytes, lp_scratch scratch) {
    lp_targets_rules rules;
    lp_trusted_targets ignored;
    uint64_t floor = 0;
    if (rules_of(partial, &rules) == LP_OK) {
        (void)lp_procedure_stored_targets(&partial->director, &rules, bytes, scratch, &ignored, &floor);
    }
    /* Rotated keys make it forget the version: recovery from a fast-forward attack. */
    partial->targets_floor = partial->chain.rotated_targets ? 0 : floor;
    partial->state = FETCH_TARGETS;
}

static void give_targets(lp_partial *partial, lp_slice bytes, lp_scratch scratch) {
    lp_targets_rules rules;
    lp_error error = {.role = LP_ROLE_TARGETS, .clause = lp_procedure_length_clause(LP_ROLE_TARGETS)};
    error.code = bytes.len > partial->config.limits->targets_bytes ? LP_LIMIT_FILE : rules_of(partial, &rules);
    if (error.code == LP_OK) {
        error.code = lp_procedure_targets(&partial->director, &rules, bytes, scratch, &partial->targets, &error.clause);
    }
    if (error.code == LP_OK) {
        error.code = check_targets(partial, &partial->targets, &error);
    }
    if (error.code != LP_OK) {
        refuse(partial, &error);
        return;
    }
    partial->state = STORE_TARGETS;
}

void lp_partial_next(const lp_partial *partial, lp_ask *ask) {
    static const lp_ask_kind kinds[] = {LP_ASK_LOAD,  LP_ASK_LOAD,    LP_ASK_FETCH,
                                        LP_ASK_STORE, LP_ASK_TRUSTED, LP_ASK_REFUSED};
    memset(ask, 0, sizeof *ask);
    ask->repo = LP_REPO_DIRECTOR;
    ask->kind = kinds[partial->state];
    if (partial->state == ROOT_CHAIN) {
        lp_chain_ask(&partial->chain, &partial->director, ask);
    } else if (partial->state < TRUSTED) {
        ask->role = LP_ROLE_TARGETS;
        ask->max_bytes = partial->config.limits->targets_bytes;
        ask->data = partial->state == STORE_TARGETS ? partial->targets.doc.file : (lp_slice){NULL, 0};
    }
}

void lp_partial_give(lp_partial *partial, lp_slice bytes, lp_scratch scratch) {
    lp_error error = {.code = LP_OK};
    if (partial->state == ROOT_CHAIN && partial->chain.state != LP_CHAIN_STORE) {
        follow_chain(partial, lp_chain_give(&partial->chain, &partial->director, bytes, scratch, &error), &error);
    } else if (partial->state == LOAD_TARGETS) {
        load_targets(partial, bytes, scratch);
    } else if (partial->state == FETCH_TARGETS) {
        give_targets(partial, bytes, scratch);
    } else {
        misuse(partial);
    }
}

void lp_partial_absent(lp_partial *partial) {
    lp_error error = {
        .code = LP_MISSING_FILE, .role = LP_ROLE_TARGETS, .clause = lp_procedure_length_clause(LP_ROLE_TARGETS)};
    if (partial->state == ROOT_CHAIN && partial->chain.state != LP_CHAIN_STORE) {
        follow_chain(partial, lp_chain_absent(&partial->chain, &partial->director, &error), &error);
    } else if (partial->state == LOAD_TARGETS) {
        partial->state = FETCH_TARGETS;
    } else if (partial->state == FETCH_TARGETS) {
        refuse(partial, &error);
    } else {
        misuse(partial);
    }
}

void lp_partial_failed(lp_partial *partial, lp_code code) {
    lp_ask ask;
    lp_partial_next(partial, &ask);
    if (ask.kind != LP_ASK_FETCH && ask.kind != LP_ASK_PROVISIONED) {
        misuse(partial);
        return;
    }
    refuse(partial,
           &(lp_error){
               .code = code, .role = ask.role, .version = ask.version, .clause = lp_procedure_length_clause(ask.role)});
}

void lp_partial_done(lp_partial *partial, bool ok) {
    lp_ask ask;
    lp_error error = {.code = LP_STATE, .clause = LP_CLAUSE("Uptane 2.1.0, 5.4.4")};
    lp_partial_next(partial, &ask);
    error.role = ask.role;
    if (ask.kind != LP_ASK_STORE) {
        misuse(partial);
    } else if (!ok) {
        refuse(partial, &error);
    } else if (partial->state == ROOT_CHAIN) {
        follow_chain(partial, lp_chain_stored(&partial->chain, &partial->director, &error), &error);
    } else {
        partial->state = TRUSTED;
    }
}

const lp_error *lp_partial_error(const lp_partial *partial) {
    return &partial->error;
}

const lp_target *lp_partial_target(const lp_partial *partial) {
    return partial->state == TRUSTED && partial->has_target ? &partial->target : NULL;
}

const lp_trusted_root *lp_partial_root(const lp_partial *partial) {
    return partial->chain.have_root ? &partial->chain.root : NULL;
}

const lp_trusted_targets *lp_partial_targets(const lp_partial *partial) {
    return partial->state == TRUSTED ? &partial->targets : NULL;
}
