/* SPDX-License-Identifier: Apache-2.0 */
#include "arguments.h"

#include "lampyr/encode.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef enum kind {
    FLAG,
    VALUE,
    REPEATED, /* a value each time it is given */
    LIST,     /* every word up to the next option */
} kind;

static const struct {
    const char *name;
    kind kind;
} options[OPTIONS] = {
    [OPT_COUNTER] = {"counter", VALUE},
    [OPT_DIALECT] = {"dialect", VALUE},
    [OPT_DIRECTOR_ROLES] = {"director-roles", VALUE},
    [OPT_DIRECTOR_URL] = {"director-url", VALUE},
    [OPT_EXPIRES] = {"expires", VALUE},
    [OPT_EXPIRES_IN] = {"expires-in", VALUE},
    [OPT_FILE] = {"file", VALUE},
    [OPT_FORCE] = {"force", FLAG},
    [OPT_FORMAT] = {"format", VALUE},
    [OPT_FROM] = {"from", VALUE},
    [OPT_HARDWARE] = {"hardware", LIST},
    [OPT_IMAGE_DIALECT] = {"image-dialect", VALUE},
    [OPT_IMAGE_ROOT] = {"image-root", VALUE},
    [OPT_IMAGE_URL] = {"image-url", VALUE},
    [OPT_JSON] = {"json", FLAG},
    [OPT_KEY] = {"key", VALUE},
    [OPT_KEY_TYPE] = {"key-type", VALUE},
    [OPT_KEYS] = {"keys", VALUE},
    [OPT_NAME] = {"name", VALUE},
    [OPT_PARENT] = {"parent", VALUE},
    [OPT_PATHS] = {"paths", LIST},
    [OPT_PRIMARY] = {"primary", FLAG},
    [OPT_PRIMARY_ADDRESS] = {"primary", VALUE},
    [OPT_PUBLIC_KEY] = {"public-key", VALUE},
    [OPT_REPOSITORY] = {"repository", VALUE},
    [OPT_ROLE] = {"role", REPEATED},
    [OPT_TERMINATING] = {"terminating", FLAG},
    [OPT_THRESHOLD] = {"threshold", VALUE},
    [OPT_TIME] = {"time", VALUE},
    [OPT_VEHICLE] = {"vehicle", VALUE},
    [OPT_VENDOR] = {"vendor", VALUE},
    [OPT_VERSION] = {"version", VALUE},
};

__attribute__((format(printf, 2, 3))) static bool fail(lpr_error *error, const char *format, ...) {
    va_list args;
    error->kind = LPR_USAGE;
    va_start(args, format);
    vsnprintf(error->text, sizeof error->text, format, args);
    va_end(args);
    return false;
}

/* Reading in progress. */
typedef struct reader {
    const arguments_spec *spec;
    int argc;
    char **argv;
    int next;
    size_t positionals;
    arguments *out;
    lpr_error *error;
} reader;

static size_t words_in(const char *text) {
    size_t count = text[0] != '\0';
    for (; *text != '\0'; text++) {
        count += *text == ' ';
    }
    return count;
}

/* The option that the command takes under this name; OPTIONS if none. */
static option find_option(const arguments_spec *spec, const char *name, size_t len) {
    for (option opt = 0; opt < OPTIONS; opt++) {
        bool taken = ((spec->required | spec->optional) >> opt & 1) != 0;
        if (taken && strncmp(options[opt].name, name, len) == 0 && options[opt].name[len] == '\0') {
            return opt;
        }
    }
    return OPTIONS;
}

static arguments_list *list_of(arguments *args, option opt) {
    return opt == OPT_HARDWARE ? &args->hardware : opt == OPT_PATHS ? &args->paths : &args->roles;
}

static bool add_to_list(reader *r, option opt, const char *item) {
    arguments_list *list = list_of(r->out, opt);
    if (list->count == LIST_MAX) {
        return fail(r->error, "--%s: more than %d values", options[opt].name, LIST_MAX);
    }
    list->items[list->count++] = item;
    r->out->value[opt] = list->items[0];
    return true;
}

static bool is_option(const char *word) {
    return strncmp(word, "--", 2) == 0;
}

static bool has_value(const reader *r) {
    return r->next < r->argc && !is_option(r->argv[r->next]);
}

static bool read_list(reader *r, option opt, const char *inline_value) {
    if (inline_value != NULL) {
        return add_to_list(r, opt, inline_value);
    }
    if (!has_value(r)) {
        return fail(r->error, "--%s needs a value", options[opt].name);
    }
    do {
        if (!add_to_list(r, opt, r->argv[r->next++])) {
            return false;
        }
    } while (options[opt].kind == LIST && has_value(r));
    return true;
}

static bool read_option(reader *r, const char *word) {
    const char *name = word + 2;
    const char *equals = strchr(name, '=');
    const char *value = equals != NULL ? equals + 1 : NULL;
    option opt = find_option(r->spec, name, equals != NULL ? (size_t)(equals - name) : strlen(name));
    if (opt == OPTIONS) {
        return fail(r->error, "unknown option `%s`", word);
    }
    if (options[opt].kind >= REPEATED) {
        return read_list(r, opt, value);
    }
    if (r->out->value[opt] != NULL) {
        return fail(r->error, "--%s is given twice", options[opt].name);
    }
    if (options[opt].kind == FLAG) {
        r->out->value[opt] = "";
        return value == NULL || fail(r->error, "--%s takes no value", options[opt].name);
    }
    if (value == NULL && !has_value(r)) {
        return fail(r->error, "--%s needs a value", options[opt].name);
    }
    r->out->value[opt] = value != NULL ? value : r->argv[r->next++];
    return true;
}

static bool read_word(reader *r) {
    const char *word = r->argv[r->next++];
    if (is_option(word)) {
        return read_option(r, word);
    }
    if (r->positionals == words_in(r->spec->positionals)) {
        return fail(r->error, "unexpected argument `%s`", word);
    }
    r->out->positional[r->positionals++] = word;
    return true;
}

bool arguments_read(const arguments_spec *spec, int argc, char **argv, arguments *out, lpr_error *error) {
    reader r = {.spec = spec, .argc = argc, .argv = argv, .out = out, .error = error};
    *out = (arguments){.positional = {NULL}};
    while (r.next < r.argc) {
        if (!read_word(&r)) {
            return false;
        }
    }
    if (r.positionals < words_in(spec->positionals)) {
        return fail(error, "expected %s", spec->positionals);
    }
    for (option opt = 0; opt < OPTIONS; opt++) {
        if ((spec->required >> opt & 1) != 0 && out->value[opt] == NULL) {
            return fail(error, "--%s is missing", options[opt].name);
        }
    }
    return true;
}

/* The digits at the start of `text`; `*end` is what follows them. */
static bool read_number(const char *text, uint64_t *out, const char **end) {
    char *stop;
    errno = 0;
    *out = strtoull(text, &stop, 10);
    *end = stop;
    return text[0] >= '0' && text[0] <= '9' && errno == 0;
}

bool arguments_uint(const arguments *args, option opt, uint64_t min, uint64_t max, uint64_t fallback, uint64_t *out,
                    lpr_error *error) {
    const char *text = args->value[opt];
    const char *end;
    uint64_t number;
    if (text == NULL) {
        *out = fallback;
        return true;
    }
    if (!read_number(text, &number, &end) || *end != '\0' || number < min || number > max) {
        return fail(error, "--%s: `%s` is not a number from %ju to %ju", options[opt].name, text, (uintmax_t)min,
                    (uintmax_t)max);
    }
    *out = number;
    return true;
}

bool arguments_duration(const arguments *args, option opt, int64_t fallback, int64_t *out, lpr_error *error) {
    static const struct {
        char unit;
        uint32_t seconds;
    } units[] = {{'d', 86400}, {'h', 3600}, {'m', 60}, {'s', 1}};
    const uint64_t max_seconds = UINT64_C(86400) * 365 * 1000;
    const char *text = args->value[opt];
    const char *end;
    uint64_t number;
    if (text == NULL) {
        *out = fallback;
        return true;
    }
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
        if (read_number(text, &number, &end) && end[0] == units[i].unit && end[1] == '\0' && number > 0 &&
            number <= max_seconds / units[i].seconds) {
            *out = (int64_t)(number * units[i].seconds);
            return true;
        }
    }
    return fail(error, "--%s: `%s` is not a duration like 365d, 12h, 30m or 45s", options[opt].name, text);
}

bool arguments_time(const arguments *args, option opt, int64_t fallback, int64_t *out, lpr_error *error) {
    const char *text = args->value[opt];
    if (text == NULL) {
        *out = fallback;
        return true;
    }
    return lp_time_parse((lp_str){text, strlen(text)}, out) == LP_OK ||
           fail(error, "--%s: `%s` is not a time like 2030-01-31T12:00:00Z", options[opt].name, text);
}

bool arguments_choice(const arguments *args, option opt, const char *const *choices, int fallback, int *out,
                      lpr_error *error) {
    const char *text = args->value[opt];
    if (text == NULL) {
        *out = fallback;
        return true;
    }
    char list[128] = "";
    for (int i = 0; choices[i] != NULL; i++) {
        if (strcmp(choices[i], text) == 0) {
            *out = i;
            return true;
        }
        size_t used = strlen(list);
        snprintf(list + used, sizeof list - used, "%s%s", i > 0 ? ", " : "", choices[i]);
    }
    return fail(error, "--%s: `%s` is none of: %s", options[opt].name, text, list);
}

bool arguments_scheme(const arguments *args, lp_scheme *out, lpr_error *error) {
    static const char *const names[] = {"ed25519", "ecdsa", "rsa", NULL};
    static const lp_scheme schemes[] = {LP_SCHEME_ED25519, LP_SCHEME_ECDSA_P256, LP_SCHEME_RSA_PSS};
    int index = 0;
    if (!arguments_choice(args, OPT_KEY_TYPE, names, 0, &index, error)) {
        return false;
    }
    *out = schemes[index];
    return true;
}

bool arguments_dialect(const arguments *args, option opt, lp_dialect fallback, lp_dialect *out, lpr_error *error) {
    static const char *const names[] = {"tuf", "legacy", NULL};
    int index = 0;
    if (!arguments_choice(args, opt, names, fallback == LP_DIALECT_LEGACY ? 1 : 0, &index, error)) {
        return false;
    }
    *out = index == 1 ? LP_DIALECT_LEGACY : LP_DIALECT_TUF;
    return true;
}

lpr_list arguments_as_list(const arguments_list *list) {
    return (lpr_list){list->items, list->count};
}

bool arguments_role(const arguments *args, const char *fallback, const char **out, lpr_error *error) {
    if (args->roles.count > 1) {
        return fail(error, "--role is given twice");
    }
    *out = args->roles.count == 1 ? args->roles.items[0] : fallback;
    return true;
}
