/* SPDX-License-Identifier: Apache-2.0 */
#include "cycle.h"

#include "clock.h"
#include "delivery.h"
#include "plan.h"
#include "uplink.h"

#include "lampyr-host/log.h"

#include <string.h>

enum {
    TIME_SETTLE_MS = 200,   /* one attestation serves many: those who ask before the first would ask again */
    REPORT_SETTLE_MS = 500, /* and one manifest */
    COLLECT_MS = 2000,      /* for a report: who sleeps longer is left to the next manifest */
    BETWEEN_MS = 30000,     /* two manifests between cycles: who answers late must not cause one after the other */
};

/* Serves for a while. */
static void settle(lp_gateway *gateway, int64_t ms) {
    int64_t deadline = lp_loop_now_ms() + ms;
    while (!gateway->loop.stop && lp_loop_now_ms() < deadline) {
        lp_loop_step(&gateway->loop, deadline);
    }
}

/* Gets an attestation for those who wait. That it failed is theirs to notice: they ask again. */
static void serve_time(lp_gateway *gateway) {
    int64_t ignored;
    settle(gateway, TIME_SETTLE_MS);
    lp_code code = lp_clock_read(gateway, &ignored);
    if (code != LP_OK) {
        lp_log(LP_PROGRAM, LP_LOG_WARNING, "no signed time for the secondaries: %s %s", lp_code_name(code),
               gateway->answer.message);
    }
}

static lp_outcome refuse_time(lp_gateway *gateway, lp_code code) {
    lp_error error = {.code = code, .repo = LP_REPO_DIRECTOR, .role = LP_ROLE_TIME, .clause = "Uptane 2.1.0, 5.4.2.2"};
    return lp_delivery_refuse(gateway, &error, gateway->answer.message);
}

/* The time of this cycle. An attestation that does not verify may be signed by a key that only the next root has:
 * the chain of roots is followed then, under the old floor, and the result of that run is not used. */
static lp_outcome read_clock(lp_gateway *gateway, int64_t *now) {
    lp_code code = lp_clock_read(gateway, now);
    if (lp_clock_root_may_be_old(code)) {
        lp_plan ignored;
        lp_error error;
        char message[LP_FETCH_MESSAGE_BYTES];
        if (lp_clock_floor(gateway, now) != LP_OK) {
            return refuse_time(gateway, LP_STATE);
        }
        lp_plan_make(&ignored, gateway, *now, &error, message);
        lp_plan_free(&ignored);
        code = lp_clock_read(gateway, now);
    }
    return code == LP_OK ? LP_OUTCOME_DONE : refuse_time(gateway, code);
}

/* Waits until nobody is expected to report any more, the time is up, or a signal asks for something else. */
static void wait_for_reports(lp_gateway *gateway, const lp_delivery *delivery) {
    int64_t deadline = lp_loop_now_ms() + (int64_t)gateway->settings.wait_seconds * 1000;
    while (lp_delivery_expected(delivery) && !gateway->loop.stop && !gateway->loop.wake &&
           lp_loop_now_ms() < deadline) {
        if (lp_clock_wanted(gateway)) {
            serve_time(gateway);
        } else {
            lp_loop_step(&gateway->loop, deadline);
        }
    }
}

static lp_outcome update(lp_gateway *gateway, lp_own_image *own) {
    int64_t now;
    lp_error error;
    char message[LP_FETCH_MESSAGE_BYTES];
    lp_plan plan;
    lp_outcome outcome = read_clock(gateway, &now);
    if (outcome != LP_OUTCOME_DONE) {
        return outcome;
    }
    if (lp_plan_make(&plan, gateway, now, &error, message) != LP_OK) {
        outcome = lp_delivery_refuse(gateway, &error, message);
        lp_plan_free(&plan);
        return outcome;
    }
    lp_delivery delivery;
    outcome = lp_delivery_start(&delivery, gateway, &plan, now, own);
    if (outcome == LP_OUTCOME_DONE) {
        wait_for_reports(gateway, &delivery);
        outcome = lp_delivery_outcome(&delivery, own);
    }
    lp_delivery_free(&delivery);
    lp_plan_free(&plan);
    return outcome;
}

/* True while a secondary that can be called has sent no report since the last manifest. */
static bool report_missing(const lp_gateway *gateway) {
    for (size_t i = 0; i < gateway->inventory.count; i++) {
        const lp_secondary *secondary = &gateway->secondaries.of[i];
        if (i != gateway->own && secondary->record.registered && !secondary->changed) {
            return true;
        }
    }
    return false;
}

/* Directors take each report once, so every manifest needs fresh ones (Uptane 2.1.0, 5.4.2.1). */
static void collect_reports(lp_gateway *gateway) {
    int64_t deadline = lp_loop_now_ms() + COLLECT_MS;
    for (size_t i = 0; i < gateway->inventory.count; i++) {
        if (i != gateway->own && !gateway->secondaries.of[i].changed) {
            lp_coap_server_call(gateway->server, i);
        }
    }
    while (report_missing(gateway) && !gateway->loop.stop && lp_loop_now_ms() < deadline) {
        if (lp_clock_wanted(gateway)) {
            serve_time(gateway);
        } else {
            lp_loop_step(&gateway->loop, deadline);
        }
    }
}

/* Before everybody has reported once, only legacy directors take a manifest (Uptane 2.1.0, 5.3.2.1 step 3). */
static bool manifest_possible(const lp_gateway *gateway) {
    return gateway->settings.director_dialect == LP_DIALECT_LEGACY ||
           lp_secondaries_complete(&gateway->secondaries, gateway->own);
}

/* Says whose first report is waited for. */
static void tell_waiting(const lp_gateway *gateway) {
    for (size_t i = 0; i < gateway->inventory.count; i++) {
        const char *serial = gateway->inventory.ecus[i].serial;
        if (i != gateway->own && gateway->secondaries.of[i].record.report == NULL) {
            lp_log(LP_PROGRAM, LP_LOG_INFO, "no manifest for the director yet: waiting for the first report of %s",
                   serial);
            lp_progress_event(&gateway->progress, "waiting", "s:s", "ecu", serial);
        }
    }
}

static lp_outcome send_manifest(lp_gateway *gateway, const lp_own_image *own) {
    int64_t now;
    collect_reports(gateway);
    bool ok = lp_clock_floor(gateway, &now) == LP_OK && lp_uplink_ecus(gateway) == LP_OK;
    if (ok && !manifest_possible(gateway)) {
        tell_waiting(gateway);
        return LP_OUTCOME_DONE;
    }
    if (ok && lp_uplink_manifest(gateway, own, now) == LP_OK) {
        return LP_OUTCOME_DONE;
    }
    lp_log(LP_PROGRAM, LP_LOG_ERROR, "cannot use the state: %s", lp_ledger_error(gateway->ledger));
    return LP_OUTCOME_STATE;
}

static void log_outcome(const lp_gateway *gateway, lp_outcome outcome) {
    static const char *const names[] = {"up to date",  "refused",      "usage",
                                        "unreachable", "state failed", "update pending"};
    lp_log(LP_PROGRAM, outcome == LP_OUTCOME_DONE ? LP_LOG_INFO : LP_LOG_WARNING, "cycle ended: %s", names[outcome]);
    lp_progress_event(&gateway->progress, "outcome", "s:i, s:s", "status", (int)outcome, "text", names[outcome]);
}

lp_outcome lp_cycle_run(lp_gateway *gateway) {
    lp_own_image own;
    lp_own_image_read(&gateway->secondaries.of[gateway->own], &own);
    lp_own_image before = own;
    lp_outcome outcome = send_manifest(gateway, &own);
    if (outcome != LP_OUTCOME_DONE) {
        log_outcome(gateway, outcome);
        return outcome;
    }
    outcome = update(gateway, &own);
    bool changed = memcmp(&own, &before, sizeof own) != 0 || gateway->attacks[0] != '\0' ||
                   lp_secondaries_changed(&gateway->secondaries);
    if (changed && !gateway->loop.stop && manifest_possible(gateway) &&
        send_manifest(gateway, &own) != LP_OUTCOME_DONE) {
        outcome = LP_OUTCOME_STATE;
    }
    log_outcome(gateway, outcome);
    return outcome;
}

int64_t lp_cycle_between(lp_gateway *gateway) {
    if (lp_clock_wanted(gateway)) {
        serve_time(gateway);
    }
    if (!lp_secondaries_changed(&gateway->secondaries) || !manifest_possible(gateway)) {
        return LP_LOOP_FOREVER;
    }
    if (lp_loop_now_ms() < gateway->manifest_after_ms) {
        return gateway->manifest_after_ms;
    }
    lp_own_image own;
    settle(gateway, REPORT_SETTLE_MS);
    lp_own_image_read(&gateway->secondaries.of[gateway->own], &own);
    send_manifest(gateway, &own);
    gateway->manifest_after_ms = lp_loop_now_ms() + BETWEEN_MS;
    return LP_LOOP_FOREVER;
}
