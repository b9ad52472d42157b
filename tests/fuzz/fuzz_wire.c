/* SPDX-License-Identifier: Apache-2.0 */
/* The small bodies between primary and secondary: what is read is written again as it was. */
#include "fuzz.h"
#include "lampyr/wire.h"

#include <string.h>

static bool same_registration(const lp_registration *a, const lp_registration *b) {
    return a->protocol == b->protocol && strcmp(a->serial, b->serial) == 0 && strcmp(a->hardware, b->hardware) == 0 &&
           strcmp(a->vendor, b->vendor) == 0 && lp_public_key_eq(&a->key, &b->key) &&
           strcmp(a->image_name, b->image_name) == 0 &&
           memcmp(a->image_sha256, b->image_sha256, LP_SHA256_BYTES) == 0 && a->image_bytes == b->image_bytes &&
           a->block_bytes == b->block_bytes && a->full == b->full && strcmp(a->nonce, b->nonce) == 0;
}

static bool has_control(const char *text) {
    for (; *text != '\0'; text++) {
        if ((unsigned char)*text < 0x20 || *text == 0x7f) {
            return true;
        }
    }
    return false;
}

static void check_registration(fuzz_memory *memory, lp_slice bytes, size_t room) {
    lp_registration read;
    lp_registration again;
    lp_slice out;
    if (lp_registration_read(bytes, &read) != LP_OK) {
        return;
    }
    FUZZ_CHECK(read.protocol > 0 && read.serial[0] != '\0' && read.hardware[0] != '\0');
    FUZZ_CHECK(!has_control(read.serial) && !has_control(read.hardware) && !has_control(read.vendor) &&
               !has_control(read.image_name));
    char *buffer = fuzz_alloc(memory, 2 * (size_t)LP_WIRE_REGISTRATION_BYTES);
    FUZZ_CHECK(lp_registration_write(&read, buffer, 2 * (size_t)LP_WIRE_REGISTRATION_BYTES, &out) == LP_OK);
    FUZZ_CHECK(lp_registration_read(fuzz_copy(memory, out.ptr, out.len), &again) == LP_OK);
    FUZZ_CHECK(same_registration(&read, &again));
    char *less = fuzz_alloc(memory, room);
    lp_slice fits;
    FUZZ_CHECK(lp_registration_write(&read, less, room, &fits) == (room < out.len ? LP_LIMIT_MEMORY : LP_OK));
}

static void check_news(fuzz_memory *memory, lp_slice bytes) {
    lp_news read;
    lp_news again;
    lp_slice out;
    if (lp_news_read(bytes, &read) != LP_OK) {
        return;
    }
    char *buffer = fuzz_alloc(memory, LP_WIRE_NEWS_BYTES);
    FUZZ_CHECK(lp_news_write(&read, buffer, LP_WIRE_NEWS_BYTES, &out) == LP_OK);
    FUZZ_CHECK(out.len <= bytes.len && memcmp(out.ptr, bytes.ptr, out.len - 1) == 0); /* later members follow */
    FUZZ_CHECK(lp_news_read(fuzz_copy(memory, out.ptr, out.len), &again) == LP_OK);
    FUZZ_CHECK(memcmp(&read, &again, sizeof read) == 0);
    FUZZ_CHECK(lp_news_write(&read, buffer, out.len - 1, &out) == LP_LIMIT_MEMORY);
}

/* Input: one byte that sets the room to write in, and a body. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    fuzz_memory memory = {NULL};
    fuzz_input input = fuzz_begin(data, size);
    size_t room = fuzz_byte(&input) * 4U;
    lp_slice rest = fuzz_rest(&input);
    lp_slice bytes = fuzz_copy(&memory, rest.ptr, rest.len);
    check_registration(&memory, bytes, room);
    check_news(&memory, bytes);
    fuzz_release(&memory);
    return 0;
}
