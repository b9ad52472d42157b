/* SPDX-License-Identifier: Apache-2.0 */
#include "air.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

bool air_open(air_medium *air, const char *path) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    memset(air, 0, sizeof *air);
    for (size_t i = 0; i < AIR_BOARDS; i++) {
        air->boards[i].fd = -1;
    }
    if (strlen(path) >= sizeof address.sun_path) {
        errno = ENAMETOOLONG;
        return false;
    }
    memcpy(address.sun_path, path, strlen(path) + 1);
    unlink(path);
    air->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    return air->listener >= 0 && bind(air->listener, (struct sockaddr *)&address, sizeof address) == 0 &&
           listen(air->listener, AIR_BOARDS) == 0;
}

/* --- the bridge's radio --- */

static bool begin(const lp_radio *radio, const lp_radio_config *config) {
    air_medium *air = radio->ctx;
    air->pan_id = config->pan_id;
    for (size_t i = 0; i < LP_EUI64_BYTES; i++) {
        air->address[i] = config->eui64[LP_EUI64_BYTES - 1 - i];
    }
    return true;
}

/* To all boards but `from`. A board whose line is full hears nothing of it, or not the end; the next frame begins
 * anew. */
static void spread(air_medium *air, const air_board *from, const uint8_t *frame, size_t len) {
    uint8_t bytes[LP_SLIP_BYTES];
    size_t n = lp_slip_put(frame, len, bytes);
    for (size_t i = 0; i < AIR_BOARDS; i++) {
        const air_board *board = &air->boards[i];
        if (board->fd >= 0 && board != from && send(board->fd, bytes, n, MSG_NOSIGNAL | MSG_DONTWAIT) < 0) {
            continue;
        }
    }
}

static lp_radio_result send_frame(const lp_radio *radio, const uint8_t *frame, size_t len) {
    if (len == 0 || len > LP_RADIO_FRAME_BYTES) {
        return LP_RADIO_FAILED;
    }
    spread(radio->ctx, NULL, frame, len);
    return LP_RADIO_SENT;
}

static size_t receive_frame(const lp_radio *radio, uint8_t *frame) {
    air_medium *air = radio->ctx;
    if (air->count == 0) {
        return 0;
    }
    const air_frame *oldest = &air->queue[air->first];
    memcpy(frame, oldest->bytes, oldest->len);
    air->first = (air->first + 1) % AIR_QUEUE;
    air->count--;
    return oldest->len;
}

lp_radio air_radio(air_medium *air) {
    return (lp_radio){.begin = begin, .send = send_frame, .receive = receive_frame, .ctx = air};
}

/* --- the boards --- */

nfds_t air_poll(const air_medium *air, struct pollfd *fds) {
    nfds_t count = 0;
    fds[count++] = (struct pollfd){.fd = air->listener, .events = POLLIN};
    for (size_t i = 0; i < AIR_BOARDS; i++) {
        if (air->boards[i].fd >= 0) {
            fds[count++] = (struct pollfd){.fd = air->boards[i].fd, .events = POLLIN};
        }
    }
    return count;
}

static void accept_board(air_medium *air) {
    int fd = accept4(air->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0) {
        return;
    }
    for (size_t i = 0; i < AIR_BOARDS; i++) {
        if (air->boards[i].fd < 0) {
            air->boards[i] = (air_board){.fd = fd};
            return;
        }
    }
    close(fd);
}

/* A data frame of this PAN to the bridge or to broadcast, as lampyr-net/radio.h demands. */
static bool is_for_bridge(const air_medium *air, const uint8_t *frame, size_t len) {
    if (len < 7 || (frame[0] & 7) != 1 || (frame[3] | frame[4] << 8) != air->pan_id) {
        return false;
    }
    unsigned mode = frame[1] >> 2 & 3;
    return (mode == 2 && frame[5] == 0xff && frame[6] == 0xff) ||
           (mode == 3 && len >= 13 && memcmp(frame + 5, air->address, LP_EUI64_BYTES) == 0);
}

static void hear(air_medium *air, const air_board *from, const uint8_t *frame, size_t len) {
    spread(air, from, frame, len);
    if (is_for_bridge(air, frame, len) && air->count < AIR_QUEUE) {
        air_frame *entry = &air->queue[(air->first + air->count) % AIR_QUEUE];
        entry->len = (uint8_t)len;
        memcpy(entry->bytes, frame, len);
        air->count++;
    }
}

static void read_board(air_medium *air, air_board *board) {
    uint8_t bytes[4096];
    ssize_t got = read(board->fd, bytes, sizeof bytes);
    if (got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR)) {
        close(board->fd);
        board->fd = -1;
        return;
    }
    for (ssize_t i = 0; i < got; i++) {
        size_t len = lp_slip_take(&board->line, bytes[i]);
        if (len > 0) {
            hear(air, board, board->line.frame, len);
        }
    }
}

void air_work(air_medium *air) {
    accept_board(air);
    for (size_t i = 0; i < AIR_BOARDS; i++) {
        if (air->boards[i].fd >= 0) {
            read_board(air, &air->boards[i]);
        }
    }
}
