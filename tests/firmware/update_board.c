/* SPDX-License-Identifier: Apache-2.0 */
/* An application that updates itself through the boot loader, with everything that the agent stores on a board, but
 * without a network: its primary is a block of memory (order.h), and nothing in it is verified. VERSION is its own,
 * FAILS makes it one that never confirms.
 *
 * It checks at each start that flash holds one state, and ends QEMU with status 0 when nothing is left to do. */
#include "devices.h"
#include "order.h"

#include "lampyr-board/board.h"
#include "lampyr-crypto/bearssl.h"
#include "lampyr-port/memory.h"
#include "lampyr-port/port.h"

#include <string.h>

enum { STOP_GOOD = 0, STOP_FAILED = 1, STOP_MIXED = 6 };

static const char version[] = {'0' + VERSION, '\0'};
static const order *const wanted = (const order *)ORDER_AT;

/* Not on the stack: it is large. */
static lp_board board;

static void say(const char *text) {
    static const char *const name[] = {"app ", version, ": "};
    for (size_t i = 0; i < sizeof name / sizeof name[0]; i++) {
        lp_board_write(name[i], strlen(name[i]));
    }
    lp_board_write(text, strlen(text));
    lp_board_write("\n", 1);
}

static _Noreturn void stop(int status, const char *text) {
    say(text);
    lp_machine_stop(status);
}

static void require(bool done, const char *what) {
    if (!done) {
        stop(STOP_FAILED, what);
    }
}

static bool no_random(void *ctx, void *out, size_t bytes) {
    (void)ctx, (void)out, (void)bytes;
    return false;
}

static void no_event(void *ctx, const lp_agent_event *event) {
    (void)ctx, (void)event;
}

/* --- steps of an update --- */

static void store(const lp_agent_port *port, lp_role role, lp_slice bytes) {
    const lp_file_id id = {.repo = LP_REPO_DIRECTOR, .role = role, .name = ""};
    require(port->stage_begin(port, &id, bytes.len) && port->stage_write(port, bytes) &&
                port->stage_bytes(port).ptr != NULL && port->stage_store(port, &id),
            "cannot store metadata");
}

static void download(const lp_agent_port *port, lp_slice image) {
    uint64_t have;
    require(port->image_open(port, wanted->sha256, image.len, &have), "cannot open the slot");
    while (have < image.len) {
        size_t part = image.len - have < 1024 ? (size_t)(image.len - have) : 1024;
        require(port->image_write(port, have, (lp_slice){image.ptr + have, part}), "cannot write the image");
        have += part;
    }
}

static _Noreturn void update(const lp_agent_port *port, lp_record *record) {
    const lp_slice targets = {wanted->bytes + wanted->root_bytes, wanted->targets_bytes};
    if (wanted->root_bytes > 0 && board.state.roots == 0) {
        store(port, LP_ROLE_ROOT, (lp_slice){wanted->bytes, wanted->root_bytes});
    }
    store(port, LP_ROLE_TARGETS, targets);
    download(port, (lp_slice){targets.ptr + targets.len, wanted->image_bytes});
    record->trial_state = LP_TRIAL_REQUESTED;
    memset(&record->trial, 0, sizeof record->trial);
    memcpy(record->trial.name, "ordered", sizeof "ordered");
    record->trial.length_bytes = wanted->image_bytes;
    record->trial.counter = wanted->counter;
    record->trial.hashes.has_sha256 = true;
    memcpy(record->trial.hashes.sha256, wanted->sha256, LP_SHA256_BYTES);
    require(port->record_store(port, record), "cannot write the record");
    require(port->boot_request(port, &record->trial), "cannot request");
    say("requests a test");
    lp_board_reset();
}

/* The image on trial stays: first the loader knows, then the record. */
static void keep(const lp_agent_port *port, lp_record *record) {
    require(port->boot_confirm(port), "cannot confirm");
    record->installed = record->trial;
    record->counter_floor = record->trial.counter;
    record->trial_state = LP_TRIAL_NONE;
    require(port->record_store(port, record), "cannot write the record");
    say("confirmed");
}

/* Waits for the watchdog; nobody feeds it. */
static _Noreturn void hang(void) {
    say("hangs");
    for (;;) {
        __asm volatile("wfi");
    }
}

static bool runs(const lp_boot_status *status, const lp_image *image) {
    return memcmp(status->sha256, image->hashes.sha256, LP_SHA256_BYTES) == 0;
}

static void go_on(const lp_agent_port *port, const lp_boot_status *status, lp_record *record) {
    static const uint8_t unknown[LP_SHA256_BYTES];
    bool tried = record->trial_state == LP_TRIAL_REQUESTED && runs(status, &record->trial);
    if (status->testing ? !tried
                        : !tried && !runs(status, &record->installed) &&
                              memcmp(record->installed.hashes.sha256, unknown, sizeof unknown) != 0) {
        stop(STOP_MIXED, "image and record do not belong together");
    }
    if (FAILS && status->testing) {
        hang();
    }
    if (tried) {
        keep(port, record);
    }
    if (wanted->magic != ORDER_MAGIC || memcmp(status->sha256, wanted->sha256, LP_SHA256_BYTES) == 0) {
        stop(STOP_GOOD, "up to date");
    }
    if (status->reverted && wanted->fails) {
        stop(STOP_GOOD, "the order was reverted");
    }
    update(port, record);
}

void lp_firmware(void) {
    const lp_board_config config = {.flash = &lp_board_flash,
                                    .layout = lp_board_layout,
                                    .crypto = &lp_crypto_bearssl,
                                    .random = no_random,
                                    .event = no_event};
    lp_boot_status status;
    lp_record record;
    say("starts");
    require(lp_board_open(&board, &config) == LP_OK, "cannot open the board");
    const lp_agent_port port = lp_board_port(&board);
    require(port.boot_status(&port, &status) && port.record_load(&port, &record), "cannot read the state");
    go_on(&port, &status, &record);
}
