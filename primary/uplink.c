/* SPDX-License-Identifier: Apache-2.0 */
#include "uplink.h"

#include "lampyr-host/log.h"
#include "lampyr/limits.h"

#include <stdlib.h>
#include <string.h>

enum { ANSWER_BYTES = 64 * 1024 }; /* endless data: answers are a line, or signed time */

static void on_done(void *ctx, const lp_fetch_result *result) {
    lp_answer *answer = ctx;
    answer->ended = true;
    answer->outcome = result->outcome;
    answer->code = result->code;
    answer->status = result->status;
    answer->body = result->body;
    answer->body_bytes = result->body_bytes;
    snprintf(answer->message, sizeof answer->message, "%s", result->outcome == LP_FETCH_OK ? "" : result->message);
}

/* Sends `body` to <director>/<name> and waits for the answer, or for the order to stop. */
static lp_code exchange(lp_gateway *gateway, lp_fetch_method method, const char *name, lp_slice body) {
    lp_answer *answer = &gateway->answer;
    char url[LP_FETCH_URL_BYTES];
    free(answer->body);
    *answer = (lp_answer){.code = LP_UNREACHABLE, .outcome = LP_FETCH_FAILED};
    lp_request request = {
        .method = method, .url = url, .body = body, .max_bytes = ANSWER_BYTES, .done = on_done, .ctx = answer};
    if (gateway->loop.stop) {
        snprintf(answer->message, sizeof answer->message, "%s: interrupted", name);
        return LP_UNREACHABLE;
    }
    if (!lp_fetch_locate(gateway->settings.director_url, name, url) || !lp_fetch_start(gateway->fetch, &request)) {
        snprintf(answer->message, sizeof answer->message, "cannot ask %s for %s: out of memory or URL too long",
                 gateway->settings.director_url, name);
        return LP_UNREACHABLE;
    }
    if (!lp_gateway_await(gateway, &answer->ended)) {
        snprintf(answer->message, sizeof answer->message, "%s: interrupted", url);
        return LP_UNREACHABLE;
    }
    return answer->outcome == LP_FETCH_OK ? LP_OK : answer->outcome == LP_FETCH_ABSENT ? LP_UNREACHABLE : answer->code;
}

lp_code lp_uplink_time(lp_gateway *gateway, lp_slice body) {
    return exchange(gateway, LP_FETCH_POST, "time", body);
}

/* The set of ECUs, as a number to remember. */
static int64_t fingerprint(lp_slice body) {
    uint8_t digest[LP_SHA256_BYTES] = {0};
    int64_t value = 0;
    if (lp_digest(&lp_crypto_openssl, LP_SHA256, body, digest)) {
        memcpy(&value, digest, sizeof value);
    }
    return value;
}

lp_code lp_uplink_ecus(lp_gateway *gateway) {
    uint8_t *body;
    size_t len;
    int64_t sent = 0;
    if (lp_manifest_ecus(&gateway->secondaries, &body, &len) != LP_OK) {
        return LP_STATE;
    }
    int64_t now = fingerprint((lp_slice){body, len});
    bool ok = lp_ledger_get(gateway->ledger, LP_FACT_ECUS_SENT, &sent);
    if (ok && sent != now) {
        lp_code code = exchange(gateway, LP_FETCH_POST, "ecus", (lp_slice){body, len});
        if (code != LP_OK) {
            lp_log(LP_PROGRAM, LP_LOG_WARNING, "the director did not take the list of ECUs: %s",
                   gateway->answer.message);
        }
        /* an answer is final, whatever it says; no answer is not */
        ok = gateway->answer.status == 0 || lp_ledger_set(gateway->ledger, LP_FACT_ECUS_SENT, now);
    }
    free(body);
    return ok ? LP_OK : LP_STATE;
}

lp_code lp_uplink_manifest(lp_gateway *gateway, const lp_own_image *image, int64_t time) {
    lp_secondaries *secondaries = &gateway->secondaries;
    lp_report_view before;
    bool reported = lp_secondary_report(&secondaries->of[gateway->own], &before);
    lp_own_facts facts = {
        .attacks = gateway->attacks, .time = time, .previous_time = reported ? before.time : gateway->provisioned_time};
    uint8_t *manifest;
    size_t len;
    lp_code code = lp_manifest_report(secondaries, &gateway->key.signer, image, &facts);
    if (code == LP_OK) {
        code = lp_manifest_write(secondaries, &gateway->key.signer, &manifest, &len);
    }
    if (code != LP_OK) {
        lp_log(LP_PROGRAM, LP_LOG_ERROR, "cannot write the vehicle version manifest: %s", lp_code_text(code));
        return LP_STATE;
    }
    lp_secondaries_sent(secondaries); /* what comes in from now on is not in this manifest */
    code = exchange(gateway, LP_FETCH_PUT, "manifest", (lp_slice){manifest, len});
    free(manifest);
    if (code == LP_OK) {
        gateway->attacks[0] = '\0';
    } else {
        lp_log(LP_PROGRAM, LP_LOG_WARNING, "the director did not take the vehicle version manifest: %s",
               gateway->answer.message);
    }
    return LP_OK;
}
