/* SPDX-License-Identifier: Apache-2.0 */
#include "coap_requests.h"

#include "lampyr-host/log.h"
#include "lampyr/path.h"

#include <stdlib.h>
#include <string.h>

enum {
    PATH_SEGMENTS = 5,
    TIME_RETRY_SECONDS = 1, /* Max-Age of 5.03: when to ask again */
};

/* Uri-Path, and the first Uri-Query, of a request; decoded and terminated. */
typedef struct target {
    char text[LP_URL_BYTES]; /* all segments, each terminated */
    const char *segment[PATH_SEGMENTS];
    size_t segments;
    size_t len;
    char query[LP_NONCE_TEXT_BYTES];
} target;

/* One request being answered. */
typedef struct exchange {
    lp_requests *requests;
    const coap_session_t *session;
    const coap_pdu_t *request;
    coap_pdu_t *response;
    target to;
} exchange;

static bool add_segment(target *to, const coap_opt_t *option) {
    size_t len = coap_opt_length(option);
    const uint8_t *bytes = coap_opt_value(option);
    if (to->segments == PATH_SEGMENTS || len + 1 > sizeof to->text - to->len || memchr(bytes, '\0', len) != NULL) {
        return false;
    }
    to->segment[to->segments++] = to->text + to->len;
    memcpy(to->text + to->len, bytes, len);
    to->len += len;
    to->text[to->len++] = '\0';
    return true;
}

static bool read_target(const coap_pdu_t *request, target *to) {
    coap_opt_iterator_t iter;
    *to = (target){.segments = 0};
    coap_option_iterator_init(request, &iter, COAP_OPT_ALL);
    for (const coap_opt_t *option; (option = coap_option_next(&iter)) != NULL;) {
        if (iter.number == COAP_OPTION_URI_PATH && !add_segment(to, option)) {
            return false;
        }
        if (iter.number == COAP_OPTION_URI_QUERY && to->query[0] == '\0' &&
            coap_opt_length(option) < sizeof to->query) {
            memcpy(to->query, coap_opt_value(option), coap_opt_length(option));
        }
    }
    return true;
}

static bool path_is(const target *to, const char *first, size_t segments) {
    return to->segments == segments && strcmp(to->segment[0], first) == 0;
}

/* Answers with a code and, as payload, the reason by name. */
static void refuse(const exchange *x, coap_pdu_code_t status, const char *reason) {
    coap_pdu_set_code(x->response, status);
    coap_add_data(x->response, strlen(reason), (const uint8_t *)reason);
}

static void answer(const exchange *x, const lp_representation *what, uint64_t block_bytes) {
    lp_block_sent sent;
    lp_block_answer(x->request, x->response, what->bytes, what->etag, block_bytes, &sent);
}

static void answer_found(const exchange *x, bool found, const lp_representation *what, uint64_t block_bytes) {
    if (found) {
        answer(x, what, block_bytes);
    } else {
        coap_pdu_set_code(x->response, COAP_RESPONSE_CODE_NOT_FOUND);
    }
}

/* The largest block that both this primary and the ECU take. */
static uint64_t block_bytes_of(const exchange *x, size_t index) {
    uint64_t own = x->requests->block_bytes;
    uint64_t ecu = x->requests->secondaries->of[index].record.block_bytes;
    return ecu != 0 && ecu < own ? ecu : own;
}

static const char *serial_of(const exchange *x, size_t index) {
    return x->requests->secondaries->inventory->ecus[index].serial;
}

static void get_news(const exchange *x, size_t index, lp_request_effect *effect) {
    coap_opt_iterator_t iter;
    const coap_opt_t *observe = coap_check_option(x->request, COAP_OPTION_OBSERVE, &iter);
    if (observe != NULL &&
        coap_decode_var_bytes(coap_opt_value(observe), coap_opt_length(observe)) == COAP_OBSERVE_ESTABLISH) {
        effect->observing = (int)index;
    }
    char buffer[LP_WIRE_NEWS_BYTES];
    lp_news news;
    lp_representation body = {.mapped = false};
    lp_relay_news(x->requests->relay, index, &news);
    if (lp_news_write(&news, buffer, sizeof buffer, &body.bytes) != LP_OK) {
        coap_pdu_set_code(x->response, COAP_RESPONSE_CODE_INTERNAL_ERROR);
        return;
    }
    memcpy(body.etag, &news.targets_version, sizeof body.etag); /* of use only below 32-byte blocks */
    answer(x, &body, block_bytes_of(x, index));
}

static void get_director(const exchange *x, size_t index) {
    lp_representation what;
    if (x->to.segments == 3 && strcmp(x->to.segment[2], "targets") == 0) {
        answer_found(x, lp_relay_targets(x->requests->relay, &what), &what, block_bytes_of(x, index));
        return;
    }
    char *end = NULL;
    if (x->to.segments == 4 && strcmp(x->to.segment[2], "root") == 0) {
        unsigned long long version = strtoull(x->to.segment[3], &end, 10);
        if (x->to.segment[3][0] >= '1' && x->to.segment[3][0] <= '9' && *end == '\0') {
            answer_found(x, lp_relay_root(x->requests->relay, version, &what), &what, block_bytes_of(x, index));
            return;
        }
    }
    coap_pdu_set_code(x->response, COAP_RESPONSE_CODE_NOT_FOUND);
}

static void get_image(const exchange *x, size_t index) {
    lp_representation image;
    lp_block_sent sent;
    if (!lp_relay_image(x->requests->relay, index, &image)) {
        coap_pdu_set_code(x->response, COAP_RESPONSE_CODE_NOT_FOUND);
        return;
    }
    if (!lp_block_answer(x->request, x->response, image.bytes, image.etag, block_bytes_of(x, index), &sent)) {
        return;
    }
    lp_progress_event(x->requests->progress, "served", "s:s, s:I, s:I", "ecu", serial_of(x, index), "offset",
                      (long long)sent.offset + (long long)sent.len, "total", (long long)image.bytes.len);
    if (sent.offset + sent.len == image.bytes.len) {
        lp_log(x->requests->program, LP_LOG_INFO, "%s: image served, %zu bytes", serial_of(x, index), image.bytes.len);
    }
}

/* GET /m/<repository>/<file>; in legacy the file may be in the folder "delegations". */
static void get_metadata(const exchange *x) {
    const target *to = &x->to;
    char file[LP_URL_BYTES];
    lp_representation what;
    lp_repo repo = strcmp(to->segment[1], lp_repo_name(LP_REPO_DIRECTOR)) == 0 ? LP_REPO_DIRECTOR
                   : strcmp(to->segment[1], lp_repo_name(LP_REPO_IMAGE)) == 0  ? LP_REPO_IMAGE
                                                                               : LP_REPO_NONE;
    int len = snprintf(file, sizeof file, "%s%s%s", to->segment[2], to->segments == 4 ? "/" : "",
                       to->segments == 4 ? to->segment[3] : "");
    bool found = repo != LP_REPO_NONE && len > 0 && (size_t)len < sizeof file &&
                 lp_relay_metadata(x->requests->relay, repo, file, &what);
    answer_found(x, found, &what, x->requests->block_bytes);
}

/* Remembers that somebody waits for an attestation with this nonce. */
static void want_nonce(lp_requests *requests, const char *nonce) {
    for (size_t i = 0; i < requests->wanted_count; i++) {
        if (strcmp(requests->wanted[i], nonce) == 0) {
            return;
        }
    }
    if (requests->wanted_count < LP_WANTED_NONCES) {
        snprintf(requests->wanted[requests->wanted_count++], LP_NONCE_TEXT_BYTES, "%s", nonce);
    }
}

static void get_time(const exchange *x) {
    lp_representation attestation;
    if (!lp_nonce_valid(x->to.query)) {
        refuse(x, COAP_RESPONSE_CODE_BAD_REQUEST, lp_code_name(LP_FIELD_VALUE));
        return;
    }
    if (lp_relay_time(x->requests->relay, x->to.query, &attestation)) {
        answer(x, &attestation, x->requests->block_bytes);
        return;
    }
    uint8_t max_age = TIME_RETRY_SECONDS;
    want_nonce(x->requests, x->to.query);
    coap_pdu_set_code(x->response, COAP_RESPONSE_CODE_SERVICE_UNAVAILABLE);
    coap_add_option(x->response, COAP_OPTION_MAXAGE, sizeof max_age, &max_age);
}

static coap_pdu_code_t status_of(lp_code code) {
    switch (code) {
    case LP_STATE:
        return COAP_RESPONSE_CODE_INTERNAL_ERROR;
    case LP_UNKNOWN_ECU:
    case LP_SIGNATURE_THRESHOLD:
    case LP_ROLLBACK_VERSION:
        return COAP_RESPONSE_CODE_FORBIDDEN;
    default:
        return COAP_RESPONSE_CODE_BAD_REQUEST;
    }
}

static void post_registration(const exchange *x, lp_slice body, lp_request_effect *effect) {
    lp_requests *requests = x->requests;
    const coap_address_t *peer = coap_session_get_addr_remote(x->session);
    size_t index;
    lp_code code = lp_secondaries_register(requests->secondaries, body, &peer->addr.sa, peer->size, &index);
    if (code != LP_OK) {
        lp_log(requests->program, LP_LOG_WARNING, "registration from %s refused: %s (%s)", coap_session_str(x->session),
               lp_code_name(code), lp_code_text(code));
        lp_progress_event(requests->progress, "refused", "s:s", "code", lp_code_name(code));
        refuse(x, status_of(code), lp_code_name(code));
        return;
    }
    effect->registered = (int)index;
    lp_log(requests->program, LP_LOG_INFO, "%s registered (%s, %s verification)", serial_of(x, index),
           requests->secondaries->inventory->ecus[index].hardware,
           requests->secondaries->of[index].record.full ? "full" : "partial");
    lp_progress_event(requests->progress, "registered", "s:s, s:s", "ecu", serial_of(x, index), "hardware",
                      requests->secondaries->inventory->ecus[index].hardware);
    coap_pdu_set_code(x->response, COAP_RESPONSE_CODE_CHANGED);
}

static void post_report(const exchange *x, size_t index, lp_slice body) {
    lp_requests *requests = x->requests;
    lp_code code = lp_secondaries_report(requests->secondaries, index, body, x->to.query);
    if (code != LP_OK) {
        lp_log(requests->program, LP_LOG_WARNING, "%s: report refused: %s (%s)", serial_of(x, index),
               lp_code_name(code), lp_code_text(code));
        lp_progress_event(requests->progress, "refused", "s:s, s:s", "ecu", serial_of(x, index), "code",
                          lp_code_name(code));
        refuse(x, status_of(code), lp_code_name(code));
        return;
    }
    char line[LP_REPORT_LINE_BYTES];
    lp_secondary_describe(&requests->secondaries->of[index], line);
    lp_log(requests->program, LP_LOG_INFO, "%s reports %s", serial_of(x, index), line);
    lp_progress_event(requests->progress, "reported", "s:s, s:s", "ecu", serial_of(x, index), "report", line);
    coap_pdu_set_code(x->response, COAP_RESPONSE_CODE_CHANGED);
}

static void answer_get(const exchange *x, lp_request_effect *effect) {
    const target *to = &x->to;
    if (path_is(to, LP_WIRE_TIME, 1)) {
        get_time(x);
        return;
    }
    if (to->segments >= 3 && to->segments <= 4 && strcmp(to->segment[0], LP_WIRE_METADATA) == 0) {
        get_metadata(x);
        return;
    }
    int index = to->segments >= 2 ? lp_inventory_find(x->requests->secondaries->inventory, to->segment[1]) : -1;
    if (index >= 0 && path_is(to, LP_WIRE_NEWS, 2)) {
        get_news(x, (size_t)index, effect);
    } else if (index >= 0 && path_is(to, LP_WIRE_IMAGE, 2)) {
        get_image(x, (size_t)index);
    } else if (index >= 0 && strcmp(to->segment[0], LP_WIRE_NEWS) == 0) {
        get_director(x, (size_t)index);
    } else {
        coap_pdu_set_code(x->response, COAP_RESPONSE_CODE_NOT_FOUND);
    }
}

static void answer_post(const exchange *x, lp_request_effect *effect) {
    const target *to = &x->to;
    lp_requests *requests = x->requests;
    bool registration = path_is(to, LP_WIRE_REGISTER, 1);
    int index =
        path_is(to, LP_WIRE_REPORT, 2) ? lp_inventory_find(requests->secondaries->inventory, to->segment[1]) : -1;
    lp_slice body;
    if (!registration && !path_is(to, LP_WIRE_REPORT, 2)) {
        coap_pdu_set_code(x->response, COAP_RESPONSE_CODE_NOT_FOUND);
    } else if (!registration && (index < 0 || strcmp(to->segment[1], requests->secondaries->inventory->primary) == 0)) {
        refuse(x, COAP_RESPONSE_CODE_FORBIDDEN, lp_code_name(LP_UNKNOWN_ECU));
    } else if (!lp_body_collect(&requests->bodies, x->session, to->segment[registration ? 0 : 1], x->request,
                                x->response, &body)) {
        return;
    } else if (registration) {
        post_registration(x, body, effect);
    } else {
        post_report(x, (size_t)index, body);
    }
}

void lp_requests_answer(lp_requests *requests, const coap_session_t *session, const coap_pdu_t *request,
                        coap_pdu_t *response, lp_request_effect *effect) {
    exchange x = {.requests = requests, .session = session, .request = request, .response = response};
    *effect = (lp_request_effect){-1, -1};
    if (!read_target(request, &x.to)) {
        coap_pdu_set_code(response, COAP_RESPONSE_CODE_BAD_OPTION);
        return;
    }
    if (coap_pdu_get_code(request) == COAP_REQUEST_CODE_GET) {
        answer_get(&x, effect);
    } else {
        answer_post(&x, effect);
    }
}
