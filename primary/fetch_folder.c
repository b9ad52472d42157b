/* SPDX-License-Identifier: Apache-2.0 */
/* A repository that is a folder on this machine. */
#include "fetch_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static lp_fetch_outcome fail(lp_transfer *transfer, const char *reason) {
    transfer->code = LP_UNREACHABLE;
    snprintf(transfer->reason, sizeof transfer->reason, "%s", reason);
    return LP_FETCH_FAILED;
}

static lp_fetch_outcome read_open(lp_transfer *transfer, int fd) {
    char chunk[65536];
    struct stat st;
    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
        return fail(transfer, "not a regular file");
    }
    if (lseek(fd, (off_t)transfer->request.offset, SEEK_SET) < 0) {
        return fail(transfer, strerror(errno));
    }
    transfer->at = transfer->request.offset;
    for (;;) {
        ssize_t got = read(fd, chunk, sizeof chunk);
        if (got == 0) {
            return LP_FETCH_OK;
        }
        if (got < 0 && errno != EINTR) {
            return fail(transfer, strerror(errno));
        }
        if (got > 0 && !lp_transfer_take(transfer, chunk, (size_t)got)) {
            return LP_FETCH_FAILED;
        }
    }
}

lp_fetch_outcome lp_transfer_read_file(lp_transfer *transfer) {
    /* Not blocking, so that opening a FIFO does not hang. */
    int fd = open(transfer->url, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0 && (errno == ENOENT || errno == ENOTDIR)) {
        snprintf(transfer->reason, sizeof transfer->reason, "there is no such file");
        return LP_FETCH_ABSENT;
    }
    if (fd < 0) {
        return fail(transfer, strerror(errno));
    }
    lp_fetch_outcome outcome = read_open(transfer, fd);
    close(fd);
    return outcome;
}
