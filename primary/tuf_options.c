/* SPDX-License-Identifier: Apache-2.0 */
#include "tuf_options.h"

#include "fetch.h"

#include "lampyr-host/command_line.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char lpt_options_help[] =
    "Usage: lampyr-tuf --metadata-dir DIR init ROOT\n"
    "       lampyr-tuf --metadata-dir DIR --metadata-url URL|DIR refresh\n"
    "       lampyr-tuf --metadata-dir DIR --metadata-url URL|DIR --target-name NAME ...\n"
    "                  --target-base-url URL|DIR --target-dir DIR download\n"
    "\n"
    "A client of one TUF repository, with the command line of the TUF client conformance protocol.\n"
    "\n"
    "  init                       trust the root metadata in the file ROOT\n"
    "  refresh                    bring the trusted metadata up to date\n"
    "  download                   the same, then fetch and verify the named targets in order\n"
    "\n"
    "  --metadata-dir DIR         trusted metadata, as received: root.json, timestamp.json, ...\n"
    "  --metadata-url URL|DIR     metadata of the repository\n"
    "  --target-name NAME         a target to download; repeatable\n"
    "  --target-base-url URL|DIR  targets of the repository\n"
    "  --target-dir DIR           where verified targets are put, under their percent-encoded names\n"
    "  --help, --version\n"
    "\n"
    "Exit status: 0 done, 1 refused or failed; the reason is printed to standard error.\n";

enum option_id {
    METADATA_DIR,
    METADATA_URL,
    TARGET_BASE_URL,
    TARGET_DIR,
    SINGLE_COUNT, /* those above may stand once */
    TARGET_NAME,
    HELP,
    VERSION,
};

static const struct option flags[] = {
    {"metadata-dir", required_argument, NULL, METADATA_DIR},
    {"metadata-url", required_argument, NULL, METADATA_URL},
    {"target-base-url", required_argument, NULL, TARGET_BASE_URL},
    {"target-dir", required_argument, NULL, TARGET_DIR},
    {"target-name", required_argument, NULL, TARGET_NAME},
    {"help", no_argument, NULL, HELP},
    {"version", no_argument, NULL, VERSION},
    {NULL, 0, NULL, 0},
};

/* Where the value of each option that may stand once goes; flags[] has the same order. */
static const char **place_of(lpt_options *out, int id) {
    const char **places[SINGLE_COUNT] = {[METADATA_DIR] = &out->metadata_dir,
                                         [METADATA_URL] = &out->metadata_url,
                                         [TARGET_BASE_URL] = &out->target_base_url,
                                         [TARGET_DIR] = &out->target_dir};
    return places[id];
}

/* Collects the options before the verb. */
static lpt_options_result scan(int argc, char **argv, lpt_options *out, char *message, size_t message_bytes) {
    opterr = 0;
    int id;
    while ((id = getopt_long(argc, argv, "+:", flags, NULL)) != -1) {
        switch (id) {
        case HELP:
            return LPT_OPTIONS_HELP;
        case VERSION:
            return LPT_OPTIONS_VERSION;
        case '?':
        case ':':
            lp_option_wrong(id, argv, message, message_bytes);
            return LPT_OPTIONS_WRONG;
        case TARGET_NAME:
            out->target_names[out->target_count++] = optarg;
            break;
        default:
            if (*place_of(out, id) != NULL) {
                snprintf(message, message_bytes, "--%s was given twice", flags[id].name);
                return LPT_OPTIONS_WRONG;
            }
            *place_of(out, id) = optarg;
            break;
        }
    }
    return LPT_OPTIONS_RUN;
}

static bool read_verb(int argc, char **argv, lpt_options *out, char *message, size_t message_bytes) {
    static const char *const verbs[] = {[LPT_INIT] = "init", [LPT_REFRESH] = "refresh", [LPT_DOWNLOAD] = "download"};
    enum { VERB_COUNT = sizeof verbs / sizeof verbs[0] };
    int verb = 0;
    while (verb < VERB_COUNT && (optind == argc || strcmp(argv[optind], verbs[verb]) != 0)) {
        verb++;
    }
    if (verb == VERB_COUNT) {
        snprintf(message, message_bytes, "one of init, refresh and download is needed after the options; see --help");
        return false;
    }
    out->verb = (lpt_verb)verb;
    int more = verb == LPT_INIT ? 1 : 0;
    if (argc - optind - 1 != more) {
        snprintf(message, message_bytes, "%s",
                 more > 0 ? "init takes one file, the trusted root; see --help"
                          : "nothing may follow the verb; see --help");
        return false;
    }
    out->root = more > 0 ? argv[optind + 1] : NULL;
    return true;
}

static bool base_valid(const char *base) {
    return base == NULL || lp_fetch_base_valid(base);
}

static bool check(const lpt_options *o, char *message, size_t message_bytes) {
    const bool fetches = o->verb != LPT_INIT;
    const bool downloads = o->verb == LPT_DOWNLOAD;
    const struct {
        bool ok;
        const char *text;
    } rules[] = {
        {o->metadata_dir != NULL && o->metadata_dir[0] != '\0', "--metadata-dir is required"},
        {!fetches || o->metadata_url != NULL, "--metadata-url is required"},
        {base_valid(o->metadata_url), "--metadata-url: not a folder or an http(s) URL"},
        {!downloads || o->target_count > 0, "--target-name is required"},
        {!downloads || o->target_base_url != NULL, "--target-base-url is required"},
        {base_valid(o->target_base_url), "--target-base-url: not a folder or an http(s) URL"},
        {!downloads || (o->target_dir != NULL && o->target_dir[0] != '\0'), "--target-dir is required"},
    };
    for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++) {
        if (!rules[i].ok) {
            snprintf(message, message_bytes, "%s; see --help", rules[i].text);
            return false;
        }
    }
    return true;
}

lpt_options_result lpt_options_read(int argc, char **argv, lpt_options *out, char *message, size_t message_bytes) {
    *out = (lpt_options){.verb = LPT_INIT};
    out->target_names = calloc((size_t)argc + 1, sizeof *out->target_names);
    if (out->target_names == NULL) {
        snprintf(message, message_bytes, "out of memory");
        return LPT_OPTIONS_WRONG;
    }
    lpt_options_result result = scan(argc, argv, out, message, message_bytes);
    if (result == LPT_OPTIONS_RUN &&
        (!read_verb(argc, argv, out, message, message_bytes) || !check(out, message, message_bytes))) {
        result = LPT_OPTIONS_WRONG;
    }
    return result;
}

void lpt_options_free(lpt_options *options) {
    free(options->target_names);
    options->target_names = NULL;
}
