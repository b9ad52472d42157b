/* SPDX-License-Identifier: Apache-2.0 */
/* lampyr-secondary: a secondary ECU as a Linux process. */
#include "lampyr-host/command_line.h"
#include "lampyr-host/files.h"
#include "program.h"
#include "run.h"
#include "status.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>

enum { MESSAGE_BYTES = 1024 };

static const char help[] =
    "Usage: lampyr-secondary --config FILE run [--verify partial|full] [--once] [--progress FILE|-]\n"
    "       lampyr-secondary --config FILE status [--json]\n"
    "\n"
    "A secondary ECU: gets updates from its primary over CoAP, verifies them on its own, installs and reports.\n"
    "\n"
    "Commands:\n"
    "  run                    boot, and follow the primary until SIGTERM\n"
    "  status                 what runs, and what is remembered\n"
    "\n"
    "Options:\n"
    "  --config FILE          configuration (secondary.conf of the provisioning folder)\n"
    "  --verify partial|full  procedure; full needs the image repository's root (default: partial)\n"
    "  --once                 end when there is nothing more to do; the exit code says how it went\n"
    "  --progress FILE|-      write events as JSON lines\n"
    "  --json                 status as one JSON object\n"
    "  --help, --version\n"
    "\n"
    "Exit codes: 0 good, 1 refused, 2 usage or configuration, 3 primary not reached, 4 local state.\n";

enum option_id { OPT_CONFIG = 1, OPT_VERIFY, OPT_ONCE, OPT_PROGRESS, OPT_JSON, OPT_HELP, OPT_VERSION };

static const struct option options[] = {
    {"config", required_argument, NULL, OPT_CONFIG}, {"verify", required_argument, NULL, OPT_VERIFY},
    {"once", no_argument, NULL, OPT_ONCE},           {"progress", required_argument, NULL, OPT_PROGRESS},
    {"json", no_argument, NULL, OPT_JSON},           {"help", no_argument, NULL, OPT_HELP},
    {"version", no_argument, NULL, OPT_VERSION},     {NULL, 0, NULL, 0},
};

typedef struct command_line {
    const char *config;
    const char *command;
    bool json;
    bool run_option; /* one that only `run` takes was given */
    lp_run_options run;
} command_line;

static int usage(const char *what, const char *which) {
    lp_log(LP_PROGRAM, LP_LOG_ERROR, "%s%s; see --help", what, which);
    return LP_EXIT_USAGE;
}

/* Takes one option. True if it was good. */
static bool take_option(int option, command_line *out) {
    switch (option) {
    case OPT_CONFIG:
        out->config = optarg;
        return true;
    case OPT_VERIFY:
        out->run.full = strcmp(optarg, "full") == 0;
        out->run_option = true;
        return out->run.full || strcmp(optarg, "partial") == 0;
    case OPT_ONCE:
        out->run.once = true;
        out->run_option = true;
        return true;
    case OPT_PROGRESS:
        out->run.progress = optarg;
        out->run_option = true;
        return true;
    default:
        out->json = true;
        return true;
    }
}

/* True if there is a command to carry out; else `*exit_code` says what to end with. */
static bool parse(int argc, char **argv, command_line *out, int *exit_code) {
    int option;
    opterr = 0;
    *exit_code = LP_EXIT_GOOD;
    char message[MESSAGE_BYTES];
    while ((option = getopt_long(argc, argv, ":", options, NULL)) != -1) {
        if (option == OPT_HELP) {
            fputs(help, stdout);
            return false;
        }
        if (option == OPT_VERSION) {
            puts(LP_PROGRAM " " LAMPYR_VERSION);
            return false;
        }
        if (option == '?' || option == ':') {
            lp_option_wrong(option, argv, message, sizeof message);
            lp_log(LP_PROGRAM, LP_LOG_ERROR, "%s", message);
            *exit_code = LP_EXIT_USAGE;
            return false;
        }
        if (!take_option(option, out)) {
            *exit_code = usage("--verify: either partial or full, not ", optarg);
            return false;
        }
    }
    out->command = optind < argc ? argv[optind] : "";
    bool run = strcmp(out->command, "run") == 0;
    bool status = strcmp(out->command, "status") == 0;
    if (!run && !status) {
        *exit_code = usage("the command must be run or status", "");
    } else if (optind + 1 < argc) {
        *exit_code = usage("unexpected argument: ", argv[optind + 1]);
    } else if (out->config == NULL) {
        *exit_code = usage("--config is required", "");
    } else if ((run && out->json) || (status && out->run_option)) {
        *exit_code = usage("an option does not belong to the command ", out->command);
    }
    return *exit_code == LP_EXIT_GOOD;
}

int main(int argc, char **argv) {
    lp_settings settings;
    char message[MESSAGE_BYTES];
    command_line line = {.run = {.argv = argv}};
    int exit_code;
    lp_host_begin();
    if (!parse(argc, argv, &line, &exit_code)) {
        return exit_code;
    }
    if (!lp_settings_read(line.config, &settings, message, sizeof message)) {
        lp_log(LP_PROGRAM, LP_LOG_ERROR, "%s", message);
        return LP_EXIT_USAGE;
    }
    if (strcmp(line.command, "status") == 0) {
        return lp_status(&settings, line.json);
    }
    if (line.run.full && settings.image_root[0] == '\0') {
        lp_log(LP_PROGRAM, LP_LOG_ERROR, "%s: image_root is required with --verify full", line.config);
        return LP_EXIT_USAGE;
    }
    return lp_run(&settings, &line.run);
}
