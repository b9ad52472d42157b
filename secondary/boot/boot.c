/* SPDX-License-Identifier: Apache-2.0 */
#include "boot_state.h"
#include "swap.h"

lp_journal_verdict lp_boot_open_journal(const lp_boot_config *config, lp_journal *journal, lp_board_state *state) {
    lp_journal_verdict verdict = lp_journal_open(journal, config->flash, config->layout->journal, state);
    if (verdict == LP_JOURNAL_GOOD && !lp_swap_possible(config->flash, config->layout, &state->boot)) {
        return LP_JOURNAL_DAMAGED;
    }
    return verdict;
}

typedef struct loader {
    const lp_boot_config *config;
    lp_boot_report *report;
    lp_factory factory;
    lp_journal journal;
    lp_board_state state;
    lp_boot_verified verified; /* the slot verified last */
    bool flash_failed;
} loader;

static bool valid(loader *l, unsigned slot) {
    uint64_t floor = l->state.record.counter_floor;
    l->report->slot[slot] = lp_boot_verify_slot(l->config, &l->factory, slot, floor, &l->verified);
    return l->report->slot[slot] == LP_OK;
}

/* Enters a phase. False, and remembered, if it cannot be written down. A download does not outlive it: the slot that it
 * is in may be swapped. */
static bool enter(loader *l, lp_boot_phase phase, bool reverted) {
    lp_boot_state *boot = &l->state.boot;
    l->state.download_len = 0;
    boot->phase = phase;
    boot->reverted = reverted;
    boot->steps = 0;
    boot->attempts = 0;
    l->flash_failed = !lp_journal_save(&l->journal, &l->state, LP_STATE_BOOT | LP_STATE_DOWNLOAD);
    return !l->flash_failed;
}

/* Enters a phase that swaps. */
static bool enter_swap(loader *l, lp_boot_phase phase) {
    lp_swap_plan(l->config->flash, l->config->layout, &l->state.boot);
    return enter(l, phase, false);
}

static bool swap(loader *l) {
    uint16_t before = l->state.boot.steps;
    l->flash_failed = !lp_swap_run(l->config->flash, l->config->layout, &l->journal, &l->state);
    l->report->steps = (uint16_t)(l->report->steps + l->state.boot.steps - before);
    return !l->flash_failed;
}

/* Phases return true while the loader goes on; then slot 0 runs or the board waits for help. */

/* The image on trial has failed. Without an old one that is still good it stays, if it is good itself. */
static bool go_back(loader *l) {
    if (valid(l, 1)) {
        return enter_swap(l, LP_BOOT_REVERTING);
    }
    return enter(l, LP_BOOT_IDLE, false);
}

/* A board that remembers nothing starts from what the image proves, and what the factory gave. Roots that the image is
 * verified by count from now on, whoever put them there: none may be overwritten. */
static void remember(loader *l) {
    if (l->report->journal != LP_JOURNAL_GOOD) {
        lp_state_first(&l->state, l->factory.time, l->verified.counter);
    }
    if (l->state.roots < l->verified.roots) {
        l->state.roots = (uint8_t)l->verified.roots;
    }
}

static bool idle(loader *l, lp_boot_decision *decision) {
    *decision = LP_BOOT_RECOVER;
    if (valid(l, 0)) {
        remember(l);
        l->flash_failed = !lp_journal_save(&l->journal, &l->state, LP_STATE_FILES);
        *decision = LP_BOOT_RUN;
        return false;
    }
    if (valid(l, 1)) {
        remember(l);
        return enter_swap(l, LP_BOOT_RESTORING);
    }
    return false;
}

static bool testing(loader *l, lp_boot_decision *decision) {
    lp_boot_state *boot = &l->state.boot;
    bool another = boot->attempts == 0 || (l->config->cause == LP_RESET_POWER && boot->attempts < LP_BOOT_ATTEMPTS);
    if (!another || !valid(l, 0)) {
        return go_back(l);
    }
    boot->attempts++;
    *decision = LP_BOOT_RUN;
    l->flash_failed = !lp_journal_save(&l->journal, &l->state, LP_STATE_BOOT);
    return false;
}

static bool proceed(loader *l, lp_boot_decision *decision) {
    switch (l->state.boot.phase) {
    case LP_BOOT_REQUESTED:
        return valid(l, 1) ? enter_swap(l, LP_BOOT_SWAPPING) : enter(l, LP_BOOT_IDLE, true);
    case LP_BOOT_SWAPPING:
        return swap(l) && enter(l, LP_BOOT_TESTING, false);
    case LP_BOOT_TESTING:
        return testing(l, decision);
    case LP_BOOT_REVERTING:
        return swap(l) && enter(l, LP_BOOT_IDLE, true);
    case LP_BOOT_RESTORING:
        return swap(l) && enter(l, LP_BOOT_IDLE, false);
    default:
        return idle(l, decision);
    }
}

lp_boot_decision lp_boot(const lp_boot_config *config, lp_boot_report *report) {
    loader l = {.config = config, .report = report};
    *report = (lp_boot_report){.slot = {LP_MISUSE, LP_MISUSE}};
    if (!lp_factory_read(config->flash, config->layout, &l.factory)) {
        report->slot[0] = LP_NO_TRUSTED_ROOT;
        return LP_BOOT_RECOVER;
    }
    report->journal = lp_boot_open_journal(config, &l.journal, &l.state);
    if (report->journal == LP_JOURNAL_GOOD) {
        l.flash_failed = !lp_journal_seal(&l.journal, &l.state);
    } else {
        lp_state_first(&l.state, l.factory.time, 0);
    }
    report->phase = l.state.boot.phase;
    lp_boot_decision decision = LP_BOOT_RECOVER;
    while (!l.flash_failed && proceed(&l, &decision)) {
    }
    if (l.flash_failed) { /* nothing can be written: what is whole may still run */
        decision = valid(&l, 0) ? LP_BOOT_RUN : LP_BOOT_RECOVER;
    }
    report->flash_failed = l.flash_failed;
    report->reverted = l.state.boot.reverted;
    return decision;
}
