/* SPDX-License-Identifier: Apache-2.0 */
#include "station.h"

#include "coap_primary.h"

#include "lwip/memp.h"
#include "lwip/stats.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum {
    SILENCE_S = 60, /* until lwIP has given up on everything */
    UPDATE_STEPS = 20000,
};

/* --- the air --- */

void station_fly(station *s, const peer_frame *frame) {
    if (s->queued < STATION_QUEUE) {
        s->queue[s->queued++] = *frame;
    }
}

static void fly(station *s, const peer_frame *frame) {
    if (s->harm.frame != NULL) {
        s->harm.frame(s, frame);
    } else {
        station_fly(s, frame);
    }
}

void station_fly_datagram(station *s, lp_slice payload) {
    peer_frame frames[PEER_FRAMES];
    size_t count = peer_datagram(&s->peer, payload, frames);
    for (size_t i = 0; i < count; i++) {
        fly(s, &frames[i]);
    }
}

/* --- the primary --- */

static void answer(station *s) {
    char path[LP_AGENT_PATH_BYTES];
    char query[LP_AGENT_PATH_BYTES];
    uint8_t scratch[STATION_SCRATCH_BYTES];
    lp_coap_message message;
    lp_request request;
    lp_response response;
    assert_int_equal(lp_coap_parse((lp_slice){s->peer.datagram, s->peer.got}, &message), LP_COAP_FINE);
    if (message.type != LP_COAP_CON || message.code == LP_COAP_EMPTY) {
        return;
    }
    if (s->answered_len > 0 && message.id == s->answered_id) {
        station_fly_datagram(s, (lp_slice){s->answered, s->answered_len});
        return;
    }
    primary_read_request(&message, &request, path, query);
    if (!world_answers(s->w, &request, &response)) {
        return;
    }
    if (s->harm.answer != NULL) {
        s->harm.answer(s, &request, &response, scratch);
    }
    s->sequence += request.observe;
    s->answered_id = message.id;
    s->answered_len =
        primary_write_response(s->answered, sizeof s->answered, &message, request.observe ? s->sequence : 0, &response);
    if (s->harm.message != NULL) {
        s->harm.message(s, s->answered, &s->answered_len);
    }
    station_fly_datagram(s, (lp_slice){s->answered, s->answered_len});
}

/* --- the board's radio --- */

static bool begin(const lp_radio *radio, const lp_radio_config *config) {
    (void)radio;
    (void)config;
    return true;
}

static lp_radio_result send_frame(const lp_radio *radio, const uint8_t *frame, size_t len) {
    station *s = radio->ctx;
    assert_in_range(len, 1, LP_RADIO_FRAME_BYTES);
    s->sent++;
    switch (peer_take(&s->peer, (lp_slice){frame, len})) {
    case PEER_SOLICITATION: {
        peer_frame advertisement;
        peer_advertise(&s->peer, &advertisement);
        fly(s, &advertisement);
        break;
    }
    case PEER_DATAGRAM:
        answer(s);
        break;
    case PEER_OTHER:
        break;
    }
    return s->harm.sent != NULL ? s->harm.sent(s) : LP_RADIO_SENT;
}

static size_t receive_frame(const lp_radio *radio, uint8_t *frame) {
    station *s = radio->ctx;
    if (s->queued == 0) {
        return 0;
    }
    size_t at = s->harm.next != NULL ? s->harm.next(s) : 0;
    size_t len = s->queue[at].len;
    memcpy(frame, s->queue[at].bytes, len);
    s->queued--;
    memmove(&s->queue[at], &s->queue[at + 1], (s->queued - at) * sizeof s->queue[0]);
    s->frames++;
    return len;
}

/* --- running --- */

static void begin_network(station *s, bool link_local) {
    s->radio = (lp_radio){.begin = begin, .send = send_frame, .receive = receive_frame, .ctx = s};
    lp_net_config config = {.radio = &s->radio,
                            .link = {.channel = LP_RADIO_CHANNEL_MAX, .pan_id = PEER_PAN_ID},
                            .primary = link_local ? PEER_LINK_LOCAL_ADDRESS : PEER_ADDRESS,
                            .buffer = s->buffer,
                            .buffer_bytes = STATION_DATAGRAM_BYTES};
    memcpy(config.link.eui64, peer_board_eui64, sizeof config.link.eui64);
    assert_int_equal(lp_net_begin(&s->net, &config), LP_NET_READY);
}

station *station_of(world *w, bool link_local) {
    static station s;
    if (s.net.socket == NULL) {
        begin_network(&s, link_local);
    }
    /* lwIP's timers go by this clock, too. */
    w->now_ms += s.net.lowpan.tick_ms;
    s.w = w;
    s.harm = (station_harm){NULL};
    s.ctx = NULL;
    s.peer = (peer){.link_local = link_local};
    s.frames = s.sent = 0;
    s.last_fault = LP_COAP_FINE;
    s.faults = 0;
    s.answered_len = s.queued = 0;
    s.net.lowpan.counts = (lp_lowpan_counts){.crowded = 0};
    s.net.lowpan.fragments = (lp_fragments){.next = 0};
    s.net.overlong = s.net.damaged = 0;
    station_boot(&s);
    return &s;
}

void station_boot(station *s) {
    world_boot(s->w);
    assert_int_equal(lp_coap_begin(&s->coap, &s->w->port), LP_OK);
}

/* Takes one frame in; false if there is none. */
static bool take_frame(station *s) {
    world *w = s->w;
    lp_slice datagram;
    lp_net_event event = lp_net_poll(&s->net, w->now_ms, &datagram);
    if (event == LP_NET_DATAGRAM) {
        lp_coap_fault fault = lp_drive_datagram(&w->agent, &s->coap, w->now_ms, datagram);
        s->last_fault = fault != LP_COAP_FINE ? fault : s->last_fault;
        s->faults += fault != LP_COAP_FINE;
    }
    return event != LP_NET_NOTHING;
}

lp_step_kind station_step(station *s) {
    world *w = s->w;
    lp_step next;
    lp_drive_next(&w->agent, &s->coap, w->now_ms, s->buffer, &next);
    if (next.kind == LP_STEP_SEND) {
        lp_net_send(&s->net, (lp_slice){s->buffer, next.len});
    } else if (next.kind == LP_STEP_REBOOT) {
        station_boot(s);
    } else if (!take_frame(s)) {
        uint64_t soon_ms = w->now_ms + STATION_TICK_MS;
        w->now_ms = next.until_ms < soon_ms ? next.until_ms : soon_ms;
    }
    return next.kind;
}

void station_land(station *s) {
    while (take_frame(s)) {
    }
}

void station_wait(station *s, unsigned seconds) {
    s->queued = 0;
    for (unsigned i = 0; i < seconds; i++) {
        s->w->now_ms += STATION_TICK_MS;
        take_frame(s);
        s->queued = 0;
    }
}

/* --- what must be so in the end --- */

void station_nothing_is_lost(station *s) {
    station_wait(s, SILENCE_S);
    for (int i = 0; i < MEMP_MAX; i++) {
        assert_int_equal(lwip_stats.memp[i]->used, i == MEMP_UDP_PCB ? 1 : 0);
    }
}

void station_update(station *s, const char *name, int counter) {
    world_forget_logs(s->w);
    world_order(s->w, name, counter);
    for (unsigned i = 0; i < UPDATE_STEPS && (s->w->testing || strcmp(world_running(s->w), name) != 0); i++) {
        station_step(s);
    }
    assert_string_equal(world_running(s->w), name);
    assert_false(s->w->testing);
}
