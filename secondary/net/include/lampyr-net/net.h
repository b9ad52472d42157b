/* SPDX-License-Identifier: Apache-2.0 */
/* A board's network: datagrams to and from the primary, over the radio, and nothing else.
 *
 * The board's addresses are the link-local one and, if the primary's is not link-local, one with the primary's first 64
 * bits: the primary is a neighbour, or whoever relays for it answers for it (RFC 4389). No router is asked or heard. */
#ifndef LAMPYR_NET_NET_H
#define LAMPYR_NET_NET_H

#include "lampyr-net/lowpan.h"

#include "lwip/udp.h"

enum { LP_COAP_PORT = 5683 };

typedef struct lp_net_config {
    const lp_radio *radio; /* must outlive the network, as all pointers here */
    lp_radio_config link;
    const char *primary; /* "fd00::1", or "[fd00::1]:5683" */
    /* Where datagrams of the primary are put together; those that are longer are dropped. */
    uint8_t *buffer;
    size_t buffer_bytes;
} lp_net_config;

/* Not to be moved. All but `lowpan.counts`, `lowpan.fragments.unended`, `overlong` and `damaged` is private. */
typedef struct lp_net {
    lp_net_config config;
    lp_lowpan lowpan;
    struct udp_pcb *socket;
    ip6_addr_t primary;
    size_t received;   /* bytes in the buffer */
    bool asked;        /* a datagram was sent after the last that came */
    bool pending;      /* a datagram of the primary's came, and nothing of it is in the buffer so far */
    uint32_t overlong; /* datagrams of the primary that did not fit */
    uint32_t damaged;  /* datagrams of the primary with a wrong checksum or length, or not to an address of ours */
} lp_net;

typedef enum lp_net_verdict {
    LP_NET_READY,
    LP_NET_NO_PRIMARY, /* the address cannot be read, or is none of a single host */
    LP_NET_NO_RADIO,   /* the radio does not start */
} lp_net_verdict;

/* Starts the network. Called once. */
lp_net_verdict lp_net_begin(lp_net *net, const lp_net_config *config);

/* True if the primary's link-layer address is known; else asks for it, at most once a second, and what is sent
 * meanwhile is lost. */
bool lp_net_resolved(lp_net *net);

/* Sends a datagram to the primary. False if it was lost already: there is no buffer, no known neighbour, or a frame
 * did not get through. Whoever sends retransmits in any case. */
bool lp_net_send(lp_net *net, lp_slice datagram);

typedef enum lp_net_event {
    LP_NET_NOTHING, /* and nothing is there to be taken in */
    LP_NET_FRAME,   /* of no consequence, or the part of a datagram */
    LP_NET_DATAGRAM,
} lp_net_event;

/* Takes in one frame. With LP_NET_DATAGRAM a datagram is complete that came, unicast, from the primary's address and
 * port; it lies in config.buffer. */
lp_net_event lp_net_poll(lp_net *net, uint64_t now_ms, lp_slice *datagram);

/* When lp_net_poll() is to be called at the latest, though no frame comes; UINT64_MAX: whenever one does. */
uint64_t lp_net_due_ms(const lp_net *net);

#endif
