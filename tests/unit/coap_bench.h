/* SPDX-License-Identifier: Apache-2.0 */
/* A CoAP endpoint on a bench: its clock, its random numbers, and the primary's side of the wire. */
#ifndef LAMPYR_TEST_COAP_BENCH_H
#define LAMPYR_TEST_COAP_BENCH_H

#include "lampyr-coap/endpoint.h"

enum { BENCH_FIRST_ID = 0x1111 }; /* of the endpoint's messages */

typedef struct coap_bench {
    lp_agent_port port;
    lp_coap coap;
    uint64_t now_ms;
    uint16_t spread; /* the random part of the next request's timeout */
    bool no_random;

    uint8_t out[LP_COAP_DATAGRAM_BYTES];
    lp_coap_message sent; /* the last one, in `out` */
    uint8_t in[LP_COAP_DATAGRAM_BYTES];
    lp_coap_writer writer; /* into `in` */
    lp_coap_event event;   /* of what came in last */
    lp_coap_fault fault;
} coap_bench;

/* CMocka set-up and tear-down; the endpoint is begun. */
int bench_set_up(void **state);
int bench_tear_down(void **state);

#define BENCH_TEST(name) cmocka_unit_test_setup_teardown(name, bench_set_up, bench_tear_down)

/* A request, of which it is asserted that it is taken. */
void bench_request(coap_bench *b, const lp_request *request);
void bench_get(coap_bench *b, const char *path);
void bench_observe(coap_bench *b, const char *path);

/* The length of the next datagram, which is read into `sent`; 0 if there is none. */
size_t bench_send(coap_bench *b);
/* Asserts that the next datagram is a bare one, and that none follows. */
void bench_sends_empty(coap_bench *b, lp_coap_type type, uint16_t id);
void bench_sends_nothing(coap_bench *b);

/* The primary sends a message: begin, then options through `writer`, then end. */
void bench_begin(coap_bench *b, lp_coap_type type, uint8_t code, uint16_t id, lp_slice token);
void bench_end(coap_bench *b, const char *payload);
/* It sends these bytes. */
void bench_give(coap_bench *b, const uint8_t *bytes, size_t len);
#define BENCH_GIVE(b, ...) bench_give(b, (const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__}))
/* It sends an acknowledgement or reset without more. */
void bench_give_empty(coap_bench *b, lp_coap_type type, uint16_t id);

#endif
