/* SPDX-License-Identifier: Apache-2.0 */
/* Partial verification. Built a second time with the firmware's sizes (LP_CONSTRAINED), as fuzz_board. */
#include "lampyr/uptane.h"
#include "machine.h"

MACHINE_CALLS(lp_partial)

static bool shows_trusted(const void *self) {
    FUZZ_CHECK(lp_partial_target(self) == NULL || lp_partial_targets(self) != NULL);
    return lp_partial_targets(self) != NULL;
}

/* What a board may act on. */
static void check_trusted(const lp_partial *partial, const lp_partial_config *config) {
    const lp_trusted_targets *targets = lp_partial_targets(partial);
    const lp_target *target = lp_partial_target(partial);
    lp_str hardware;
    bool found = false;
    FUZZ_CHECK(config->now < lp_partial_root(partial)->doc.expires && config->now < targets->doc.expires);
    FUZZ_CHECK(config->vehicle == NULL || lp_targets_for_vehicle(targets, config->vehicle));
    if (target != NULL) {
        FUZZ_CHECK(lp_target_ecu(target, lp_str_from(config->serial), &found, &hardware) == LP_OK && found);
        FUZZ_CHECK(lp_str_is(hardware, config->hardware));
        FUZZ_CHECK(target->counter >= config->counter_floor && !target->encrypted);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    fuzz_memory memory = {NULL};
    fuzz_input input = fuzz_begin(data, size);
    uint8_t bits = fuzz_byte(&input);
    lp_partial_config config = {.crypto = &fuzz_crypto,
                                .limits = bits >> 3 & 1 ? &lp_limits_constrained : &fuzz_limits,
                                .dialect = (lp_dialect)(bits & 1),
                                .form = bits >> 1 & 1 ? LP_JSON_CANONICAL : LP_JSON_SERVED,
                                .now = 1800000000,
                                .vehicle = bits >> 2 & 1 ? NULL : "v",
                                .serial = "e1",
                                .hardware = "hw1",
                                .counter_floor = 2};
    lp_partial *partial = fuzz_alloc(&memory, sizeof *partial);
    lp_partial_begin(partial, &config);
    machine m = {partial,   call_next,  call_give,     call_absent, call_failed,
                 call_done, call_error, shows_trusted, NULL,        NULL};
    if (machine_run(&m, &input, &memory, 2U * config.limits->root_rotations + 8) == LP_ASK_TRUSTED) {
        check_trusted(partial, &config);
    }
    fuzz_release(&memory);
    return 0;
}
