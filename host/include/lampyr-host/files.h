/* SPDX-License-Identifier: Apache-2.0 */
/* Files on Linux: whole, atomic, durable. All functions set errno when they fail. */
#ifndef LAMPYR_HOST_FILES_H
#define LAMPYR_HOST_FILES_H

#include "lampyr/slice.h"

#include <sys/types.h>

enum {
    LP_PATH_BYTES = 4096,
    LP_FILE_NAME_BYTES = 251, /* longest file name that lp_file_write() can write, terminated */
};

/* Makes a write beyond the process's file size limit fail with EFBIG, like a full disk, where it would end the
 * process otherwise (SIGXFSZ). Programs call it first. */
void lp_host_begin(void);

/* Reads a regular file of at most `max_bytes` into heap memory (terminated by a NUL that is not
 * counted); free() it. False with EFBIG if it is longer, EISDIR or EINVAL if it is no regular file. */
bool lp_file_read(const char *path, size_t max_bytes, uint8_t **out, size_t *out_len);

/* Replaces `path` atomically and durably: temporary file in the same folder, fsync, rename, fsync of the
 * folder. After a failure the old content is still there and no temporary file remains. */
bool lp_file_write(const char *path, lp_slice bytes, mode_t mode);

/* The same for a file that must not be there yet: EEXIST if it is. */
bool lp_file_create(const char *path, lp_slice bytes, mode_t mode);

/* Removes `path` durably; absent is success. */
bool lp_file_remove(const char *path);

/* Makes a folder and its parents. */
bool lp_folder_make(const char *path, mode_t mode);

/* Takes an exclusive lock on `<folder>/lock` for the life of the process (a second instance is refused).
 * Returns the descriptor, or -1 with EWOULDBLOCK if another process holds it. */
int lp_folder_lock(const char *folder);

/* Joins folder and name into `out`. False with ENAMETOOLONG if it does not fit. */
bool lp_path_join(char *out, size_t out_bytes, const char *folder, const char *name);

#endif
