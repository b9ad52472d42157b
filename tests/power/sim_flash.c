/* SPDX-License-Identifier: Apache-2.0 */
#include "sim_flash.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const sim_geometry sim_firefly = {
    .size_bytes = 512 * 1024, .page_bytes = 2048, .word_bytes = 4, .erased = 0xFF, .programs_per_word = 1};

static void *allocate(size_t count, size_t bytes) {
    void *memory = calloc(count, bytes);
    if (memory == NULL) {
        fputs("sim_flash: out of memory\n", stderr);
        abort();
    }
    return memory;
}

static void violated(const sim_flash *sim, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void violated(const sim_flash *sim, const char *format, ...) {
    char what[160];
    va_list args;
    va_start(args, format);
    vsnprintf(what, sizeof what, format, args);
    va_end(args);
    if (sim->on_violation != NULL) {
        sim->on_violation(what);
    }
    fprintf(stderr, "sim_flash: operation %" PRIu64 ": %s\n", sim->operations, what);
    abort();
}

/* xorshift64* */
static uint64_t next_random(sim_flash *sim) {
    sim->random ^= sim->random >> 12;
    sim->random ^= sim->random << 25;
    sim->random ^= sim->random >> 27;
    return sim->random * UINT64_C(2685821657736338717);
}

static uint32_t below(sim_flash *sim, uint32_t limit) {
    return (uint32_t)((next_random(sim) >> 32) % limit);
}

static sim_page *page_at(const sim_flash *sim, uint32_t offset) {
    return &sim->pages[offset / sim->flash.page_bytes];
}

static void touch(sim_flash *sim, uint32_t offset) {
    page_at(sim, offset)->stamp = ++sim->stamps;
}

/* --- what is torn --- */

enum { READS_BEFORE, READS_AFTER, READS_PART, READS_MIXED, READS };

static void read_torn_word(sim_flash *sim, const sim_tear *tear, uint32_t at, bool after) {
    const uint8_t *from = after ? tear->after : tear->before;
    memcpy(sim->bytes + tear->offset + at, from + at, sim->flash.word_bytes);
}

static void mix_torn_word(sim_flash *sim, const sim_tear *tear, uint32_t at) {
    uint64_t choice = next_random(sim);
    uint64_t bits = next_random(sim);
    for (uint32_t i = 0; i < sim->flash.word_bytes; i++) {
        uint8_t mask = (uint8_t)(bits >> (8 * i));
        uint8_t mixed = (uint8_t)((tear->before[at + i] & mask) | (tear->after[at + i] & ~mask));
        sim->bytes[tear->offset + at + i] = choice % 2 == 0 ? mixed : mask;
    }
}

/* Gives one torn place the values that it has until the next callback. */
static void waver(sim_flash *sim, const sim_tear *tear) {
    uint32_t word = sim->flash.word_bytes;
    uint32_t how = below(sim, READS);
    uint32_t split = how == READS_PART ? below(sim, tear->len / word) * word : how == READS_AFTER ? tear->len : 0;
    for (uint32_t at = 0; at < tear->len; at += word) {
        uint32_t one = how == READS_MIXED ? below(sim, 3) : 0;
        if (one == 2) {
            mix_torn_word(sim, tear, at);
        } else {
            read_torn_word(sim, tear, at, how == READS_MIXED ? one == 1 : at < split);
        }
    }
    touch(sim, tear->offset);
}

static void waver_all(sim_flash *sim) {
    for (unsigned i = 0; i < sim->tear_count; i++) {
        waver(sim, &sim->tears[i]);
    }
}

/* Erasing a page ends what was torn in it. */
static void mend(sim_flash *sim, uint32_t page) {
    unsigned kept = 0;
    for (unsigned i = 0; i < sim->tear_count; i++) {
        if (page_at(sim, sim->tears[i].offset) != page_at(sim, page)) {
            if (kept != i) {
                sim->tears[kept] = sim->tears[i];
            }
            kept++;
        }
    }
    sim->tear_count = kept;
}

static void tear(sim_flash *sim, uint32_t offset, const uint8_t *before, const uint8_t *after, uint32_t len) {
    if (sim->tear_count == SIM_TEARS) {
        violated(sim, "more than %d torn places: the test cuts power too often", SIM_TEARS);
    }
    sim_tear *torn = &sim->tears[sim->tear_count++];
    torn->offset = offset;
    torn->len = len;
    memcpy(torn->before, before, len);
    memcpy(torn->after, after, len);
    waver(sim, torn);
}

/* Half of an operation: all of it wavers, or the words before some point are done, one wavers, and the rest is as it
 * was. Whatever it is, it must be erased. */
static void do_half(sim_flash *sim, uint32_t offset, const uint8_t *after, uint32_t len) {
    uint32_t word = sim->flash.word_bytes;
    uint8_t before[SIM_PAGE_BYTES];
    memcpy(before, sim->bytes + offset, len);
    memset(sim->programs + offset / word, SIM_TORN, len / word);
    touch(sim, offset);
    if (below(sim, 2) == 0) {
        tear(sim, offset, before, after, len);
        return;
    }
    uint32_t done = below(sim, len / word) * word;
    memcpy(sim->bytes + offset, after, done);
    tear(sim, offset + done, before + done, after + done, word);
}

/* --- power --- */

static void cut_power(sim_flash *sim) {
    if (sim->power == NULL) {
        violated(sim, "power is cut outside sim_flash_run()");
    }
    longjmp(*sim->power, 1); /* NOLINT(cert-err52-cpp): what is cut holds nothing */
}

/* Counts an operation; true if it is done only half. */
static bool begin_operation(sim_flash *sim) {
    bool now = sim->operations == sim->cut_at;
    if (now && sim->cut == SIM_CUT_BEFORE) {
        cut_power(sim);
    }
    return now && sim->cut == SIM_CUT_MIDDLE;
}

static void end_operation(sim_flash *sim, bool half) {
    bool now = sim->operations++ == sim->cut_at;
    if (half || now) {
        cut_power(sim);
    }
}

bool sim_flash_run(sim_flash *sim, void (*code)(void *), void *arg) {
    jmp_buf power;
    sim->power = &power;
    if (setjmp(power) != 0) { /* NOLINT(cert-err52-cpp) */
        sim->power = NULL;
        return false;
    }
    code(arg);
    sim->power = NULL;
    return true;
}

void sim_flash_plan(sim_flash *sim, uint64_t operation, sim_cut cut, uint64_t seed) {
    sim->operations = 0;
    sim->cut_at = operation;
    sim->cut = cut;
    sim->random = seed * UINT64_C(0x9E3779B97F4A7C15) + 0x1234567;
    sim->random += sim->random == 0;
}

void sim_flash_boot(sim_flash *sim) {
    sim->cut_at = UINT64_MAX;
    for (uint32_t i = 0; i < sim->page_count; i++) {
        sim->pages[i].locked = false;
    }
    waver_all(sim);
}

/* --- callbacks --- */

static sim_flash *sim_of(const lp_flash *flash) {
    return flash->ctx;
}

static bool read_bytes(const lp_flash *flash, uint32_t offset, void *out, uint32_t len) {
    sim_flash *sim = sim_of(flash);
    waver_all(sim);
    if (offset > flash->size_bytes || len > flash->size_bytes - offset) {
        violated(sim, "reads %" PRIu32 " bytes at %#" PRIx32 ", beyond the end", len, offset);
    }
    memcpy(out, sim->bytes + offset, len);
    return true;
}

/* Bits go from the erased value to its opposite only. */
static bool only_programs(const sim_flash *sim, uint32_t offset, const uint8_t *bytes, uint32_t len) {
    for (uint32_t i = 0; i < len; i++) {
        uint8_t set = (uint8_t)(sim->bytes[offset + i] ^ sim->flash.erased);
        uint8_t wanted = (uint8_t)(bytes[i] ^ sim->flash.erased);
        if ((set & ~wanted) != 0) {
            return false;
        }
    }
    return true;
}

static void check_program(const sim_flash *sim, uint32_t offset, const uint8_t *bytes, uint32_t len) {
    const lp_flash *flash = &sim->flash;
    if (len == 0 || offset % flash->word_bytes != 0 || len % flash->word_bytes != 0) {
        violated(sim, "programs %" PRIu32 " bytes at %#" PRIx32 ": not whole words", len, offset);
    }
    if (offset >= flash->size_bytes || len > flash->page_bytes - offset % flash->page_bytes) {
        violated(sim, "programs %" PRIu32 " bytes at %#" PRIx32 ": not within a page", len, offset);
    }
    if (bytes + len > sim->bytes && bytes < sim->bytes + flash->size_bytes) {
        violated(sim, "programs %#" PRIx32 " from flash", offset);
    }
    for (uint32_t at = offset; at < offset + len; at += flash->word_bytes) {
        uint8_t programs = sim->programs[at / flash->word_bytes];
        if (programs == SIM_TORN) {
            violated(sim, "programs the torn word at %#" PRIx32 " without erasing", at);
        }
        if (programs >= sim->programs_per_word) {
            violated(sim, "programs the word at %#" PRIx32 " once more than allowed", at);
        }
    }
    if (!only_programs(sim, offset, bytes, len)) {
        violated(sim, "programs bits at %#" PRIx32 " back to the erased value", offset);
    }
}

static bool program(const lp_flash *flash, uint32_t offset, const void *source, uint32_t len) {
    sim_flash *sim = sim_of(flash);
    const uint8_t *bytes = source;
    waver_all(sim);
    check_program(sim, offset, bytes, len);
    sim_page *page = page_at(sim, offset);
    if (page->locked) {
        return false;
    }
    bool half = begin_operation(sim);
    bool fails = (page->fails & SIM_FAILS_PROGRAM) != 0;
    if (half || fails) {
        do_half(sim, offset, bytes, len);
    } else {
        memcpy(sim->bytes + offset, bytes, len);
        for (uint32_t at = offset; at < offset + len; at += flash->word_bytes) {
            sim->programs[at / flash->word_bytes]++;
        }
        touch(sim, offset);
    }
    end_operation(sim, half);
    return !fails;
}

static bool erase(const lp_flash *flash, uint32_t offset) {
    sim_flash *sim = sim_of(flash);
    waver_all(sim);
    if (offset % flash->page_bytes != 0 || offset >= flash->size_bytes) {
        violated(sim, "erases at %#" PRIx32 ", where no page starts", offset);
    }
    sim_page *page = page_at(sim, offset);
    if (page->locked) {
        return false;
    }
    bool half = begin_operation(sim);
    bool fails = (page->fails & SIM_FAILS_ERASE) != 0;
    uint8_t erased[SIM_PAGE_BYTES];
    memset(erased, flash->erased, flash->page_bytes);
    mend(sim, offset);
    page->wear++;
    if (half || fails) {
        do_half(sim, offset, erased, flash->page_bytes);
    } else {
        memcpy(sim->bytes + offset, erased, flash->page_bytes);
        memset(sim->programs + offset / flash->word_bytes, 0, flash->page_bytes / flash->word_bytes);
        touch(sim, offset);
    }
    end_operation(sim, half);
    return !fails;
}

/* --- the whole --- */

void sim_flash_make(sim_flash *sim, const sim_geometry *geometry) {
    uint32_t page_count = geometry->size_bytes / geometry->page_bytes;
    if (geometry->page_bytes > SIM_PAGE_BYTES || page_count * geometry->page_bytes != geometry->size_bytes) {
        fputs("sim_flash: impossible geometry\n", stderr);
        abort();
    }
    *sim = (sim_flash){.flash = {.size_bytes = geometry->size_bytes,
                                 .page_bytes = geometry->page_bytes,
                                 .word_bytes = geometry->word_bytes,
                                 .erased = geometry->erased,
                                 .read = read_bytes,
                                 .program = program,
                                 .erase = erase,
                                 .ctx = sim},
                       .programs_per_word = geometry->programs_per_word,
                       .page_count = page_count,
                       .cut_at = UINT64_MAX,
                       .random = 1};
    sim->bytes = allocate(geometry->size_bytes, 1);
    sim->programs = allocate(geometry->size_bytes / geometry->word_bytes, 1);
    sim->pages = allocate(page_count, sizeof *sim->pages);
    sim->tears = allocate(SIM_TEARS, sizeof *sim->tears);
    memset(sim->bytes, geometry->erased, geometry->size_bytes);
    sim->flash.map = sim->bytes;
}

void sim_flash_free(sim_flash *sim) {
    free(sim->bytes);
    free(sim->programs);
    free(sim->pages);
    free(sim->tears);
}

void sim_flash_load(sim_flash *sim, uint32_t offset, const void *bytes, uint32_t len) {
    uint32_t word = sim->flash.word_bytes;
    memcpy(sim->bytes + offset, bytes, len);
    for (uint32_t at = offset - offset % word; at < offset + len; at += word) {
        sim->programs[at / word] = sim->programs_per_word;
        touch(sim, at);
    }
}

void sim_flash_lock(sim_flash *sim, lp_region region) {
    for (uint32_t at = 0; at < region.bytes; at += sim->flash.page_bytes) {
        page_at(sim, region.offset + at)->locked = true;
    }
}

void sim_flash_fail(sim_flash *sim, uint32_t offset, unsigned how) {
    page_at(sim, offset)->fails = (uint8_t)how;
}

void sim_flash_wear(const sim_flash *sim, lp_region region, uint32_t *least, uint32_t *most) {
    *least = UINT32_MAX;
    *most = 0;
    for (uint32_t at = 0; at < region.bytes; at += sim->flash.page_bytes) {
        uint32_t wear = page_at(sim, region.offset + at)->wear;
        *least = wear < *least ? wear : *least;
        *most = wear > *most ? wear : *most;
    }
}

/* --- snapshots --- */

void sim_snapshot_take(sim_snapshot *snapshot, const sim_flash *sim) {
    uint32_t words = sim->flash.size_bytes / sim->flash.word_bytes;
    snapshot->bytes = allocate(sim->flash.size_bytes, 1);
    snapshot->programs = allocate(words, 1);
    snapshot->pages = allocate(sim->page_count, sizeof *sim->pages);
    snapshot->tears = allocate(sim->tear_count + 1, sizeof *sim->tears);
    snapshot->tear_count = sim->tear_count;
    memcpy(snapshot->bytes, sim->bytes, sim->flash.size_bytes);
    memcpy(snapshot->programs, sim->programs, words);
    memcpy(snapshot->pages, sim->pages, sim->page_count * sizeof *sim->pages);
    memcpy(snapshot->tears, sim->tears, sim->tear_count * sizeof *sim->tears);
}

void sim_snapshot_restore(const sim_snapshot *snapshot, sim_flash *sim) {
    uint32_t page_bytes = sim->flash.page_bytes;
    uint32_t page_words = page_bytes / sim->flash.word_bytes;
    for (uint32_t i = 0; i < sim->page_count; i++) {
        if (sim->pages[i].stamp != snapshot->pages[i].stamp) {
            memcpy(sim->bytes + i * page_bytes, snapshot->bytes + i * page_bytes, page_bytes);
            memcpy(sim->programs + i * page_words, snapshot->programs + i * page_words, page_words);
        }
        sim->pages[i] = snapshot->pages[i];
    }
    memcpy(sim->tears, snapshot->tears, snapshot->tear_count * sizeof *sim->tears);
    sim->tear_count = snapshot->tear_count;
}

void sim_snapshot_free(sim_snapshot *snapshot) {
    free(snapshot->bytes);
    free(snapshot->programs);
    free(snapshot->pages);
    free(snapshot->tears);
}
