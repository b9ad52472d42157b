/* SPDX-License-Identifier: Apache-2.0 */
/* What frames lwIP gets to see: each rule by a breach of it, and frames as they should be. */
#include "lampyr-net/frame.h"
#include "lampyr-net/slip.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define BYTES(...) ((const uint8_t[]){__VA_ARGS__}), sizeof((const uint8_t[]){__VA_ARGS__})

enum { MAC_BYTES = 21, ROOM = 256 };

/* From one extended address to another within PAN 0x4c50. */
static const uint8_t mac[MAC_BYTES] = {0x61, 0xcc, 7, 0x50, 0x4c, 9, 0, 0, 0, 0, 0xac, 0x42, 2, 1, 0, 0, 0, 0, 0, 0, 2};

/* IPv6 and UDP headers, compressed: traffic class, flow label, addresses and lengths are elided, ports are short. */
static const uint8_t compressed[] = {0x7e, 0x33, 0xf3, 0x00, 0xab, 0xcd};

static lp_fragments fragments;

static int set_up(void **state) {
    (void)state;
    memset(&fragments, 0, sizeof fragments);
    return 0;
}

/* The verdict on the header `mac`, `head`, and `rest` bytes more. */
static lp_frame_fault after(const uint8_t *header, const uint8_t *head, size_t head_len, size_t rest) {
    static uint8_t frame[ROOM];
    memcpy(frame, header, MAC_BYTES);
    memcpy(frame + MAC_BYTES, head, head_len);
    return lp_frame_check(&fragments, (lp_slice){frame, MAC_BYTES + head_len + rest});
}

static lp_frame_fault check(const uint8_t *head, size_t head_len, size_t rest) {
    return after(mac, head, head_len, rest);
}

static lp_frame_fault with_control(uint8_t low, uint8_t high) {
    uint8_t header[MAC_BYTES];
    memcpy(header, mac, sizeof header);
    header[0] = low;
    header[1] = high;
    return after(header, compressed, sizeof compressed, 10);
}

static void whole_packets_pass(void **state) {
    (void)state;
    assert_int_equal(check(compressed, sizeof compressed, 10), LP_FRAME_FINE);
    assert_int_equal(check(compressed, sizeof compressed, 0), LP_FRAME_FINE);
    assert_int_equal(check(BYTES(0x41), 40), LP_FRAME_FINE);
    assert_int_equal(check(BYTES(0x60, 0x00), 4 + 1 + 1 + 16 + 16), LP_FRAME_FINE);
    assert_int_equal(check(BYTES(0x7b, 0x3b, 58, 1), 24), LP_FRAME_FINE); /* to ff02::1 */
}

static void a_frame_that_ends_in_the_mac_header_is_short(void **state) {
    (void)state;
    for (size_t len = 0; len <= MAC_BYTES; len++) {
        assert_int_equal(lp_frame_check(&fragments, (lp_slice){mac, len}), LP_FRAME_SHORT);
    }
}

static void other_frames_are_told_by_name(void **state) {
    (void)state;
    assert_int_equal(with_control(0x60, 0xcc), LP_FRAME_TYPE);      /* a beacon */
    assert_int_equal(with_control(0x61, 0xec), LP_FRAME_TYPE);      /* of a later version */
    assert_int_equal(with_control(0x61, 0xcd), LP_FRAME_TYPE);      /* without a sequence number */
    assert_int_equal(with_control(0x69, 0xcc), LP_FRAME_SECURED);   /* encrypted */
    assert_int_equal(with_control(0x21, 0xcc), LP_FRAME_ADDRESSES); /* between PANs */
    assert_int_equal(with_control(0x61, 0x8c), LP_FRAME_ADDRESSES); /* from a short address */
    assert_int_equal(with_control(0x61, 0xc8), LP_FRAME_ADDRESSES); /* to a short one that is not broadcast */
    assert_int_equal(with_control(0x61, 0xc0), LP_FRAME_ADDRESSES); /* to nobody */
}

static void what_is_no_packet_is_told_by_name(void **state) {
    (void)state;
    assert_int_equal(check(BYTES(0x00), 20), LP_FRAME_DISPATCH);                /* not 6LoWPAN */
    assert_int_equal(check(BYTES(0x80), 20), LP_FRAME_DISPATCH);                /* mesh */
    assert_int_equal(check(BYTES(0x50), 20), LP_FRAME_DISPATCH);                /* broadcast of a mesh */
    assert_int_equal(check(BYTES(0x41), 39), LP_FRAME_HEADERS);                 /* ends in the IPv6 header */
    assert_int_equal(check(BYTES(0x7e), 0), LP_FRAME_HEADERS);                  /* ends in the compressed one */
    assert_int_equal(check(compressed, 5, 0), LP_FRAME_HEADERS);                /* ends in UDP's checksum */
    assert_int_equal(check(compressed, 2, 0), LP_FRAME_HEADERS);                /* ends before UDP's header */
    assert_int_equal(check(BYTES(0x7e, 0x73), 20), LP_FRAME_CONTEXT);           /* source by a context */
    assert_int_equal(check(BYTES(0x7e, 0x37), 20), LP_FRAME_CONTEXT);           /* destination by a context */
    assert_int_equal(check(BYTES(0x7e, 0x33, 0xe0), 20), LP_FRAME_COMPRESSION); /* another compressed header */
    assert_int_equal(check(BYTES(0x7e, 0x33, 0xf7), 20), LP_FRAME_COMPRESSION); /* UDP without a checksum */
}

/* The first fragment of a datagram of 200 bytes: 48 of headers, 48 of payload. */
static lp_frame_fault begin_datagram(uint8_t tag) {
    return check(BYTES(0xc0, 200, 0, tag, 0x7e, 0x33, 0xf3, 0x00, 0xab, 0xcd), 48);
}

static void fragments_in_order_pass(void **state) {
    (void)state;
    assert_int_equal(begin_datagram(1), LP_FRAME_FINE);
    assert_int_equal(check(BYTES(0xe0, 200, 0, 1, 96 / 8), 96), LP_FRAME_FINE);
    assert_int_equal(check(BYTES(0xe0, 200, 0, 1, 192 / 8), 8), LP_FRAME_FINE);
    assert_int_equal(check(BYTES(0xe0, 200, 0, 1, 192 / 8), 8), LP_FRAME_ORDER); /* it is complete */
}

static void fragments_that_do_not_follow_are_refused(void **state) {
    (void)state;
    uint8_t other[MAC_BYTES];
    memcpy(other, mac, sizeof other);
    other[MAC_BYTES - 1] ^= 1;
    assert_int_equal(check(BYTES(0xe0, 200, 0, 1, 12), 96), LP_FRAME_ORDER); /* nothing has begun */
    assert_int_equal(begin_datagram(1), LP_FRAME_FINE);
    assert_int_equal(check(BYTES(0xe0, 200, 0, 1, 24), 8), LP_FRAME_ORDER);         /* one is left out */
    assert_int_equal(check(BYTES(0xe0, 200, 0, 2, 12), 96), LP_FRAME_ORDER);        /* another tag, */
    assert_int_equal(check(BYTES(0xe0, 208, 0, 1, 12), 96), LP_FRAME_ORDER);        /* another size, */
    assert_int_equal(after(other, BYTES(0xe0, 200, 0, 1, 12), 96), LP_FRAME_ORDER); /* another sender */
    assert_int_equal(begin_datagram(3), LP_FRAME_FINE);
    assert_int_equal(check(BYTES(0xe0, 200, 0, 1, 12), 96), LP_FRAME_ORDER); /* another has begun */
    assert_int_equal(check(BYTES(0xe0, 200, 0, 3, 12), 96), LP_FRAME_FINE);
}

static void fragments_that_do_not_fit_are_refused(void **state) {
    (void)state;
    assert_int_equal(check(BYTES(0xc0, 200, 0), 0), LP_FRAME_HEADERS);             /* ends in its header */
    assert_int_equal(check(BYTES(0xc0, 200, 0, 1), 0), LP_FRAME_DISPATCH);         /* of nothing */
    assert_int_equal(check(BYTES(0xc0, 200, 0, 1, 0x50), 40), LP_FRAME_DISPATCH);  /* of no packet */
    assert_int_equal(check(BYTES(0xc0, 200, 0, 1, 0x41), 44), LP_FRAME_FRAGMENT);  /* not in units of eight */
    assert_int_equal(check(BYTES(0xc0, 48, 0, 1, 0x41), 48), LP_FRAME_FRAGMENT);   /* all of its datagram */
    assert_int_equal(check(BYTES(0xc5, 0x08, 0, 1, 0x41), 48), LP_FRAME_FRAGMENT); /* of 1,288 bytes */
    assert_int_equal(begin_datagram(1), LP_FRAME_FINE);
    assert_int_equal(check(BYTES(0xe0, 200, 0, 1), 0), LP_FRAME_HEADERS);        /* ends in its header */
    assert_int_equal(check(BYTES(0xe0, 200, 0, 1, 12), 0), LP_FRAME_FRAGMENT);   /* empty */
    assert_int_equal(check(BYTES(0xe0, 200, 0, 1, 12), 95), LP_FRAME_FRAGMENT);  /* not in units of eight */
    assert_int_equal(check(BYTES(0xe0, 200, 0, 1, 12), 112), LP_FRAME_FRAGMENT); /* beyond the end */
    assert_int_equal(check(BYTES(0xe0, 200, 0, 1, 12), 96), LP_FRAME_FINE);
}

static void every_fault_has_a_name(void **state) {
    (void)state;
    for (lp_frame_fault fault = LP_FRAME_FINE; fault < LP_FRAME_FAULTS; fault++) {
        assert_non_null(lp_frame_fault_name(fault));
    }
}

static size_t feed(lp_slip *slip, const uint8_t *bytes, size_t len) {
    size_t got = 0;
    for (size_t i = 0; i < len; i++) {
        size_t frame = lp_slip_take(slip, bytes[i]);
        got = frame > 0 ? frame : got;
    }
    return got;
}

static void a_frame_crosses_the_line_as_it_is(void **state) {
    (void)state;
    lp_slip slip = {.len = 0};
    uint8_t frame[LP_RADIO_FRAME_BYTES];
    uint8_t line[LP_SLIP_BYTES];
    for (size_t i = 0; i < sizeof frame; i++) {
        frame[i] = (uint8_t)(0xbf + i % 0x20); /* both bytes that are escaped among them */
    }
    assert_int_equal(feed(&slip, BYTES(1, 2, 0xdb)), 0); /* the end of something */
    assert_int_equal(feed(&slip, line, lp_slip_put(frame, sizeof frame, line)), sizeof frame);
    assert_memory_equal(slip.frame, frame, sizeof frame);
}

static void an_overlong_frame_is_dropped(void **state) {
    (void)state;
    lp_slip slip = {.len = 0};
    uint8_t line[LP_RADIO_FRAME_BYTES + 2] = {0};
    line[LP_RADIO_FRAME_BYTES + 1] = 0xc0;
    assert_int_equal(feed(&slip, line, sizeof line), 0);
    assert_int_equal(feed(&slip, BYTES(5, 0xc0)), 1);
}

#define TEST(name) cmocka_unit_test_setup(name, set_up)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(whole_packets_pass),
        TEST(a_frame_that_ends_in_the_mac_header_is_short),
        TEST(other_frames_are_told_by_name),
        TEST(what_is_no_packet_is_told_by_name),
        TEST(fragments_in_order_pass),
        TEST(fragments_that_do_not_follow_are_refused),
        TEST(fragments_that_do_not_fit_are_refused),
        TEST(every_fault_has_a_name),
        TEST(a_frame_crosses_the_line_as_it_is),
        TEST(an_overlong_frame_is_dropped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
