/* SPDX-License-Identifier: Apache-2.0 */
/* Runs a target over files and over the files in folders: seeds and findings as a test, with any compiler. */
#include "fuzz.h"

#include <dirent.h>
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

static bool replay_file(const char *path) {
    FILE *file = fopen(path, "rb");
    struct stat status;
    if (file == NULL || fstat(fileno(file), &status) != 0) {
        fprintf(stderr, "%s: %s\n", path, strerror(errno));
        if (file != NULL) {
            fclose(file);
        }
        return false;
    }
    size_t size = (size_t)status.st_size;
    uint8_t *bytes = malloc(size + 1);
    bool ok = bytes != NULL && fread(bytes, 1, size, file) == size;
    fclose(file);
    if (ok) {
        LLVMFuzzerTestOneInput(bytes, size);
    } else {
        fprintf(stderr, "%s: cannot be read\n", path);
    }
    free(bytes);
    return ok;
}

/* Replays a file or the files of a folder; false if one cannot be read. `*count` grows by those run. */
static bool replay(const char *path, size_t *count) {
    struct stat status;
    if (stat(path, &status) != 0 || !S_ISDIR(status.st_mode)) {
        *count += 1;
        return replay_file(path);
    }
    struct dirent **entries;
    int number = scandir(path, &entries, NULL, alphasort);
    bool ok = number >= 0;
    for (int i = 0; i < number; i++) {
        char inner[4096];
        if (entries[i]->d_name[0] != '.') {
            int len = snprintf(inner, sizeof inner, "%s/%s", path, entries[i]->d_name);
            ok = len > 0 && (size_t)len < sizeof inner && replay(inner, count) && ok;
        }
        free(entries[i]);
    }
    if (number >= 0) {
        free(entries);
    } else {
        fprintf(stderr, "%s: %s\n", path, strerror(errno));
    }
    return ok;
}

int main(int argc, char **argv) {
    size_t count = 0;
    bool ok = argc > 1;
    if (!ok) {
        fprintf(stderr, "usage: %s FILE|FOLDER...\n", argv[0]);
    }
    for (int i = 1; i < argc; i++) {
        ok = replay(argv[i], &count) && ok;
    }
    printf("%zu inputs\n", count);
    return ok ? 0 : 2;
}
