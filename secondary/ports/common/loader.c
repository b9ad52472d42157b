/* SPDX-License-Identifier: Apache-2.0 */
/* The boot loader of every board: lampyr-boot/boot.h decides, and the console says what and why. */
#include "lampyr-boot/recovery.h"
#include "lampyr-crypto/bearssl.h"
#include "lampyr-port/memory.h"
#include "lampyr-port/port.h"

#include <string.h>

/* Far longer than the loader takes to verify, or an image takes until it feeds the watchdog itself. */
enum { WATCHDOG_MS = 30000 };

/* --- console --- */

static void put(const char *text) {
    lp_board_write(text, strlen(text));
}

/* Begins a line. */
static void put_line(const char *text) {
    put("boot: ");
    put(text);
}

/* lp_uint_format() takes 64 bits, and would bring in the division of those. */
static void put_number(uint32_t number) {
    char digit = (char)('0' + number % 10);
    if (number >= 10) {
        put_number(number / 10);
    }
    lp_board_write(&digit, 1);
}

/* By its number in docs/ERRORS.md: the loader has no room for names. */
static void put_slot(unsigned slot, lp_code code) {
    if (code == LP_MISUSE) {
        return;
    }
    put_line("slot ");
    put_number(slot);
    put(code == LP_OK ? " verified\n" : code == LP_MISSING_FILE ? " empty\n" : " refused, error ");
    if (code != LP_OK && code != LP_MISSING_FILE) {
        put_number(code);
        put("\n");
    }
}

static void put_report(lp_reset_cause cause, const lp_boot_report *report) {
    static const char *const causes[] = {"power", "software", "fault"};
    static const char *const journals[] = {"good", "empty", "damaged"};
    static const char *const phases[] = {"idle", "requested", "swapping", "testing", "reverting", "restoring"};
    put_line("reset by ");
    put(causes[cause]);
    put(", journal ");
    put(journals[report->journal]);
    put(", ");
    put(phases[report->phase]);
    put("\n");
    if (report->steps > 0) {
        put_line("swapped, steps ");
        put_number(report->steps);
        put("\n");
    }
    put_slot(0, report->slot[0]);
    put_slot(1, report->slot[1]);
    if (report->flash_failed) {
        put_line("flash fails\n");
    }
    if (report->reverted) {
        put_line("reverted\n");
    }
}

/* Whatever takes the loader long reads flash again and again. */
static bool feed_and_read(const lp_flash *flash, uint32_t offset, void *out, uint32_t len) {
    lp_watchdog_feed();
    return lp_board_flash.read(flash, offset, out, len);
}

/* --- the way --- */

static void put_stack(void) {
    put_line("stack ");
    put_number((uint32_t)lp_board_stack_peak_bytes());
    put("\n");
}

/* The larger half of the stack; lp_boot()'s is free by then. */
static __attribute__((noinline)) void recover(const lp_boot_config *config) {
    lp_recovery recovery;
    lp_recovery_begin(&recovery, config);
    put_line("no valid image, waiting for recovery\n");
    while (!lp_recovery_done(&recovery)) {
        uint8_t byte;
        lp_watchdog_feed();
        if (lp_board_read(&byte)) {
            lp_slice answer = lp_recovery_byte(&recovery, byte);
            lp_board_write((const char *)answer.ptr, answer.len);
        }
    }
}

static __attribute__((noinline)) lp_boot_decision decide(const lp_boot_config *config) {
    lp_boot_report report;
    lp_boot_decision decision = lp_boot(config, &report);
    put_report(config->cause, &report);
    return decision;
}

void lp_firmware(void) {
    lp_flash flash = lp_board_flash;
    flash.read = feed_and_read;
    const lp_limits limits = lp_layout_limits(lp_board_layout);
    const lp_boot_config config = {.flash = &flash,
                                   .layout = lp_board_layout,
                                   .crypto = &lp_crypto_bearssl,
                                   .limits = &limits,
                                   .cause = lp_board_reset_cause(),
                                   .starts = lp_board_starts};
    lp_watchdog_begin(WATCHDOG_MS);
    if (decide(&config) == LP_BOOT_RECOVER) {
        recover(&config);
        put_stack();
        put_line("recovered\n");
        return;
    }
    put_stack();
    put_line(lp_board_lock() ? "runs slot 0\n" : "pages are not locked, runs slot 0\n");
    lp_watchdog_feed();
    lp_board_run(flash.map + lp_board_layout->slot[0].offset);
}
