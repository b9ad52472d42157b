/* SPDX-License-Identifier: Apache-2.0 */
#include "director.h"
#include "refusal.h"

lp_code lp_director_check_targets(const lp_trusted_targets *targets, lp_dialect dialect, const char *vehicle,
                                  lp_error *error) {
    error->clause = LP_CLAUSE("Uptane 2.1.0, 5.4.4.6 step 6");
    /* An empty list, as some servers write it, delegates nothing. */
    if (LP_REFUSAL(3101, lp_json_count(lp_json_get(targets->delegations, "roles")) > 0) ||
        LP_REFUSAL(3102, lp_json_get(targets->delegations, "succinct_roles").ptr != NULL)) {
        return LP_DIRECTOR_DELEGATES;
    }
    error->clause = LP_CLAUSE("Uptane 2.1.0, 5.2.3.1");
    bool must_match = vehicle != NULL || dialect == LP_DIALECT_TUF;
    return must_match && LP_REFUSAL(3103, vehicle == NULL || !lp_targets_for_vehicle(targets, vehicle))
               ? LP_WRONG_VEHICLE
               : LP_OK;
}

lp_code lp_director_check_image(const lp_target *target, uint64_t counter_floor, const char **clause) {
    *clause = LP_CLAUSE("Uptane 2.1.0, 5.4.3.4 step 6");
    if (LP_REFUSAL(3104, target->encrypted)) {
        return LP_ENCRYPTED_IMAGE;
    }
    *clause = LP_CLAUSE("Uptane 2.1.0, 5.4.3.4 step 5");
    /* no counter counts as 0 */
    return LP_REFUSAL(3105, target->counter < counter_floor) ? LP_ROLLBACK_COUNTER : LP_OK;
}
