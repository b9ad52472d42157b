/* SPDX-License-Identifier: Apache-2.0 */
/* The agent on a board, from the order to the last report, with power cut at every flash operation: whatever is cut,
 * what runs is the old image or the new one, and the update is completed; or given up, where the new image fails. The
 * boot loader here is a stand-in that swaps slots at once. */
#include "agent_world.h"
#include "cuts.h"
#include "lampyr-board/board.h"
#include "lampyr-store/slot.h"
#include "lampyr/encode.h"
#include "layouts.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define NEW_NAME "brake v2"

enum { NEW_BYTES = 2500, COUNTER = 7, ATTEMPTS = 3, SEEDS = 2 };

typedef struct device {
    sim_flash sim;
    lp_board board;
    bool power_lost;  /* the next boot is after a loss of power */
    bool new_is_dumb; /* the new image cannot reach the primary */
} device;

/* What goes back in time with flash. */
typedef struct known {
    world *w;
    uint64_t reports; /* that the primary has taken */
} known;

static const lp_layout *const layout = &layout_small;
static char new_image[NEW_BYTES + 1];
static const char old_image[] = "the factory's image";

static device *device_of(const world *w) {
    return w->device;
}

/* --- the boot loader's stand-in --- */

static bool holds(const device *d, unsigned slot, const char *image) {
    return memcmp(d->sim.flash.map + layout->slot[slot].offset, image, strlen(image)) == 0;
}

static void run_image(device *d, const char *image) {
    static uint8_t former[2][5 * 1024];
    if (holds(d, 0, image)) {
        return;
    }
    for (unsigned slot = 0; slot < 2; slot++) {
        memcpy(former[slot], d->sim.flash.map + layout->slot[slot].offset, sizeof former[slot]);
    }
    for (unsigned slot = 0; slot < 2; slot++) {
        sim_flash_load(&d->sim, layout->slot[slot].offset, former[1 - slot], sizeof former[slot]);
    }
}

/* What was requested is complete, and recorded with the targets that ordered it. */
static void assert_requested_image_is_whole(const device *d) {
    lp_slot_record record;
    assert_true(lp_slot_record_read(&d->sim.flash, layout, 1, &record));
    assert_int_equal(record.image_bytes, NEW_BYTES);
    assert_int_equal(record.root_version, 1);
    assert_true(holds(d, 1, new_image));
    lp_signed targets;
    assert_int_equal(lp_signed_parse(record.targets, LP_ROLE_TARGETS, LP_JSON_CANONICAL, LP_DIALECT_TUF,
                                     &lp_limits_constrained, (lp_scratch){NULL, 0}, &targets),
                     LP_OK);
    assert_int_equal(targets.version, 2);
}

static void next_phase(device *d, lp_boot_state *boot) {
    if (boot->phase == LP_BOOT_REQUESTED) {
        assert_requested_image_is_whole(d);
        *boot = (lp_boot_state){.phase = LP_BOOT_TESTING, .attempts = 1};
    } else if (boot->phase == LP_BOOT_TESTING && d->power_lost && boot->attempts < ATTEMPTS) {
        boot->attempts++;
    } else if (boot->phase == LP_BOOT_TESTING) {
        *boot = (lp_boot_state){.phase = LP_BOOT_IDLE, .reverted = true};
    }
}

static void load_and_go(device *d) {
    lp_journal journal;
    lp_board_state state;
    assert_int_equal(lp_journal_open(&journal, &d->sim.flash, layout->journal, &state), LP_JOURNAL_GOOD);
    assert_true(lp_journal_seal(&journal, &state));
    next_phase(d, &state.boot);
    assert_true(lp_journal_save(&journal, &state, LP_STATE_BOOT));
    if (state.boot.phase == LP_BOOT_TESTING) {
        run_image(d, new_image);
    } else if (state.boot.reverted) {
        run_image(d, old_image);
    }
    d->power_lost = false;
}

/* --- the device --- */

static bool random_bytes(void *ctx, void *out, size_t bytes) {
    (void)ctx;
    return lp_random(out, bytes);
}

static void on_event(void *ctx, const lp_agent_event *event) {
    (void)ctx;
    (void)event;
}

static void power_on(world *w) {
    device *d = device_of(w);
    const lp_board_config config = {.flash = &d->sim.flash,
                                    .layout = layout,
                                    .crypto = &lp_crypto_openssl,
                                    .random = random_bytes,
                                    .event = on_event};
    load_and_go(d);
    assert_int_equal(lp_board_open(&d->board, &config), LP_OK);
    w->port = lp_board_port(&d->board);
    w->limits = &d->board.limits;
    w->silent = d->new_is_dumb && holds(d, 0, new_image);
}

static void provision(world *w, device *d) {
    static uint8_t bytes[6 * 1024];
    size_t len;
    lp_factory factory = {.dialect = w->director.dialect,
                          .time = TEST_NOW - 1000,
                          .serial = WORLD_SERIAL,
                          .hardware = WORLD_HARDWARE,
                          .vehicle = TEST_VEHICLE,
                          .primary = "fd00::1",
                          .root = files_get(&w->provisioned, "director/root"),
                          .targets = files_get(&w->provisioned, "director/targets")};
    assert_true(lp_factory_write(&factory, bytes, sizeof bytes, &len));
    sim_flash_load(&d->sim, layout->factory.offset, bytes, (uint32_t)len);
    sim_flash_load(&d->sim, layout->slot[0].offset, old_image, (uint32_t)strlen(old_image));
    lp_slot_record record = {.image_bytes = (uint32_t)strlen(old_image), .root_version = 1, .targets = factory.targets};
    assert_true(lp_slot_record_write(&d->sim.flash, layout, 0, &record));
    lp_journal journal;
    lp_board_state state;
    lp_journal_open(&journal, &d->sim.flash, layout->journal, &state);
    lp_state_first(&state, factory.time, 0);
    assert_true(lp_journal_seal(&journal, &state));
}

/* The director orders the new image; it is what the digest is of. */
static void order_new_image(world *w) {
    uint8_t digest[LP_SHA256_BYTES];
    char hex[2 * LP_SHA256_BYTES + 1];
    json_t *targets = w->director.roles[LP_ROLE_TARGETS];
    assert_true(lp_digest(&lp_crypto_openssl, LP_SHA256, (lp_slice){(const uint8_t *)new_image, NEW_BYTES}, digest));
    lp_hex_encode(digest, sizeof digest, hex);
    repo_add_image(targets, NEW_NAME, NEW_BYTES, order_for(WORLD_SERIAL, WORLD_HARDWARE, COUNTER));
    json_t *image = json_object_get(json_object_get(targets, "targets"), NEW_NAME);
    json_object_set_new(image, "hashes", json_pack("{s:s}", "sha256", hex));
    world_publish(w);
    w->image = new_image;
}

static int set_up(void **state) {
    world_set_up_tuf(state);
    world *w = *state;
    device *d = calloc(1, sizeof *d);
    assert_non_null(d);
    sim_flash_make(&d->sim, &sim_small);
    for (int i = 0; i < NEW_BYTES; i++) {
        new_image[i] = (char)('!' + (i * 31 + i / 90) % 90);
    }
    provision(w, d);
    order_new_image(w);
    w->device = d;
    w->power_on = power_on;
    w->agent_block_bytes = 256;
    return 0;
}

static int tear_down(void **state) {
    world *w = *state;
    device *d = device_of(w);
    world_tear_down(state);
    sim_flash_free(&d->sim);
    free(d);
    return 0;
}

/* --- cuts --- */

/* From power on until there is nothing left to do. */
static void run(void *arg) {
    const known *k = arg;
    device_of(k->w)->power_lost = true;
    k->w->reports = k->reports;
    world_forget_logs(k->w);
    world_boot(k->w);
    world_settle(k->w, device_of(k->w)->new_is_dumb ? 3 * WORLD_CONFIRM_MS / WORLD_POLL_MS : 5);
}

static lp_board_state state_of(const known *k) {
    lp_journal journal;
    lp_board_state state;
    assert_int_equal(lp_journal_open(&journal, &device_of(k->w)->sim.flash, layout->journal, &state), LP_JOURNAL_GOOD);
    return state;
}

static void check(void *arg) {
    known *k = arg;
    lp_board_state state = state_of(k);
    const lp_record *record = &state.record;
    const device *d = device_of(k->w);
    assert_true(holds(d, 0, old_image) || holds(d, 0, new_image));
    bool installed = strcmp(record->installed.name, NEW_NAME) == 0;
    assert_true(installed || strcmp(record->installed.name, "unknown") == 0);
    assert_int_equal(record->counter_floor, installed ? COUNTER : 0);
    assert_true(!installed || record->trial_state == LP_TRIAL_NONE);
    assert_true(record->time_floor == TEST_NOW - 1000 || record->time_floor == TEST_NOW);
    assert_true(state.targets_copy == 0 || state.targets_copy == 1);
    assert_true(state.download_len == 0 || state.download_len == NEW_BYTES);
    k->reports = k->w->reports;
}

static void updated(void *arg) {
    const known *k = arg;
    lp_board_state state = state_of(k);
    assert_true(holds(device_of(k->w), 0, new_image));
    assert_int_equal(state.boot.phase, LP_BOOT_IDLE);
    assert_false(state.boot.reverted);
    assert_string_equal(state.record.installed.name, NEW_NAME);
    assert_int_equal(state.record.counter_floor, COUNTER);
    assert_int_equal(state.record.trial_state, LP_TRIAL_NONE);
    assert_string_equal(state.record.attacks, "");
    assert_string_equal(world_reported_image(k->w), NEW_NAME);
}

static void given_up(void *arg) {
    const known *k = arg;
    lp_board_state state = state_of(k);
    assert_true(holds(device_of(k->w), 0, old_image));
    assert_int_equal(state.boot.phase, LP_BOOT_IDLE);
    assert_true(state.boot.reverted);
    assert_string_equal(state.record.installed.name, "unknown");
    assert_int_equal(state.record.counter_floor, 0);
    assert_int_equal(state.record.trial_state, LP_TRIAL_FAILED);
    assert_string_equal(world_reported_image(k->w), "unknown");
}

static void cut(world *w, void (*end)(void *)) {
    known k = {.w = w};
    cut_case test = {
        .sim = &device_of(w)->sim, .run = run, .check = check, .end = end, .arg = &k, .arg_bytes = sizeof k};
    print_message("%ju cuts\n", (uintmax_t)cut_everywhere(&test, 1, SEEDS));
}

static void an_update_is_completed_whatever_is_cut(void **state) {
    cut(*state, updated);
}

static void a_new_image_that_fails_is_given_up_whatever_is_cut(void **state) {
    world *w = *state;
    device_of(w)->new_is_dumb = true;
    cut(w, given_up);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(an_update_is_completed_whatever_is_cut, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_new_image_that_fails_is_given_up_whatever_is_cut, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
