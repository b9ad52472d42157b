/* SPDX-License-Identifier: Apache-2.0 */
/* Runs the test vectors against the library: usage: vector-runner [-v] FOLDER [NAME ...]
 *
 * FOLDER is test-vectors/. Without names, all vectors run. Prints a line per vector that fails, with -v also per vector
 * that passes, and a count. Exit status: 0 if all passed, 1 if one failed, 2 if they cannot be read. */
#include "compare.h"

#include "lampyr-host/files.h"

#include <fts.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct runner {
    const char *folder;
    char **names;      /* terminated by NULL; none: all */
    size_t root_bytes; /* of each path, the part before the vector's name */
    bool verbose;
    unsigned passed;
    unsigned failed;
} runner;

/* Puts the stored copies where the step wants them. */
static void damage_store(vv_source *source, const json_t *step) {
    const char *repository;
    const char *role;
    json_t *roles;
    json_t *entry;
    json_object_foreach(json_object_get(step, "stored"), repository, roles) {
        json_object_foreach(roles, role, entry) {
            char name[LP_URL_BYTES];
            lp_slice bytes;
            lp_code code;
            snprintf(name, sizeof name, "%s/%s.json", repository, role);
            if (vv_source_read(source, entry, &bytes, &code) == VV_FOUND) {
                vv_store_save(source, name, bytes);
            } else {
                vv_store_remove(source, name);
            }
        }
    }
}

/* True if every step ends as expected; else one line says which did not. */
static bool run_case(const char *folder, const json_t *json) {
    vv_case c;
    vv_source source = {.folder = folder, .store = json_object()};
    vv_outcome *outcome = malloc(sizeof *outcome);
    char differences[VV_DIFFERENCES_BYTES];
    bool ok = true;
    size_t i;
    const json_t *step;
    if (source.store == NULL || outcome == NULL) {
        vv_fatal("out of memory", folder);
    }
    vv_case_read(&c, json);
    json_array_foreach(json_object_get(json, "steps"), i, step) {
        vv_case_step(&c, step);
        damage_store(&source, step);
        vv_verify(&c, &source, step, outcome);
        ok = vv_compare(&c, &source, step, outcome, differences);
        vv_source_forget(&source);
        if (!ok) {
            printf("FAIL %s, step %zu: %s\n", c.name, i + 1, differences);
            break;
        }
    }
    json_decref(source.store);
    free(outcome);
    return ok;
}

/* Is `path` the file of a vector that was asked for? */
static bool is_wanted(const runner *r, const char *path) {
    const char *name = path + r->root_bytes;
    for (char **wanted = r->names; *wanted != NULL; wanted++) {
        size_t len = strlen(*wanted);
        if (strncmp(*wanted, name, len) == 0 && strcmp(name + len, ".json") == 0) {
            return true;
        }
    }
    return r->names[0] == NULL;
}

static void run_file(runner *r, const char *path) {
    json_error_t where;
    if (!is_wanted(r, path)) {
        return;
    }
    json_t *json = json_load_file(path, JSON_REJECT_DUPLICATES, &where);
    if (json == NULL) {
        vv_fatal(path, where.text);
    }
    if (run_case(r->folder, json)) {
        r->passed++;
        if (r->verbose) {
            printf("ok %s\n", vv_text(json, "name"));
        }
    } else {
        r->failed++;
    }
    json_decref(json);
}

static int by_name(const FTSENT **a, const FTSENT **b) {
    return strcmp((*a)->fts_name, (*b)->fts_name);
}

int main(int argc, char **argv) {
    char vectors[LP_PATH_BYTES];
    bool verbose = argc > 1 && strcmp(argv[1], "-v") == 0;
    if (argc < 2 + verbose) {
        fputs("usage: vector-runner [-v] FOLDER [NAME ...]\n", stderr);
        return 2;
    }
    runner r = {.folder = argv[1 + verbose], .names = argv + 2 + verbose, .verbose = verbose};
    if (!lp_path_join(vectors, sizeof vectors, r.folder, "vectors")) {
        vv_fatal("the name is too long", r.folder);
    }
    r.root_bytes = strlen(vectors) + 1;
    FTS *tree = fts_open((char *[]){vectors, NULL}, FTS_LOGICAL | FTS_NOCHDIR, by_name);
    if (tree == NULL) {
        vv_fatal("cannot read", vectors);
    }
    for (const FTSENT *entry; (entry = fts_read(tree)) != NULL;) {
        if (entry->fts_info == FTS_F) {
            run_file(&r, entry->fts_path);
        } else if (entry->fts_info != FTS_D && entry->fts_info != FTS_DP) {
            vv_fatal("cannot read", entry->fts_path);
        }
    }
    fts_close(tree);
    if (r.passed + r.failed == 0) {
        vv_fatal("no such vector in", vectors);
    }
    printf("%u vectors passed, %u failed\n", r.passed, r.failed);
    return r.failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
