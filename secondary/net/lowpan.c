/* SPDX-License-Identifier: Apache-2.0 */
#include "lampyr-net/lowpan.h"

#include "lwip/icmp6.h"
#include "lwip/init.h"
#include "lwip/ip6.h"
#include "lwip/nd6.h"
#include "lwip/pbuf.h"
#include "lwip/priv/nd6_priv.h"
#include "netif/lowpan6.h"

#include <string.h>

enum {
    TICK_MS = 1000,
    FRAGMENT_TICKS = 2, /* with the second after its first fragment lwIP gives up on a datagram */
};
_Static_assert(ND6_TMR_INTERVAL == TICK_MS && LOWPAN6_TMR_INTERVAL == TICK_MS, "one tick for both timers");

bool lp_lowpan_is_neighbour(const struct pbuf *packet) {
    const uint8_t *bytes = packet->payload;
    return packet->len > IP6_HLEN && bytes[6] == IP6_NEXTH_ICMP6 &&
           (bytes[IP6_HLEN] == ICMP6_TYPE_NS || bytes[IP6_HLEN] == ICMP6_TYPE_NA);
}

int lp_lowpan_refuses(struct pbuf *packet) {
    lp_lowpan *lowpan = netif_default->state;
    if (packet->len >= IP6_HLEN && lowpan->admits(lowpan, packet)) {
        return 0;
    }
    lowpan->counts.refused++;
    pbuf_free(packet);
    return 1;
}

/* A frame of lwIP's, which leaves room for a check sequence at its end. */
static err_t send_frame(struct netif *netif, struct pbuf *frame) {
    lp_lowpan *lowpan = netif->state;
    size_t len = frame->len - 2U;
    if (lowpan->radio->send(lowpan->radio, frame->payload, len) == LP_RADIO_SENT) {
        return ERR_OK;
    }
    lowpan->counts.unsent++;
    return ERR_IF; /* the rest of the datagram is not sent either */
}

/* The interface identifier of an EUI-64: the same with one bit turned over (RFC 4291, appendix A). */
static void set_address(struct netif *netif, s8_t index, uint32_t first, uint32_t second) {
    uint8_t identifier[LP_EUI64_BYTES];
    uint32_t words[2];
    memcpy(identifier, netif->hwaddr, sizeof identifier);
    identifier[0] ^= 2;
    memcpy(words, identifier, sizeof words);
    netif_ip6_addr_set_parts(netif, index, first, second, words[0], words[1]);
    netif_ip6_addr_set_state(netif, index, IP6_ADDR_PREFERRED);
}

static err_t init(struct netif *netif) {
    lowpan6_if_init(netif);
    netif->linkoutput = send_frame;
    return ERR_OK;
}

bool lp_lowpan_begin(lp_lowpan *lowpan, const lp_radio *radio, const lp_radio_config *config, lp_lowpan_admit *admits) {
    struct netif *netif = &lowpan->netif;
    memset(lowpan, 0, sizeof *lowpan);
    lowpan->radio = radio;
    lowpan->admits = admits;
    if (!radio->begin(radio, config)) {
        return false;
    }
    lwip_init();
    netif_add(netif, lowpan, init, lowpan6_input);
    netif_set_default(netif);
    netif->hwaddr_len = LP_EUI64_BYTES;
    memcpy(netif->hwaddr, config->eui64, LP_EUI64_BYTES);
    lowpan6_set_pan_id(config->pan_id);
    set_address(netif, 0, PP_HTONL(0xfe800000), 0);
    netif_set_link_up(netif);
    netif_set_up(netif);
    return true;
}

void lp_lowpan_add_address(lp_lowpan *lowpan, const ip6_addr_t *prefix) {
    set_address(&lowpan->netif, 1, prefix->addr[0], prefix->addr[1]);
}

/* True if a frame after the next finds a buffer, too. */
static bool has_two_buffers(void) {
    struct pbuf *both = pbuf_alloc(PBUF_RAW, 2 * PBUF_POOL_BUFSIZE, PBUF_POOL);
    if (both != NULL) {
        pbuf_free(both);
    }
    return both != NULL;
}

/* lwIP frees a first fragment twice if there is no second buffer for its headers. */
static struct pbuf *allocate(const uint8_t *frame, size_t len, bool first_fragment) {
    if (first_fragment && !has_two_buffers()) {
        return NULL;
    }
    struct pbuf *p = pbuf_alloc(PBUF_RAW, (u16_t)len, PBUF_POOL);
    if (p != NULL) {
        pbuf_take(p, frame, (u16_t)len);
    }
    return p;
}

static void take_frame(lp_lowpan *lowpan, const uint8_t *frame, size_t len) {
    lp_frame_fault fault = lp_frame_check(&lowpan->fragments, (lp_slice){frame, len});
    if (fault != LP_FRAME_FINE) {
        lowpan->counts.faulty[fault]++;
        return;
    }
    struct pbuf *p = allocate(frame, len, lowpan->fragments.begins);
    if (p == NULL) {
        lowpan->counts.crowded++;
        return;
    }
    lowpan->netif.input(p, &lowpan->netif);
    if (lowpan->fragments.next > 0) {
        lowpan->ticks_owed = FRAGMENT_TICKS;
    }
}

/* Not once for each tick that was slept through: what has begun with this wake would at once be given up. */
static void run_timers(lp_lowpan *lowpan, uint64_t now_ms) {
    if (now_ms - lowpan->tick_ms >= TICK_MS) {
        lowpan->tick_ms = now_ms;
        lowpan->ticks_owed -= lowpan->ticks_owed > 0;
        lowpan6_tmr();
        nd6_tmr();
    }
}

/* Not inlined: its caller goes on to the deepest stack there is, and needs no frame there. */
__attribute__((noinline)) bool lp_lowpan_poll(lp_lowpan *lowpan, uint64_t now_ms) {
    uint8_t frame[LP_RADIO_FRAME_BYTES];
    run_timers(lowpan, now_ms);
    size_t len = lowpan->radio->receive(lowpan->radio, frame);
    if (len > 0) {
        take_frame(lowpan, frame, len);
    }
    return len > 0;
}

/* A neighbour in one of these states is being asked, or will be. */
static bool asks(const struct nd6_neighbor_cache_entry *neighbour) {
    return neighbour->state == ND6_INCOMPLETE || neighbour->state == ND6_DELAY || neighbour->state == ND6_PROBE;
}

uint64_t lp_lowpan_due_ms(const lp_lowpan *lowpan, bool in_doubt) {
    bool due = in_doubt || lowpan->ticks_owed > 0;
    for (size_t i = 0; i < LWIP_ND6_NUM_NEIGHBORS; i++) {
        due = due || asks(&neighbor_cache[i]);
    }
    return due ? lowpan->tick_ms + TICK_MS : UINT64_MAX;
}
