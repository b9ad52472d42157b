/* SPDX-License-Identifier: Apache-2.0 */
#include "lampyr-coap/endpoint.h"

#include <string.h>

enum {
    CLASS_SHIFT = 5,
    SUCCESS = 2, /* class of a code */
    ETAG_BYTES = 8,
    OBSERVE_BYTES = 3, /* longest values of options */
    BLOCK_BYTES = 3,
    BLOCK_MORE = 8, /* bits of a block option, beside number and size */
    BLOCK_SIZE_MASK = 7,
    BLOCK_NUMBER_SHIFT = 4,
    BLOCK_NUMBER_MAX = (1 << 20) - 1,
    BLOCK_SIZE_RESERVED = 7,
    BLOCK_BYTES_MIN = 16,
    OBSERVES = 0x80,         /* set in the first byte of the observation's token, clear in all others */
    SEQUENCE_HALF = 1 << 23, /* of the circle of sequence numbers */
    SEQUENCE_MASK = (1 << 24) - 1,
};

static lp_slice own_token(const uint8_t *token) {
    return (lp_slice){token, LP_COAP_REQUEST_TOKEN_BYTES};
}

static bool is_token(lp_slice token, const uint8_t *own) {
    return token.len == LP_COAP_REQUEST_TOKEN_BYTES && memcmp(token.ptr, own, LP_COAP_REQUEST_TOKEN_BYTES) == 0;
}

static bool draw(const lp_coap *coap, void *out, size_t bytes) {
    return coap->port->random(coap->port, out, bytes);
}

lp_code lp_coap_begin(lp_coap *coap, const lp_agent_port *port) {
    memset(coap, 0, sizeof *coap);
    coap->port = port;
    if (!draw(coap, &coap->next_id, sizeof coap->next_id) ||
        !draw(coap, coap->observe_token, sizeof coap->observe_token)) {
        return LP_STATE;
    }
    coap->observe_token[0] |= OBSERVES;
    return LP_OK;
}

/* --- requests --- */

static void write_path(lp_coap_writer *writer, const char *path) {
    for (;;) {
        const char *end = path;
        while (*end != '\0' && *end != '/') {
            end++;
        }
        lp_coap_write_option(writer, LP_COAP_URI_PATH, (lp_slice){(const uint8_t *)path, (size_t)(end - path)});
        if (*end == '\0') {
            return;
        }
        path = end + 1;
    }
}

static void write_block(lp_coap_writer *writer, uint16_t number, const lp_request *request) {
    uint32_t szx = 0;
    while ((uint32_t)BLOCK_BYTES_MIN << szx < request->block_bytes) {
        szx++;
    }
    lp_coap_write_uint(writer, number, request->block << BLOCK_NUMBER_SHIFT | (request->more ? BLOCK_MORE : 0U) | szx);
}

static void write_options(lp_coap_writer *writer, const lp_request *request) {
    if (request->observe) {
        lp_coap_write_uint(writer, LP_COAP_OBSERVE, 0); /* register */
    }
    write_path(writer, request->path);
    if (request->query[0] != '\0') {
        lp_slice query = {(const uint8_t *)request->query, strlen(request->query)};
        lp_coap_write_option(writer, LP_COAP_URI_QUERY, query);
    }
    if (request->has_block2) {
        write_block(writer, LP_COAP_BLOCK2, request);
    }
    if (request->has_block1) {
        write_block(writer, LP_COAP_BLOCK1, request);
    }
}

lp_code lp_coap_request(lp_coap *coap, const lp_request *request) {
    struct {
        uint8_t token[LP_COAP_REQUEST_TOKEN_BYTES];
        uint16_t timeout;
    } drawn;
    coap->out = false;
    if (request->block > BLOCK_NUMBER_MAX) {
        return LP_LIMIT_FILE;
    }
    if (!draw(coap, &drawn, sizeof drawn)) {
        return LP_STATE;
    }
    drawn.token[0] &= (uint8_t)~OBSERVES;
    memcpy(coap->token, request->observe ? coap->observe_token : drawn.token, sizeof coap->token);
    lp_coap_writer writer = {.bytes = coap->head, .room = sizeof coap->head};
    lp_coap_write_header(&writer, LP_COAP_CON, request->post ? LP_COAP_POST : LP_COAP_GET, coap->next_id,
                         own_token(coap->token));
    write_options(&writer, request);
    if (writer.overflow || request->payload.len > LP_COAP_BLOCK_BYTES) {
        return LP_LIMIT_MEMORY;
    }
    coap->out = true;
    coap->acknowledged = false;
    coap->registers = request->observe;
    coap->observing = coap->observing || request->observe;
    coap->sent = 0;
    coap->id = coap->next_id++;
    coap->timeout_ms =
        LP_COAP_ACK_TIMEOUT_MS + drawn.timeout % (LP_COAP_ACK_TIMEOUT_MAX_MS - LP_COAP_ACK_TIMEOUT_MS + 1U);
    coap->payload = request->payload;
    coap->head_len = (uint16_t)writer.len;
    return LP_OK;
}

bool lp_coap_expire(lp_coap *coap, uint64_t now_ms) {
    bool silent = !coap->acknowledged && coap->sent > LP_COAP_MAX_RETRANSMIT && now_ms >= coap->due_ms;
    if (!coap->out || coap->sent == 0 || !(silent || now_ms >= coap->give_up_ms)) {
        return false;
    }
    coap->out = false;
    return true;
}

/* The timeout doubles with each transmission (RFC 7252, 4.2). */
static size_t transmit(lp_coap *coap, uint64_t now_ms, uint8_t *out) {
    lp_coap_writer writer = {.bytes = out, .room = LP_COAP_DATAGRAM_BYTES, .len = coap->head_len};
    memcpy(out, coap->head, coap->head_len);
    lp_coap_write_payload(&writer, coap->payload);
    if (coap->sent == 0) {
        coap->give_up_ms = now_ms + LP_COAP_MAX_TRANSMIT_WAIT_MS;
    } else {
        coap->timeout_ms *= 2;
    }
    coap->due_ms = now_ms + coap->timeout_ms;
    coap->sent++;
    return writer.len;
}

size_t lp_coap_send(lp_coap *coap, uint64_t now_ms, uint8_t *out) {
    size_t len = coap->reply_len;
    if (len > 0) {
        memcpy(out, coap->reply, len);
        coap->reply_len = 0;
        return len;
    }
    bool again = !coap->acknowledged && coap->sent <= LP_COAP_MAX_RETRANSMIT && now_ms >= coap->due_ms;
    return coap->out && (coap->sent == 0 || again) ? transmit(coap, now_ms, out) : 0;
}

uint64_t lp_coap_due_ms(const lp_coap *coap) {
    if (coap->reply_len > 0 || (coap->out && coap->sent == 0)) {
        return 0;
    }
    if (!coap->out) {
        return UINT64_MAX;
    }
    return coap->acknowledged || coap->give_up_ms < coap->due_ms ? coap->give_up_ms : coap->due_ms;
}

/* --- replies --- */

/* To `message`; a code other than empty goes with its token. */
static void reply(lp_coap *coap, const lp_coap_message *message, lp_coap_type type, uint8_t code) {
    lp_slice token = code == LP_COAP_EMPTY ? (lp_slice){NULL, 0} : message->token;
    lp_coap_writer writer = {.bytes = coap->reply, .room = sizeof coap->reply};
    lp_coap_write_header(&writer, type, code, type == LP_COAP_NON ? coap->next_id++ : message->id, token);
    coap->reply_len = (uint8_t)writer.len;
}

/* Rejects what cannot be processed. Of confirmable messages the sender is told (RFC 7252, 4.2 and 4.3). */
static void reject(lp_coap *coap, const lp_coap_message *message) {
    if (message->type == LP_COAP_CON) {
        reply(coap, message, LP_COAP_RST, LP_COAP_EMPTY);
    }
}

/* That this message was taken, and is acknowledged with `code`. */
static void remember(lp_coap *coap, uint64_t now_ms, const lp_coap_message *message, uint8_t code) {
    coap->recent[coap->recent_next] =
        (lp_coap_recent){.until_ms = now_ms + LP_COAP_EXCHANGE_LIFETIME_MS, .id = message->id, .code = code};
    coap->recent_next = (uint8_t)((coap->recent_next + 1U) % LP_COAP_RECENT);
}

/* A message that was processed before is not processed again; a confirmable one gets the same
 * acknowledgement (RFC 7252, 4.5). */
static bool repeated(lp_coap *coap, uint64_t now_ms, const lp_coap_message *message) {
    for (size_t i = 0; i < LP_COAP_RECENT; i++) {
        const lp_coap_recent *recent = &coap->recent[i];
        if (now_ms < recent->until_ms && recent->id == message->id) {
            if (message->type == LP_COAP_CON) {
                reply(coap, message, LP_COAP_ACK, recent->code);
            }
            return true;
        }
    }
    return false;
}

/* --- responses --- */

/* What a response says of notifications. */
typedef struct observe_option {
    bool present;
    uint32_t sequence;
} observe_option;

/* A block option. False if it is reserved or too long, and so not understood. */
static bool read_block(lp_slice value, uint32_t *number, bool *more, uint16_t *block_bytes) {
    uint32_t block;
    if (!lp_coap_uint(value, BLOCK_BYTES, &block) || (block & BLOCK_SIZE_MASK) == BLOCK_SIZE_RESERVED) {
        return false;
    }
    *number = block >> BLOCK_NUMBER_SHIFT;
    *more = (block & BLOCK_MORE) != 0;
    *block_bytes = (uint16_t)(BLOCK_BYTES_MIN << (block & BLOCK_SIZE_MASK));
    return true;
}

/* One option of a response. False if it is critical and not understood; one that may come once only is not understood
 * the second time (RFC 7252, 5.4). */
static bool read_option(const lp_coap_option *option, lp_response *out, observe_option *observe) {
    uint32_t number;
    bool more;
    bool first;
    switch (option->number) {
    case LP_COAP_BLOCK1:
        first = !out->has_block1;
        out->has_block1 = true;
        return first && read_block(option->value, &number, &more, &out->block1_bytes);
    case LP_COAP_BLOCK2:
        first = !out->has_block2;
        out->has_block2 = true;
        return first && read_block(option->value, &out->block, &out->more, &out->block_bytes);
    case LP_COAP_ETAG:
        if (out->etag.len == 0 && option->value.len <= ETAG_BYTES) {
            out->etag = option->value;
        }
        return true;
    case LP_COAP_OBSERVE:
        observe->present = observe->present || lp_coap_uint(option->value, OBSERVE_BYTES, &observe->sequence);
        return true;
    default:
        return (option->number & 1U) == 0;
    }
}

static lp_coap_fault read_response(const lp_coap_message *message, lp_response *out, observe_option *observe) {
    lp_coap_options walk = {message->options, 0};
    lp_coap_option option;
    *out = (lp_response){.code = message->code, .payload = message->payload};
    *observe = (observe_option){.present = false};
    if (message->payload.len == 0) {
        out->payload.ptr = (const uint8_t *)"";
    }
    while (lp_coap_option_next(&walk, &option)) {
        if (!read_option(&option, out, observe)) {
            return LP_COAP_CRITICAL;
        }
    }
    return LP_COAP_FINE;
}

/* Is a notification newer than the last one (RFC 7641, 3.4)? */
static bool is_fresh(const lp_coap *coap, uint64_t now_ms, uint32_t sequence) {
    uint32_t ahead = (sequence - coap->sequence) & SEQUENCE_MASK;
    return !coap->notified || now_ms > coap->notified_ms + LP_COAP_FRESH_MS || (ahead != 0 && ahead < SEQUENCE_HALF);
}

/* The observation after a response to it: one that says nothing of notifications, or an error, is the last. */
static void update_observation(lp_coap *coap, uint64_t now_ms, uint8_t code, const observe_option *observe) {
    coap->observing = observe->present && code >> CLASS_SHIFT == SUCCESS;
    coap->notified = coap->observing;
    coap->sequence = observe->sequence;
    coap->notified_ms = now_ms;
}

static void answer(lp_coap *coap, uint64_t now_ms, const observe_option *observe, lp_coap_event *event) {
    coap->out = false;
    if (coap->registers) {
        update_observation(coap, now_ms, event->response.code, observe);
    }
    event->kind = LP_COAP_ANSWERED;
}

/* Acknowledgement or reset, of the request that is out or of nothing that matters. What is wrong with it is never
 * answered (RFC 7252, 4.2). */
static lp_coap_fault take_acknowledgement(lp_coap *coap, uint64_t now_ms, const lp_coap_message *message,
                                          lp_coap_event *event) {
    observe_option observe;
    bool mine = coap->out && coap->sent > 0 && message->id == coap->id;
    if (message->code == LP_COAP_EMPTY) {
        if (mine && message->type == LP_COAP_ACK) {
            coap->acknowledged = true;
        } else if (mine && !coap->acknowledged) {
            coap->out = false;
            event->kind = LP_COAP_REJECTED;
        }
        return LP_COAP_FINE;
    }
    if (message->type == LP_COAP_RST || message->code >> CLASS_SHIFT == 0) {
        return LP_COAP_CODE;
    }
    if (!mine || !is_token(message->token, coap->token)) {
        return LP_COAP_FINE;
    }
    lp_coap_fault fault = read_response(message, &event->response, &observe);
    if (fault == LP_COAP_FINE) {
        answer(coap, now_ms, &observe, event);
    }
    return fault;
}

/* A response in a message of its own: the answer to the request, or a notification; both have the same token while an
 * observation is renewed, and then a stale one is no answer unless the primary has said that one will come apart. */
static lp_coap_fault take_response(lp_coap *coap, uint64_t now_ms, const lp_coap_message *message,
                                   lp_coap_event *event) {
    observe_option observe;
    bool answers = coap->out && coap->sent > 0 && is_token(message->token, coap->token);
    bool notifies = coap->observing && is_token(message->token, coap->observe_token);
    lp_coap_fault fault = read_response(message, &event->response, &observe);
    if (fault != LP_COAP_FINE || !(answers || notifies)) {
        reject(coap, message);
        return fault;
    }
    if (message->type == LP_COAP_CON) {
        reply(coap, message, LP_COAP_ACK, LP_COAP_EMPTY);
    }
    remember(coap, now_ms, message, LP_COAP_EMPTY);
    bool fresh = !observe.present || is_fresh(coap, now_ms, observe.sequence);
    if (answers && (!notifies || fresh || coap->acknowledged)) {
        answer(coap, now_ms, &observe, event);
    } else if (fresh) {
        update_observation(coap, now_ms, message->code, &observe);
        event->kind = coap->observing ? LP_COAP_NOTIFIED : LP_COAP_NOTHING;
    }
    return LP_COAP_FINE;
}

/* --- requests of the primary --- */

static bool is_poke(lp_slice segment) {
    return segment.len == strlen(LP_WIRE_POKE) && memcmp(segment.ptr, LP_WIRE_POKE, strlen(LP_WIRE_POKE)) == 0;
}

/* The code that a request is answered with. Host and port only say what the datagram says already. */
static uint8_t serve(const lp_coap_message *message) {
    lp_coap_options walk = {message->options, 0};
    lp_coap_option option;
    unsigned segments = 0;
    bool poke = false;
    while (lp_coap_option_next(&walk, &option)) {
        if (option.number == LP_COAP_URI_PATH) {
            poke = segments == 0 && is_poke(option.value);
            segments++;
        } else if ((option.number & 1U) != 0 && option.number != LP_COAP_URI_HOST &&
                   option.number != LP_COAP_URI_PORT) {
            return LP_COAP_BAD_OPTION;
        }
    }
    if (!poke) {
        return LP_COAP_NOT_FOUND;
    }
    return message->code == LP_COAP_POST ? LP_COAP_CHANGED : LP_COAP_METHOD_NOT_ALLOWED;
}

static lp_coap_fault take_request(lp_coap *coap, uint64_t now_ms, const lp_coap_message *message,
                                  lp_coap_event *event) {
    uint8_t code = serve(message);
    if (code == LP_COAP_BAD_OPTION && message->type == LP_COAP_NON) {
        return LP_COAP_CRITICAL; /* is not answered (RFC 7252, 5.4.1) */
    }
    reply(coap, message, message->type == LP_COAP_CON ? LP_COAP_ACK : LP_COAP_NON, code);
    remember(coap, now_ms, message, code);
    event->kind = code == LP_COAP_CHANGED ? LP_COAP_POKED : LP_COAP_NOTHING;
    return code == LP_COAP_BAD_OPTION ? LP_COAP_CRITICAL : LP_COAP_FINE;
}

lp_coap_fault lp_coap_receive(lp_coap *coap, uint64_t now_ms, lp_slice datagram, lp_coap_event *event) {
    lp_coap_message message;
    *event = (lp_coap_event){.kind = LP_COAP_NOTHING};
    lp_coap_fault fault = lp_coap_parse(datagram, &message);
    if (fault == LP_COAP_SHORT || fault == LP_COAP_VERSION) {
        return fault;
    }
    if (message.type == LP_COAP_ACK || message.type == LP_COAP_RST) {
        return fault != LP_COAP_FINE ? fault : take_acknowledgement(coap, now_ms, &message, event);
    }
    if (fault != LP_COAP_FINE || message.code == LP_COAP_EMPTY) {
        reject(coap, &message); /* also of a ping, whose answer a reset is (RFC 7252, 4.3) */
        return fault;
    }
    if (repeated(coap, now_ms, &message)) {
        return LP_COAP_FINE;
    }
    return message.code >> CLASS_SHIFT == 0 ? take_request(coap, now_ms, &message, event)
                                            : take_response(coap, now_ms, &message, event);
}
