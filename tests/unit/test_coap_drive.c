/* SPDX-License-Identifier: Apache-2.0 */
/* The agent over CoAP: whole updates over a network that loses, repeats and reorders, and a primary that lies. */
#include "agent_world.h"
#include "coap_primary.h"
#include "lampyr-coap/drive.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum {
    QUEUE = 16,
    PATH_BYTES = LP_AGENT_PATH_BYTES,
    STEPS = 20000,
    PERCENT = 100,
};

static const char long_image[] =
    "an image of some ninety bytes, so that it takes six blocks of sixteen bytes to arrive..";

typedef struct datagram {
    uint8_t bytes[LP_COAP_DATAGRAM_BYTES];
    size_t len;
} datagram;

typedef struct net {
    world *w;
    lp_coap coap;
    uint32_t seed;
    unsigned lost, repeated, overtaken; /* percent */
    datagram queue[QUEUE];              /* on their way to the secondary */
    size_t queued;
    datagram answered; /* the last answer, for requests that are repeated */
    uint16_t last_id;
    uint16_t own_id;
    lp_slice observer; /* token of the observation */
    uint8_t observer_bytes[LP_COAP_TOKEN_BYTES];
    uint32_t sequence;
    unsigned resets; /* that the secondary sent */
    void (*lie)(struct net *net, const lp_request *request, lp_response *response);
} net;

static net *net_of(void **state, uint32_t seed) {
    net *n = calloc(1, sizeof *n);
    assert_non_null(n);
    n->w = *state;
    n->seed = seed;
    n->own_id = 0x8000;
    assert_int_equal(lp_coap_begin(&n->coap, &n->w->port), LP_OK);
    return n;
}

/* --- the network --- */

static bool chance(net *n, unsigned percent) {
    n->seed = n->seed * 1664525 + 1013904223;
    return (n->seed >> 16) % PERCENT < percent;
}

/* How often a datagram arrives. */
static unsigned copies(net *n) {
    return chance(n, n->lost) ? 0 : chance(n, n->repeated) ? 2 : 1;
}

static void to_secondary(net *n, const datagram *d) {
    for (unsigned i = copies(n); i > 0 && n->queued < QUEUE; i--) {
        size_t at = n->queued > 0 && chance(n, n->overtaken) ? 0 : n->queued;
        memmove(&n->queue[at + 1], &n->queue[at], (n->queued - at) * sizeof *d);
        n->queue[at] = *d;
        n->queued++;
    }
}

/* --- the primary --- */

static lp_coap_writer begin(datagram *d, lp_coap_type type, uint8_t code, uint16_t id, lp_slice token) {
    lp_coap_writer writer = {.bytes = d->bytes, .room = sizeof d->bytes};
    lp_coap_write_header(&writer, type, code, id, token);
    return writer;
}

static void end(datagram *d, lp_coap_writer *writer, lp_slice payload) {
    lp_coap_write_payload(writer, payload);
    assert_false(writer->overflow);
    d->len = writer->len;
}

static void write_response(net *n, const lp_coap_message *request, bool observe, const lp_response *r) {
    n->sequence += observe;
    n->answered.len =
        primary_write_response(n->answered.bytes, sizeof n->answered.bytes, request, observe ? n->sequence : 0, r);
    assert_true(n->answered.len > 0);
}

static void take_request(net *n, const lp_coap_message *message) {
    char path[PATH_BYTES];
    char query[PATH_BYTES];
    lp_request request;
    lp_response response;
    if (n->answered.len > 0 && n->last_id == message->id) {
        to_secondary(n, &n->answered);
        return;
    }
    primary_read_request(message, &request, path, query);
    if (!world_answers(n->w, &request, &response)) {
        return;
    }
    if (n->lie != NULL) {
        n->lie(n, &request, &response);
    }
    if (request.observe) {
        memcpy(n->observer_bytes, message->token.ptr, message->token.len);
        n->observer = (lp_slice){n->observer_bytes, message->token.len};
    }
    n->last_id = message->id;
    write_response(n, message, request.observe, &response);
    to_secondary(n, &n->answered);
}

static void to_primary(net *n, const uint8_t *bytes, size_t len) {
    for (unsigned i = copies(n); i > 0; i--) {
        lp_coap_message message;
        assert_int_equal(lp_coap_parse((lp_slice){bytes, len}, &message), LP_COAP_FINE);
        n->resets += message.type == LP_COAP_RST;
        if (message.type == LP_COAP_CON) {
            take_request(n, &message);
        }
    }
}

/* A message that the primary sends unasked. */
static void send_poke(net *n) {
    datagram d;
    lp_coap_writer writer = begin(&d, LP_COAP_CON, LP_COAP_POST, n->own_id++, (lp_slice){NULL, 0});
    lp_coap_write_option(&writer, LP_COAP_URI_PATH, (lp_slice){(const uint8_t *)LP_WIRE_POKE, strlen(LP_WIRE_POKE)});
    end(&d, &writer, (lp_slice){NULL, 0});
    to_secondary(n, &d);
}

static void send_notification(net *n) {
    datagram d;
    lp_response news;
    assert_true(world_answers(n->w, &(lp_request){.path = "u/" WORLD_SERIAL, .query = "", .block_bytes = 1024}, &news));
    lp_coap_writer writer = begin(&d, LP_COAP_CON, news.code, n->own_id++, n->observer);
    lp_coap_write_uint(&writer, LP_COAP_OBSERVE, ++n->sequence);
    end(&d, &writer, news.payload);
    to_secondary(n, &d);
}

/* --- running --- */

static void receive(net *n) {
    datagram first = n->queue[0];
    n->queued--;
    memmove(&n->queue[0], &n->queue[1], n->queued * sizeof first);
    lp_drive_datagram(&n->w->agent, &n->coap, n->w->now_ms, (lp_slice){first.bytes, first.len});
}

/* Lets them talk until the secondary reboots, or has nothing to do for `idle_ms`. */
static lp_step_kind run(net *n, uint64_t idle_ms) {
    world *w = n->w;
    for (unsigned i = 0; i < STEPS; i++) {
        uint8_t buffer[LP_COAP_DATAGRAM_BYTES];
        lp_step step;
        lp_drive_next(&w->agent, &n->coap, w->now_ms, buffer, &step);
        if (step.kind == LP_STEP_SEND) {
            to_primary(n, buffer, step.len);
        } else if (step.kind == LP_STEP_REBOOT) {
            return step.kind;
        } else if (n->queued > 0) {
            receive(n);
        } else if (lp_coap_due_ms(&n->coap) == UINT64_MAX && step.until_ms - w->now_ms >= idle_ms) {
            return step.kind;
        } else {
            assert_true(step.until_ms > w->now_ms);
            w->now_ms = step.until_ms;
        }
    }
    fail_msg("does not come to an end; %s", w->events);
    return LP_STEP_WAIT;
}

static void reboot(net *n) {
    uint16_t block_bytes = n->w->agent.config.block_bytes;
    world_boot(n->w);
    n->w->agent.config.block_bytes = block_bytes;
    n->queued = 0;
    assert_int_equal(lp_coap_begin(&n->coap, &n->w->port), LP_OK);
}

static bool saw(const net *n, const char *event) {
    return world_saw(n->w->events, event);
}

/* --- whole updates --- */

static void an_update_is_installed_confirmed_and_reported(void **state) {
    net *n = net_of(state, 1);
    world_order(n->w, long_image, 1);
    assert_int_equal(run(n, WORLD_RETRY_MS), LP_STEP_REBOOT);
    reboot(n);
    assert_int_equal(run(n, WORLD_RETRY_MS), LP_STEP_WAIT);
    assert_string_equal(n->w->events, " registered verified installed registered confirmed verified reported turn:ok");
    assert_string_equal(world_running(n->w), long_image);
    assert_string_equal(world_reported_image(n->w), long_image);
    assert_int_equal(n->resets, 0);
    free(n);
}

/* One datagram in seven is lost, one in ten comes twice, one in ten overtakes others. */
static void an_update_gets_through_a_bad_network(void **state) {
    for (uint32_t seed = 1; seed <= 40; seed++) {
        world *w = *state;
        net *n = net_of(state, seed);
        n->lost = 14;
        n->repeated = 10;
        n->overtaken = 10;
        char name[64];
        snprintf(name, sizeof name, "number %u, and some more bytes to fill blocks", seed);
        world_order(w, name, (int)seed);
        world_forget_logs(w);
        w->agent.config.block_bytes = 256;
        for (unsigned turns = 0; !(saw(n, "confirmed") && saw(n, "turn:ok")); turns++) {
            assert_true(turns < 40);
            if (run(n, WORLD_POLL_MS) == LP_STEP_REBOOT) {
                reboot(n);
            } else {
                w->now_ms += WORLD_POLL_MS;
            }
        }
        assert_string_equal(world_running(w), name);
        assert_string_equal(w->record.attacks, "");
        free(n);
    }
}

static void a_notification_starts_an_update(void **state) {
    net *n = net_of(state, 1);
    run(n, WORLD_RETRY_MS);
    world_order(n->w, long_image, 1);
    send_notification(n);
    assert_int_equal(run(n, WORLD_RETRY_MS), LP_STEP_REBOOT);
    free(n);
}

static void after_a_reboot_old_notifications_are_reset(void **state) {
    net *n = net_of(state, 1);
    run(n, WORLD_RETRY_MS);
    n->coap.observe_token[1] ^= 1; /* another life */
    send_notification(n);
    run(n, WORLD_RETRY_MS);
    assert_int_equal(n->resets, 1);
    free(n);
}

static void a_poke_leads_to_a_look_and_a_report(void **state) {
    net *n = net_of(state, 1);
    run(n, WORLD_RETRY_MS);
    world_forget_logs(n->w);
    send_poke(n);
    run(n, WORLD_RETRY_MS);
    assert_true(world_saw(n->w->requests, "GET u/brake-1"));
    assert_true(saw(n, "reported"));
    free(n);
}

/* --- what goes wrong --- */

static void a_silent_primary_is_unreachable(void **state) {
    net *n = net_of(state, 1);
    uint64_t start_ms = n->w->now_ms;
    n->w->silent = true;
    run(n, WORLD_RETRY_MS);
    assert_string_equal(n->w->events, " refused:unreachable turn:unreachable");
    assert_in_range(n->w->now_ms - start_ms, 62000, LP_COAP_MAX_TRANSMIT_WAIT_MS);
    free(n);
}

static void a_reset_is_unreachable_at_once(void **state) {
    net *n = net_of(state, 1);
    world *w = n->w;
    datagram rst;
    lp_step step;
    uint8_t buffer[LP_COAP_DATAGRAM_BYTES];
    lp_drive_next(&w->agent, &n->coap, w->now_ms, buffer, &step);
    lp_coap_writer writer = begin(&rst, LP_COAP_RST, 0, (uint16_t)(buffer[2] << 8 | buffer[3]), (lp_slice){NULL, 0});
    lp_drive_datagram(&w->agent, &n->coap, w->now_ms, (lp_slice){rst.bytes, writer.len});
    assert_true(saw(n, "refused:unreachable"));
    free(n);
}

static bool no_random(const lp_agent_port *port, void *out, size_t bytes) {
    (void)port;
    (void)out;
    (void)bytes;
    return false;
}

static void a_request_that_cannot_be_made_is_unreachable(void **state) {
    net *n = net_of(state, 1);
    n->w->port.random = no_random;
    run(n, WORLD_RETRY_MS);
    assert_string_equal(n->w->events, " refused:unreachable turn:unreachable");
    assert_string_equal(n->w->requests, "");
    free(n);
}

static bool asks_image(const lp_request *request, uint32_t block) {
    return request->path[0] == 'i' && request->block == block;
}

static void lie_number(net *n, const lp_request *request, lp_response *response) {
    (void)n;
    response->block += asks_image(request, 2) ? 1 : 0;
}

static void lie_size(net *n, const lp_request *request, lp_response *response) {
    (void)n;
    if (asks_image(request, 2)) { /* block 1 of 32 bytes starts there too */
        response->block = 1;
        response->block_bytes = 32;
    }
}

static void lie_short(net *n, const lp_request *request, lp_response *response) {
    (void)n;
    response->payload.len -= asks_image(request, 2) ? 1 : 0;
}

static void lie_no_block(net *n, const lp_request *request, lp_response *response) {
    (void)n;
    response->has_block2 = response->has_block2 && !asks_image(request, 2);
}

static void lie_empty(net *n, const lp_request *request, lp_response *response) {
    (void)n;
    response->payload.len = asks_image(request, 2) ? 0 : response->payload.len;
}

static void a_block_that_was_not_asked_for_ends_the_transfer(void **state) {
    static void (*const lies[])(net *, const lp_request *, lp_response *) = {lie_number, lie_size, lie_short,
                                                                             lie_no_block, lie_empty};
    for (size_t i = 0; i < sizeof lies / sizeof lies[0]; i++) {
        net *n = net_of(state, 1);
        world_order(n->w, long_image, 1);
        world_forget_logs(n->w);
        n->lie = lies[i];
        n->w->now_ms += WORLD_POLL_MS;
        run(n, WORLD_RETRY_MS);
        assert_true(saw(n, "refused:unreachable"));
        assert_int_equal(n->w->slot_len[1], 32); /* what came before stays */
        free(n);
    }
}

static void lie_etag(net *n, const lp_request *request, lp_response *response) {
    (void)n;
    if (asks_image(request, 2)) {
        response->etag = (lp_slice){(const uint8_t *)"changed!", LP_ETAG_BYTES};
    }
}

static void an_etag_that_changes_midway_is_another_image(void **state) {
    net *n = net_of(state, 1);
    world_order(n->w, long_image, 1);
    n->lie = lie_etag;
    run(n, WORLD_RETRY_MS);
    assert_true(saw(n, "refused:image_hash"));
    assert_string_equal(world_reported(n->w, "attacks_detected"), "image_hash");
    free(n);
}

static void an_image_without_end_is_refused_by_name(void **state) {
    net *n = net_of(state, 1);
    world_order(n->w, long_image, 1);
    n->w->endless = "i/" WORLD_SERIAL;
    run(n, WORLD_RETRY_MS);
    assert_true(saw(n, "refused:image_length"));
    free(n);
}

/* Each answer takes almost as long as a retransmission would. */
static void lie_slowly(net *n, const lp_request *request, lp_response *response) {
    (void)response;
    n->w->now_ms += request->path[0] == 'i' ? LP_COAP_ACK_TIMEOUT_MS - 1 : 0;
}

static void blocks_that_come_slowly_are_an_attack(void **state) {
    net *n = net_of(state, 1);
    world_order(n->w, long_image, 1);
    n->w->agent.config.slow_ms = 2 * LP_COAP_ACK_TIMEOUT_MS;
    n->w->agent.config.slow_bytes = sizeof long_image;
    n->lie = lie_slowly;
    run(n, WORLD_RETRY_MS);
    assert_true(saw(n, "refused:slow_retrieval"));
    assert_string_equal(world_reported(n->w, "attacks_detected"), "slow_retrieval");
    free(n);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        WORLD_TEST(an_update_is_installed_confirmed_and_reported),
        WORLD_TEST(an_update_gets_through_a_bad_network),
        LEGACY_WORLD_TEST(an_update_gets_through_a_bad_network),
        WORLD_TEST(a_notification_starts_an_update),
        WORLD_TEST(after_a_reboot_old_notifications_are_reset),
        WORLD_TEST(a_poke_leads_to_a_look_and_a_report),
        WORLD_TEST(a_silent_primary_is_unreachable),
        WORLD_TEST(a_reset_is_unreachable_at_once),
        WORLD_TEST(a_request_that_cannot_be_made_is_unreachable),
        WORLD_TEST(a_block_that_was_not_asked_for_ends_the_transfer),
        WORLD_TEST(an_etag_that_changes_midway_is_another_image),
        WORLD_TEST(an_image_without_end_is_refused_by_name),
        WORLD_TEST(blocks_that_come_slowly_are_an_attack),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
