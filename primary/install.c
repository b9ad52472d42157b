/* SPDX-License-Identifier: Apache-2.0 */
#include "install.h"

#include "lampyr-host/files.h"
#include "lampyr-host/openssl.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { COPY_BYTES = 32 * 1024 };

static bool write_all(int fd, const uint8_t *bytes, size_t len) {
    while (len > 0) {
        ssize_t written = write(fd, bytes, len);
        if (written < 0 && errno != EINTR) {
            return false;
        }
        if (written > 0) {
            bytes += written;
            len -= (size_t)written;
        }
    }
    return true;
}

static bool copy(int from, int to) {
    uint8_t buffer[COPY_BYTES];
    for (;;) {
        ssize_t got = read(from, buffer, sizeof buffer);
        if (got == 0) {
            return fsync(to) == 0;
        }
        if (got < 0 ? errno != EINTR : !write_all(to, buffer, (size_t)got)) {
            return false;
        }
    }
}

/* Reads back what lies in the file now. */
static lp_code verify(int fd, const uint8_t sha256[LP_SHA256_BYTES]) {
    uint8_t digest[LP_SHA256_BYTES];
    if (lseek(fd, 0, SEEK_SET) != 0 || !lp_fd_sha256(fd, digest)) {
        return LP_STATE;
    }
    return memcmp(digest, sha256, sizeof digest) == 0 ? LP_OK : LP_IMAGE_HASH;
}

static bool sync_folder(const char *path) {
    char copied[LP_PATH_BYTES];
    snprintf(copied, sizeof copied, "%s", path);
    int fd = open(dirname(copied), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool ok = fd >= 0 && fsync(fd) == 0;
    if (fd >= 0) {
        close(fd);
    }
    return ok;
}

static lp_code replace(int from, const char *path, const char *temporary, const uint8_t sha256[LP_SHA256_BYTES]) {
    struct stat before;
    mode_t mode = stat(path, &before) == 0 ? before.st_mode & 07777 : 0644;
    int to = open(temporary, O_RDWR | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (to < 0) {
        return LP_STATE;
    }
    lp_code code = copy(from, to) && fchmod(to, mode) == 0 ? verify(to, sha256) : LP_STATE;
    if (code == LP_OK && (rename(temporary, path) != 0 || !sync_folder(path))) {
        code = LP_STATE;
    }
    int reason = errno;
    close(to);
    if (code != LP_OK) {
        unlink(temporary);
    }
    errno = reason;
    return code;
}

lp_code lp_install_file(const char *source, const char *path, const uint8_t sha256[LP_SHA256_BYTES]) {
    char temporary[LP_PATH_BYTES];
    int len = snprintf(temporary, sizeof temporary, "%s.new", path);
    if (len < 0 || (size_t)len >= sizeof temporary) {
        errno = ENAMETOOLONG;
        return LP_STATE;
    }
    int from = open(source, O_RDONLY | O_CLOEXEC);
    if (from < 0) {
        return LP_STATE;
    }
    lp_code code = replace(from, path, temporary, sha256);
    int reason = errno;
    close(from);
    errno = reason;
    return code;
}
