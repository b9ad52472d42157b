/* SPDX-License-Identifier: Apache-2.0 */
/* lampyr-lowpan-bridge: the border router between emulated boards and the kernel. On one side 6LoWPAN in frames of
 * IEEE 802.15.4, on the other plain IPv6 on a TUN device, whose address the bridge answers for towards the boards. */
#include "air.h"

#include "lampyr-host/log.h"
#include "lampyr-net/lowpan.h"

#include "lwip/ip6.h"
#include "lwip/pbuf.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

static const char program[] = "lampyr-lowpan-bridge";

static const char usage[] = "Usage: lampyr-lowpan-bridge --tun NAME --prefix ADDRESS --radio SOCKET\n"
                            "\n"
                            "Carries IPv6 between a TUN device and emulated boards, which connect to a unix\n"
                            "socket and send 6LoWPAN frames on it. The boards' addresses and the device's\n"
                            "share the first 64 bits of ADDRESS; the device's is ADDRESS::1, in the kernel's\n"
                            "hands. Needs a network namespace in which it may make the device.\n"
                            "\n"
                            "  --tun NAME        the TUN device, made if it is not there\n"
                            "  --prefix ADDRESS  such as fd4c::\n"
                            "  --radio SOCKET    where to listen for boards\n"
                            "  --help, --version\n"
                            "\n"
                            "Exit status: 0 ended by a signal, 2 wrong usage, 3 no device, 4 no socket.\n";

enum {
    EXIT_USAGE = 2,
    EXIT_NO_DEVICE = 3,
    EXIT_NO_SOCKET = 4,
    CHANNEL = 26,
    PAN_ID = 0x4c50, /* secondary/firmware/main.c */
    TICK_MS = 500,
};

typedef struct options {
    const char *tun;
    const char *prefix;
    const char *radio;
} options;

typedef struct bridge {
    lp_lowpan lowpan; /* first: lp_lowpan_admit is given nothing else */
    air_medium air;
    lp_radio radio;
    int tun;
    int signals;
} bridge;

static int open_tun(const char *name) {
    struct ifreq request = {.ifr_flags = IFF_TUN | IFF_NO_PI};
    int fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0 || strlen(name) >= sizeof request.ifr_name) {
        return -1;
    }
    memcpy(request.ifr_name, name, strlen(name) + 1);
    if (ioctl(fd, TUNSETIFF, &request) != 0) {
        close(fd);
        return -1;
    }
    return fd;
}

static uint64_t now_ms(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/* lwIP keeps what neighbours ask and answer; what is for the kernel goes there. */
static bool pass_to_kernel(lp_lowpan *lowpan, const struct pbuf *packet) {
    const bridge *b = (const bridge *)lowpan;
    const uint8_t *header = packet->payload;
    uint8_t bytes[LP_NET_DATAGRAM_BYTES];
    if (lp_lowpan_is_neighbour(packet)) {
        return true;
    }
    if (header[24] != 0xff && packet->tot_len <= sizeof bytes) {
        pbuf_copy_partial(packet, bytes, packet->tot_len, 0);
        if (write(b->tun, bytes, packet->tot_len) < 0) {
            lp_log(program, LP_LOG_WARNING, "the TUN device did not take a packet: %s", strerror(errno));
        }
    }
    return false;
}

/* Multicast of the kernel's, who takes the boards for routers and listeners, would only be airtime. */
static void pass_to_boards(bridge *b, const uint8_t *bytes, size_t len) {
    if (len < IP6_HLEN || bytes[0] >> 4 != 6 || bytes[24] == 0xff) {
        return;
    }
    ip6_addr_t destination;
    struct pbuf *packet = pbuf_alloc(PBUF_RAW, (u16_t)len, PBUF_POOL);
    if (packet == NULL) {
        return;
    }
    memcpy(&destination, bytes + 24, sizeof destination);
    pbuf_take(packet, bytes, (u16_t)len);
    b->lowpan.netif.output_ip6(&b->lowpan.netif, packet, &destination);
    pbuf_free(packet);
}

static void read_tun(bridge *b) {
    uint8_t bytes[LP_NET_DATAGRAM_BYTES];
    ssize_t len;
    while ((len = read(b->tun, bytes, sizeof bytes)) > 0) {
        pass_to_boards(b, bytes, (size_t)len);
    }
}

/* With this EUI-64 the interface identifier is 1. */
static bool begin_lowpan(bridge *b, const char *prefix) {
    const lp_radio_config config = {.channel = CHANNEL, .pan_id = PAN_ID, .eui64 = {2, 0, 0, 0, 0, 0, 0, 1}};
    ip6_addr_t address;
    b->radio = air_radio(&b->air);
    if (ip6addr_aton(prefix, &address) == 0 || !lp_lowpan_begin(&b->lowpan, &b->radio, &config, pass_to_kernel)) {
        return false;
    }
    lp_lowpan_add_address(&b->lowpan, &address);
    return true;
}

static void run(bridge *b) {
    struct pollfd fds[AIR_FDS + 2];
    for (;;) {
        while (lp_lowpan_poll(&b->lowpan, now_ms())) {
        }
        nfds_t count = air_poll(&b->air, fds);
        fds[count] = (struct pollfd){.fd = b->tun, .events = POLLIN};
        fds[count + 1] = (struct pollfd){.fd = b->signals, .events = POLLIN};
        poll(fds, count + 2, TICK_MS);
        if (fds[count + 1].revents != 0) {
            return;
        }
        air_work(&b->air);
        read_tun(b);
    }
}

static int open_signals(void) {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigprocmask(SIG_BLOCK, &set, NULL);
    return signalfd(-1, &set, SFD_CLOEXEC);
}

static int begin(bridge *b, const options *given) {
    if (!air_open(&b->air, given->radio)) {
        lp_log(program, LP_LOG_ERROR, "cannot listen on %s: %s", given->radio, strerror(errno));
        return EXIT_NO_SOCKET;
    }
    if (!begin_lowpan(b, given->prefix)) {
        lp_log(program, LP_LOG_ERROR, "--prefix %s: no IPv6 address", given->prefix);
        return EXIT_USAGE;
    }
    b->tun = open_tun(given->tun);
    if (b->tun < 0) {
        lp_log(program, LP_LOG_ERROR, "cannot make the TUN device %s: %s", given->tun, strerror(errno));
        return EXIT_NO_DEVICE;
    }
    b->signals = open_signals();
    lp_log(program, LP_LOG_INFO, "listening on %s", given->radio);
    return 0;
}

/* Returns false after it has said what is wrong. */
static bool read_options(int argc, char **argv, options *out) {
    const struct {
        const char *name;
        const char **value;
    } known[] = {{"--tun", &out->tun}, {"--prefix", &out->prefix}, {"--radio", &out->radio}};
    for (int i = 1; i < argc; i += 2) {
        const char **value = NULL;
        for (size_t k = 0; k < sizeof known / sizeof known[0]; k++) {
            value = strcmp(argv[i], known[k].name) == 0 ? known[k].value : value;
        }
        if (value == NULL || i + 1 == argc) {
            lp_log(program, LP_LOG_ERROR, "%s %s; see --help", value == NULL ? "unknown option" : "a value lacks for",
                   argv[i]);
            return false;
        }
        *value = argv[i + 1];
    }
    if (out->tun == NULL || out->prefix == NULL || out->radio == NULL) {
        lp_log(program, LP_LOG_ERROR, "--tun, --prefix and --radio are needed; see --help");
        return false;
    }
    return true;
}

int main(int argc, char **argv) {
    static bridge b;
    options given = {NULL, NULL, NULL};
    if (argc == 2 && strcmp(argv[1], "--help") == 0) {
        fputs(usage, stdout);
        return 0;
    }
    if (argc == 2 && strcmp(argv[1], "--version") == 0) {
        printf("%s %s\n", program, LAMPYR_VERSION);
        return 0;
    }
    if (!read_options(argc, argv, &given)) {
        return EXIT_USAGE;
    }
    int exit_code = begin(&b, &given);
    if (exit_code == 0) {
        run(&b);
        unlink(given.radio);
    }
    return exit_code;
}
