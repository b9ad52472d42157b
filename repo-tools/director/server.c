/* SPDX-License-Identifier: Apache-2.0 */
#include "server.h"

#include "request.h"

#include <errno.h>
#include <netdb.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    BACKLOG = 128,
    TLS_FILE_BYTES = 1024 * 1024,
    OPTION_COUNT = 16,
};

/* PEM texts, as libmicrohttpd takes them; owned, NULL where there is none. */
typedef struct tls_files {
    char *cert;
    char *key;
    char *client_ca;
} tls_files;

struct lpd_server {
    lpd_service service;
    struct MHD_Daemon *daemon;
    tls_files tls;
};

/* Splits `[ADDR]:PORT` into host and port; an address with colons stands in brackets, no address is loopback. */
static bool split_listen(const char *listen, char *host, size_t host_bytes, const char **port) {
    const char *colon = strrchr(listen, ':');
    const char *end = colon != NULL ? colon : listen;
    const char *start = listen;
    *port = colon != NULL ? colon + 1 : listen;
    if (end > start && *start == '[' && end[-1] == ']') {
        start++;
        end--;
    }
    int len = snprintf(host, host_bytes, "%.*s", (int)(end - start), end > start ? start : "");
    if (len == 0) {
        snprintf(host, host_bytes, "127.0.0.1");
    }
    return len >= 0 && (size_t)len < host_bytes && **port != '\0' && strspn(*port, "0123456789") == strlen(*port);
}

static bool listen_on(int fd, const struct addrinfo *address) {
    int yes = 1;
    return setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes) == 0 &&
           bind(fd, address->ai_addr, address->ai_addrlen) == 0 && listen(fd, BACKLOG) == 0;
}

/* The listening socket, or -1. */
static int open_socket(const char *listen, bool *config, char *message, size_t message_bytes) {
    char host[256];
    const char *port;
    struct addrinfo hints = {.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE, .ai_socktype = SOCK_STREAM};
    struct addrinfo *address = NULL;
    if (!split_listen(listen, host, sizeof host, &port) || strtoul(port, NULL, 10) > UINT16_MAX ||
        getaddrinfo(host, port, &hints, &address) != 0) {
        *config = true;
        snprintf(message, message_bytes, "listen: '%s' is not [ADDRESS]:PORT", listen);
        return -1;
    }
    int fd = socket(address->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd >= 0 && !listen_on(fd, address)) {
        int saved = errno;
        close(fd);
        errno = saved;
        fd = -1;
    }
    freeaddrinfo(address);
    if (fd < 0) {
        *config = false;
        snprintf(message, message_bytes, "cannot listen on %s: %s", listen, strerror(errno));
    }
    return fd;
}

/* Writes where the socket listens. */
static bool socket_url(int fd, bool tls, char url[LPD_URL_BYTES]) {
    char host[256], port[16];
    struct sockaddr_storage address = {.ss_family = AF_UNSPEC};
    socklen_t len = sizeof address;
    if (getsockname(fd, (struct sockaddr *)&address, &len) != 0 ||
        getnameinfo((struct sockaddr *)&address, len, host, sizeof host, port, sizeof port,
                    NI_NUMERICHOST | NI_NUMERICSERV) != 0) {
        return false;
    }
    bool brackets = address.ss_family == AF_INET6;
    snprintf(url, LPD_URL_BYTES, "%s://%s%s%s:%s", tls ? "https" : "http", brackets ? "[" : "", host,
             brackets ? "]" : "", port);
    return true;
}

static bool read_pem(const char *option, const char *path, char **out, char *message, size_t message_bytes) {
    uint8_t *bytes;
    size_t len;
    if (path[0] == '\0') {
        return true;
    }
    if (!lp_file_read(path, TLS_FILE_BYTES, &bytes, &len)) {
        snprintf(message, message_bytes, "%s: %s: %s", option, path, strerror(errno));
        return false;
    }
    *out = (char *)bytes;
    return true;
}

static bool read_tls(const lpd_options *options, tls_files *out, char *message, size_t message_bytes) {
    return read_pem("tls-cert", options->tls_cert, &out->cert, message, message_bytes) &&
           read_pem("tls-key", options->tls_key, &out->key, message, message_bytes) &&
           read_pem("tls-client-ca", options->tls_client_ca, &out->client_ca, message, message_bytes);
}

/* Paths are decoded by lpd_route_read(), where an escaped NUL can be refused; queries here. */
static size_t keep_escapes(void *cls, struct MHD_Connection *connection, char *text) {
    (void)cls;
    (void)connection;
    return text[0] == '/' ? strlen(text) : MHD_http_unescape(text);
}

/* libmicrohttpd complains about peers that hang up or send nonsense; that is worth a look, not an alarm. */
static void log_library(void *cls, const char *format, va_list args) __attribute__((format(printf, 2, 0)));

static void log_library(void *cls, const char *format, va_list args) {
    (void)cls;
    char line[256];
    vsnprintf(line, sizeof line, format, args);
    line[strcspn(line, "\r\n")] = '\0';
    lp_log(LPD_PROGRAM, LP_LOG_DEBUG, "http: %s", line);
}

static struct MHD_Daemon *start_daemon(lpd_server *server, int fd) {
    char versions[] = "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2";
    struct MHD_OptionItem tls[OPTION_COUNT] = {{MHD_OPTION_END, 0, NULL}};
    size_t count = 0;
    unsigned flags = MHD_USE_EPOLL_INTERNAL_THREAD | MHD_USE_ERROR_LOG;
    if (server->tls.cert != NULL) {
        flags |= MHD_USE_TLS;
        tls[count++] = (struct MHD_OptionItem){MHD_OPTION_HTTPS_MEM_CERT, 0, server->tls.cert};
        tls[count++] = (struct MHD_OptionItem){MHD_OPTION_HTTPS_MEM_KEY, 0, server->tls.key};
        tls[count++] = (struct MHD_OptionItem){MHD_OPTION_HTTPS_PRIORITIES, 0, versions};
    }
    if (server->tls.client_ca != NULL) {
        tls[count++] = (struct MHD_OptionItem){MHD_OPTION_HTTPS_MEM_TRUST, 0, server->tls.client_ca};
    }
    tls[count] = (struct MHD_OptionItem){MHD_OPTION_END, 0, NULL};
    return MHD_start_daemon(flags, 0, NULL, NULL, lpd_request_handle, &server->service, MHD_OPTION_EXTERNAL_LOGGER,
                            log_library, NULL, MHD_OPTION_LISTEN_SOCKET, fd, MHD_OPTION_NOTIFY_COMPLETED,
                            lpd_request_completed, &server->service, MHD_OPTION_UNESCAPE_CALLBACK, keep_escapes, NULL,
                            MHD_OPTION_CONNECTION_LIMIT, (unsigned)LPD_CONNECTIONS, MHD_OPTION_PER_IP_CONNECTION_LIMIT,
                            (unsigned)server->service.director->options->connections_per_ip,
                            MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)LPD_IDLE_S, MHD_OPTION_STRICT_FOR_CLIENT, 1,
                            MHD_OPTION_ARRAY, tls, MHD_OPTION_END);
}

bool lpd_server_start(const lpd_director *director, lpd_server **out, char url[LPD_URL_BYTES], bool *config,
                      char *message, size_t message_bytes) {
    const lpd_options *options = director->options;
    *config = true;
    lpd_server *server = calloc(1, sizeof *server);
    if (server == NULL) {
        snprintf(message, message_bytes, "out of memory");
        return false;
    }
    server->service = (lpd_service){.director = director, .client_certificates = options->tls_client_ca[0] != '\0'};
    int fd = -1;
    bool ok = read_tls(options, &server->tls, message, message_bytes) &&
              (fd = open_socket(options->listen, config, message, message_bytes)) >= 0;
    if (ok) {
        ok = socket_url(fd, server->tls.cert != NULL, url) && (server->daemon = start_daemon(server, fd)) != NULL;
        if (!ok) {
            close(fd);
            snprintf(message, message_bytes, "cannot start the HTTP server%s",
                     server->tls.cert != NULL ? ": tls-cert, tls-key and tls-client-ca must be PEM and fit" : "");
        }
    }
    if (!ok) {
        lpd_server_stop(server);
        return false;
    }
    *out = server;
    return true;
}

void lpd_server_stop(lpd_server *server) {
    if (server->daemon != NULL) {
        MHD_stop_daemon(server->daemon);
    }
    free(server->tls.cert);
    free(server->tls.key);
    free(server->tls.client_ca);
    free(server);
}
