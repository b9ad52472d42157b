/* SPDX-License-Identifier: Apache-2.0 */
#include "lampyr-net/net.h"

#include "lwip/ip.h"
#include "lwip/nd6.h"

#include <string.h>

enum { ADDRESS_TEXT_BYTES = 46 };

/* Reads "ADDRESS" or "[ADDRESS]:PORT". */
static bool read_primary(const char *text, ip6_addr_t *address, uint16_t *port) {
    char host[ADDRESS_TEXT_BYTES];
    bool bracketed = *text == '[';
    const char *begin = text + (bracketed ? 1 : 0);
    const char *end = begin;
    while (*end != '\0' && *end != ']') {
        end++;
    }
    size_t len = (size_t)(end - begin);
    if (len >= sizeof host || (*end == ']') != bracketed) {
        return false;
    }
    memcpy(host, begin, len);
    host[len] = '\0';
    unsigned number = LP_COAP_PORT;
    if (bracketed && end[1] != '\0') {
        const char *digit = end + 2;
        number = 0;
        while (*digit >= '0' && *digit <= '9' && number <= UINT16_MAX) {
            number = number * 10 + (unsigned)(*digit++ - '0');
        }
        if (end[1] != ':' || *digit != '\0') {
            return false;
        }
    }
    *port = (uint16_t)number;
    return number > 0 && number <= UINT16_MAX && ip6addr_aton(host, address) != 0 && !ip6_addr_isany(address) &&
           !ip6_addr_ismulticast(address) && !ip6_addr_isloopback(address);
}

static const struct udp_hdr *udp_of(const struct pbuf *packet) {
    return (const struct udp_hdr *)(const void *)((const uint8_t *)packet->payload + IP6_HLEN);
}

/* True for a datagram of the primary's to our port, not sent to several. */
static bool is_the_primarys(const lp_net *net, const struct pbuf *packet) {
    const struct ip6_hdr *header = packet->payload;
    const struct udp_hdr *udp = udp_of(packet);
    return packet->len >= IP6_HLEN + UDP_HLEN && IP6H_NEXTH(header) == IP6_NEXTH_UDP &&
           ((const uint8_t *)&header->dest)[0] != 0xff &&
           memcmp(&header->src, net->primary.addr, sizeof net->primary.addr) == 0 &&
           lwip_ntohs(udp->src) == net->socket->remote_port && lwip_ntohs(udp->dest) == LP_COAP_PORT;
}

/* lwIP goes by the packet's length alone, and takes a datagram without a checksum, which IPv6 forbids (RFC 8200, 8.1).
 */
static bool is_well_formed(const struct pbuf *packet) {
    const struct ip6_hdr *header = packet->payload;
    const struct udp_hdr *udp = udp_of(packet);
    return udp->len == header->_plen && udp->chksum != 0;
}

/* Neighbours may ask for our link-layer address and tell theirs; and the primary may send us datagrams. Nobody else is
 * even told that there is nobody home: that would take memory. */
static bool admits(lp_lowpan *lowpan, const struct pbuf *packet) {
    lp_net *net = (lp_net *)(void *)((uint8_t *)lowpan - offsetof(lp_net, lowpan));
    net->pending = is_the_primarys(net, packet);
    return net->pending ? is_well_formed(packet) : lp_lowpan_is_neighbour(packet);
}

/* lwIP has looked at the checksum, too. */
static void receive(void *arg, struct udp_pcb *socket, struct pbuf *packet, const ip_addr_t *from, u16_t from_port) {
    lp_net *net = arg;
    const lp_net_config *config = &net->config;
    size_t len = packet->tot_len;
    (void)socket;
    (void)from;
    (void)from_port;
    if (len <= config->buffer_bytes) {
        net->received = pbuf_copy_partial(packet, config->buffer, (u16_t)len, 0);
    } else {
        net->overlong++;
    }
    net->pending = false;
    if (net->asked) { /* what we sent has reached the primary: no need to ask whether it is still there */
        net->asked = false;
        nd6_reachability_hint(&net->primary);
    }
    pbuf_free(packet);
}

lp_net_verdict lp_net_begin(lp_net *net, const lp_net_config *config) {
    uint16_t port;
    memset(net, 0, sizeof *net);
    net->config = *config;
    if (!read_primary(config->primary, &net->primary, &port)) {
        return LP_NET_NO_PRIMARY;
    }
    if (!lp_lowpan_begin(&net->lowpan, config->radio, &config->link, admits)) {
        return LP_NET_NO_RADIO;
    }
    if (!ip6_addr_islinklocal(&net->primary)) {
        lp_lowpan_add_address(&net->lowpan, &net->primary);
    }
    net->socket = udp_new();
    udp_bind(net->socket, IP6_ADDR_ANY, LP_COAP_PORT);
    udp_connect(net->socket, &net->primary, port);
    udp_recv(net->socket, receive, net);
    return LP_NET_READY;
}

bool lp_net_resolved(lp_net *net) {
    const u8_t *address = NULL;
    return nd6_get_next_hop_addr_or_queue(&net->lowpan.netif, NULL, &net->primary, &address) == ERR_OK &&
           address != NULL;
}

bool lp_net_send(lp_net *net, lp_slice datagram) {
    if (!lp_net_resolved(net)) {
        return false;
    }
    struct pbuf *packet = pbuf_alloc_reference((void *)(uintptr_t)datagram.ptr, (u16_t)datagram.len, PBUF_REF);
    if (packet == NULL) {
        return false;
    }
    err_t error = udp_send(net->socket, packet);
    net->asked = true;
    pbuf_free(packet);
    return error == ERR_OK;
}

lp_net_event lp_net_poll(lp_net *net, uint64_t now_ms, lp_slice *datagram) {
    net->received = 0;
    net->pending = false;
    if (!lp_lowpan_poll(&net->lowpan, now_ms)) {
        return LP_NET_NOTHING;
    }
    net->damaged += net->pending;
    if (net->received == 0) {
        return LP_NET_FRAME;
    }
    *datagram = (lp_slice){net->config.buffer, net->received};
    return LP_NET_DATAGRAM;
}

uint64_t lp_net_due_ms(const lp_net *net) {
    return lp_lowpan_due_ms(&net->lowpan, net->asked);
}
