/* SPDX-License-Identifier: Apache-2.0 */
#include "serial.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <termios.h>
#include <unistd.h>

static int open_socket(const char *path) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof address.sun_path) {
        errno = ENAMETOOLONG;
        return -1;
    }
    memcpy(address.sun_path, path, strlen(path) + 1);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd >= 0 && connect(fd, (const struct sockaddr *)&address, sizeof address) != 0) {
        int reason = errno;
        close(fd);
        errno = reason;
        return -1;
    }
    return fd;
}

static bool set_raw(int fd) {
    struct termios settings;
    if (tcgetattr(fd, &settings) != 0) {
        return false;
    }
    cfmakeraw(&settings);
    settings.c_cflag |= CLOCAL | CREAD;
    return cfsetspeed(&settings, B115200) == 0 && tcsetattr(fd, TCSAFLUSH, &settings) == 0;
}

int serial_open(const char *path) {
    struct stat info;
    if (stat(path, &info) == 0 && S_ISSOCK(info.st_mode)) {
        return open_socket(path);
    }
    int fd = open(path, O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (fd >= 0 && !set_raw(fd)) {
        int reason = errno;
        close(fd);
        errno = reason;
        return -1;
    }
    return fd;
}

static bool send_all(void *ctx, lp_slice bytes) {
    const int *fd = ctx;
    for (size_t sent = 0; sent < bytes.len;) {
        ssize_t part = write(*fd, bytes.ptr + sent, bytes.len - sent);
        if (part < 0 && errno != EINTR) {
            return false;
        }
        sent += part > 0 ? (size_t)part : 0;
    }
    return true;
}

static int receive(void *ctx, uint8_t *byte) {
    const int *fd = ctx;
    struct pollfd waiting = {.fd = *fd, .events = POLLIN};
    int ready = poll(&waiting, 1, LP_LINE_WAIT_MS);
    if (ready <= 0) {
        return ready < 0 && errno != EINTR ? -1 : 0;
    }
    return read(*fd, byte, 1) == 1 ? 1 : -1;
}

lp_line serial_line(int *descriptor) {
    return (lp_line){.ctx = descriptor, .send = send_all, .receive = receive};
}
