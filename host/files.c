/* SPDX-License-Identifier: Apache-2.0 */
#include "lampyr-host/files.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

/* Closes without disturbing the errno of what failed before. */
static void close_quietly(int fd) {
    int saved = errno;
    close(fd);
    errno = saved;
}

static bool read_all(int fd, size_t size_hint, size_t max_bytes, uint8_t **out, size_t *out_len) {
    size_t capacity = size_hint < max_bytes ? size_hint + 1 : max_bytes;
    size_t len = 0;
    uint8_t *buffer = malloc(capacity + 1);
    while (buffer != NULL) {
        /* One byte beyond max_bytes is asked for, to see that the file is too long. */
        ssize_t got = read(fd, buffer + len, capacity + 1 - len);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got <= 0) {
            if (got < 0) {
                break;
            }
            buffer[len] = '\0';
            *out = buffer;
            *out_len = len;
            return true;
        }
        len += (size_t)got;
        if (len > max_bytes) {
            errno = EFBIG;
            break;
        }
        if (len == capacity + 1) {
            capacity = capacity < max_bytes / 2 ? 2 * capacity : max_bytes;
            uint8_t *larger = realloc(buffer, capacity + 1);
            if (larger == NULL) {
                break;
            }
            buffer = larger;
        }
    }
    free(buffer);
    return false;
}

void lp_host_begin(void) {
    signal(SIGXFSZ, SIG_IGN);
}

bool lp_file_read(const char *path, size_t max_bytes, uint8_t **out, size_t *out_len) {
    /* Not blocking, so that opening a FIFO does not hang. */
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0) {
        return false;
    }
    struct stat st;
    bool ok = false;
    if (fstat(fd, &st) == 0) {
        if (!S_ISREG(st.st_mode)) {
            errno = S_ISDIR(st.st_mode) ? EISDIR : EINVAL;
        } else if ((uintmax_t)st.st_size > max_bytes) {
            errno = EFBIG;
        } else {
            ok = read_all(fd, (size_t)st.st_size, max_bytes, out, out_len);
        }
    }
    close_quietly(fd);
    return ok;
}

/* The folder that `path` lies in. */
static bool parent_of(const char *path, char *out, size_t out_bytes) {
    const char *slash = strrchr(path, '/');
    size_t len = slash == NULL ? 1 : slash == path ? 1 : (size_t)(slash - path);
    if (len >= out_bytes) {
        errno = ENAMETOOLONG;
        return false;
    }
    memcpy(out, slash == NULL ? "." : path, len);
    out[len] = '\0';
    return true;
}

static bool sync_folder_of(const char *path) {
    char folder[LP_PATH_BYTES];
    if (!parent_of(path, folder, sizeof folder)) {
        return false;
    }
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) {
        return false;
    }
    bool ok = fsync(fd) == 0;
    close_quietly(fd);
    return ok;
}

static bool write_all(int fd, lp_slice bytes) {
    for (size_t done = 0; done < bytes.len;) {
        ssize_t put = write(fd, bytes.ptr + done, bytes.len - done);
        if (put < 0 && errno != EINTR) {
            return false;
        }
        done += put > 0 ? (size_t)put : 0;
    }
    return true;
}

/* A hidden neighbour with a fixed name: what a killed process left is replaced by the next one. */
static bool temporary_of(const char *path, char *out, size_t out_bytes) {
    const char *slash = strrchr(path, '/');
    int folder_len = slash == NULL ? 0 : (int)(slash - path) + 1;
    int len = snprintf(out, out_bytes, "%.*s.%s.tmp", folder_len, path, path + folder_len);
    if (len < 0 || (size_t)len >= out_bytes) {
        errno = ENAMETOOLONG;
        return false;
    }
    return true;
}

static bool write_by_rename(const char *path, lp_slice bytes, mode_t mode, unsigned rename_flags) {
    char temporary[LP_PATH_BYTES];
    if (!temporary_of(path, temporary, sizeof temporary)) {
        return false;
    }
    if (unlink(temporary) != 0 && errno != ENOENT) {
        return false;
    }
    int fd = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
    if (fd < 0) {
        return false;
    }
    bool ok = write_all(fd, bytes) && fsync(fd) == 0;
    close_quietly(fd);
    ok = ok && renameat2(AT_FDCWD, temporary, AT_FDCWD, path, rename_flags) == 0;
    if (!ok) {
        int saved = errno;
        unlink(temporary);
        errno = saved;
        return false;
    }
    return sync_folder_of(path);
}

bool lp_file_write(const char *path, lp_slice bytes, mode_t mode) {
    return write_by_rename(path, bytes, mode, 0);
}

bool lp_file_create(const char *path, lp_slice bytes, mode_t mode) {
    return write_by_rename(path, bytes, mode, RENAME_NOREPLACE);
}

bool lp_file_remove(const char *path) {
    if (unlink(path) != 0) {
        return errno == ENOENT;
    }
    return sync_folder_of(path);
}

static bool make_one_folder(const char *path, mode_t mode) {
    if (mkdir(path, mode) == 0) {
        return true;
    }
    struct stat st;
    int saved = errno;
    if (saved == EEXIST && stat(path, &st) == 0) {
        if (S_ISDIR(st.st_mode)) {
            return true;
        }
        saved = ENOTDIR;
    }
    errno = saved;
    return false;
}

bool lp_folder_make(const char *path, mode_t mode) {
    char part[LP_PATH_BYTES];
    size_t len = strlen(path);
    if (len == 0 || len >= sizeof part) {
        errno = len == 0 ? ENOENT : ENAMETOOLONG;
        return false;
    }
    memcpy(part, path, len + 1);
    for (char *slash = strchr(part + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        if (!make_one_folder(part, mode)) {
            return false;
        }
        *slash = '/';
    }
    return make_one_folder(part, mode);
}

int lp_folder_lock(const char *folder) {
    char path[LP_PATH_BYTES];
    if (!lp_path_join(path, sizeof path, folder, "lock")) {
        return -1;
    }
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0) {
        return -1;
    }
    if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
        close_quietly(fd);
        return -1;
    }
    return fd;
}

bool lp_path_join(char *out, size_t out_bytes, const char *folder, const char *name) {
    size_t folder_len = strlen(folder);
    const char *separator = folder_len == 0 || folder[folder_len - 1] == '/' ? "" : "/";
    int len = snprintf(out, out_bytes, "%s%s%s", folder, separator, name);
    if (len < 0 || (size_t)len >= out_bytes) {
        errno = ENAMETOOLONG;
        return false;
    }
    return true;
}
