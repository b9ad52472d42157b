/* SPDX-License-Identifier: Apache-2.0 */
/* Full verification: director, image repository, and the search for every image ordered. */
#include "lampyr/uptane.h"
#include "machine.h"

#include <string.h>

MACHINE_CALLS(lp_full)

/* Two of three image repositories must agree on what begins with a, one of two on the rest. */
static const char map_text[] = "{\"mapping\":[{\"paths\":[\"a*\"],\"repositories\":[\"x\",\"y\",\"z\"],"
                               "\"terminating\":false,\"threshold\":2},{\"paths\":[\"*\"],\"repositories\":[\"y\","
                               "\"x\"],\"terminating\":true,\"threshold\":1}],\"repositories\":{\"x\":[\"x\"],"
                               "\"y\":[\"y\"],\"z\":[\"z\"]}}";
enum { MAPPED = 3 };

/* The machine, and what it said of the first image it refused. */
typedef struct subject {
    lp_full full;
    lp_full_config config;
    lp_map map;
    lp_source sources[MAPPED];
    bool refused_image;
    lp_error first;
    lp_slice first_subject;
} subject;

static bool shows_trusted(const void *self) {
    const lp_full *full = self;
    FUZZ_CHECK(!lp_full_has_news(full) || lp_full_targets(full) != NULL);
    return lp_full_targets(full) != NULL;
}

/* An image that may be installed is one that both repositories describe alike, for hardware that is there. */
static void check_verdict(const lp_full_config *config, const lp_verdict *verdict) {
    lp_json_iter iter = lp_json_iterate(lp_target_ecus(&verdict->director));
    lp_str serial = {NULL, 0};
    lp_str hardware;
    lp_json member;
    FUZZ_CHECK(!verdict->director.encrypted);
    if (verdict->image.name.ptr != NULL) {
        FUZZ_CHECK(verdict->agreed != 0 && (verdict->consistent & ~verdict->agreed) == 0);
        FUZZ_CHECK(config->map != NULL || verdict->agreed == 1);
        FUZZ_CHECK(lp_str_eq(verdict->director.name, verdict->image.name));
        FUZZ_CHECK(lp_hashes_agree(&verdict->director.hashes, &verdict->image.hashes));
        FUZZ_CHECK(verdict->director.length_bytes == verdict->image.length_bytes);
        FUZZ_CHECK(verdict->director.counter == verdict->image.counter);
    }
    while (lp_json_next(&iter, &serial, &member)) {
        FUZZ_CHECK(lp_target_ecu_hardware(member, &hardware) == LP_OK);
        for (size_t i = 0; i < config->ecu_count; i++) {
            if (lp_str_is(serial, config->ecus[i].serial)) {
                FUZZ_CHECK(lp_str_is(hardware, config->ecus[i].hardware));
                FUZZ_CHECK(verdict->director.counter >= config->ecus[i].counter_floor);
            }
        }
    }
}

static void on_target(void *self, fuzz_memory *memory) {
    subject *s = self;
    const lp_verdict *verdict = lp_full_verdict(&s->full);
    FUZZ_CHECK(verdict != NULL);
    if (verdict->error.code == LP_OK) {
        check_verdict(&s->config, verdict);
    } else if (!s->refused_image) {
        s->refused_image = true;
        s->first = verdict->error;
        s->first_subject = fuzz_copy(memory, verdict->error.subject.ptr, verdict->error.subject.len);
    }
}

/* The error of a run that judged all images is that of the first one refused, and still says what it said. */
static void on_refused(const void *self) {
    const subject *s = self;
    const lp_error *error = lp_full_error(&s->full);
    if (error->code == s->first.code && error->subject.ptr == s->first.subject.ptr) {
        FUZZ_CHECK(error->subject.len == s->first_subject.len);
        FUZZ_CHECK(error->subject.len == 0 ||
                   memcmp(error->subject.ptr, s->first_subject.ptr, error->subject.len) == 0);
    }
}

/* Several image repositories instead of one. */
static void use_map(subject *s) {
    lp_map_fault fault;
    lp_slice file = {(const uint8_t *)map_text, sizeof map_text - 1};
    FUZZ_CHECK(lp_map_read(file, (lp_scratch){NULL, 0}, &s->map, &fault) == LP_OK && s->map.count == MAPPED);
    s->config.map = &s->map;
    s->config.sources = s->sources;
}

/* Images the director may order under the limit on its file, and what each may ask for. */
static size_t max_asks(void) {
    size_t repository = 5U * fuzz_limits.root_rotations + 12;
    size_t images = fuzz_limits.targets_bytes / 16;
    return (1 + MAPPED) * repository + images * (MAPPED * 3U * fuzz_limits.delegations + 2);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const lp_ecu ecus[] = {
        {.serial = "e1", .hardware = "hw1", .counter_floor = 2},
        {.serial = "e2", .hardware = "hw2", .has_installed = true, .installed_sha256 = {0x22}},
        {.serial = "e3", .hardware = "hw1"},
    };
    fuzz_memory memory = {NULL};
    fuzz_input input = fuzz_begin(data, size);
    uint8_t bits = fuzz_byte(&input);
    subject *s = fuzz_alloc(&memory, sizeof *s);
    memset(s, 0, sizeof *s);
    s->config = (lp_full_config){.crypto = &fuzz_crypto,
                                 .limits = &fuzz_limits,
                                 .director_dialect = (lp_dialect)(bits & 1),
                                 .image_dialect = (lp_dialect)(bits >> 1 & 1),
                                 .director_root_and_targets_only = bits >> 2 & 1,
                                 .now = 1800000000,
                                 .vehicle = bits >> 3 & 1 ? NULL : "v",
                                 .ecus = ecus,
                                 .ecu_count = sizeof ecus / sizeof *ecus,
                                 .only_listed = bits >> 4 & 1,
                                 .always_check_image_repository = bits >> 5 & 1};
    if (bits >> 6 & 1) {
        use_map(s);
    }
    lp_full_begin(&s->full, &s->config);
    machine m = {s,         call_next,  call_give,     call_absent, call_failed,
                 call_done, call_error, shows_trusted, on_target,   on_refused};
    if (machine_run(&m, &input, &memory, max_asks()) == LP_ASK_TRUSTED) {
        FUZZ_CHECK(!s->refused_image);
        FUZZ_CHECK(lp_full_director_root(&s->full)->doc.expires > s->config.now);
    }
    fuzz_release(&memory);
    return 0;
}
