/* SPDX-License-Identifier: Apache-2.0 */
#include "peer.h"

#include <string.h>

enum {
    MAC_BYTES = 21,
    MAC_BROADCAST_BYTES = 15,
    TO_AT = 5, /* in a frame: the last bytes of both addresses */
    SENDER_AT = 13,
    MOVED_TO = 2,
    IPV6_BYTES = 40,
    UDP_BYTES = 8,
    SOLICITATION = 135,
    ADVERTISEMENT = 136,
    FRAME_ROOM_BYTES = LP_RADIO_FRAME_BYTES - MAC_BYTES,
    LATER_PIECE_BYTES = (FRAME_ROOM_BYTES - 5) / 8 * 8,
};

const uint8_t peer_board_eui64[LP_EUI64_BYTES] = {2, 0x42, 0xac, 0, 0, 0, 0, 9};

static const uint8_t own_eui64[LP_EUI64_BYTES] = {2, 0, 0, 0, 0, 0, 0, 1};
static const uint8_t own_address[16] = {0xfd, [15] = 1};
static const uint8_t link_local[2] = {0xfe, 0x80};
static const uint8_t board_address[16] = {0xfd, [8] = 0, 0x42, 0xac, 0, 0, 0, 0, 9};

/* --- reading --- */

/* How long compressed headers are that elide traffic class and flow label and have no context, as lwIP's do. */
static size_t headers_len(const uint8_t *p, bool udp) {
    static const uint8_t unicast[] = {16, 8, 2, 0};
    static const uint8_t multicast[] = {16, 6, 4, 1};
    size_t len = 2;
    len += udp ? 0 : 1;
    len += (p[0] & 3) == 0 ? 1 : 0;
    len += unicast[p[1] >> 4 & 3];
    len += (p[1] & 8) != 0 ? multicast[p[1] & 3] : unicast[p[1] & 3];
    return len + (udp ? 7 : 0);
}

static peer_kind append(peer *p, const uint8_t *bytes, size_t len) {
    if (len > p->expected - p->got) {
        return PEER_OTHER;
    }
    memcpy(p->datagram + p->got, bytes, len);
    p->got += len;
    return p->got == p->expected ? PEER_DATAGRAM : PEER_OTHER;
}

/* A packet with its headers; `size` is that of its datagram, uncompressed, 0 if this is all of it. */
static peer_kind take_packet(peer *p, lp_slice packet, size_t size) {
    bool udp = (packet.ptr[0] & 4) != 0;
    size_t headers = headers_len(packet.ptr, udp);
    if ((packet.ptr[0] & 0xe0) != 0x60 || packet.len <= headers) {
        return PEER_OTHER;
    }
    const uint8_t *body = packet.ptr + headers;
    if (!udp) {
        return packet.ptr[2] == PEER_NEXT_ICMP && body[0] == SOLICITATION ? PEER_SOLICITATION : PEER_OTHER;
    }
    p->got = 0;
    p->expected = size == 0 ? packet.len - headers : size - IPV6_BYTES - UDP_BYTES;
    return p->expected <= sizeof p->datagram ? append(p, body, packet.len - headers) : PEER_OTHER;
}

peer_kind peer_take(peer *p, lp_slice frame) {
    bool broadcast = (frame.ptr[1] >> 2 & 3) == 2;
    size_t mac = broadcast ? MAC_BROADCAST_BYTES : MAC_BYTES;
    const uint8_t *bytes = frame.ptr + mac;
    size_t len = frame.len - mac;
    if (p->moved && !broadcast && frame.ptr[TO_AT] != MOVED_TO) {
        return PEER_OTHER;
    }
    switch (bytes[0] & 0xf8) {
    case 0xc0:
        return take_packet(p, (lp_slice){bytes + 4, len - 4}, (bytes[0] & 7U) << 8 | bytes[1]);
    case 0xe0:
        return append(p, bytes + 5, len - 5);
    default:
        return take_packet(p, (lp_slice){bytes, len}, 0);
    }
}

/* --- writing --- */

size_t peer_mac_header(peer *p, uint8_t *out) {
    size_t n = 0;
    out[n++] = 0x61; /* data, acknowledged, within the PAN */
    out[n++] = 0xcc; /* both addresses extended */
    out[n++] = p->sequence++;
    out[n++] = PEER_PAN_ID & 0xff;
    out[n++] = PEER_PAN_ID >> 8;
    for (size_t i = LP_EUI64_BYTES; i > 0; i--) {
        out[n++] = peer_board_eui64[i - 1];
    }
    for (size_t i = LP_EUI64_BYTES; i > 0; i--) {
        out[n++] = own_eui64[i - 1];
    }
    out[SENDER_AT] = p->moved ? MOVED_TO : out[SENDER_AT];
    return n;
}

static void put16(uint8_t *out, size_t number) {
    out[0] = (uint8_t)(number >> 8);
    out[1] = (uint8_t)number;
}

/* RFC 8200, 8.1, over the pseudo-header and what follows the IPv6 header, whose checksum is still zero. */
static uint16_t checksum(const uint8_t *packet, size_t len) {
    uint32_t sum = packet[6] + (uint32_t)(len - IPV6_BYTES);
    for (size_t i = 8; i < len; i++) {
        sum += i % 2 == 0 ? (uint32_t)packet[i] << 8 : packet[i];
    }
    while (sum >> 16 != 0) {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    return (uint16_t)~sum;
}

static void put_ipv6(const peer *p, uint8_t *packet, uint8_t next, size_t len) {
    memset(packet, 0, IPV6_BYTES);
    packet[0] = 0x60;
    put16(packet + 4, len - IPV6_BYTES);
    packet[6] = next;
    packet[7] = 255;
    memcpy(packet + 8, own_address, sizeof own_address);
    memcpy(packet + 24, board_address, sizeof board_address);
    if (p->link_local) {
        memcpy(packet + 8, link_local, sizeof link_local);
        memcpy(packet + 24, link_local, sizeof link_local);
    }
}

/* The headers of a packet as they are sent; returns their length. `*whole` is the length that they stand for. */
static size_t put_headers(const peer *p, const uint8_t *packet, uint8_t *out, size_t *whole) {
    static const uint8_t elided[] = {0x7f, 0x33, 0xf0}; /* all but UDP's ports and checksum */
    if (!p->link_local || packet[6] != PEER_NEXT_UDP) {
        *whole = IPV6_BYTES;
        out[0] = 0x41; /* RFC 4944, 5.1 */
        memcpy(out + 1, packet, IPV6_BYTES);
        return 1 + IPV6_BYTES;
    }
    const uint8_t *udp = packet + IPV6_BYTES;
    *whole = IPV6_BYTES + UDP_BYTES;
    memcpy(out, elided, sizeof elided);
    memcpy(out + sizeof elided, udp, 4);
    memcpy(out + sizeof elided + 4, udp + PEER_UDP_CHECKSUM_AT, 2);
    return sizeof elided + 4 + 2;
}

/* One frame: a header of ours, and a piece of a packet. */
static void put_frame(peer *p, peer_frame *out, const uint8_t *header, size_t header_len, lp_slice piece) {
    out->len = peer_mac_header(p, out->bytes);
    memcpy(out->bytes + out->len, header, header_len);
    memcpy(out->bytes + out->len + header_len, piece.ptr, piece.len);
    out->len += header_len + piece.len;
}

/* RFC 4944, 5.3, with pieces as long as they can be. */
static size_t put_packet(peer *p, const uint8_t *packet, size_t len, peer_frame *out) {
    enum { FIRST_BYTES = 4, LATER_BYTES = 5 };
    uint8_t header[LATER_BYTES + 1 + IPV6_BYTES] = {(uint8_t)(0xc0 | len >> 8), (uint8_t)len, (uint8_t)(p->tag >> 8),
                                                    (uint8_t)p->tag};
    size_t whole;
    size_t sent = FIRST_BYTES + put_headers(p, packet, header + FIRST_BYTES, &whole);
    if (sent - FIRST_BYTES + len - whole <= FRAME_ROOM_BYTES) {
        put_frame(p, out, header + FIRST_BYTES, sent - FIRST_BYTES, (lp_slice){packet + whole, len - whole});
        return 1;
    }
    size_t frames = 0;
    size_t at = (whole + FRAME_ROOM_BYTES - sent) / 8 * 8;
    p->tag++;
    put_frame(p, &out[frames++], header, sent, (lp_slice){packet + whole, at - whole});
    header[0] |= 0x20;
    for (size_t some; at < len; at += some) {
        some = len - at < LATER_PIECE_BYTES ? len - at : LATER_PIECE_BYTES;
        header[4] = (uint8_t)(at / 8);
        put_frame(p, &out[frames++], header, LATER_BYTES, (lp_slice){packet + at, some});
    }
    return frames;
}

/* Sends what lies behind the room for the IPv6 header in `packet`, with its checksum, whose place is zero so far. */
static size_t send_packet(peer *p, uint8_t next, uint8_t *packet, size_t len, size_t checksum_at, peer_frame *out) {
    put_ipv6(p, packet, next, len);
    put16(packet + IPV6_BYTES + checksum_at, checksum(packet, len));
    return put_packet(p, packet, len, out);
}

size_t peer_packet(peer *p, uint8_t next, lp_slice body, size_t checksum_at, peer_frame out[PEER_FRAMES]) {
    uint8_t packet[PEER_PACKET_BYTES];
    memcpy(packet + IPV6_BYTES, body.ptr, body.len);
    put16(packet + IPV6_BYTES + checksum_at, 0);
    return send_packet(p, next, packet, IPV6_BYTES + body.len, checksum_at, out);
}

size_t peer_datagram(peer *p, lp_slice payload, peer_frame out[PEER_FRAMES]) {
    uint8_t packet[PEER_PACKET_BYTES];
    uint8_t *udp = packet + IPV6_BYTES;
    put16(udp, PEER_PORT);
    put16(udp + 2, PEER_PORT);
    put16(udp + 4, UDP_BYTES + payload.len);
    put16(udp + PEER_UDP_CHECKSUM_AT, 0);
    memcpy(udp + UDP_BYTES, payload.ptr, payload.len);
    return send_packet(p, PEER_NEXT_UDP, packet, IPV6_BYTES + UDP_BYTES + payload.len, PEER_UDP_CHECKSUM_AT, out);
}

/* RFC 4861, 4.4 and 4.6.1. */
void peer_advertise(peer *p, peer_frame *out) {
    uint8_t packet[IPV6_BYTES + 24 + 16] = {0};
    uint8_t *icmp = packet + IPV6_BYTES;
    icmp[0] = ADVERTISEMENT;
    icmp[4] = 0x60; /* solicited, overrides */
    memcpy(icmp + 8, own_address, sizeof own_address);
    if (p->link_local) {
        memcpy(icmp + 8, link_local, sizeof link_local);
    }
    icmp[24] = 2; /* target's link-layer address, */
    icmp[25] = 2; /* of two times eight bytes */
    memcpy(icmp + 26, own_eui64, sizeof own_eui64);
    icmp[26 + LP_EUI64_BYTES - 1] = p->moved ? MOVED_TO : own_eui64[LP_EUI64_BYTES - 1];
    send_packet(p, PEER_NEXT_ICMP, packet, sizeof packet, PEER_ICMP_CHECKSUM_AT, out);
}
