/* SPDX-License-Identifier: Apache-2.0 */
#include "settings.h"

#include "lampyr-host/config.h"

#include <stdio.h>
#include <string.h>

static const char *const dialects[] = {"tuf", "legacy", NULL};
static const char *const director_roles[] = {"full", "targets", NULL};

enum { ROLES_TARGETS = 1, UNSET = -1, DAY_SECONDS = 24 * 3600 };

/* Choices, as lp_config_read() gives them. */
typedef struct choices {
    int dialect;
    int image_dialect;
    int director_roles;
} choices;

#define TEXT(field, needed)                                                                                            \
    { .name = #field, .type = LP_CONFIG_TEXT, .value = s->field, .bytes = sizeof s->field, .required = (needed) }
#define PATH(field, needed)                                                                                            \
    { .name = #field, .type = LP_CONFIG_PATH, .value = s->field, .bytes = sizeof s->field, .required = (needed) }
#define CHOICE(field, list)                                                                                            \
    { .name = #field, .type = LP_CONFIG_CHOICE, .value = &c->field, .choices = (list) }
#define NUMBER(field, low, high)                                                                                       \
    { .name = #field, .type = LP_CONFIG_UINT, .value = &s->field, .min = (low), .max = (high) }

static bool read_keys(const char *path, lp_settings *s, choices *c, char *message, size_t message_bytes) {
    lp_config_key keys[] = {
        TEXT(serial, true),
        TEXT(hardware, true),
        TEXT(vendor, false),
        TEXT(vehicle, false),
        CHOICE(dialect, dialects),
        CHOICE(image_dialect, dialects),
        CHOICE(director_roles, director_roles),
        TEXT(primary, true),
        TEXT(listen, false),
        PATH(key, true),
        PATH(root, true),
        PATH(targets, true),
        PATH(image_root, false),
        PATH(image, false),
        PATH(time, true),
        PATH(state, true),
        NUMBER(poll_seconds, 1, 31 * DAY_SECONDS),
        NUMBER(retry_milliseconds, 10, DAY_SECONDS * 1000),
        NUMBER(confirm_seconds, 1, DAY_SECONDS),
        NUMBER(slow_seconds, 1, DAY_SECONDS),
        NUMBER(slow_bytes, 0, UINT32_MAX),
        NUMBER(block_bytes, 16, 1024),
        {.name = NULL},
    };
    return lp_config_read(path, keys, message, message_bytes);
}

/* What no single key can tell. NULL if all is well. */
static const char *contradiction(const lp_settings *s) {
    if (s->serial[0] == '\0' || strchr(s->serial, '/') != NULL) {
        return "serial: must not be empty nor contain '/'";
    }
    if (s->hardware[0] == '\0') {
        return "hardware: must not be empty";
    }
    if (s->dialect == LP_DIALECT_TUF && s->vehicle[0] == '\0') {
        return "vehicle: required when dialect is tuf";
    }
    if ((s->block_bytes & (s->block_bytes - 1)) != 0) {
        return "block_bytes: not a power of two";
    }
    return NULL;
}

bool lp_settings_read(const char *path, lp_settings *out, char *message, size_t message_bytes) {
    lp_settings settings = {.listen = "[::1]:0",
                            .poll_seconds = 60,
                            .retry_milliseconds = 250,
                            .confirm_seconds = 300,
                            .slow_seconds = 60,
                            .slow_bytes = 1024,
                            .block_bytes = 1024};
    choices chosen = {.image_dialect = UNSET};
    if (!read_keys(path, &settings, &chosen, message, message_bytes)) {
        return false;
    }
    settings.dialect = (lp_dialect)chosen.dialect;
    settings.image_dialect = chosen.image_dialect == UNSET ? settings.dialect : (lp_dialect)chosen.image_dialect;
    settings.director_root_and_targets_only = chosen.director_roles == ROLES_TARGETS;
    const char *wrong = contradiction(&settings);
    if (wrong != NULL) {
        snprintf(message, message_bytes, "%s: %s", path, wrong);
        return false;
    }
    *out = settings;
    return true;
}
