/* SPDX-License-Identifier: Apache-2.0 */
#include "settings.h"

#include "lampyr-host/config.h"

#include <stdio.h>
#include <string.h>

static const char *const dialects[] = {"tuf", "legacy", NULL};
static const char *const director_roles[] = {"full", "targets", NULL};
static const char *const time_sources[] = {"attested", "system", NULL};

enum { ROLES_TARGETS = 1, TIME_ATTESTED = 0, TIME_SYSTEM = 1, TIME_UNSET = -1 };

/* Choices, as lp_config_read() gives them. */
typedef struct choices {
    int director_dialect;
    int image_dialect;
    int director_roles;
    int time_source;
} choices;

static bool read_keys(const char *path, lp_settings *s, choices *c, char *message, size_t message_bytes) {
    lp_config_key keys[] = {
        LP_CONFIG_TEXT_KEY(s, serial, true),
        LP_CONFIG_TEXT_KEY(s, hardware, true),
        LP_CONFIG_TEXT_KEY(s, vehicle, false),
        LP_CONFIG_CHOICE_KEY(c, director_dialect, dialects),
        LP_CONFIG_CHOICE_KEY(c, image_dialect, dialects),
        LP_CONFIG_CHOICE_KEY(c, director_roles, director_roles),
        LP_CONFIG_CHOICE_KEY(c, time_source, time_sources),
        LP_CONFIG_TEXT_KEY(s, director_url, true),
        LP_CONFIG_TEXT_KEY(s, image_url, false),
        LP_CONFIG_PATH_KEY(s, tls_ca, false),
        LP_CONFIG_PATH_KEY(s, tls_certificate, false),
        LP_CONFIG_PATH_KEY(s, tls_key, false),
        LP_CONFIG_PATH_KEY(s, key, true),
        LP_CONFIG_PATH_KEY(s, ecus, true),
        LP_CONFIG_PATH_KEY(s, director_root, true),
        LP_CONFIG_PATH_KEY(s, image_root, false),
        LP_CONFIG_PATH_KEY(s, map, false),
        LP_CONFIG_PATH_KEY(s, map_roots, false),
        LP_CONFIG_PATH_KEY(s, time, true),
        LP_CONFIG_PATH_KEY(s, state, true),
        LP_CONFIG_PATH_KEY(s, install_path, false),
        LP_CONFIG_TEXT_KEY(s, coap_listen, true),
        LP_CONFIG_UINT_KEY(s, block_bytes, 16, 1024),
        LP_CONFIG_UINT_KEY(s, poll_interval_seconds, 1, 31 * 24 * 3600),
        LP_CONFIG_UINT_KEY(s, wait_seconds, 0, 24 * 3600),
        {.name = NULL},
    };
    return lp_config_read(path, keys, message, message_bytes);
}

/* What no single key can tell. NULL if all is well. */
static const char *contradiction(const lp_settings *s) {
    if (s->director_dialect == LP_DIALECT_TUF && s->vehicle[0] == '\0') {
        return "vehicle: required when director_dialect is tuf";
    }
    bool mapped = s->map[0] != '\0';
    if (mapped != (s->map_roots[0] != '\0')) {
        return "map and map_roots: one needs the other";
    }
    if (mapped == (s->image_url[0] != '\0') || mapped == (s->image_root[0] != '\0')) {
        return mapped ? "image_url and image_root: not beside a map, which lists all image repositories"
                      : "image_url and image_root: required without a map";
    }
    if ((s->tls_certificate[0] == '\0') != (s->tls_key[0] == '\0')) {
        return "tls_certificate and tls_key: one needs the other";
    }
    if ((s->block_bytes & (s->block_bytes - 1)) != 0) {
        return "block_bytes: not a power of two";
    }
    return NULL;
}

bool lp_settings_read(const char *path, lp_settings *out, char *message, size_t message_bytes) {
    lp_settings settings = {.block_bytes = 1024, .poll_interval_seconds = 300, .wait_seconds = 60};
    choices chosen = {.time_source = TIME_UNSET};
    if (!read_keys(path, &settings, &chosen, message, message_bytes)) {
        return false;
    }
    settings.director_dialect = (lp_dialect)chosen.director_dialect;
    settings.image_dialect = (lp_dialect)chosen.image_dialect;
    settings.director_root_and_targets_only = chosen.director_roles == ROLES_TARGETS;
    if (chosen.time_source == TIME_UNSET) { /* directors of the legacy kind do not sign time */
        chosen.time_source = settings.director_dialect == LP_DIALECT_TUF ? TIME_ATTESTED : TIME_SYSTEM;
    }
    settings.attested_time = chosen.time_source == TIME_ATTESTED;
    const char *wrong = contradiction(&settings);
    if (wrong != NULL) {
        snprintf(message, message_bytes, "%s: %s", path, wrong);
        return false;
    }
    *out = settings;
    return true;
}
