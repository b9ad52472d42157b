/* SPDX-License-Identifier: Apache-2.0 */
#include "files.h"

#include "lampyr-host/files.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static test_file *find(const test_files *files, const char *name) {
    for (size_t i = 0; i < files->count; i++) {
        if (strcmp(files->list[i].name, name) == 0) {
            return (test_file *)&files->list[i];
        }
    }
    return NULL;
}

void files_put(test_files *files, const char *name, lp_slice bytes) {
    uint8_t *copy = malloc(bytes.len > 0 ? bytes.len : 1);
    assert_non_null(copy);
    memcpy(copy, bytes.ptr, bytes.len);
    test_file *file = find(files, name);
    if (file == NULL) {
        assert_true(files->count < TEST_FILES);
        file = &files->list[files->count++];
        assert_true(snprintf(file->name, sizeof file->name, "%s", name) < (int)sizeof file->name);
    } else {
        free(file->bytes);
    }
    file->bytes = copy;
    file->len = bytes.len;
}

lp_slice files_get(const test_files *files, const char *name) {
    const test_file *file = find(files, name);
    return file == NULL ? (lp_slice){NULL, 0} : (lp_slice){file->bytes, file->len};
}

void files_remove(test_files *files, const char *name) {
    test_file *file = find(files, name);
    assert_non_null(file);
    free(file->bytes);
    *file = files->list[--files->count];
}

void files_damage(test_files *files, const char *name) {
    test_file *file = find(files, name);
    assert_non_null(file);
    file->bytes[file->len / 2] ^= 1;
}

void files_free(test_files *files) {
    for (size_t i = 0; i < files->count; i++) {
        free(files->list[i].bytes);
    }
    files->count = 0;
}

const char *shared_path(const char *path) {
    static char full[LP_PATH_BYTES];
    const char *shared = getenv("LAMPYR_SHARED");
    if (shared == NULL || snprintf(full, sizeof full, "%s/data/%s", shared, path) >= (int)sizeof full ||
        access(full, R_OK) != 0) {
        return NULL;
    }
    return full;
}

lp_slice shared_data(const char *path) {
    const char *full = shared_path(path);
    uint8_t *bytes;
    size_t len;
    if (full == NULL || !lp_file_read(full, 64 * 1024 * 1024, &bytes, &len)) {
        return (lp_slice){NULL, 0};
    }
    return (lp_slice){bytes, len};
}
