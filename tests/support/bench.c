/* SPDX-License-Identifier: Apache-2.0 */
#include "bench.h"

#include "lampyr/path.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

test_bench *bench_make(lp_dialect dialect) {
    test_bench *b = calloc(1, sizeof *b);
    assert_non_null(b);
    repo_make(&b->director, LP_REPO_DIRECTOR, dialect);
    repo_make(&b->image, LP_REPO_IMAGE, dialect);
    files_put(&b->provisioned, "director/root.json", files_get(&b->director.files, "1.root.json"));
    files_put(&b->provisioned, "image/root.json", files_get(&b->image.files, "1.root.json"));
    return b;
}

void bench_free(test_bench *b) {
    repo_free(&b->director);
    repo_free(&b->image);
    files_free(&b->store);
    files_free(&b->provisioned);
    for (size_t i = 0; i < b->given_count; i++) {
        free(b->given[i]);
    }
    free(b);
}

int bench_set_up_tuf(void **state) {
    *state = bench_make(LP_DIALECT_TUF);
    return 0;
}

int bench_set_up_legacy(void **state) {
    *state = bench_make(LP_DIALECT_LEGACY);
    return 0;
}

int bench_tear_down(void **state) {
    bench_free(*state);
    return 0;
}

lp_tuf_config tuf_config(const test_repo *r) {
    return (lp_tuf_config){.repo = r->repo,
                           .dialect = r->dialect,
                           .form = LP_JSON_SERVED,
                           .limits = &lp_limits_gateway,
                           .crypto = &lp_crypto_openssl,
                           .now = TEST_NOW};
}

lp_full_config full_config(const test_bench *b, const lp_ecu *ecus, size_t count) {
    return (lp_full_config){.crypto = &lp_crypto_openssl,
                            .limits = &lp_limits_gateway,
                            .director_dialect = b->director.dialect,
                            .image_dialect = b->image.dialect,
                            .now = TEST_NOW,
                            .vehicle = TEST_VEHICLE,
                            .ecus = ecus,
                            .ecu_count = count};
}

lp_partial_config partial_config(const test_bench *b, const char *serial, const char *hardware) {
    return (lp_partial_config){.crypto = &lp_crypto_openssl,
                               .limits = &lp_limits_constrained,
                               .dialect = b->director.dialect,
                               .form = LP_JSON_CANONICAL,
                               .now = TEST_NOW,
                               .vehicle = TEST_VEHICLE,
                               .serial = serial,
                               .hardware = hardware};
}

/* Gives a copy of exact size that lives as long as the bench, and scratch that lives for the call only: a machine
 * that reads too far or keeps scratch is caught by the sanitizer. */
static void give(test_bench *b, const test_machine *m, lp_slice bytes) {
    uint8_t *copy = malloc(bytes.len > 0 ? bytes.len : 1);
    lp_scratch scratch = {malloc(lp_json_scratch_bytes(bytes.len) + 1), lp_json_scratch_bytes(bytes.len)};
    assert_non_null(copy);
    assert_non_null(scratch.ptr);
    assert_true(b->given_count < TEST_GIVEN);
    memcpy(copy, bytes.ptr, bytes.len);
    b->given[b->given_count++] = copy;
    machine_give(m, (lp_slice){copy, bytes.len}, scratch);
    free(scratch.ptr);
}

static void give_or_absent(test_bench *b, const test_machine *m, lp_slice bytes) {
    if (bytes.ptr == NULL) {
        machine_absent(m);
    } else {
        give(b, m, bytes);
    }
}

static void fetch(test_bench *b, const test_machine *m, const lp_ask *ask) {
    const test_repo *r = ask->repo == LP_REPO_DIRECTOR ? &b->director : &b->image;
    char path[TEST_NAME_BYTES];
    char full[TEST_NAME_BYTES + 16];
    assert_int_equal(lp_metadata_path(r->dialect, ask->role, ask->version, ask->name, path, sizeof path), LP_OK);
    snprintf(full, sizeof full, "%s/%s", lp_repo_name(ask->repo), path);
    size_t used = strlen(b->log);
    snprintf(b->log + used, sizeof b->log - used, " %s", full);
    if (b->fail_fetch != NULL && strcmp(b->fail_fetch, full) == 0) {
        machine_failed(m, b->fail_code);
    } else {
        give_or_absent(b, m, files_get(&r->files, path));
    }
}

static void note_verdict(test_bench *b, const lp_full *full) {
    const lp_verdict *v = lp_full_verdict(full);
    assert_non_null(v);
    assert_true(b->verdict_count < TEST_VERDICTS);
    test_verdict *note = &b->verdicts[b->verdict_count++];
    *note = (test_verdict){.code = v->error.code, .repo = v->error.repo, .installed = v->installed};
    assert_int_equal(lp_str_copy(v->director.name, note->name, sizeof note->name, NULL), LP_OK);
}

static void answer(test_bench *b, const test_machine *m, const lp_ask *ask) {
    char name[TEST_NAME_BYTES];
    char stored[TEST_NAME_BYTES + 16];
    if (ask->kind == LP_ASK_TARGET) {
        note_verdict(b, m->of.full);
        machine_done(m, true);
        return;
    }
    assert_int_equal(lp_store_name(ask->role, ask->name, name, sizeof name), LP_OK);
    snprintf(stored, sizeof stored, "%s/%s", lp_repo_name(ask->repo), name);
    switch (ask->kind) {
    case LP_ASK_LOAD:
        give_or_absent(b, m, files_get(&b->store, stored));
        break;
    case LP_ASK_PROVISIONED:
        give_or_absent(b, m, files_get(&b->provisioned, stored));
        break;
    case LP_ASK_FETCH:
        fetch(b, m, ask);
        break;
    case LP_ASK_STORE:
        if (b->fail_store != NULL && strcmp(b->fail_store, stored) == 0) {
            machine_done(m, false);
            break;
        }
        files_put(&b->store, stored, ask->data);
        machine_done(m, true);
        break;
    default: /* LP_ASK_FORGET */
        if (files_get(&b->store, stored).ptr != NULL) {
            files_remove(&b->store, stored);
        }
        machine_done(m, true);
        break;
    }
}

lp_code bench_run(test_bench *b, const test_machine *m) {
    lp_ask ask;
    b->answers = 0;
    b->killed = false;
    b->log[0] = '\0';
    b->verdict_count = 0;
    for (machine_next(m, &ask); ask.kind != LP_ASK_TRUSTED && ask.kind != LP_ASK_REFUSED; machine_next(m, &ask)) {
        if (b->stop_after != 0 && b->answers == b->stop_after) {
            b->killed = true;
            return LP_OK;
        }
        answer(b, m, &ask);
        b->answers++;
    }
    return ask.kind == LP_ASK_TRUSTED ? LP_OK : machine_error(m)->code;
}

lp_code run_tuf(test_bench *b, lp_tuf *tuf, const lp_tuf_config *config) {
    test_machine m = {.kind = MACHINE_TUF, .of.tuf = tuf};
    lp_tuf_begin(tuf, config);
    return bench_run(b, &m);
}

lp_code run_search(test_bench *b, lp_search *search, const lp_tuf *tuf, const char *image, lp_json ecus) {
    test_machine m = {.kind = MACHINE_SEARCH, .of.search = search};
    lp_search_begin(search, tuf, lp_str_from(image), ecus);
    return bench_run(b, &m);
}

lp_code run_full(test_bench *b, lp_full *full, const lp_full_config *config) {
    test_machine m = {.kind = MACHINE_FULL, .of.full = full};
    lp_full_begin(full, config);
    return bench_run(b, &m);
}

lp_code run_partial(test_bench *b, lp_partial *partial, const lp_partial_config *config) {
    test_machine m = {.kind = MACHINE_PARTIAL, .of.partial = partial};
    lp_partial_begin(partial, config);
    return bench_run(b, &m);
}

bool bench_fetched(const test_bench *b, const char *path) {
    char word[TEST_NAME_BYTES + 32];
    size_t len = (size_t)snprintf(word, sizeof word, " %s", path);
    for (const char *at = strstr(b->log, word); at != NULL; at = strstr(at + 1, word)) {
        if (at[len] == '\0' || at[len] == ' ') {
            return true;
        }
    }
    return false;
}

void assert_refused(const lp_error *error, lp_code code, lp_repo repo, lp_role role) {
    assert_string_equal(lp_code_name(error->code), lp_code_name(code));
    assert_string_equal(lp_repo_name(error->repo), lp_repo_name(repo));
    assert_string_equal(lp_role_name(error->role), lp_role_name(role));
    assert_non_null(error->clause);
    assert_true(error->clause[0] != '\0');
}

void assert_repo_trusted(test_bench *b, const lp_tuf_config *config) {
    lp_tuf tuf;
    lp_tuf_config usual = tuf_config(&b->image);
    assert_string_equal(lp_code_name(run_tuf(b, &tuf, config != NULL ? config : &usual)), lp_code_name(LP_OK));
    assert_int_equal(lp_tuf_root(&tuf)->doc.version, get_version(b->image.roles[LP_ROLE_ROOT]));
    assert_int_equal(lp_tuf_targets(&tuf)->doc.version, get_version(b->image.roles[LP_ROLE_TARGETS]));
}

void assert_repo_refused(test_bench *b, const lp_tuf_config *config, lp_code code, lp_role role) {
    lp_tuf tuf;
    lp_tuf_config usual = tuf_config(&b->image);
    assert_string_equal(lp_code_name(run_tuf(b, &tuf, config != NULL ? config : &usual)), lp_code_name(code));
    assert_refused(lp_tuf_error(&tuf), code, LP_REPO_IMAGE, role);
    assert_null(lp_tuf_targets(&tuf));
}

const test_verdict *bench_verdict(const test_bench *b, const char *name) {
    for (size_t i = 0; i < b->verdict_count; i++) {
        if (strcmp(b->verdicts[i].name, name) == 0) {
            return &b->verdicts[i];
        }
    }
    fail_msg("no verdict on %s", name);
    return NULL;
}
