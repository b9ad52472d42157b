/* SPDX-License-Identifier: Apache-2.0 */
/* Metadata as it was fetched, for secondaries that verify fully. */
#include "relay.h"

#include "lampyr-host/openssl.h"
#include "lampyr/limits.h"
#include "lampyr/path.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A name's escapes (RFC 3986) taken away. False for a broken one or a zero byte. */
static bool unquote(const char *text, size_t len, char *out, size_t out_bytes) {
    size_t used = 0;
    for (size_t i = 0; i < len; i++, used++) {
        char digits[3] = {0};
        char c = text[i];
        if (c == '%' && len - i > 2) {
            char *end;
            memcpy(digits, text + i + 1, 2);
            c = (char)strtoul(digits, &end, 16);
            i += 2;
            if (*end != '\0' || digits[0] == '+' || digits[0] == '-' || digits[0] == ' ') {
                return false;
            }
        }
        if (c == '\0' || used + 1 >= out_bytes) {
            return false;
        }
        out[used] = c;
    }
    out[used] = '\0';
    return true;
}

/* Takes a file's name apart as lp_metadata_path() makes it. A number in front is a version if `versioned`. */
static bool parse_name(lp_dialect dialect, const char *file, bool versioned, lp_role *role, uint64_t *version,
                       char role_name[LP_NAME_BYTES]) {
    static const char folder[] = "delegations/";
    static const char suffix[] = ".json";
    bool delegated = dialect == LP_DIALECT_LEGACY && strncmp(file, folder, sizeof folder - 1) == 0;
    file += delegated ? sizeof folder - 1 : 0;
    *version = 0;
    if (versioned) {
        char *end;
        *version = strtoull(file, &end, 10);
        if (file[0] < '1' || file[0] > '9' || *end != '.') {
            return false;
        }
        file = end + 1;
    }
    size_t len = strlen(file);
    if (len < sizeof suffix || strcmp(file + len - (sizeof suffix - 1), suffix) != 0 ||
        !unquote(file, len - (sizeof suffix - 1), role_name, LP_NAME_BYTES)) {
        return false;
    }
    *role = LP_ROLE_DELEGATED;
    for (lp_role top = LP_ROLE_ROOT; top <= LP_ROLE_TARGETS && !delegated; top++) {
        if (strcmp(role_name, lp_role_name(top)) == 0) {
            *role = top;
        }
    }
    return true;
}

/* True if the trusted file says that it is `version`. */
static bool has_version(lp_slice file, lp_dialect dialect, uint64_t version) {
    lp_scratch scratch = {NULL, lp_json_scratch_bytes(file.len)};
    lp_json document;
    uint64_t own;
    scratch.ptr = malloc(scratch.bytes);
    bool same =
        scratch.ptr != NULL &&
        lp_json_check(file, LP_JSON_SERVED, dialect, lp_limits_gateway.json_depth, scratch, &document, NULL) == LP_OK &&
        lp_json_uint(lp_json_get(lp_json_get(document, "signed"), "version"), &own) == LP_OK && own == version;
    free(scratch.ptr);
    return same;
}

/* Loads the file that `file` names, read as a versioned name or not. */
static bool load(const lp_relay *relay, lp_repo repo, const char *file, bool versioned, lp_representation *out) {
    lp_dialect dialect = repo == LP_REPO_DIRECTOR ? relay->from.director_dialect : relay->from.image_dialect;
    lp_role role;
    uint64_t version;
    char role_name[LP_NAME_BYTES];
    char name[LP_URL_BYTES];
    uint8_t digest[LP_SHA256_BYTES];
    uint8_t *bytes;
    size_t len;
    if (!parse_name(dialect, file, versioned, &role, &version, role_name)) {
        return false;
    }
    if (role == LP_ROLE_ROOT && versioned) {
        snprintf(name, sizeof name, "%s", file); /* the chain is stored by version */
    } else if (lp_store_name(role, role_name, name, sizeof name) != LP_OK) {
        return false;
    }
    if (!lp_store_load(relay->from.store, repo, name, lp_limits_gateway.targets_bytes, &bytes, &len) || bytes == NULL) {
        return false;
    }
    lp_slice loaded = {bytes, len};
    if ((versioned && !has_version(loaded, dialect, version)) ||
        !lp_digest(&lp_crypto_openssl, LP_SHA256, loaded, digest)) {
        free(bytes);
        return false;
    }
    *out = (lp_representation){.bytes = loaded, .mapped = false};
    memcpy(out->etag, digest, sizeof out->etag);
    return true;
}

bool lp_relay_metadata(lp_relay *relay, lp_repo repo, const char *file, lp_representation *out) {
    for (size_t i = 0; i < LP_RELAY_FILES; i++) {
        const lp_relay_file *kept = &relay->files[i];
        if (kept->name != NULL && kept->repo == repo && strcmp(kept->name, file) == 0) {
            *out = kept->file;
            return true;
        }
    }
    lp_representation loaded;
    char *name = strdup(file);
    if (name == NULL || (!load(relay, repo, file, true, &loaded) && !load(relay, repo, file, false, &loaded))) {
        free(name);
        return false;
    }
    lp_relay_file *slot = &relay->files[relay->next_file];
    relay->next_file = (relay->next_file + 1) % LP_RELAY_FILES;
    free(slot->name);
    lp_representation_free(&slot->file);
    *slot = (lp_relay_file){.repo = repo, .name = name, .file = loaded};
    *out = loaded;
    return true;
}

void lp_relay_forget_files(lp_relay *relay) {
    for (size_t i = 0; i < LP_RELAY_FILES; i++) {
        free(relay->files[i].name);
        relay->files[i].name = NULL;
        lp_representation_free(&relay->files[i].file);
    }
}
