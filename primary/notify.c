/* SPDX-License-Identifier: Apache-2.0 */
#include "notify.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

void lp_notify(const char *state) {
    const char *path = getenv("NOTIFY_SOCKET");
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    size_t len = path == NULL ? 0 : strlen(path);
    if (len == 0 || len >= sizeof address.sun_path || (path[0] != '/' && path[0] != '@')) {
        return;
    }
    memcpy(address.sun_path, path, len);
    if (path[0] == '@') {
        address.sun_path[0] = '\0'; /* an abstract socket */
    }
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd >= 0) {
        (void)sendto(fd, state, strlen(state), MSG_NOSIGNAL, (const struct sockaddr *)&address,
                     (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len));
        close(fd);
    }
}

/* A variable of the environment that is a number; 0 if it is none. */
static uint64_t number(const char *name) {
    const char *text = getenv(name);
    bool digits = text != NULL && text[0] != '\0' && text[strspn(text, "0123456789")] == '\0';
    return digits ? strtoull(text, NULL, 10) : 0;
}

int64_t lp_notify_watchdog_ms(void) {
    enum { HALF_US_PER_MS = 2 * 1000, MOST_MS = 3600 * 1000 };
    uint64_t ms = number("WATCHDOG_USEC") / HALF_US_PER_MS;
    if (getenv("WATCHDOG_PID") != NULL && number("WATCHDOG_PID") != (uint64_t)getpid()) {
        return 0; /* it is our parent who is watched */
    }
    return ms < MOST_MS ? (int64_t)ms : MOST_MS;
}
