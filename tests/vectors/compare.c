/* SPDX-License-Identifier: Apache-2.0 */
#include "compare.h"

#include "lampyr-host/openssl.h"
#include "lampyr/encode.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct comparison {
    const char *of; /* what is compared: "", or the image's name and a space */
    char *text;
    size_t used;
} comparison;

static void differs(comparison *c, const char *what, const char *expected, const char *got) {
    int more = snprintf(c->text + c->used, VV_DIFFERENCES_BYTES - c->used, "%s%s%s: expected '%s', got '%s'",
                        c->used > 0 ? "; " : "", c->of, what, expected, got);
    c->used += more > 0 && c->used + (size_t)more < VV_DIFFERENCES_BYTES ? (size_t)more : 0;
}

/* A member that is not there is not compared. */
static void compare_text(comparison *c, const json_t *expect, const char *member, const char *got) {
    const char *expected = json_string_value(json_object_get(expect, member));
    if (expected != NULL && strcmp(expected, got) != 0) {
        differs(c, member, expected, got);
    }
}

static void compare_number(comparison *c, const json_t *expect, const char *member, uint64_t got) {
    const json_t *expected = json_object_get(expect, member);
    if (expected != NULL && (uint64_t)json_integer_value(expected) != got) {
        char a[LP_UINT_TEXT_BYTES];
        char b[LP_UINT_TEXT_BYTES];
        lp_uint_format((uint64_t)json_integer_value(expected), a);
        lp_uint_format(got, b);
        differs(c, member, a, b);
    }
}

static const char *word_for(lp_code code, bool installed) {
    switch (code) {
    case LP_OK:
        return installed ? "installed" : "accepted";
    case LP_UNREACHABLE:
    case LP_SLOW_RETRIEVAL:
    case LP_NO_TRUSTED_ROOT:
        return "failed";
    default:
        return "refused";
    }
}

/* The expected clause is a prefix: it may leave out the sub-step. */
static void compare_clause(comparison *c, const json_t *expect, const char *got) {
    const char *expected = json_string_value(json_object_get(expect, "clause"));
    const char *clause = got != NULL ? got : "";
    if (expected != NULL && strncmp(expected, clause, strlen(expected)) != 0) {
        differs(c, "clause", expected, clause);
    }
}

static void compare_verdict(comparison *c, const json_t *expect, const vv_verdict *got, bool installed) {
    compare_text(c, expect, "verdict", word_for(got->code, installed));
    compare_text(c, expect, "code", lp_code_name(got->code));
    compare_text(c, expect, "repository", lp_repo_name(got->repo));
    compare_text(c, expect, "repository_name", got->repository);
    compare_text(c, expect, "role", lp_role_name(got->role));
    compare_text(c, expect, "file", got->file);
    compare_clause(c, expect, got->clause);
}

/* --- images --- */

/* Feeds the image in pieces, as it would arrive. */
static lp_code check_image(const vv_target_verdict *target, lp_slice bytes) {
    enum { PIECE = 7 };
    lp_image_check check;
    lp_code code = lp_image_check_begin(&check, &lp_crypto_openssl, &target->hashes, target->length_bytes);
    if (code != LP_OK) {
        return code;
    }
    for (size_t at = 0; code == LP_OK && at < bytes.len; at += PIECE) {
        code = lp_image_check_update(&check, bytes.ptr + at, bytes.len - at < PIECE ? bytes.len - at : PIECE);
    }
    lp_code end = lp_image_check_end(&check);
    return code != LP_OK ? code : end;
}

/* What a download of the image comes to. */
static void compare_download(comparison *c, const json_t *expect, const vv_target_verdict *got, const json_t *files,
                             vv_source *source) {
    lp_slice bytes;
    lp_code code = LP_OK;
    if (json_object_get(expect, "download") == NULL) {
        return;
    }
    switch (vv_source_read(source, json_object_get(json_object_get(files, "image"), got->file), &bytes, &code)) {
    case VV_FOUND:
        code = check_image(got, bytes);
        break;
    case VV_ABSENT:
        code = LP_MISSING_FILE;
        break;
    case VV_FAILED:
        break;
    }
    compare_text(c, expect, "download", lp_code_name(code));
}

static const vv_target_verdict *find_target(const vv_outcome *outcome, const char *name) {
    for (size_t i = 0; i < outcome->target_count; i++) {
        if (strcmp(outcome->targets[i].name, name) == 0) {
            return &outcome->targets[i];
        }
    }
    return NULL;
}

static void compare_targets(comparison *c, const json_t *step, const vv_outcome *outcome, vv_source *source) {
    const json_t *targets = json_object_get(json_object_get(step, "expect"), "targets");
    size_t i;
    const json_t *expect;
    if (targets == NULL) {
        return;
    }
    if (json_array_size(targets) != outcome->target_count) {
        char expected[LP_UINT_TEXT_BYTES];
        char got[LP_UINT_TEXT_BYTES];
        lp_uint_format(json_array_size(targets), expected);
        lp_uint_format(outcome->target_count, got);
        differs(c, "number of images", expected, got);
    }
    json_array_foreach(targets, i, expect) {
        const char *name = vv_text(expect, "name");
        const vv_target_verdict *got = find_target(outcome, name);
        char of[LP_NAME_BYTES + 4];
        snprintf(of, sizeof of, "%s: ", name);
        c->of = of;
        if (got == NULL) {
            differs(c, "verdict", vv_text(expect, "verdict"), "none");
        } else {
            char digest[2 * LP_SHA256_BYTES + 1] = "";
            if (got->hashes.has_sha256) {
                lp_hex_encode(got->hashes.sha256, LP_SHA256_BYTES, digest);
            }
            compare_verdict(c, expect, &got->verdict, got->installed);
            compare_number(c, expect, "length", got->length_bytes);
            compare_text(c, expect, "sha256", digest);
            compare_download(c, expect, got, json_object_get(step, "files"), source);
        }
        c->of = "";
    }
}

/* --- trusted state --- */

/* The version that a file carries, 0 if it is damaged. */
static uint64_t version_in(const vv_case *c, lp_dialect dialect, lp_slice bytes) {
    lp_json document;
    uint64_t version = 0;
    lp_scratch scratch = {.bytes = lp_json_scratch_bytes(bytes.len)};
    scratch.ptr = malloc(scratch.bytes);
    if (lp_json_check(bytes, c->form, dialect, c->limits->json_depth, scratch, &document, NULL) == LP_OK) {
        (void)lp_json_uint(lp_json_get(lp_json_get(document, "signed"), "version"), &version);
    }
    free(scratch.ptr);
    return version;
}

/* The version of the trusted copy, 0 if there is none. A root that is not stored is the provisioned one. */
static uint64_t trusted_version(const vv_case *c, vv_source *source, const char *repository, const char *role) {
    char name[LP_URL_BYTES];
    lp_slice bytes;
    lp_code code;
    uint64_t version = 0;
    lp_dialect dialect = c->dialect[strcmp(repository, "director") == 0 ? LP_REPO_DIRECTOR : LP_REPO_IMAGE];
    snprintf(name, sizeof name, "%s/%s.json", repository, role);
    if (vv_store_load(source, name, &bytes)) {
        version = version_in(c, dialect, bytes);
    }
    const json_t *first = json_object_get(json_object_get(c->json, "provisioned"), repository);
    if (version == 0 && strcmp(role, "root") == 0 && vv_source_read(source, first, &bytes, &code) == VV_FOUND) {
        version = version_in(c, dialect, bytes);
    }
    return version;
}

static void compare_trusted(comparison *c, const vv_case *v, vv_source *source, const json_t *expect) {
    const char *repository;
    const char *role;
    json_t *roles;
    json_t *version;
    json_object_foreach(json_object_get(expect, "trusted"), repository, roles) {
        json_object_foreach(roles, role, version) {
            char of[LP_NAME_BYTES];
            snprintf(of, sizeof of, "trusted %s ", repository);
            c->of = of;
            compare_number(c, roles, role, trusted_version(v, source, repository, role));
            c->of = "";
        }
    }
}

bool vv_compare(const vv_case *c, vv_source *source, const json_t *step, const vv_outcome *outcome,
                char differences[VV_DIFFERENCES_BYTES]) {
    const json_t *expect = json_object_get(step, "expect");
    const json_t *fresh = json_object_get(expect, "fresh");
    comparison all = {.of = "", .text = differences};
    char time[LP_TIME_TEXT_BYTES];
    differences[0] = '\0';
    compare_verdict(&all, expect, &outcome->verdict, false);
    compare_targets(&all, step, outcome, source);
    compare_trusted(&all, c, source, expect);
    lp_time_format(outcome->time, time);
    compare_text(&all, expect, "time", time);
    compare_number(&all, expect, "counter", outcome->counter);
    if (fresh != NULL && json_is_true(fresh) != outcome->fresh) {
        differs(&all, "fresh", json_is_true(fresh) ? "true" : "false", outcome->fresh ? "true" : "false");
    }
    return all.used == 0;
}
