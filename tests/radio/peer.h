/* SPDX-License-Identifier: Apache-2.0 */
/* The other end of a board's radio link, without lwIP: 6LoWPAN frames of UDP datagrams and of neighbour discovery, made
 * and read in the plainest way. */
#ifndef LAMPYR_TESTS_PEER_H
#define LAMPYR_TESTS_PEER_H

#include "lampyr-net/radio.h"
#include "lampyr/slice.h"

enum {
    PEER_PAN_ID = 0x4c50,
    PEER_PORT = 5683,
    PEER_DATAGRAM_BYTES = 1232, /* longest UDP payload */
    PEER_PACKET_BYTES = 1280,
    PEER_FRAMES = 16, /* of the longest packet */
    PEER_NEXT_UDP = 17,
    PEER_UDP_CHECKSUM_AT = 6,
    PEER_NEXT_ICMP = 58,
    PEER_ICMP_CHECKSUM_AT = 2,
};

#define PEER_ADDRESS "fd00::1"
#define PEER_LINK_LOCAL_ADDRESS "fe80::1"

extern const uint8_t peer_board_eui64[LP_EUI64_BYTES];

typedef struct peer_frame {
    size_t len;
    uint8_t bytes[LP_RADIO_FRAME_BYTES];
} peer_frame;

/* Starts with zeros. */
typedef struct peer {
    bool link_local; /* both ends have their link-local addresses, and UDP's headers are compressed (RFC 6282) */
    bool moved;      /* it has another link-layer address, and hears only what is sent there or to all */
    uint8_t sequence;
    uint16_t tag;
    size_t expected; /* bytes of the datagram that the board is sending */
    size_t got;
    uint8_t datagram[PEER_DATAGRAM_BYTES];
} peer;

/* What a frame of the board is. */
typedef enum peer_kind {
    PEER_OTHER,        /* of no interest, or not the last fragment */
    PEER_SOLICITATION, /* the board asks for our link-layer address */
    PEER_DATAGRAM,     /* UDP, complete now: in `datagram`, `got` bytes */
} peer_kind;

/* Takes a frame as lwIP sends it; fragments come in order and none is lost. */
peer_kind peer_take(peer *p, lp_slice frame);

/* The frames of an IPv6 packet to the board, whose body, of at most PEER_PACKET_BYTES - 40 bytes, gets its checksum at
 * `checksum_at`; returns how many. */
size_t peer_packet(peer *p, uint8_t next, lp_slice body, size_t checksum_at, peer_frame out[PEER_FRAMES]);

/* The frames of a datagram of at most PEER_DATAGRAM_BYTES bytes to the board; returns how many. */
size_t peer_datagram(peer *p, lp_slice payload, peer_frame out[PEER_FRAMES]);

/* The answer to a solicitation. */
void peer_advertise(peer *p, peer_frame *out);

/* The headers of a frame to the board up to, without, the dispatch; returns their length. */
size_t peer_mac_header(peer *p, uint8_t *out);

#endif
