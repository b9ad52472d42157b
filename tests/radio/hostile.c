/* SPDX-License-Identifier: Apache-2.0 */
/* usage: hostile FRAMES [SEED]
 *
 * A board's whole network, from frames to the agent, among neighbours and with a primary that do whatever harm they
 * can: frames that are noise, cut, changed, repeated or left out, fragments that never end, blocks with wrong numbers,
 * other entity-tags, more or less than was promised. After FRAMES frames nothing may be lost: every buffer is free
 * again, and an update by an honest primary over a good link goes through. Prints what was refused, by name. */
#include "agent_world.h"
#include "coap_primary.h"
#include "peer.h"

#include "lampyr-coap/drive.h"
#include "lampyr-net/net.h"

#include "lwip/memp.h"
#include "lwip/stats.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum {
    QUEUE = 64,
    PERCENT = 100,
    REFUSALS = 64,
    NAME_BYTES = 40,
    STEPS_PER_LIFE = 400,
    HONEST_STEPS = 20000,
    TICK_MS = 1000,
    TICKS = 60, /* until lwIP has given up on everything */
};

typedef struct tally {
    char name[NAME_BYTES];
    unsigned count;
} tally;

typedef struct hostile {
    world *w;
    lp_coap coap;
    lp_net net;
    lp_radio radio;
    peer peer;
    bool honest;
    uint64_t random;
    uint64_t frames; /* that the board was given */
    uint32_t sequence;
    uint16_t answered_id;
    size_t answered_len; /* repeated if the request is */
    uint8_t answered[PEER_DATAGRAM_BYTES];
    size_t queued;
    peer_frame queue[QUEUE]; /* on the way to the board */
    uint8_t buffer[LP_COAP_DATAGRAM_BYTES];
    unsigned coap_faults;
    tally refusals[REFUSALS];
} hostile;

static uint32_t below(hostile *h, uint32_t limit) {
    h->random = h->random * 6364136223846793005U + 1442695040888963407U;
    return (uint32_t)(h->random >> 33) % limit;
}

static bool chance(hostile *h, uint32_t percent) {
    return !h->honest && below(h, PERCENT) < percent;
}

/* --- the air --- */

static void fly(hostile *h, const peer_frame *frame) {
    if (h->queued < QUEUE) {
        h->queue[h->queued++] = *frame;
    }
}

/* One frame, with or without harm. */
static void fly_perhaps(hostile *h, const peer_frame *frame) {
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
    fly(h, &f);
    if (chance(h, 3)) {
        fly(h, &f);
    }
}

static void fly_datagram(hostile *h, lp_slice payload) {
    peer_frame frames[PEER_FRAMES];
    size_t count = peer_datagram(&h->peer, payload, frames);
    for (size_t i = 0; i < count; i++) {
        fly_perhaps(h, &frames[i]);
    }
}

/* Noise behind a good MAC header, or without any; of any sender. */
static void fly_noise(hostile *h) {
    static const uint8_t dispatches[] = {0x41, 0x7b, 0x7f, 0x60, 0x6c, 0xc0, 0xc4, 0xe0, 0xe4, 0x80, 0x50};
    peer_frame f = {.len = 0};
    size_t end = below(h, LP_RADIO_FRAME_BYTES + 1);
    if (below(h, 8) > 0) {
        f.len = peer_mac_header(&h->peer, f.bytes);
        f.bytes[f.len - 1 - below(h, 8)] = (uint8_t)below(h, 256);
        f.bytes[f.len++] = (uint8_t)(dispatches[below(h, sizeof dispatches)] + below(h, 2) * below(h, 32));
    }
    while (f.len < end) {
        f.bytes[f.len++] = (uint8_t)(below(h, 3) == 0 ? 0 : below(h, 256));
    }
    fly(h, &f);
}

/* Fragments of a datagram that nobody completes. */
static void fly_endless(hostile *h) {
    static const uint8_t payload[PEER_DATAGRAM_BYTES] = {0x40};
    peer_frame frames[PEER_FRAMES];
    size_t count = peer_datagram(&h->peer, (lp_slice){payload, 200 + below(h, PEER_DATAGRAM_BYTES - 200)}, frames);
    size_t keep = 1 + below(h, (uint32_t)count - 1);
    uint8_t sender = (uint8_t)below(h, 4);
    for (size_t i = 0; i < keep; i++) {
        frames[i].bytes[13] = sender; /* source address, last byte first */
        fly(h, &frames[i]);
    }
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

static void answer(hostile *h) {
    char path[LP_AGENT_PATH_BYTES];
    char query[LP_AGENT_PATH_BYTES];
    uint8_t scratch[2 * LP_COAP_BLOCK_BYTES];
    lp_coap_message message;
    lp_request request;
    lp_response response;
    assert_int_equal(lp_coap_parse((lp_slice){h->peer.datagram, h->peer.got}, &message), LP_COAP_FINE);
    if (message.type != LP_COAP_CON || message.code == LP_COAP_EMPTY) {
        return;
    }
    if (h->answered_len > 0 && message.id == h->answered_id) {
        fly_datagram(h, (lp_slice){h->answered, h->answered_len});
        return;
    }
    primary_read_request(&message, &request, path, query);
    if (!world_answers(h->w, &request, &response)) {
        return;
    }
    if (!request.post && chance(h, 20) && response.payload.ptr != NULL && response.payload.len <= LP_COAP_BLOCK_BYTES) {
        lie(h, &response, scratch);
    }
    h->sequence += request.observe;
    h->answered_id = message.id;
    h->answered_len =
        primary_write_response(h->answered, sizeof h->answered, &message, request.observe ? h->sequence : 0, &response);
    if (chance(h, 3) && h->answered_len > 0) {
        h->answered[below(h, (uint32_t)h->answered_len)] ^= (uint8_t)(1U << below(h, 8));
    }
    fly_datagram(h, (lp_slice){h->answered, h->answered_len});
}

/* --- the board's radio --- */

static bool begin(const lp_radio *radio, const lp_radio_config *config) {
    (void)radio;
    (void)config;
    return true;
}

static lp_radio_result send_frame(const lp_radio *radio, const uint8_t *frame, size_t len) {
    hostile *h = radio->ctx;
    assert_in_range(len, 1, LP_RADIO_FRAME_BYTES);
    switch (peer_take(&h->peer, (lp_slice){frame, len})) {
    case PEER_SOLICITATION: {
        peer_frame advertisement;
        peer_advertise(&h->peer, &advertisement);
        fly_perhaps(h, &advertisement);
        break;
    }
    case PEER_DATAGRAM:
        answer(h);
        break;
    case PEER_OTHER:
        break;
    }
    return chance(h, 2) ? LP_RADIO_NO_ACK : LP_RADIO_SENT;
}

static size_t receive_frame(const lp_radio *radio, uint8_t *frame) {
    hostile *h = radio->ctx;
    if (h->queued == 0) {
        return 0;
    }
    size_t at = chance(h, 2) ? below(h, (uint32_t)h->queued) : 0;
    size_t len = h->queue[at].len;
    memcpy(frame, h->queue[at].bytes, len);
    h->queued--;
    memmove(&h->queue[at], &h->queue[at + 1], (h->queued - at) * sizeof h->queue[0]);
    h->frames++;
    return len;
}

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
    for (const char *at = h->w->events; (at = strstr(at, mark)) != NULL;) {
        at += sizeof mark - 1;
        count_refusal(h, at, strcspn(at, " "));
    }
    world_forget_logs(h->w);
}

static void boot(hostile *h) {
    static const uint16_t blocks[] = {16, 64, 256, 1024, 1024, 1024};
    h->w->agent_block_bytes = blocks[below(h, 6)];
    count_refusals(h);
    world_boot(h->w);
    assert_int_equal(lp_coap_begin(&h->coap, &h->w->port), LP_OK);
}

/* One turn of the firmware's loop. */
static lp_step_kind step(hostile *h) {
    world *w = h->w;
    lp_step next;
    lp_slice datagram;
    lp_drive_next(&w->agent, &h->coap, w->now_ms, h->buffer, &next);
    if (next.kind == LP_STEP_SEND) {
        lp_net_send(&h->net, (lp_slice){h->buffer, next.len});
    } else if (next.kind == LP_STEP_REBOOT) {
        boot(h);
    } else {
        switch (lp_net_poll(&h->net, w->now_ms, &datagram)) {
        case LP_NET_DATAGRAM:
            h->coap_faults += lp_drive_datagram(&w->agent, &h->coap, w->now_ms, datagram) != LP_COAP_FINE;
            break;
        case LP_NET_FRAME:
            break;
        case LP_NET_NOTHING: {
            uint64_t soon_ms = w->now_ms + TICK_MS;
            w->now_ms = next.until_ms < soon_ms ? next.until_ms : soon_ms;
            break;
        }
        }
    }
    return next.kind;
}

/* A life of the board, with orders that it may or may not get to see. */
static void live(hostile *h, unsigned number) {
    char name[128];
    snprintf(name, sizeof name,
             "image %u, of some ninety bytes, so that it comes in several blocks if they are small ..", number);
    world_order(h->w, name, (int)number);
    boot(h);
    for (unsigned i = 0; i < STEPS_PER_LIFE; i++) {
        if (chance(h, 20)) {
            fly_noise(h);
        }
        if (chance(h, 2)) {
            fly_endless(h);
        }
        step(h);
    }
}

/* --- what must be so in the end --- */

static void nothing_is_lost(hostile *h) {
    lp_slice datagram;
    h->queued = 0;
    for (unsigned i = 0; i < TICKS; i++) {
        h->w->now_ms += TICK_MS;
        lp_net_poll(&h->net, h->w->now_ms, &datagram);
        h->queued = 0;
    }
    for (int i = 0; i < MEMP_MAX; i++) {
        assert_int_equal(lwip_stats.memp[i]->used, i == MEMP_UDP_PCB ? 1 : 0);
    }
}

static void an_update_goes_through(hostile *h, unsigned number) {
    char name[64];
    snprintf(name, sizeof name, "the last image, number %u", number);
    h->honest = true;
    world_order(h->w, name, (int)number);
    boot(h);
    for (unsigned i = 0; i < HONEST_STEPS && !world_saw(h->w->events, "confirmed"); i++) {
        step(h);
    }
    assert_string_equal(world_running(h->w), name);
}

static void print(const hostile *h) {
    const lp_lowpan_counts *counts = &h->net.lowpan.counts;
    printf("%ju frames\n", (uintmax_t)h->frames);
    for (lp_frame_fault fault = LP_FRAME_SHORT; fault < LP_FRAME_FAULTS; fault++) {
        printf("  %-22s %u\n", lp_frame_fault_name(fault), counts->faulty[fault]);
    }
    printf("  %-22s %u\n  %-22s %u\n  %-22s %u\n  %-22s %u\n", "no buffer", counts->crowded, "packets refused",
           counts->refused, "datagrams too long", h->net.overlong, "CoAP faults", h->coap_faults);
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
    hostile *h = calloc(1, sizeof *h);
    assert_non_null(h);
    assert_int_equal(world_set_up_tuf(&world_state), 0);
    h->w = world_state;
    h->random = given->seed;
    h->radio = (lp_radio){.begin = begin, .send = send_frame, .receive = receive_frame, .ctx = h};
    lp_net_config config = {.radio = &h->radio,
                            .link = {.channel = LP_RADIO_CHANNEL_MAX, .pan_id = PEER_PAN_ID},
                            .primary = PEER_ADDRESS,
                            .buffer = h->buffer,
                            .buffer_bytes = sizeof h->buffer};
    memcpy(config.link.eui64, peer_board_eui64, sizeof config.link.eui64);
    assert_int_equal(lp_net_begin(&h->net, &config), LP_NET_READY);
    unsigned number = 1;
    while (h->frames < given->frames) {
        live(h, number++);
    }
    count_refusals(h);
    nothing_is_lost(h);
    an_update_goes_through(h, number);
    print(h);
    world_tear_down(&world_state);
    free(h);
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
