/* SPDX-License-Identifier: Apache-2.0 */
#include "verify.h"

#include "lampyr-host/log.h"
#include "lampyr-host/openssl.h"

#include <stdlib.h>
#include <string.h>

/* The verbs that the procedures share. */
typedef struct verbs {
    void (*next)(const void *machine, lp_ask *ask);
    void (*give)(void *machine, lp_slice bytes, lp_scratch scratch);
    void (*absent)(void *machine);
    void (*failed)(void *machine, lp_code code);
    void (*done)(void *machine, bool ok);
} verbs;

#define VERBS(procedure, type)                                                                                         \
    static void procedure##_next(const void *machine, lp_ask *ask) {                                                   \
        lp_##procedure##_next((const type *)machine, ask);                                                             \
    }                                                                                                                  \
    static void procedure##_give(void *machine, lp_slice bytes, lp_scratch scratch) {                                  \
        lp_##procedure##_give((type *)machine, bytes, scratch);                                                        \
    }                                                                                                                  \
    static void procedure##_absent(void *machine) {                                                                    \
        lp_##procedure##_absent((type *)machine);                                                                      \
    }                                                                                                                  \
    static void procedure##_failed(void *machine, lp_code code) {                                                      \
        lp_##procedure##_failed((type *)machine, code);                                                                \
    }                                                                                                                  \
    static void procedure##_done(void *machine, bool ok) {                                                             \
        lp_##procedure##_done((type *)machine, ok);                                                                    \
    }                                                                                                                  \
    static const verbs procedure##_verbs = {procedure##_next, procedure##_give, procedure##_absent,                    \
                                            procedure##_failed, procedure##_done};

VERBS(tuf, lp_tuf)
VERBS(search, lp_search)
VERBS(full, lp_full)
VERBS(partial, lp_partial)

/* One run: where its answers come from. */
typedef struct run {
    const vv_case *c;
    vv_source *source;
    const json_t *step;
    vv_outcome *out;
    lp_map *map; /* or NULL */
} run;

void vv_verdict_set(vv_verdict *verdict, const lp_error *error) {
    *verdict = (vv_verdict){.code = error->code, .repo = error->repo, .role = error->role, .clause = error->clause};
    snprintf(verdict->repository, sizeof verdict->repository, "%s", error->repository != NULL ? error->repository : "");
    lp_error_file(error, verdict->file, sizeof verdict->file);
}

/* --- answers --- */

/* "director", "image", or the name that the map gives an image repository. */
static const char *repository_of(const run *r, const lp_ask *ask) {
    return ask->repo == LP_REPO_IMAGE && r->map != NULL ? r->map->names[ask->place] : lp_repo_name(ask->repo);
}

static const json_t *member(const json_t *json, const char *name, const char *repository) {
    return json_object_get(json_object_get(json, name), repository);
}

static vv_found find_file(const run *r, const lp_ask *ask, lp_slice *bytes, lp_code *code) {
    char path[LP_URL_BYTES];
    if (ask->kind == LP_ASK_PROVISIONED) {
        return vv_source_read(r->source, member(r->c->json, "provisioned", repository_of(r, ask)), bytes, code);
    }
    if (lp_metadata_path(r->c->dialect[ask->repo], ask->role, ask->version, ask->name, path, sizeof path) != LP_OK) {
        *code = LP_UNREACHABLE;
        return VV_FAILED;
    }
    return vv_source_read(r->source, json_object_get(member(r->step, "files", repository_of(r, ask)), path), bytes,
                          code);
}

/* "image/supplier.json" */
static bool store_name(const run *r, const lp_ask *ask, char *out, size_t out_bytes) {
    char file[LP_URL_BYTES];
    return lp_store_name(ask->role, ask->name, file, sizeof file) == LP_OK &&
           snprintf(out, out_bytes, "%s/%s", repository_of(r, ask), file) < (int)out_bytes;
}

static void give(const verbs *v, void *machine, lp_slice bytes) {
    lp_scratch scratch = {.bytes = lp_json_scratch_bytes(bytes.len)};
    scratch.ptr = malloc(scratch.bytes);
    if (scratch.ptr == NULL) {
        vv_fatal("out of memory", "");
    }
    v->give(machine, bytes, scratch);
    free(scratch.ptr);
}

static void answer_fetch(const run *r, const verbs *v, void *machine, const lp_ask *ask) {
    lp_slice bytes;
    lp_code code;
    switch (find_file(r, ask, &bytes, &code)) {
    case VV_FOUND:
        give(v, machine, bytes);
        break;
    case VV_ABSENT:
        v->absent(machine);
        break;
    case VV_FAILED:
        v->failed(machine, code);
        break;
    }
}

static void answer_stored(const run *r, const verbs *v, void *machine, const lp_ask *ask) {
    char name[LP_URL_BYTES + LP_MAP_NAME_BYTES];
    lp_slice bytes;
    bool named = store_name(r, ask, name, sizeof name);
    if (ask->kind == LP_ASK_LOAD && named && vv_store_load(r->source, name, &bytes)) {
        give(v, machine, bytes);
    } else if (ask->kind == LP_ASK_LOAD) {
        v->absent(machine);
    } else if (ask->kind == LP_ASK_STORE && named) {
        vv_store_save(r->source, name, ask->data);
        v->done(machine, true);
    } else {
        vv_store_remove(r->source, name);
        v->done(machine, named);
    }
}

static void judged(const run *r, const lp_full *full);

/* Answers until the run ends; true if it ends with trust. */
static bool drive(const run *r, const verbs *v, void *machine) {
    lp_ask ask;
    for (;;) {
        v->next(machine, &ask);
        switch (ask.kind) {
        case LP_ASK_PROVISIONED:
        case LP_ASK_FETCH:
            answer_fetch(r, v, machine, &ask);
            break;
        case LP_ASK_LOAD:
        case LP_ASK_STORE:
        case LP_ASK_FORGET:
            answer_stored(r, v, machine, &ask);
            break;
        case LP_ASK_TARGET:
            judged(r, machine);
            v->done(machine, true);
            break;
        case LP_ASK_TRUSTED:
            return true;
        case LP_ASK_REFUSED:
            return false;
        }
    }
}

/* --- verdicts on images --- */

static vv_target_verdict *add_target(const run *r, lp_str name, const lp_error *error) {
    if (r->out->target_count == VV_TARGETS) {
        vv_fatal("too many images", r->c->name);
    }
    vv_target_verdict *target = &r->out->targets[r->out->target_count++];
    memset(target, 0, sizeof *target);
    if (lp_str_copy(name, target->name, sizeof target->name, NULL) != LP_OK) {
        target->name[0] = '\0';
    }
    vv_verdict_set(&target->verdict, error);
    return target;
}

static void describe(vv_target_verdict *target, const lp_target *as, bool consistent) {
    target->length_bytes = as->length_bytes;
    target->hashes = as->hashes;
    if (lp_image_path(consistent, target->name, &as->hashes, target->file, sizeof target->file) != LP_OK) {
        target->file[0] = '\0';
    }
}

static void judged(const run *r, const lp_full *full) {
    const lp_verdict *verdict = lp_full_verdict(full);
    vv_target_verdict *target = add_target(r, verdict->director.name, &verdict->error);
    target->installed = verdict->installed;
    describe(target, verdict->image.name.ptr != NULL ? &verdict->image : &verdict->director, verdict->consistent != 0);
    target->hashes = verdict->hashes;
}

/* --- procedures --- */

static lp_code read_map(vv_source *source, const json_t *entry, lp_map *map) {
    lp_map_fault fault;
    lp_slice file;
    lp_code code;
    if (vv_source_read(source, entry, &file, &code) != VV_FOUND) {
        vv_fatal("no file", "map");
    }
    lp_scratch scratch = {.bytes = lp_json_scratch_bytes(file.len)};
    scratch.ptr = malloc(scratch.bytes);
    code = lp_map_read(file, scratch, map, &fault);
    free(scratch.ptr);
    return code;
}

static void verify_map(const run *r) {
    lp_map map;
    lp_code code = read_map(r->source, json_object_get(r->step, "map"), &map);
    vv_verdict_set(&r->out->verdict, &(lp_error){.code = code, .clause = "Uptane 2.1.0, 5.2.6"});
}

static void verify_full(run *r) {
    const vv_case *c = r->c;
    const json_t *map = json_object_get(c->json, "map");
    lp_full *full = malloc(sizeof *full);
    lp_map *read = malloc(sizeof *read);
    lp_source *sources = calloc(LP_MAP_REPOSITORIES, sizeof *sources);
    if (full == NULL || read == NULL || sources == NULL) {
        vv_fatal("out of memory", c->name);
    }
    if (map != NULL && read_map(r->source, map, read) != LP_OK) {
        vv_fatal("no repository map", c->name);
    }
    r->map = map != NULL ? read : NULL;
    lp_full_begin(full, &(lp_full_config){.crypto = &lp_crypto_openssl,
                                          .limits = c->limits,
                                          .director_dialect = c->dialect[LP_REPO_DIRECTOR],
                                          .image_dialect = c->dialect[LP_REPO_IMAGE],
                                          .director_root_and_targets_only = c->director_root_and_targets_only,
                                          .now = vv_time(r->step, "time"),
                                          .vehicle = c->vehicle,
                                          .ecus = c->ecus,
                                          .ecu_count = c->ecu_count,
                                          .only_listed = c->only_listed,
                                          .always_check_image_repository = c->always_check_image_repository,
                                          .map = r->map,
                                          .sources = sources});
    if (!drive(r, &full_verbs, full)) {
        vv_verdict_set(&r->out->verdict, lp_full_error(full));
    }
    free(full);
    free(read);
    free(sources);
}

static void verify_partial(const run *r) {
    const vv_case *c = r->c;
    lp_partial *partial = malloc(sizeof *partial);
    if (partial == NULL || c->ecu_count != 1) {
        vv_fatal("not one ECU", c->name);
    }
    lp_partial_begin(partial, &(lp_partial_config){.crypto = &lp_crypto_openssl,
                                                   .limits = c->limits,
                                                   .dialect = c->dialect[LP_REPO_DIRECTOR],
                                                   .form = c->form,
                                                   .now = vv_time(r->step, "time"),
                                                   .vehicle = c->vehicle,
                                                   .serial = c->ecus[0].serial,
                                                   .hardware = c->ecus[0].hardware,
                                                   .counter_floor = c->ecus[0].counter_floor});
    if (!drive(r, &partial_verbs, partial)) {
        vv_verdict_set(&r->out->verdict, lp_partial_error(partial));
    } else if (lp_partial_target(partial) != NULL) {
        const lp_target *target = lp_partial_target(partial);
        describe(add_target(r, target->name, &(lp_error){.code = LP_OK}), target, false);
    }
    free(partial);
}

static void look_up(const run *r, const lp_tuf *tuf, const char *name) {
    const lp_error none = {.code = LP_TARGET_NOT_FOUND, .repo = LP_REPO_IMAGE, .role = LP_ROLE_TARGETS};
    lp_search *search = malloc(sizeof *search);
    if (search == NULL) {
        vv_fatal("out of memory", r->c->name);
    }
    lp_search_begin(search, tuf, lp_str_from(name), (lp_json){NULL, 0});
    bool ended = drive(r, &search_verbs, search);
    const lp_target *found = ended ? lp_search_result(search) : NULL;
    const lp_error good = {.code = LP_OK};
    const lp_error *error = !ended ? lp_search_error(search) : found == NULL ? &none : &good;
    vv_target_verdict *target = add_target(r, lp_str_from(name), error);
    if (found != NULL) {
        describe(target, found, lp_tuf_root(tuf)->consistent_snapshot);
    }
    if (r->out->verdict.code == LP_OK) {
        r->out->verdict = target->verdict;
    }
    free(search);
}

static void verify_tuf(const run *r) {
    const vv_case *c = r->c;
    lp_tuf *tuf = malloc(sizeof *tuf);
    if (tuf == NULL) {
        vv_fatal("out of memory", c->name);
    }
    lp_tuf_begin(tuf, &(lp_tuf_config){.repo = LP_REPO_IMAGE,
                                       .dialect = c->dialect[LP_REPO_IMAGE],
                                       .form = c->form,
                                       .limits = c->limits,
                                       .crypto = &lp_crypto_openssl,
                                       .now = vv_time(r->step, "time")});
    if (!drive(r, &tuf_verbs, tuf)) {
        vv_verdict_set(&r->out->verdict, lp_tuf_error(tuf));
    } else {
        size_t i;
        const json_t *name;
        json_array_foreach(json_object_get(r->step, "lookup"), i, name) {
            look_up(r, tuf, json_string_value(name));
        }
    }
    free(tuf);
}

void vv_verify(const vv_case *c, vv_source *source, const json_t *step, vv_outcome *out) {
    run r = {.c = c, .source = source, .step = step, .out = out};
    const char *procedure = vv_text(c->json, "procedure");
    memset(out, 0, sizeof *out);
    if (strcmp(procedure, "full") == 0) {
        verify_full(&r);
    } else if (strcmp(procedure, "map") == 0) {
        verify_map(&r);
    } else if (strcmp(procedure, "partial") == 0) {
        verify_partial(&r);
    } else if (strcmp(procedure, "tuf") == 0) {
        verify_tuf(&r);
    } else if (strcmp(procedure, "time") == 0) {
        vv_verify_time(c, source, step, out);
    } else if (strcmp(procedure, "report") == 0) {
        vv_verify_report(c, source, step, out);
    } else {
        vv_fatal("no such procedure", procedure);
    }
}
