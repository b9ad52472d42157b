/* SPDX-License-Identifier: Apache-2.0 */
#include "campaign_board.h"

#include "lampyr-store/slot.h"
#include "lampyr/encode.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { OLD, NEW, OTHER }; /* images */

enum {
    OLD_COUNTER = 1,
    NEW_COUNTER = 2,
    OTHERS = 12,     /* ECUs in the same targets, on a whole Firefly */
    BOOTS_MAX = 60,  /* of one life */
    TURNS_MAX = 100, /* of one run of the application */
    POLL_MS = 60000,
};

static void broken(const campaign_board *b, const char *what) {
    fprintf(stderr, "broken: %s; boot %ju; cuts:%s\n", what, (uintmax_t)b->boots, b->history);
    exit(1);
}

static void require(const campaign_board *b, bool holds, const char *what) {
    if (!holds) {
        broken(b, what);
    }
}

/* --- flash, logged --- */

static void write_down(campaign_board *b, uint32_t offset, const void *bytes, uint32_t len) {
    operation_log *log = b->log;
    if (log == NULL) {
        return;
    }
    if (log->count == log->room) {
        log->room = log->room == 0 ? 1024 : 2 * log->room;
        log->list = realloc(log->list, log->room * sizeof *log->list);
        require(b, log->list != NULL, "out of memory");
    }
    flash_operation *operation = &log->list[log->count++];
    require(b, len <= sizeof operation->bytes, "an operation programs more than a chunk");
    operation->offset = offset;
    operation->len = len;
    if (len > 0) {
        memcpy(operation->bytes, bytes, len);
    }
}

static bool read_bytes(const lp_flash *flash, uint32_t offset, void *out, uint32_t len) {
    campaign_board *b = flash->ctx;
    return b->rig.sim.flash.read(&b->rig.sim.flash, offset, out, len);
}

static bool program(const lp_flash *flash, uint32_t offset, const void *bytes, uint32_t len) {
    campaign_board *b = flash->ctx;
    bool ok = b->rig.sim.flash.program(&b->rig.sim.flash, offset, bytes, len);
    require(b, ok, "a locked page was to be programmed");
    write_down(b, offset, bytes, len);
    return ok;
}

static bool erase(const lp_flash *flash, uint32_t offset) {
    campaign_board *b = flash->ctx;
    bool ok = b->rig.sim.flash.erase(&b->rig.sim.flash, offset);
    require(b, ok, "a locked page was to be erased");
    write_down(b, offset, NULL, 0);
    return ok;
}

void campaign_log_free(operation_log *log) {
    free(log->list);
    *log = (operation_log){NULL, 0, 0};
}

/* --- the primary --- */

static void answer_body(const lp_request *request, lp_slice body, lp_response *out) {
    size_t offset = request->has_block2 ? (size_t)request->block * request->block_bytes : 0;
    size_t left = offset < body.len ? body.len - offset : 0;
    out->code = body.ptr == NULL ? 0x84 : 0x45;
    out->block = request->block;
    out->block_bytes = request->block_bytes;
    out->more = left > request->block_bytes;
    out->has_block2 = request->has_block2 || out->more;
    out->payload = (lp_slice){body.ptr + offset, out->more ? request->block_bytes : left};
}

static lp_slice news(campaign_board *b) {
    lp_slice targets = b->targets[b->published - 1];
    lp_news body = {.protocol = LP_WIRE_PROTOCOL,
                    .root_version = 2,
                    .root_bytes = rig_root(&b->rig, 2).len,
                    .targets_version = b->published,
                    .targets_bytes = targets.len,
                    .image_bytes = b->image[NEW].len};
    lp_slice out;
    require(b, lp_news_write(&body, b->text, sizeof b->text, &out) == LP_OK, "no news");
    return out;
}

static void answer(campaign_board *b, const lp_request *request, lp_response *out) {
    *out = (lp_response){.code = 0x44, .payload = {(const uint8_t *)"", 0}};
    if (request->post) {
        out->code = request->more ? 0x5F : 0x44;
    } else if (strcmp(request->path, "u/" RIG_SERIAL) == 0) {
        answer_body(request, news(b), out);
    } else if (strcmp(request->path, "u/" RIG_SERIAL "/targets") == 0) {
        answer_body(request, b->targets[b->published - 1], out);
    } else if (strcmp(request->path, "u/" RIG_SERIAL "/root/2") == 0) {
        answer_body(request, rig_root(&b->rig, 2), out);
    } else if (strcmp(request->path, "i/" RIG_SERIAL) == 0) {
        answer_body(request, b->image[NEW], out);
    } else if (strcmp(request->path, "t") == 0) {
        answer_body(request, b->attestation, out);
    } else {
        broken(b, "the agent asks for what there is not");
    }
}

/* --- the device --- */

/* Always the same nonce, so that one attestation serves. */
static bool random_bytes(void *ctx, void *out, size_t bytes) {
    (void)ctx;
    memset(out, 0x5A, bytes);
    return true;
}

static void on_event(void *ctx, const lp_agent_event *event) {
    campaign_board *b = ctx;
    if (event->kind == LP_EVENT_REFUSED && event->error->code != LP_IMAGE_FAILED_BEFORE) {
        broken(b, lp_code_name(event->error->code));
    }
    if (event->kind == LP_EVENT_TURN) {
        b->turned = true;
        b->turn = event->error->code;
    }
}

/* The signature of a report; nobody here looks at it. */
static bool sign_nothing(const lp_signer *signer, lp_slice message, uint8_t *signature, size_t *len) {
    (void)signer;
    (void)message;
    memset(signature, 0, 64);
    *len = 64;
    return true;
}

static const lp_signer idle_signer = {.scheme = LP_SCHEME_ED25519, .keyid = "00", .sign = sign_nothing};

/* Which image slot `slot` holds, whole. */
static unsigned held_in(const campaign_board *b, unsigned slot) {
    const uint8_t *bytes = b->flash.map + b->rig.layout->slot[slot].offset;
    for (unsigned i = OLD; i <= NEW; i++) {
        if (memcmp(bytes, b->image[i].ptr, b->image[i].len) == 0) {
            return i;
        }
    }
    return OTHER;
}

static bool same_bytes(lp_slice a, lp_slice b) {
    return a.len == b.len && a.ptr != NULL && memcmp(a.ptr, b.ptr, a.len) == 0;
}

static lp_slice load(const campaign_board *b, lp_role role) {
    lp_file_id id = {.repo = LP_REPO_DIRECTOR, .role = role, .name = ""};
    return b->port.metadata_load(&b->port, &id, UINT32_MAX);
}

/* What is in flash when the application starts is old or new, and nothing is mixed. */
static void check_flash(campaign_board *b, unsigned running) {
    const lp_board_state *state = &b->board.state;
    lp_slot_record record;
    require(b, lp_slot_record_read(&b->flash, b->rig.layout, 0, &record), "slot 0 has no record");
    require(b, record.image_bytes == b->image[running].len, "the record is of another image");
    require(b,
            running == OLD ? same_bytes(record.targets, b->targets[0]) && record.root_version == 1
                           : (same_bytes(record.targets, b->targets[1]) || same_bytes(record.targets, b->targets[2])) &&
                                 record.root_version == 2,
            "the record's targets are not those that ordered the image");
    require(b, state->boot.phase == LP_BOOT_IDLE || state->boot.phase == LP_BOOT_TESTING,
            "the application sees a swap");
    if (state->boot.phase == LP_BOOT_TESTING) {
        require(b, running == NEW && held_in(b, 1) == OLD, "a test without a way back");
    }
    lp_slice root = load(b, LP_ROLE_ROOT);
    lp_slice targets = load(b, LP_ROLE_TARGETS);
    require(b, same_bytes(root, rig_root(&b->rig, 1)) || same_bytes(root, rig_root(&b->rig, 2)), "the root is torn");
    require(b,
            same_bytes(targets, b->targets[0]) || same_bytes(targets, b->targets[1]) ||
                same_bytes(targets, b->targets[2]),
            "the targets are torn");
}

/* What the agent remembers agrees with what runs. */
static void check_record(campaign_board *b, unsigned running) {
    const lp_record *record = &b->agent.record;
    const uint8_t *installed = record->installed.hashes.sha256;
    if (b->board.state.boot.phase == LP_BOOT_TESTING) {
        require(b,
                b->agent.testing && record->trial_state == LP_TRIAL_REQUESTED &&
                    memcmp(record->trial.hashes.sha256, b->sha256[NEW], LP_SHA256_BYTES) == 0 &&
                    memcmp(installed, b->sha256[OLD], LP_SHA256_BYTES) == 0 && record->counter_floor == OLD_COUNTER,
                "the record of a test is wrong");
    } else {
        require(b, memcmp(installed, b->sha256[running], LP_SHA256_BYTES) == 0, "another image is recorded");
        require(b, record->counter_floor == (running == OLD ? OLD_COUNTER : NEW_COUNTER),
                "the counter's floor is wrong");
    }
    require(b, record->time_floor == RIG_FACTORY_TIME || record->time_floor == TEST_NOW, "the time floor is wrong");
    require(b, record->attacks[0] == '\0', "somebody is accused");
}

/* --- life --- */

static void begin_agent(campaign_board *b) {
    lp_agent_config config = {.port = &b->port,
                              .verifier = &b->verifier,
                              .crypto = b->crypto,
                              .limits = &b->board.limits,
                              .signer = b->signer,
                              .public_key = b->key.public_key,
                              .dialect = LP_DIALECT_TUF,
                              .serial = RIG_SERIAL,
                              .hardware = RIG_HARDWARE,
                              .vendor = "maker",
                              .vehicle = TEST_VEHICLE,
                              .block_bytes = b->block_bytes,
                              .poll_ms = POLL_MS,
                              .retry_ms = 1000,
                              .confirm_ms = 10 * POLL_MS,
                              .slow_ms = POLL_MS,
                              .slow_bytes = 1};
    require(b, lp_agent_begin(&b->agent, &config, 0) == LP_OK, "the agent does not start");
}

/* True when there is nothing left to do; false if the agent wants to restart. */
static bool run_agent(campaign_board *b) {
    lp_action action;
    uint64_t now_ms = 0;
    for (unsigned turns = 0; turns < TURNS_MAX;) {
        b->turned = false;
        lp_agent_next(&b->agent, now_ms, &action);
        if (action.kind == LP_ACTION_REBOOT) {
            return false;
        }
        if (action.kind == LP_ACTION_REQUEST) {
            lp_response response;
            answer(b, &action.request, &response);
            lp_agent_response(&b->agent, now_ms, &response);
            if (b->turned && (b->turn == LP_OK || b->turn == LP_IMAGE_FAILED_BEFORE)) {
                return true;
            }
        } else {
            now_ms = action.until_ms;
            turns++;
        }
    }
    broken(b, "the agent never comes to an end");
    return false;
}

/* The application. True when there is nothing left to do. */
static bool run_application(campaign_board *b) {
    const lp_board_config config = {.flash = &b->flash,
                                    .layout = b->rig.layout,
                                    .crypto = b->crypto,
                                    .random = random_bytes,
                                    .event = on_event,
                                    .ctx = b};
    unsigned running = held_in(b, 0);
    require(b, running != OTHER, "what runs is neither image");
    require(b, lp_board_open(&b->board, &config) == LP_OK, "the application finds no state");
    b->port = lp_board_port(&b->board);
    check_flash(b, running);
    if (b->bad && running == NEW) {
        require(b, b->board.state.boot.phase == LP_BOOT_TESTING, "a bad image is kept");
        b->cause = LP_RESET_FAULT;
        return false;
    }
    begin_agent(b);
    b->cause = LP_RESET_SOFTWARE;
    check_record(b, running);
    bool done = run_agent(b);
    lp_agent_end(&b->agent);
    return done;
}

static void boot(campaign_board *b) {
    sim_flash *sim = &b->rig.sim;
    uint64_t cut_at = sim->cut_at;
    lp_boot_report report;
    sim_flash_boot(sim);
    sim->cut_at = cut_at; /* a reset is no loss of power: what is planned still comes */
    b->boots++;
    b->rig.boot.cause = b->cause;
    require(b, lp_boot(&b->rig.boot, &report) == LP_BOOT_RUN, "bricked: no image runs");
    require(b, !report.flash_failed, "the loader says that flash failed");
    sim_flash_lock(sim, b->rig.layout->boot);
    sim_flash_lock(sim, b->rig.layout->factory);
    sim_flash_lock(sim, b->rig.layout->key);
}

static void live(void *arg) {
    campaign_board *b = arg;
    bool done = false;
    for (uint64_t last = b->boots + BOOTS_MAX; !done;) {
        require(b, b->boots < last, "it restarts for ever");
        boot(b);
        done = run_application(b);
    }
}

bool campaign_live(campaign_board *b, operation_log *log) {
    b->log = log;
    b->cause = LP_RESET_POWER;
    bool whole = sim_flash_run(&b->rig.sim, live, b);
    if (!whole && b->agent.config.port != NULL) {
        lp_agent_end(&b->agent); /* RAM is lost; what a hash of the host's library holds must not be */
    }
    b->log = NULL;
    return whole;
}

bool campaign_is_complete(campaign_board *b, bool may_give_up) {
    const lp_record *record = &b->agent.record;
    bool gave_up = record->trial_state == LP_TRIAL_FAILED;
    require(b, b->board.state.boot.phase == LP_BOOT_IDLE, "an update ends in the middle");
    require(b, gave_up == (held_in(b, 0) == OLD) && (gave_up || record->trial_state == LP_TRIAL_NONE),
            "the update was not done");
    require(b, b->bad ? gave_up : !gave_up || (may_give_up),
            b->bad ? "a bad image is kept" : "a good image was given up");
    return !gave_up;
}

void campaign_try_again(campaign_board *b) {
    b->bad = false;
    b->published = CAMPAIGN_TARGETS;
    require(b, campaign_live(b, NULL) && campaign_is_complete(b, false), "what is ordered again is not installed");
}

typedef struct replay {
    campaign_board *b;
    const flash_operation *operation;
} replay;

static void do_operation(void *arg) {
    const replay *r = arg;
    const flash_operation *operation = r->operation;
    const lp_flash *flash = &r->b->rig.sim.flash;
    if (operation->len == 0) {
        flash->erase(flash, operation->offset);
    } else {
        flash->program(flash, operation->offset, operation->bytes, operation->len);
    }
}

bool campaign_replay(campaign_board *b, const flash_operation *operation) {
    replay r = {b, operation};
    return sim_flash_run(&b->rig.sim, do_operation, &r);
}

void campaign_power_back(campaign_board *b) {
    sim_flash_boot(&b->rig.sim);
}

/* --- set-up --- */

static void attest_time(campaign_board *b) {
    test_repo *director = &b->rig.director;
    char nonce[LP_NONCE_TEXT_BYTES];
    char time[LP_TIME_TEXT_BYTES];
    uint8_t bytes[LP_NONCE_BYTES];
    const lp_key *key = &director->keys[LP_ROLE_TIME];
    random_bytes(NULL, bytes, sizeof bytes);
    lp_hex_encode(bytes, sizeof bytes, nonce);
    lp_time_format(TEST_NOW, time);
    json_t *payload = json_pack("{s:s, s:[s], s:s}", "_type", "time", "nonces", nonce, "time", time);
    repo_serve(director, "time", payload, &key, 1);
    json_decref(payload);
    b->attestation = files_get(&director->files, "time");
}

void campaign_make(campaign_board *b, const sim_geometry *geometry, const lp_layout *layout, size_t old_bytes,
                   size_t new_bytes, bool real) {
    board_rig *rig = &b->rig;
    unsigned others = layout == &layout_firefly ? OTHERS : 0;
    memset(b, 0, sizeof *b);
    rig_make(rig, geometry, layout);
    campaign_crypto_make(&b->known);
    b->crypto = real ? &lp_crypto_openssl : &b->known.vtable;
    b->block_bytes = layout == &layout_firefly ? 1024 : 64;
    b->flash = rig->sim.flash;
    b->flash.read = read_bytes;
    b->flash.program = program;
    b->flash.erase = erase;
    b->flash.ctx = b;
    rig->boot.flash = &b->flash;
    rig->boot.crypto = b->crypto;
    require(b, lp_key_generate(LP_SCHEME_ED25519, 0, LP_DIALECT_TUF, &b->key) == LP_OK, "no key");
    b->signer = real ? &b->key.signer : &idle_signer;
    b->image[OLD] = rig_image(b->image_bytes[OLD], old_bytes, 1);
    b->image[NEW] = rig_image(b->image_bytes[NEW], new_bytes, 2);
    for (unsigned i = OLD; i <= NEW; i++) {
        require(b, lp_digest(&lp_crypto_openssl, LP_SHA256, b->image[i], b->sha256[i]), "no digest");
    }
    b->targets[0] = rig_order(rig, 1, b->image[OLD], OLD_COUNTER, others);
    rig_provision(rig);
    rig_fill_slot(rig, 0, b->image[OLD], b->targets[0], 1);
    rig_change_key(rig, LP_ROLE_TARGETS, NULL); /* the update comes with a new root */
    repo_next_root(&rig->director, NULL);
    for (int version = 2; version <= CAMPAIGN_TARGETS; version++) {
        b->targets[version - 1] = rig_order(rig, version, b->image[NEW], NEW_COUNTER, others);
    }
    attest_time(b);
    b->verifier = lp_verifier_partial(&b->partial);
}

void campaign_free(campaign_board *b) {
    lp_key_free(&b->key);
    rig_free(&b->rig);
}

void campaign_begin(campaign_board *b, bool bad) {
    b->bad = bad;
    b->published = 2;
    b->history[0] = '\0';
}
