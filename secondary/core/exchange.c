/* SPDX-License-Identifier: Apache-2.0 */
/* Registration and version reports. */
#include "agent_internal.h"

#include <string.h>

/* What the primary's word for a denial means (docs/POUF.md, "CoAP"). */
static lp_error denial(const lp_result *result) {
    static const lp_code known[] = {LP_UNKNOWN_ECU, LP_SIGNATURE_THRESHOLD, LP_ROLLBACK_VERSION};
    lp_error error = {.code = LP_UNREACHABLE, .subject = result->reason, .clause = ""};
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        if (lp_str_is(result->reason, lp_code_name(known[i]))) {
            error.code = known[i];
        }
    }
    return error;
}

static void set_text(char *out, size_t out_bytes, const char *text) {
    size_t len = strlen(text);
    len = len < out_bytes ? len : out_bytes - 1;
    memcpy(out, text, len);
    out[len] = '\0';
}

void lp_agent_register(lp_agent *agent) {
    const lp_agent_config *config = &agent->config;
    const lp_image *image = &agent->record.installed;
    lp_registration body = {.protocol = LP_WIRE_PROTOCOL,
                            .key = config->public_key,
                            .image_bytes = image->length_bytes,
                            .block_bytes = config->block_bytes,
                            .full = config->verifier->full};
    set_text(body.serial, sizeof body.serial, config->serial);
    set_text(body.hardware, sizeof body.hardware, config->hardware);
    set_text(body.vendor, sizeof body.vendor, config->vendor);
    set_text(body.image_name, sizeof body.image_name, image->name);
    set_text(body.nonce, sizeof body.nonce, agent->nonce);
    memcpy(body.image_sha256, image->hashes.sha256, LP_SHA256_BYTES);
    lp_slice bytes;
    lp_code code = lp_registration_write(&body, agent->buffer, sizeof agent->buffer, &bytes);
    if (code != LP_OK || !lp_transfer_path(agent, (const char *[]){LP_WIRE_REGISTER}, 1)) {
        lp_agent_refuse(agent, &(lp_error){.code = code, .clause = ""});
        return;
    }
    agent->state = LP_AGENT_REGISTER;
    lp_transfer_post(agent, bytes);
}

void lp_agent_registered(lp_agent *agent, const lp_result *result) {
    if (result->outcome != LP_OUTCOME_DONE) {
        lp_error error = denial(result);
        lp_agent_refuse(agent, &error);
        return;
    }
    agent->registered = true;
    agent->report_due = true;
    lp_agent_tell(agent, LP_EVENT_REGISTERED, 0, NULL);
}

/* The counter is used up before the report leaves: no cut lets it be used again (Uptane 2.1.0, 5.4.2.1.2). */
void lp_agent_report(lp_agent *agent) {
    lp_record *record = &agent->record;
    const lp_image *image = &record->installed;
    record->report_counter++;
    lp_code code = lp_agent_save(agent) ? LP_OK : LP_STATE;
    lp_report report = {.serial = agent->config.serial,
                        .image_name = image->name,
                        .image_bytes = image->length_bytes,
                        .attacks = record->attacks,
                        .failed_image = record->trial_state == LP_TRIAL_FAILED ? record->trial.name : NULL,
                        .counter = record->report_counter,
                        .time = record->time_floor,
                        .previous_time = record->previous_time};
    memcpy(report.image_sha256, image->hashes.sha256, LP_SHA256_BYTES);
    lp_slice bytes;
    if (code == LP_OK) {
        code = lp_report_write(&report, agent->config.dialect, agent->config.signer, agent->buffer,
                               sizeof agent->buffer, &bytes);
    }
    agent->report_due = false; /* a failure makes it due again */
    if (code != LP_OK || !lp_transfer_path(agent, (const char *[]){LP_WIRE_REPORT, agent->config.serial}, 2)) {
        agent->state = LP_AGENT_REPORT;
        lp_agent_refuse(agent, &(lp_error){.code = code, .clause = LP_CLAUSE("Uptane 2.1.0, 5.4.3.6")});
        return;
    }
    set_text(agent->transfer.query, sizeof agent->transfer.query, agent->nonce);
    agent->state = LP_AGENT_REPORT;
    lp_transfer_post(agent, bytes);
}

/* An ECU that lost its memory counts anew, and all its reports are taken for replays. It goes on at the time in
 * seconds: nobody makes a report in each. */
static void skip_used_counters(lp_record *record) {
    if (record->time_floor > 0 && record->report_counter < (uint64_t)record->time_floor) {
        record->report_counter = (uint64_t)record->time_floor;
    }
}

void lp_agent_reported(lp_agent *agent, const lp_result *result) {
    if (result->outcome != LP_OUTCOME_DONE) {
        agent->registered = agent->registered && result->outcome != LP_OUTCOME_DENIED;
        lp_error error = denial(result);
        if (error.code == LP_ROLLBACK_VERSION) {
            skip_used_counters(&agent->record);
        }
        lp_agent_refuse(agent, &error);
        return;
    }
    if (agent->record.attacks[0] != '\0') {
        agent->record.attacks[0] = '\0';
        (void)lp_agent_save(agent); /* at worst the same attack is reported again */
    }
    lp_agent_tell(agent, LP_EVENT_REPORTED, agent->record.report_counter, NULL);
}
