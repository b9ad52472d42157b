/* SPDX-License-Identifier: Apache-2.0 */
/* Whatever comes over the console of a board in recovery: each request that is whole is answered by one whole frame,
 * flash outside the room for uploads stays as it was, and the board is done only if what it was given is valid. */
#include "fuzz.h"
#include "lampyr-boot/recovery.h"
#include "layouts.h"

#include <string.h>

enum { REQUEST_HEAD_BYTES = 2, FACTORY_BYTES = 4096 };

/* The same as make-seeds writes: signed as crypto_fake.c takes it. */
static const char root[] =
    "{\"signatures\":[{\"keyid\":\"k1\",\"sig\":\"a5a5a5a5a5a5a5a5\"}],\"signed\":{\"_type\":\"root\","
    "\"consistent_snapshot\":true,\"expires\":\"2033-01-01T00:00:00Z\",\"keys\":{\"k1\":{\"keytype\":\"ed25519\","
    "\"keyval\":{\"public\":\"0101010101010101010101010101010101010101010101010101010101010101\"},\"scheme\":"
    "\"ed25519\"}},\"roles\":{\"root\":{\"keyids\":[\"k1\"],\"threshold\":1},\"snapshot\":{\"keyids\":[\"k1\"],"
    "\"threshold\":1},\"targets\":{\"keyids\":[\"k1\"],\"threshold\":1},\"timestamp\":{\"keyids\":[\"k1\"],"
    "\"threshold\":1}},\"spec_version\":\"1.0.34\",\"version\":1}}";

typedef struct console {
    sim_flash sim;
    lp_limits limits;
    lp_boot_config config;
    lp_recovery recovery;
    lp_frame_reader answers;
} console;

static void provision(console *c) {
    uint8_t bytes[FACTORY_BYTES];
    size_t len;
    const lp_factory factory = {.dialect = LP_DIALECT_TUF,
                                .serial = "e1",
                                .hardware = "h1",
                                .vendor = "",
                                .vehicle = "v1",
                                .primary = "fd00::1",
                                .root = {(const uint8_t *)root, sizeof root - 1},
                                .targets = {(const uint8_t *)"{}", 2}};
    FUZZ_CHECK(lp_factory_write(&factory, bytes, sizeof bytes, &len));
    sim_flash_load(&c->sim, layout_small.factory.offset, bytes, (uint32_t)len);
}

static void check_answer(console *c, lp_slice answer) {
    unsigned frames = 0;
    FUZZ_CHECK(answer.len <= LP_RECOVERY_ANSWER_BYTES);
    for (size_t i = 0; i < answer.len; i++) {
        lp_slice frame = lp_frame_read(&c->answers, answer.ptr[i]);
        if (frame.ptr != NULL) {
            frames++;
            FUZZ_CHECK(frame.len >= 4 && (frame.ptr[0] & LP_RECOVERY_ANSWER) != 0);
        }
    }
    FUZZ_CHECK(frames == (answer.len > 0));
}

static bool receive(console *c, uint8_t byte) {
    lp_slice answer = lp_recovery_byte(&c->recovery, byte);
    check_answer(c, answer);
    return answer.len > 0;
}

/* A request with a right checksum. */
static void receive_frame(console *c, fuzz_input *input) {
    uint8_t bytes[LP_FRAME_BYTES];
    uint8_t framed[LP_FRAME_LINE_BYTES];
    size_t body = fuzz_byte(input);
    size_t len = 0;
    bool answered = false;
    body |= (size_t)fuzz_byte(input) << 8;
    body = body < LP_FRAME_BYTES - REQUEST_HEAD_BYTES ? body : LP_FRAME_BYTES - REQUEST_HEAD_BYTES;
    while (len < REQUEST_HEAD_BYTES + body) {
        bytes[len++] = fuzz_byte(input);
    }
    size_t framed_len = lp_frame_write(bytes, len, framed);
    for (size_t i = 0; i < framed_len; i++) {
        answered = receive(c, framed[i]) || answered;
    }
    FUZZ_CHECK(answered);
}

static void receive_raw(console *c, fuzz_input *input) {
    for (unsigned left = fuzz_byte(input); left > 0; left--) {
        receive(c, fuzz_byte(input));
    }
}

static void check_done(console *c) {
    lp_boot_report report;
    lp_boot_verified verified;
    if (lp_recovery_done(&c->recovery)) {
        FUZZ_CHECK(lp_boot_verify_slot(&c->config, &c->recovery.factory, 1, 0, &verified) == LP_OK);
        FUZZ_CHECK(lp_boot(&c->config, &report) == LP_BOOT_RUN && report.phase == LP_BOOT_RESTORING);
    } else {
        FUZZ_CHECK(lp_boot(&c->config, &report) == LP_BOOT_RECOVER);
    }
}

/* Input: requests (an even byte, then length, type, sequence, body) and bytes as they come (an odd byte, then how
 * many). */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    fuzz_input input = fuzz_begin(data, size);
    static console c;
    c = (console){.limits = lp_layout_limits(&layout_small)};
    sim_flash_make(&c.sim, &sim_small);
    provision(&c);
    sim_flash_lock(&c.sim, layout_small.boot);
    sim_flash_lock(&c.sim, layout_small.factory);
    sim_flash_lock(&c.sim, layout_small.key);
    sim_flash_lock(&c.sim, layout_small.slot[0]);
    c.config =
        (lp_boot_config){.flash = &c.sim.flash, .layout = &layout_small, .crypto = &fuzz_crypto, .limits = &c.limits};
    lp_recovery_begin(&c.recovery, &c.config);
    while (input.pos < input.end) {
        if (fuzz_byte(&input) % 2 == 0) {
            receive_frame(&c, &input);
        } else {
            receive_raw(&c, &input);
        }
    }
    sim_flash_boot(&c.sim);
    check_done(&c);
    sim_flash_free(&c.sim);
    return 0;
}
