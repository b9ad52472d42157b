/* SPDX-License-Identifier: Apache-2.0 */
/* The one event loop: servers (libcurl), secondaries (libcoap) and signals. */
#ifndef LAMPYR_PRIMARY_LOOP_H
#define LAMPYR_PRIMARY_LOOP_H

#include "coap_server.h"
#include "fetch.h"

enum { LP_LOOP_FOREVER = -1 };

typedef struct lp_loop {
    int epoll;
    int signals;
    lp_fetch *fetch;
    lp_coap_server *server;
    bool stop;           /* SIGTERM or SIGINT came */
    bool wake;           /* SIGHUP or SIGUSR1 came; whoever acts on it clears it */
    int64_t watchdog_ms; /* how often systemd is told that the loop turns; 0: it does not watch */
    int64_t alive_at_ms; /* when it is told next */
} lp_loop;

/* Takes over the process's signals and watches both. False with errno. Close with lp_loop_close(), also then. */
bool lp_loop_open(lp_loop *loop, lp_fetch *fetch, lp_coap_server *server);

void lp_loop_close(lp_loop *loop);

/* Waits until something happens, or it is time to tell the watchdog, or `deadline_ms` (of lp_loop_now_ms();
 * LP_LOOP_FOREVER for none), and deals with it. It may return early. */
void lp_loop_step(lp_loop *loop, int64_t deadline_ms);

/* Monotonic clock. */
int64_t lp_loop_now_ms(void);

#endif
