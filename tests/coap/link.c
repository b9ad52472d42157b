/* SPDX-License-Identifier: Apache-2.0 */
/* The Linux port's link over the boards' own CoAP instead of libcoap, so that the tests of the one try the other.
 * Addresses are numeric IPv6. */
#include "link.h"

#include "clock.h"

#include "lampyr-coap/endpoint.h"

#include <arpa/inet.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

enum { ADDRESS_BYTES = 64 };

struct lp_link {
    int fd;
    struct sockaddr_in6 primary;
    lp_link_listener listener;
    lp_agent_port port; /* random() only */
    lp_coap coap;
    char address[ADDRESS_BYTES];
};

static bool random_bytes(const lp_agent_port *port, void *out, size_t bytes) {
    (void)port;
    return getrandom(out, bytes, 0) == (ssize_t)bytes;
}

/* Reads "[::1]:5683". */
static bool parse(const char *text, struct sockaddr_in6 *out) {
    char host[ADDRESS_BYTES];
    unsigned short port;
    *out = (struct sockaddr_in6){.sin6_family = AF_INET6};
    if (sscanf(text, "[%63[^]]]:%hu", host, &port) != 2 || inet_pton(AF_INET6, host, &out->sin6_addr) != 1) {
        return false;
    }
    out->sin6_port = htons(port);
    return true;
}

static bool open_socket(lp_link *link, const struct sockaddr_in6 *local) {
    struct sockaddr_in6 bound;
    socklen_t len = sizeof bound;
    char host[INET6_ADDRSTRLEN];
    link->fd = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (link->fd < 0 || bind(link->fd, (const struct sockaddr *)local, sizeof *local) != 0 ||
        getsockname(link->fd, (struct sockaddr *)&bound, &len) != 0) {
        return false;
    }
    inet_ntop(AF_INET6, &bound.sin6_addr, host, sizeof host);
    snprintf(link->address, sizeof link->address, "[%s]:%u", host, ntohs(bound.sin6_port));
    return true;
}

lp_link *lp_link_open(const char *listen, const char *primary, const lp_link_listener *listener, bool *usage,
                      char *message, size_t message_bytes) {
    struct sockaddr_in6 local;
    lp_link *link = calloc(1, sizeof *link);
    *usage = false;
    if (link == NULL) {
        snprintf(message, message_bytes, "out of memory");
        return NULL;
    }
    link->fd = -1;
    link->listener = *listener;
    link->port = (lp_agent_port){.random = random_bytes};
    if (!parse(primary, &link->primary) || !parse(listen, &local)) {
        *usage = true;
        snprintf(message, message_bytes, "primary and listen: numeric IPv6 address and port like [::1]:5683");
    } else if (!open_socket(link, &local) || lp_coap_begin(&link->coap, &link->port) != LP_OK) {
        snprintf(message, message_bytes, "cannot listen for CoAP at %s: %s", listen, strerror(errno));
    } else {
        return link;
    }
    lp_link_close(link);
    return NULL;
}

void lp_link_close(lp_link *link) {
    if (link != NULL && link->fd >= 0) {
        close(link->fd);
    }
    free(link);
}

const char *lp_link_address(const lp_link *link) {
    return link->address;
}

/* A datagram that cannot be sent is one that is lost. */
static void send_all(lp_link *link) {
    uint8_t bytes[LP_COAP_DATAGRAM_BYTES];
    for (size_t len; (len = lp_coap_send(&link->coap, lp_clock_ms(), bytes)) > 0;) {
        (void)sendto(link->fd, bytes, len, 0, (const struct sockaddr *)&link->primary, sizeof link->primary);
    }
}

bool lp_link_send(lp_link *link, const lp_request *request) {
    bool taken = lp_coap_request(&link->coap, request) == LP_OK;
    send_all(link);
    return taken;
}

int lp_link_fd(const lp_link *link) {
    return link->fd;
}

static void take(lp_link *link, lp_slice datagram) {
    const lp_link_listener *listener = &link->listener;
    lp_coap_event event;
    (void)lp_coap_receive(&link->coap, lp_clock_ms(), datagram, &event);
    switch (event.kind) {
    case LP_COAP_ANSWERED:
        listener->response(listener->ctx, &event.response);
        break;
    case LP_COAP_REJECTED:
        listener->timeout(listener->ctx);
        break;
    case LP_COAP_NOTIFIED:
        listener->notified(listener->ctx, event.response.payload);
        break;
    case LP_COAP_POKED:
        listener->poked(listener->ctx);
        break;
    case LP_COAP_NOTHING:
        break;
    }
    send_all(link);
}

static bool same_address(const struct sockaddr_in6 *a, const struct sockaddr_in6 *b) {
    return a->sin6_port == b->sin6_port && memcmp(&a->sin6_addr, &b->sin6_addr, sizeof a->sin6_addr) == 0;
}

void lp_link_process(lp_link *link) {
    uint8_t bytes[LP_COAP_DATAGRAM_BYTES];
    struct sockaddr_in6 from;
    socklen_t from_len = sizeof from;
    for (ssize_t len;
         (len = recvfrom(link->fd, bytes, sizeof bytes, MSG_TRUNC, (struct sockaddr *)&from, &from_len)) > -1;) {
        if ((size_t)len <= sizeof bytes && same_address(&from, &link->primary)) {
            take(link, (lp_slice){bytes, (size_t)len});
        }
        from_len = sizeof from;
    }
    if (lp_coap_expire(&link->coap, lp_clock_ms())) {
        link->listener.timeout(link->listener.ctx);
    }
    send_all(link);
}

int lp_link_timeout_ms(const lp_link *link) {
    uint64_t due_ms = lp_coap_due_ms(&link->coap);
    uint64_t now_ms = lp_clock_ms();
    if (due_ms == UINT64_MAX) {
        return -1;
    }
    return due_ms <= now_ms ? 0 : due_ms - now_ms > INT_MAX ? INT_MAX : (int)(due_ms - now_ms);
}
