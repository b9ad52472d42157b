/* SPDX-License-Identifier: Apache-2.0 */
/* Notifications (RFC 7641). */
#include "coap_bench.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { CONTENT = 0x45, NOT_FOUND = 0x84, ID = BENCH_FIRST_ID, NO_OBSERVE = -1 };

static const lp_slice token = {(const uint8_t *)"\x91\x11\x11\x11", LP_COAP_REQUEST_TOKEN_BYTES};
static const lp_slice request_token = {(const uint8_t *)"\x11\x11\x11\x11", LP_COAP_REQUEST_TOKEN_BYTES};

static void give(coap_bench *b, lp_coap_type type, uint8_t code, uint16_t id, long sequence, const char *payload) {
    bench_begin(b, type, code, id, token);
    if (sequence != NO_OBSERVE) {
        lp_coap_write_uint(&b->writer, LP_COAP_OBSERVE, (uint32_t)sequence);
    }
    bench_end(b, payload);
}

static void assert_event(const coap_bench *b, lp_coap_event_kind kind, const char *payload) {
    assert_int_equal(b->event.kind, kind);
    assert_int_equal(b->event.response.payload.len, strlen(payload));
    assert_memory_equal(b->event.response.payload.ptr, payload, strlen(payload));
}

/* True if a notification with that sequence number is taken for news. It is acknowledged in any case. */
static bool is_news(coap_bench *b, long sequence) {
    static uint16_t id = 0x7000;
    give(b, LP_COAP_CON, CONTENT, ++id, sequence, "state");
    bench_sends_empty(b, LP_COAP_ACK, id);
    return b->event.kind == LP_COAP_NOTIFIED;
}

/* An observation in force whose last sequence number is `sequence`. */
static coap_bench *observed(void **state, long sequence) {
    coap_bench *b = *state;
    bench_observe(b, "u/brake-1");
    assert_int_not_equal(bench_send(b), 0);
    give(b, LP_COAP_ACK, CONTENT, ID, sequence, "first");
    assert_event(b, LP_COAP_ANSWERED, "first");
    return b;
}

static void a_registration_is_written_byte_for_byte(void **state) {
    coap_bench *b = *state;
    static const char expected[] = "\x44\x01\x11\x11\x91\x11\x11\x11"
                                   "\x60"
                                   "\x51u"
                                   "\x07"
                                   "brake-1";
    bench_observe(b, "u/brake-1");
    assert_int_equal(bench_send(b), sizeof expected - 1);
    assert_memory_equal(b->out, expected, sizeof expected - 1);
}

static void notifications_are_told_and_acknowledged(void **state) {
    coap_bench *b = observed(state, 12);
    give(b, LP_COAP_CON, CONTENT, 0x7001, 44, "22.8 C");
    assert_event(b, LP_COAP_NOTIFIED, "22.8 C");
    bench_sends_empty(b, LP_COAP_ACK, 0x7001);
    give(b, LP_COAP_NON, CONTENT, 0x7002, 60, "23.1 C");
    assert_event(b, LP_COAP_NOTIFIED, "23.1 C");
    bench_sends_nothing(b);
}

static void a_repeated_notification_is_told_once(void **state) {
    coap_bench *b = observed(state, 1);
    give(b, LP_COAP_CON, CONTENT, 0x7001, 2, "x");
    assert_event(b, LP_COAP_NOTIFIED, "x");
    bench_sends_empty(b, LP_COAP_ACK, 0x7001);
    give(b, LP_COAP_CON, CONTENT, 0x7001, 2, "x");
    assert_int_equal(b->event.kind, LP_COAP_NOTHING);
    bench_sends_empty(b, LP_COAP_ACK, 0x7001);
}

static void notifications_that_were_overtaken_are_dropped(void **state) {
    coap_bench *b = observed(state, 100);
    assert_true(is_news(b, 102));
    assert_false(is_news(b, 101));
    assert_false(is_news(b, 102));
    assert_true(is_news(b, 103));
}

static void sequence_numbers_wrap(void **state) {
    coap_bench *b = observed(state, 0xffffff);
    assert_true(is_news(b, 0));
    assert_false(is_news(b, 0xffffff));
    assert_true(is_news(b, 0x7fffff));  /* the furthest ahead */
    assert_false(is_news(b, 0xffffff)); /* 2^23 ahead: neither */
}

static void after_128_seconds_any_notification_is_newer(void **state) {
    coap_bench *b = observed(state, 100);
    b->now_ms += LP_COAP_FRESH_MS;
    assert_false(is_news(b, 50));
    b->now_ms++;
    assert_true(is_news(b, 50));
    assert_false(is_news(b, 49));
}

static void a_notification_while_another_request_is_out_is_told(void **state) {
    coap_bench *b = observed(state, 1);
    bench_get(b, "i/brake-1");
    bench_send(b);
    give(b, LP_COAP_CON, CONTENT, 0x7001, 2, "news");
    assert_event(b, LP_COAP_NOTIFIED, "news");
    bench_sends_empty(b, LP_COAP_ACK, 0x7001);
    bench_begin(b, LP_COAP_ACK, CONTENT, ID + 1, request_token);
    bench_end(b, "image");
    assert_event(b, LP_COAP_ANSWERED, "image");
}

static void the_answer_to_another_request_has_no_place_in_the_sequence(void **state) {
    coap_bench *b = observed(state, 100);
    bench_get(b, "u/brake-1");
    bench_send(b);
    bench_begin(b, LP_COAP_NON, CONTENT, 0x7001, request_token);
    lp_coap_write_uint(&b->writer, LP_COAP_OBSERVE, 50);
    bench_end(b, "x");
    assert_event(b, LP_COAP_ANSWERED, "x");
    assert_false(is_news(b, 60));
    assert_true(is_news(b, 101));
}

static void a_notification_before_the_answer_is_the_answer(void **state) {
    coap_bench *b = *state;
    bench_observe(b, "u/brake-1");
    bench_send(b);
    give(b, LP_COAP_CON, CONTENT, 0x7001, 5, "second");
    assert_event(b, LP_COAP_ANSWERED, "second");
    bench_sends_empty(b, LP_COAP_ACK, 0x7001);
    give(b, LP_COAP_ACK, CONTENT, ID, 4, "first");
    assert_int_equal(b->event.kind, LP_COAP_NOTHING);
    assert_false(is_news(b, 4));
    assert_true(is_news(b, 6));
}

static void an_observation_is_renewed_under_the_same_token(void **state) {
    coap_bench *b = observed(state, 1000);
    bench_observe(b, "u/brake-1");
    bench_send(b);
    assert_memory_equal(b->sent.token.ptr, token.ptr, token.len);
    assert_false(is_news(b, 999));                               /* and no answer */
    give(b, LP_COAP_ACK, CONTENT, ID + 1, 2, "after a restart"); /* the primary counts anew */
    assert_event(b, LP_COAP_ANSWERED, "after a restart");
    assert_true(is_news(b, 3));
    assert_false(is_news(b, 1));
}

static void a_renewal_that_is_answered_apart_takes_any_sequence_number(void **state) {
    coap_bench *b = observed(state, 1000);
    bench_observe(b, "u/brake-1");
    bench_send(b);
    bench_give_empty(b, LP_COAP_ACK, ID + 1);
    give(b, LP_COAP_CON, CONTENT, 0x7001, 2, "after a restart");
    assert_event(b, LP_COAP_ANSWERED, "after a restart");
    bench_sends_empty(b, LP_COAP_ACK, 0x7001);
}

static void a_notification_after_a_lost_answer_is_taken(void **state) {
    coap_bench *b = *state;
    b->now_ms = 0;
    bench_observe(b, "u/brake-1");
    bench_send(b);
    b->now_ms += LP_COAP_MAX_TRANSMIT_WAIT_MS;
    assert_true(lp_coap_expire(&b->coap, b->now_ms));
    assert_true(is_news(b, 0xffffff)); /* whatever its number */
}

static void without_an_observation_notifications_are_reset(void **state) {
    coap_bench *b = *state;
    give(b, LP_COAP_CON, CONTENT, 0x7001, 2, "x");
    assert_int_equal(b->event.kind, LP_COAP_NOTHING);
    bench_sends_empty(b, LP_COAP_RST, 0x7001);
    give(b, LP_COAP_CON, CONTENT, 0x7001, 2, "x");
    bench_sends_empty(b, LP_COAP_RST, 0x7001);
}

static void notifications_for_an_earlier_life_are_reset(void **state) {
    coap_bench *b = observed(state, 1);
    b->coap.observe_token[3] ^= 1; /* what other random bytes would have given */
    give(b, LP_COAP_CON, CONTENT, 0x7001, 2, "x");
    assert_int_equal(b->event.kind, LP_COAP_NOTHING);
    bench_sends_empty(b, LP_COAP_RST, 0x7001);
}

static void an_answer_that_registers_nothing_ends_the_observation(void **state) {
    coap_bench *b = observed(state, NO_OBSERVE);
    give(b, LP_COAP_CON, CONTENT, 0x7001, 2, "x");
    assert_int_equal(b->event.kind, LP_COAP_NOTHING);
    bench_sends_empty(b, LP_COAP_RST, 0x7001);
}

static void an_error_ends_the_observation(void **state) {
    coap_bench *b = observed(state, 1);
    give(b, LP_COAP_CON, NOT_FOUND, 0x7001, 2, "");
    assert_int_equal(b->event.kind, LP_COAP_NOTHING);
    bench_sends_empty(b, LP_COAP_ACK, 0x7001);
    give(b, LP_COAP_CON, CONTENT, 0x7002, 3, "x");
    bench_sends_empty(b, LP_COAP_RST, 0x7002);
}

static void a_response_that_does_not_count_ends_the_observation(void **state) {
    coap_bench *b = observed(state, 1);
    give(b, LP_COAP_CON, CONTENT, 0x7001, NO_OBSERVE, "x");
    assert_int_equal(b->event.kind, LP_COAP_NOTHING);
    bench_sends_empty(b, LP_COAP_ACK, 0x7001);
    give(b, LP_COAP_CON, CONTENT, 0x7002, 3, "x");
    bench_sends_empty(b, LP_COAP_RST, 0x7002);
}

static void a_sequence_number_has_three_bytes(void **state) {
    coap_bench *b = observed(state, 1);
    give(b, LP_COAP_CON, CONTENT, 0x7001, 0x01000002, "x"); /* no Observe option, therefore */
    assert_int_equal(b->event.kind, LP_COAP_NOTHING);
    assert_int_equal(b->fault, LP_COAP_FINE);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        BENCH_TEST(a_registration_is_written_byte_for_byte),
        BENCH_TEST(notifications_are_told_and_acknowledged),
        BENCH_TEST(a_repeated_notification_is_told_once),
        BENCH_TEST(notifications_that_were_overtaken_are_dropped),
        BENCH_TEST(sequence_numbers_wrap),
        BENCH_TEST(after_128_seconds_any_notification_is_newer),
        BENCH_TEST(a_notification_while_another_request_is_out_is_told),
        BENCH_TEST(the_answer_to_another_request_has_no_place_in_the_sequence),
        BENCH_TEST(a_notification_before_the_answer_is_the_answer),
        BENCH_TEST(an_observation_is_renewed_under_the_same_token),
        BENCH_TEST(a_renewal_that_is_answered_apart_takes_any_sequence_number),
        BENCH_TEST(a_notification_after_a_lost_answer_is_taken),
        BENCH_TEST(without_an_observation_notifications_are_reset),
        BENCH_TEST(notifications_for_an_earlier_life_are_reset),
        BENCH_TEST(an_answer_that_registers_nothing_ends_the_observation),
        BENCH_TEST(an_error_ends_the_observation),
        BENCH_TEST(a_response_that_does_not_count_ends_the_observation),
        BENCH_TEST(a_sequence_number_has_three_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
