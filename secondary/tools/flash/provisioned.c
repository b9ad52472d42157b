/* SPDX-License-Identifier: Apache-2.0 */
#include "flash_tool.h"

#include "lampyr-host/canonical.h"
#include "lampyr-host/files.h"
#include "lampyr/encode.h"
#include "lampyr/role.h"
#include "settings.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { TIME_FILE_BYTES = 64, MESSAGE_BYTES = 1024 };

bool read_file(const char *path, size_t max_bytes, uint8_t **out, size_t *len) {
    if (lp_file_read(path, max_bytes, out, len)) {
        return true;
    }
    lp_log(LP_PROGRAM, LP_LOG_ERROR, "%s: %s", path, strerror(errno));
    return false;
}

static bool read_time(const char *path, int64_t *out) {
    uint8_t *bytes;
    size_t len;
    if (!read_file(path, TIME_FILE_BYTES, &bytes, &len)) {
        return false;
    }
    while (len > 0 && (bytes[len - 1] == '\n' || bytes[len - 1] == '\r')) {
        len--;
    }
    bool ok = lp_time_parse((lp_str){(const char *)bytes, len}, out) == LP_OK;
    free(bytes);
    if (!ok) {
        lp_log(LP_PROGRAM, LP_LOG_ERROR, "%s is no RFC 3339 time like 2026-11-21T02:23:54Z", path);
    }
    return ok;
}

bool read_canonical(const char *path, lp_dialect dialect, size_t max_bytes, uint8_t **out, size_t *len) {
    uint8_t *served;
    size_t served_len;
    if (!read_file(path, lp_limits_gateway.root_bytes, &served, &served_len)) {
        return false;
    }
    lp_code code = lp_canonical_copy((lp_slice){served, served_len}, dialect, out, len);
    free(served);
    if (code == LP_OK && *len > max_bytes) {
        free(*out);
        *out = NULL;
        code = LP_LIMIT_FILE;
    }
    if (code != LP_OK) {
        lp_log(LP_PROGRAM, LP_LOG_ERROR, "%s: %s: %s", path, lp_code_name(code), lp_code_text(code));
    }
    return code == LP_OK;
}

/* Reads a file of director metadata and checks its form; who signed it shows when the image is verified. */
static bool read_metadata(const char *path, lp_role role, lp_dialect dialect, const lp_limits *limits, uint8_t **bytes,
                          lp_slice *out, uint64_t *version) {
    lp_signed doc;
    size_t len;
    if (!read_canonical(path, dialect, role == LP_ROLE_ROOT ? limits->root_bytes : limits->targets_bytes, bytes,
                        &len)) {
        return false;
    }
    *out = (lp_slice){*bytes, len};
    lp_code code = lp_signed_parse(*out, role, LP_JSON_CANONICAL, dialect, limits, (lp_scratch){NULL, 0}, &doc);
    if (code != LP_OK) {
        lp_log(LP_PROGRAM, LP_LOG_ERROR, "%s: %s: %s", path, lp_code_name(code), lp_code_text(code));
        return false;
    }
    *version = doc.version;
    return true;
}

/* "ADDRESS" or "[ADDRESS]:PORT", as the firmware takes it. */
static bool is_primary(const char *text) {
    struct in6_addr ignored;
    char address[INET6_ADDRSTRLEN];
    const char *from = text[0] == '[' ? text + 1 : text;
    const char *end = text[0] == '[' ? strchr(text, ']') : text + strlen(text);
    if (end == NULL || (size_t)(end - from) >= sizeof address || strlen(text) >= LP_SERIAL_BYTES) {
        return false;
    }
    memcpy(address, from, (size_t)(end - from));
    address[end - from] = '\0';
    bool port_ok = *end == '\0';
    if (strncmp(end, "]:", 2) == 0) {
        unsigned long port = strtoul(end + 2, NULL, 10);
        port_ok = strspn(end + 2, "0123456789") == strlen(end + 2) && port > 0 && port <= UINT16_MAX;
    }
    return port_ok && inet_pton(AF_INET6, address, &ignored) == 1;
}

/* Text that the factory data point to. */
static bool keep(provisioned *p, unsigned index, const char *text, const char **out) {
    p->text[index] = strdup(text);
    *out = p->text[index];
    return p->text[index] != NULL;
}

static bool take_settings(provisioned *p, const lp_settings *settings, const char *primary) {
    lp_factory *factory = &p->factory;
    primary = primary != NULL ? primary : settings->primary;
    if (!is_primary(primary)) {
        lp_log(LP_PROGRAM, LP_LOG_ERROR, "primary: neither ADDRESS nor [ADDRESS]:PORT, of IPv6: %s", primary);
        return false;
    }
    factory->dialect = settings->dialect;
    bool kept = keep(p, 0, settings->serial, &factory->serial) && keep(p, 1, settings->hardware, &factory->hardware) &&
                keep(p, 2, settings->vendor, &factory->vendor) && keep(p, 3, primary, &factory->primary) &&
                (settings->vehicle[0] == '\0' || keep(p, 4, settings->vehicle, &factory->vehicle));
    if (!kept) {
        lp_log(LP_PROGRAM, LP_LOG_ERROR, "out of memory");
    }
    return kept;
}

static bool take_key(provisioned *p, const char *path) {
    if (lp_key_load(path, p->factory.dialect, &p->key) != LP_OK) {
        lp_log(LP_PROGRAM, LP_LOG_ERROR, "%s: cannot be read, or no private key in PEM", path);
        return false;
    }
    return true;
}

bool provisioned_read(const char *folder, const char *primary, provisioned *out) {
    char path[LP_PATH_BYTES];
    char message[MESSAGE_BYTES];
    lp_settings settings;
    uint64_t targets_version;
    const lp_limits limits = lp_layout_limits(&lp_layout_512k);
    *out = (provisioned){.root = NULL};
    if (!lp_path_join(path, sizeof path, folder, "secondary.conf") ||
        !lp_settings_read(path, &settings, message, sizeof message)) {
        lp_log(LP_PROGRAM, LP_LOG_ERROR, "%s", path[0] == '\0' ? folder : message);
        return false;
    }
    return take_settings(out, &settings, primary) && read_time(settings.time, &out->factory.time) &&
           read_metadata(settings.root, LP_ROLE_ROOT, settings.dialect, &limits, &out->root, &out->factory.root,
                         &out->root_version) &&
           read_metadata(settings.targets, LP_ROLE_TARGETS, settings.dialect, &limits, &out->targets,
                         &out->factory.targets, &targets_version) &&
           take_key(out, settings.key);
}

void provisioned_free(provisioned *p) {
    for (size_t i = 0; i < sizeof p->text / sizeof p->text[0]; i++) {
        free(p->text[i]);
    }
    free(p->root);
    free(p->targets);
    lp_key_free(&p->key);
}
