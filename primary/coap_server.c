/* SPDX-License-Identifier: Apache-2.0 */
#include "coap_server.h"

#include "lampyr-host/log.h"

#include <ctype.h>
#include <errno.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>

enum {
    ADDRESS_BYTES = 96,
    SPARE_SESSIONS = 64, /* peers that may come and go besides the inventory's: session exhaustion */
};

/* One ECU's side of the server. */
typedef struct peer {
    coap_session_t *session; /* referenced, or NULL */
    coap_resource_t *news;   /* /u/<serial> */
    bool observing;
} peer;

struct lp_coap_server {
    coap_context_t *context;
    lp_requests *requests;
    peer *peers; /* one per ECU of the inventory */
    size_t peer_count;
    coap_address_t bound;
    char address[ADDRESS_BYTES];
};

/* libcoap's own warnings are about single peers; its errors are worth a line. */
static void on_log(coap_log_t level, const char *message) {
    (void)level;
    lp_log("lampyr-primary", LP_LOG_ERROR, "libcoap: %.*s", (int)strcspn(message, "\n"), message);
}

static void on_request(coap_resource_t *resource, coap_session_t *session, const coap_pdu_t *request,
                       const coap_string_t *query, coap_pdu_t *response) {
    (void)resource;
    (void)query;
    lp_coap_server *server = coap_get_app_data(coap_session_get_context(session));
    lp_request_effect effect;
    lp_requests_answer(server->requests, session, request, response, &effect);
    if (effect.observing >= 0) {
        server->peers[effect.observing].observing = true;
    }
    if (effect.registered >= 0) {
        peer *p = &server->peers[effect.registered];
        coap_session_t *before = p->session;
        p->observing = p->observing && before == session;
        p->session = coap_session_reference(session);
        coap_session_release(before);
    }
}

/* A notification that was not delivered ends the observation; the ECU is poked from then on. */
static void on_nack(coap_session_t *session, const coap_pdu_t *sent, const coap_nack_reason_t reason,
                    const coap_mid_t mid) {
    (void)sent;
    (void)reason;
    (void)mid;
    lp_coap_server *server = coap_get_app_data(coap_session_get_context(session));
    for (size_t i = 0; i < server->peer_count; i++) {
        if (server->peers[i].session == session) {
            server->peers[i].observing = false;
        }
    }
}

static coap_response_t on_response(coap_session_t *session, const coap_pdu_t *sent, const coap_pdu_t *received,
                                   const coap_mid_t mid) {
    (void)session;
    (void)sent;
    (void)received;
    (void)mid;
    return COAP_RESPONSE_OK; /* to a poke: what counts is that it comes */
}

/* Splits "[host]:port" or "host:port" and resolves it without a name service. */
static bool parse_address(const char *text, coap_address_t *out) {
    char host[ADDRESS_BYTES];
    const char *colon = strrchr(text, ':');
    if (colon == NULL || (size_t)(colon - text) >= sizeof host) {
        return false;
    }
    bool bracketed = text[0] == '[' && colon > text && colon[-1] == ']';
    snprintf(host, sizeof host, "%.*s", (int)(colon - text) - (bracketed ? 2 : 0), text + (bracketed ? 1 : 0));
    char *end;
    unsigned long port = strtoul(colon + 1, &end, 10);
    if (!isdigit((unsigned char)colon[1]) || *end != '\0' || port > UINT16_MAX) {
        return false; /* getaddrinfo() takes any number, and cuts it */
    }
    struct addrinfo hints = {.ai_socktype = SOCK_DGRAM, .ai_flags = AI_PASSIVE | AI_NUMERICHOST | AI_NUMERICSERV};
    struct addrinfo *found;
    if (getaddrinfo(host, colon + 1, &hints, &found) != 0) {
        return false;
    }
    coap_address_init(out);
    out->size = found->ai_addrlen;
    memcpy(&out->addr, found->ai_addr, found->ai_addrlen);
    freeaddrinfo(found);
    return true;
}

/* The path of an ECU's news as libcoap spells it: escapes differ between libraries. */
static coap_string_t *news_path(const char *serial) {
    coap_pdu_t *pdu = coap_pdu_init(COAP_MESSAGE_NON, COAP_REQUEST_CODE_GET, 0, 2 * ADDRESS_BYTES);
    coap_string_t *path = NULL;
    if (pdu != NULL &&
        coap_add_option(pdu, COAP_OPTION_URI_PATH, strlen(LP_WIRE_NEWS), (const uint8_t *)LP_WIRE_NEWS) != 0 &&
        coap_add_option(pdu, COAP_OPTION_URI_PATH, strlen(serial), (const uint8_t *)serial) != 0) {
        path = coap_get_uri_path(pdu);
    }
    coap_delete_pdu(pdu);
    return path;
}

static bool add_news(lp_coap_server *server, size_t index) {
    coap_string_t *path = news_path(server->requests->secondaries->inventory->ecus[index].serial);
    if (path == NULL) {
        return false;
    }
    coap_str_const_t name = {path->length, path->s};
    coap_resource_t *news = coap_resource_init(&name, COAP_RESOURCE_FLAGS_NOTIFY_CON); /* copies the name */
    coap_delete_string(path);
    if (news == NULL) {
        return false;
    }
    coap_resource_set_get_observable(news, 1);
    coap_register_request_handler(news, COAP_REQUEST_GET, on_request);
    coap_add_resource(server->context, news);
    server->peers[index].news = news;
    return true;
}

/* Everything but news goes through one resource, which dispatches by path. */
static bool add_resources(lp_coap_server *server) {
    coap_resource_t *rest = coap_resource_unknown_init(NULL);
    if (rest == NULL) {
        return false;
    }
    coap_register_request_handler(rest, COAP_REQUEST_GET, on_request);
    coap_register_request_handler(rest, COAP_REQUEST_POST, on_request);
    coap_add_resource(server->context, rest);
    for (size_t i = 0; i < server->peer_count; i++) {
        if (!add_news(server, i)) {
            return false;
        }
    }
    return true;
}

static bool start(lp_coap_server *server, const coap_address_t *address) {
    server->context = coap_new_context(NULL);
    if (server->context == NULL) {
        return false;
    }
    coap_set_app_data(server->context, server);
    coap_context_set_max_idle_sessions(server->context, (unsigned)server->peer_count + SPARE_SESSIONS);
    coap_register_nack_handler(server->context, on_nack);
    coap_register_response_handler(server->context, on_response);
    coap_endpoint_t *endpoint = coap_new_endpoint(server->context, address, COAP_PROTO_UDP);
    if (endpoint == NULL || !add_resources(server)) {
        return false;
    }
    const char *text = coap_endpoint_str(endpoint); /* "[::1]:5683 UDP" */
    snprintf(server->address, sizeof server->address, "%.*s", (int)strcspn(text, " "), text);
    return parse_address(server->address, &server->bound);
}

bool lp_coap_address_valid(const char *address) {
    coap_address_t parsed;
    return parse_address(address, &parsed);
}

lp_coap_server *lp_coap_server_start(const char *address, lp_requests *requests, char *message, size_t message_bytes) {
    coap_address_t parsed;
    if (!parse_address(address, &parsed)) {
        snprintf(message, message_bytes, "%s is no numeric address and port like [::1]:5683", address);
        return NULL;
    }
    errno = 0;
    coap_startup();
    coap_set_log_handler(on_log);
    coap_set_log_level(LOG_ERR);
    lp_coap_server *server = calloc(1, sizeof *server);
    if (server != NULL) {
        server->requests = requests;
        server->peer_count = requests->secondaries->inventory->count;
        server->peers = calloc(server->peer_count, sizeof *server->peers);
    }
    if (server == NULL || server->peers == NULL || !start(server, &parsed)) {
        snprintf(message, message_bytes, "cannot listen for CoAP at %s: %s", address,
                 errno == 0 ? "out of memory" : strerror(errno));
        lp_coap_server_stop(server);
        return NULL;
    }
    return server;
}

void lp_coap_server_stop(lp_coap_server *server) {
    if (server == NULL) {
        return;
    }
    for (size_t i = 0; server->peers != NULL && i < server->peer_count; i++) {
        coap_session_release(server->peers[i].session);
    }
    if (server->context != NULL) {
        coap_free_context(server->context);
    }
    coap_cleanup();
    free(server->peers);
    free(server);
}

const char *lp_coap_server_address(const lp_coap_server *server) {
    return server->address;
}

int lp_coap_server_fd(const lp_coap_server *server) {
    return coap_context_get_coap_fd(server->context);
}

void lp_coap_server_process(lp_coap_server *server) {
    coap_io_process(server->context, COAP_IO_NO_WAIT);
}

/* The connection over which to poke an ECU: the one it registered on, or a new one from our own port, because a
 * secondary may take datagrams from there only. */
static coap_session_t *session_of(lp_coap_server *server, size_t index) {
    peer *p = &server->peers[index];
    const lp_ledger_ecu *record = &server->requests->secondaries->of[index].record;
    if (p->session != NULL && coap_session_get_state(p->session) != COAP_SESSION_STATE_ESTABLISHED) {
        coap_session_release(p->session);
        p->session = NULL;
    }
    coap_address_t remote;
    coap_address_init(&remote);
    if (p->session == NULL && record->registered && record->address_bytes <= sizeof remote.addr) {
        remote.size = record->address_bytes;
        memcpy(&remote.addr, &record->address, record->address_bytes);
        p->session = coap_new_client_session(server->context, &server->bound, &remote, COAP_PROTO_UDP);
    }
    return p->session;
}

static void poke(coap_session_t *session) {
    uint8_t token[8];
    size_t len;
    coap_pdu_t *pdu = coap_new_pdu(COAP_MESSAGE_CON, COAP_REQUEST_CODE_POST, session);
    if (pdu == NULL) {
        return;
    }
    coap_session_new_token(session, &len, token);
    if (coap_add_token(pdu, len, token) == 0 ||
        coap_add_option(pdu, COAP_OPTION_URI_PATH, strlen(LP_WIRE_POKE), (const uint8_t *)LP_WIRE_POKE) == 0) {
        coap_delete_pdu(pdu);
        return;
    }
    coap_send(session, pdu); /* takes the message, sent or not */
}

void lp_coap_server_call(lp_coap_server *server, size_t index) {
    peer *p = &server->peers[index];
    if (p->observing) {
        coap_resource_notify_observers(p->news, NULL);
        lp_coap_server_process(server); /* notifications leave with the next round */
        return;
    }
    coap_session_t *session = session_of(server, index);
    if (session != NULL) {
        poke(session);
    }
}
