/* SPDX-License-Identifier: Apache-2.0 */
#include "answer.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum { VALIDATOR_BYTES = 64 };

/* A regular file that is open, with its validators. */
typedef struct served_file {
    int fd;
    uint64_t bytes;
    time_t modified;
    char etag[VALIDATOR_BYTES];
    char modified_text[VALIDATOR_BYTES];
} served_file;

/* The part of the file to send. */
typedef struct span {
    uint64_t first;
    uint64_t len;
} span;

typedef enum range_kind {
    RANGE_WHOLE,
    RANGE_PART,
    RANGE_OUTSIDE,
} range_kind;

/* Opens `name` so that the kernel resolves it beneath `folder`: neither ".." nor a symbolic link leads out, and
 * no other process can change that in between. O_NONBLOCK: a FIFO must not hang the server. */
static int open_beneath(const char *folder, const char *name) {
    int base = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (base < 0) {
        return -1;
    }
    struct open_how how = {.flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK,
                           .resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS};
    int fd = (int)syscall(SYS_openat2, base, name, &how, sizeof how);
    int saved = errno;
    close(base);
    errno = saved;
    return fd;
}

static bool open_served(const char *folder, const char *name, served_file *out) {
    struct stat info;
    int fd = open_beneath(folder, name);
    if (fd < 0) {
        return false;
    }
    struct tm tm;
    if (fstat(fd, &info) != 0 || !S_ISREG(info.st_mode) || gmtime_r(&info.st_mtime, &tm) == NULL) {
        close(fd);
        errno = ENOENT;
        return false;
    }
    out->fd = fd;
    out->bytes = (uint64_t)info.st_size;
    out->modified = info.st_mtime;
    /* Published files are replaced by renaming, so the inode tells two versions of one second apart. */
    snprintf(out->etag, sizeof out->etag, "\"%llx-%llx-%llx.%lx\"", (unsigned long long)info.st_ino,
             (unsigned long long)info.st_size, (unsigned long long)info.st_mtim.tv_sec,
             (unsigned long)info.st_mtim.tv_nsec);
    strftime(out->modified_text, sizeof out->modified_text, "%a, %d %b %Y %H:%M:%S GMT", &tm);
    return true;
}

static const char *header(struct MHD_Connection *connection, const char *name) {
    return MHD_lookup_connection_value(connection, MHD_HEADER_KIND, name);
}

/* True if the list of entity tags contains this one, by weak comparison (RFC 9110, 13.1.2). */
static bool etag_listed(const char *list, const char *etag) {
    size_t len = strlen(etag);
    while (*list != '\0') {
        list += strspn(list, " \t,");
        if (*list == '*') {
            return true;
        }
        if (strncmp(list, "W/", 2) == 0) {
            list += 2;
        }
        if (strncmp(list, etag, len) == 0) {
            return true;
        }
        list += strcspn(list, ",");
    }
    return false;
}

static bool not_modified(struct MHD_Connection *connection, const served_file *file) {
    const char *tags = header(connection, MHD_HTTP_HEADER_IF_NONE_MATCH);
    if (tags != NULL) {
        return etag_listed(tags, file->etag);
    }
    const char *since = header(connection, MHD_HTTP_HEADER_IF_MODIFIED_SINCE);
    struct tm tm = {.tm_isdst = 0};
    const char *end = since != NULL ? strptime(since, "%a, %d %b %Y %H:%M:%S GMT", &tm) : NULL;
    return end != NULL && *end == '\0' && file->modified <= timegm(&tm);
}

/* Reads decimal digits, at least one. False on anything else, and when they exceed 63 bits. */
static bool read_number(const char **text, uint64_t *out) {
    uint64_t number = 0;
    const char *start = *text;
    while (**text >= '0' && **text <= '9') {
        if (number > (INT64_MAX - 9) / 10) {
            return false;
        }
        number = number * 10 + (uint64_t)(*(*text)++ - '0');
    }
    *out = number;
    return *text > start;
}

/* Reads `bytes=first-last`, `bytes=first-` or `bytes=-last` (RFC 9110, 14.1.2). What is not one such range, several
 * ranges included, may be ignored. */
static range_kind read_range(const char *text, uint64_t bytes, span *out) {
    uint64_t first, last;
    if (strncasecmp(text, "bytes=", 6) != 0) {
        return RANGE_WHOLE;
    }
    text += 6;
    if (*text == '-') {
        text++;
        if (!read_number(&text, &last) || *text != '\0') {
            return RANGE_WHOLE;
        }
        *out = last < bytes ? (span){bytes - last, last} : (span){0, bytes};
        return out->len > 0 ? RANGE_PART : RANGE_OUTSIDE;
    }
    if (!read_number(&text, &first) || *text++ != '-') {
        return RANGE_WHOLE;
    }
    if (*text == '\0') {
        last = UINT64_MAX;
    } else if (!read_number(&text, &last) || *text != '\0' || last < first) {
        return RANGE_WHOLE;
    }
    if (first >= bytes) {
        return RANGE_OUTSIDE;
    }
    last = last < bytes ? last : bytes - 1;
    *out = (span){first, last - first + 1};
    return RANGE_PART;
}

static range_kind choose_range(struct MHD_Connection *connection, const served_file *file, span *out) {
    const char *range = header(connection, MHD_HTTP_HEADER_RANGE);
    const char *condition = header(connection, MHD_HTTP_HEADER_IF_RANGE);
    *out = (span){0, file->bytes};
    if (range == NULL ||
        (condition != NULL && strcmp(condition, file->etag) != 0 && strcmp(condition, file->modified_text) != 0)) {
        return RANGE_WHOLE;
    }
    return read_range(range, file->bytes, out);
}

/* Queues `response` with the file's validators, and the range unless `content_range` is "". */
static enum MHD_Result queue_file(struct MHD_Connection *connection, unsigned status, struct MHD_Response *response,
                                  const served_file *file, const char *name, const char *content_range) {
    const char *suffix = strrchr(name, '.');
    const char *type = suffix != NULL && strcmp(suffix, ".json") == 0 ? "application/json" : "application/octet-stream";
    bool ok = MHD_add_response_header(response, MHD_HTTP_HEADER_ETAG, file->etag) == MHD_YES &&
              MHD_add_response_header(response, MHD_HTTP_HEADER_LAST_MODIFIED, file->modified_text) == MHD_YES &&
              MHD_add_response_header(response, MHD_HTTP_HEADER_ACCEPT_RANGES, "bytes") == MHD_YES &&
              MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, type) == MHD_YES &&
              (content_range[0] == '\0' ||
               MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_RANGE, content_range) == MHD_YES);
    enum MHD_Result result = ok ? MHD_queue_response(connection, status, response) : MHD_NO;
    MHD_destroy_response(response);
    return result;
}

/* An answer without the file's bytes: 304 or 416. */
static enum MHD_Result answer_empty(struct MHD_Connection *connection, unsigned status, const served_file *file,
                                    const char *name, const char *content_range) {
    close(file->fd);
    struct MHD_Response *response = MHD_create_response_from_buffer(0, NULL, MHD_RESPMEM_PERSISTENT);
    return response != NULL ? queue_file(connection, status, response, file, name, content_range) : MHD_NO;
}

enum MHD_Result lpd_answer_file(struct MHD_Connection *connection, const char *folder, const char *name) {
    served_file file;
    if (!open_served(folder, name, &file)) {
        lpd_refusal refusal;
        if (errno == EMFILE || errno == ENFILE || errno == ENOSYS || errno == EIO || errno == EACCES) {
            lpd_refuse_code(&refusal, LP_STATE, "%s: %s", name, strerror(errno));
            lp_log(LPD_PROGRAM, LP_LOG_ERROR, "cannot serve %s/%s", folder, refusal.detail);
        } else {
            lpd_refuse(&refusal, MHD_HTTP_NOT_FOUND, "not_found", "%s", name);
        }
        return lpd_answer_refusal(connection, &refusal);
    }
    char content_range[VALIDATOR_BYTES] = "";
    span part;
    range_kind kind = choose_range(connection, &file, &part);
    if (not_modified(connection, &file)) {
        return answer_empty(connection, MHD_HTTP_NOT_MODIFIED, &file, name, content_range);
    }
    if (kind == RANGE_OUTSIDE) {
        snprintf(content_range, sizeof content_range, "bytes */%llu", (unsigned long long)file.bytes);
        return answer_empty(connection, MHD_HTTP_RANGE_NOT_SATISFIABLE, &file, name, content_range);
    }
    if (kind == RANGE_PART) {
        snprintf(content_range, sizeof content_range, "bytes %llu-%llu/%llu", (unsigned long long)part.first,
                 (unsigned long long)(part.first + part.len - 1), (unsigned long long)file.bytes);
    }
    struct MHD_Response *response = MHD_create_response_from_fd_at_offset64(part.len, file.fd, part.first);
    if (response == NULL) {
        close(file.fd);
        return MHD_NO;
    }
    unsigned status = kind == RANGE_PART ? MHD_HTTP_PARTIAL_CONTENT : MHD_HTTP_OK;
    return queue_file(connection, status, response, &file, name, content_range);
}
