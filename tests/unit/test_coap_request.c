/* SPDX-License-Identifier: Apache-2.0 */
/* Requests and their answers (RFC 7252, 4 and 5; RFC 7959, 2). */
#include "coap_bench.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { CONTENT = 0x45, ID = BENCH_FIRST_ID };

static const lp_slice token = {(const uint8_t *)"\x11\x11\x11\x11", LP_COAP_REQUEST_TOKEN_BYTES};
static const lp_slice foreign_token = {(const uint8_t *)"\x11\x11\x11\x12", LP_COAP_REQUEST_TOKEN_BYTES};

static void assert_sends(coap_bench *b, const char *bytes, size_t len) {
    assert_int_equal(bench_send(b), len);
    assert_memory_equal(b->out, bytes, len);
    bench_sends_nothing(b);
}
#define ASSERT_SENDS(b, text) assert_sends(b, text, sizeof(text) - 1)

static void assert_answered(const coap_bench *b, uint8_t code, const char *payload) {
    assert_int_equal(b->event.kind, LP_COAP_ANSWERED);
    assert_int_equal(b->event.response.code, code);
    assert_int_equal(b->event.response.payload.len, strlen(payload));
    assert_memory_equal(b->event.response.payload.ptr, payload, strlen(payload));
}

static void assert_nothing(const coap_bench *b) {
    assert_int_equal(b->event.kind, LP_COAP_NOTHING);
}

/* A GET that is on its way. */
static coap_bench *get_sent(void **state) {
    coap_bench *b = *state;
    bench_get(b, "t");
    assert_int_not_equal(bench_send(b), 0);
    return b;
}

static void give_answer(coap_bench *b, lp_coap_type type, uint16_t id, lp_slice its_token, const char *payload) {
    bench_begin(b, type, CONTENT, id, its_token);
    bench_end(b, payload);
}

/* --- on the wire --- */

static void a_get_is_written_byte_for_byte(void **state) {
    coap_bench *b = *state;
    bench_request(b,
                  &(lp_request){.path = "i/brake-1", .query = "", .has_block2 = true, .block = 3, .block_bytes = 64});
    ASSERT_SENDS(b, "\x44\x01\x11\x11\x11\x11\x11\x11"
                    "\xb1"
                    "i"
                    "\x07"
                    "brake-1"
                    "\xc1\x32");
}

static void a_post_is_written_byte_for_byte(void **state) {
    coap_bench *b = *state;
    bench_request(b, &(lp_request){.post = true,
                                   .path = "r/brake-1",
                                   .query = "0123456789abcdef",
                                   .has_block1 = true,
                                   .more = true,
                                   .block = 1,
                                   .block_bytes = 16,
                                   .payload = {(const uint8_t *)"sixteen bytes...", 16}});
    ASSERT_SENDS(b, "\x44\x02\x11\x11\x11\x11\x11\x11"
                    "\xb1"
                    "r"
                    "\x07"
                    "brake-1"
                    "\x4d\x03"
                    "0123456789abcdef"
                    "\xc1\x18"
                    "\xff"
                    "sixteen bytes...");
}

static void every_block_size_has_its_number(void **state) {
    coap_bench *b = *state;
    for (unsigned szx = 0; szx <= 6; szx++) {
        bench_request(
            b,
            &(lp_request){
                .path = "i", .query = "", .has_block2 = true, .block = 0xfffff, .block_bytes = (uint16_t)(16U << szx)});
        size_t len = bench_send(b);
        assert_int_equal(b->out[len - 3], 0xff);
        assert_int_equal(b->out[len - 2], 0xff);
        assert_int_equal(b->out[len - 1], 0xf0 | szx);
    }
}

static void a_request_that_is_too_long_is_refused(void **state) {
    coap_bench *b = *state;
    static const uint8_t payload[LP_COAP_BLOCK_BYTES + 1];
    char path[LP_COAP_HEAD_BYTES];
    memset(path, 'x', sizeof path - 1);
    path[sizeof path - 1] = '\0';
    lp_request request = {.path = path, .query = ""};
    assert_int_equal(lp_coap_request(&b->coap, &request), LP_LIMIT_MEMORY);
    path[LP_COAP_HEAD_BYTES - 8 - 3] = '\0'; /* header and token, the option's own bytes */
    assert_int_equal(lp_coap_request(&b->coap, &request), LP_OK);
    request.payload = (lp_slice){payload, sizeof payload};
    assert_int_equal(lp_coap_request(&b->coap, &request), LP_LIMIT_MEMORY);
    bench_sends_nothing(b);
    request.payload.len = LP_COAP_BLOCK_BYTES;
    assert_int_equal(lp_coap_request(&b->coap, &request), LP_OK);
    assert_int_equal(bench_send(b), LP_COAP_DATAGRAM_BYTES);
}

static void a_block_number_has_20_bits(void **state) {
    coap_bench *b = *state;
    lp_request request = {.path = "i", .query = "", .has_block2 = true, .block = 0x100000, .block_bytes = 16};
    assert_int_equal(lp_coap_request(&b->coap, &request), LP_LIMIT_FILE);
    bench_sends_nothing(b);
}

static void without_random_bytes_nothing_is_sent(void **state) {
    coap_bench *b = *state;
    lp_coap other;
    b->no_random = true;
    assert_int_equal(lp_coap_begin(&other, &b->port), LP_STATE);
    assert_int_equal(lp_coap_request(&b->coap, &(lp_request){.path = "t", .query = ""}), LP_STATE);
    bench_sends_nothing(b);
}

static void every_request_has_a_message_id_of_its_own(void **state) {
    coap_bench *b = *state;
    for (uint16_t id = ID; id < ID + 5; id++) {
        bench_get(b, "t");
        bench_send(b);
        assert_int_equal(b->sent.id, id);
    }
}

/* --- answers --- */

static void a_piggybacked_answer_ends_the_request(void **state) {
    coap_bench *b = get_sent(state);
    give_answer(b, LP_COAP_ACK, ID, token, "now");
    assert_answered(b, CONTENT, "now");
    bench_sends_nothing(b);
    assert_int_equal(lp_coap_due_ms(&b->coap), UINT64_MAX);
    give_answer(b, LP_COAP_ACK, ID, token, "now"); /* the same datagram again */
    assert_nothing(b);
}

static void an_answer_without_payload_has_an_empty_one(void **state) {
    coap_bench *b = get_sent(state);
    bench_begin(b, LP_COAP_ACK, LP_COAP_CHANGED, ID, token);
    bench_end(b, "");
    assert_answered(b, LP_COAP_CHANGED, "");
    assert_non_null(b->event.response.payload.ptr);
}

static void a_separate_answer_is_acknowledged(void **state) {
    coap_bench *b = get_sent(state);
    bench_give_empty(b, LP_COAP_ACK, ID);
    assert_nothing(b);
    b->now_ms += 60000;
    bench_sends_nothing(b); /* no retransmission any more */
    give_answer(b, LP_COAP_CON, 0x7000, token, "later");
    assert_answered(b, CONTENT, "later");
    bench_sends_empty(b, LP_COAP_ACK, 0x7000);
}

static void the_request_after_one_that_was_acknowledged_is_retransmitted(void **state) {
    coap_bench *b = get_sent(state);
    bench_give_empty(b, LP_COAP_ACK, ID);
    get_sent(state);
    b->now_ms += LP_COAP_ACK_TIMEOUT_MS;
    assert_int_not_equal(bench_send(b), 0);
}

static void a_separate_answer_may_come_without_an_acknowledgement(void **state) {
    coap_bench *b = get_sent(state);
    give_answer(b, LP_COAP_NON, 0x7000, token, "later");
    assert_answered(b, CONTENT, "later");
    bench_sends_nothing(b);
    bench_give_empty(b, LP_COAP_ACK, ID); /* reordered */
    assert_nothing(b);
    assert_int_equal(lp_coap_due_ms(&b->coap), UINT64_MAX);
}

static void a_separate_answer_that_is_repeated_is_acknowledged_again(void **state) {
    coap_bench *b = get_sent(state);
    give_answer(b, LP_COAP_CON, 0x7000, token, "later");
    bench_sends_empty(b, LP_COAP_ACK, 0x7000);
    bench_get(b, "t"); /* with the same token, as it happens */
    bench_send(b);
    give_answer(b, LP_COAP_CON, 0x7000, token, "later");
    assert_nothing(b);
    bench_sends_empty(b, LP_COAP_ACK, 0x7000);
}

static void an_answer_with_another_token_is_none(void **state) {
    coap_bench *b = get_sent(state);
    lp_slice longer = {(const uint8_t *)"\x11\x11\x11\x11\x11", 5};
    give_answer(b, LP_COAP_ACK, ID, foreign_token, "no");
    assert_nothing(b);
    give_answer(b, LP_COAP_ACK, ID, longer, "no");
    assert_nothing(b);
    give_answer(b, LP_COAP_ACK, ID, (lp_slice){NULL, 0}, "no");
    assert_nothing(b);
    bench_sends_nothing(b);
    give_answer(b, LP_COAP_CON, 0x7000, foreign_token, "no");
    assert_nothing(b);
    bench_sends_empty(b, LP_COAP_RST, 0x7000);
    give_answer(b, LP_COAP_ACK, ID, token, "yes");
    assert_answered(b, CONTENT, "yes");
}

static void an_acknowledgement_of_another_message_is_ignored(void **state) {
    coap_bench *b = get_sent(state);
    give_answer(b, LP_COAP_ACK, ID + 1, token, "no");
    assert_nothing(b);
    bench_give_empty(b, LP_COAP_ACK, ID - 1);
    bench_give_empty(b, LP_COAP_RST, ID - 1);
    assert_nothing(b);
    b->now_ms += LP_COAP_ACK_TIMEOUT_MS;
    assert_int_not_equal(bench_send(b), 0);
}

static void an_answer_before_the_request_was_sent_is_none(void **state) {
    coap_bench *b = *state;
    bench_get(b, "t");
    give_answer(b, LP_COAP_ACK, ID, token, "no");
    assert_nothing(b);
    give_answer(b, LP_COAP_NON, 0x7000, token, "no");
    assert_nothing(b);
    bench_give_empty(b, LP_COAP_RST, ID);
    assert_nothing(b);
}

static void a_reset_rejects_the_request(void **state) {
    coap_bench *b = get_sent(state);
    bench_give_empty(b, LP_COAP_RST, ID);
    assert_int_equal(b->event.kind, LP_COAP_REJECTED);
    bench_sends_nothing(b);
    assert_int_equal(lp_coap_due_ms(&b->coap), UINT64_MAX);
    bench_give_empty(b, LP_COAP_RST, ID);
    assert_nothing(b);
}

static void a_reset_after_the_acknowledgement_is_ignored(void **state) {
    coap_bench *b = get_sent(state);
    bench_give_empty(b, LP_COAP_ACK, ID);
    bench_give_empty(b, LP_COAP_RST, ID);
    assert_nothing(b);
    give_answer(b, LP_COAP_NON, 0x7000, token, "later");
    assert_answered(b, CONTENT, "later");
}

static void the_answer_to_a_request_that_was_replaced_is_none(void **state) {
    coap_bench *b = get_sent(state);
    bench_get(b, "u");
    bench_send(b);
    give_answer(b, LP_COAP_ACK, ID, token, "t");
    assert_nothing(b);
    give_answer(b, LP_COAP_ACK, ID + 1, token, "u");
    assert_answered(b, CONTENT, "u");
}

/* --- retransmission --- */

/* Sends until the request is given up; returns when, in ms from the first transmission. */
static uint64_t retransmit(coap_bench *b, uint64_t first_wait_ms) {
    uint64_t start_ms = b->now_ms;
    uint8_t first[LP_COAP_DATAGRAM_BYTES];
    size_t len = bench_send(b);
    memcpy(first, b->out, len);
    for (unsigned i = 0; i < LP_COAP_MAX_RETRANSMIT; i++) {
        uint64_t wait_ms = first_wait_ms << i;
        assert_int_equal(lp_coap_due_ms(&b->coap), b->now_ms + wait_ms);
        b->now_ms += wait_ms - 1;
        bench_sends_nothing(b);
        b->now_ms++;
        assert_false(lp_coap_expire(&b->coap, b->now_ms));
        assert_int_equal(bench_send(b), len);
        assert_memory_equal(b->out, first, len); /* message ID included */
        bench_sends_nothing(b);
    }
    b->now_ms = lp_coap_due_ms(&b->coap);
    assert_false(lp_coap_expire(&b->coap, b->now_ms - 1));
    assert_true(lp_coap_expire(&b->coap, b->now_ms));
    assert_false(lp_coap_expire(&b->coap, b->now_ms));
    bench_sends_nothing(b);
    assert_int_equal(lp_coap_due_ms(&b->coap), UINT64_MAX);
    return b->now_ms - start_ms;
}

static void a_request_is_sent_five_times_at_doubling_intervals(void **state) {
    coap_bench *b = *state;
    bench_get(b, "t");
    assert_int_equal(retransmit(b, 2000), 62000);
    b->spread = 470;
    bench_get(b, "t");
    assert_int_equal(retransmit(b, 2470), 31 * 2470);
    b->spread = 1000; /* the most */
    bench_get(b, "t");
    assert_int_equal(retransmit(b, 3000), LP_COAP_MAX_TRANSMIT_WAIT_MS);
    b->spread = 1001;
    bench_get(b, "t");
    assert_int_equal(retransmit(b, 2000), 62000);
}

static void the_payload_is_retransmitted_from_where_it_is(void **state) {
    coap_bench *b = *state;
    uint8_t payload[] = "report";
    bench_request(b, &(lp_request){.post = true, .path = "r/x", .query = "", .payload = {payload, 6}});
    bench_send(b);
    b->now_ms += LP_COAP_ACK_TIMEOUT_MS;
    bench_send(b);
    assert_int_equal(b->sent.payload.len, 6);
    assert_memory_equal(b->sent.payload.ptr, "report", 6);
}

static void an_answer_after_a_retransmission_is_taken(void **state) {
    coap_bench *b = get_sent(state);
    b->now_ms += LP_COAP_ACK_TIMEOUT_MS;
    assert_int_not_equal(bench_send(b), 0);
    give_answer(b, LP_COAP_ACK, ID, token, "now");
    assert_answered(b, CONTENT, "now");
    give_answer(b, LP_COAP_ACK, ID, token, "now"); /* to the second transmission */
    assert_nothing(b);
}

static void an_acknowledged_request_without_answer_is_given_up(void **state) {
    coap_bench *b = get_sent(state);
    uint64_t start_ms = b->now_ms;
    bench_give_empty(b, LP_COAP_ACK, ID);
    assert_int_equal(lp_coap_due_ms(&b->coap), start_ms + LP_COAP_MAX_TRANSMIT_WAIT_MS);
    b->now_ms = start_ms + LP_COAP_MAX_TRANSMIT_WAIT_MS - 1;
    assert_false(lp_coap_expire(&b->coap, b->now_ms));
    b->now_ms++;
    bench_sends_nothing(b);
    assert_true(lp_coap_expire(&b->coap, b->now_ms));
    give_answer(b, LP_COAP_CON, 0x7000, token, "too late");
    assert_nothing(b);
    bench_sends_empty(b, LP_COAP_RST, 0x7000);
}

static void who_sleeps_through_all_deadlines_gives_up_at_once(void **state) {
    coap_bench *b = get_sent(state);
    b->now_ms += LP_COAP_MAX_TRANSMIT_WAIT_MS;
    assert_true(lp_coap_expire(&b->coap, b->now_ms));
}

static void who_wakes_late_gives_up_in_time(void **state) {
    coap_bench *b = get_sent(state);
    uint64_t give_up_ms = b->now_ms + LP_COAP_MAX_TRANSMIT_WAIT_MS;
    b->now_ms = give_up_ms - 3000;
    assert_int_not_equal(bench_send(b), 0); /* would be repeated after 4 s */
    assert_int_equal(lp_coap_due_ms(&b->coap), give_up_ms);
    assert_true(lp_coap_expire(&b->coap, give_up_ms));
}

static void the_time_counts_from_the_first_transmission(void **state) {
    coap_bench *b = *state;
    bench_get(b, "t");
    b->now_ms += 200000;
    assert_false(lp_coap_expire(&b->coap, b->now_ms));
    assert_int_equal(lp_coap_due_ms(&b->coap), 0);
    assert_int_not_equal(bench_send(b), 0);
    assert_int_equal(lp_coap_due_ms(&b->coap), b->now_ms + LP_COAP_ACK_TIMEOUT_MS);
}

/* --- options of an answer --- */

static void blocks_and_etag_are_shown(void **state) {
    coap_bench *b = get_sent(state);
    bench_begin(b, LP_COAP_ACK, CONTENT, ID, token);
    lp_coap_write_option(&b->writer, LP_COAP_ETAG, (lp_slice){(const uint8_t *)"12345678", 8});
    lp_coap_write_uint(&b->writer, LP_COAP_BLOCK2, 0x12345 << 4 | 8 | 6);
    lp_coap_write_uint(&b->writer, LP_COAP_BLOCK1, 2);
    bench_end(b, "x");
    assert_answered(b, CONTENT, "x");
    const lp_response *r = &b->event.response;
    assert_true(r->has_block2 && r->more && r->has_block1);
    assert_int_equal(r->block, 0x12345);
    assert_int_equal(r->block_bytes, 1024);
    assert_int_equal(r->block1_bytes, 64);
    assert_int_equal(r->etag.len, 8);
}

/* Gives an answer with one option more and asserts whether it is understood. */
static void assert_option(void **state, uint16_t number, const char *value, size_t len, unsigned times,
                          bool understood) {
    coap_bench *b = get_sent(state);
    uint16_t id = b->sent.id;
    bench_begin(b, LP_COAP_ACK, CONTENT, id, token);
    for (; times > 0; times--) {
        lp_coap_write_option(&b->writer, number, (lp_slice){(const uint8_t *)value, len});
    }
    bench_end(b, "x");
    assert_int_equal(b->fault, understood ? LP_COAP_FINE : LP_COAP_CRITICAL);
    assert_int_equal(b->event.kind, understood ? LP_COAP_ANSWERED : LP_COAP_NOTHING);
    bench_sends_nothing(b); /* an acknowledgement is never rejected aloud */
    give_answer(b, LP_COAP_ACK, id, token, "good");
    assert_int_equal(b->event.kind, understood ? LP_COAP_NOTHING : LP_COAP_ANSWERED);
}

static void critical_options_must_be_understood(void **state) {
    assert_option(state, 9, "", 0, 1, false);
    assert_option(state, LP_COAP_URI_PATH, "x", 1, 1, false);
    assert_option(state, 65001, "", 0, 1, false);
    assert_option(state, 12, "x", 1, 1, true);      /* Content-Format */
    assert_option(state, 65000, "xyz", 3, 2, true); /* unknown, elective */
}

static void block_options_come_once_with_three_bytes_and_no_reserved_size(void **state) {
    static const uint16_t blocks[] = {LP_COAP_BLOCK1, LP_COAP_BLOCK2};
    for (size_t i = 0; i < 2; i++) {
        assert_option(state, blocks[i], "\x06", 1, 1, true);
        assert_option(state, blocks[i], "", 0, 1, true);
        assert_option(state, blocks[i], "\x07", 1, 1, false);
        assert_option(state, blocks[i], "\xff\xff\xf6", 3, 1, true);
        assert_option(state, blocks[i], "\x00\x00\x00\x06", 4, 1, false);
        assert_option(state, blocks[i], "\x06", 1, 2, false);
    }
}

static void an_etag_of_a_wrong_length_is_none_and_the_first_of_two_counts(void **state) {
    coap_bench *b = get_sent(state);
    bench_begin(b, LP_COAP_ACK, CONTENT, ID, token);
    lp_coap_write_option(&b->writer, LP_COAP_ETAG, (lp_slice){(const uint8_t *)"123456789", 9});
    lp_coap_write_option(&b->writer, LP_COAP_ETAG, (lp_slice){(const uint8_t *)"ab", 2});
    lp_coap_write_option(&b->writer, LP_COAP_ETAG, (lp_slice){(const uint8_t *)"abc", 3});
    bench_end(b, "x");
    assert_answered(b, CONTENT, "x");
    assert_int_equal(b->event.response.etag.len, 2);
}

static void a_separate_answer_that_is_not_understood_is_reset(void **state) {
    coap_bench *b = get_sent(state);
    bench_begin(b, LP_COAP_CON, CONTENT, 0x7000, token);
    lp_coap_write_option(&b->writer, 9, (lp_slice){NULL, 0});
    bench_end(b, "x");
    assert_nothing(b);
    assert_int_equal(b->fault, LP_COAP_CRITICAL);
    bench_sends_empty(b, LP_COAP_RST, 0x7000);
    bench_begin(b, LP_COAP_NON, CONTENT, 0x7001, token);
    lp_coap_write_option(&b->writer, 9, (lp_slice){NULL, 0});
    bench_end(b, "x");
    assert_nothing(b);
    bench_sends_nothing(b);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        BENCH_TEST(a_get_is_written_byte_for_byte),
        BENCH_TEST(a_post_is_written_byte_for_byte),
        BENCH_TEST(every_block_size_has_its_number),
        BENCH_TEST(a_request_that_is_too_long_is_refused),
        BENCH_TEST(a_block_number_has_20_bits),
        BENCH_TEST(without_random_bytes_nothing_is_sent),
        BENCH_TEST(every_request_has_a_message_id_of_its_own),
        BENCH_TEST(a_piggybacked_answer_ends_the_request),
        BENCH_TEST(an_answer_without_payload_has_an_empty_one),
        BENCH_TEST(a_separate_answer_is_acknowledged),
        BENCH_TEST(the_request_after_one_that_was_acknowledged_is_retransmitted),
        BENCH_TEST(a_separate_answer_may_come_without_an_acknowledgement),
        BENCH_TEST(a_separate_answer_that_is_repeated_is_acknowledged_again),
        BENCH_TEST(an_answer_with_another_token_is_none),
        BENCH_TEST(an_acknowledgement_of_another_message_is_ignored),
        BENCH_TEST(an_answer_before_the_request_was_sent_is_none),
        BENCH_TEST(a_reset_rejects_the_request),
        BENCH_TEST(a_reset_after_the_acknowledgement_is_ignored),
        BENCH_TEST(the_answer_to_a_request_that_was_replaced_is_none),
        BENCH_TEST(a_request_is_sent_five_times_at_doubling_intervals),
        BENCH_TEST(the_payload_is_retransmitted_from_where_it_is),
        BENCH_TEST(an_answer_after_a_retransmission_is_taken),
        BENCH_TEST(an_acknowledged_request_without_answer_is_given_up),
        BENCH_TEST(who_sleeps_through_all_deadlines_gives_up_at_once),
        BENCH_TEST(who_wakes_late_gives_up_in_time),
        BENCH_TEST(the_time_counts_from_the_first_transmission),
        BENCH_TEST(blocks_and_etag_are_shown),
        BENCH_TEST(critical_options_must_be_understood),
        BENCH_TEST(block_options_come_once_with_three_bytes_and_no_reserved_size),
        BENCH_TEST(an_etag_of_a_wrong_length_is_none_and_the_first_of_two_counts),
        BENCH_TEST(a_separate_answer_that_is_not_understood_is_reset),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
