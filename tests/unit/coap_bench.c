/* SPDX-License-Identifier: Apache-2.0 */
#include "coap_bench.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* Every byte is 0x11, but the part of a request's draw that spreads its timeout, which is its last two bytes. */
static bool random_bytes(const lp_agent_port *port, void *out, size_t bytes) {
    coap_bench *b = port->ctx;
    memset(out, 0x11, bytes);
    if (bytes > LP_COAP_REQUEST_TOKEN_BYTES) {
        memcpy((uint8_t *)out + LP_COAP_REQUEST_TOKEN_BYTES, &b->spread, sizeof b->spread);
    }
    return !b->no_random;
}

int bench_set_up(void **state) {
    coap_bench *b = calloc(1, sizeof *b);
    assert_non_null(b);
    b->now_ms = 1000000;
    b->port = (lp_agent_port){.ctx = b, .random = random_bytes};
    assert_int_equal(lp_coap_begin(&b->coap, &b->port), LP_OK);
    *state = b;
    return 0;
}

int bench_tear_down(void **state) {
    free(*state);
    return 0;
}

void bench_request(coap_bench *b, const lp_request *request) {
    assert_int_equal(lp_coap_request(&b->coap, request), LP_OK);
}

void bench_get(coap_bench *b, const char *path) {
    bench_request(b, &(lp_request){.path = path, .query = ""});
}

void bench_observe(coap_bench *b, const char *path) {
    bench_request(b, &(lp_request){.path = path, .query = "", .observe = true});
}

size_t bench_send(coap_bench *b) {
    size_t len = lp_coap_send(&b->coap, b->now_ms, b->out);
    if (len > 0) {
        assert_int_equal(lp_coap_parse((lp_slice){b->out, len}, &b->sent), LP_COAP_FINE);
    }
    return len;
}

void bench_sends_nothing(coap_bench *b) {
    assert_int_equal(bench_send(b), 0);
}

void bench_sends_empty(coap_bench *b, lp_coap_type type, uint16_t id) {
    assert_int_equal(bench_send(b), LP_COAP_HEADER_BYTES);
    assert_int_equal(b->sent.type, type);
    assert_int_equal(b->sent.code, LP_COAP_EMPTY);
    assert_int_equal(b->sent.id, id);
    bench_sends_nothing(b);
}

void bench_begin(coap_bench *b, lp_coap_type type, uint8_t code, uint16_t id, lp_slice token) {
    b->writer = (lp_coap_writer){.bytes = b->in, .room = sizeof b->in};
    lp_coap_write_header(&b->writer, type, code, id, token);
}

void bench_end(coap_bench *b, const char *payload) {
    lp_coap_write_payload(&b->writer, (lp_slice){(const uint8_t *)payload, strlen(payload)});
    assert_false(b->writer.overflow);
    bench_give(b, b->in, b->writer.len);
}

/* In a heap block of exactly its size, so that a sanitizer sees what is read beyond. */
void bench_give(coap_bench *b, const uint8_t *bytes, size_t len) {
    uint8_t *copy = malloc(len);
    assert_non_null(copy);
    memcpy(copy, bytes, len);
    b->fault = lp_coap_receive(&b->coap, b->now_ms, (lp_slice){copy, len}, &b->event);
    lp_slice payload = b->event.response.payload;
    if (payload.len > 0) { /* what the test looks at later */
        b->event.response.payload.ptr = memmove(b->in, payload.ptr, payload.len);
    }
    free(copy);
}

void bench_give_empty(coap_bench *b, lp_coap_type type, uint16_t id) {
    bench_begin(b, type, LP_COAP_EMPTY, id, (lp_slice){NULL, 0});
    bench_end(b, "");
}
