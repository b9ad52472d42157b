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

static bool read_keys(const char *path, lp_settings *s, choices *c, char *message, size_t message_bytes) {
    lp_config_key keys[] = {
        LP_CONFIG_TEXT_KEY(s, serial, true),
        LP_CONFIG_TEXT_KEY(s, hardware, true),
        LP_CONFIG_TEXT_KEY(s, vendor, false),
        LP_CONFIG_TEXT_KEY(s, vehicle, false),
        LP_CONFIG_CHOICE_KEY(c, dialect, dialects),
        LP_CONFIG_CHOICE_KEY(c, image_dialect, dialects),
        LP_CONFIG_CHOICE_KEY(c, director_roles, director_roles),
        LP_CONFIG_TEXT_KEY(s, primary, true),
        LP_CONFIG_TEXT_KEY(s, listen, false),
        LP_CONFIG_PATH_KEY(s, key, true),
        LP_CONFIG_PATH_KEY(s, root, true),
        LP_CONFIG_PATH_KEY(s, targets, true),
        LP_CONFIG_PATH_KEY(s, image_root, false),
        LP_CONFIG_PATH_KEY(s, image, false),
        LP_CONFIG_PATH_KEY(s, time, true),
        LP_CONFIG_PATH_KEY(s, state, true),
        LP_CONFIG_UINT_KEY(s, poll_seconds, 1, 31 * DAY_SECONDS),
        LP_CONFIG_UINT_KEY(s, retry_milliseconds, 10, DAY_SECONDS * 1000),
        LP_CONFIG_UINT_KEY(s, confirm_seconds, 1, DAY_SECONDS),
        LP_CONFIG_UINT_KEY(s, slow_seconds, 1, DAY_SECONDS),
        LP_CONFIG_UINT_KEY(s, slow_bytes, 0, UINT32_MAX),
        LP_CONFIG_UINT_KEY(s, block_bytes, 16, 1024),
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
