/* SPDX-License-Identifier: Apache-2.0 */
/* A board's network under any frames: serial line, checks, lwIP, up to the datagrams that the board is shown. Each of
 * lwIP's buffers is a heap block of its own; there are as many as on a board. */
#include "fuzz.h"
#include "lampyr-net/net.h"
#include "lampyr-net/slip.h"
#include "peer.h"

#include "lwip/memp.h"
#include "lwip/nd6.h"

#include <string.h>

/* What an input does, one byte each; what follows it is said here. "Bytes" are one that tells how many, and these. */
enum {
    OP_FRAME,    /* bytes: a frame */
    OP_SENDER,   /* a byte, the end of the sender's address, and bytes: what follows the MAC header */
    OP_LINE,     /* bytes, as they come over a serial line */
    OP_PACKET,   /* a byte: next header, two: which frames are lost, and bytes: the body, without checksum */
    OP_DATAGRAM, /* two: length, two: which frames are lost */
    OP_SEND,     /* two: length of a datagram of the board's */
    OP_WAIT,     /* a byte: so many seconds */
    OP_COUNT,
    OPS = 100,
    SECOND_MS = 1000,
    SILENCE_S = 60, /* until all that waits has been given up */
    PROBES = 3,     /* for a neighbour each, in a second */
    BLOCK_DATAGRAM_BYTES = 1100,
    REPLY_TRIES = 4,    /* the first finds out whose address it is */
    BLOCKS = 32,        /* more than all pools together */
    BODY_BYTES_MIN = 8, /* has room for either checksum */
    SENDER_AT = 13,     /* in frames of the peer: the last byte of its address */
};

/* --- memory --- */

typedef struct pool {
    size_t bytes;
    unsigned left;
} pool;

typedef struct block {
    void *bytes;
    pool *from;
} block;

/* lwipopts.h and lwippools.h, in the order of their sizes; the socket is one of 120. */
static pool pools[] = {{sizeof(struct pbuf), MEMP_NUM_PBUF},
                       {40, 2},
                       {120, 2 + 1},
                       {152, 1},
                       {LWIP_MEM_ALIGN_SIZE(sizeof(struct pbuf)) + PBUF_POOL_BUFSIZE, PBUF_POOL_SIZE}};
static block blocks[BLOCKS];
static unsigned blocks_used;

void *lp_net_heap_take(size_t bytes) {
    pool *from = pools;
    while (from->bytes < bytes) {
        from++;
        FUZZ_CHECK(from < pools + sizeof pools / sizeof pools[0]);
    }
    if (from->left == 0) {
        return NULL;
    }
    FUZZ_CHECK(blocks_used < BLOCKS);
    from->left--;
    blocks[blocks_used] = (block){.bytes = malloc(bytes), .from = from};
    FUZZ_CHECK(blocks[blocks_used].bytes != NULL);
    return blocks[blocks_used++].bytes;
}

void lp_net_heap_give(void *memory) {
    unsigned i = 0;
    while (i < blocks_used && blocks[i].bytes != memory) {
        i++;
    }
    FUZZ_CHECK(i < blocks_used);
    blocks[i].from->left++;
    blocks[i] = blocks[--blocks_used];
    free(memory);
}

/* --- the board --- */

static const uint8_t content[PEER_DATAGRAM_BYTES] = {1, 2, 3, 4, 5, 6, 7, 8};

typedef struct board {
    lp_net net;
    lp_radio radio;
    lp_fragments sent_fragments;
    unsigned may_send; /* frames */
    bool solicited;
    bool got_datagram; /* the peer has one of the board's */
    lp_slice frame;    /* on its way to the board */
    uint64_t now_ms;
    peer peer;
    uint8_t *buffer;
} board;

static bool begin(const lp_radio *radio, const lp_radio_config *config) {
    (void)radio;
    (void)config;
    return true;
}

/* What the board sends, it would take. */
static lp_radio_result send(const lp_radio *radio, const uint8_t *bytes, size_t len) {
    board *b = radio->ctx;
    FUZZ_CHECK(len > 0 && len <= LP_RADIO_FRAME_BYTES);
    FUZZ_CHECK(b->may_send > 0);
    b->may_send--;
    lp_slice frame = {bytes, len};
    FUZZ_CHECK(lp_frame_check(&b->sent_fragments, frame) == LP_FRAME_FINE);
    peer_kind kind = peer_take(&b->peer, frame);
    b->solicited = b->solicited || kind == PEER_SOLICITATION;
    b->got_datagram = b->got_datagram || kind == PEER_DATAGRAM;
    return LP_RADIO_SENT;
}

static size_t receive(const lp_radio *radio, uint8_t *frame) {
    board *b = radio->ctx;
    size_t len = b->frame.len;
    memcpy(frame, b->frame.ptr, len);
    b->frame.len = 0;
    return len;
}

/* lwIP has globals, so there is one board, whose state each input finds as all others did. */
static board *the_board(void) {
    static board b;
    if (b.buffer == NULL) {
        b = (board){.radio = {.begin = begin, .send = send, .receive = receive, .ctx = &b}, .frame = {content, 0}};
        b.buffer = malloc(PEER_DATAGRAM_BYTES);
        FUZZ_CHECK(b.buffer != NULL);
        lp_net_config config = {.radio = &b.radio,
                                .link = {.channel = LP_RADIO_CHANNEL_MAX, .pan_id = PEER_PAN_ID},
                                .primary = PEER_ADDRESS,
                                .buffer = b.buffer,
                                .buffer_bytes = PEER_DATAGRAM_BYTES};
        memcpy(config.link.eui64, peer_board_eui64, sizeof config.link.eui64);
        FUZZ_CHECK(lp_net_begin(&b.net, &config) == LP_NET_READY);
    }
    nd6_cleanup_netif(&b.net.lowpan.netif);
    b.net.lowpan.fragments = (lp_fragments){.next = 0};
    b.net.lowpan.counts = (lp_lowpan_counts){.crowded = 0};
    b.sent_fragments = (lp_fragments){.next = 0};
    b.peer = (peer){.got = 0};
    return &b;
}

/* Returns the length of the datagram that the frame completes, or 0. At most one frame, an advertisement, is sent
 * because of it. */
static size_t deliver(board *b, lp_slice frame) {
    lp_slice datagram;
    b->frame = frame;
    b->may_send = 1;
    lp_net_event event = lp_net_poll(&b->net, b->now_ms, &datagram);
    FUZZ_CHECK((event == LP_NET_NOTHING) == (frame.len == 0));
    if (event != LP_NET_DATAGRAM) {
        return 0;
    }
    FUZZ_CHECK(datagram.ptr == b->buffer && datagram.len > 0 && datagram.len <= PEER_DATAGRAM_BYTES);
    return datagram.len;
}

/* All but those that are lost: one bit each. Returns what deliver() did for the last. */
static size_t deliver_all(board *b, const peer_frame *frames, size_t count, unsigned lost) {
    size_t len = 0;
    for (size_t i = 0; i < count; i++) {
        if ((lost >> i & 1) == 0) {
            len = deliver(b, (lp_slice){frames[i].bytes, frames[i].len});
        }
    }
    return len;
}

static void wait(board *b, unsigned seconds) {
    lp_slice datagram;
    for (unsigned i = 0; i < seconds; i++) {
        b->now_ms += SECOND_MS;
        b->may_send = PROBES;
        FUZZ_CHECK(lp_net_poll(&b->net, b->now_ms, &datagram) == LP_NET_NOTHING);
    }
}

static bool send_datagram(board *b, size_t len) {
    b->may_send = 1 + PEER_FRAMES;
    b->got_datagram = false;
    return lp_net_send(&b->net, (lp_slice){content, len});
}

/* --- the input --- */

static size_t take_number(fuzz_input *input) {
    size_t number = fuzz_byte(input);
    return number << 8 | fuzz_byte(input);
}

/* Up to `max` bytes. */
static lp_slice take(fuzz_input *input, size_t max) {
    size_t len = fuzz_byte(input);
    size_t left = (size_t)(input->end - input->pos);
    len = len < left ? len : left;
    lp_slice bytes = {input->pos, len < max ? len : max};
    input->pos += len;
    return bytes;
}

static void from_sender(board *b, fuzz_input *input) {
    peer_frame frame;
    frame.len = peer_mac_header(&b->peer, frame.bytes);
    frame.bytes[SENDER_AT] = fuzz_byte(input);
    lp_slice rest = take(input, sizeof frame.bytes - frame.len);
    if (rest.len > 0) {
        memcpy(frame.bytes + frame.len, rest.ptr, rest.len);
    }
    deliver(b, (lp_slice){frame.bytes, frame.len + rest.len});
}

static void over_the_line(board *b, fuzz_input *input) {
    lp_slip line = {.len = 0};
    lp_slice bytes = take(input, UINT8_MAX);
    for (size_t i = 0; i < bytes.len; i++) {
        size_t len = lp_slip_take(&line, bytes.ptr[i]);
        FUZZ_CHECK(len <= LP_RADIO_FRAME_BYTES);
        if (len > 0) {
            deliver(b, (lp_slice){line.frame, len});
        }
    }
}

static void as_packet(board *b, fuzz_input *input) {
    peer_frame frames[PEER_FRAMES];
    uint8_t body[UINT8_MAX + BODY_BYTES_MIN] = {0};
    uint8_t next = fuzz_byte(input);
    unsigned lost = (unsigned)take_number(input);
    lp_slice bytes = take(input, UINT8_MAX);
    if (bytes.len > 0) {
        memcpy(body, bytes.ptr, bytes.len);
    }
    lp_slice whole = {body, bytes.len < BODY_BYTES_MIN ? BODY_BYTES_MIN : bytes.len};
    size_t checksum_at = next == PEER_NEXT_UDP ? PEER_UDP_CHECKSUM_AT : PEER_ICMP_CHECKSUM_AT;
    deliver_all(b, frames, peer_packet(&b->peer, next, whole, checksum_at, frames), lost);
}

static void as_datagram(board *b, fuzz_input *input) {
    peer_frame frames[PEER_FRAMES];
    lp_slice payload = {content, take_number(input) % (PEER_DATAGRAM_BYTES + 1)};
    unsigned lost = (unsigned)take_number(input);
    deliver_all(b, frames, peer_datagram(&b->peer, payload, frames), lost);
}

static void step(board *b, fuzz_input *input) {
    switch (fuzz_byte(input) % OP_COUNT) {
    case OP_FRAME:
        deliver(b, take(input, LP_RADIO_FRAME_BYTES));
        break;
    case OP_SENDER:
        from_sender(b, input);
        break;
    case OP_LINE:
        over_the_line(b, input);
        break;
    case OP_PACKET:
        as_packet(b, input);
        break;
    case OP_DATAGRAM:
        as_datagram(b, input);
        break;
    case OP_SEND:
        send_datagram(b, take_number(input) % (PEER_DATAGRAM_BYTES + 1));
        break;
    default:
        wait(b, fuzz_byte(input));
        break;
    }
}

/* --- what must be so in the end --- */

/* A minute later all memory but the socket's is free. */
static void check_nothing_is_lost(board *b) {
    wait(b, SILENCE_S);
    FUZZ_CHECK(blocks_used == 1);
}

/* And a datagram with a block of 1,024 bytes comes through, both ways. */
static void check_it_goes_on(board *b) {
    peer_frame frames[PEER_FRAMES];
    lp_slice whole = {content, BLOCK_DATAGRAM_BYTES};
    FUZZ_CHECK(deliver_all(b, frames, peer_datagram(&b->peer, whole, frames), 0) == whole.len);
    FUZZ_CHECK(memcmp(b->buffer, content, whole.len) == 0);
    bool sent = false;
    for (unsigned i = 0; i < REPLY_TRIES && !sent; i++) {
        b->solicited = false;
        sent = send_datagram(b, whole.len);
        if (b->solicited) {
            peer_advertise(&b->peer, frames);
            deliver_all(b, frames, 1, 0);
        }
    }
    FUZZ_CHECK(sent && b->got_datagram && b->peer.got == whole.len);
    FUZZ_CHECK(memcmp(b->peer.datagram, content, whole.len) == 0);
}

/* Input: OP_*. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    fuzz_input input = fuzz_begin(data, size);
    board *b = the_board();
    for (unsigned i = 0; i < OPS && input.pos < input.end; i++) {
        step(b, &input);
    }
    check_nothing_is_lost(b);
    check_it_goes_on(b);
    return 0;
}
