/* SPDX-License-Identifier: Apache-2.0 */
#include "run.h"

#include "clock.h"
#include "device.h"
#include "link.h"
#include "program.h"

#include "lampyr-host/openssl.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

enum { MESSAGE_BYTES = 512, MS = 1000 };

typedef struct secondary {
    const lp_settings *settings;
    const lp_run_options *options;
    lp_device device;
    lp_key key;
    union {
        lp_partial partial;
        lp_verifier_full_state full;
    } procedure;
    lp_verifier verifier;
    lp_agent_port port;
    lp_agent agent;
    lp_link *link;
    int signals; /* descriptor */
    uint64_t once_until_ms;
} secondary;

/* --- what the link hears --- */

static void on_response(void *ctx, const lp_response *response) {
    lp_agent_response(&((secondary *)ctx)->agent, lp_clock_ms(), response);
}

static void on_timeout(void *ctx) {
    lp_agent_timeout(&((secondary *)ctx)->agent, lp_clock_ms());
}

static void on_notified(void *ctx, lp_slice body) {
    lp_agent_notify(&((secondary *)ctx)->agent, lp_clock_ms(), body);
}

static void on_poked(void *ctx) {
    lp_agent_poke(&((secondary *)ctx)->agent, lp_clock_ms());
}

/* --- setting up --- */

static int open_signals(void) {
    sigset_t set;
    signal(SIGPIPE, SIG_IGN); /* who reads the progress may go away */
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigprocmask(SIG_BLOCK, &set, NULL);
    return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

static int open_device(secondary *s) {
    const char *state = s->settings->state;
    if (!lp_folder_make(state, 0700) || lp_folder_lock(state) < 0) {
        lp_log(LP_PROGRAM, LP_LOG_ERROR, "cannot use state folder %s: %s", state,
               errno == EWOULDBLOCK ? "another lampyr-secondary runs on it" : strerror(errno));
        return LP_EXIT_STATE;
    }
    s->device.tell = (lp_tell){.serial = s->settings->serial, .primary = s->settings->primary};
    if (!lp_progress_open(&s->device.tell.progress, s->options->progress)) {
        lp_log(LP_PROGRAM, LP_LOG_ERROR, "cannot write %s: %s", s->options->progress, strerror(errno));
        return LP_EXIT_USAGE;
    }
    int exit_code = lp_device_open(&s->device, s->settings, s->options->full);
    if (exit_code != LP_EXIT_GOOD) {
        return exit_code;
    }
    const lp_boot *boot = &s->device.boot;
    lp_tell_booted(&s->device.tell, lp_slot_name(boot->running), boot->file.trial == LP_BOOT_TESTING, &boot->image);
    return LP_EXIT_GOOD;
}

static int open_key(secondary *s) {
    const char *path = s->settings->key;
    lp_code code = lp_key_load(path, s->settings->dialect, &s->key);
    if (code == LP_OK && s->key.public_key.scheme == LP_SCHEME_RSA_PSS) {
        code = LP_FIELD_VALUE;
    }
    if (code == LP_UNREACHABLE) {
        lp_log(
            LP_PROGRAM, LP_LOG_ERROR,
            "cannot read the ECU's private key %s: %s; put it where `key` says (lampyr-repo provision-secondary does)",
            path, strerror(errno));
    } else if (code != LP_OK) {
        lp_log(LP_PROGRAM, LP_LOG_ERROR, "key %s: no ed25519 or P-256 private key in PKCS#8 PEM", path);
    }
    return code == LP_OK ? LP_EXIT_GOOD : LP_EXIT_USAGE;
}

static int open_link(secondary *s) {
    char message[MESSAGE_BYTES];
    bool usage;
    lp_link_listener listener = {
        .ctx = s, .response = on_response, .timeout = on_timeout, .notified = on_notified, .poked = on_poked};
    s->link = lp_link_open(s->settings->listen, s->settings->primary, &listener, &usage, message, sizeof message);
    if (s->link == NULL) {
        lp_log(LP_PROGRAM, LP_LOG_ERROR, "%s", message);
        return usage ? LP_EXIT_USAGE : LP_EXIT_FETCH;
    }
    lp_tell_listening(&s->device.tell, lp_link_address(s->link));
    return LP_EXIT_GOOD;
}

static uint32_t to_ms(uint64_t seconds) {
    return seconds > UINT32_MAX / MS ? UINT32_MAX : (uint32_t)(seconds * MS);
}

static int open_agent(secondary *s) {
    const lp_settings *settings = s->settings;
    s->verifier = s->options->full ? lp_verifier_full(&s->procedure.full, settings->image_dialect,
                                                      settings->director_root_and_targets_only)
                                   : lp_verifier_partial(&s->procedure.partial);
    s->port = lp_device_port(&s->device);
    lp_agent_config config = {.port = &s->port,
                              .verifier = &s->verifier,
                              .crypto = &lp_crypto_openssl,
                              .limits = &lp_limits_gateway,
                              .signer = &s->key.signer,
                              .public_key = s->key.public_key,
                              .dialect = settings->dialect,
                              .serial = settings->serial,
                              .hardware = settings->hardware,
                              .vendor = settings->vendor,
                              .vehicle = settings->vehicle[0] == '\0' ? NULL : settings->vehicle,
                              .block_bytes = (uint16_t)settings->block_bytes,
                              .poll_ms = to_ms(settings->poll_seconds),
                              .retry_ms = (uint32_t)settings->retry_milliseconds,
                              .confirm_ms = to_ms(settings->confirm_seconds),
                              .slow_ms = to_ms(settings->slow_seconds),
                              .slow_bytes = (uint32_t)settings->slow_bytes};
    s->once_until_ms = lp_clock_ms() + config.confirm_ms;
    return lp_agent_begin(&s->agent, &config, lp_clock_ms()) == LP_OK ? LP_EXIT_GOOD : LP_EXIT_STATE;
}

/* --- the loop --- */

static int exit_code_of(lp_code code) {
    switch (code) {
    case LP_OK:
        return LP_EXIT_GOOD;
    case LP_UNREACHABLE:
    case LP_MISSING_FILE:
        return LP_EXIT_FETCH;
    case LP_STATE:
        return LP_EXIT_STATE;
    default:
        return LP_EXIT_REFUSED;
    }
}

/* With --once: is there nothing more to wait for? An image on trial must come to its end, and a primary that is not
 * ready gets as long as one on trial. */
static bool finished(secondary *s, int *exit_code) {
    lp_device *device = &s->device;
    bool waited = device->turn_waited && lp_clock_ms() < s->once_until_ms;
    bool ended = s->options->once && device->turn_ended && !waited && device->boot.file.trial != LP_BOOT_TESTING;
    *exit_code = exit_code_of(device->turn_code);
    if (device->turn_ended) {
        device->turn_ended = false;
        device->turn_waited = false;
    }
    return ended;
}

static int min_timeout(int a, int b) {
    return a < 0 ? b : b < 0 || a < b ? a : b;
}

static int timeout_until(uint64_t until_ms) {
    uint64_t now = lp_clock_ms();
    return until_ms == UINT64_MAX     ? -1
           : until_ms <= now          ? 0
           : until_ms - now > INT_MAX ? INT_MAX
                                      : (int)(until_ms - now);
}

/* Waits for the network, the clock or a signal. False if it was told to stop. */
static bool wait_for_event(const secondary *s, uint64_t until_ms) {
    struct pollfd fds[] = {{.fd = lp_link_fd(s->link), .events = POLLIN}, {.fd = s->signals, .events = POLLIN}};
    int timeout = min_timeout(timeout_until(until_ms), lp_link_timeout_ms(s->link));
    poll(fds, 2, timeout);
    lp_link_process(s->link);
    return (fds[1].revents & POLLIN) == 0;
}

/* Runs the agent until it wants to reboot (`*reboot`), there is nothing more to do, or it is told to stop. */
static int loop(secondary *s, bool *reboot) {
    int exit_code = LP_EXIT_GOOD;
    bool go_on = true;
    *reboot = false;
    while (go_on && !finished(s, &exit_code)) {
        lp_action action;
        lp_agent_next(&s->agent, lp_clock_ms(), &action);
        switch (action.kind) {
        case LP_ACTION_REQUEST:
            if (!lp_link_send(s->link, &action.request)) {
                lp_agent_timeout(&s->agent, lp_clock_ms());
            }
            break;
        case LP_ACTION_WAIT:
            go_on = wait_for_event(s, action.until_ms);
            break;
        case LP_ACTION_REBOOT:
            *reboot = true;
            return LP_EXIT_GOOD;
        }
    }
    return go_on ? exit_code : LP_EXIT_GOOD;
}

static void close_all(secondary *s) {
    lp_link_close(s->link);
    lp_key_free(&s->key);
    lp_device_close(&s->device);
    lp_progress_close(&s->device.tell.progress);
    if (s->signals >= 0) {
        close(s->signals);
    }
}

/* The software of an image that `fails` hangs here, and the watchdog resets the ECU. */
static bool software_fails(const secondary *s) {
    const lp_boot *boot = &s->device.boot;
    if (boot->file.trial != LP_BOOT_TESTING || !boot->image.fails) {
        return false;
    }
    lp_log(LP_PROGRAM, LP_LOG_WARNING, "%s: version %s fails", s->settings->serial, boot->image.version);
    return true;
}

static int run_software(secondary *s, bool *reboot) {
    if (software_fails(s)) {
        *reboot = true;
        return LP_EXIT_GOOD;
    }
    int exit_code = open_key(s);
    exit_code = exit_code == LP_EXIT_GOOD ? open_link(s) : exit_code;
    exit_code = exit_code == LP_EXIT_GOOD ? open_agent(s) : exit_code;
    if (exit_code == LP_EXIT_GOOD) {
        exit_code = loop(s, reboot);
        lp_agent_end(&s->agent);
    }
    return exit_code;
}

int lp_run(const lp_settings *settings, const lp_run_options *options) {
    bool reboot = false;
    secondary s = {.settings = settings, .options = options, .signals = open_signals(), .device = {.slot = {.fd = -1}}};
    int exit_code = open_device(&s);
    if (exit_code == LP_EXIT_GOOD) {
        exit_code = run_software(&s, &reboot);
    }
    close_all(&s);
    if (reboot) {
        lp_log(LP_PROGRAM, LP_LOG_INFO, "%s: rebooting", settings->serial);
        execv("/proc/self/exe", options->argv);
        lp_log(LP_PROGRAM, LP_LOG_ERROR, "cannot start again: %s", strerror(errno));
        exit_code = LP_EXIT_STATE;
    }
    return exit_code;
}
