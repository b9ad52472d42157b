/* SPDX-License-Identifier: Apache-2.0 */
/* What a received frame must be like before lwIP sees it. lwIP's 6LoWPAN reads headers without looking where the frame
 * ends, takes a first fragment it does not understand for one that it does, and loses buffers when fragments overtake
 * each other; no frame that passes here makes it do any of that. */
#ifndef LAMPYR_NET_FRAME_H
#define LAMPYR_NET_FRAME_H

#include "lampyr/slice.h"

#include <stdbool.h>

enum { LP_NET_DATAGRAM_BYTES = 1280 }; /* longest IPv6 packet of the link (RFC 4944, 4) */

/* Numbers index counters. */
typedef enum lp_frame_fault {
    LP_FRAME_FINE = 0,
    LP_FRAME_SHORT,       /* it ends within the MAC header or right behind it */
    LP_FRAME_TYPE,        /* no data frame, or of a version after 2006 */
    LP_FRAME_SECURED,     /* encrypted by the MAC, which has no keys */
    LP_FRAME_ADDRESSES,   /* not within the PAN, not from an extended address, or not to one or to broadcast */
    LP_FRAME_DISPATCH,    /* neither IPv6, nor with compressed headers, nor a fragment (RFC 4944, 5.1) */
    LP_FRAME_HEADERS,     /* it ends within the IPv6 or UDP header or the fragment header */
    LP_FRAME_CONTEXT,     /* compressed with a context (RFC 6282, 3.1.2): none was agreed on */
    LP_FRAME_COMPRESSION, /* a next header that is compressed, but not UDP; or UDP without its checksum */
    LP_FRAME_FRAGMENT,    /* a fragment that is empty or does not fit its datagram, or is of one that is too long */
    LP_FRAME_ORDER,       /* a fragment that does not follow the one before; on one hop none overtakes another */
    LP_FRAME_FAULTS,      /* how many there are */
} lp_frame_fault;

/* The datagram whose fragments are coming in. Starts with zeros. */
typedef struct lp_fragments {
    uint8_t sender[8]; /* as on the air */
    uint16_t tag;
    uint16_t size;    /* bytes of the datagram */
    uint16_t next;    /* bytes of it that came; 0: none is under way */
    bool begins;      /* the frame checked last did: it is a first fragment */
    uint32_t unended; /* datagrams that another began in the middle of */
} lp_fragments;

/* Checks a frame as lampyr-net/radio.h delivers it, after those before. A first fragment begins anew, and counts what
 * it leaves unended. */
lp_frame_fault lp_frame_check(lp_fragments *fragments, lp_slice frame);

/* The name of a fault, as the console says it: "frame_short". Static. */
const char *lp_frame_fault_name(lp_frame_fault fault);

#endif
