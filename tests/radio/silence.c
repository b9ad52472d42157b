/* SPDX-License-Identifier: Apache-2.0 */
/* What a board does while there is nothing to do: the firmware's loop in an hour without news, on a clock of the
 * test's. Frames on the air are counted, and how often the loop wakes. */
#include "station.h"

#include "lampyr-port/network.h"
#include "lampyr-port/port.h"
#include "loop.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

enum {
    MINUTE_MS = 60 * 1000,
    POLL_MS = MINUTE_MS,
    MINUTES = 60,
    FEED_MS = 15 * 1000,   /* the longest that the emulated board's watchdog waits */
    WAKES_A_MINUTE = 12,   /* for the watchdog; the last is the poll */
    TRIES_MS = 200 * 1000, /* within which a primary that moved is found again */
};

/* The port's functions have no context. */
static struct {
    station *s;
    uint64_t end_ms;
    uint64_t fed_ms;
    unsigned wakes;
    jmp_buf end;
} board;

uint64_t lp_board_now_ms(void) {
    return board.s->w->now_ms;
}

void lp_watchdog_feed(void) {
    board.fed_ms = lp_board_now_ms();
}

void lp_board_sleep(uint64_t until_ms) {
    if (board.s->queued == 0) {
        assert_true(until_ms > lp_board_now_ms());
        board.s->w->now_ms = until_ms < board.end_ms ? until_ms : board.end_ms;
        assert_true(lp_board_now_ms() - board.fed_ms < FEED_MS);
    }
    board.wakes++;
    if (lp_board_now_ms() >= board.end_ms) {
        longjmp(board.end, 1);
    }
}

/* Lets the loop run for so long. */
static void run_for(lp_loop *loop, uint64_t span_ms) {
    board.end_ms = lp_board_now_ms() + span_ms;
    board.s->frames = board.s->sent = board.wakes = 0;
    if (setjmp(board.end) == 0) {
        lp_loop_run(loop);
    }
}

static lp_loop loop_of(station *s) {
    board.s = s;
    lp_watchdog_feed();
    return (lp_loop){.agent = &s->w->agent, .coap = &s->coap, .net = &s->net, .datagram = s->buffer};
}

static void between_polls_nothing_is_sent_and_nothing_wakes_the_loop(void **state) {
    station *s = station_of(*state, false);
    lp_loop loop = loop_of(s);
    s->w->agent.config.block_bytes = LP_COAP_BLOCK_BYTES; /* the news come in one block */
    lp_loop_resolve(&loop);
    run_for(&loop, MINUTE_MS / 2); /* registers, verifies, reports */
    assert_true(world_saw(s->w->events, "turn:ok"));
    run_for(&loop, MINUTES * MINUTE_MS);
    printf("an hour: %ju frames sent, %ju received, %u wakes\n", (uintmax_t)s->sent, (uintmax_t)s->frames, board.wakes);
    assert_int_equal(s->sent, MINUTES * MINUTE_MS / POLL_MS);
    assert_int_equal(s->frames, s->sent);
    assert_in_range(board.wakes, 1, MINUTES * WAKES_A_MINUTE);
}

/* A fragment that is alone keeps lwIP's timers awake no longer than it waits; who is told of news at once looks at
 * once. */
static void fragments_and_pokes_wake_it_for_as_long_as_they_take(void **state) {
    static const uint8_t payload[300];
    static const uint8_t poke[] = {0x40, 2, 1, 1, 0xb4, 'p', 'o', 'k', 'e'};
    peer_frame frames[PEER_FRAMES];
    station *s = station_of(*state, false);
    lp_loop loop = loop_of(s);
    s->w->agent.config.block_bytes = LP_COAP_BLOCK_BYTES;
    run_for(&loop, MINUTE_MS / 2);
    peer_datagram(&s->peer, (lp_slice){payload, sizeof payload}, frames);
    station_fly(s, &frames[0]);
    run_for(&loop, MINUTE_MS / 3);
    assert_int_equal(s->sent, 0);
    assert_in_range(board.wakes, 1, 7); /* the frame, two ticks, and the watchdog */
    station_fly_datagram(s, (lp_slice){poke, sizeof poke});
    run_for(&loop, 1000);
    assert_true(world_saw(s->w->requests, "GET u/brake-1"));
    station_nothing_is_lost(s);
}

/* The primary's new radio has another link-layer address: who is not answered asks again. */
static void a_primary_that_moved_is_found_again(void **state) {
    station *s = station_of(*state, false);
    lp_loop loop = loop_of(s);
    s->w->agent.config.block_bytes = LP_COAP_BLOCK_BYTES;
    lp_loop_resolve(&loop);
    run_for(&loop, MINUTE_MS / 2);
    s->peer.moved = true;
    world_forget_logs(s->w);
    run_for(&loop, TRIES_MS);
    assert_true(world_saw(s->w->events, "turn:ok"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        WORLD_TEST(between_polls_nothing_is_sent_and_nothing_wakes_the_loop),
        WORLD_TEST(fragments_and_pokes_wake_it_for_as_long_as_they_take),
        WORLD_TEST(a_primary_that_moved_is_found_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
