/* SPDX-License-Identifier: Apache-2.0 */
#include "repositories.h"

#include "lampyr-host/files.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool fail(char *message, const char *what, const char *why) {
    snprintf(message, LP_REPOSITORIES_MESSAGE_BYTES, "%s: %s", what, why);
    return false;
}

/* "map.json: entry 2: threshold: the threshold is below 1 or above what can be reached (threshold_invalid)" */
static bool fail_map(char *message, const char *path, lp_code code, const lp_map_fault *fault) {
    char entry[40] = "";
    if (fault->entry > 0) {
        snprintf(entry, sizeof entry, "entry %zu: ", fault->entry);
    }
    bool subject = fault->subject.len > 0;
    snprintf(message, LP_REPOSITORIES_MESSAGE_BYTES, "%s: %s%.*s%s%s (%s)", path, entry,
             fault->subject.len < 200 ? (int)fault->subject.len : 200, subject ? fault->subject.ptr : "",
             subject ? ": " : "", lp_code_text(code), lp_code_name(code));
    return false;
}

static bool read_map(lp_repositories *r, const char *path, char *message) {
    lp_map_fault fault;
    size_t len;
    if (!lp_file_read(path, LP_MAP_BYTES, &r->file, &len)) {
        return fail(message, path, strerror(errno));
    }
    lp_scratch scratch = {NULL, lp_json_scratch_bytes(len)};
    scratch.ptr = malloc(scratch.bytes + 1);
    if (scratch.ptr == NULL) {
        return fail(message, path, "out of memory");
    }
    lp_code code = lp_map_read((lp_slice){r->file, len}, scratch, &r->map, &fault);
    free(scratch.ptr);
    return code == LP_OK || fail_map(message, path, code, &fault);
}

/* Takes the URLs out of the map, where they are escaped. */
static bool take_urls(lp_repository_memory *memory, lp_json urls, const char *map, char *message) {
    lp_json_iter iter = lp_json_iterate(urls);
    lp_json value;
    for (size_t i = 0; lp_json_next(&iter, NULL, &value); i++) {
        char url[LP_MAP_URL_BYTES];
        lp_str text;
        if (lp_json_string(value, &text) != LP_OK || lp_str_copy(text, url, sizeof url, NULL) != LP_OK ||
            !lp_fetch_base_valid(url)) {
            snprintf(message, LP_REPOSITORIES_MESSAGE_BYTES, "%s: not a folder or an http(s) URL: %.*s", map,
                     (int)value.len, value.ptr);
            return false;
        }
        memory->urls[i] = strdup(url);
        if (memory->urls[i] == NULL) {
            return fail(message, map, "out of memory");
        }
    }
    return true;
}

/* The root that a repository is provisioned with, or none. */
static bool take_root(lp_repositories *r, size_t at, const char *roots, bool required, char *message) {
    char path[LP_PATH_BYTES];
    char file[LP_MAP_NAME_BYTES + 16];
    size_t len;
    if (roots == NULL) {
        return true;
    }
    snprintf(file, sizeof file, "%s.root.json", r->map.names[at]);
    if (!lp_path_join(path, sizeof path, roots, file)) {
        return fail(message, roots, strerror(errno));
    }
    if (lp_file_read(path, lp_limits_gateway.root_bytes, &r->memory[at].root, &len)) {
        r->images[at].provisioned_root = (lp_slice){r->memory[at].root, len};
        return true;
    }
    r->memory[at].root = NULL;
    return (errno == ENOENT && !required) || fail(message, path, strerror(errno));
}

static bool open_image_repository(lp_repositories *r, size_t at, const char *map, char *message) {
    lp_repository_memory *memory = &r->memory[at];
    const char *name = r->map.names[at];
    if (!take_urls(memory, r->map.urls[at], map, message)) {
        return false;
    }
    snprintf(memory->folder, sizeof memory->folder, "%s/", name);
    r->images[at].base = memory->urls[0];
    r->images[at].others = (const char *const *)memory->urls + 1;
    r->images[at].folder = strcmp(name, lp_repo_name(LP_REPO_IMAGE)) != 0 ? memory->folder : NULL;
    return true;
}

bool lp_repositories_open(lp_repositories *r, const char *map, const char *roots, bool all_roots, lp_dialect dialect,
                          char message[LP_REPOSITORIES_MESSAGE_BYTES]) {
    memset(r, 0, sizeof *r);
    if (!read_map(r, map, message)) {
        return false;
    }
    r->sources = calloc(r->map.count, sizeof *r->sources);
    if (r->sources == NULL) {
        return fail(message, map, "out of memory");
    }
    for (size_t i = 0; i < r->map.count; i++) {
        r->images[i].dialect = dialect;
        if (!open_image_repository(r, i, map, message) || !take_root(r, i, roots, all_roots, message)) {
            return false;
        }
    }
    lp_repository_memory *director = &r->memory[LP_MAP_REPOSITORIES];
    if (r->map.director_urls.ptr != NULL) {
        r->director = (const char *const *)director->urls;
    }
    return take_urls(director, r->map.director_urls, map, message);
}

const char *lp_repositories_reason(const lp_map *map, const lp_drive *drive, const lp_error *error) {
    for (size_t i = 0; i < map->count; i++) {
        if (error->repository == map->names[i]) {
            return lp_drive_failure(drive, i);
        }
    }
    return "";
}

void lp_repositories_free(lp_repositories *r) {
    for (size_t i = 0; i <= LP_MAP_REPOSITORIES; i++) {
        for (size_t j = 0; j < LP_MAP_URLS; j++) {
            free(r->memory[i].urls[j]);
        }
        free(r->memory[i].root);
    }
    free(r->sources);
    free(r->file);
    memset(r, 0, sizeof *r);
}
