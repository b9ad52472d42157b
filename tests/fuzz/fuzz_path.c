/* SPDX-License-Identifier: Apache-2.0 */
/* Names of roles and images: patterns against a plain matcher, and paths that must not leave their folder. */
#include "fuzz.h"
#include "lampyr/path.h"

#include <string.h>

/* One UTF-8 character. */
static size_t char_len(const char *p) {
    size_t len = 1;
    while (((unsigned char)p[len] & 0xc0) == 0x80) {
        len++;
    }
    return len;
}

/* The definition, word for word; slow, so `*budget` bounds it. */
static bool plain_match(bool crosses, const char *pattern, const char *name, size_t *budget) {
    if (*budget == 0) {
        return false;
    }
    --*budget;
    if (*pattern == '\0') {
        return *name == '\0';
    }
    bool takes = *name != '\0' && (crosses || *name != '/');
    if (*pattern == '*') {
        return plain_match(crosses, pattern + 1, name, budget) ||
               (takes && plain_match(crosses, pattern, name + 1, budget));
    }
    if (*pattern == '?') {
        return takes && plain_match(crosses, pattern + 1, name + char_len(name), budget);
    }
    return *pattern == *name && plain_match(crosses, pattern + 1, name + 1, budget);
}

static void check_match(const char *pattern, const char *name) {
    for (lp_dialect dialect = LP_DIALECT_TUF; dialect <= LP_DIALECT_LEGACY; dialect++) {
        size_t budget = 200000;
        bool ours = lp_path_match(dialect, pattern, name);
        bool theirs = plain_match(dialect == LP_DIALECT_LEGACY, pattern, name, &budget);
        FUZZ_CHECK(budget == 0 || ours == theirs);
    }
}

/* The text that a percent-encoded one stands for. */
static void unquote(const char *text, size_t len, char *out) {
    for (size_t i = 0; i < len; i++) {
        bool quoted = text[i] == '%';
        *out++ = quoted ? (char)strtol((char[]){text[i + 1], text[i + 2], '\0'}, NULL, 16) : text[i];
        i += quoted ? 2 : 0;
    }
    *out = '\0';
}

/* A path under a folder that no step of can leave it, and that a URL and a file system take as it is. */
static bool stays(const char *path) {
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~%/";
    return lp_name_safe(path) && strspn(path, plain) == strlen(path);
}

static void check_quote(fuzz_memory *memory, const char *name) {
    size_t room = 3 * strlen(name) + 1;
    char *quoted = fuzz_alloc(memory, room);
    char *again = fuzz_alloc(memory, room);
    FUZZ_CHECK(lp_name_quote(name, false, quoted, room) == LP_OK);
    FUZZ_CHECK(strchr(quoted, '/') == NULL);
    unquote(quoted, strlen(quoted), again);
    FUZZ_CHECK(strcmp(again, name) == 0);
    size_t needed = strlen(quoted) + 1;
    FUZZ_CHECK(lp_name_quote(name, false, fuzz_alloc(memory, needed), needed) == LP_OK);
    FUZZ_CHECK(lp_name_quote(name, false, fuzz_alloc(memory, needed - 1), needed - 1) == LP_LIMIT_STRING);
}

/* Delegated roles have files of their own: none is that of a top-level role, each stands for one name. */
static void check_role(fuzz_memory *memory, const char *name, uint64_t version) {
    static const char suffix[] = ".json";
    size_t room = 3 * strlen(name) + 64;
    char *path = fuzz_alloc(memory, room);
    char *again = fuzz_alloc(memory, room);
    lp_code code = lp_store_name(LP_ROLE_DELEGATED, name, path, room);
    FUZZ_CHECK(code == LP_OK || code == LP_NAME_UNSAFE);
    if (code != LP_OK) {
        return;
    }
    FUZZ_CHECK(stays(path) && strchr(path, '/') == NULL);
    unquote(path, strlen(path) - (sizeof suffix - 1), again);
    FUZZ_CHECK(strcmp(again, name) == 0 && strcmp(path + strlen(path) - 5, suffix) == 0);
    for (lp_role role = LP_ROLE_ROOT; role <= LP_ROLE_TARGETS; role++) {
        char top[32];
        FUZZ_CHECK(lp_store_name(role, "", top, sizeof top) == LP_OK && strcmp(top, path) != 0);
    }
    for (lp_dialect dialect = LP_DIALECT_TUF; dialect <= LP_DIALECT_LEGACY; dialect++) {
        FUZZ_CHECK(lp_metadata_path(dialect, LP_ROLE_DELEGATED, version, name, path, room) == LP_OK && stays(path));
        FUZZ_CHECK(lp_metadata_path(dialect, LP_ROLE_DELEGATED, version, name, path, strlen(path)) == LP_LIMIT_STRING);
    }
}

static void check_image(fuzz_memory *memory, const char *name, uint8_t bits) {
    lp_hashes hashes = {.has_sha256 = bits & 1, .has_sha512 = bits >> 1 & 1};
    size_t room = 3 * strlen(name) + 2 * LP_SHA512_BYTES + 16;
    char *path = fuzz_alloc(memory, room);
    bool consistent = bits >> 2 & 1;
    lp_code code = lp_image_path(consistent, name, &hashes, path, room);
    FUZZ_CHECK((code == LP_NAME_UNSAFE) == !lp_name_safe(name));
    FUZZ_CHECK((code == LP_FIELD_VALUE) == (lp_name_safe(name) && consistent && (bits & 3) == 0));
    if (code == LP_OK) {
        char *again = fuzz_alloc(memory, room);
        FUZZ_CHECK(stays(path) && strncmp(path, "targets/", 8) == 0);
        unquote(path, strlen(path), again);
        FUZZ_CHECK(consistent || strcmp(again + 8, name) == 0);
        FUZZ_CHECK(lp_image_path(consistent, name, &hashes, again, strlen(path)) == LP_LIMIT_STRING);
    }
}

/* Input: one byte, a pattern, 0xff, a name. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    fuzz_memory memory = {NULL};
    fuzz_input input = fuzz_begin(data, size);
    uint8_t bits = fuzz_byte(&input);
    lp_slice texts[2] = {fuzz_chunk(&input), fuzz_chunk(&input)};
    char *terminated[2];
    for (int i = 0; i < 2; i++) {
        terminated[i] = fuzz_alloc(&memory, texts[i].len + 1);
        if (texts[i].len > 0) {
            memcpy(terminated[i], texts[i].ptr, texts[i].len);
        }
        terminated[i][texts[i].len] = '\0';
        check_quote(&memory, terminated[i]);
        check_role(&memory, terminated[i], bits);
        check_image(&memory, terminated[i], bits);
    }
    check_match(terminated[0], terminated[1]);
    fuzz_release(&memory);
    return 0;
}
