/* SPDX-License-Identifier: Apache-2.0 */
/* Hex, base64 and decimal numbers, against OpenSSL and the C library. */
#include "fuzz.h"
#include "lampyr/encode.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <string.h>

static lp_str as_str(lp_slice text) {
    return (lp_str){(const char *)text.ptr, text.len};
}

/* Decoding into less room than is needed must say so. */
static void check_room(fuzz_memory *memory, lp_code (*decode)(lp_str, uint8_t *, size_t, size_t *), lp_slice text,
                       size_t needed) {
    size_t len = 0;
    if (needed > 0) {
        FUZZ_CHECK(decode(as_str(text), fuzz_alloc(memory, needed - 1), needed - 1, &len) == LP_LIMIT_STRING);
        FUZZ_CHECK(len == 0);
    }
}

static void check_hex(fuzz_memory *memory, lp_slice text) {
    size_t len = 0;
    uint8_t *bytes = fuzz_alloc(memory, text.len / 2);
    lp_code code = lp_hex_decode(as_str(text), bytes, text.len / 2, &len);
    char *terminated = fuzz_alloc(memory, text.len + 1);
    memcpy(terminated, text.ptr, text.len);
    terminated[text.len] = '\0';
    long theirs_len = -1;
    bool plain = strlen(terminated) == text.len && strchr(terminated, ':') == NULL; /* which OpenSSL skips */
    unsigned char *theirs = plain && text.len > 0 ? OPENSSL_hexstr2buf(terminated, &theirs_len) : NULL;
    if (text.len > 0) {
        FUZZ_CHECK((code == LP_OK) == (theirs != NULL));
    }
    if (code == LP_OK && text.len > 0) {
        char *again = fuzz_alloc(memory, 2 * len + 1);
        FUZZ_CHECK((size_t)theirs_len == len && memcmp(theirs, bytes, len) == 0);
        lp_hex_encode(bytes, len, again);
        FUZZ_CHECK(strcasecmp(again, terminated) == 0);
        check_room(memory, lp_hex_decode, text, len);
    }
    OPENSSL_free(theirs);
}

/* Base64 as JSON has it: "\/" is '/'. */
static lp_slice unescaped(fuzz_memory *memory, lp_slice text) {
    uint8_t *out = fuzz_alloc(memory, text.len);
    size_t len = 0;
    for (size_t i = 0; i < text.len; i++) {
        bool escape = text.ptr[i] == '\\' && i + 1 < text.len && text.ptr[i + 1] == '/';
        i += escape;
        out[len++] = text.ptr[i];
    }
    return (lp_slice){out, len};
}

static void check_base64(fuzz_memory *memory, lp_slice text) {
    size_t len = 0;
    size_t room = text.len / 4 * 3 + 3;
    uint8_t *bytes = fuzz_alloc(memory, room);
    lp_code code = lp_base64_decode(as_str(text), bytes, room, &len);
    lp_slice plain = unescaped(memory, text);
    uint8_t *theirs = fuzz_alloc(memory, room);
    int theirs_len = plain.len > 0 ? EVP_DecodeBlock(theirs, plain.ptr, (int)plain.len) : 0;
    if (code == LP_OK) {
        char *again = fuzz_alloc(memory, plain.len + 1);
        FUZZ_CHECK(theirs_len >= 0 && (size_t)theirs_len == plain.len / 4 * 3 && memcmp(theirs, bytes, len) == 0);
        lp_base64_encode(bytes, len, again);
        FUZZ_CHECK(strlen(again) == plain.len && memcmp(again, plain.ptr, plain.len) == 0);
        check_room(memory, lp_base64_decode, text, len);
    } else if (theirs_len >= 0) {
        /* OpenSSL also takes blanks around it, unused bits that are set, and more padding: not its own writing. */
        int pads = plain.len >= 2 ? (plain.ptr[plain.len - 1] == '=') + (plain.ptr[plain.len - 2] == '=') : 0;
        uint8_t *again = fuzz_alloc(memory, plain.len + 5);
        int again_len = EVP_EncodeBlock(again, theirs, theirs_len - pads);
        FUZZ_CHECK((size_t)again_len != plain.len || memcmp(again, plain.ptr, plain.len) != 0);
    }
}

/* Encoding any bytes is what OpenSSL writes, and decodes to them. */
static void check_bytes(fuzz_memory *memory, lp_slice bytes) {
    size_t text_len = (bytes.len + 2) / 3 * 4;
    char *ours = fuzz_alloc(memory, text_len + 1);
    unsigned char *theirs = fuzz_alloc(memory, text_len + 1);
    lp_base64_encode(bytes.ptr, bytes.len, ours);
    FUZZ_CHECK(EVP_EncodeBlock(theirs, bytes.ptr, (int)bytes.len) == (int)text_len);
    FUZZ_CHECK(strcmp(ours, (const char *)theirs) == 0);
    check_base64(memory, fuzz_copy(memory, ours, text_len));
    char *hex = fuzz_alloc(memory, 2 * bytes.len + 1);
    lp_hex_encode(bytes.ptr, bytes.len, hex);
    check_hex(memory, fuzz_copy(memory, hex, 2 * bytes.len));
}

static void check_uint(fuzz_memory *memory, lp_slice text) {
    uint64_t number = 7;
    lp_code code = lp_uint_parse(as_str(text), &number);
    char again[LP_UINT_TEXT_BYTES];
    char *terminated = fuzz_alloc(memory, text.len + 1);
    memcpy(terminated, text.ptr, text.len);
    terminated[text.len] = '\0';
    errno = 0;
    char *end;
    long long theirs = strtoll(terminated, &end, 10);
    snprintf(again, sizeof again, "%lld", theirs);
    bool fits = errno == 0 && theirs >= 0 && text.len < sizeof again && strcmp(again, terminated) == 0 &&
                (size_t)(end - terminated) == text.len;
    FUZZ_CHECK((code == LP_OK) == fits);
    FUZZ_CHECK(number == (code == LP_OK ? (uint64_t)theirs : 7));
    if (code == LP_OK) {
        FUZZ_CHECK(lp_uint_format(number, again) == text.len && strcmp(again, terminated) == 0);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    fuzz_memory memory = {NULL};
    lp_slice text = fuzz_copy(&memory, data, size);
    check_hex(&memory, text);
    check_base64(&memory, text);
    check_uint(&memory, text);
    check_bytes(&memory, text);
    fuzz_release(&memory);
    return 0;
}
