/* SPDX-License-Identifier: Apache-2.0 */
/* usage: hostile FRAMES [SEED]
 *
 * A board's whole network, from frames to the agent, among neighbours and with a primary that do whatever harm they
 * can: frames that are noise, cut, changed, repeated or left out, fragments that never end, blocks with wrong numbers,
 * other entity-tags, more or less than was promised. After FRAMES frames nothing may be lost: every buffer is free
 * again, and an update by an honest primary over a good link goes through. Prints what was refused, by name. With an
 * even seed the primary's address is link-local, and headers are compressed. */
#include "station.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum {
    PERCENT = 100,
    REFUSALS = 64,
    NAME_BYTES = 40,
    STEPS_PER_LIFE = 400,
};

typedef struct tally {
    char name[NAME_BYTES];
    unsigned count;
} tally;

typedef struct hostile {
    station *s;
    uint64_t random;
    tally refusals[REFUSALS];
} hostile;

static uint32_t below(hostile *h, uint32_t limit) {
    h->random = h->random * 6364136223846793005U + 1442695040888963407U;
    return (uint32_t)(h->random >> 33) % limit;
}

static bool chance(hostile *h, uint32_t percent) {
    return below(h, PERCENT) < percent;
}

/* --- the air --- */

/* One frame, with or without harm. */
static void fly_perhaps(station *s, const peer_frame *frame) {
    hostile *h = s->ctx;
    peer_frame f = *frame;
    if (chance(h, 2)) {
        return;
    }
    if (chance(h, 4) && f.len > 0) {
        f.bytes[below(h, (uint32_t)f.len)] ^= (uint8_t)(1U << below(h, 8));
    }
    if (chance(h, 2)) {
        f.len = below(h, (uint32_t)f.len + 1);
    }
    if (chance(h, 2) && f.len < LP_RADIO_FRAME_BYTES) {
        f.bytes[f.len++] = (uint8_t)below(h, 256);
    }
    station_fly(s, &f);
    if (chance(h, 3)) {
        station_fly(s, &f);
    }
}

/* Noise behind a good MAC header, or without any; of any sender. */
static void fly_noise(hostile *h) {
    static const uint8_t dispatches[] = {0x41, 0x7b, 0x7f, 0x60, 0x6c, 0xc0, 0xc4, 0xe0, 0xe4, 0x80, 0x50};
    peer_frame f = {.len = 0};
    size_t end = below(h, LP_RADIO_FRAME_BYTES + 1);
    if (below(h, 8) > 0) {
        f.len = peer_mac_header(&h->s->peer, f.bytes);
        f.bytes[f.len - 1 - below(h, 8)] = (uint8_t)below(h, 256);
        f.bytes[f.len++] = (uint8_t)(dispatches[below(h, sizeof dispatches)] + below(h, 2) * below(h, 32));
    }
    while (f.len < end) {
        f.bytes[f.len++] = (uint8_t)(below(h, 3) == 0 ? 0 : below(h, 256));
    }
    station_fly(h->s, &f);
}

/* Fragments of a datagram that nobody completes. */
static void fly_endless(hostile *h) {
    static const uint8_t payload[PEER_DATAGRAM_BYTES] = {0x40};
    peer_frame frames[PEER_FRAMES];
    size_t count = peer_datagram(&h->s->peer, (lp_slice){payload, 200 + below(h, PEER_DATAGRAM_BYTES - 200)}, frames);
    size_t keep = 1 + below(h, (uint32_t)count - 1);
    uint8_t sender = (uint8_t)below(h, 4);
    for (size_t i = 0; i < keep; i++) {
        frames[i].bytes[13] = sender; /* source address, last byte first */
        station_fly(h->s, &frames[i]);
    }
}

static size_t overtake(station *s) {
    hostile *h = s->ctx;
    return chance(h, 2) ? below(h, (uint32_t)s->queued) : 0;
}

static lp_radio_result acknowledge_perhaps(station *s) {
    return chance(s->ctx, 2) ? LP_RADIO_NO_ACK : LP_RADIO_SENT;
}

/* --- the primary --- */

static void lie(hostile *h, lp_response *r, uint8_t *scratch) {
    size_t len = r->payload.len;
    memcpy(scratch, r->payload.ptr, len);
    switch (below(h, 8)) {
    case 0:
        r->block += 1 + below(h, 3);
        break;
    case 1:
        r->etag = (lp_slice){(const uint8_t *)"another", 1 + below(h, 7)};
        break;
    case 2:
        r->more = !r->more;
        break;
    case 3:
        len = below(h, (uint32_t)len + 1);
        break;
    case 4:
        while (len < r->block_bytes) {
            scratch[len++] = (uint8_t)below(h, 256);
        }
        break;
    case 5:
        scratch[below(h, (uint32_t)len + 1)] ^= (uint8_t)(1U << below(h, 8));
        break;
    case 6:
        r->code = (uint8_t)below(h, 256);
        break;
    default:
        r->block_bytes = (uint16_t)(16U << below(h, 7));
        break;
    }
    r->payload = (lp_slice){len == 0 ? NULL : scratch, len};
}

static void lie_perhaps(station *s, const lp_request *request, lp_response *response, uint8_t *scratch) {
    hostile *h = s->ctx;
    if (!request->post && chance(h, 20) && response->payload.ptr != NULL &&
        response->payload.len <= LP_COAP_BLOCK_BYTES) {
        lie(h, response, scratch);
    }
}

static void garble_perhaps(station *s, uint8_t *bytes, size_t *len) {
    hostile *h = s->ctx;
    if (chance(h, 3) && *len > 0) {
        bytes[below(h, (uint32_t)*len)] ^= (uint8_t)(1U << below(h, 8));
    }
}

static const station_harm harm = {.answer = lie_perhaps,
                                  .message = garble_perhaps,
                                  .frame = fly_perhaps,
                                  .next = overtake,
                                  .sent = acknowledge_perhaps};

/* --- running --- */

static void count_refusal(hostile *h, const char *name, size_t len) {
    for (size_t i = 0; i < REFUSALS; i++) {
        tally *t = &h->refusals[i];
        if (t->count == 0 && len < sizeof t->name) {
            memcpy(t->name, name, len);
        }
        if (t->count == 0 || (strncmp(t->name, name, len) == 0 && t->name[len] == '\0')) {
            t->count++;
            return;
        }
    }
}

static void count_refusals(hostile *h) {
    static const char mark[] = " refused:";
    for (const char *at = h->s->w->events; (at = strstr(at, mark)) != NULL;) {
        at += sizeof mark - 1;
        count_refusal(h, at, strcspn(at, " "));
    }
    world_forget_logs(h->s->w);
}

/* A life of the board, with orders that it may or may not get to see. */
static void live(hostile *h, unsigned number) {
    static const uint16_t blocks[] = {16, 64, 256, 1024, 1024, 1024};
    char name[128];
    snprintf(name, sizeof name,
             "image %u, of some ninety bytes, so that it comes in several blocks if they are small ..", number);
    world_order(h->s->w, name, (int)number);
    h->s->w->agent_block_bytes = blocks[below(h, 6)];
    station_boot(h->s);
    for (unsigned i = 0; i < STEPS_PER_LIFE; i++) {
        if (chance(h, 20)) {
            fly_noise(h);
        }
        if (chance(h, 2)) {
            fly_endless(h);
        }
        station_step(h->s);
    }
    count_refusals(h);
}

static void print(const hostile *h) {
    const lp_net *net = &h->s->net;
    const lp_lowpan_counts *counts = &net->lowpan.counts;
    printf("%ju frames\n", (uintmax_t)h->s->frames);
    for (lp_frame_fault fault = LP_FRAME_SHORT; fault < LP_FRAME_FAULTS; fault++) {
        printf("  %-22s %u\n", lp_frame_fault_name(fault), counts->faulty[fault]);
    }
    printf("  %-22s %u\n  %-22s %u\n", "no buffer", counts->crowded, "packets refused", counts->refused);
    printf("  %-22s %u\n  %-22s %u\n  %-22s %u\n", "datagrams not ended", net->lowpan.fragments.unended,
           "datagrams damaged", net->damaged, "datagrams too long", net->overlong);
    printf("  %-22s %u\n", "CoAP faults", h->s->faults);
    for (size_t i = 0; i < REFUSALS && h->refusals[i].count > 0; i++) {
        printf("  %-22s %u\n", h->refusals[i].name, h->refusals[i].count);
    }
}

typedef struct options {
    uint64_t frames;
    uint64_t seed;
} options;

static void a_board_among_enemies_loses_nothing_and_goes_on(void **state) {
    const options *given = *state;
    void *world_state = NULL;
    assert_int_equal(world_set_up_tuf(&world_state), 0);
    hostile h = {.s = station_of(world_state, given->seed % 2 == 0), .random = given->seed};
    h.s->ctx = &h;
    h.s->harm = harm;
    unsigned number = 1;
    while (h.s->frames < given->frames) {
        live(&h, number++);
    }
    h.s->harm = (station_harm){NULL};
    station_nothing_is_lost(h.s);
    station_update(h.s, "the last image", (int)number);
    station_nothing_is_lost(h.s);
    print(&h);
    world_tear_down(&world_state);
}

int main(int argc, char **argv) {
    if (argc < 2) {
        fprintf(stderr, "usage: hostile FRAMES [SEED]\n");
        return 2;
    }
    options given = {.frames = strtoull(argv[1], NULL, 10), .seed = argc > 2 ? strtoull(argv[2], NULL, 10) : 1};
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_prestate(a_board_among_enemies_loses_nothing_and_goes_on, &given)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
