/* SPDX-License-Identifier: Apache-2.0 */
/* lampyr-director: start, wait for a signal, stop. */
#include "director.h"
#include "fleet.h"
#include "lampyr-host/files.h"
#include "options.h"
#include "server.h"
#include "store.h"

#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>

enum {
    EXIT_GOOD = 0,
    EXIT_CONFIG = 2,
    EXIT_TRANSPORT = 3,
    EXIT_STATE = 4,
    MESSAGE_BYTES = 2 * LP_PATH_BYTES,
};

static bool load_time_keys(lpd_director *director, char *message, size_t message_bytes) {
    const lpd_options *options = director->options;
    while (director->time_key_count < options->time_key_count) {
        const char *path = options->time_keys[director->time_key_count];
        lp_code code = lp_key_load(path, director->dialect, &director->time_keys[director->time_key_count]);
        if (code != LP_OK) {
            snprintf(message, message_bytes, "time-key: %s: %s", path,
                     code == LP_UNREACHABLE ? "cannot be read" : "not a private key of a known type (PKCS#8 PEM)");
            return false;
        }
        director->time_key_count++;
    }
    return true;
}

static bool open_folders(lpd_director *director, char *message, size_t message_bytes) {
    const lpd_options *options = director->options;
    struct stat info;
    if (stat(options->image_repo, &info) != 0 || !S_ISDIR(info.st_mode)) {
        snprintf(message, message_bytes, "image-repo: no folder %s", options->image_repo);
        return false;
    }
    const char *inventory = options->inventory[0] != '\0' ? options->inventory : NULL;
    return lpd_fleet_open(&director->fleet, options->director_repo, inventory, director->dialect, message,
                          message_bytes);
}

/* Serves until a signal comes. `signals` are blocked. */
static int serve(const lpd_director *director, const sigset_t *signals, char *message, size_t message_bytes) {
    lpd_server *server;
    char url[LPD_URL_BYTES];
    bool config;
    if (!lpd_server_start(director, &server, url, &config, message, message_bytes)) {
        return config ? EXIT_CONFIG : EXIT_TRANSPORT;
    }
    printf("listening on %s\n", url);
    fflush(stdout);
    int signal_number;
    sigwait(signals, &signal_number);
    lpd_server_stop(server);
    return EXIT_GOOD;
}

static int run(lpd_director *director, char *message, size_t message_bytes) {
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    sigprocmask(SIG_BLOCK, &signals, NULL);
    signal(SIGPIPE, SIG_IGN);
    int exit_code = EXIT_CONFIG;
    if (open_folders(director, message, message_bytes) && load_time_keys(director, message, message_bytes)) {
        exit_code = EXIT_STATE;
        if (lpd_store_open(director->options->db, &director->store, message, message_bytes)) {
            exit_code = serve(director, &signals, message, message_bytes);
            lpd_store_close(director->store);
        }
    }
    for (size_t i = 0; i < director->time_key_count; i++) {
        lp_key_free(&director->time_keys[i]);
    }
    return exit_code;
}

int main(int argc, char **argv) {
    lpd_options options;
    char message[MESSAGE_BYTES];
    lp_host_begin();
    switch (lpd_options_read(argc, argv, &options, message, sizeof message)) {
    case LPD_OPTIONS_HELP:
        fputs(lpd_options_help, stdout);
        return EXIT_GOOD;
    case LPD_OPTIONS_VERSION:
        puts(LPD_PROGRAM " " LAMPYR_VERSION);
        return EXIT_GOOD;
    case LPD_OPTIONS_WRONG:
        lp_log(LPD_PROGRAM, LP_LOG_ERROR, "%s", message);
        return EXIT_CONFIG;
    case LPD_OPTIONS_RUN:
        break;
    }
    lpd_director director = {.options = &options, .dialect = (lp_dialect)options.dialect};
    int exit_code = run(&director, message, sizeof message);
    if (exit_code != EXIT_GOOD) {
        lp_log(LPD_PROGRAM, LP_LOG_ERROR, "%s", message);
    }
    return exit_code;
}
