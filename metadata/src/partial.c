/* SPDX-License-Identifier: Apache-2.0 */
/* Partial verification (Uptane 2.1.0, 5.4.4.1) with the director's root chain. */
#include "chain.h"
#include "director.h"
#include "lampyr/uptane.h"
#include "procedure.h"
#include "refusal.h"
#include "role_internal.h"

#include <string.h>

enum state {
    ROOT_CHAIN, /* chain.c */
    LOAD_TARGETS,
    FETCH_TARGETS,
    STORE_TARGETS,
    TRUSTED,
    REFUSED,
};

/* Ends the run. What the error says besides was set by the one that found it. */
static void refuse(lp_partial *partial, lp_code code) {
    partial->error.code = code;
    partial->error.repo = LP_REPO_DIRECTOR;
    partial->state = REFUSED;
}

void lp_partial_begin(lp_partial *partial, const lp_partial_config *config) {
    memset(partial, 0, sizeof *partial);
    partial->vehicle = config->vehicle;
    partial->serial = (lp_str){config->serial, lp_text_plain_len(config->serial)};
    partial->hardware = config->hardware;
    partial->counter_floor = config->counter_floor;
    partial->director.repo = LP_REPO_DIRECTOR;
    partial->director.dialect = config->dialect;
    partial->director.form = config->form;
    partial->director.limits = config->limits;
    partial->director.crypto = config->crypto;
    partial->director.now = config->now;
    partial->director.root_and_targets_only = true;
    if (LP_REFUSAL(3901, config->serial[partial->serial.len] != '\0')) {
        partial->error.clause = LP_CLAUSE("Uptane 2.1.0, 5.3.2.2");
        refuse(partial, LP_NAME_UNSAFE);
    }
}

static void follow_chain(lp_partial *partial, lp_code code) {
    if (code != LP_OK) {
        refuse(partial, code);
    } else if (partial->chain.state == LP_CHAIN_END) {
        partial->state = LOAD_TARGETS;
    }
}

/* What new targets mean for this vehicle and, if they order an image for it, this ECU (Uptane 2.1.0, 5.4.3.4). */
static lp_code check_targets(lp_partial *partial, lp_error *error) {
    lp_str hardware;
    lp_code code = lp_director_check_targets(&partial->targets, partial->director.dialect, partial->vehicle, error);
    if (code != LP_OK) {
        return code;
    }
    error->clause = LP_CLAUSE("Uptane 2.1.0, 5.4.4.6 step 7");
    code = lp_targets_for_ecu(&partial->targets, partial->serial, &partial->has_target, &partial->target, &hardware);
    if (code != LP_OK || !partial->has_target) {
        return code;
    }
    error->subject = partial->target.name;
    error->clause = LP_CLAUSE("Uptane 2.1.0, 5.4.3.4 step 3");
    if (LP_REFUSAL(3902, !lp_str_is(hardware, partial->hardware))) {
        return LP_WRONG_HARDWARE;
    }
    return lp_director_check_image(&partial->target, partial->counter_floor, &error->clause);
}

/* Fetched targets. */
static lp_code give_targets(lp_partial *partial, const lp_targets_rules *rules, const lp_slice *bytes,
                            lp_scratch scratch, lp_error *error) {
    error->clause = lp_procedure_length_clause(LP_ROLE_TARGETS);
    if (LP_REFUSAL(3903, bytes == NULL)) {
        return LP_MISSING_FILE;
    }
    if (LP_REFUSAL(3904, bytes->len > partial->director.limits->targets_bytes)) {
        return LP_LIMIT_FILE;
    }
    lp_code code = lp_procedure_targets(&partial->director, rules, *bytes, scratch, &partial->targets, &error->clause);
    return code == LP_OK ? check_targets(partial, error) : code;
}

/* Targets, stored or fetched. */
static LP_OWN_FRAME void take_targets(lp_partial *partial, const lp_slice *bytes, lp_scratch scratch) {
    lp_targets_rules rules = {.role = LP_ROLE_TARGETS, .floor = partial->targets_floor};
    (void)lp_root_role_keys(&partial->chain.root.doc, LP_ROLE_TARGETS, &rules.keys); /* a trusted root has them */
    if (partial->state == LOAD_TARGETS) {
        if (bytes != NULL) {
            (void)lp_procedure_stored_targets(&partial->director, &rules, *bytes, scratch, &partial->targets,
                                              &partial->targets_floor);
        }
        if (partial->chain.rotated_targets) {
            partial->targets_floor = 0; /* forget the version: recovery from a fast-forward attack */
        }
        partial->state = FETCH_TARGETS;
        return;
    }
    lp_code code = give_targets(partial, &rules, bytes, scratch, &partial->error);
    if (code == LP_OK) {
        partial->state = STORE_TARGETS;
    } else {
        refuse(partial, code);
    }
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
        ask->max_bytes = partial->director.limits->targets_bytes;
        ask->data = partial->state == STORE_TARGETS ? partial->targets.doc.file : (lp_slice){NULL, 0};
    }
}

/* What the machine waits for; the error is set to say so, and nothing of an earlier answer stays in it. */
static lp_ask_kind begin_answer(lp_partial *partial) {
    lp_ask ask;
    lp_partial_next(partial, &ask);
    partial->error = (lp_error){.role = ask.role, .version = ask.version, .clause = LP_CLAUSE("")};
    return ask.kind;
}

/* Takes an answer to LOAD, PROVISIONED or FETCH; `bytes` is NULL if there is no such file. */
static LP_OWN_FRAME void take(lp_partial *partial, const lp_slice *bytes, lp_scratch scratch) {
    if (LP_REFUSAL(3905, begin_answer(partial) > LP_ASK_FETCH)) {
        refuse(partial, LP_MISUSE);
    } else if (partial->state != ROOT_CHAIN) {
        take_targets(partial, bytes, scratch);
    } else if (bytes != NULL) {
        follow_chain(partial, lp_chain_give(&partial->chain, &partial->director, *bytes, scratch, &partial->error));
    } else {
        follow_chain(partial, lp_chain_absent(&partial->chain, &partial->director, &partial->error));
    }
}

void lp_partial_give(lp_partial *partial, lp_slice bytes, lp_scratch scratch) {
    take(partial, &bytes, scratch);
}

void lp_partial_absent(lp_partial *partial) {
    take(partial, NULL, (lp_scratch){NULL, 0});
}

void lp_partial_failed(lp_partial *partial, lp_code code) {
    lp_ask_kind kind = begin_answer(partial);
    partial->error.clause = lp_procedure_length_clause(partial->error.role);
    bool awaited = kind == LP_ASK_FETCH || kind == LP_ASK_PROVISIONED;
    refuse(partial, LP_REFUSAL(3906, !awaited) ? LP_MISUSE : code);
}

void lp_partial_done(lp_partial *partial, bool ok) {
    lp_ask_kind kind = begin_answer(partial);
    if (LP_REFUSAL(3907, kind != LP_ASK_STORE)) {
        refuse(partial, LP_MISUSE);
    } else if (LP_REFUSAL(3908, !ok)) {
        partial->error.clause = LP_CLAUSE("Uptane 2.1.0, 5.4.4");
        refuse(partial, LP_STATE);
    } else if (partial->state == ROOT_CHAIN) {
        follow_chain(partial, lp_chain_stored(&partial->chain, &partial->director, &partial->error));
    } else {
        partial->error.role = LP_ROLE_NONE; /* there is none */
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
