/* SPDX-License-Identifier: Apache-2.0 */
/* What the primary sends unasked: pokes, pings, and what must be rejected (RFC 7252, 4 and 5). */
#include "coap_bench.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const lp_slice token = {(const uint8_t *)"12345678", 8};

static void begin(coap_bench *b, lp_coap_type type, uint8_t method, uint16_t id, const char *path) {
    bench_begin(b, type, method, id, token);
    lp_coap_write_option(&b->writer, LP_COAP_URI_PATH, (lp_slice){(const uint8_t *)path, strlen(path)});
}

static void give(coap_bench *b, lp_coap_type type, uint8_t method, uint16_t id, const char *path) {
    begin(b, type, method, id, path);
    bench_end(b, "");
}

/* The reply goes with the request's token, and nothing else. */
static void assert_replied(coap_bench *b, lp_coap_type type, uint8_t code, uint16_t id) {
    assert_int_equal(bench_send(b), LP_COAP_HEADER_BYTES + token.len);
    assert_int_equal(b->sent.type, type);
    assert_int_equal(b->sent.code, code);
    assert_int_equal(b->sent.id, id);
    assert_int_equal(b->sent.token.len, token.len);
    assert_memory_equal(b->sent.token.ptr, token.ptr, token.len);
    bench_sends_nothing(b);
}

static void a_poke_is_told_and_answered(void **state) {
    coap_bench *b = *state;
    give(b, LP_COAP_CON, LP_COAP_POST, 5, "poke");
    assert_int_equal(b->event.kind, LP_COAP_POKED);
    assert_replied(b, LP_COAP_ACK, LP_COAP_CHANGED, 5);
}

static void a_poke_that_is_not_confirmable_is_answered_alike(void **state) {
    coap_bench *b = *state;
    give(b, LP_COAP_NON, LP_COAP_POST, 5, "poke");
    assert_int_equal(b->event.kind, LP_COAP_POKED);
    assert_replied(b, LP_COAP_NON, LP_COAP_CHANGED, BENCH_FIRST_ID);
    give(b, LP_COAP_NON, LP_COAP_POST, 5, "poke");
    assert_int_equal(b->event.kind, LP_COAP_NOTHING);
    bench_sends_nothing(b);
}

static void a_repeated_poke_is_told_once_and_answered_each_time(void **state) {
    coap_bench *b = *state;
    give(b, LP_COAP_CON, LP_COAP_POST, 5, "poke");
    assert_replied(b, LP_COAP_ACK, LP_COAP_CHANGED, 5);
    b->now_ms += LP_COAP_EXCHANGE_LIFETIME_MS - 1;
    give(b, LP_COAP_CON, LP_COAP_POST, 5, "poke");
    assert_int_equal(b->event.kind, LP_COAP_NOTHING);
    assert_replied(b, LP_COAP_ACK, LP_COAP_CHANGED, 5);
    b->now_ms++; /* the message ID may be used again */
    give(b, LP_COAP_CON, LP_COAP_POST, 5, "poke");
    assert_int_equal(b->event.kind, LP_COAP_POKED);
}

static void the_last_few_messages_are_known_again(void **state) {
    coap_bench *b = *state;
    for (uint16_t id = 1; id <= LP_COAP_RECENT; id++) {
        give(b, LP_COAP_CON, LP_COAP_POST, id, "poke");
        assert_int_equal(b->event.kind, LP_COAP_POKED);
    }
    for (uint16_t id = 1; id <= LP_COAP_RECENT; id++) {
        give(b, LP_COAP_CON, LP_COAP_POST, id, "poke");
        assert_int_equal(b->event.kind, LP_COAP_NOTHING);
    }
    give(b, LP_COAP_CON, LP_COAP_POST, LP_COAP_RECENT + 1, "poke");
    assert_int_equal(b->event.kind, LP_COAP_POKED);
    give(b, LP_COAP_CON, LP_COAP_POST, 1, "poke"); /* forgotten; a poke too many does no harm */
    assert_int_equal(b->event.kind, LP_COAP_POKED);
}

static void other_resources_are_not_found(void **state) {
    coap_bench *b = *state;
    static const char *const paths[] = {"pok", "pokes", "Poke", "", ".well-known"};
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
        give(b, LP_COAP_CON, LP_COAP_POST, (uint16_t)(10 + i), paths[i]);
        assert_int_equal(b->event.kind, LP_COAP_NOTHING);
        assert_replied(b, LP_COAP_ACK, LP_COAP_NOT_FOUND, (uint16_t)(10 + i));
    }
    begin(b, LP_COAP_CON, LP_COAP_POST, 20, "poke");
    lp_coap_write_option(&b->writer, LP_COAP_URI_PATH, (lp_slice){(const uint8_t *)"poke", 4});
    bench_end(b, "");
    assert_replied(b, LP_COAP_ACK, LP_COAP_NOT_FOUND, 20);
    bench_begin(b, LP_COAP_CON, LP_COAP_POST, 21, token); /* the root */
    bench_end(b, "");
    assert_replied(b, LP_COAP_ACK, LP_COAP_NOT_FOUND, 21);
}

static void other_methods_are_not_allowed(void **state) {
    coap_bench *b = *state;
    for (uint8_t method = 1; method < 32; method++) {
        if (method != LP_COAP_POST) {
            give(b, LP_COAP_CON, method, method, "poke");
            assert_int_equal(b->event.kind, LP_COAP_NOTHING);
            assert_replied(b, LP_COAP_ACK, LP_COAP_METHOD_NOT_ALLOWED, method);
        }
    }
}

static void critical_options_of_a_request_must_be_understood(void **state) {
    coap_bench *b = *state;
    static const uint16_t numbers[] = {13, LP_COAP_URI_QUERY, 17, LP_COAP_BLOCK2, LP_COAP_BLOCK1, 35, 65001};
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        uint16_t id = (uint16_t)(10 + i);
        begin(b, LP_COAP_CON, LP_COAP_POST, id, "poke");
        lp_coap_write_option(&b->writer, numbers[i], (lp_slice){NULL, 0});
        bench_end(b, "");
        assert_int_equal(b->event.kind, LP_COAP_NOTHING);
        assert_int_equal(b->fault, LP_COAP_CRITICAL);
        assert_replied(b, LP_COAP_ACK, LP_COAP_BAD_OPTION, id);
        begin(b, LP_COAP_NON, LP_COAP_POST, (uint16_t)(30 + i), "poke");
        lp_coap_write_option(&b->writer, numbers[i], (lp_slice){NULL, 0});
        bench_end(b, "");
        assert_int_equal(b->event.kind, LP_COAP_NOTHING);
        bench_sends_nothing(b);
    }
}

static void host_and_port_and_elective_options_of_a_request_do_not_matter(void **state) {
    coap_bench *b = *state;
    bench_begin(b, LP_COAP_CON, LP_COAP_POST, 5, token);
    lp_coap_write_option(&b->writer, LP_COAP_URI_HOST, (lp_slice){(const uint8_t *)"board", 5});
    lp_coap_write_uint(&b->writer, LP_COAP_URI_PORT, 5683);
    lp_coap_write_option(&b->writer, LP_COAP_URI_PATH, (lp_slice){(const uint8_t *)"poke", 4});
    lp_coap_write_uint(&b->writer, 12, 50);
    lp_coap_write_uint(&b->writer, 65000, 1);
    bench_end(b, "with a payload");
    assert_int_equal(b->event.kind, LP_COAP_POKED);
    assert_replied(b, LP_COAP_ACK, LP_COAP_CHANGED, 5);
}

static void a_ping_is_answered_with_a_reset(void **state) {
    coap_bench *b = *state;
    bench_give_empty(b, LP_COAP_CON, 7);
    assert_int_equal(b->event.kind, LP_COAP_NOTHING);
    assert_int_equal(b->fault, LP_COAP_FINE);
    bench_sends_empty(b, LP_COAP_RST, 7);
    bench_give_empty(b, LP_COAP_NON, 7);
    bench_sends_nothing(b);
}

static void a_confirmable_message_that_is_faulty_is_reset(void **state) {
    coap_bench *b = *state;
    BENCH_GIVE(b, 0x40, 0x02, 0x12, 0x34, 0xff);
    assert_int_equal(b->fault, LP_COAP_NO_PAYLOAD);
    bench_sends_empty(b, LP_COAP_RST, 0x1234);
    BENCH_GIVE(b, 0x40, 0x20, 0x12, 0x34);
    assert_int_equal(b->fault, LP_COAP_CLASS);
    bench_sends_empty(b, LP_COAP_RST, 0x1234);
    BENCH_GIVE(b, 0x49, 0x02, 0x12, 0x34, 1, 2, 3, 4, 5, 6, 7, 8, 9);
    assert_int_equal(b->fault, LP_COAP_TOKEN_LENGTH);
    bench_sends_empty(b, LP_COAP_RST, 0x1234);
}

static void other_faulty_messages_are_ignored(void **state) {
    coap_bench *b = *state;
    static const uint8_t faulty[][5] = {
        {0x50, 0x02, 0x12, 0x34, 0xff}, /* NON */
        {0x60, 0x45, 0x12, 0x34, 0xff}, /* ACK */
        {0x70, 0x00, 0x12, 0x34, 0xff}, /* RST */
        {0x80, 0x02, 0x12, 0x34, 0xff}, /* another version */
        {0x00, 0x02, 0x12, 0x34, 0xff},
    };
    for (size_t i = 0; i < sizeof faulty / sizeof faulty[0]; i++) {
        bench_give(b, faulty[i], sizeof faulty[i]);
        assert_int_not_equal(b->fault, LP_COAP_FINE);
        assert_int_equal(b->event.kind, LP_COAP_NOTHING);
        bench_sends_nothing(b);
    }
    BENCH_GIVE(b, 0x40, 0x02, 0x12);
    assert_int_equal(b->fault, LP_COAP_SHORT);
    bench_sends_nothing(b);
}

static void an_acknowledgement_or_reset_that_carries_a_request_is_ignored(void **state) {
    coap_bench *b = *state;
    bench_get(b, "t");
    bench_send(b);
    give(b, LP_COAP_ACK, LP_COAP_POST, BENCH_FIRST_ID, "poke");
    assert_int_equal(b->fault, LP_COAP_CODE);
    assert_int_equal(b->event.kind, LP_COAP_NOTHING);
    bench_sends_nothing(b);
    bench_begin(b, LP_COAP_RST, 0x45, BENCH_FIRST_ID, (lp_slice){(const uint8_t *)"\x11\x11\x11\x11", 4});
    bench_end(b, "x");
    assert_int_equal(b->fault, LP_COAP_CODE);
    assert_int_equal(b->event.kind, LP_COAP_NOTHING);
    bench_sends_nothing(b);
}

static void a_reply_goes_before_a_request(void **state) {
    coap_bench *b = *state;
    bench_get(b, "t");
    give(b, LP_COAP_CON, LP_COAP_POST, 5, "poke");
    assert_int_equal(lp_coap_due_ms(&b->coap), 0);
    bench_send(b);
    assert_int_equal(b->sent.type, LP_COAP_ACK);
    bench_send(b);
    assert_int_equal(b->sent.code, LP_COAP_GET);
    bench_sends_nothing(b);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        BENCH_TEST(a_poke_is_told_and_answered),
        BENCH_TEST(a_poke_that_is_not_confirmable_is_answered_alike),
        BENCH_TEST(a_repeated_poke_is_told_once_and_answered_each_time),
        BENCH_TEST(the_last_few_messages_are_known_again),
        BENCH_TEST(other_resources_are_not_found),
        BENCH_TEST(other_methods_are_not_allowed),
        BENCH_TEST(critical_options_of_a_request_must_be_understood),
        BENCH_TEST(host_and_port_and_elective_options_of_a_request_do_not_matter),
        BENCH_TEST(a_ping_is_answered_with_a_reset),
        BENCH_TEST(a_confirmable_message_that_is_faulty_is_reset),
        BENCH_TEST(other_faulty_messages_are_ignored),
        BENCH_TEST(an_acknowledgement_or_reset_that_carries_a_request_is_ignored),
        BENCH_TEST(a_reply_goes_before_a_request),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
