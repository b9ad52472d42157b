/* SPDX-License-Identifier: Apache-2.0 */
/* Each harm alone, and the name that a board has for it: frames, packets, datagrams, CoAP messages, blocks, and a
 * primary that lies about everything. After each the board goes on, has lost nothing, and an honest update goes
 * through. */
#include "station.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define BYTES(...) ((const uint8_t[]){__VA_ARGS__}), sizeof((const uint8_t[]){__VA_ARGS__})
#define COUNT(array) (sizeof(array) / sizeof(array)[0])

enum {
    STEPS = 4000,
    UDP_BYTES = 8,
    MAC_BYTES = 21,
    SENDER_AT = 13,                /* in a frame: its sender's address, last byte first */
    SOURCE_AT = MAC_BYTES + 1 + 8, /* in an uncompressed packet: the sender's */
    CHECKSUM_AT = MAC_BYTES + 1 + 40 + PEER_UDP_CHECKSUM_AT,
};

static const char long_image[] =
    "an image of some ninety bytes, so that it takes several blocks of sixteen bytes to come";
static const char other_image[] =
    "another image, as long as that, which was signed for somebody else: it is not the board";

/* What must be so after each harm. */
static void assert_it_goes_on(station *s) {
    s->harm = (station_harm){NULL};
    station_nothing_is_lost(s);
    station_update(s, "what an honest primary has", 100);
    station_nothing_is_lost(s);
}

/* --- frames --- */

typedef struct bad_frame {
    const char *name;
    uint8_t control[2]; /* the first bytes of the MAC header */
    const uint8_t *head;
    size_t head_len; /* what follows the MAC header, */
    size_t rest;     /* and so many zeros */
} bad_frame;

static void a_bad_frame_is_dropped_by_name(void **state) {
    static const uint8_t data[2] = {0x61, 0xcc};
    const bad_frame frames[] = {
        {"frame_short", {data[0], data[1]}, data, 0, 0},
        {"frame_type", {0x60, 0xcc}, BYTES(0x7e, 0x33, 0xf3, 0, 1, 2), 9},
        {"frame_secured", {0x69, 0xcc}, BYTES(0x7e, 0x33, 0xf3, 0, 1, 2), 9},
        {"frame_addresses", {0x61, 0x8c}, BYTES(0x7e, 0x33, 0xf3, 0, 1, 2), 9},
        {"frame_dispatch", {data[0], data[1]}, BYTES(0x50), 50},
        {"frame_headers", {data[0], data[1]}, BYTES(0x41), 39},
        {"frame_context", {data[0], data[1]}, BYTES(0x7e, 0x73), 50},
        {"frame_compression", {data[0], data[1]}, BYTES(0x7e, 0x33, 0xf7), 50},
        {"frame_fragment", {data[0], data[1]}, BYTES(0xc5, 0x08, 0, 1, 0x41), 48},
        {"frame_order", {data[0], data[1]}, BYTES(0xe0, 200, 0, 1, 12), 96},
    };
    assert_int_equal(COUNT(frames), LP_FRAME_FAULTS - 1);
    station *s = station_of(*state, false);
    for (size_t i = 0; i < COUNT(frames); i++) {
        const bad_frame *bad = &frames[i];
        peer_frame frame = {.len = 0};
        frame.len = peer_mac_header(&s->peer, frame.bytes);
        memcpy(frame.bytes, bad->control, sizeof bad->control);
        memcpy(frame.bytes + frame.len, bad->head, bad->head_len);
        frame.len += bad->head_len + bad->rest;
        station_fly(s, &frame);
        station_land(s);
        lp_frame_fault fault = LP_FRAME_SHORT + (lp_frame_fault)i;
        assert_string_equal(lp_frame_fault_name(fault), bad->name);
        assert_int_equal(s->net.lowpan.counts.faulty[fault], 1);
        for (lp_frame_fault later = fault + 1; later < LP_FRAME_FAULTS; later++) {
            assert_int_equal(s->net.lowpan.counts.faulty[later], 0);
        }
        assert_int_equal(s->sent, 0);
    }
    assert_it_goes_on(s);
}

/* Of many senders, who leave lwIP no memory for any other datagram; and of one, who begins again and again. */
static void fragments_that_never_end_are_counted_and_given_up(void **state) {
    static const uint8_t payload[1000];
    enum { ROUNDS = 200, SENDERS = 8 };
    station *s = station_of(*state, false);
    for (unsigned i = 0; i < ROUNDS; i++) {
        peer_frame frames[PEER_FRAMES];
        size_t count = peer_datagram(&s->peer, (lp_slice){payload, sizeof payload}, frames);
        for (size_t at = 0; at < count - 1; at++) {
            frames[at].bytes[SENDER_AT] = (uint8_t)(i < ROUNDS / 2 ? i % SENDERS : 0);
            station_fly(s, &frames[at]);
        }
        station_land(s);
    }
    assert_int_equal(s->net.lowpan.fragments.unended, ROUNDS - 1);
    assert_true(s->net.lowpan.counts.crowded > 0);
    assert_int_equal(s->sent, 0);
    assert_it_goes_on(s);
}

/* --- datagrams --- */

typedef enum datagram_harm {
    NO_HARM,
    WRONG_CHECKSUM,
    NO_CHECKSUM,
    OTHER_SENDER,
} datagram_harm;

typedef struct bad_datagram {
    uint16_t from, to;
    uint16_t length; /* as its header says */
    datagram_harm harm;
    unsigned damaged, refused; /* that are counted */
} bad_datagram;

static void harm_datagram(datagram_harm harm, uint8_t *frame) {
    switch (harm) {
    case NO_HARM:
        break;
    case WRONG_CHECKSUM:
        frame[CHECKSUM_AT] ^= 1;
        break;
    case NO_CHECKSUM:
        memset(frame + CHECKSUM_AT, 0, 2);
        break;
    case OTHER_SENDER:
        frame[SOURCE_AT + 1] ^= 1;
        break;
    }
}

static void a_bad_datagram_is_counted_and_not_answered(void **state) {
    static const bad_datagram datagrams[] = {
        {PEER_PORT, LP_COAP_PORT, 16, WRONG_CHECKSUM, 1, 0},
        {PEER_PORT, LP_COAP_PORT, 16, NO_CHECKSUM, 1, 1}, /* RFC 8200, 8.1 */
        {PEER_PORT, LP_COAP_PORT, 17, NO_HARM, 1, 1},     /* longer than its packet, */
        {PEER_PORT, LP_COAP_PORT, 15, NO_HARM, 1, 1},     /* shorter, */
        {PEER_PORT, LP_COAP_PORT, 7, NO_HARM, 1, 1},      /* and shorter than its own header */
        {PEER_PORT + 1, LP_COAP_PORT, 16, NO_HARM, 0, 1}, /* not from the primary's port, */
        {PEER_PORT, LP_COAP_PORT + 1, 16, NO_HARM, 0, 1}, /* not to ours, */
        {PEER_PORT, LP_COAP_PORT, 16, OTHER_SENDER, 0, 1} /* not from the primary */
    };
    station *s = station_of(*state, false);
    unsigned damaged = 0;
    unsigned refused = 0;
    for (size_t i = 0; i < COUNT(datagrams); i++) {
        const bad_datagram *bad = &datagrams[i];
        uint8_t body[UDP_BYTES + 8] = {(uint8_t)(bad->from >> 8), (uint8_t)bad->from,          (uint8_t)(bad->to >> 8),
                                       (uint8_t)bad->to,          (uint8_t)(bad->length >> 8), (uint8_t)bad->length};
        peer_frame frames[PEER_FRAMES];
        lp_slice whole = {body, sizeof body};
        assert_int_equal(peer_packet(&s->peer, PEER_NEXT_UDP, whole, PEER_UDP_CHECKSUM_AT, frames), 1);
        harm_datagram(bad->harm, frames[0].bytes);
        station_fly(s, &frames[0]);
        station_land(s);
        assert_int_equal(s->net.damaged, damaged += bad->damaged);
        assert_int_equal(s->net.lowpan.counts.refused, refused += bad->refused);
        assert_int_equal(s->faults, 0);
        assert_int_equal(s->sent, 0);
    }
    assert_it_goes_on(s);
}

static void a_datagram_that_is_too_long_is_counted(void **state) {
    static const uint8_t payload[STATION_DATAGRAM_BYTES + 1];
    station *s = station_of(*state, false);
    station_fly_datagram(s, (lp_slice){payload, sizeof payload});
    station_land(s);
    assert_int_equal(s->net.overlong, 1);
    assert_it_goes_on(s);
}

/* --- CoAP --- */

static void a_faulty_message_is_refused_by_name(void **state) {
    const struct {
        lp_coap_fault fault;
        const uint8_t *bytes;
        size_t len;
    } messages[] = {
        {LP_COAP_SHORT, BYTES(0x40, 2, 0)},
        {LP_COAP_VERSION, BYTES(0x80, 2, 0, 1)},
        {LP_COAP_TOKEN_LENGTH, BYTES(0x49, 2, 0, 2, 1, 2, 3, 4, 5, 6, 7, 8, 9)},
        {LP_COAP_CLASS, BYTES(0x40, 0x20, 0, 3)},
        {LP_COAP_NOT_EMPTY, BYTES(0x40, 0, 0, 4, 0)},
        {LP_COAP_OPTION_RESERVED, BYTES(0x40, 2, 0, 5, 0xf1, 0)},
        {LP_COAP_OPTION_END, BYTES(0x40, 2, 0, 6, 0xb4, 'p')},
        {LP_COAP_OPTION_NUMBER, BYTES(0x40, 2, 0, 7, 0xe0, 0xff, 0xff)},
        {LP_COAP_NO_PAYLOAD, BYTES(0x40, 2, 0, 8, 0xff)},
        {LP_COAP_CRITICAL, BYTES(0x40, 2, 0, 9, 0x91, 0)},
        {LP_COAP_CODE, BYTES(0x60, 2, 0, 10)},
    };
    station *s = station_of(*state, false);
    for (unsigned i = 0; i < COUNT(messages); i++) {
        station_fly_datagram(s, (lp_slice){messages[i].bytes, messages[i].len});
        station_land(s);
        assert_int_equal(s->faults, i + 1);
        assert_int_equal(s->last_fault, messages[i].fault);
    }
    assert_int_equal(s->w->answered, 0);
    assert_it_goes_on(s);
}

/* --- what the primary says --- */

typedef struct lie {
    void (*tell)(station *s);
    const char *refusal; /* by this name */
    bool attack;         /* the board reports it as one */
} lie;

/* What the liar has of other repositories. */
static test_repo thief;
static uint8_t former[WORLD_BODY_BYTES];
static size_t former_len;

static void put_served(station *s, lp_role role, lp_slice bytes) {
    files_put(&s->w->director.files, repo_path(&s->w->director, role, NULL), bytes);
}

static lp_slice served(const test_repo *r, lp_role role) {
    return files_get(&r->files, repo_path(r, role, NULL));
}

/* The news tell of another root, and there is none but this. */
static void serve_next_root(station *s, lp_slice bytes) {
    set_version(s->w->director.roles[LP_ROLE_ROOT], 2);
    put_served(s, LP_ROLE_ROOT, bytes);
}

static void tell_root_of_a_thief(station *s) {
    repo_next_root(&thief, NULL);
    serve_next_root(s, served(&thief, LP_ROLE_ROOT));
}

static void tell_old_root(station *s) {
    serve_next_root(s, served(&s->w->director, LP_ROLE_ROOT));
}

static void tell_root_that_is_none(station *s) {
    serve_next_root(s, (lp_slice){(const uint8_t *)"{\"signed\":}", 11});
}

static void tell_targets_of_a_thief(station *s) {
    set_version(thief.roles[LP_ROLE_TARGETS], get_version(s->w->director.roles[LP_ROLE_TARGETS]));
    repo_sign(&thief, LP_ROLE_TARGETS);
    put_served(s, LP_ROLE_TARGETS, served(&thief, LP_ROLE_TARGETS));
}

static void tell_old_targets(station *s) {
    put_served(s, LP_ROLE_TARGETS, (lp_slice){former, former_len});
}

static void tell_targets_that_are_none(station *s) {
    put_served(s, LP_ROLE_TARGETS, (lp_slice){(const uint8_t *)"[]", 2});
}

static void tell_targets_of_another_vehicle(station *s) {
    json_object_set_new(s->w->director.roles[LP_ROLE_TARGETS], "custom", json_pack("{s:s}", "vehicle", "vehicle-2"));
    world_order(s->w, long_image, 1);
}

static void tell_targets_that_have_expired(station *s) {
    set_expires(s->w->director.roles[LP_ROLE_TARGETS], TEST_EXPIRED);
    world_order(s->w, long_image, 1);
}

static void tell_targets_without_end(station *s) {
    s->w->endless = "u/" WORLD_SERIAL "/targets";
    s->w->agent.config.block_bytes = LP_COAP_BLOCK_BYTES;
}

static void tell_order_for_other_hardware(station *s) {
    world_order_custom(s->w, long_image, order_for(WORLD_SERIAL, "radar-hw", 1));
}

static void tell_old_nonce(station *s) {
    s->w->replays_time = true;
}

static void tell_old_time(station *s) {
    s->w->time = TEST_NOW - 1;
}

static void swap_time_keys(station *s) {
    lp_key own = s->w->director.keys[LP_ROLE_TIME];
    s->w->director.keys[LP_ROLE_TIME] = thief.keys[LP_ROLE_TIME];
    thief.keys[LP_ROLE_TIME] = own;
}

static void tell_time_of_a_thief(station *s) {
    swap_time_keys(s);
}

static void garble_news(station *s, const lp_request *request, lp_response *response, uint8_t *scratch) {
    (void)s;
    if (strcmp(request->path, "u/" WORLD_SERIAL) == 0) {
        memcpy(scratch, response->payload.ptr, response->payload.len);
        scratch[0] = '{';
        response->payload.ptr = scratch;
    }
}

static void tell_news_that_are_none(station *s) {
    s->harm.answer = garble_news;
}

/* Who is not known gets no order either. */
static void tell_that_it_knows_us_not(station *s) {
    world_order_nothing(s->w);
    s->w->knows_no_ecu = true;
}

static void tell_longer_image(station *s) {
    s->w->image = "what was ordered, and more of it than was promised, under the digest of what was ordered....";
    s->w->claims = long_image;
}

static void tell_shorter_image(station *s) {
    s->w->image = "only the first bytes of what was ordered";
    s->w->claims = long_image;
}

static void tell_image_without_end(station *s) {
    s->w->endless = "i/" WORLD_SERIAL;
}

static void tell_image_of_somebody_else(station *s) {
    s->w->image = other_image;
    s->w->claims = long_image;
}

/* Answers with blocks of the image, of which the third is not as it must be. */
static bool is_third_block(const lp_request *request) {
    return request->path[0] == 'i' && request->block == 2;
}

static void next_number(station *s, const lp_request *request, lp_response *response, uint8_t *scratch) {
    (void)s;
    (void)scratch;
    response->block += is_third_block(request);
}

static void number_before(station *s, const lp_request *request, lp_response *response, uint8_t *scratch) {
    (void)s;
    (void)scratch;
    response->block -= is_third_block(request);
}

static void short_block(station *s, const lp_request *request, lp_response *response, uint8_t *scratch) {
    (void)s;
    (void)scratch;
    response->payload.len -= is_third_block(request);
}

static void no_block(station *s, const lp_request *request, lp_response *response, uint8_t *scratch) {
    (void)s;
    (void)scratch;
    response->has_block2 = response->has_block2 && !is_third_block(request);
}

static void other_etag(station *s, const lp_request *request, lp_response *response, uint8_t *scratch) {
    (void)s;
    (void)scratch;
    if (is_third_block(request)) {
        response->etag = (lp_slice){(const uint8_t *)"changed!", LP_ETAG_BYTES};
    }
}

static void slow_block(station *s, const lp_request *request, lp_response *response, uint8_t *scratch) {
    (void)response;
    (void)scratch;
    s->w->now_ms += request->path[0] == 'i' ? WORLD_SLOW_MS / 5 : 0;
}

static void tell_next_number(station *s) {
    s->harm.answer = next_number;
}

static void tell_number_before(station *s) {
    s->harm.answer = number_before;
}

static void tell_short_block(station *s) {
    s->harm.answer = short_block;
}

static void tell_no_block(station *s) {
    s->harm.answer = no_block;
}

static void tell_other_etag(station *s) {
    s->harm.answer = other_etag;
}

static void tell_slowly(station *s) {
    s->harm.answer = slow_block;
}

static const lie lies[] = {
    {tell_next_number, "unreachable", false},
    {tell_number_before, "unreachable", false},
    {tell_short_block, "unreachable", false},
    {tell_no_block, "unreachable", false},
    {tell_other_etag, "image_hash", true},
    {tell_slowly, "slow_retrieval", true},
    {tell_longer_image, "image_length", true},
    {tell_shorter_image, "image_length", true},
    {tell_image_without_end, "image_length", true},
    {tell_image_of_somebody_else, "image_hash", true},
    {tell_root_of_a_thief, "signature_threshold", true},
    {tell_old_root, "root_version", true},
    {tell_root_that_is_none, "json_syntax", true},
    {tell_targets_of_a_thief, "signature_threshold", true},
    {tell_old_targets, "rollback_version", true},
    {tell_targets_that_are_none, "field_type", true},
    {tell_targets_of_another_vehicle, "wrong_vehicle", true},
    {tell_targets_that_have_expired, "expired", true},
    {tell_targets_without_end, "limit_file", true},
    {tell_order_for_other_hardware, "wrong_hardware", true},
    {tell_old_nonce, "time_nonce", true},
    {tell_old_time, "rollback_time", true},
    {tell_time_of_a_thief, "signature_threshold", true},
    {tell_news_that_are_none, "json_syntax", false},
    {tell_that_it_knows_us_not, "unknown_ecu", false},
};

/* The primary is honest again. */
static void repent(station *s) {
    world *w = s->w;
    s->harm = (station_harm){NULL};
    w->endless = w->claims = NULL;
    w->replays_time = w->knows_no_ecu = false;
    w->time = TEST_NOW;
    json_object_set_new(w->director.roles[LP_ROLE_TARGETS], "custom", json_pack("{s:s}", "vehicle", TEST_VEHICLE));
    set_expires(w->director.roles[LP_ROLE_TARGETS], TEST_EXPIRES);
    if (get_version(w->director.roles[LP_ROLE_ROOT]) == 2) {
        files_remove(&w->director.files, repo_path(&w->director, LP_ROLE_ROOT, NULL));
        set_version(w->director.roles[LP_ROLE_ROOT], 1);
    }
}

/* Lets the board go on until it has said so, or it fails. */
static void step_until(station *s, const char *event) {
    for (unsigned i = 0; !world_saw(s->w->events, event); i++) {
        if (i == STEPS) {
            fail_msg("no %s in %s", event, s->w->events);
        }
        station_step(s);
    }
}

static void check_lie(const lie *l) {
    void *state = NULL;
    char refusal[64];
    assert_int_equal(world_set_up_tuf(&state), 0);
    station *s = station_of(state, false);
    step_until(s, "turn:ok");
    lp_slice targets = served(&s->w->director, LP_ROLE_TARGETS);
    memcpy(former, targets.ptr, former_len = targets.len);
    world_order_nothing(s->w);
    world_forget_logs(s->w);
    step_until(s, "turn:ok");
    world_order(s->w, long_image, 1);
    l->tell(s);
    world_forget_logs(s->w);
    lp_agent_poke(&s->w->agent, s->w->now_ms);
    snprintf(refusal, sizeof refusal, "refused:%s", l->refusal);
    step_until(s, refusal);
    assert_string_equal(world_running(s->w), "factory");
    if (l->attack) {
        step_until(s, "reported");
        assert_string_equal(world_reported(s->w, "attacks_detected"), l->refusal);
    } else {
        assert_string_equal(s->w->record.attacks, "");
    }
    if (l->tell == tell_time_of_a_thief) {
        swap_time_keys(s);
    }
    repent(s);
    assert_it_goes_on(s);
    world_tear_down(&state);
}

static void a_primary_that_lies_is_refused_by_name(void **state) {
    (void)state;
    repo_make(&thief, LP_REPO_DIRECTOR, LP_DIALECT_TUF);
    thief.serve_canonical = true;
    repo_sign_time(&thief);
    repo_publish(&thief);
    for (size_t i = 0; i < COUNT(lies); i++) {
        check_lie(&lies[i]);
    }
    repo_free(&thief);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        WORLD_TEST(a_bad_frame_is_dropped_by_name),
        WORLD_TEST(fragments_that_never_end_are_counted_and_given_up),
        WORLD_TEST(a_bad_datagram_is_counted_and_not_answered),
        WORLD_TEST(a_datagram_that_is_too_long_is_counted),
        WORLD_TEST(a_faulty_message_is_refused_by_name),
        cmocka_unit_test(a_primary_that_lies_is_refused_by_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
