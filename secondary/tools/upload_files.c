/* SPDX-License-Identifier: Apache-2.0 */
#include "upload_files.h"

#include "lampyr-host/canonical.h"
#include "lampyr-host/files.h"
#include "lampyr/limits.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct upload_folder {
    const char *path;
    lp_dialect dialect;
    char *message;
    size_t message_bytes;
} upload_folder;

static bool failed(const upload_folder *folder, const char *name, const char *why) {
    snprintf(folder->message, folder->message_bytes, "%s/%s: %s", folder->path, name, why);
    return false;
}

/* Reads a file; false with errno. */
static bool read_file(const upload_folder *folder, const char *name, size_t max_bytes, lp_slice *out) {
    char path[LP_PATH_BYTES];
    uint8_t *bytes;
    size_t len;
    if (!lp_path_join(path, sizeof path, folder->path, name) || !lp_file_read(path, max_bytes, &bytes, &len)) {
        return false;
    }
    *out = (lp_slice){bytes, len};
    return true;
}

static void release(lp_slice file) {
    free((void *)(uintptr_t)file.ptr);
}

/* Reads metadata of at most `max_bytes` in canonical form. An absent file is {NULL, 0} if it is `optional`. */
static bool read_metadata(const upload_folder *folder, const char *name, uint32_t max_bytes, bool optional,
                          lp_slice *out) {
    lp_slice served;
    uint8_t *bytes;
    size_t len;
    *out = (lp_slice){NULL, 0};
    if (!read_file(folder, name, lp_limits_gateway.root_bytes, &served)) {
        return (optional && errno == ENOENT) || failed(folder, name, strerror(errno));
    }
    lp_code code = lp_canonical_copy(served, folder->dialect, &bytes, &len);
    release(served);
    if (code != LP_OK) {
        return failed(folder, name, lp_code_text(code));
    }
    *out = (lp_slice){bytes, len};
    return out->len <= max_bytes || failed(folder, name, "longer than the board takes");
}

static bool read_roots(const upload_folder *folder, const lp_recover_board *board, lp_recover_files *files) {
    char name[32];
    for (;;) {
        lp_slice root;
        snprintf(name, sizeof name, "%" PRIu64 ".root.json", board->root_version + 1 + files->root_count);
        bool ok = read_metadata(folder, name, board->root_bytes, true, &root);
        if (!ok || root.ptr == NULL) {
            release(root);
            return ok;
        }
        if (files->root_count == board->root_slots || files->root_count == LP_RECOVER_ROOTS) {
            release(root);
            return failed(folder, name, "more roots than the board has room for");
        }
        files->roots[files->root_count++] = root;
    }
}

bool upload_files_read(const char *folder_path, const lp_recover_board *board, lp_recover_files *out, char *message,
                       size_t message_bytes) {
    upload_folder folder = {folder_path, board->dialect, message, message_bytes};
    memset(out, 0, sizeof *out);
    bool ok = read_roots(&folder, board, out) &&
              read_metadata(&folder, "targets.json", board->targets_bytes, false, &out->targets);
    if (ok && !read_file(&folder, "image", board->image_bytes, &out->image)) {
        ok = failed(&folder, "image", errno == EFBIG ? "longer than the board takes" : strerror(errno));
    }
    if (!ok) {
        upload_files_free(out);
    }
    return ok;
}

void upload_files_free(lp_recover_files *files) {
    for (size_t i = 0; i < files->root_count; i++) {
        release(files->roots[i]);
    }
    release(files->targets);
    release(files->image);
    memset(files, 0, sizeof *files);
}
