/* SPDX-License-Identifier: Apache-2.0 */
#include "image_version.h"

#include "lampyr-host/openssl.h"
#include "lampyr/encode.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { CHUNK_BYTES = 64 * 1024, DIGEST_DIGITS = 12 };

static const char marker[] = "LAMPYR-IMAGE version=";
static const char failing[] = " fails";

/* Reads the marker line; false if the image does not start with a good one. */
static bool read_marker(const char *head, size_t len, lp_image_facts *out) {
    const size_t marker_len = sizeof marker - 1;
    const char *end = memchr(head, '\n', len);
    if (end == NULL || (size_t)(end - head) <= marker_len || memcmp(head, marker, marker_len) != 0) {
        return false;
    }
    const char *text = head + marker_len;
    size_t text_len = (size_t)(end - text);
    const size_t failing_len = sizeof failing - 1;
    bool fails = text_len > failing_len && memcmp(end - failing_len, failing, failing_len) == 0;
    text_len -= fails ? failing_len : 0;
    if (text_len >= sizeof out->version) {
        return false;
    }
    for (size_t i = 0; i < text_len; i++) {
        if (text[i] < 0x20 || text[i] > 0x7e) {
            return false;
        }
    }
    memcpy(out->version, text, text_len);
    out->version[text_len] = '\0';
    out->fails = fails;
    return true;
}

static void set_version(const char *head, size_t len, lp_image_facts *out) {
    char hex[2 * LP_SHA256_BYTES + 1];
    out->fails = false;
    if (out->length_bytes == 0) {
        snprintf(out->version, sizeof out->version, "none");
    } else if (!read_marker(head, len, out)) {
        lp_hex_encode(out->sha256, LP_SHA256_BYTES, hex);
        snprintf(out->version, sizeof out->version, "sha256:%.*s", DIGEST_DIGITS, hex);
    }
}

/* Hashes the whole file; `head` gets what it starts with. */
static bool read_all(int fd, char *head, size_t head_bytes, size_t *head_len, lp_image_facts *out) {
    const lp_crypto *crypto = &lp_crypto_openssl;
    uint8_t chunk[CHUNK_BYTES];
    lp_hash hash;
    ssize_t got;
    *head_len = 0;
    out->length_bytes = 0;
    if (!crypto->hash_begin(crypto, &hash, LP_SHA256)) {
        errno = ENOMEM;
        return false;
    }
    while ((got = read(fd, chunk, sizeof chunk)) > 0 || (got < 0 && errno == EINTR)) {
        size_t len = got < 0 ? 0 : (size_t)got;
        size_t part = len < head_bytes - *head_len ? len : head_bytes - *head_len;
        memcpy(head + *head_len, chunk, part);
        *head_len += part;
        out->length_bytes += len;
        crypto->hash_update(crypto, &hash, chunk, len);
    }
    crypto->hash_end(crypto, &hash, got == 0 ? out->sha256 : NULL);
    return got == 0;
}

bool lp_image_facts_read(const char *path, lp_image_facts *out) {
    char head[sizeof marker + sizeof failing + LP_VERSION_BYTES] = "";
    size_t head_len;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return false;
    }
    bool ok = read_all(fd, head, sizeof head, &head_len, out);
    int saved = errno;
    close(fd);
    errno = saved;
    if (ok) {
        set_version(head, head_len, out);
    }
    return ok;
}
