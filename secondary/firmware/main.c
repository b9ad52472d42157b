/* SPDX-License-Identifier: Apache-2.0 */
/* The application of every board: the agent, its CoAP and the network, asleep when there is nothing to do. The boot
 * loader has started it, and a watchdog with it. */
#include "console.h"
#include "loop.h"

#include "lampyr-board/board.h"
#include "lampyr-board/keystore.h"
#include "lampyr-crypto/bearssl.h"
#include "lampyr-crypto/lent.h"
#include "lampyr-port/memory.h"
#include "lampyr-port/network.h"
#include "lampyr-port/port.h"

#include <string.h>

enum {
    CHANNEL = 26, /* least disturbed by Wi-Fi */
    PAN_ID = 0x4c50,
    POLL_MS = 60 * 1000,
    RETRY_MS = 1000,
    CONFIRM_MS = 300 * 1000,
    SLOW_MS = 60 * 1000,
    SLOW_BYTES = 1024,
    FAILED_MS = 60 * 60 * 1000, /* until another try, which costs the journal a page */
};

typedef struct firmware {
    lp_board board;
    lp_agent_port port;
    lp_key_page key;
    lp_keystore keystore;
    lp_signer signer;
    lp_partial procedure;
    lp_verifier verifier;
    lp_agent agent;
    lp_coap coap;
    lp_net net;
    uint8_t datagram[LP_COAP_DATAGRAM_BYTES];
    lp_loop loop;
} firmware;

/* --- callbacks --- */

static bool on_random(void *ctx, void *out, size_t bytes) {
    (void)ctx;
    return lp_board_random(out, bytes);
}

static void on_event(void *ctx, const lp_agent_event *event) {
    const firmware *f = ctx;
    const char *serial = f->board.factory.serial;
    lp_console_event(serial, event);
    if (event->kind == LP_EVENT_TURN) {
        lp_console_measured(serial, lp_board_stack_peak_bytes(), &f->net, f->loop.coap_faulty);
    }
}

static bool sign(lp_scheme scheme, const uint8_t private_key[LP_PRIVATE_KEY_BYTES], lp_slice message,
                 uint8_t *signature, size_t *len) {
    return scheme == LP_SCHEME_ECDSA_P256 && lp_p256_sign(private_key, message, signature, len);
}

/* --- setting up: each returns false after it has said why. Inlined, its variables would lie under the stack of all
 * that follows, for good. --- */

__attribute__((noinline)) static bool begin_board(firmware *f) {
    lp_board_config config = {.flash = &lp_board_flash,
                              .layout = lp_board_layout,
                              .crypto = &lp_crypto_bearssl,
                              .random = on_random,
                              .event = on_event,
                              .ctx = f};
    lp_code code = lp_board_open(&f->board, &config);
    if (code != LP_OK) {
        lp_console_failed("", code, "flash");
        return false;
    }
    f->port = lp_board_port(&f->board);
    return true;
}

__attribute__((noinline)) static bool begin_agent(firmware *f) {
    const lp_factory *factory = &f->board.factory;
    f->key = (lp_key_page){.flash = &lp_board_flash, .layout = lp_board_layout, .sign = sign};
    f->keystore = lp_key_page_store(&f->key);
    f->verifier = lp_verifier_partial(&f->procedure);
    lp_agent_config config = {.port = &f->port,
                              .verifier = &f->verifier,
                              .crypto = &lp_crypto_bearssl,
                              .limits = &f->board.limits,
                              .signer = &f->signer,
                              .dialect = factory->dialect,
                              .serial = factory->serial,
                              .hardware = factory->hardware,
                              .vendor = factory->vendor,
                              .vehicle = factory->vehicle,
                              .block_bytes = LP_COAP_BLOCK_BYTES,
                              .poll_ms = POLL_MS,
                              .retry_ms = RETRY_MS,
                              .confirm_ms = CONFIRM_MS,
                              .slow_ms = SLOW_MS,
                              .slow_bytes = SLOW_BYTES};
    if (!lp_keystore_signer(&f->keystore, &lp_crypto_bearssl, factory->dialect, &config.public_key, &f->signer)) {
        lp_console_failed(factory->serial, LP_STATE, "key");
        return false;
    }
    lp_code code = lp_coap_begin(&f->coap, &f->port);
    if (code == LP_OK) {
        code = lp_agent_begin(&f->agent, &config, lp_board_now_ms());
    }
    if (code != LP_OK) {
        lp_console_failed(factory->serial, code, "agent");
    }
    return code == LP_OK;
}

__attribute__((noinline)) static bool begin_net(firmware *f) {
    const lp_factory *factory = &f->board.factory;
    static const uint8_t none[LP_EUI64_BYTES];
    lp_net_config config = {.radio = &lp_board_radio,
                            .link = {.channel = CHANNEL, .pan_id = PAN_ID},
                            .primary = factory->primary,
                            .buffer = f->datagram,
                            .buffer_bytes = sizeof f->datagram};
    memcpy(config.link.eui64, factory->eui64, LP_EUI64_BYTES);
    if (memcmp(factory->eui64, none, sizeof none) == 0 && !lp_board_eui64(config.link.eui64)) {
        lp_console_failed(factory->serial, LP_STATE, "link-layer address");
        return false;
    }
    switch (lp_net_begin(&f->net, &config)) {
    case LP_NET_READY:
        return true;
    case LP_NET_NO_PRIMARY:
        lp_console_failed(factory->serial, LP_STATE, "address of the primary");
        return false;
    case LP_NET_NO_RADIO:
        lp_console_failed(factory->serial, LP_STATE, "radio");
        return false;
    }
    return false;
}

/* --- running --- */

/* An image on trial that cannot work is given up at once; one that stays waits for better times. */
static void fail(bool trial) {
    while (!trial && lp_board_now_ms() < FAILED_MS) {
        lp_loop_rest(FAILED_MS);
    }
}

void lp_firmware(void) {
    static firmware f; /* larger than the stack */
    lp_boot_status status = {.testing = false};
    if (!lp_lent_fits()) { /* a restart ends a trial, and costs nothing else */
        lp_console_failed("", LP_STATE, "boot loader");
        return;
    }
    bool begun = begin_board(&f);
    if (begun) {
        f.port.boot_status(&f.port, &status);
        lp_console_booted(f.board.factory.serial, LAMPYR_FIRMWARE_VERSION, status.testing);
        begun = begin_net(&f) && begin_agent(&f);
    }
    if (begun) {
        f.loop = (lp_loop){.agent = &f.agent, .coap = &f.coap, .net = &f.net, .datagram = f.datagram};
        lp_loop_resolve(&f.loop);
        lp_loop_run(&f.loop);
    } else {
        fail(status.testing);
    }
}
