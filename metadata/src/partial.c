/* SPDX-License-Identifier: Apache-2.0 */
/* Partial verification (Uptane 2.1.0, 5.4.4.1) with the director's root chain. */
#include "director.h"
#include "lampyr/uptane.h"

#include <string.h>

/* What new targets mean for this ECU (Uptane 2.1.0, 5.4.3.4). */
static lp_code check_own_target(lp_partial *partial, const lp_target *target, lp_str hardware, const char **clause) {
    const lp_partial_config *config = &partial->config;
    *clause = "Uptane 2.1.0, 5.4.3.4 step 3";
    if (!lp_str_is(hardware, config->hardware)) {
        return LP_WRONG_HARDWARE;
    }
    return lp_director_check_image(target, config->counter_floor, clause);
}

static lp_code check_targets(void *ctx, const lp_trusted_targets *targets, lp_error *error) {
    lp_partial *partial = ctx;
    lp_str hardware = {NULL, 0};
    bool found = false;
    lp_target target = {.length_bytes = 0};
    lp_code code = lp_director_check_targets(targets, partial->config.dialect, partial->config.vehicle, error);
    if (code == LP_OK) {
        error->clause = "Uptane 2.1.0, 5.4.4.6 step 7";
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

void lp_partial_begin(lp_partial *partial, const lp_partial_config *config) {
    memset(partial, 0, sizeof *partial);
    partial->config = *config;
    lp_tuf_config tuf = {.repo = LP_REPO_DIRECTOR,
                         .dialect = config->dialect,
                         .form = config->form,
                         .limits = config->limits,
                         .crypto = config->crypto,
                         .now = config->now,
                         .root_and_targets_only = true,
                         .check_targets = check_targets,
                         .ctx = partial};
    lp_tuf_begin(&partial->director, &tuf);
}

void lp_partial_next(const lp_partial *partial, lp_ask *ask) {
    lp_tuf_next(&partial->director, ask);
}

void lp_partial_give(lp_partial *partial, lp_slice bytes, lp_scratch scratch) {
    lp_tuf_give(&partial->director, bytes, scratch);
}

void lp_partial_absent(lp_partial *partial) {
    lp_tuf_absent(&partial->director);
}

void lp_partial_failed(lp_partial *partial, lp_code code) {
    lp_tuf_failed(&partial->director, code);
}

void lp_partial_done(lp_partial *partial, bool ok) {
    lp_tuf_done(&partial->director, ok);
}

const lp_error *lp_partial_error(const lp_partial *partial) {
    return lp_tuf_error(&partial->director);
}

const lp_target *lp_partial_target(const lp_partial *partial) {
    return partial->has_target && lp_tuf_targets(&partial->director) != NULL ? &partial->target : NULL;
}

const lp_trusted_root *lp_partial_root(const lp_partial *partial) {
    return lp_tuf_root(&partial->director);
}

const lp_trusted_targets *lp_partial_targets(const lp_partial *partial) {
    return lp_tuf_targets(&partial->director);
}
