/* SPDX-License-Identifier: Apache-2.0 */
/* lwIP as boards have it: IPv6 and UDP over 6LoWPAN, one interface, no operating system, no heap. LP_NET_GATEWAY builds
 * the other side of the link, for tests: more neighbours and buffers, the rest the same. */
#ifndef LAMPYR_LWIPOPTS_H
#define LAMPYR_LWIPOPTS_H

#include <stdint.h>

#define NO_SYS 1
#define SYS_LIGHTWEIGHT_PROT 0
#define LWIP_TIMERS 0 /* lowpan.c calls them */
#define LWIP_NETCONN 0
#define LWIP_SOCKET 0
#define LWIP_STATS 0
#ifdef LP_NET_MEASURED /* tests look for buffers that were lost */
#undef LWIP_STATS
#define LWIP_STATS 1
#define MEMP_STATS 1
#define LINK_STATS 0
#define IP6_STATS 0
#define UDP_STATS 0
#define ICMP6_STATS 0
#define ND6_STATS 0
#define SYS_STATS 0
#endif
#ifdef __arm__
#define LWIP_NOASSERT 1
#endif

#define LWIP_IPV4 0
#define LWIP_IPV6 1
#define LWIP_UDP 1
#define LWIP_TCP 0
#define LWIP_RAW 0
#define LWIP_ARP 0
#define LWIP_ETHERNET 0
#define LWIP_SINGLE_NETIF 1
#define LWIP_NUM_NETIF_CLIENT_DATA 0
#define NETIF_MAX_HWADDR_LEN 8

/* Datagrams fit the link's 1,280 bytes; what another fragments is not for us. */
#define LWIP_IPV6_FRAG 0
#define LWIP_IPV6_REASS 0
#define LWIP_IPV6_MLD 0
#define LWIP_IPV6_SCOPES 0 /* one interface, one zone */
#define LWIP_IPV6_NUM_ADDRESSES 2

/* Addresses come from the EUI-64 and from provisioning, never from whoever calls himself a router; they cannot collide
 * (RFC 6775, 5.2). */
#define LWIP_IPV6_AUTOCONFIG 0
#define LWIP_IPV6_DUP_DETECT_ATTEMPTS 0
#define LWIP_IPV6_SEND_ROUTER_SOLICIT 0
#define LWIP_ND6_ALLOW_RA_UPDATES 0
#define LWIP_ND6_QUEUEING 0
#define LWIP_ND6_NUM_PREFIXES 1
#define LWIP_ND6_NUM_ROUTERS 1
#ifdef LP_NET_GATEWAY
#define LWIP_ND6_NUM_NEIGHBORS 64
#define LWIP_ND6_NUM_DESTINATIONS 64
#else
#define LWIP_ND6_NUM_NEIGHBORS 3
#define LWIP_ND6_NUM_DESTINATIONS 2
#endif

/* The radio has a check sequence of its own (lampyr-net/radio.h). No contexts: both ends would have to agree on them.
 */
#define LWIP_6LOWPAN_802154_HW_CRC 1
#define LWIP_6LOWPAN_INFER_SHORT_ADDRESS 0
#define LWIP_6LOWPAN_NUM_CONTEXTS 0

/* Every packet is looked at first: lowpan.h, lp_lowpan_admit. */
struct pbuf;
int lp_lowpan_refuses(struct pbuf *packet);
#define LWIP_HOOK_IP6_INPUT(packet, interface) lp_lowpan_refuses(packet)

/* Memory. A datagram that carries a block of 1,024 bytes comes in 12 fragments, each in a buffer of its own; one more
 * is for what comes between. A buffer holds the longest payload of a frame, 110 bytes behind the shortest MAC header,
 * and the 48 bytes of IPv6 and UDP headers that its compressed ones become: if it did not, lwIP would lose every
 * fragmented datagram without a word. */
#define MEM_ALIGNMENT __SIZEOF_POINTER__
#define PBUF_LINK_HLEN 0
#define PBUF_POOL_BUFSIZE 160
#define MEMP_NUM_UDP_PCB 1
#ifdef LP_NET_GATEWAY
#define PBUF_POOL_SIZE 256
#define MEMP_NUM_PBUF 16
#else
#define PBUF_POOL_SIZE 13
#define MEMP_NUM_PBUF 2
#endif
#ifdef LP_NET_HEAP /* the fuzz target has each buffer in a heap block, so that a sanitizer sees what is read beyond */
#include <stddef.h>
void *lp_net_heap_take(size_t bytes);
void lp_net_heap_give(void *memory);
#define MEM_LIBC_MALLOC 1
#define MEMP_MEM_MALLOC 1
#define mem_clib_malloc lp_net_heap_take
#define mem_clib_free lp_net_heap_give
#else
#define MEM_USE_POOLS 1
#define MEMP_USE_CUSTOM_POOLS 1
#endif

#endif
