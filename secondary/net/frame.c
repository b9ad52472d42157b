/* SPDX-License-Identifier: Apache-2.0 */
#include "lampyr-net/frame.h"

#include <string.h>

/* Frame control field (IEEE 802.15.4-2006, 7.2.1.1). */
enum {
    FC_TYPE = 0x0007,
    FC_TYPE_DATA = 0x0001,
    FC_SECURITY = 0x0008,
    FC_INTRA_PAN = 0x0040,
    FC_RESERVED = 0x0380, /* later versions leave the sequence number out by one of these */
    FC_TO = 0x0c00,
    FC_TO_SHORT = 0x0800,
    FC_TO_EXTENDED = 0x0c00,
    FC_VERSION_LATER = 0x2000,
    FC_FROM = 0xc000,
    FC_FROM_EXTENDED = 0xc000,
    /* Frame control, sequence number, PAN, source; and the destination */
    SENDER_BYTES = 8,
    MAC_BYTES = 2 + 1 + 2 + SENDER_BYTES,
    MAC_BROADCAST_BYTES = MAC_BYTES + 2,
    MAC_UNICAST_BYTES = MAC_BYTES + 8,
};

enum { IPV6_BYTES = 40, UDP_BYTES = 8, FIRST_BYTES = 4, LATER_BYTES = 5 };

/* Takes the MAC header off, at whose end is the sender's address. */
static lp_frame_fault check_mac(lp_slice *frame) {
    if (frame->len < 2) {
        return LP_FRAME_SHORT;
    }
    const uint8_t *p = frame->ptr;
    unsigned control = p[0] | (unsigned)p[1] << 8;
    if ((control & FC_TYPE) != FC_TYPE_DATA || (control & (FC_VERSION_LATER | FC_RESERVED)) != 0) {
        return LP_FRAME_TYPE;
    }
    if ((control & FC_SECURITY) != 0) {
        return LP_FRAME_SECURED;
    }
    bool broadcast = (control & FC_TO) == FC_TO_SHORT;
    if ((control & FC_INTRA_PAN) == 0 || (control & FC_FROM) != FC_FROM_EXTENDED ||
        (!broadcast && (control & FC_TO) != FC_TO_EXTENDED)) {
        return LP_FRAME_ADDRESSES;
    }
    size_t header = broadcast ? MAC_BROADCAST_BYTES : MAC_UNICAST_BYTES;
    if (frame->len <= header) {
        return LP_FRAME_SHORT;
    }
    if (broadcast && (p[5] != 0xff || p[6] != 0xff)) {
        return LP_FRAME_ADDRESSES;
    }
    *frame = (lp_slice){frame->ptr + header, frame->len - header};
    return LP_FRAME_FINE;
}

/* How long headers are: as they are sent, and uncompressed. */
typedef struct header_bytes {
    size_t sent;
    size_t whole;
} header_bytes;

/* Bytes that stand for an address, by its two bits of mode (RFC 6282, 3.1.1). */
static const uint8_t unicast_bytes[] = {16, 8, 2, 0};
static const uint8_t multicast_bytes[] = {16, 6, 4, 1};

/* UDP's compressed header (RFC 6282, 4.3), of which `header` counts no byte so far. */
static lp_frame_fault measure_udp(lp_slice packet, header_bytes *header) {
    static const uint8_t port_bytes[] = {4, 3, 3, 1};
    if (packet.len <= header->sent) {
        return LP_FRAME_HEADERS;
    }
    unsigned udp = packet.ptr[header->sent];
    if ((udp & 0xf8) != 0xf0 || (udp & 0x04) != 0) {
        return LP_FRAME_COMPRESSION;
    }
    header->sent += 1 + (size_t)port_bytes[udp & 3] + 2;
    header->whole += UDP_BYTES;
    return LP_FRAME_FINE;
}

/* Compressed headers (RFC 6282, 3.1): their lengths follow from the first two bytes. */
static lp_frame_fault measure_compressed(lp_slice packet, header_bytes *header) {
    static const uint8_t class_and_flow_bytes[] = {4, 3, 1, 0};
    if (packet.len < 2) {
        return LP_FRAME_HEADERS;
    }
    unsigned first = packet.ptr[0];
    unsigned second = packet.ptr[1];
    bool compressed_next = (first & 0x04) != 0;
    bool source_by_context = (second & 0x40) != 0;
    unsigned source_mode = second >> 4 & 3;
    if ((second & 0x04) != 0 || (source_by_context && source_mode != 0)) {
        return LP_FRAME_CONTEXT;
    }
    *header = (header_bytes){.sent = 2, .whole = IPV6_BYTES};
    header->sent += second >> 7;
    header->sent += class_and_flow_bytes[first >> 3 & 3];
    header->sent += compressed_next ? 0 : 1;
    header->sent += (first & 3) == 0 ? 1 : 0; /* hop limit */
    header->sent += source_by_context ? 0 : unicast_bytes[source_mode];
    header->sent += (second & 0x08) != 0 ? multicast_bytes[second & 3] : unicast_bytes[second & 3];
    return compressed_next ? measure_udp(packet, header) : LP_FRAME_FINE;
}

/* The headers at the start of a packet, whole or the first piece of one. */
static lp_frame_fault measure_headers(lp_slice packet, header_bytes *header) {
    unsigned dispatch = packet.len == 0 ? 0 : packet.ptr[0];
    lp_frame_fault fault = LP_FRAME_FINE;
    if (dispatch == 0x41) {
        *header = (header_bytes){.sent = 1 + IPV6_BYTES, .whole = IPV6_BYTES};
    } else if ((dispatch & 0xe0) == 0x60) {
        fault = measure_compressed(packet, header);
    } else {
        return LP_FRAME_DISPATCH;
    }
    return fault == LP_FRAME_FINE && header->sent > packet.len ? LP_FRAME_HEADERS : fault;
}

/* A piece of `len` bytes at `offset` of a datagram of `size` bytes; all but the last are whole units of eight. */
static bool piece_fits(size_t size, size_t offset, size_t len) {
    size_t end = offset + len;
    return size <= LP_NET_DATAGRAM_BYTES && (end == size || (end < size && len % 8 == 0));
}

/* A fragment's own header (RFC 4944, 5.3), and what follows it. */
typedef struct fragment {
    lp_slice sender;
    uint16_t tag;
    uint16_t size;
    lp_slice piece;
} fragment;

/* One that is also the last would be no reason to fragment. */
static lp_frame_fault begin_datagram(lp_fragments *fragments, const fragment *f) {
    header_bytes headers;
    lp_frame_fault fault = measure_headers(f->piece, &headers);
    if (fault != LP_FRAME_FINE) {
        return fault;
    }
    size_t len = headers.whole + (f->piece.len - headers.sent);
    if (len >= f->size || !piece_fits(f->size, 0, len)) {
        return LP_FRAME_FRAGMENT;
    }
    *fragments = (lp_fragments){.tag = f->tag,
                                .size = f->size,
                                .next = (uint16_t)len,
                                .begins = true,
                                .unended = fragments->unended + (fragments->next > 0)};
    memcpy(fragments->sender, f->sender.ptr, sizeof fragments->sender);
    return LP_FRAME_FINE;
}

static lp_frame_fault continue_datagram(lp_fragments *fragments, const fragment *f, size_t offset) {
    if (f->piece.len == 0 || !piece_fits(f->size, offset, f->piece.len)) {
        return LP_FRAME_FRAGMENT;
    }
    if (fragments->next == 0 || offset != fragments->next || f->tag != fragments->tag || f->size != fragments->size ||
        memcmp(f->sender.ptr, fragments->sender, sizeof fragments->sender) != 0) {
        return LP_FRAME_ORDER;
    }
    size_t end = offset + f->piece.len;
    fragments->next = (uint16_t)(end == f->size ? 0 : end);
    return LP_FRAME_FINE;
}

static lp_frame_fault check_fragment(lp_fragments *fragments, lp_slice sender, lp_slice packet) {
    const uint8_t *p = packet.ptr;
    bool first = (p[0] & 0x20) == 0;
    size_t header = first ? FIRST_BYTES : LATER_BYTES;
    if (packet.len < header) {
        return LP_FRAME_HEADERS;
    }
    const fragment f = {.sender = sender,
                        .tag = (uint16_t)(p[2] << 8 | p[3]),
                        .size = (uint16_t)((p[0] & 7) << 8 | p[1]),
                        .piece = {p + header, packet.len - header}};
    return first ? begin_datagram(fragments, &f) : continue_datagram(fragments, &f, p[4] * 8U);
}

lp_frame_fault lp_frame_check(lp_fragments *fragments, lp_slice frame) {
    fragments->begins = false;
    lp_frame_fault fault = check_mac(&frame);
    if (fault != LP_FRAME_FINE) {
        return fault;
    }
    if ((frame.ptr[0] & 0xd8) == 0xc0) {
        return check_fragment(fragments, (lp_slice){frame.ptr - SENDER_BYTES, SENDER_BYTES}, frame);
    }
    header_bytes headers;
    return measure_headers(frame, &headers);
}

const char *lp_frame_fault_name(lp_frame_fault fault) {
    static const char *const names[LP_FRAME_FAULTS] = {
        "fine",          "frame_short",   "frame_type",        "frame_secured",  "frame_addresses", "frame_dispatch",
        "frame_headers", "frame_context", "frame_compression", "frame_fragment", "frame_order"};
    return names[fault];
}
