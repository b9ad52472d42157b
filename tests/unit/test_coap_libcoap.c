/* SPDX-License-Identifier: Apache-2.0 */
/* Our CoAP endpoint and libcoap, over UDP on the loopback: libcoap is the primary. What goes over the wire can be
 * lost, repeated or overtaken. Our clock is the test's, and fast while we wait for an answer. */
#include "lampyr-coap/endpoint.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>
#include <coap3/coap.h>

enum {
    FILE_BYTES = 20000,
    SMALL_BLOCK_SZX = 2, /* 64 bytes */
    ETAG_FIRST = 0x12,   /* of two bytes */
    CONTENT = 0x45,
    CHANGED = 0x44,
    CONTINUE = 0x5f,
    NOT_FOUND = 0x84,
    CALLS = 4, /* notifications, or pokes, in a row; of which */
    CALL_LOST = 2,
    ACKNOWLEDGEMENT_LOST = 3,
    ROUND_MS = 5,       /* of libcoap's clock, for */
    OWN_ROUND_MS = 500, /* of ours */
    ROUNDS = 2000,      /* only a fault reaches it */
    PERCENT = 100,
    STATE_BYTES = 16,
};

typedef struct datagram {
    uint8_t bytes[LP_COAP_DATAGRAM_BYTES + 64];
    size_t len;
} datagram;

typedef struct lab {
    /* libcoap. */
    coap_context_t *context;
    coap_address_t server;
    coap_resource_t *news;
    coap_session_t *session; /* of the last request, not owned */
    unsigned state;          /* that news shows */
    uint8_t version;         /* of the file: the last byte of its ETag */
    uint8_t posted[LP_COAP_BLOCK_BYTES];
    size_t posted_len;
    unsigned poke_answers;
    unsigned resets;

    /* Between them. */
    uint32_t seed;
    unsigned lost, repeated, overtaken; /* percent */
    unsigned lose_theirs, lose_ours;    /* so many, beside */
    datagram held;                      /* is overtaken by the next one */
    unsigned received;                  /* by us */
    unsigned sent;                      /* by us */

    /* Ours. */
    lp_agent_port port;
    lp_coap coap;
    uint64_t now_ms;
    int fd;
    bool expired;
    lp_coap_event answer; /* LP_COAP_NOTHING: none so far */
    uint8_t answer_bytes[LP_COAP_BLOCK_BYTES];
    uint8_t etag[8];
    unsigned notifications;
    unsigned shown; /* state of the last one */
    unsigned pokes;
} lab;

static uint8_t file[FILE_BYTES];

static uint32_t next_random(lab *l) {
    l->seed = l->seed * 1664525 + 1013904223;
    return l->seed >> 16;
}

static bool chance(lab *l, unsigned percent) {
    return next_random(l) % PERCENT < percent;
}

static bool random_bytes(const lp_agent_port *port, void *out, size_t bytes) {
    for (size_t i = 0; i < bytes; i++) {
        ((uint8_t *)out)[i] = (uint8_t)next_random(port->ctx);
    }
    return true;
}

/* --- libcoap's side --- */

static lab *lab_of(const coap_session_t *session) {
    return coap_get_app_data(coap_session_get_context(session));
}

static void is_seen(coap_session_t *session) {
    lab_of(session)->session = session;
    coap_session_set_ack_timeout(session, (coap_fixed_point_t){1, 0}); /* the least it takes */
}

static void get_file(coap_resource_t *resource, coap_session_t *session, const coap_pdu_t *request,
                     const coap_string_t *query, coap_pdu_t *response) {
    is_seen(session);
    coap_pdu_set_code(response, COAP_RESPONSE_CODE_CONTENT);
    coap_add_data_large_response(resource, session, request, response, query, COAP_MEDIATYPE_APPLICATION_OCTET_STREAM,
                                 -1, ETAG_FIRST << 8 | lab_of(session)->version, sizeof file, file, NULL, NULL);
}

/* The same in blocks of at most 64 bytes. */
static void get_small(coap_resource_t *resource, coap_session_t *session, const coap_pdu_t *request,
                      const coap_string_t *query, coap_pdu_t *response) {
    (void)resource;
    (void)query;
    coap_block_t block = {0, 0, SMALL_BLOCK_SZX};
    is_seen(session);
    if (coap_get_block(request, COAP_OPTION_BLOCK2, &block) != 0 && block.szx > SMALL_BLOCK_SZX) {
        block.num <<= block.szx - SMALL_BLOCK_SZX;
        block.szx = SMALL_BLOCK_SZX;
    }
    coap_pdu_set_code(response, COAP_RESPONSE_CODE_CONTENT);
    coap_write_block_opt(&block, COAP_OPTION_BLOCK2, response, sizeof file);
    coap_add_block(response, sizeof file, file, block.num, (unsigned char)block.szx);
}

static void get_news(coap_resource_t *resource, coap_session_t *session, const coap_pdu_t *request,
                     const coap_string_t *query, coap_pdu_t *response) {
    (void)resource;
    (void)request;
    (void)query;
    char text[STATE_BYTES];
    is_seen(session);
    int len = snprintf(text, sizeof text, "%u", lab_of(session)->state);
    coap_pdu_set_code(response, COAP_RESPONSE_CODE_CONTENT);
    coap_add_data(response, (size_t)len, (const uint8_t *)text);
}

/* Answers apart: at first there is only an empty acknowledgement. */
static void get_later(coap_resource_t *resource, coap_session_t *session, const coap_pdu_t *request,
                      const coap_string_t *query, coap_pdu_t *response) {
    (void)resource;
    (void)query;
    coap_bin_const_t token = coap_pdu_get_token(request);
    is_seen(session);
    if (coap_find_async(session, token) == NULL) {
        assert_non_null(coap_register_async(session, request, 1));
        return;
    }
    coap_pdu_set_code(response, COAP_RESPONSE_CODE_CONTENT);
    coap_add_data(response, strlen("later"), (const uint8_t *)"later");
}

/* Takes a body that comes in one piece, or block by block. */
static void post(coap_resource_t *resource, coap_session_t *session, const coap_pdu_t *request,
                 const coap_string_t *query, coap_pdu_t *response) {
    (void)resource;
    (void)query;
    lab *l = lab_of(session);
    const uint8_t *data;
    size_t len;
    size_t offset;
    size_t total;
    is_seen(session);
    assert_int_equal(coap_get_data_large(request, &len, &data, &offset, &total), 1);
    assert_true(offset <= l->posted_len && offset + len <= sizeof l->posted);
    memcpy(l->posted + offset, data, len);
    l->posted_len = offset + len;
    coap_pdu_set_code(response, COAP_RESPONSE_CODE_CHANGED);
}

static coap_response_t on_response(coap_session_t *session, const coap_pdu_t *sent, const coap_pdu_t *received,
                                   const coap_mid_t mid) {
    (void)sent;
    (void)mid;
    assert_int_equal(coap_pdu_get_code(received), COAP_RESPONSE_CODE_CHANGED);
    lab_of(session)->poke_answers++;
    return COAP_RESPONSE_OK;
}

static void on_nack(coap_session_t *session, const coap_pdu_t *sent, const coap_nack_reason_t reason,
                    const coap_mid_t mid) {
    (void)sent;
    (void)mid;
    lab_of(session)->resets += reason == COAP_NACK_RST;
}

static coap_resource_t *add(lab *l, const char *path, coap_request_t method, coap_method_handler_t handler) {
    coap_resource_t *resource = coap_resource_init(coap_make_str_const(path), COAP_RESOURCE_FLAGS_NOTIFY_CON);
    assert_non_null(resource);
    coap_register_request_handler(resource, method, handler);
    coap_add_resource(l->context, resource);
    return resource;
}

static void start_libcoap(lab *l) {
    coap_startup();
    coap_set_log_level(LOG_EMERG);
    l->context = coap_new_context(NULL);
    assert_non_null(l->context);
    coap_set_app_data(l->context, l);
    coap_context_set_block_mode(l->context, COAP_BLOCK_USE_LIBCOAP);
    coap_register_response_handler(l->context, on_response);
    coap_register_nack_handler(l->context, on_nack);
    coap_address_init(&l->server);
    l->server.size = sizeof l->server.addr.sin6;
    l->server.addr.sin6.sin6_family = AF_INET6;
    l->server.addr.sin6.sin6_addr = in6addr_loopback;
    coap_endpoint_t *endpoint = coap_new_endpoint(l->context, &l->server, COAP_PROTO_UDP);
    assert_non_null(endpoint);
    unsigned port;
    assert_int_equal(sscanf(coap_endpoint_str(endpoint), "[::1]:%u", &port), 1);
    l->server.addr.sin6.sin6_port = htons((uint16_t)port);
    add(l, "file", COAP_REQUEST_GET, get_file);
    add(l, "small", COAP_REQUEST_GET, get_small);
    add(l, "later", COAP_REQUEST_GET, get_later);
    add(l, "rd", COAP_REQUEST_POST, post);
    l->news = add(l, "u", COAP_REQUEST_GET, get_news);
    coap_resource_set_get_observable(l->news, 1);
}

/* --- between them --- */

static void to_libcoap(const lab *l, const datagram *d) {
    if (d->len > 0) {
        assert_int_equal(send(l->fd, d->bytes, d->len, 0), d->len);
    }
}

static void take_event(lab *l, const lp_coap_event *event) {
    const lp_response *r = &event->response;
    switch (event->kind) {
    case LP_COAP_ANSWERED:
        assert_int_equal(l->answer.kind, LP_COAP_NOTHING); /* one answer to each request */
        l->answer = *event;
        memcpy(l->answer_bytes, r->payload.ptr, r->payload.len);
        l->answer.response.payload.ptr = l->answer_bytes;
        if (r->etag.len > 0) {
            memcpy(l->etag, r->etag.ptr, r->etag.len);
            l->answer.response.etag.ptr = l->etag;
        }
        break;
    case LP_COAP_NOTIFIED: {
        char text[STATE_BYTES] = "";
        assert_true(r->payload.len < sizeof text);
        memcpy(text, r->payload.ptr, r->payload.len);
        unsigned state = (unsigned)strtoul(text, NULL, 10);
        assert_true(state >= l->shown); /* never an older one */
        l->shown = state;
        l->notifications++;
        break;
    }
    case LP_COAP_POKED:
        l->pokes++;
        break;
    case LP_COAP_REJECTED:
        fail_msg("reset");
        break;
    case LP_COAP_NOTHING:
        break;
    }
}

static void to_us(lab *l, const datagram *d) {
    lp_coap_event event;
    if (d->len == 0) {
        return;
    }
    l->received++;
    assert_int_equal(lp_coap_receive(&l->coap, l->now_ms, (lp_slice){d->bytes, d->len}, &event), LP_COAP_FINE);
    take_event(l, &event);
}

/* The network of one notification or poke. */
static void lose_of_call(lab *l, unsigned call) {
    l->lose_theirs = call == CALL_LOST;
    l->lose_ours = call == ACKNOWLEDGEMENT_LOST;
}

/* What becomes of a datagram: how often it arrives, and whether the next one overtakes it. */
static void pass(lab *l, const datagram *d, bool ours) {
    unsigned *lose = ours ? &l->lose_ours : &l->lose_theirs;
    if (*lose > 0) {
        (*lose)--;
        return;
    }
    unsigned copies = chance(l, l->lost) ? 0 : chance(l, l->repeated) ? 2 : 1;
    if (!ours && l->held.len == 0 && copies > 0 && chance(l, l->overtaken)) {
        l->held = *d;
        return;
    }
    for (; copies > 0; copies--) {
        if (ours) {
            to_libcoap(l, d);
        } else {
            to_us(l, d);
        }
    }
    if (!ours) {
        datagram held = l->held;
        l->held.len = 0;
        to_us(l, &held);
    }
}

/* Moves what there is to move; false if there was nothing. */
static bool move(lab *l) {
    bool moved = false;
    datagram d;
    while ((d.len = lp_coap_send(&l->coap, l->now_ms, d.bytes)) > 0) {
        l->sent++;
        pass(l, &d, true);
        moved = true;
    }
    coap_io_process(l->context, COAP_IO_NO_WAIT);
    for (ssize_t len; (len = recv(l->fd, d.bytes, sizeof d.bytes, MSG_DONTWAIT)) > 0;) {
        d.len = (size_t)len;
        pass(l, &d, false);
        moved = true;
    }
    return moved;
}

/* Nothing moves: both clocks go on. */
static void wait_for_timers(lab *l) {
    datagram held = l->held;
    l->held.len = 0;
    to_us(l, &held);
    l->now_ms += lp_coap_due_ms(&l->coap) == UINT64_MAX ? ROUND_MS : OWN_ROUND_MS;
    l->expired = lp_coap_expire(&l->coap, l->now_ms) || l->expired;
    coap_io_process(l->context, ROUND_MS);
}

#define RUN_UNTIL(l, condition)                                                                                        \
    for (unsigned rounds = 0; !(condition); rounds++) {                                                                \
        assert_true(rounds < ROUNDS);                                                                                  \
        if (!move(l)) {                                                                                                \
            wait_for_timers(l);                                                                                        \
        }                                                                                                              \
    }

/* One request and its answer, asked again as often as the network makes it necessary. */
static const lp_response *ask(lab *l, const lp_request *request) {
    do {
        l->expired = false;
        l->answer.kind = LP_COAP_NOTHING;
        assert_int_equal(lp_coap_request(&l->coap, request), LP_OK);
        RUN_UNTIL(l, l->answer.kind == LP_COAP_ANSWERED || l->expired);
    } while (l->expired);
    return &l->answer.response;
}

static int set_up(void **state) {
    lab *l = calloc(1, sizeof *l);
    assert_non_null(l);
    l->seed = 1;
    l->now_ms = 1000;
    l->port = (lp_agent_port){.ctx = l, .random = random_bytes};
    assert_int_equal(lp_coap_begin(&l->coap, &l->port), LP_OK);
    for (size_t i = 0; i < sizeof file; i++) {
        file[i] = (uint8_t)(i * 31 + i / 251);
    }
    start_libcoap(l);
    l->fd = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    assert_true(l->fd >= 0);
    struct sockaddr_in6 own = {.sin6_family = AF_INET6, .sin6_addr = in6addr_loopback};
    assert_int_equal(bind(l->fd, (struct sockaddr *)&own, sizeof own), 0);
    assert_int_equal(connect(l->fd, &l->server.addr.sa, l->server.size), 0);
    *state = l;
    return 0;
}

static int set_up_bad_network(void **state) {
    set_up(state);
    lab *l = *state;
    l->lost = 15;
    l->repeated = 10;
    l->overtaken = 20;
    return 0;
}

static int tear_down(void **state) {
    lab *l = *state;
    coap_free_context(l->context);
    coap_cleanup();
    close(l->fd);
    free(l);
    return 0;
}

#define LAB_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
#define BAD_NETWORK_TEST(name)                                                                                         \
    { #name ", bad network", name, set_up_bad_network, tear_down, NULL }

/* --- tests --- */

/* Fetches a file as the agent does, following the block size of the answers. */
static void fetch(lab *l, const char *path, uint16_t block_bytes, size_t etag_len) {
    uint8_t *got = malloc(FILE_BYTES);
    size_t len = 0;
    bool more = true;
    assert_non_null(got);
    while (more) {
        const lp_response *r = ask(l, &(lp_request){.path = path,
                                                    .query = "",
                                                    .has_block2 = true,
                                                    .block = (uint32_t)(len / block_bytes),
                                                    .block_bytes = block_bytes});
        assert_int_equal(r->code, CONTENT);
        assert_true(r->has_block2);
        assert_int_equal(r->block * r->block_bytes, len);
        assert_int_equal(r->etag.len, etag_len);
        assert_true(etag_len == 0 || (r->etag.ptr[0] == ETAG_FIRST && r->etag.ptr[1] == l->version));
        assert_true(r->payload.len <= FILE_BYTES - len);
        assert_true(!r->more || r->payload.len == r->block_bytes);
        memcpy(got + len, r->payload.ptr, r->payload.len);
        len += r->payload.len;
        block_bytes = r->block_bytes;
        more = r->more;
    }
    assert_int_equal(len, FILE_BYTES);
    assert_memory_equal(got, file, FILE_BYTES);
    free(got);
}

static void a_file_is_fetched_in_blocks(void **state) {
    fetch(*state, "file", 256, 2);
    fetch(*state, "file", 1024, 2);
}

static void the_servers_smaller_block_size_is_followed(void **state) {
    fetch(*state, "small", 1024, 0);
}

/* The file changes between two requests for its first block: the ETags tell. */
static void another_etag_is_shown(void **state) {
    lab *l = *state;
    const lp_request request = {.path = "file", .query = "", .has_block2 = true, .block_bytes = 256};
    for (uint8_t version = 0; version < 3; version++) {
        l->version = version;
        const lp_response *r = ask(l, &request);
        assert_int_equal(r->etag.len, 2);
        assert_int_equal(r->etag.ptr[1], version);
    }
}

/* Each is answered once, after one more transmission. */
static void a_lost_request_or_answer_is_made_up_for(void **state) {
    lab *l = *state;
    l->lose_ours = 1;
    assert_int_equal(ask(l, &(lp_request){.path = "u", .query = ""})->code, CONTENT);
    assert_int_equal(l->sent, 2);
    l->lose_theirs = 1;
    assert_int_equal(ask(l, &(lp_request){.path = "u", .query = ""})->code, CONTENT);
    assert_int_equal(l->sent, 4);
    assert_false(l->expired);
}

static void a_body_is_posted_in_blocks(void **state) {
    enum { BODY_BYTES = 1000, BLOCK = 128 };
    lab *l = *state;
    for (size_t at = 0; at < BODY_BYTES; at += BLOCK) {
        size_t len = BODY_BYTES - at < BLOCK ? BODY_BYTES - at : BLOCK;
        bool more = at + len < BODY_BYTES;
        const lp_response *r = ask(l, &(lp_request){.post = true,
                                                    .path = "rd",
                                                    .query = "",
                                                    .has_block1 = true,
                                                    .more = more,
                                                    .block = (uint32_t)(at / BLOCK),
                                                    .block_bytes = BLOCK,
                                                    .payload = {file + at, len}});
        assert_int_equal(r->code, more ? CONTINUE : CHANGED);
        if (more) {
            assert_true(r->has_block1);
            assert_int_equal(r->block1_bytes, BLOCK);
        }
    }
    assert_int_equal(l->posted_len, BODY_BYTES);
    assert_memory_equal(l->posted, file, BODY_BYTES);
}

static void a_full_datagram_is_posted(void **state) {
    lab *l = *state;
    const lp_response *r = ask(
        l,
        &(lp_request){.post = true, .path = "rd", .query = "0123456789abcdef", .payload = {file, LP_COAP_BLOCK_BYTES}});
    assert_int_equal(r->code, CHANGED);
    assert_int_equal(l->posted_len, LP_COAP_BLOCK_BYTES);
    assert_memory_equal(l->posted, file, LP_COAP_BLOCK_BYTES);
}

static void what_is_not_there_is_not_found(void **state) {
    assert_int_equal(ask(*state, &(lp_request){.path = "nothing/here", .query = ""})->code, NOT_FOUND);
}

static void an_answer_apart_is_taken_and_acknowledged(void **state) {
    lab *l = *state;
    const lp_response *r = ask(l, &(lp_request){.path = "later", .query = ""});
    assert_int_equal(r->code, CONTENT);
    assert_int_equal(r->payload.len, strlen("later"));
    move(l);
}

static void notifications_arrive_until_the_last(void **state) {
    lab *l = *state;
    assert_int_equal(ask(l, &(lp_request){.path = "u", .query = "", .observe = true})->code, CONTENT);
    for (l->state = 1; l->state <= CALLS; l->state++) {
        lose_of_call(l, l->state);
        coap_resource_notify_observers(l->news, NULL);
        RUN_UNTIL(l, l->shown == l->state && l->lose_ours == 0);
    }
    assert_int_equal(l->notifications, CALLS); /* however often they came */
}

static void a_renewed_observation_is_the_same(void **state) {
    lab *l = *state;
    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(ask(l, &(lp_request){.path = "u", .query = "", .observe = true})->code, CONTENT);
    }
    l->state = 1;
    coap_resource_notify_observers(l->news, NULL);
    RUN_UNTIL(l, l->shown == 1);
    while (move(l)) {
    }
    assert_int_equal(l->notifications, 1);
}

static void after_a_restart_the_old_observation_ends(void **state) {
    lab *l = *state;
    ask(l, &(lp_request){.path = "u", .query = "", .observe = true});
    assert_int_equal(lp_coap_begin(&l->coap, &l->port), LP_OK);
    coap_resource_notify_observers(l->news, NULL);
    unsigned received = l->received;
    RUN_UNTIL(l, l->received > received);
    while (move(l)) {
    }
    received = l->received;
    coap_resource_notify_observers(l->news, NULL);
    while (move(l)) {
    }
    assert_int_equal(l->received, received);
    assert_int_equal(l->notifications, 0);
}

static void pokes_are_told_and_answered(void **state) {
    lab *l = *state;
    uint8_t token[8];
    size_t len;
    ask(l, &(lp_request){.path = "u", .query = ""}); /* libcoap has a session with us now */
    for (unsigned i = 1; i <= CALLS; i++) {
        lose_of_call(l, i);
        coap_pdu_t *pdu = coap_new_pdu(COAP_MESSAGE_CON, COAP_REQUEST_CODE_POST, l->session);
        coap_session_new_token(l->session, &len, token);
        assert_true(coap_add_token(pdu, len, token) != 0);
        assert_true(coap_add_option(pdu, COAP_OPTION_URI_PATH, strlen(LP_WIRE_POKE), (const uint8_t *)LP_WIRE_POKE) !=
                    0);
        assert_true(coap_send(l->session, pdu) != COAP_INVALID_MID);
        RUN_UNTIL(l, l->poke_answers == i);
        assert_int_equal(l->pokes, i); /* however often it came */
    }
}

static void a_ping_is_answered_with_a_reset(void **state) {
    lab *l = *state;
    ask(l, &(lp_request){.path = "u", .query = ""});
    coap_session_send_ping(l->session);
    RUN_UNTIL(l, l->resets == 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        LAB_TEST(a_file_is_fetched_in_blocks),
        LAB_TEST(the_servers_smaller_block_size_is_followed),
        LAB_TEST(another_etag_is_shown),
        LAB_TEST(a_lost_request_or_answer_is_made_up_for),
        LAB_TEST(a_body_is_posted_in_blocks),
        LAB_TEST(a_full_datagram_is_posted),
        LAB_TEST(what_is_not_there_is_not_found),
        LAB_TEST(an_answer_apart_is_taken_and_acknowledged),
        LAB_TEST(notifications_arrive_until_the_last),
        LAB_TEST(a_renewed_observation_is_the_same),
        LAB_TEST(after_a_restart_the_old_observation_ends),
        LAB_TEST(pokes_are_told_and_answered),
        LAB_TEST(a_ping_is_answered_with_a_reset),
        BAD_NETWORK_TEST(a_file_is_fetched_in_blocks),
        BAD_NETWORK_TEST(a_body_is_posted_in_blocks),
        BAD_NETWORK_TEST(an_answer_apart_is_taken_and_acknowledged),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
