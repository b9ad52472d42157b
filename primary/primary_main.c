/* SPDX-License-Identifier: Apache-2.0 */
/* lampyr-primary: see lampyr-primary(8). */
#include "cycle.h"
#include "delivery.h"
#include "notify.h"

#include "lampyr-host/command_line.h"
#include "lampyr-host/files.h"
#include "lampyr-host/log.h"

#include <getopt.h>
#include <string.h>

static const char default_config[] = "/etc/lampyr/primary.conf";

static const char usage[] = "Usage: lampyr-primary [--config FILE] [--progress FILE] run|once\n"
                            "\n"
                            "  run                serve the secondaries and look for updates until SIGTERM;\n"
                            "                     SIGHUP or SIGUSR1: look now\n"
                            "  once               one update cycle; the exit status is its outcome\n"
                            "  --config FILE      configuration (/etc/lampyr/primary.conf)\n"
                            "  --progress FILE    append one JSON object per event; - is standard output\n"
                            "  --help, --version\n"
                            "\n"
                            "Exit status: 0 up to date or updated, 1 refused by verification, 2 usage or\n"
                            "configuration, 3 server not reached, 4 local state, 5 update pending.\n";

typedef struct arguments {
    const char *config;
    const char *progress;
    bool once;
} arguments;

/* Serves for ever; cycles at once, after each interval, and when asked. */
static lp_outcome serve(lp_gateway *gateway) {
    int64_t next = lp_loop_now_ms();
    lp_delivery_resume(gateway);
    lp_notify("READY=1");
    lp_log(LP_PROGRAM, LP_LOG_INFO, "ready");
    while (!gateway->loop.stop) {
        if (gateway->loop.wake || lp_loop_now_ms() >= next) {
            gateway->loop.wake = false;
            lp_cycle_run(gateway);
            next = lp_loop_now_ms() + (int64_t)gateway->settings.poll_interval_seconds * 1000;
        } else {
            int64_t again = lp_cycle_between(gateway);
            if (!gateway->loop.stop && !gateway->loop.wake) {
                lp_loop_step(&gateway->loop, again != LP_LOOP_FOREVER && again < next ? again : next);
            }
        }
    }
    lp_notify("STOPPING=1");
    return LP_OUTCOME_DONE;
}

static lp_outcome run(const arguments *args) {
    char message[LP_FETCH_MESSAGE_BYTES];
    lp_gateway gateway;
    lp_outcome outcome = lp_gateway_open(&gateway, args->config, args->progress, message, sizeof message);
    if (outcome != LP_OUTCOME_DONE) {
        lp_log(LP_PROGRAM, LP_LOG_ERROR, "%s", message);
    } else {
        lp_log(LP_PROGRAM, LP_LOG_INFO, "coap listening on %s", lp_coap_server_address(gateway.server));
        lp_progress_event(&gateway.progress, "listening", "s:s", "address", lp_coap_server_address(gateway.server));
        outcome = args->once ? lp_cycle_run(&gateway) : serve(&gateway);
    }
    lp_gateway_close(&gateway);
    return outcome;
}

static int wrong_usage(const char *what) {
    lp_log(LP_PROGRAM, LP_LOG_ERROR, "%s", what);
    return LP_OUTCOME_USAGE;
}

enum option_id { CONFIG = 1, PROGRESS, HELP, VERSION };

static const struct option options[] = {{"config", required_argument, NULL, CONFIG},
                                        {"progress", required_argument, NULL, PROGRESS},
                                        {"help", no_argument, NULL, HELP},
                                        {"version", no_argument, NULL, VERSION},
                                        {NULL, 0, NULL, 0}};

int main(int argc, char **argv) {
    arguments args = {.config = default_config};
    char message[LP_PATH_BYTES];
    lp_host_begin();
    opterr = 0;
    for (int option; (option = getopt_long(argc, argv, ":", options, NULL)) != -1;) {
        switch (option) {
        case CONFIG:
            args.config = optarg;
            break;
        case PROGRESS:
            args.progress = optarg;
            break;
        case HELP:
            fputs(usage, stdout);
            return LP_OUTCOME_DONE;
        case VERSION:
            puts(LP_PROGRAM " " LAMPYR_VERSION);
            return LP_OUTCOME_DONE;
        default:
            lp_option_wrong(option, argv, message, sizeof message);
            return wrong_usage(message);
        }
    }
    if (argc - optind != 1) {
        return wrong_usage("one command is needed, run or once; see --help");
    }
    args.once = strcmp(argv[optind], "once") == 0;
    if (!args.once && strcmp(argv[optind], "run") != 0) {
        return wrong_usage("the command must be run or once; see --help");
    }
    return run(&args);
}
