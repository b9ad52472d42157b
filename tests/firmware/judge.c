/* SPDX-License-Identifier: Apache-2.0 */
#include "judge.h"

#include "blob.h"

#include "lampyr/encode.h"
#include "lampyr/path.h"
#include "lampyr/uptane.h"

#include <string.h>

/* One vector's run, and what it trusts: copies stay where they were given from, as on a board that reads flash. */
typedef struct judge {
    const uint8_t *block;
    const blob_vector *vector;
    const blob_step *step;
    const judge_place *place;
    lp_slice root;
    lp_slice targets;
} judge;

static lp_slice slice_of(const judge *j, blob_bytes bytes) {
    return bytes.at != 0 ? (lp_slice){j->block + bytes.at, bytes.len} : (lp_slice){NULL, 0};
}

static const char *text_of(const judge *j, blob_bytes text) {
    return (const char *)slice_of(j, text).ptr;
}

static lp_dialect dialect_of(const judge *j) {
    return j->vector->legacy == 1 ? LP_DIALECT_LEGACY : LP_DIALECT_TUF;
}

/* --- lines --- */

static void put(const judge *j, const char *text) {
    j->place->write(text, strlen(text));
}

static void put_number(const judge *j, const char *before, uint64_t number) {
    char text[LP_UINT_TEXT_BYTES];
    size_t len = lp_uint_format(number, text);
    put(j, before);
    j->place->write(text, len);
}

static void put_word(const judge *j, const char *word) {
    put(j, " ");
    put(j, word[0] != '\0' ? word : "-");
}

/* The version that a trusted copy carries, 0 if there is none or it is damaged. */
static uint64_t version_of(const judge *j, lp_slice file) {
    lp_json document;
    uint64_t version = 0;
    if (file.ptr != NULL && lp_json_check(file, LP_JSON_CANONICAL, dialect_of(j), lp_limits_constrained.json_depth,
                                          (lp_scratch){NULL, 0}, &document, NULL) == LP_OK) {
        (void)lp_json_uint(lp_json_get(lp_json_get(document, "signed"), "version"), &version);
    }
    return version;
}

static void put_image(const judge *j, const lp_target *image) {
    char digest[2 * LP_SHA256_BYTES + 1] = "-";
    put(j, " image=");
    if (image == NULL) {
        put(j, "-");
        return;
    }
    if (image->hashes.has_sha256) {
        lp_hex_encode(image->hashes.sha256, LP_SHA256_BYTES, digest);
    }
    j->place->write(image->name.ptr, image->name.len);
    put_number(j, ",", image->length_bytes);
    put(j, ",");
    put(j, digest);
}

static void put_verdict(const judge *j, uint32_t number, const lp_partial *partial) {
    const lp_error *error = lp_partial_error(partial);
    /* A root that was never stored is the provisioned one. */
    uint64_t root = version_of(j, j->root);
    put(j, text_of(j, j->vector->name));
    put_number(j, " ", number);
    put_word(j, lp_code_name(error->code));
    put_word(j, lp_repo_name(error->repo));
    put_word(j, lp_role_name(error->role));
    put_number(j, " root=", root != 0 ? root : version_of(j, slice_of(j, j->vector->provisioned)));
    put_number(j, " targets=", version_of(j, j->targets));
    put_image(j, lp_partial_target(partial));
}

/* --- answers --- */

static const blob_file *find(const judge *j, blob_list files, const char *name) {
    const blob_file *file = (const blob_file *)(const void *)(j->block + files.at);
    for (uint32_t i = 0; i < files.count; i++) {
        if (strcmp(text_of(j, file[i].name), name) == 0) {
            return &file[i];
        }
    }
    return NULL;
}

static void give(lp_partial *partial, lp_slice bytes) {
    if (bytes.ptr != NULL) {
        lp_partial_give(partial, bytes, (lp_scratch){NULL, 0});
    } else {
        lp_partial_absent(partial);
    }
}

static lp_code code_named(const char *name) {
    int code = LP_OK;
    while (code < LP_STATE && strcmp(lp_code_name((lp_code)code), name) != 0) {
        code++;
    }
    return (lp_code)code;
}

static void fetch(const judge *j, lp_partial *partial, const lp_ask *ask) {
    char path[LP_URL_BYTES];
    const blob_file *file = NULL;
    if (lp_metadata_path(dialect_of(j), ask->role, ask->version, "", path, sizeof path) == LP_OK) {
        file = find(j, j->step->files, path);
    }
    if (file != NULL && file->fails.at != 0) {
        lp_partial_failed(partial, code_named(text_of(j, file->fails)));
    } else {
        give(partial, file != NULL ? slice_of(j, file->bytes) : (lp_slice){NULL, 0});
    }
}

/* Answers until the run ends. */
static void drive(judge *j, lp_partial *partial) {
    lp_ask ask;
    for (;;) {
        lp_partial_next(partial, &ask);
        lp_slice *copy = ask.role == LP_ROLE_ROOT ? &j->root : &j->targets;
        switch (ask.kind) {
        case LP_ASK_LOAD:
            give(partial, *copy);
            break;
        case LP_ASK_PROVISIONED:
            give(partial, slice_of(j, j->vector->provisioned));
            break;
        case LP_ASK_FETCH:
            fetch(j, partial, &ask);
            break;
        case LP_ASK_STORE:
            *copy = ask.data;
            lp_partial_done(partial, true);
            break;
        case LP_ASK_FORGET:
            *copy = (lp_slice){NULL, 0};
            lp_partial_done(partial, true);
            break;
        case LP_ASK_TARGET:
        case LP_ASK_TRUSTED:
        case LP_ASK_REFUSED:
            return;
        }
    }
}

/* --- vectors --- */

/* Puts a stored copy where the step wants it. */
static void replace(const judge *j, const char *role, lp_slice *copy) {
    const blob_file *file = find(j, j->step->stored, role);
    if (file != NULL) {
        *copy = slice_of(j, file->bytes);
    }
}

static uint64_t count(const judge *j) {
    return j->place->count != NULL ? j->place->count() : 0;
}

static void run_step(judge *j, uint32_t number) {
    lp_partial partial;
    replace(j, "root", &j->root);
    replace(j, "targets", &j->targets);
    lp_partial_begin(&partial, &(lp_partial_config){.crypto = j->place->crypto,
                                                    .limits = &lp_limits_constrained,
                                                    .dialect = dialect_of(j),
                                                    .form = LP_JSON_CANONICAL,
                                                    .now = j->step->time,
                                                    .vehicle = text_of(j, j->vector->vehicle),
                                                    .serial = text_of(j, j->step->serial),
                                                    .hardware = text_of(j, j->step->hardware),
                                                    .counter_floor = j->step->counter_floor});
    uint64_t before = count(j);
    drive(j, &partial);
    uint64_t after = count(j);
    put_verdict(j, number, &partial);
    if (j->place->count != NULL) {
        put_number(j, " instructions=", after - before);
    }
    put(j, "\n");
}

bool judge_vectors(const uint8_t *block, const judge_place *place) {
    const blob_header *header = (const blob_header *)(const void *)block;
    judge j = {.block = block, .place = place};
    if (header->magic != BLOB_MAGIC) {
        put(&j, "no packed vectors\n");
        return false;
    }
    const blob_vector *vectors = (const blob_vector *)(const void *)(block + header->vectors.at);
    for (uint32_t v = 0; v < header->vectors.count; v++) {
        j.vector = &vectors[v];
        j.root = (lp_slice){NULL, 0};
        j.targets = (lp_slice){NULL, 0};
        const blob_step *steps = (const blob_step *)(const void *)(block + j.vector->steps.at);
        for (uint32_t s = 0; s < j.vector->steps.count; s++) {
            j.step = &steps[s];
            run_step(&j, s + 1);
        }
    }
    return true;
}
