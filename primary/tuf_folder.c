/* SPDX-License-Identifier: Apache-2.0 */
#include "tuf_folder.h"

#include "tuf_options.h"

#include "lampyr-host/log.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

/* False, after `message` says what could not be done. */
static bool explain(lpt_folder *folder, const char *what, const char *name) {
    snprintf(folder->message, sizeof folder->message, "cannot %s %s%s%s: %s", what, folder->path,
             name[0] != '\0' ? "/" : "", name, errno == EWOULDBLOCK ? "another process uses it" : strerror(errno));
    return false;
}

bool lpt_folder_open(lpt_folder *folder, const char *path, bool make) {
    *folder = (lpt_folder){.path = path, .lock = -1};
    if (make && !lp_folder_make(path, 0755)) {
        return explain(folder, "make the folder", "");
    }
    /* The folder itself is locked, so that nothing but metadata is ever in it. */
    folder->lock = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (folder->lock < 0 || flock(folder->lock, LOCK_EX | LOCK_NB) != 0) {
        return explain(folder, "use the folder", "");
    }
    return true;
}

void lpt_folder_close(lpt_folder *folder) {
    if (folder->lock >= 0) {
        close(folder->lock);
        folder->lock = -1;
    }
}

/* --- the calls of a metadata_store --- */

static bool load(void *ctx, lp_repo repo, const char *name, uint64_t max_bytes, uint8_t **out, size_t *out_len) {
    lpt_folder *folder = ctx;
    char path[LP_PATH_BYTES];
    (void)repo;
    if (lp_path_join(path, sizeof path, folder->path, name) && lp_file_read(path, (size_t)max_bytes, out, out_len)) {
        return true;
    }
    *out = NULL;
    *out_len = 0;
    return errno == ENOENT || errno == EFBIG || explain(folder, "read", name);
}

static bool save(void *ctx, lp_repo repo, const char *name, lp_slice bytes) {
    lpt_folder *folder = ctx;
    char path[LP_PATH_BYTES];
    (void)repo;
    if (!lp_path_join(path, sizeof path, folder->path, name) || !lp_file_write(path, bytes, 0644)) {
        return explain(folder, "write", name);
    }
    lp_log(LPT_PROGRAM, LP_LOG_INFO, "trusted: %s", name);
    return true;
}

static bool save_root(void *ctx, lp_repo repo, const char *name, uint64_t version, lp_slice bytes) {
    (void)version;
    return save(ctx, repo, name, bytes);
}

static bool forget(void *ctx, lp_repo repo, const char *name) {
    lpt_folder *folder = ctx;
    char path[LP_PATH_BYTES];
    (void)repo;
    if (!lp_path_join(path, sizeof path, folder->path, name) || !lp_file_remove(path)) {
        return explain(folder, "remove", name);
    }
    lp_log(LPT_PROGRAM, LP_LOG_INFO, "no longer trusted: %s", name);
    return true;
}

static const char *error(const void *ctx) {
    const lpt_folder *folder = ctx;
    return folder->message;
}

lp_metadata_store lpt_folder_metadata(lpt_folder *folder) {
    return (lp_metadata_store){
        .ctx = folder, .load = load, .save = save, .save_root = save_root, .forget = forget, .error = error};
}

bool lpt_folder_trust(lpt_folder *folder, lp_slice root) {
    return save(folder, LP_REPO_NONE, "root.json", root);
}
