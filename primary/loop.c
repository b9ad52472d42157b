/* SPDX-License-Identifier: Apache-2.0 */
#include "loop.h"

#include "notify.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

enum { EVENTS = 4, MS_PER_SECOND = 1000, NS_PER_MS = 1000000 };

static bool watch(const lp_loop *loop, int fd) {
    struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};
    return epoll_ctl(loop->epoll, EPOLL_CTL_ADD, fd, &event) == 0;
}

bool lp_loop_open(lp_loop *loop, lp_fetch *fetch, lp_coap_server *server) {
    sigset_t taken;
    sigemptyset(&taken);
    sigaddset(&taken, SIGTERM);
    sigaddset(&taken, SIGINT);
    sigaddset(&taken, SIGHUP);
    sigaddset(&taken, SIGUSR1);
    *loop =
        (lp_loop){.epoll = -1, .signals = -1, .fetch = fetch, .server = server, .watchdog_ms = lp_notify_watchdog_ms()};
    if (sigprocmask(SIG_BLOCK, &taken, NULL) != 0 || signal(SIGPIPE, SIG_IGN) == SIG_ERR) {
        return false;
    }
    loop->signals = signalfd(-1, &taken, SFD_CLOEXEC | SFD_NONBLOCK);
    loop->epoll = epoll_create1(EPOLL_CLOEXEC);
    return loop->signals >= 0 && loop->epoll >= 0 && watch(loop, loop->signals) && watch(loop, lp_fetch_fd(fetch)) &&
           watch(loop, lp_coap_server_fd(server));
}

void lp_loop_close(lp_loop *loop) {
    if (loop->signals >= 0) {
        close(loop->signals);
    }
    if (loop->epoll >= 0) {
        close(loop->epoll);
    }
    loop->signals = loop->epoll = -1;
}

static void read_signals(lp_loop *loop) {
    struct signalfd_siginfo info;
    while (read(loop->signals, &info, sizeof info) == (ssize_t)sizeof info) {
        bool again = info.ssi_signo == SIGHUP || info.ssi_signo == SIGUSR1;
        loop->wake = loop->wake || again;
        loop->stop = loop->stop || !again;
    }
}

static int timeout_until(int64_t deadline_ms) {
    if (deadline_ms == LP_LOOP_FOREVER) {
        return -1;
    }
    int64_t left = deadline_ms - lp_loop_now_ms();
    return left <= 0 ? 0 : left > INT_MAX ? INT_MAX : (int)left;
}

/* Tells systemd that the loop turns, if it is time to. Returns when it is next, if that is before `deadline_ms`. */
static int64_t tell_watchdog(lp_loop *loop, int64_t deadline_ms) {
    if (loop->watchdog_ms == 0) {
        return deadline_ms;
    }
    if (lp_loop_now_ms() >= loop->alive_at_ms) {
        lp_notify("WATCHDOG=1");
        loop->alive_at_ms = lp_loop_now_ms() + loop->watchdog_ms;
    }
    return deadline_ms == LP_LOOP_FOREVER || loop->alive_at_ms < deadline_ms ? loop->alive_at_ms : deadline_ms;
}

void lp_loop_step(lp_loop *loop, int64_t deadline_ms) {
    struct epoll_event events[EVENTS];
    deadline_ms = tell_watchdog(loop, deadline_ms);
    int count = epoll_wait(loop->epoll, events, EVENTS, timeout_until(deadline_ms));
    for (int i = 0; i < count; i++) {
        if (events[i].data.fd == loop->signals) {
            read_signals(loop);
        } else if (events[i].data.fd == lp_fetch_fd(loop->fetch)) {
            lp_fetch_process(loop->fetch);
        } else {
            lp_coap_server_process(loop->server);
        }
    }
}

int64_t lp_loop_now_ms(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * MS_PER_SECOND + now.tv_nsec / NS_PER_MS;
}
