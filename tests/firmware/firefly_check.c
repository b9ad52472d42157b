/* SPDX-License-Identifier: Apache-2.0 */
/* The first image for a Firefly on the desk (docs/FIRMWARE.md, "The Firefly"): says what works, then counts the frames
 * that it hears. It confirms itself, so that it can also be the image of a first update. */
#include "lampyr-board/board.h"
#include "lampyr-crypto/bearssl.h"
#include "lampyr-port/memory.h"
#include "lampyr-port/network.h"
#include "lampyr-port/port.h"
#include "lampyr/encode.h"

#include <string.h>

enum { CHANNEL = 26, PAN_ID = 0xabcd, WATCHDOG_MS = 10000, BECKON_MS = 5000, SLEEP_MS = 500 };

static lp_board board;

static void say(const char *what, const char *value) {
    lp_board_write(what, strlen(what));
    lp_board_write(value, strlen(value));
    lp_board_write("\n", 1);
}

static void say_bool(const char *what, bool works) {
    say(what, works ? "yes" : "no");
}

static bool random_bytes(void *ctx, void *out, size_t bytes) {
    (void)ctx;
    return lp_board_random(out, bytes);
}

static void no_event(void *ctx, const lp_agent_event *event) {
    (void)ctx, (void)event;
}

static void check_store(void) {
    lp_boot_status status;
    const lp_board_config config = {.flash = &lp_board_flash,
                                    .layout = lp_board_layout,
                                    .crypto = &lp_crypto_bearssl,
                                    .random = random_bytes,
                                    .event = no_event};
    bool opened = lp_board_open(&board, &config) == LP_OK;
    say("serial: ", opened ? board.factory.serial : "not provisioned");
    if (opened) {
        const lp_agent_port port = lp_board_port(&board);
        say_bool("on trial: ", port.boot_status(&port, &status) && status.testing);
        say_bool("confirmed: ", port.boot_confirm(&port));
    }
}

static void check_radio(void) {
    lp_radio_config config = {.channel = CHANNEL, .pan_id = PAN_ID};
    char hex[2 * LP_EUI64_BYTES + 1];
    uint8_t random[LP_EUI64_BYTES];
    bool has_address = lp_board_eui64(config.eui64);
    lp_hex_encode(config.eui64, sizeof config.eui64, hex);
    say("EUI-64: ", has_address ? hex : "none");
    say_bool("radio: ", lp_board_radio.begin(&lp_board_radio, &config));
    bool is_random = lp_board_random(random, sizeof random);
    lp_hex_encode(random, sizeof random, hex);
    say("random: ", is_random ? hex : "no");
}

/* A broadcast to all of this PAN: so two boards hear each other. */
static void beckon(uint8_t sequence) {
    const uint8_t frame[] = {0x41, 0x88, sequence, PAN_ID & 0xff, PAN_ID >> 8, 0xff, 0xff, 0xff, 0xff, 'L', 'P'};
    say_bool("sent: ", lp_board_radio.send(&lp_board_radio, frame, sizeof frame) == LP_RADIO_SENT);
}

void lp_firmware(void) {
    char text[LP_UINT_TEXT_BYTES];
    uint8_t frame[LP_RADIO_FRAME_BYTES];
    uint64_t heard = 0;
    lp_watchdog_begin(WATCHDOG_MS);
    say_bool("pages locked: ", lp_board_lock());
    check_store();
    check_radio();
    for (uint8_t sequence = 0;; lp_board_sleep(lp_board_now_ms() + SLEEP_MS)) {
        lp_watchdog_feed();
        while (lp_board_radio.receive(&lp_board_radio, frame) > 0) {
            lp_uint_format(++heard, text);
            say("heard: ", text);
        }
        uint8_t now = (uint8_t)(lp_board_now_ms() / BECKON_MS);
        if (now != sequence) {
            sequence = now;
            beckon(sequence);
        }
    }
}
