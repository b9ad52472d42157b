/* SPDX-License-Identifier: Apache-2.0 */
/* CoAP messages as bytes (RFC 7252, 3). */
#include "lampyr-coap/message.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define BYTES(...) ((lp_slice){(const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__})})
#define TEXT(text) ((lp_slice){(const uint8_t *)(text), sizeof(text) - 1})

/* In a heap block of exactly its size, so that a sanitizer sees what is read beyond. */
static lp_coap_fault parse(lp_slice bytes) {
    lp_coap_message message;
    uint8_t *copy = malloc(bytes.len + (bytes.len == 0));
    assert_non_null(copy);
    memcpy(copy, bytes.ptr, bytes.len);
    lp_coap_fault fault = lp_coap_parse((lp_slice){copy, bytes.len}, &message);
    free(copy);
    return fault;
}

static void assert_slice(lp_slice slice, lp_slice expected) {
    assert_int_equal(slice.len, expected.len);
    assert_memory_equal(slice.ptr, expected.ptr, expected.len);
}

/* --- reading --- */

/* RFC 7252, appendix A, figure 17: GET /temperature with a token, and its answer. */
static void the_examples_of_the_rfc_are_read(void **state) {
    (void)state;
    lp_coap_message message;
    lp_coap_option option;
    assert_int_equal(lp_coap_parse(TEXT("\x41\x01\x7d\x35\x20\xbbtemperature"), &message), LP_COAP_FINE);
    assert_int_equal(message.type, LP_COAP_CON);
    assert_int_equal(message.code, LP_COAP_GET);
    assert_int_equal(message.id, 0x7d35);
    assert_slice(message.token, BYTES(0x20));
    assert_null(message.payload.ptr);
    lp_coap_options walk = {message.options, 0};
    assert_true(lp_coap_option_next(&walk, &option));
    assert_int_equal(option.number, LP_COAP_URI_PATH);
    assert_slice(option.value, TEXT("temperature"));
    assert_false(lp_coap_option_next(&walk, &option));

    assert_int_equal(lp_coap_parse(TEXT("\x61\x45\x7d\x35\x20\xff"
                                        "22.3 C"),
                                   &message),
                     LP_COAP_FINE);
    assert_int_equal(message.type, LP_COAP_ACK);
    assert_int_equal(message.code, 0x45);
    assert_int_equal(message.options.len, 0);
    assert_slice(message.payload, TEXT("22.3 C"));
}

static void an_option_has_a_delta_and_a_length_of_up_to_three_bytes(void **state) {
    (void)state;
    uint8_t bytes[4 + 1 + 1 + 12 + 5 + 270] = {0x40, 0x01, 0, 1};
    uint8_t *at = bytes + 4;
    *at++ = 0xcc; /* 12, of 12 bytes */
    at += 12;
    *at++ = 0xde; /* 13 + 1 more is 26; 269 + 1 bytes */
    *at++ = 1;
    *at++ = 0;
    *at++ = 1;
    at += 270;
    lp_coap_message message;
    lp_coap_option option;
    lp_slice datagram = {bytes, (size_t)(at - bytes)};
    assert_int_equal(parse(datagram), LP_COAP_FINE);
    assert_int_equal(lp_coap_parse(datagram, &message), LP_COAP_FINE);
    lp_coap_options walk = {message.options, 0};
    assert_true(lp_coap_option_next(&walk, &option));
    assert_int_equal(option.number, 12);
    assert_int_equal(option.value.len, 12);
    assert_true(lp_coap_option_next(&walk, &option));
    assert_int_equal(option.number, 26);
    assert_int_equal(option.value.len, 270);
    assert_false(lp_coap_option_next(&walk, &option));
}

static void what_is_no_message_is_refused(void **state) {
    (void)state;
    assert_int_equal(parse((lp_slice){(const uint8_t *)"", 0}), LP_COAP_SHORT);
    assert_int_equal(parse(BYTES(0x40, 0x01, 0)), LP_COAP_SHORT);
    for (unsigned version = 0; version < 4; version++) {
        assert_int_equal(parse(BYTES((uint8_t)(version << 6), 0x01, 0, 1)),
                         version == 1 ? LP_COAP_FINE : LP_COAP_VERSION);
    }
}

static void codes_of_reserved_classes_are_refused(void **state) {
    (void)state;
    static const bool reserved[8] = {false, true, false, true, false, false, true, true};
    for (unsigned code = 0; code < 256; code++) {
        assert_int_equal(parse(BYTES(0x40, (uint8_t)code, 0, 1)), reserved[code >> 5] ? LP_COAP_CLASS : LP_COAP_FINE);
    }
}

static void a_token_has_up_to_eight_bytes_and_ends_in_the_datagram(void **state) {
    (void)state;
    uint8_t bytes[4 + 15] = {0, 0x01, 0, 1};
    for (uint8_t len = 0; len < 16; len++) {
        bytes[0] = 0x40 | len;
        assert_int_equal(parse((lp_slice){bytes, 4U + len}), len <= 8 ? LP_COAP_FINE : LP_COAP_TOKEN_LENGTH);
        if (len > 0) {
            assert_int_equal(parse((lp_slice){bytes, 3U + len}), LP_COAP_TOKEN_LENGTH);
        }
    }
}

static void an_empty_message_is_four_bytes(void **state) {
    (void)state;
    assert_int_equal(parse(BYTES(0x40, 0x00, 0, 1)), LP_COAP_FINE);
    assert_int_equal(parse(BYTES(0x40, 0x00, 0, 1, 0xff, 1)), LP_COAP_NOT_EMPTY);
    assert_int_equal(parse(BYTES(0x41, 0x00, 0, 1, 9)), LP_COAP_NOT_EMPTY);
    assert_int_equal(parse(BYTES(0x41, 0x00, 0, 1)), LP_COAP_NOT_EMPTY);
}

static void reserved_deltas_and_lengths_are_refused(void **state) {
    (void)state;
    for (uint8_t len = 0; len < 15; len++) {
        assert_int_equal(parse(BYTES(0x40, 0x01, 0, 1, (uint8_t)(0xf0 | len))), LP_COAP_OPTION_RESERVED);
    }
    assert_int_equal(parse(BYTES(0x40, 0x01, 0, 1, 0x0f, 1, 1)), LP_COAP_OPTION_RESERVED);
}

static void an_option_ends_in_the_datagram(void **state) {
    (void)state;
    assert_int_equal(parse(BYTES(0x40, 0x01, 0, 1, 0x11)), LP_COAP_OPTION_END);                /* value */
    assert_int_equal(parse(BYTES(0x40, 0x01, 0, 1, 0xd0)), LP_COAP_OPTION_END);                /* delta */
    assert_int_equal(parse(BYTES(0x40, 0x01, 0, 1, 0xe0, 0)), LP_COAP_OPTION_END);             /* delta */
    assert_int_equal(parse(BYTES(0x40, 0x01, 0, 1, 0x0d)), LP_COAP_OPTION_END);                /* length */
    assert_int_equal(parse(BYTES(0x40, 0x01, 0, 1, 0x0e, 0)), LP_COAP_OPTION_END);             /* length */
    assert_int_equal(parse(BYTES(0x40, 0x01, 0, 1, 0x0e, 0xff, 0xff, 1)), LP_COAP_OPTION_END); /* length, too large */
    assert_int_equal(parse(BYTES(0x40, 0x01, 0, 1, 0x0d, 0)), LP_COAP_OPTION_END);             /* 13 bytes of value */
}

static void option_numbers_end_at_65535(void **state) {
    (void)state;
    lp_slice last = BYTES(0x40, 0x01, 0, 1, 0xe0, 0xfe, 0xf2); /* 269 + 65266 */
    lp_slice beyond = BYTES(0x40, 0x01, 0, 1, 0xe0, 0xfe, 0xf3);
    lp_slice sum = BYTES(0x40, 0x01, 0, 1, 0xe0, 0xfe, 0xf2, 0x10);
    assert_int_equal(parse(last), LP_COAP_FINE);
    assert_int_equal(parse(beyond), LP_COAP_OPTION_NUMBER);
    assert_int_equal(parse(sum), LP_COAP_OPTION_NUMBER);
}

static void after_a_payload_marker_there_is_a_payload(void **state) {
    (void)state;
    assert_int_equal(parse(BYTES(0x40, 0x01, 0, 1, 0xff)), LP_COAP_NO_PAYLOAD);
    assert_int_equal(parse(BYTES(0x40, 0x01, 0, 1, 0x10, 0xff)), LP_COAP_NO_PAYLOAD);
    assert_int_equal(parse(BYTES(0x40, 0x01, 0, 1, 0x10, 0xff, 0xff)), LP_COAP_FINE);
}

static void a_faulty_message_shows_what_a_rejection_needs_and_no_more(void **state) {
    (void)state;
    lp_coap_message message = {.id = 7};
    assert_int_equal(lp_coap_parse(BYTES(0x40, 0x01, 0), &message), LP_COAP_SHORT);
    assert_int_equal(lp_coap_parse(BYTES(0x80, 0x01, 0, 1), &message), LP_COAP_VERSION);
    assert_int_equal(message.id, 7);
    assert_int_equal(lp_coap_parse(BYTES(0x51, 0x02, 0xab, 0xcd, 1, 0xff), &message), LP_COAP_NO_PAYLOAD);
    assert_int_equal(message.type, LP_COAP_NON);
    assert_int_equal(message.code, LP_COAP_POST);
    assert_int_equal(message.id, 0xabcd);
    assert_int_equal(message.token.len, 0);
    assert_int_equal(message.options.len, 0);
}

static void numbers_have_as_many_bytes_as_their_option_allows(void **state) {
    (void)state;
    uint32_t value;
    assert_true(lp_coap_uint((lp_slice){NULL, 0}, 3, &value));
    assert_int_equal(value, 0);
    assert_true(lp_coap_uint(BYTES(0x01, 0x02, 0x03), 3, &value));
    assert_int_equal(value, 0x010203);
    assert_true(lp_coap_uint(BYTES(0xff, 0xff, 0xff, 0xff), 4, &value));
    assert_int_equal(value, UINT32_MAX);
    value = 5;
    assert_false(lp_coap_uint(BYTES(0, 0, 0, 1), 3, &value));
    assert_int_equal(value, 5);
}

/* --- writing --- */

static void a_message_is_written_byte_for_byte(void **state) {
    (void)state;
    uint8_t bytes[64];
    lp_coap_writer writer = {.bytes = bytes, .room = sizeof bytes};
    lp_coap_write_header(&writer, LP_COAP_CON, LP_COAP_GET, 0x7d35, BYTES(0x20));
    lp_coap_write_uint(&writer, LP_COAP_OBSERVE, 0);
    lp_coap_write_option(&writer, LP_COAP_URI_PATH, TEXT("u"));
    lp_coap_write_option(&writer, LP_COAP_URI_PATH, TEXT("thirteen bytes"));
    lp_coap_write_uint(&writer, LP_COAP_BLOCK2, 0x0106);
    lp_coap_write_uint(&writer, 60, 0x010000);
    lp_coap_write_payload(&writer, TEXT("x"));
    assert_false(writer.overflow);
    assert_slice((lp_slice){bytes, writer.len}, TEXT("\x41\x01\x7d\x35\x20"
                                                     "\x60"
                                                     "\x51u"
                                                     "\x0d\x01thirteen bytes"
                                                     "\xc2\x01\x06"
                                                     "\xd3\x18\x01\x00\x00"
                                                     "\xffx"));
}

static void deltas_and_lengths_change_form_at_13_and_at_269(void **state) {
    (void)state;
    static const uint16_t edges[] = {0, 12, 13, 268, 269, 600};
    static const uint8_t zeros[600];
    uint8_t bytes[1024];
    for (size_t i = 0; i < sizeof edges / sizeof edges[0]; i++) {
        for (size_t j = 0; j < sizeof edges / sizeof edges[0]; j++) {
            lp_coap_writer writer = {.bytes = bytes, .room = sizeof bytes};
            lp_coap_message message;
            lp_coap_option option;
            lp_coap_write_header(&writer, LP_COAP_NON, LP_COAP_GET, 1, (lp_slice){NULL, 0});
            lp_coap_write_option(&writer, edges[i], (lp_slice){zeros, edges[j]});
            size_t extra = (size_t)(edges[i] > 12) + (edges[i] > 268) + (edges[j] > 12) + (edges[j] > 268);
            assert_int_equal(writer.len, 4 + 1 + extra + edges[j]);
            assert_int_equal(lp_coap_parse((lp_slice){bytes, writer.len}, &message), LP_COAP_FINE);
            lp_coap_options walk = {message.options, 0};
            assert_true(lp_coap_option_next(&walk, &option));
            assert_int_equal(option.number, edges[i]);
            assert_int_equal(option.value.len, edges[j]);
        }
    }
}

static void what_does_not_fit_is_an_overflow_and_nothing_is_written_beyond(void **state) {
    (void)state;
    for (size_t room = 0; room < 12; room++) {
        uint8_t *bytes = malloc(room + (room == 0));
        assert_non_null(bytes);
        lp_coap_writer writer = {.bytes = bytes, .room = room};
        lp_coap_write_header(&writer, LP_COAP_CON, LP_COAP_POST, 1, BYTES(1, 2));
        lp_coap_write_option(&writer, LP_COAP_URI_PATH, TEXT("rd"));
        lp_coap_write_payload(&writer, TEXT("xy"));
        assert_int_equal(writer.overflow, true);
        assert_true(writer.len <= room);
        free(bytes);
    }
}

static void after_an_overflow_nothing_more_is_written(void **state) {
    (void)state;
    uint8_t bytes[8];
    lp_coap_writer writer = {.bytes = bytes, .room = sizeof bytes};
    lp_coap_write_header(&writer, LP_COAP_CON, LP_COAP_POST, 1, (lp_slice){NULL, 0});
    lp_coap_write_option(&writer, LP_COAP_URI_PATH, TEXT("too long"));
    size_t len = writer.len;
    lp_coap_write_uint(&writer, 12, 0); /* would fit */
    assert_true(writer.overflow);
    assert_int_equal(writer.len, len);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_examples_of_the_rfc_are_read),
        cmocka_unit_test(an_option_has_a_delta_and_a_length_of_up_to_three_bytes),
        cmocka_unit_test(what_is_no_message_is_refused),
        cmocka_unit_test(codes_of_reserved_classes_are_refused),
        cmocka_unit_test(a_token_has_up_to_eight_bytes_and_ends_in_the_datagram),
        cmocka_unit_test(an_empty_message_is_four_bytes),
        cmocka_unit_test(reserved_deltas_and_lengths_are_refused),
        cmocka_unit_test(an_option_ends_in_the_datagram),
        cmocka_unit_test(option_numbers_end_at_65535),
        cmocka_unit_test(after_a_payload_marker_there_is_a_payload),
        cmocka_unit_test(a_faulty_message_shows_what_a_rejection_needs_and_no_more),
        cmocka_unit_test(numbers_have_as_many_bytes_as_their_option_allows),
        cmocka_unit_test(a_message_is_written_byte_for_byte),
        cmocka_unit_test(deltas_and_lengths_change_form_at_13_and_at_269),
        cmocka_unit_test(what_does_not_fit_is_an_overflow_and_nothing_is_written_beyond),
        cmocka_unit_test(after_an_overflow_nothing_more_is_written),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
