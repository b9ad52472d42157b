/* SPDX-License-Identifier: Apache-2.0 */
#include "fetch_internal.h"

#include <curl/curl.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <unistd.h>

enum {
    REDIRECTS = 3,
    HEADER_BYTES = 65536,    /* of all headers of one answer: endless data */
    COMPLAINT_BYTES = 65536, /* of the body of an answer that is no success: endless data */
    MEMORY_FIRST_BYTES = 4096,
    EVENTS = 16,
};

#define USER_AGENT "lampyr/" LAMPYR_VERSION

const lp_fetch_options lp_fetch_defaults = {
    .connect_seconds = 10, .stall_seconds = 10, .stall_bytes = 1024, .memory_seconds = 300};

struct lp_fetch {
    lp_fetch_options options;
    CURLM *multi;
    int epoll; /* of libcurl's sockets and of the two below */
    int timer; /* libcurl's */
    int files; /* an eventfd: requests for files are waiting */
    size_t busy;
    lp_transfer *transfers; /* with a server */
    lp_transfer *waiting;   /* for files */
};

/* --- the descriptor --- */

static int on_socket(CURL *easy, curl_socket_t socket, int what, void *ctx, void *known) {
    lp_fetch *fetch = ctx;
    struct epoll_event event = {.data.fd = socket};
    (void)easy;
    if (what == CURL_POLL_REMOVE) {
        epoll_ctl(fetch->epoll, EPOLL_CTL_DEL, socket, NULL);
        curl_multi_assign(fetch->multi, socket, NULL);
        return 0;
    }
    event.events = (what & CURL_POLL_IN ? (uint32_t)EPOLLIN : 0) | (what & CURL_POLL_OUT ? (uint32_t)EPOLLOUT : 0);
    if (epoll_ctl(fetch->epoll, known == NULL ? EPOLL_CTL_ADD : EPOLL_CTL_MOD, socket, &event) != 0) {
        return -1;
    }
    curl_multi_assign(fetch->multi, socket, fetch);
    return 0;
}

static int on_timer(CURLM *multi, long timeout_ms, void *ctx) {
    const lp_fetch *fetch = ctx;
    struct itimerspec when = {.it_value = {0, 0}}; /* disarmed */
    (void)multi;
    if (timeout_ms >= 0) {
        when.it_value.tv_sec = timeout_ms / 1000;
        when.it_value.tv_nsec = timeout_ms % 1000 * 1000000 + (timeout_ms == 0);
    }
    return timerfd_settime(fetch->timer, 0, &when, NULL) == 0 ? 0 : -1;
}

static bool watch(const lp_fetch *fetch, int fd) {
    struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};
    return fd >= 0 && epoll_ctl(fetch->epoll, EPOLL_CTL_ADD, fd, &event) == 0;
}

static bool open_descriptors(lp_fetch *fetch) {
    fetch->epoll = epoll_create1(EPOLL_CLOEXEC);
    fetch->timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
    fetch->files = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    return fetch->epoll >= 0 && watch(fetch, fetch->timer) && watch(fetch, fetch->files);
}

static bool readable(const char *path, char *message, size_t message_bytes) {
    struct stat st;
    if (path == NULL) {
        return true;
    }
    bool there = access(path, R_OK) == 0 && stat(path, &st) == 0;
    if (there && !S_ISDIR(st.st_mode)) {
        return true;
    }
    snprintf(message, message_bytes, "cannot read %s: %s", path, strerror(there ? EISDIR : errno));
    return false;
}

lp_fetch *lp_fetch_new(const lp_fetch_options *options, char *message, size_t message_bytes) {
    if (!readable(options->ca_file, message, message_bytes) ||
        !readable(options->client_certificate, message, message_bytes) ||
        !readable(options->client_key, message, message_bytes)) {
        return NULL;
    }
    lp_fetch *fetch = calloc(1, sizeof *fetch);
    if (fetch != NULL) {
        fetch->options = *options;
        fetch->epoll = fetch->timer = fetch->files = -1;
        fetch->multi = curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK ? curl_multi_init() : NULL;
    }
    if (fetch == NULL || fetch->multi == NULL || !open_descriptors(fetch)) {
        snprintf(message, message_bytes, "cannot prepare for requests: %s", strerror(errno));
        lp_fetch_free(fetch);
        return NULL;
    }
    curl_multi_setopt(fetch->multi, CURLMOPT_SOCKETFUNCTION, on_socket);
    curl_multi_setopt(fetch->multi, CURLMOPT_SOCKETDATA, fetch);
    curl_multi_setopt(fetch->multi, CURLMOPT_TIMERFUNCTION, on_timer);
    curl_multi_setopt(fetch->multi, CURLMOPT_TIMERDATA, fetch);
    return fetch;
}

static void free_transfer(lp_fetch *fetch, lp_transfer *transfer) {
    if (transfer->easy != NULL) {
        curl_multi_remove_handle(fetch->multi, transfer->easy);
        curl_easy_cleanup(transfer->easy);
    }
    curl_slist_free_all(transfer->headers);
    free(transfer->memory);
    free(transfer->body);
    free(transfer->url);
    free(transfer);
}

static void drop_transfers(lp_fetch *fetch, lp_transfer *list) {
    while (list != NULL) {
        lp_transfer *next = list->next;
        if (list->request.dropped != NULL) {
            list->request.dropped(list->request.ctx);
        }
        free_transfer(fetch, list);
        list = next;
    }
}

void lp_fetch_free(lp_fetch *fetch) {
    if (fetch == NULL) {
        return;
    }
    drop_transfers(fetch, fetch->transfers);
    drop_transfers(fetch, fetch->waiting);
    curl_multi_cleanup(fetch->multi);
    curl_global_cleanup();
    int fds[] = {fetch->epoll, fetch->timer, fetch->files};
    for (size_t i = 0; i < sizeof fds / sizeof fds[0]; i++) {
        if (fds[i] >= 0) {
            close(fds[i]);
        }
    }
    free(fetch);
}

/* --- bytes that arrive --- */

static bool stop(lp_transfer *transfer, lp_code code, const char *reason) {
    transfer->code = code;
    snprintf(transfer->reason, sizeof transfer->reason, "%s", reason);
    return false;
}

static bool remember(lp_transfer *transfer, const void *bytes, size_t len) {
    size_t need = transfer->memory_bytes + len;
    if (need > transfer->memory_room) {
        size_t room = need > MEMORY_FIRST_BYTES ? need + need / 2 : MEMORY_FIRST_BYTES;
        uint8_t *larger = realloc(transfer->memory, room);
        if (larger == NULL) {
            return stop(transfer, LP_STATE, "out of memory");
        }
        transfer->memory = larger;
        transfer->memory_room = room;
    }
    memcpy(transfer->memory + transfer->memory_bytes, bytes, len);
    transfer->memory_bytes = need;
    return true;
}

bool lp_transfer_take(lp_transfer *transfer, const void *bytes, size_t len) {
    const lp_request *request = &transfer->request;
    if (len > request->max_bytes || transfer->at > request->max_bytes - len) {
        return stop(transfer, LP_LIMIT_FILE, "longer than allowed");
    }
    if (request->sink == NULL && !remember(transfer, bytes, len)) {
        return false;
    }
    if (request->sink != NULL && !request->sink(request->ctx, transfer->at, (lp_slice){bytes, len})) {
        return stop(transfer, LP_STATE, "cannot be stored");
    }
    transfer->at += len;
    return true;
}

static bool is_success(long status) {
    return status >= 200 && status <= 299;
}

/* Keeps the first line of what a server says about its refusal, unless it is a page for browsers. */
static bool take_complaint(lp_transfer *transfer, const char *bytes, size_t len) {
    size_t line = 0;
    while (line < len && line + 1 < sizeof transfer->complaint && (unsigned char)bytes[line] >= ' ') {
        line++;
    }
    if (transfer->at == 0 && line > 0 && bytes[0] != '<') {
        snprintf(transfer->complaint, sizeof transfer->complaint, "%.*s", (int)line, bytes);
    }
    transfer->at += len;
    return transfer->at <= COMPLAINT_BYTES || stop(transfer, LP_LIMIT_FILE, "the refusal is longer than allowed");
}

static size_t on_body(char *bytes, size_t one, size_t len, void *ctx) {
    lp_transfer *transfer = ctx;
    long status = 0;
    (void)one;
    curl_easy_getinfo(transfer->easy, CURLINFO_RESPONSE_CODE, &status);
    if (!is_success(status)) {
        return take_complaint(transfer, bytes, len) ? len : 0;
    }
    if (!transfer->placed) {
        transfer->at = status == 206 ? transfer->request.offset : 0;
        transfer->placed = true;
    }
    return lp_transfer_take(transfer, bytes, len) ? len : 0;
}

static size_t on_header(char *bytes, size_t one, size_t len, void *ctx) {
    lp_transfer *transfer = ctx;
    (void)bytes;
    (void)one;
    transfer->header_bytes += len;
    if (transfer->header_bytes > HEADER_BYTES) {
        stop(transfer, LP_LIMIT_FILE, "the headers are longer than allowed");
        return 0;
    }
    return len;
}

/* --- requests --- */

static bool is_url(const char *base) {
    return strncmp(base, "http://", 7) == 0 || strncmp(base, "https://", 8) == 0;
}

bool lp_fetch_base_valid(const char *base) {
    return base[0] != '\0' && strlen(base) < LP_FETCH_URL_BYTES / 2 && (is_url(base) || strstr(base, "://") == NULL);
}

bool lp_fetch_locate(const char *base, const char *path, char out[LP_FETCH_URL_BYTES]) {
    size_t len = strlen(base);
    const char *separator = len > 0 && base[len - 1] == '/' ? "" : "/";
    char *plain = is_url(base) ? NULL : curl_easy_unescape(NULL, path, 0, NULL);
    bool ok = plain != NULL || is_url(base);
    if (ok) {
        int written = snprintf(out, LP_FETCH_URL_BYTES, "%s%s%s", base, separator, plain != NULL ? plain : path);
        ok = written > 0 && written < LP_FETCH_URL_BYTES;
    }
    curl_free(plain);
    return ok;
}

static bool set_body(lp_transfer *transfer) {
    CURL *easy = transfer->easy;
    if (transfer->request.method == LP_FETCH_GET) {
        return true;
    }
    transfer->headers = curl_slist_append(NULL, "Content-Type: application/json");
    curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)transfer->request.body.len);
    curl_easy_setopt(easy, CURLOPT_POSTFIELDS, transfer->body);
    if (transfer->request.method == LP_FETCH_PUT) {
        curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, "PUT");
    }
    return transfer->headers != NULL && curl_easy_setopt(easy, CURLOPT_HTTPHEADER, transfer->headers) == CURLE_OK;
}

static void set_bounds(const lp_fetch *fetch, const lp_transfer *transfer) {
    const lp_fetch_options *options = &fetch->options;
    CURL *easy = transfer->easy;
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT, (long)options->connect_seconds);
    curl_easy_setopt(easy, CURLOPT_LOW_SPEED_LIMIT, (long)options->stall_bytes);
    curl_easy_setopt(easy, CURLOPT_LOW_SPEED_TIME, (long)options->stall_seconds);
    if (transfer->request.sink == NULL) {
        curl_easy_setopt(easy, CURLOPT_TIMEOUT, (long)options->memory_seconds);
    }
    /* What is sent twice by a redirect, or leaves TLS, is not what the caller asked for. */
    if (transfer->request.method == LP_FETCH_GET) {
        curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 1L);
        curl_easy_setopt(easy, CURLOPT_MAXREDIRS, (long)REDIRECTS);
    }
    bool tls = strncmp(transfer->url, "https:", 6) == 0;
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(easy, CURLOPT_REDIR_PROTOCOLS_STR, tls ? "https" : "http,https");
}

static bool set_up(const lp_fetch *fetch, lp_transfer *transfer) {
    const lp_fetch_options *options = &fetch->options;
    CURL *easy = transfer->easy = curl_easy_init();
    if (easy == NULL || !set_body(transfer) || curl_easy_setopt(easy, CURLOPT_URL, transfer->url) != CURLE_OK) {
        return false;
    }
    set_bounds(fetch, transfer);
    if (transfer->request.offset > 0) {
        char range[32];
        snprintf(range, sizeof range, "%llu-", (unsigned long long)transfer->request.offset);
        curl_easy_setopt(easy, CURLOPT_RANGE, range);
    }
    if (options->ca_file != NULL) {
        curl_easy_setopt(easy, CURLOPT_CAINFO, options->ca_file);
    }
    curl_easy_setopt(easy, CURLOPT_SSLCERT, options->client_certificate);
    curl_easy_setopt(easy, CURLOPT_SSLKEY,
                     options->client_key != NULL ? options->client_key : options->client_certificate);
    curl_easy_setopt(easy, CURLOPT_USERAGENT, USER_AGENT);
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, transfer->library_reason);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, transfer);
    curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
    curl_easy_setopt(easy, CURLOPT_HEADERDATA, transfer);
    curl_easy_setopt(easy, CURLOPT_PRIVATE, transfer);
    return curl_multi_add_handle(fetch->multi, easy) == CURLM_OK;
}

static lp_transfer *new_transfer(const lp_request *request) {
    lp_transfer *transfer = calloc(1, sizeof *transfer);
    if (transfer == NULL) {
        return NULL;
    }
    transfer->request = *request;
    transfer->url = strdup(request->url);
    transfer->body = malloc(request->body.len + 1);
    if (transfer->body != NULL && request->body.len > 0) {
        memcpy(transfer->body, request->body.ptr, request->body.len);
    }
    return transfer;
}

static void enqueue(lp_fetch *fetch, lp_transfer *transfer) {
    lp_transfer **end = &fetch->waiting;
    while (*end != NULL) {
        end = &(*end)->next;
    }
    *end = transfer;
    (void)eventfd_write(fetch->files, 1);
}

bool lp_fetch_start(lp_fetch *fetch, const lp_request *request) {
    lp_transfer *transfer = new_transfer(request);
    if (transfer == NULL || transfer->url == NULL || transfer->body == NULL ||
        (is_url(transfer->url) && !set_up(fetch, transfer))) {
        if (transfer != NULL) {
            free_transfer(fetch, transfer);
        }
        return false;
    }
    if (transfer->easy != NULL) {
        transfer->next = fetch->transfers;
        fetch->transfers = transfer;
    } else {
        enqueue(fetch, transfer);
    }
    fetch->busy++;
    return true;
}

/* --- the end of a request --- */

/* Calls `done`, with the transfer already gone from the list. */
static void finish(lp_fetch *fetch, lp_transfer *transfer, lp_fetch_outcome outcome, long status) {
    char message[LP_FETCH_MESSAGE_BYTES];
    lp_fetch_result result = {.outcome = outcome, .code = transfer->code, .status = status, .message = message};
    snprintf(message, sizeof message, "cannot fetch %s: %s", transfer->url, transfer->reason);
    if (outcome == LP_FETCH_OK && transfer->request.sink == NULL) {
        result.body = transfer->memory != NULL ? transfer->memory : malloc(1);
        result.body_bytes = transfer->memory_bytes;
        transfer->memory = NULL;
    }
    lp_fetch_done *done = transfer->request.done;
    void *ctx = transfer->request.ctx;
    free_transfer(fetch, transfer);
    fetch->busy--;
    done(ctx, &result);
}

/* What the answer's status means once the transfer itself went well. */
static lp_fetch_outcome judge_status(lp_transfer *transfer, long status) {
    if (is_success(status)) {
        return LP_FETCH_OK;
    }
    snprintf(transfer->reason, sizeof transfer->reason, "the server answered %ld%s%s", status,
             transfer->complaint[0] != '\0' ? ": " : "", transfer->complaint);
    if (status == 404 || status == 410) {
        return LP_FETCH_ABSENT;
    }
    transfer->code = LP_UNREACHABLE;
    return LP_FETCH_FAILED;
}

/* Before the connection stands, time that runs out is no word about the server's speed. */
static lp_code judge_failure(const lp_transfer *transfer, CURLcode failure) {
    curl_off_t connected = 0;
    curl_easy_getinfo(transfer->easy, CURLINFO_PRETRANSFER_TIME_T, &connected);
    return failure == CURLE_OPERATION_TIMEDOUT && connected > 0 ? LP_SLOW_RETRIEVAL : LP_UNREACHABLE;
}

static void finish_server(lp_fetch *fetch, lp_transfer *transfer, CURLcode failure) {
    lp_fetch_outcome outcome = LP_FETCH_FAILED;
    long status = 0;
    curl_easy_getinfo(transfer->easy, CURLINFO_RESPONSE_CODE, &status);
    if (failure == CURLE_OK) {
        outcome = judge_status(transfer, status);
    } else if (transfer->code == LP_OK) {
        const char *reason = transfer->library_reason;
        stop(transfer, judge_failure(transfer, failure), reason[0] != '\0' ? reason : curl_easy_strerror(failure));
    }
    lp_transfer **link = &fetch->transfers;
    while (*link != transfer) {
        link = &(*link)->next;
    }
    *link = transfer->next;
    finish(fetch, transfer, outcome, status);
}

static void finish_files(lp_fetch *fetch) {
    eventfd_t count;
    (void)eventfd_read(fetch->files, &count);
    lp_transfer *list = fetch->waiting;
    fetch->waiting = NULL; /* what `done` starts comes in the next turn */
    while (list != NULL) {
        lp_transfer *transfer = list;
        list = transfer->next;
        finish(fetch, transfer, lp_transfer_read_file(transfer), 0);
    }
}

void lp_fetch_process(lp_fetch *fetch) {
    struct epoll_event events[EVENTS];
    int running;
    int count = epoll_wait(fetch->epoll, events, EVENTS, 0);
    for (int i = 0; i < count; i++) {
        int fd = events[i].data.fd;
        if (fd == fetch->files) {
            finish_files(fetch);
        } else if (fd == fetch->timer) {
            uint64_t ticks;
            (void)!read(fetch->timer, &ticks, sizeof ticks);
            curl_multi_socket_action(fetch->multi, CURL_SOCKET_TIMEOUT, 0, &running);
        } else {
            uint32_t got = events[i].events;
            int what = (got & EPOLLIN ? CURL_CSELECT_IN : 0) | (got & EPOLLOUT ? CURL_CSELECT_OUT : 0) |
                       (got & (EPOLLERR | EPOLLHUP) ? CURL_CSELECT_ERR : 0);
            curl_multi_socket_action(fetch->multi, fd, what, &running);
        }
    }
    const CURLMsg *ended;
    while ((ended = curl_multi_info_read(fetch->multi, &running)) != NULL) {
        lp_transfer *transfer = NULL;
        CURLcode failure = ended->data.result;
        curl_easy_getinfo(ended->easy_handle, CURLINFO_PRIVATE, &transfer);
        finish_server(fetch, transfer, failure);
    }
}

int lp_fetch_fd(const lp_fetch *fetch) {
    return fetch->epoll;
}

bool lp_fetch_busy(const lp_fetch *fetch) {
    return fetch->busy > 0;
}

void lp_fetch_run(lp_fetch *fetch) {
    struct pollfd ready = {.fd = fetch->epoll, .events = POLLIN};
    while (lp_fetch_busy(fetch)) {
        (void)poll(&ready, 1, -1);
        lp_fetch_process(fetch);
    }
}
