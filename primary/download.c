/* SPDX-License-Identifier: Apache-2.0 */
#include "download.h"

#include "lampyr-host/files.h"
#include "lampyr/limits.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

typedef struct download {
    lp_download_config config;
    lp_hashes hashes;
    char url[LP_FETCH_URL_BYTES];
    char path[LP_PATH_BYTES];
    char part[LP_PATH_BYTES];
    int fd; /* of the partial file */
    bool checking;
    lp_image_check check;
    uint64_t have_bytes; /* in the file and in the check */
    bool resumed;        /* some of it is from an earlier run */
    bool again;          /* fetched a second time, from the beginning */
    int error;           /* errno of what failed in a callback of the request */
} download;

/* Frees the download. What is in its partial file stays. */
static void release(void *ctx) {
    download *d = ctx;
    if (d->checking) {
        (void)lp_image_check_end(&d->check);
    }
    if (d->fd >= 0) {
        close(d->fd);
    }
    free(d);
}

/* Ends the download. Only what may be resumed keeps its partial file. */
static void end(download *d, lp_code code, const char *message) {
    if (code != LP_OK && code != LP_UNREACHABLE && code != LP_SLOW_RETRIEVAL) {
        unlink(d->part);
    }
    d->config.done(d->config.ctx, code, message);
    release(d);
}

static void end_with_errno(download *d) {
    char message[LP_PATH_BYTES + 128];
    snprintf(message, sizeof message, "cannot write %s: %s", d->part, strerror(errno));
    end(d, LP_STATE, message);
}

static void end_refused(download *d, lp_code code) {
    char message[LP_FETCH_MESSAGE_BYTES];
    snprintf(message, sizeof message, "refused %s: %s", d->url, lp_code_text(code));
    end(d, code, message);
}

static bool begin_check(download *d) {
    lp_code code = lp_image_check_begin(&d->check, d->config.crypto, &d->hashes, d->config.length_bytes);
    d->checking = code == LP_OK;
    d->have_bytes = 0;
    if (!d->checking) {
        errno = ENOMEM; /* trusted metadata lists a digest that can be computed */
    }
    return d->checking;
}

static lp_code end_check(download *d) {
    d->checking = false;
    return lp_image_check_end(&d->check);
}

/* Feeds what a file holds to a check, and counts it. */
static bool hash_file(lp_image_check *check, int fd, uint64_t *have_bytes) {
    char chunk[65536];
    for (;;) {
        ssize_t got = read(fd, chunk, sizeof chunk);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got <= 0 || lp_image_check_update(check, chunk, (size_t)got) != LP_OK) {
            return got == 0;
        }
        *have_bytes += (uint64_t)got;
    }
}

bool lp_download_complete(const lp_crypto *crypto, const char *path, const lp_hashes *hashes, uint64_t length_bytes) {
    lp_image_check check;
    uint64_t have_bytes = 0;
    struct stat st;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0) {
        return false;
    }
    bool right = fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && (uint64_t)st.st_size == length_bytes &&
                 lp_image_check_begin(&check, crypto, hashes, length_bytes) == LP_OK;
    if (right) {
        right = hash_file(&check, fd, &have_bytes);
        right = lp_image_check_end(&check) == LP_OK && right;
    }
    close(fd);
    return right;
}

/* Throws away what there is of the partial file and begins anew. */
static bool rewind_part(download *d) {
    if (d->checking) {
        (void)end_check(d);
    }
    d->resumed = false;
    return begin_check(d) && ftruncate(d->fd, 0) == 0 && lseek(d->fd, 0, SEEK_SET) == 0;
}

static bool open_part(download *d) {
    d->fd = open(d->part, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
    if (d->fd < 0 || !begin_check(d)) {
        return false;
    }
    if (!hash_file(&d->check, d->fd, &d->have_bytes)) {
        return rewind_part(d); /* unreadable, or longer than the image is */
    }
    d->resumed = d->have_bytes > 0;
    return true;
}

static bool write_all(int fd, lp_slice bytes) {
    for (size_t written = 0; written < bytes.len;) {
        ssize_t put = write(fd, bytes.ptr + written, bytes.len - written);
        if (put < 0 && errno != EINTR) {
            return false;
        }
        written += put > 0 ? (size_t)put : 0;
    }
    return true;
}

static bool on_bytes(void *ctx, uint64_t offset, lp_slice bytes) {
    download *d = ctx;
    bool ok = (offset == d->have_bytes || rewind_part(d)) && write_all(d->fd, bytes);
    if (!ok) {
        d->error = errno;
        return false;
    }
    (void)lp_image_check_update(&d->check, bytes.ptr, bytes.len); /* too long is seen before it gets here */
    d->have_bytes += bytes.len;
    if (d->config.progress != NULL) {
        d->config.progress(d->config.ctx, d->have_bytes);
    }
    return true;
}

/* Gives the file its name, durably. */
static bool put_in_place(const download *d) {
    char folder[LP_PATH_BYTES];
    const char *slash = strrchr(d->path, '/');
    if (fsync(d->fd) != 0 || rename(d->part, d->path) != 0) {
        return false;
    }
    snprintf(folder, sizeof folder, "%.*s", slash == NULL ? 1 : (int)(slash - d->path) + 1,
             slash == NULL ? "." : d->path);
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool ok = fd >= 0 && fsync(fd) == 0;
    if (fd >= 0) {
        close(fd);
    }
    return ok;
}

static void fetch_rest(download *d);

/* What an earlier run left may be to blame: the whole is fetched once before anything is refused. */
static void fetch_again(download *d) {
    d->again = true;
    if (rewind_part(d)) {
        fetch_rest(d);
    } else {
        end_with_errno(d);
    }
}

static void complete(download *d) {
    lp_code code = end_check(d);
    if (code != LP_OK && d->resumed && !d->again) {
        fetch_again(d);
    } else if (code != LP_OK) {
        end_refused(d, code);
    } else if (!put_in_place(d)) {
        end_with_errno(d);
    } else {
        end(d, LP_OK, "");
    }
}

static void on_done(void *ctx, const lp_fetch_result *result) {
    download *d = ctx;
    enum { RANGE_NOT_SATISFIABLE = 416 };
    if (result->outcome == LP_FETCH_OK) {
        complete(d);
    } else if (result->outcome == LP_FETCH_ABSENT) {
        end(d, LP_MISSING_FILE, result->message);
    } else if (result->status == RANGE_NOT_SATISFIABLE && d->resumed && !d->again) {
        fetch_again(d);
    } else if (result->code == LP_LIMIT_FILE) {
        end_refused(d, LP_IMAGE_LENGTH);
    } else if (result->code == LP_STATE) {
        errno = d->error;
        end_with_errno(d);
    } else {
        end(d, result->code, result->message);
    }
}

static void fetch_rest(download *d) {
    lp_request get = {.method = LP_FETCH_GET,
                      .url = d->url,
                      .max_bytes = d->config.length_bytes,
                      .offset = d->have_bytes,
                      .sink = on_bytes,
                      .done = on_done,
                      .dropped = release,
                      .ctx = d};
    if (d->have_bytes == d->config.length_bytes) {
        complete(d);
    } else if (!lp_fetch_start(d->config.fetch, &get)) {
        end(d, LP_STATE, "out of memory");
    }
}

bool lp_download_start(const lp_download_config *config) {
    download *d = calloc(1, sizeof *d);
    if (d == NULL) {
        return false;
    }
    d->config = *config;
    d->hashes = *config->hashes;
    d->fd = -1;
    snprintf(d->url, sizeof d->url, "%s", config->url);
    snprintf(d->path, sizeof d->path, "%s", config->path);
    int part_len = snprintf(d->part, sizeof d->part, "%s%s", config->part != NULL ? config->part : config->path,
                            config->part != NULL ? "" : ".part");
    if (config->length_bytes > lp_limits_gateway.image_bytes) {
        end_refused(d, LP_LIMIT_FILE);
    } else if (part_len >= (int)sizeof d->part) {
        errno = ENAMETOOLONG;
        end_with_errno(d);
    } else if (lp_download_complete(config->crypto, d->path, &d->hashes, config->length_bytes)) {
        end(d, LP_OK, "");
    } else if (open_part(d)) {
        fetch_rest(d);
    } else {
        end_with_errno(d);
    }
    return true;
}
