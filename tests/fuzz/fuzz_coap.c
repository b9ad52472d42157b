/* SPDX-License-Identifier: Apache-2.0 */
/* The CoAP endpoint among any datagrams, at any time. */
#include "fuzz.h"
#include "lampyr-coap/endpoint.h"

#include <string.h>

/* What an input does, one byte each; what follows it is said here. */
enum {
    OP_WAIT,     /* a byte: so many half seconds */
    OP_DUE,      /* until something is due */
    OP_REQUEST,  /* a byte: bit 0 POST, bit 1 observe, bit 2 Block1, bit 3 Block2, and a byte: block number */
    OP_DATAGRAM, /* a length and that many bytes, as they are */
    OP_ANSWER,   /* a byte of flags, a code, a length, and that many bytes after header and token (FLAG_*) */
    OP_COUNT,
    FLAG_TYPE = 3,    /* mask */
    FLAG_OBSERVE = 4, /* token of the observation, else of the last request */
    FLAG_ID = 8,      /* message ID of the last request, else a new one */
    HALF_SECOND_MS = 500,
    OPS = 200,
};

typedef struct machine {
    fuzz_memory memory;
    fuzz_input input;
    uint32_t random;
    lp_agent_port port;
    lp_coap coap;
    uint64_t now_ms;
    uint16_t primary_id;
    bool out;        /* a request is */
    bool registered; /* an observing one was, ever */
    unsigned sent;   /* so many times */
    lp_slice first;  /* its first transmission */
    unsigned replies;
} machine;

static bool random_bytes(const lp_agent_port *port, void *out, size_t bytes) {
    machine *m = port->ctx;
    for (size_t i = 0; i < bytes; i++) {
        m->random = m->random * 1664525 + 1013904223;
        ((uint8_t *)out)[i] = (uint8_t)(m->random >> 24);
    }
    return true;
}

/* What it sends must be a message; a request is the same each time, and is not sent too often. */
static void check_sent(machine *m, lp_slice datagram) {
    lp_coap_message message;
    FUZZ_CHECK(lp_coap_parse(datagram, &message) == LP_COAP_FINE);
    if (message.type != LP_COAP_CON) {
        FUZZ_CHECK(datagram.len <= LP_COAP_HEADER_BYTES + LP_COAP_TOKEN_BYTES);
        FUZZ_CHECK(m->replies > 0);
        m->replies--;
        return;
    }
    FUZZ_CHECK(m->out && m->sent <= LP_COAP_MAX_RETRANSMIT);
    if (m->sent == 0) {
        m->first = datagram;
    }
    FUZZ_CHECK(datagram.len == m->first.len && memcmp(datagram.ptr, m->first.ptr, datagram.len) == 0);
    m->sent++;
}

/* Sends all there is; then nothing is due before time goes on. */
static void drain(machine *m) {
    if (lp_coap_expire(&m->coap, m->now_ms)) {
        FUZZ_CHECK(m->out && m->sent > 0);
        m->out = false;
    }
    uint8_t *bytes = fuzz_alloc(&m->memory, LP_COAP_DATAGRAM_BYTES);
    for (size_t len; (len = lp_coap_send(&m->coap, m->now_ms, bytes)) > 0;) {
        check_sent(m, fuzz_copy(&m->memory, bytes, len));
    }
    m->replies = 0;
    FUZZ_CHECK(lp_coap_due_ms(&m->coap) > m->now_ms);
    FUZZ_CHECK(m->out == (lp_coap_due_ms(&m->coap) != UINT64_MAX));
}

static void request(machine *m) {
    static const uint8_t payload[16] = "sixteen bytes...";
    uint8_t flags = fuzz_byte(&m->input);
    bool post = (flags & 1) != 0;
    lp_request what = {.post = post,
                       .observe = (flags & 2) != 0,
                       .has_block1 = (flags & 4) != 0,
                       .has_block2 = (flags & 8) != 0,
                       .more = (flags & 16) != 0,
                       .path = (flags & 32) != 0 ? "u/brake-1/targets" : "t",
                       .query = (flags & 64) != 0 ? "0123456789abcdef" : "",
                       .block = fuzz_byte(&m->input),
                       .block_bytes = 16,
                       .payload = {payload, post ? sizeof payload : 0}};
    FUZZ_CHECK(lp_coap_request(&m->coap, &what) == LP_OK);
    m->out = true;
    m->sent = 0;
    m->registered = m->registered || what.observe;
}

static bool is_poke(lp_slice datagram) {
    lp_coap_message message;
    FUZZ_CHECK(lp_coap_parse(datagram, &message) == LP_COAP_FINE);
    lp_coap_options walk = {message.options, 0};
    lp_coap_option option;
    unsigned segments = 0;
    while (lp_coap_option_next(&walk, &option)) {
        bool segment = option.number == LP_COAP_URI_PATH;
        segments += segment;
        if (segment && (option.value.len != 4 || memcmp(option.value.ptr, "poke", 4) != 0)) {
            return false;
        }
    }
    return segments == 1 && message.code == LP_COAP_POST && message.type <= LP_COAP_NON;
}

static void check_response(const lp_response *r, lp_slice datagram) {
    const uint8_t *end = datagram.ptr + datagram.len;
    FUZZ_CHECK(r->code >= 0x40 && r->code < 0xc0);
    FUZZ_CHECK(r->payload.len == 0 || (r->payload.ptr >= datagram.ptr && r->payload.ptr + r->payload.len == end));
    FUZZ_CHECK(r->payload.ptr != NULL);
    FUZZ_CHECK(r->etag.len <= LP_ETAG_BYTES);
    FUZZ_CHECK(r->etag.len == 0 || (r->etag.ptr >= datagram.ptr && r->etag.ptr + r->etag.len <= end));
    FUZZ_CHECK(!r->has_block2 || (r->block_bytes >= 16 && r->block_bytes <= 1024 && r->block < 1 << 20));
    FUZZ_CHECK(!r->has_block1 || (r->block1_bytes >= 16 && r->block1_bytes <= 1024));
}

/* Whatever happens, it happens once: the same datagram again tells nothing. */
static void receive(machine *m, lp_slice bytes) {
    lp_slice datagram = fuzz_copy(&m->memory, bytes.ptr, bytes.len);
    lp_coap_event event;
    lp_coap_fault fault = lp_coap_receive(&m->coap, m->now_ms, datagram, &event);
    m->replies = 1;
    FUZZ_CHECK(fault == LP_COAP_FINE || event.kind == LP_COAP_NOTHING);
    switch (event.kind) {
    case LP_COAP_ANSWERED:
        check_response(&event.response, datagram);
        FUZZ_CHECK(m->out && m->sent > 0);
        m->out = false;
        break;
    case LP_COAP_REJECTED:
        FUZZ_CHECK(m->out && m->sent > 0 && datagram.len == LP_COAP_HEADER_BYTES);
        m->out = false;
        break;
    case LP_COAP_NOTIFIED:
        check_response(&event.response, datagram);
        FUZZ_CHECK(m->registered);
        break;
    case LP_COAP_POKED:
        FUZZ_CHECK(is_poke(datagram));
        break;
    case LP_COAP_NOTHING:
        break;
    }
    FUZZ_CHECK(lp_coap_receive(&m->coap, m->now_ms, datagram, &event) == fault || fault == LP_COAP_CRITICAL);
    FUZZ_CHECK(event.kind == LP_COAP_NOTHING);
}

/* As many bytes as the next one says, if there are. */
static lp_slice take(machine *m) {
    size_t len = fuzz_byte(&m->input);
    size_t left = (size_t)(m->input.end - m->input.pos);
    lp_slice bytes = {m->input.pos, len < left ? len : left};
    m->input.pos += bytes.len;
    return bytes;
}

/* A message that fits what the endpoint waits for, so that its states are reached. */
static void answer(machine *m) {
    uint8_t flags = fuzz_byte(&m->input);
    uint8_t code = fuzz_byte(&m->input);
    lp_slice rest = take(m);
    uint8_t bytes[LP_COAP_HEADER_BYTES + LP_COAP_REQUEST_TOKEN_BYTES + UINT8_MAX];
    lp_coap_writer writer = {.bytes = bytes, .room = sizeof bytes};
    lp_slice token = {(flags & FLAG_OBSERVE) != 0 ? m->coap.observe_token : m->coap.token,
                      code == LP_COAP_EMPTY ? 0 : LP_COAP_REQUEST_TOKEN_BYTES};
    uint16_t id = (flags & FLAG_ID) != 0 ? m->coap.id : m->primary_id++;
    lp_coap_write_header(&writer, (lp_coap_type)(flags & FLAG_TYPE), code, id, token);
    if (rest.len > 0) {
        memcpy(bytes + writer.len, rest.ptr, rest.len);
    }
    receive(m, (lp_slice){bytes, writer.len + rest.len});
}

static void step(machine *m) {
    uint64_t due_ms = lp_coap_due_ms(&m->coap);
    switch (fuzz_byte(&m->input) % OP_COUNT) {
    case OP_WAIT:
        m->now_ms += (uint64_t)fuzz_byte(&m->input) * HALF_SECOND_MS;
        break;
    case OP_DUE:
        m->now_ms = due_ms != UINT64_MAX && due_ms > m->now_ms ? due_ms : m->now_ms;
        break;
    case OP_REQUEST:
        request(m);
        break;
    case OP_DATAGRAM:
        receive(m, take(m));
        break;
    default:
        answer(m);
        break;
    }
    drain(m);
}

/* Input: one byte for the random numbers, then OP_*. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    machine m = {.memory = {NULL}, .input = fuzz_begin(data, size), .now_ms = 1, .primary_id = 1};
    m.random = fuzz_byte(&m.input);
    m.port = (lp_agent_port){.ctx = &m, .random = random_bytes};
    FUZZ_CHECK(lp_coap_begin(&m.coap, &m.port) == LP_OK);
    for (unsigned i = 0; i < OPS && m.input.pos < m.input.end; i++) {
        step(&m);
    }
    fuzz_release(&m.memory);
    return 0;
}
