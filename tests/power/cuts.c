/* SPDX-License-Identifier: Apache-2.0 */
#include "cuts.h"

#include <stdlib.h>
#include <string.h>

static void run_to_the_end(const cut_case *test, uint64_t seed) {
    sim_flash_plan(test->sim, UINT64_MAX, SIM_CUT_BEFORE, seed);
    if (!sim_flash_run(test->sim, test->run, test->arg)) {
        abort();
    }
    test->end(test->arg);
}

/* One cut and what follows; false if the run ended before it. */
static bool cut_once(const cut_case *test, uint64_t operation, sim_cut cut, uint64_t seed, unsigned depth,
                     uint64_t seeds, uint64_t *count) {
    sim_flash_plan(test->sim, operation, cut, seed);
    if (sim_flash_run(test->sim, test->run, test->arg)) {
        test->end(test->arg);
        return false;
    }
    sim_flash_boot(test->sim);
    test->check(test->arg);
    *count += 1;
    if (depth > 1) {
        *count += cut_everywhere(test, depth - 1, seeds);
    } else {
        run_to_the_end(test, seed + 1);
    }
    return true;
}

uint64_t cut_everywhere(const cut_case *test, unsigned depth, uint64_t seeds) {
    sim_snapshot flash;
    void *known = malloc(test->arg_bytes + 1);
    uint64_t count = 0;
    bool on = known != NULL;
    sim_snapshot_take(&flash, test->sim);
    if (on) {
        memcpy(known, test->arg, test->arg_bytes);
    }
    for (uint64_t operation = 0; on; operation++) {
        for (int cut = SIM_CUT_BEFORE; on && cut < SIM_CUTS; cut++) {
            for (uint64_t seed = 0; on && seed < (cut == SIM_CUT_MIDDLE ? seeds : 1); seed++) {
                sim_snapshot_restore(&flash, test->sim);
                memcpy(test->arg, known, test->arg_bytes);
                on = cut_once(test, operation, (sim_cut)cut, operation * seeds + seed, depth, seeds, &count);
            }
        }
    }
    sim_snapshot_free(&flash);
    free(known);
    return count;
}
