/* SPDX-License-Identifier: Apache-2.0 */
/* The agent's turns: register, look at the news, verify and install if there are any, report, wait. */
#include "agent_internal.h"

#include "lampyr/encode.h"

#include <string.h>

void lp_agent_tell(const lp_agent *agent, lp_event_kind kind, uint64_t number, const char *image) {
    const lp_agent_port *port = agent->config.port;
    lp_agent_event event = {
        .kind = kind, .number = number, .total = agent->target.length_bytes, .image = image, .error = NULL};
    port->event(port, &event);
}

static void tell_error(const lp_agent *agent, lp_event_kind kind, const lp_error *error) {
    const lp_agent_port *port = agent->config.port;
    lp_agent_event event = {.kind = kind, .error = error};
    port->event(port, &event);
}

bool lp_agent_save(const lp_agent *agent) {
    return agent->config.port->record_store(agent->config.port, &agent->record);
}

bool lp_agent_new_nonce(lp_agent *agent) {
    uint8_t bytes[LP_NONCE_BYTES];
    if (!agent->config.port->random(agent->config.port, bytes, sizeof bytes)) {
        return false;
    }
    lp_hex_encode(bytes, sizeof bytes, agent->nonce);
    return true;
}

/* --- turns --- */

static void start_turn(lp_agent *agent) {
    agent->wake = false;
    if (!agent->registered) {
        lp_agent_register(agent);
        return;
    }
    agent->state = LP_AGENT_NEWS;
    if (lp_transfer_path(agent, (const char *[]){LP_WIRE_NEWS, agent->config.serial}, 2)) {
        lp_transfer_get(agent, LP_SINK_BUFFER, 0, LP_WIRE_NEWS_BYTES);
        agent->transfer.observe = true;
    }
}

/* After success the next look is a poll away, after a refusal too: it would end the same. Everything else is tried
 * again soon; and an image on trial has no time to lose. */
static void idle(lp_agent *agent, lp_code code) {
    bool final = code == LP_OK || code == LP_IMAGE_FAILED_BEFORE || lp_code_attack(code)[0] != '\0';
    lp_error error = {.code = code};
    agent->state = LP_AGENT_IDLE;
    agent->transfer.active = false;
    agent->transfer.in_flight = false; /* an answer that is still on its way is of no use */
    agent->config.port->metadata_release(agent->config.port);
    if (agent->wake) {
        agent->due_ms = agent->now_ms;
        agent->backoff_ms = agent->config.retry_ms;
    } else if (final && !agent->testing) {
        agent->due_ms = agent->now_ms + agent->config.poll_ms;
        agent->backoff_ms = agent->config.retry_ms;
    } else {
        agent->due_ms = agent->now_ms + agent->backoff_ms;
        uint32_t doubled = agent->backoff_ms > UINT32_MAX / 2 ? UINT32_MAX : 2 * agent->backoff_ms;
        uint32_t most = agent->testing ? agent->config.retry_ms : agent->config.poll_ms;
        agent->backoff_ms = doubled < most ? doubled : most;
    }
    tell_error(agent, LP_EVENT_TURN, &error);
}

void lp_agent_turn_end(lp_agent *agent, lp_code code) {
    bool settled = code == LP_OK || code == LP_IMAGE_FAILED_BEFORE; /* until there is news */
    agent->turn_code = code;
    agent->verify_due = !settled;
    if (settled) {
        agent->seen = agent->news;
    }
    /* An image on trial does not speak for the ECU. */
    if (agent->report_due && agent->registered && !agent->testing) {
        lp_agent_report(agent);
    } else {
        idle(agent, code);
    }
}

/* True if `word` is one of `words`, which a space separates. */
static bool contains(const char *words, const char *word) {
    size_t len = strlen(word);
    while (*words != '\0') {
        const char *end = words;
        while (*end != ' ' && *end != '\0') {
            end++;
        }
        if ((size_t)(end - words) == len && memcmp(words, word, len) == 0) {
            return true;
        }
        words = *end == ' ' ? end + 1 : end;
    }
    return false;
}

/* Adds the code's name to `attacks_detected`, once; what does not fit is left to the next report. */
static void remember_attack(lp_agent *agent, lp_code code) {
    char *attacks = agent->record.attacks;
    const char *name = lp_code_name(code);
    size_t len = strlen(attacks);
    size_t name_len = strlen(name);
    if (contains(attacks, name) || len + (len > 0) + name_len >= sizeof agent->record.attacks) {
        return;
    }
    if (len > 0) {
        attacks[len++] = ' ';
    }
    memcpy(attacks + len, name, name_len + 1);
    (void)lp_agent_save(agent); /* a cut before the report loses it, and the next turn finds it again */
}

void lp_agent_refuse(lp_agent *agent, const lp_error *error) {
    lp_code code = error->code;
    bool verifying = agent->state >= LP_AGENT_CHAIN && agent->state <= LP_AGENT_RECHECK;
    lp_agent_image_abort(agent);
    tell_error(agent, LP_EVENT_REFUSED, error);
    if (verifying && lp_code_attack(code)[0] != '\0') {
        remember_attack(agent, code);
        agent->report_due = true;
    }
    if (verifying) {
        lp_agent_turn_end(agent, code);
    } else {
        agent->report_due = true;
        idle(agent, code);
    }
}

void lp_agent_wait_for(lp_agent *agent, const lp_error *error) {
    lp_agent_image_abort(agent);
    tell_error(agent, LP_EVENT_WAITING, error);
    lp_agent_turn_end(agent, error->code);
}

void lp_agent_take_news(lp_agent *agent, const lp_news *news) {
    bool changed = memcmp(news, &agent->seen, sizeof *news) != 0;
    agent->news = *news;
    if (!changed && !agent->verify_due) {
        lp_agent_turn_end(agent, LP_OK);
    } else if (news->targets_version == 0 && !agent->testing) {
        lp_agent_wait_for(
            agent,
            &(lp_error){.code = LP_UNREACHABLE, .repo = LP_REPO_DIRECTOR, .role = LP_ROLE_TARGETS, .clause = ""});
    } else {
        lp_agent_verify(agent);
    }
}

/* --- events --- */

static void news_fetched(lp_agent *agent, const lp_result *result) {
    lp_news news = {.protocol = 0};
    lp_slice bytes = {(const uint8_t *)agent->buffer, (size_t)agent->transfer.offset_bytes};
    lp_code code = result->outcome == LP_OUTCOME_DONE     ? lp_news_read(bytes, &news)
                   : result->outcome == LP_OUTCOME_FAILED ? result->code
                                                          : LP_UNREACHABLE;
    if (code == LP_OK && agent->state == LP_AGENT_RECHECK) {
        lp_agent_rechecked(agent, &news);
    } else if (code == LP_OK) {
        lp_agent_take_news(agent, &news);
    } else {
        /* A primary that does not know us any more is told again who we are. */
        agent->registered =
            agent->registered && result->outcome != LP_OUTCOME_ABSENT && result->outcome != LP_OUTCOME_DENIED;
        lp_agent_refuse(agent, &(lp_error){.code = code, .subject = result->reason, .clause = ""});
    }
}

static void ended(lp_agent *agent, const lp_result *result) {
    switch (agent->state) {
    case LP_AGENT_REGISTER:
        lp_agent_registered(agent, result);
        if (agent->state == LP_AGENT_REGISTER) {
            start_turn(agent);
        }
        break;
    case LP_AGENT_NEWS:
    case LP_AGENT_RECHECK:
        news_fetched(agent, result);
        break;
    case LP_AGENT_CHAIN:
    case LP_AGENT_VERIFY:
        lp_agent_fetched(agent, result);
        break;
    case LP_AGENT_TIME:
        lp_agent_time_fetched(agent, result);
        break;
    case LP_AGENT_IMAGE:
        lp_agent_image_fetched(agent, result);
        break;
    case LP_AGENT_REPORT:
        lp_agent_reported(agent, result);
        if (agent->state == LP_AGENT_REPORT) {
            idle(agent, agent->turn_code);
        }
        break;
    default:
        break;
    }
}

lp_code lp_agent_begin(lp_agent *agent, const lp_agent_config *config, uint64_t now_ms) {
    memset(agent, 0, sizeof *agent);
    agent->config = *config;
    agent->state = LP_AGENT_IDLE;
    agent->now_ms = now_ms;
    agent->due_ms = now_ms;
    agent->confirm_due_ms = now_ms + config->confirm_ms;
    agent->backoff_ms = config->retry_ms;
    agent->verify_due = true;
    agent->report_due = true;
    if (!config->port->record_load(config->port, &agent->record) || !lp_agent_new_nonce(agent)) {
        return LP_STATE;
    }
    return lp_agent_reconcile(agent);
}

void lp_agent_end(lp_agent *agent) {
    lp_agent_image_abort(agent);
    agent->config.port->metadata_release(agent->config.port);
}

void lp_agent_next(lp_agent *agent, uint64_t now_ms, lp_action *action) {
    agent->now_ms = now_ms;
    *action = (lp_action){.kind = LP_ACTION_WAIT, .until_ms = UINT64_MAX};
    if (agent->testing && now_ms >= agent->confirm_due_ms) {
        agent->state = LP_AGENT_REBOOT; /* the boot loader brings the old image back */
    }
    if (agent->state == LP_AGENT_IDLE && now_ms >= agent->due_ms) {
        start_turn(agent);
    }
    if (agent->state == LP_AGENT_REBOOT) {
        action->kind = LP_ACTION_REBOOT;
        return;
    }
    if (agent->transfer.active && !agent->transfer.in_flight) {
        action->kind = LP_ACTION_REQUEST;
        lp_transfer_request(agent, &action->request);
        return;
    }
    if (agent->state == LP_AGENT_IDLE) {
        action->until_ms = agent->due_ms;
    }
    if (agent->testing && agent->confirm_due_ms < action->until_ms) {
        action->until_ms = agent->confirm_due_ms;
    }
}

void lp_agent_response(lp_agent *agent, uint64_t now_ms, const lp_response *response) {
    if (!agent->transfer.in_flight || agent->state == LP_AGENT_REBOOT) {
        return;
    }
    agent->now_ms = now_ms;
    lp_result result = lp_transfer_take(agent, response);
    if (result.outcome != LP_OUTCOME_MORE) {
        ended(agent, &result);
    }
}

void lp_agent_timeout(lp_agent *agent, uint64_t now_ms) {
    if (!agent->transfer.in_flight || agent->state == LP_AGENT_REBOOT) {
        return;
    }
    agent->now_ms = now_ms;
    agent->transfer.in_flight = false;
    agent->transfer.active = false;
    lp_result result = {.outcome = LP_OUTCOME_FAILED, .code = LP_UNREACHABLE};
    ended(agent, &result);
}

void lp_agent_notify(lp_agent *agent, uint64_t now_ms, lp_slice body) {
    lp_news news = {.protocol = 0};
    if (lp_news_read(body, &news) != LP_OK) {
        return; /* garbled: the next poll looks */
    }
    agent->now_ms = now_ms;
    agent->report_due = true;
    if (agent->state == LP_AGENT_IDLE && agent->registered) {
        lp_agent_take_news(agent, &news);
        return;
    }
    agent->wake = true;
    if (agent->state == LP_AGENT_IMAGE && news.targets_version != agent->news.targets_version) {
        lp_agent_image_abort(agent); /* another image is ordered, perhaps; what came of this one stays */
        agent->verify_due = true;
        idle(agent, LP_UNREACHABLE);
    }
}

void lp_agent_poke(lp_agent *agent, uint64_t now_ms) {
    agent->now_ms = now_ms;
    agent->report_due = true;
    agent->wake = true;
    if (agent->state == LP_AGENT_IDLE) {
        agent->due_ms = now_ms;
    }
}
