/* SPDX-License-Identifier: Apache-2.0 */
/* Partial verification behind the vtable. */
#include "lampyr-secondary/verifier.h"

static void partial_begin(const lp_verifier *verifier, const lp_verifier_config *config) {
    lp_partial_begin(verifier->state, &(lp_partial_config){.crypto = config->crypto,
                                                           .limits = config->limits,
                                                           .dialect = config->dialect,
                                                           .form = config->form,
                                                           .now = config->now,
                                                           .vehicle = config->vehicle,
                                                           .serial = config->serial,
                                                           .hardware = config->hardware,
                                                           .counter_floor = config->counter_floor});
}

static void partial_next(const lp_verifier *verifier, lp_ask *ask) {
    lp_partial_next(verifier->state, ask);
}

static void partial_give(const lp_verifier *verifier, lp_slice bytes, lp_scratch scratch) {
    lp_partial_give(verifier->state, bytes, scratch);
}

static void partial_absent(const lp_verifier *verifier) {
    lp_partial_absent(verifier->state);
}

static void partial_failed(const lp_verifier *verifier, lp_code code) {
    lp_partial_failed(verifier->state, code);
}

static void partial_done(const lp_verifier *verifier, bool ok) {
    lp_partial_done(verifier->state, ok);
}

static const lp_error *partial_error(const lp_verifier *verifier) {
    return lp_partial_error(verifier->state);
}

static const lp_trusted_root *partial_root(const lp_verifier *verifier) {
    return lp_partial_root(verifier->state);
}

static const lp_trusted_targets *partial_targets(const lp_verifier *verifier) {
    return lp_partial_targets(verifier->state);
}

static const lp_target *partial_target(const lp_verifier *verifier) {
    return lp_partial_target(verifier->state);
}

lp_verifier lp_verifier_partial(lp_partial *state) {
    return (lp_verifier){.state = state,
                         .begin = partial_begin,
                         .next = partial_next,
                         .give = partial_give,
                         .absent = partial_absent,
                         .failed = partial_failed,
                         .done = partial_done,
                         .error = partial_error,
                         .root = partial_root,
                         .targets = partial_targets,
                         .target = partial_target};
}
