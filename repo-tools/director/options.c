/* SPDX-License-Identifier: Apache-2.0 */
#include "options.h"

#include "lampyr-host/command_line.h"
#include "lampyr-host/config.h"

#include <getopt.h>
#include <stdlib.h>
#include <string.h>

const char lpd_options_help[] =
    "Usage: lampyr-director --director-repo DIR --image-repo DIR --db FILE [options]\n"
    "\n"
    "Serves the director and image repositories over HTTP, takes registrations and vehicle\n"
    "version manifests, answers signed time, and shows what it knows at /status.\n"
    "\n"
    "  --director-repo DIR       published director repositories: DIR/<vehicle>/director,\n"
    "                            or the metadata of a single vehicle right in DIR\n"
    "  --image-repo DIR          published image repository\n"
    "  --inventory DIR           ECUs and keys: DIR/<vehicle>/ecus.json (DIR/ecus.json for a\n"
    "                            single vehicle); optional in legacy: then the first\n"
    "                            registration of a vehicle is trusted\n"
    "  --dialect tuf|legacy      of manifests and signed time (default tuf)\n"
    "  --time-key FILE           private key that signs time; up to four times\n"
    "  --db FILE                 SQLite database, made if absent\n"
    "  --listen [ADDRESS]:PORT   default 127.0.0.1:8080; without an address, loopback;\n"
    "                            port 0 lets the kernel choose\n"
    "  --tls-cert FILE           certificate chain, PEM; with --tls-key, serves HTTPS\n"
    "  --tls-key FILE            its private key, PEM\n"
    "  --tls-client-ca FILE      clients must show a certificate of this CA, whose common\n"
    "                            name is the vehicle\n"
    "  --connections-per-ip N    default 64\n"
    "  --config FILE             read options from FILE and FILE.d (`name = value` lines)\n"
    "  --help, --version\n"
    "\n"
    "Exit status: 0 stopped by SIGTERM or SIGINT, 2 wrong usage or configuration,\n"
    "3 cannot listen, 4 the database cannot be used.\n";

static const char *const dialects[] = {"tuf", "legacy", NULL};

enum {
    CONFIG_FLAG = 256, /* values of getopt_long() beyond the indices of keys */
    HELP_FLAG,
    VERSION_FLAG,
    KEY_COUNT = 11,
};

/* Every option but --config, --help and --version, in `keys` with room for KEY_COUNT and an end. */
static void bind_keys(lpd_options *o, lp_config_key *keys) {
    const lp_config_key table[] = {
        {.name = "director-repo", .type = LP_CONFIG_PATH, .value = o->director_repo, .bytes = sizeof o->director_repo},
        {.name = "image-repo", .type = LP_CONFIG_PATH, .value = o->image_repo, .bytes = sizeof o->image_repo},
        {.name = "inventory", .type = LP_CONFIG_PATH, .value = o->inventory, .bytes = sizeof o->inventory},
        {.name = "dialect", .type = LP_CONFIG_CHOICE, .value = &o->dialect, .choices = dialects},
        {.name = "time-key", .type = LP_CONFIG_PATH, .value = o->time_keys[0], .bytes = sizeof o->time_keys[0]},
        {.name = "db", .type = LP_CONFIG_PATH, .value = o->db, .bytes = sizeof o->db},
        {.name = "listen", .type = LP_CONFIG_TEXT, .value = o->listen, .bytes = sizeof o->listen},
        {.name = "tls-cert", .type = LP_CONFIG_PATH, .value = o->tls_cert, .bytes = sizeof o->tls_cert},
        {.name = "tls-key", .type = LP_CONFIG_PATH, .value = o->tls_key, .bytes = sizeof o->tls_key},
        {.name = "tls-client-ca", .type = LP_CONFIG_PATH, .value = o->tls_client_ca, .bytes = sizeof o->tls_client_ca},
        {.name = "connections-per-ip",
         .type = LP_CONFIG_UINT,
         .value = &o->connections_per_ip,
         .min = 1,
         .max = LPD_CONNECTIONS},
        {.name = NULL},
    };
    _Static_assert(sizeof table / sizeof table[0] == KEY_COUNT + 1, "KEY_COUNT is the number of options");
    memcpy(keys, table, sizeof table);
}

static bool wrong_value(const lp_config_key *key, const char *value, char *message, size_t message_bytes) {
    snprintf(message, message_bytes, "--%s: '%s' is not possible; see --help", key->name, value);
    return false;
}

static bool set_choice(const lp_config_key *key, const char *value) {
    for (int i = 0; key->choices[i] != NULL; i++) {
        if (strcmp(key->choices[i], value) == 0) {
            *(int *)key->value = i;
            return true;
        }
    }
    return false;
}

static bool set_uint(const lp_config_key *key, const char *value) {
    size_t digits = strspn(value, "0123456789");
    uint64_t number = strtoull(value, NULL, 10);
    if (digits == 0 || digits > 18 || value[digits] != '\0' || number < key->min || number > key->max) {
        return false;
    }
    *(uint64_t *)key->value = number;
    return true;
}

static bool set_flag(const lp_config_key *key, const char *value, char *message, size_t message_bytes) {
    bool ok;
    switch (key->type) {
    case LP_CONFIG_CHOICE:
        ok = set_choice(key, value);
        break;
    case LP_CONFIG_UINT:
        ok = set_uint(key, value);
        break;
    default:
        ok = value[0] != '\0' && strlen(value) < key->bytes;
        if (ok) {
            snprintf(key->value, key->bytes, "%s", value);
        }
        break;
    }
    return ok || wrong_value(key, value, message, message_bytes);
}

/* The flag that is repeatable: the first replaces what the file says, others add to it. */
static bool add_time_key(lpd_options *o, size_t *seen, const char *value, char *message, size_t message_bytes) {
    if (*seen == LPD_TIME_KEYS) {
        snprintf(message, message_bytes, "--time-key: more than %d", LPD_TIME_KEYS);
        return false;
    }
    lp_config_key key = {
        .name = "time-key", .type = LP_CONFIG_PATH, .value = o->time_keys[*seen], .bytes = sizeof o->time_keys[*seen]};
    o->time_key_count = ++*seen;
    return set_flag(&key, value, message, message_bytes);
}

static void bind_flags(const lp_config_key *keys, struct option *flags) {
    for (int i = 0; i < KEY_COUNT; i++) {
        flags[i] = (struct option){.name = keys[i].name, .has_arg = required_argument, .val = i};
    }
    flags[KEY_COUNT] = (struct option){.name = "config", .has_arg = required_argument, .val = CONFIG_FLAG};
    flags[KEY_COUNT + 1] = (struct option){.name = "help", .val = HELP_FLAG};
    flags[KEY_COUNT + 2] = (struct option){.name = "version", .val = VERSION_FLAG};
    flags[KEY_COUNT + 3] = (struct option){.name = NULL};
}

/* Finds --config, --help and --version, and what is no flag at all. */
static lpd_options_result scan(int argc, char **argv, const struct option *flags, const char **config, char *message,
                               size_t message_bytes) {
    opterr = 0;
    optind = 1;
    int flag;
    while ((flag = getopt_long(argc, argv, "+:", flags, NULL)) != -1) {
        if (flag == HELP_FLAG) {
            return LPD_OPTIONS_HELP;
        }
        if (flag == VERSION_FLAG) {
            return LPD_OPTIONS_VERSION;
        }
        if (flag == '?' || flag == ':') {
            lp_option_wrong(flag, argv, message, message_bytes);
            return LPD_OPTIONS_WRONG;
        }
        if (flag == CONFIG_FLAG) {
            *config = optarg;
        }
    }
    if (optind < argc) {
        snprintf(message, message_bytes, "%s: only options are taken; see --help", argv[optind]);
        return LPD_OPTIONS_WRONG;
    }
    return LPD_OPTIONS_RUN;
}

static bool check(const lpd_options *o, char *message, size_t message_bytes) {
    const struct {
        bool ok;
        const char *text;
    } rules[] = {
        {o->director_repo[0] != '\0', "director-repo is required; see --help"},
        {o->image_repo[0] != '\0', "image-repo is required; see --help"},
        {o->db[0] != '\0', "db is required; see --help"},
        {o->dialect == LP_DIALECT_LEGACY || o->inventory[0] != '\0', "inventory is required in the tuf dialect"},
        {(o->tls_cert[0] == '\0') == (o->tls_key[0] == '\0'), "tls-cert and tls-key belong together"},
        {o->tls_client_ca[0] == '\0' || o->tls_cert[0] != '\0', "tls-client-ca needs tls-cert and tls-key"},
    };
    for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++) {
        if (!rules[i].ok) {
            snprintf(message, message_bytes, "%s", rules[i].text);
            return false;
        }
    }
    return true;
}

lpd_options_result lpd_options_read(int argc, char **argv, lpd_options *out, char *message, size_t message_bytes) {
    lp_config_key keys[KEY_COUNT + 1];
    struct option flags[KEY_COUNT + 4];
    *out = (lpd_options){.dialect = LP_DIALECT_TUF, .listen = "127.0.0.1:8080", .connections_per_ip = 64};
    bind_keys(out, keys);
    bind_flags(keys, flags);
    const char *config = NULL;
    lpd_options_result result = scan(argc, argv, flags, &config, message, message_bytes);
    if (result != LPD_OPTIONS_RUN) {
        return result;
    }
    if (config != NULL && !lp_config_read(config, keys, message, message_bytes)) {
        return LPD_OPTIONS_WRONG;
    }
    out->time_key_count = out->time_keys[0][0] != '\0' ? 1 : 0;
    size_t time_keys = 0;
    int flag;
    optind = 1;
    while ((flag = getopt_long(argc, argv, "+:", flags, NULL)) != -1) {
        if (flag == CONFIG_FLAG) {
            continue;
        }
        const lp_config_key *key = &keys[flag];
        const char *value = optarg != NULL ? optarg : "";
        bool ok = key->value == out->time_keys[0] ? add_time_key(out, &time_keys, value, message, message_bytes)
                                                  : set_flag(key, value, message, message_bytes);
        if (!ok) {
            return LPD_OPTIONS_WRONG;
        }
    }
    return check(out, message, message_bytes) ? LPD_OPTIONS_RUN : LPD_OPTIONS_WRONG;
}
