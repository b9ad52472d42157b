/* SPDX-License-Identifier: Apache-2.0 */
#include "link.h"

#include "clock.h"
#include "program.h"

#include <coap3/coap.h>
#include <errno.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>

enum {
    SZX_MAX = 6,
    TOKEN_BYTES = 8,
    ADDRESS_TEXT_BYTES = 96,
    /* libcoap gives a request up that is never acknowledged. One that is acknowledged and then not answered is given
     * up here, after the longest time a confirmable exchange takes (RFC 7252, 4.8.2: MAX_TRANSMIT_WAIT). */
    ANSWER_MS = 93 * 1000,
};

typedef struct token {
    size_t len; /* 0: none */
    uint8_t bytes[TOKEN_BYTES];
} token;

struct lp_link {
    coap_context_t *context;
    coap_session_t *session; /* to the primary, or NULL */
    coap_address_t local;
    coap_address_t primary;
    lp_link_listener listener;
    token out;      /* the request that is out */
    token observed; /* the observation in force */
    uint64_t give_up_ms;
    char address[ADDRESS_TEXT_BYTES];
};

/* libcoap's own warnings are about single packets; its errors are worth a line. */
static void on_log(coap_log_t level, const char *message) {
    (void)level;
    lp_log(LP_PROGRAM, LP_LOG_ERROR, "libcoap: %.*s", (int)strcspn(message, "\n"), message);
}

static lp_link *link_of(const coap_session_t *session) {
    return coap_get_app_data(coap_session_get_context(session));
}

/* Anyone can send to the port; only one is listened to. */
static bool is_primary(const lp_link *link, const coap_session_t *session) {
    return coap_address_equals(coap_session_get_addr_remote(session), &link->primary);
}

static bool token_is(const token *t, const coap_pdu_t *pdu) {
    coap_bin_const_t other = coap_pdu_get_token(pdu);
    return t->len != 0 && t->len == other.length && memcmp(t->bytes, other.s, t->len) == 0;
}

static bool get_block(const coap_pdu_t *pdu, coap_option_num_t option, coap_block_t *block) {
    return coap_get_block(pdu, option, block) != 0 && block->szx <= SZX_MAX;
}

static uint16_t block_size(const coap_block_t *block) {
    return (uint16_t)(1U << (block->szx + 4));
}

static void read_response(const coap_pdu_t *pdu, lp_response *out) {
    coap_block_t block;
    coap_opt_iterator_t iter;
    *out = (lp_response){.code = (uint8_t)coap_pdu_get_code(pdu)};
    if (get_block(pdu, COAP_OPTION_BLOCK1, &block)) {
        out->has_block1 = true;
        out->block1_bytes = block_size(&block);
    }
    if (get_block(pdu, COAP_OPTION_BLOCK2, &block)) {
        out->has_block2 = true;
        out->more = block.m != 0;
        out->block = block.num;
        out->block_bytes = block_size(&block);
    }
    const coap_opt_t *etag = coap_check_option(pdu, COAP_OPTION_ETAG, &iter);
    if (etag != NULL) {
        out->etag = (lp_slice){coap_opt_value(etag), coap_opt_length(etag)};
    }
    if (coap_get_data(pdu, &out->payload.len, &out->payload.ptr) == 0) {
        out->payload = (lp_slice){(const uint8_t *)"", 0};
    }
}

static coap_response_t on_response(coap_session_t *session, const coap_pdu_t *sent, const coap_pdu_t *received,
                                   const coap_mid_t mid) {
    (void)sent;
    (void)mid;
    lp_link *link = link_of(session);
    lp_response response;
    if (!is_primary(link, session)) {
        return COAP_RESPONSE_FAIL;
    }
    read_response(received, &response);
    if (token_is(&link->out, received)) {
        link->out.len = 0;
        link->listener.response(link->listener.ctx, &response);
        return COAP_RESPONSE_OK;
    }
    if (token_is(&link->observed, received)) {
        link->listener.notified(link->listener.ctx, response.payload);
        return COAP_RESPONSE_OK;
    }
    return COAP_RESPONSE_FAIL; /* of no request that is known: a reset ends an old observation */
}

static void give_up(lp_link *link) {
    if (link->out.len != 0) {
        link->out.len = 0;
        link->listener.timeout(link->listener.ctx);
    }
}

static void on_nack(coap_session_t *session, const coap_pdu_t *sent, const coap_nack_reason_t reason,
                    const coap_mid_t mid) {
    (void)reason;
    (void)mid;
    lp_link *link = link_of(session);
    if (sent == NULL || token_is(&link->out, sent)) {
        give_up(link);
    }
}

static void on_poke(coap_resource_t *resource, coap_session_t *session, const coap_pdu_t *request,
                    const coap_string_t *query, coap_pdu_t *response) {
    (void)resource;
    (void)request;
    (void)query;
    lp_link *link = link_of(session);
    if (!is_primary(link, session)) {
        coap_pdu_set_code(response, COAP_RESPONSE_CODE_FORBIDDEN);
        return;
    }
    coap_pdu_set_code(response, COAP_RESPONSE_CODE_CHANGED);
    link->listener.poked(link->listener.ctx);
}

/* --- addresses --- */

/* Splits "[host]:port" or "host:port" and resolves it. False with one line in `message`. */
static bool resolve(const char *what, const char *text, int family, bool *usage, coap_address_t *out, char *message,
                    size_t message_bytes) {
    char host[NI_MAXHOST];
    const char *colon = strrchr(text, ':');
    *usage = true;
    if (colon == NULL || colon == text || colon[1] == '\0' || (size_t)(colon - text) >= sizeof host) {
        snprintf(message, message_bytes, "%s: %s is no address and port like [::1]:5683", what, text);
        return false;
    }
    bool bracketed = text[0] == '[' && colon[-1] == ']';
    snprintf(host, sizeof host, "%.*s", (int)(colon - text) - (bracketed ? 2 : 0), text + (bracketed ? 1 : 0));
    struct addrinfo hints = {.ai_family = family, .ai_socktype = SOCK_DGRAM, .ai_flags = AI_NUMERICSERV};
    struct addrinfo *found;
    int result = getaddrinfo(host, colon + 1, &hints, &found);
    if (result != 0) {
        *usage = result != EAI_AGAIN;
        snprintf(message, message_bytes, "%s: %s: %s", what, text, gai_strerror(result));
        return false;
    }
    coap_address_init(out);
    out->size = found->ai_addrlen;
    memcpy(&out->addr, found->ai_addr, found->ai_addrlen);
    freeaddrinfo(found);
    return true;
}

/* --- opening --- */

/* Requests leave from the port that listens: the primary pokes the address that a registration came from. */
static bool open_port(lp_link *link) {
    link->context = coap_new_context(NULL);
    if (link->context == NULL) {
        return false;
    }
    coap_set_app_data(link->context, link);
    coap_register_response_handler(link->context, on_response);
    coap_register_nack_handler(link->context, on_nack);
    coap_endpoint_t *endpoint = coap_new_endpoint(link->context, &link->local, COAP_PROTO_UDP);
    coap_str_const_t *name = coap_make_str_const(LP_WIRE_POKE);
    coap_resource_t *poke = endpoint == NULL ? NULL : coap_resource_init(name, 0);
    if (poke == NULL) {
        return false;
    }
    coap_register_request_handler(poke, COAP_REQUEST_POST, on_poke);
    coap_add_resource(link->context, poke);
    const char *text = coap_endpoint_str(endpoint); /* "[::1]:40000 UDP" */
    snprintf(link->address, sizeof link->address, "%.*s", (int)strcspn(text, " "), text);
    char ignored[ADDRESS_TEXT_BYTES * 2];
    bool usage;
    return resolve("listen", link->address, link->local.addr.sa.sa_family, &usage, &link->local, ignored,
                   sizeof ignored);
}

lp_link *lp_link_open(const char *listen, const char *primary, const lp_link_listener *listener, bool *usage,
                      char *message, size_t message_bytes) {
    lp_link *link = calloc(1, sizeof *link);
    if (link == NULL) {
        snprintf(message, message_bytes, "out of memory");
        *usage = false;
        return NULL;
    }
    link->listener = *listener;
    if (!resolve("primary", primary, AF_UNSPEC, usage, &link->primary, message, message_bytes) ||
        !resolve("listen", listen, link->primary.addr.sa.sa_family, usage, &link->local, message, message_bytes)) {
        free(link);
        return NULL;
    }
    coap_startup();
    coap_set_log_handler(on_log);
    coap_set_log_level(LOG_ERR);
    if (!open_port(link)) {
        *usage = false;
        snprintf(message, message_bytes, "cannot listen for CoAP at %s", listen);
        lp_link_close(link);
        return NULL;
    }
    return link;
}

void lp_link_close(lp_link *link) {
    if (link == NULL) {
        return;
    }
    link->out.len = 0; /* nobody is told of requests that are dropped now */
    if (link->session != NULL) {
        coap_session_release(link->session);
    }
    if (link->context != NULL) {
        coap_free_context(link->context);
    }
    coap_cleanup();
    free(link);
}

const char *lp_link_address(const lp_link *link) {
    return link->address;
}

/* --- sending --- */

static bool add_uint_option(coap_pdu_t *pdu, coap_option_num_t number, unsigned value) {
    uint8_t bytes[4];
    size_t len = coap_encode_var_safe(bytes, sizeof bytes, value);
    return coap_add_option(pdu, number, len, bytes) != 0;
}

static bool add_block(coap_pdu_t *pdu, coap_option_num_t number, const lp_request *request) {
    unsigned szx = 0;
    while (16U << szx < request->block_bytes) {
        szx++;
    }
    return add_uint_option(pdu, number, request->block << 4 | (request->more ? 8U : 0U) | szx);
}

static bool add_path(coap_pdu_t *pdu, const char *path) {
    for (const char *end; *path != '\0'; path = *end == '/' ? end + 1 : end) {
        end = path + strcspn(path, "/");
        if (coap_add_option(pdu, COAP_OPTION_URI_PATH, (size_t)(end - path), (const uint8_t *)path) == 0) {
            return false;
        }
    }
    return true;
}

/* Options go in ascending order of their numbers. */
static bool fill(coap_pdu_t *pdu, const lp_request *request, const token *t) {
    return coap_add_token(pdu, t->len, t->bytes) != 0 &&
           (!request->observe || add_uint_option(pdu, COAP_OPTION_OBSERVE, COAP_OBSERVE_ESTABLISH)) &&
           add_path(pdu, request->path) &&
           (request->query[0] == '\0' || coap_add_option(pdu, COAP_OPTION_URI_QUERY, strlen(request->query),
                                                         (const uint8_t *)request->query) != 0) &&
           (!request->has_block2 || add_block(pdu, COAP_OPTION_BLOCK2, request)) &&
           (!request->has_block1 || add_block(pdu, COAP_OPTION_BLOCK1, request)) &&
           (request->payload.len == 0 || coap_add_data(pdu, request->payload.len, request->payload.ptr) != 0);
}

/* The session to the primary; a new one if the last broke. */
static coap_session_t *session_of(lp_link *link) {
    if (link->session != NULL && coap_session_get_state(link->session) != COAP_SESSION_STATE_ESTABLISHED) {
        coap_session_release(link->session);
        link->session = NULL;
    }
    if (link->session == NULL) {
        link->session = coap_new_client_session(link->context, &link->local, &link->primary, COAP_PROTO_UDP);
    }
    return link->session;
}

bool lp_link_send(lp_link *link, const lp_request *request) {
    coap_session_t *session = session_of(link);
    coap_pdu_t *pdu =
        session == NULL
            ? NULL
            : coap_new_pdu(COAP_MESSAGE_CON, request->post ? COAP_REQUEST_CODE_POST : COAP_REQUEST_CODE_GET, session);
    if (pdu == NULL) {
        return false;
    }
    token t;
    coap_session_new_token(session, &t.len, t.bytes);
    if (!fill(pdu, request, &t)) {
        coap_delete_pdu(pdu);
        return false;
    }
    link->out = t;
    link->observed = request->observe ? t : link->observed;
    link->give_up_ms = lp_clock_ms() + ANSWER_MS;
    if (coap_send(session, pdu) == COAP_INVALID_MID) { /* takes the message, sent or not */
        link->out.len = 0;
        return false;
    }
    return true;
}

int lp_link_fd(const lp_link *link) {
    return coap_context_get_coap_fd(link->context);
}

void lp_link_process(lp_link *link) {
    coap_io_process(link->context, COAP_IO_NO_WAIT);
    if (link->out.len != 0 && lp_clock_ms() >= link->give_up_ms) {
        give_up(link);
    }
}

int lp_link_timeout_ms(const lp_link *link) {
    uint64_t now = lp_clock_ms();
    if (link->out.len == 0) {
        return -1;
    }
    return link->give_up_ms <= now ? 0 : (int)(link->give_up_ms - now);
}
