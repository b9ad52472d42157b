/* SPDX-License-Identifier: Apache-2.0 */
/* Full verification behind the vtable. */
#include "lampyr-secondary/verifier.h"

#include <string.h>

static lp_full *full_of(const lp_verifier *verifier) {
    return &((lp_verifier_full_state *)verifier->state)->full;
}

static void full_begin(const lp_verifier *verifier, const lp_verifier_config *config) {
    lp_verifier_full_state *state = verifier->state;
    state->ecu = (lp_ecu){.serial = config->serial,
                          .hardware = config->hardware,
                          .has_installed = true,
                          .counter_floor = config->counter_floor};
    state->ordered = false;
    memcpy(state->ecu.installed_sha256, config->installed_sha256, LP_SHA256_BYTES);
    lp_full_begin(&state->full, &(lp_full_config){.crypto = config->crypto,
                                                  .limits = config->limits,
                                                  .director_dialect = config->dialect,
                                                  .image_dialect = verifier->image_dialect,
                                                  .director_root_and_targets_only = verifier->root_and_targets_only,
                                                  .now = config->now,
                                                  .vehicle = config->vehicle,
                                                  .ecus = &state->ecu,
                                                  .ecu_count = 1,
                                                  .only_listed = true});
}

static void full_next(const lp_verifier *verifier, lp_ask *ask) {
    lp_full_next(full_of(verifier), ask);
}

static void full_give(const lp_verifier *verifier, lp_slice bytes, lp_scratch scratch) {
    lp_full_give(full_of(verifier), bytes, scratch);
}

static void full_absent(const lp_verifier *verifier) {
    lp_full_absent(full_of(verifier));
}

static void full_failed(const lp_verifier *verifier, lp_code code) {
    lp_full_failed(full_of(verifier), code);
}

/* There is one ECU, so that one image at most is judged. A refused one ends the run. */
static void full_done(const lp_verifier *verifier, bool ok) {
    lp_verifier_full_state *state = verifier->state;
    const lp_verdict *verdict = lp_full_verdict(&state->full);
    if (verdict != NULL) {
        state->ordered = true;
        state->target = verdict->director;
        state->target.hashes = verdict->hashes;
    }
    lp_full_done(&state->full, ok);
}

static const lp_error *full_error(const lp_verifier *verifier) {
    return lp_full_error(full_of(verifier));
}

static const lp_trusted_root *full_root(const lp_verifier *verifier) {
    return lp_full_director_root(full_of(verifier));
}

static const lp_trusted_targets *full_targets(const lp_verifier *verifier) {
    return lp_full_targets(full_of(verifier));
}

static const lp_target *full_target(const lp_verifier *verifier) {
    const lp_verifier_full_state *state = verifier->state;
    return state->ordered ? &state->target : NULL;
}

lp_verifier lp_verifier_full(lp_verifier_full_state *state, lp_dialect image_dialect, bool root_and_targets_only) {
    return (lp_verifier){.state = state,
                         .full = true,
                         .root_and_targets_only = root_and_targets_only,
                         .image_dialect = image_dialect,
                         .begin = full_begin,
                         .next = full_next,
                         .give = full_give,
                         .absent = full_absent,
                         .failed = full_failed,
                         .done = full_done,
                         .error = full_error,
                         .root = full_root,
                         .targets = full_targets,
                         .target = full_target};
}
