/* SPDX-License-Identifier: Apache-2.0 */
#include "lampyr/path.h"
#include "json_internal.h"
#include "lampyr/encode.h"
#include "refusal.h"

#include <string.h>

/* Text that grows in a fixed buffer, always leaving room for the terminator. */
typedef struct text {
    char *out;
    size_t bytes;
    size_t len;
    bool full;
} text;

static void put(text *t, char c) {
    if (t->len + 1 >= t->bytes) {
        t->full = true;
    } else {
        t->out[t->len++] = c;
    }
}

static void put_text(text *t, const char *s) {
    while (*s != '\0') {
        put(t, *s++);
    }
}

static bool is_unreserved(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.' ||
           c == '_' || c == '~';
}

static void put_quoted(text *t, const char *name, size_t len, bool keep_slash) {
    static const char digits[] = "0123456789ABCDEF";
    for (; len > 0; len--, name++) {
        if (is_unreserved(*name) || (keep_slash && *name == '/')) {
            put(t, *name);
            continue;
        }
        put(t, '%');
        put(t, digits[(unsigned char)*name >> 4]);
        put(t, digits[(unsigned char)*name & 15]);
    }
}

static lp_code finish(const text *t) {
    if (LP_REFUSAL(2501, t->full || t->bytes == 0)) {
        return LP_LIMIT_STRING;
    }
    t->out[t->len] = '\0';
    return LP_OK;
}

/* A name, byte by byte. */
typedef struct name_checker {
    size_t segment_len;
    bool only_dots; /* in the segment so far */
} name_checker;

/* Takes the next byte, 0 at the end. False if no safe name has it there. */
static bool check_byte(name_checker *c, int byte) {
    if (byte == '/' || byte == 0) {
        bool safe = c->segment_len > 2 || (c->segment_len > 0 && !c->only_dots);
        *c = (name_checker){.only_dots = true};
        return !LP_REFUSAL(2502, !safe);
    }
    c->segment_len++;
    c->only_dots = c->only_dots && byte == '.';
    return !LP_REFUSAL(2503, byte < 0x20 || byte == 0x7f || byte == '\\');
}

bool lp_name_safe(const char *name) {
    name_checker c = {.only_dots = true};
    while (check_byte(&c, (unsigned char)*name)) {
        if (*name++ == '\0') {
            return true;
        }
    }
    return false;
}

lp_code lp_name_check(lp_str name) {
    name_checker c = {.only_dots = true};
    lp_str_reader reader = lp_str_read(name);
    int byte;
    for (size_t len = 0; (byte = lp_str_byte(&reader)) >= 0; len++) {
        if (LP_REFUSAL(2504, len + 1 >= LP_NAME_BYTES)) {
            return LP_LIMIT_STRING;
        }
        if (LP_REFUSAL(2505, byte == 0 || !check_byte(&c, byte))) {
            return LP_NAME_UNSAFE;
        }
    }
    return LP_REFUSAL(2506, !check_byte(&c, 0)) ? LP_NAME_UNSAFE : LP_OK;
}

lp_code lp_name_quote(const char *name, bool keep_slash, char *out, size_t out_bytes) {
    text t = {.out = out, .bytes = out_bytes};
    put_quoted(&t, name, strlen(name), keep_slash);
    return finish(&t);
}

/* Past one UTF-8 character. */
static const char *skip_char(const char *p) {
    do {
        p++;
    } while (((unsigned char)*p & 0xc0) == 0x80);
    return p;
}

/* Only the last '*' needs another try. Where no wildcard takes '/', the slashes of pattern and name pair up
 * one to one, which fixes every segment; inside a segment, and where wildcards take '/', an earlier '*' that
 * took more would leave the last one less to choose from. */
bool lp_path_match(lp_dialect dialect, const char *pattern, const char *name) {
    const bool crosses = dialect == LP_DIALECT_LEGACY;
    const char *after_star = NULL;
    const char *star_end = NULL; /* where in `name` the last '*' stops */
    while (*name != '\0') {
        if (*pattern == '*') {
            after_star = ++pattern;
            star_end = name;
        } else if (*pattern == '?' && (crosses || *name != '/')) {
            pattern++;
            name = skip_char(name);
        } else if (*pattern == *name) {
            pattern++;
            name++;
        } else if (after_star != NULL && (crosses || *star_end != '/')) {
            name = ++star_end; /* any bytes: whole characters in UTF-8, where none begins inside another */
            pattern = after_star;
        } else {
            return false;
        }
    }
    while (*pattern == '*') {
        pattern++;
    }
    return *pattern == '\0';
}

/* A delegated role must not pass for a top-level one: they share a folder and a store. Other names cannot leave
 * the folder, because every character that could is percent-encoded. */
static bool is_top_level(const char *role_name) {
    for (int role = LP_ROLE_ROOT; role <= LP_ROLE_TARGETS; role++) {
        const char *top = lp_role_name((lp_role)role);
        if (strlen(role_name) == strlen(top) && memcmp(role_name, top, strlen(top)) == 0) {
            return true;
        }
    }
    return false;
}

/* The role's name as it stands in file names, unescaped. */
static lp_code file_stem(lp_role role, const char *role_name, const char **stem) {
    if (role >= LP_ROLE_ROOT && role <= LP_ROLE_TARGETS) {
        *stem = lp_role_name(role);
    } else if (LP_REFUSAL(2507, role != LP_ROLE_DELEGATED) || LP_REFUSAL(2508, is_top_level(role_name))) {
        return LP_NAME_UNSAFE;
    } else {
        *stem = role_name;
    }
    return LP_OK;
}

lp_code lp_metadata_path(lp_dialect dialect, lp_role role, uint64_t version, const char *role_name, char *out,
                         size_t out_bytes) {
    text t = {.out = out, .bytes = out_bytes};
    const char *stem;
    lp_code code = file_stem(role, role_name, &stem);
    if (code != LP_OK) {
        return code;
    }
    if (dialect == LP_DIALECT_LEGACY && role == LP_ROLE_DELEGATED) {
        put_text(&t, "delegations/");
    }
    if (version > 0 && (dialect == LP_DIALECT_TUF || role == LP_ROLE_ROOT)) {
        char number[LP_UINT_TEXT_BYTES];
        lp_uint_format(version, number);
        put_text(&t, number);
        put(&t, '.');
    }
    put_quoted(&t, stem, strlen(stem), false);
    put_text(&t, ".json");
    return finish(&t);
}

lp_code lp_store_name(lp_role role, const char *role_name, char *out, size_t out_bytes) {
    text t = {.out = out, .bytes = out_bytes};
    const char *stem;
    lp_code code = file_stem(role, role_name, &stem);
    if (code != LP_OK) {
        return code;
    }
    put_quoted(&t, stem, strlen(stem), false);
    put_text(&t, ".json");
    return finish(&t);
}

lp_code lp_image_path(bool consistent, const char *name, const lp_hashes *hashes, char *out, size_t out_bytes) {
    text t = {.out = out, .bytes = out_bytes};
    if (LP_REFUSAL(2509, !lp_name_safe(name))) {
        return LP_NAME_UNSAFE;
    }
    size_t len = strlen(name);
    size_t folder = len;
    while (folder > 0 && name[folder - 1] != '/') {
        folder--;
    }
    put_text(&t, "targets/");
    put_quoted(&t, name, folder, true);
    if (consistent) {
        char digest[2 * LP_SHA512_BYTES + 1];
        if (LP_REFUSAL(2510, !hashes->has_sha256 && !hashes->has_sha512)) {
            return LP_FIELD_VALUE;
        }
        if (hashes->has_sha256) {
            lp_hex_encode(hashes->sha256, LP_SHA256_BYTES, digest);
        } else {
            lp_hex_encode(hashes->sha512, LP_SHA512_BYTES, digest);
        }
        put_text(&t, digest);
        put(&t, '.');
    }
    put_quoted(&t, name + folder, len - folder, false);
    return finish(&t);
}
