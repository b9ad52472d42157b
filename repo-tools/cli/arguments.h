/* SPDX-License-Identifier: Apache-2.0 */
/* The command line: positionals and options, declared per command. */
#ifndef LAMPYR_REPO_ARGUMENTS_H
#define LAMPYR_REPO_ARGUMENTS_H

#include "lampyr-repo/edit.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum option {
    OPT_COUNTER,
    OPT_DIALECT,
    OPT_DIRECTOR_ROLES,
    OPT_DIRECTOR_URL,
    OPT_EXPIRES,
    OPT_EXPIRES_IN,
    OPT_FILE,
    OPT_FORCE,
    OPT_FORMAT,
    OPT_FROM,
    OPT_HARDWARE,
    OPT_IMAGE_DIALECT,
    OPT_IMAGE_ROOT,
    OPT_IMAGE_URL,
    OPT_JSON,
    OPT_KEY,
    OPT_KEY_TYPE,
    OPT_KEYS,
    OPT_NAME,
    OPT_PARENT,
    OPT_PATHS,
    OPT_PRIMARY,
    OPT_PRIMARY_ADDRESS, /* spelled --primary, too: with a value where it names an address */
    OPT_PUBLIC_KEY,
    OPT_REPOSITORY,
    OPT_ROLE,
    OPT_TERMINATING,
    OPT_THRESHOLD,
    OPT_TIME,
    OPT_VEHICLE,
    OPT_VENDOR,
    OPT_VERSION,
    OPTIONS,
} option;

enum { POSITIONALS_MAX = 4, LIST_MAX = 256 };

/* What a command takes. Masks have bit 1 << option. */
typedef struct arguments_spec {
    const char *positionals; /* names separated by a space, e.g. "DIR FILE" */
    uint64_t required;
    uint64_t optional;
} arguments_spec;

typedef struct arguments_list {
    const char *items[LIST_MAX];
    size_t count;
} arguments_list;

/* Strings are those of argv. */
typedef struct arguments {
    const char *positional[POSITIONALS_MAX];
    const char *value[OPTIONS]; /* NULL if not given; "" for options without a value */
    arguments_list hardware, paths, roles;
} arguments;

#define OPT(name) (UINT64_C(1) << OPT_##name)

/* Reads `argv` (without program and command). LPR_USAGE for anything the spec does not take. */
bool arguments_read(const arguments_spec *spec, int argc, char **argv, arguments *out, lpr_error *error);

/* Typed values of an option; `fallback` if it was not given. LPR_USAGE. */
bool arguments_uint(const arguments *args, option opt, uint64_t min, uint64_t max, uint64_t fallback, uint64_t *out,
                    lpr_error *error);
/* "365d", "12h", "30m" or "45s", in seconds. */
bool arguments_duration(const arguments *args, option opt, int64_t fallback, int64_t *out, lpr_error *error);
/* RFC 3339, in seconds since 1970. */
bool arguments_time(const arguments *args, option opt, int64_t fallback, int64_t *out, lpr_error *error);
/* Index into the NULL-terminated `choices`. */
bool arguments_choice(const arguments *args, option opt, const char *const *choices, int fallback, int *out,
                      lpr_error *error);

/* --key-type, ed25519 if not given; --dialect or --image-dialect. */
bool arguments_scheme(const arguments *args, lp_scheme *out, lpr_error *error);
bool arguments_dialect(const arguments *args, option opt, lp_dialect fallback, lp_dialect *out, lpr_error *error);

/* --role where only one is taken. */
bool arguments_role(const arguments *args, const char *fallback, const char **out, lpr_error *error);

lpr_list arguments_as_list(const arguments_list *list);

#endif
