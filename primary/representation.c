/* SPDX-License-Identifier: Apache-2.0 */
#include "representation.h"

#include "lampyr-host/canonical.h"
#include "lampyr-host/openssl.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

bool lp_representation_map(const char *path, const uint8_t sha256[LP_SHA256_BYTES], lp_representation *out) {
    struct stat info;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return false;
    }
    void *bytes = MAP_FAILED;
    if (fstat(fd, &info) == 0) {
        bytes = mmap(NULL, (size_t)info.st_size, PROT_READ, MAP_SHARED, fd, 0);
    }
    int reason = errno;
    close(fd);
    errno = reason;
    if (bytes == MAP_FAILED) {
        return false;
    }
    *out = (lp_representation){.bytes = {bytes, (size_t)info.st_size}, .mapped = true};
    memcpy(out->etag, sha256, sizeof out->etag);
    return true;
}

lp_code lp_representation_canonical(lp_slice document, lp_dialect dialect, lp_representation *out) {
    uint8_t digest[LP_SHA256_BYTES];
    uint8_t *bytes;
    size_t len;
    lp_code code = lp_canonical_copy(document, dialect, &bytes, &len);
    if (code != LP_OK) {
        return code;
    }
    if (!lp_digest(&lp_crypto_openssl, LP_SHA256, (lp_slice){bytes, len}, digest)) {
        free(bytes);
        return LP_LIMIT_MEMORY;
    }
    *out = (lp_representation){.bytes = {bytes, len}, .mapped = false};
    memcpy(out->etag, digest, sizeof out->etag);
    return LP_OK;
}

void lp_representation_free(lp_representation *representation) {
    if (representation->mapped) {
        munmap((void *)(uintptr_t)representation->bytes.ptr, representation->bytes.len);
    } else {
        free((void *)(uintptr_t)representation->bytes.ptr);
    }
    *representation = (lp_representation){.mapped = false};
}
