/* SPDX-License-Identifier: Apache-2.0 */
#include "verify_options.h"

#include "lampyr-host/command_line.h"
#include "lampyr/encode.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

const char lpv_options_help[] =
    "Usage: lampyr-verify --state DIR --director URL|DIR --image URL|DIR\n"
    "                     --primary SERIAL=HWID [--ecu SERIAL=HWID ...] [options]\n"
    "       lampyr-verify --state DIR --map FILE --primary SERIAL=HWID [--ecu SERIAL=HWID ...] [options]\n"
    "       lampyr-verify --state DIR --director URL|DIR --partial SERIAL=HWID [options]\n"
    "\n"
    "Verifies what a vehicle would be told to install, and keeps what it trusts for the next time.\n"
    "\n"
    "  --state DIR               trusted metadata, kept between runs; made if absent\n"
    "  --director URL|DIR        director repository\n"
    "  --image URL|DIR           image repository\n"
    "  --map FILE                instead of --image: the repository map, for several image repositories\n"
    "  --primary SERIAL=HWID     the vehicle's primary ECU\n"
    "  --ecu SERIAL=HWID         another of its ECUs; repeatable\n"
    "  --partial SERIAL=HWID     partial verification for this ECU, on the director only\n"
    "  --vehicle ID              identifier of the vehicle; required if the director's dialect is tuf\n"
    "  --dialect tuf|legacy      of both repositories (default tuf); or one by one:\n"
    "  --director-dialect, --image-dialect tuf|legacy\n"
    "  --director-roles full|targets\n"
    "                            targets: the director has only root and targets (default full)\n"
    "  --director-root FILE      root of trust of the director, where none is stored\n"
    "  --image-root FILE         root of trust of the image repository, where none is stored\n"
    "  --map-roots DIR           roots of trust of the map's image repositories: NAME.root.json in DIR\n"
    "  --trust-first-root        take 1.root.json where none is given or stored\n"
    "  --installed SERIAL=SHA256 what the ECU runs; repeatable (default: every image is new)\n"
    "  --time RFC3339            verify as of this time (default: now)\n"
    "  --download DIR            fetch the images that would be installed into DIR and verify them\n"
    "  --json                    print one JSON object\n"
    "  --ca FILE                 certificate authorities for https (default: the system's)\n"
    "  --client-cert FILE, --client-key FILE\n"
    "                            certificate to show, and its key, PEM\n"
    "  --stall-timeout SECONDS   give up on a server that sends less than 1 KiB/s for so long\n"
    "                            (default 10)\n"
    "  --help, --version\n"
    "\n"
    "Exit status: 0 accepted, 1 refused, 2 wrong usage, 3 could not fetch or nothing to start from,\n"
    "4 the state or download folder cannot be used.\n";

enum option_id {
    CA = 1,
    CLIENT_CERT,
    CLIENT_KEY,
    DIALECT,
    DIRECTOR,
    DIRECTOR_DIALECT,
    DIRECTOR_ROLES,
    DIRECTOR_ROOT,
    DOWNLOAD,
    ECU,
    HELP,
    IMAGE,
    IMAGE_DIALECT,
    IMAGE_ROOT,
    INSTALLED,
    JSON,
    MAP,
    MAP_ROOTS,
    PARTIAL,
    PRIMARY,
    STALL_TIMEOUT,
    STATE,
    TIME,
    TRUST_FIRST_ROOT,
    VEHICLE,
    VERSION,
    OPTION_COUNT,
};

static const struct option flags[] = {
    {"ca", required_argument, NULL, CA},
    {"client-cert", required_argument, NULL, CLIENT_CERT},
    {"client-key", required_argument, NULL, CLIENT_KEY},
    {"dialect", required_argument, NULL, DIALECT},
    {"director", required_argument, NULL, DIRECTOR},
    {"director-dialect", required_argument, NULL, DIRECTOR_DIALECT},
    {"director-roles", required_argument, NULL, DIRECTOR_ROLES},
    {"director-root", required_argument, NULL, DIRECTOR_ROOT},
    {"download", required_argument, NULL, DOWNLOAD},
    {"ecu", required_argument, NULL, ECU},
    {"help", no_argument, NULL, HELP},
    {"image", required_argument, NULL, IMAGE},
    {"image-dialect", required_argument, NULL, IMAGE_DIALECT},
    {"image-root", required_argument, NULL, IMAGE_ROOT},
    {"installed", required_argument, NULL, INSTALLED},
    {"json", no_argument, NULL, JSON},
    {"map", required_argument, NULL, MAP},
    {"map-roots", required_argument, NULL, MAP_ROOTS},
    {"partial", required_argument, NULL, PARTIAL},
    {"primary", required_argument, NULL, PRIMARY},
    {"stall-timeout", required_argument, NULL, STALL_TIMEOUT},
    {"state", required_argument, NULL, STATE},
    {"time", required_argument, NULL, TIME},
    {"trust-first-root", no_argument, NULL, TRUST_FIRST_ROOT},
    {"vehicle", required_argument, NULL, VEHICLE},
    {"version", no_argument, NULL, VERSION},
    {NULL, 0, NULL, 0},
};

/* Options whose values are looked at only when all have been read. */
typedef struct pending {
    char *values[OPTION_COUNT]; /* of those that may stand once */
    char **ecus;
    size_t ecu_count;
    char **installed;
    size_t installed_count;
} pending;

static bool wrong(char *message, size_t message_bytes, const char *option, const char *value, const char *expected) {
    snprintf(message, message_bytes, "--%s: '%s' is not possible: %s; see --help", option, value, expected);
    return false;
}

static const char *name_of(int id) {
    for (const struct option *flag = flags; flag->name != NULL; flag++) {
        if (flag->val == id) {
            return flag->name;
        }
    }
    return "";
}

static bool set_dialect(const pending *given, int id, lp_dialect *out, char *message, size_t message_bytes) {
    const char *value = given->values[id];
    if (value == NULL) {
        return true;
    }
    if (strcmp(value, "tuf") == 0) {
        *out = LP_DIALECT_TUF;
    } else if (strcmp(value, "legacy") == 0) {
        *out = LP_DIALECT_LEGACY;
    } else {
        return wrong(message, message_bytes, name_of(id), value, "either tuf or legacy");
    }
    return true;
}

static bool set_dialects(const pending *given, lpv_options *out, char *message, size_t message_bytes) {
    if (!set_dialect(given, DIALECT, &out->director_dialect, message, message_bytes)) {
        return false;
    }
    out->image_dialect = out->director_dialect;
    return set_dialect(given, DIRECTOR_DIALECT, &out->director_dialect, message, message_bytes) &&
           set_dialect(given, IMAGE_DIALECT, &out->image_dialect, message, message_bytes);
}

static bool set_scalars(const pending *given, lpv_options *out, char *message, size_t message_bytes) {
    const char *roles = given->values[DIRECTOR_ROLES];
    if (roles != NULL && strcmp(roles, "full") != 0 && strcmp(roles, "targets") != 0) {
        return wrong(message, message_bytes, "director-roles", roles, "either full or targets");
    }
    out->director_targets_only = roles != NULL && strcmp(roles, "targets") == 0;
    const char *at = given->values[TIME];
    out->now = (int64_t)time(NULL);
    if (at != NULL && lp_time_parse((lp_str){at, strlen(at)}, &out->now) != LP_OK) {
        return wrong(message, message_bytes, "time", at, "a time looks like 2026-11-21T02:23:54Z");
    }
    const char *stall = given->values[STALL_TIMEOUT];
    if (stall != NULL) {
        char *end;
        unsigned long seconds = strtoul(stall, &end, 10);
        if (stall[0] < '0' || stall[0] > '9' || *end != '\0' || seconds < 1 || seconds > 3600) {
            return wrong(message, message_bytes, "stall-timeout", stall, "1 to 3600 seconds");
        }
        out->fetch.stall_seconds = (uint32_t)seconds;
    }
    return true;
}

static void set_texts(const pending *given, lpv_options *out) {
    out->state = given->values[STATE];
    out->director = given->values[DIRECTOR];
    out->image = given->values[IMAGE];
    out->director_root = given->values[DIRECTOR_ROOT];
    out->image_root = given->values[IMAGE_ROOT];
    out->map = given->values[MAP];
    out->map_roots = given->values[MAP_ROOTS];
    out->vehicle = given->values[VEHICLE];
    out->download = given->values[DOWNLOAD];
    out->fetch.ca_file = given->values[CA];
    out->fetch.client_certificate = given->values[CLIENT_CERT];
    out->fetch.client_key = given->values[CLIENT_KEY];
    out->partial = given->values[PARTIAL] != NULL;
    out->trust_first_root = given->values[TRUST_FIRST_ROOT] != NULL;
    out->json = given->values[JSON] != NULL;
}

/* Splits SERIAL=VALUE in place. */
static bool split(char *text, const char **serial, const char **value) {
    char *equals = strchr(text, '=');
    if (equals == NULL || equals == text || equals[1] == '\0') {
        return false;
    }
    *equals = '\0';
    *serial = text;
    *value = equals + 1;
    return true;
}

static lp_ecu *find_ecu(const lpv_options *options, const char *serial) {
    for (size_t i = 0; i < options->ecu_count; i++) {
        if (strcmp(options->ecus[i].serial, serial) == 0) {
            return &options->ecus[i];
        }
    }
    return NULL;
}

static bool add_ecu(lpv_options *out, const char *option, char *text, char *message, size_t message_bytes) {
    lp_ecu ecu = {.has_installed = false};
    if (!split(text, &ecu.serial, &ecu.hardware)) {
        return wrong(message, message_bytes, option, text, "it takes SERIAL=HWID");
    }
    if (find_ecu(out, ecu.serial) != NULL) {
        return wrong(message, message_bytes, option, ecu.serial, "this serial was given before");
    }
    out->ecus[out->ecu_count++] = ecu;
    return true;
}

static bool set_installed(const lpv_options *out, char *text, char *message, size_t message_bytes) {
    const char *serial;
    const char *digest;
    size_t len;
    if (!split(text, &serial, &digest)) {
        return wrong(message, message_bytes, "installed", text, "it takes SERIAL=SHA256");
    }
    lp_ecu *ecu = find_ecu(out, serial);
    if (ecu == NULL) {
        return wrong(message, message_bytes, "installed", serial, "no ECU with this serial was given");
    }
    if (lp_hex_decode((lp_str){digest, strlen(digest)}, ecu->installed_sha256, LP_SHA256_BYTES, &len) != LP_OK ||
        len != LP_SHA256_BYTES) {
        return wrong(message, message_bytes, "installed", digest, "a SHA-256 has 64 hex digits");
    }
    ecu->has_installed = true;
    return true;
}

static bool set_ecus(pending *given, lpv_options *out, char *message, size_t message_bytes) {
    out->ecus = calloc(given->ecu_count + 2, sizeof *out->ecus);
    out->ecu_count = 0;
    if (out->ecus == NULL) {
        snprintf(message, message_bytes, "out of memory");
        return false;
    }
    static const int single[] = {PARTIAL, PRIMARY};
    for (size_t i = 0; i < sizeof single / sizeof single[0]; i++) {
        char *text = given->values[single[i]];
        /* The partial procedure is about one ECU, whatever else the vehicle has. */
        if (text != NULL && !(single[i] == PRIMARY && out->partial) &&
            !add_ecu(out, name_of(single[i]), text, message, message_bytes)) {
            return false;
        }
    }
    for (size_t i = 0; i < given->ecu_count && !out->partial; i++) {
        if (!add_ecu(out, "ecu", given->ecus[i], message, message_bytes)) {
            return false;
        }
    }
    for (size_t i = 0; i < given->installed_count && !out->partial; i++) {
        if (!set_installed(out, given->installed[i], message, message_bytes)) {
            return false;
        }
    }
    return true;
}

static bool check(const pending *given, const lpv_options *o, char *message, size_t message_bytes) {
    const struct {
        bool ok;
        const char *text;
    } rules[] = {
        {o->state != NULL && o->state[0] != '\0', "--state is required"},
        {o->director != NULL || o->map != NULL, "--director is required, except with a --map that lists it"},
        {o->partial || o->image != NULL || o->map != NULL, "--image or --map is required, except with --partial"},
        {o->map == NULL || (o->image == NULL && o->image_root == NULL),
         "--map lists all image repositories: --image and --image-root are not for it"},
        {o->map == NULL || !o->partial, "--map: the partial procedure does not look at image repositories"},
        {o->map_roots == NULL || o->map != NULL, "--map-roots needs --map"},
        {o->partial || given->values[PRIMARY] != NULL, "--primary is required, except with --partial"},
        {o->director == NULL || lp_fetch_base_valid(o->director), "--director: not a folder or an http(s) URL"},
        {o->image == NULL || lp_fetch_base_valid(o->image), "--image: not a folder or an http(s) URL"},
        {o->vehicle == NULL || o->vehicle[0] != '\0', "--vehicle: the identifier is empty"},
        {o->director_dialect != LP_DIALECT_TUF || o->vehicle != NULL,
         "--vehicle is required when the director's dialect is tuf"},
        {!o->partial || o->download == NULL, "--download: the partial procedure does not look at images"},
        {o->fetch.client_key == NULL || o->fetch.client_certificate != NULL, "--client-key needs --client-cert"},
        {o->ecu_count <= LP_ECUS, "more ECUs than a vehicle may have"},
    };
    for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++) {
        if (!rules[i].ok) {
            snprintf(message, message_bytes, "%s; see --help", rules[i].text);
            return false;
        }
    }
    return true;
}

/* Takes what getopt_long() found last. False with a message if that is wrong. */
static bool take(pending *given, int id, char **argv, char *message, size_t message_bytes) {
    static char present[] = "";
    if (id == '?' || id == ':') {
        lp_option_wrong(id, argv, message, message_bytes);
        return false;
    }
    if (id == ECU) {
        given->ecus[given->ecu_count++] = optarg;
    } else if (id == INSTALLED) {
        given->installed[given->installed_count++] = optarg;
    } else if (given->values[id] != NULL) {
        snprintf(message, message_bytes, "--%s was given twice; see --help", name_of(id));
        return false;
    } else {
        given->values[id] = optarg != NULL ? optarg : present;
    }
    return true;
}

/* Collects the arguments, also those after one that is wrong: --json may be among them. The first message stays. */
static lpv_options_result scan(int argc, char **argv, pending *given, char *message, size_t message_bytes) {
    lpv_options_result result = LPV_OPTIONS_RUN;
    opterr = 0;
    int id;
    while ((id = getopt_long(argc, argv, ":", flags, NULL)) != -1) {
        if (id == HELP || id == VERSION) {
            return id == HELP ? LPV_OPTIONS_HELP : LPV_OPTIONS_VERSION;
        }
        if (!take(given, id, argv, message, result == LPV_OPTIONS_RUN ? message_bytes : 0)) {
            result = LPV_OPTIONS_WRONG;
        }
    }
    if (optind < argc && result == LPV_OPTIONS_RUN) {
        snprintf(message, message_bytes, "%s: only options are taken; see --help", argv[optind]);
        result = LPV_OPTIONS_WRONG;
    }
    return result;
}

lpv_options_result lpv_options_read(int argc, char **argv, lpv_options *out, char *message, size_t message_bytes) {
    pending given = {.ecu_count = 0};
    *out = (lpv_options){.fetch = lp_fetch_defaults};
    given.ecus = calloc((size_t)argc + 1, sizeof *given.ecus);
    given.installed = calloc((size_t)argc + 1, sizeof *given.installed);
    lpv_options_result result = LPV_OPTIONS_WRONG;
    if (given.ecus == NULL || given.installed == NULL) {
        snprintf(message, message_bytes, "out of memory");
    } else {
        result = scan(argc, argv, &given, message, message_bytes);
    }
    if (result == LPV_OPTIONS_RUN || result == LPV_OPTIONS_WRONG) {
        set_texts(&given, out); /* --json counts for messages about other options too */
    }
    if (result == LPV_OPTIONS_RUN &&
        (!set_dialects(&given, out, message, message_bytes) || !set_scalars(&given, out, message, message_bytes) ||
         !set_ecus(&given, out, message, message_bytes) || !check(&given, out, message, message_bytes))) {
        result = LPV_OPTIONS_WRONG;
    }
    free(given.ecus);
    free(given.installed);
    return result;
}

void lpv_options_free(lpv_options *options) {
    free(options->ecus);
    options->ecus = NULL;
}
