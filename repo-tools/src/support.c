/* SPDX-License-Identifier: Apache-2.0 */
/* Errors, files and names. */
#include "internal.h"

#include "lampyr-host/openssl.h"
#include "lampyr/encode.h"
#include "lampyr/path.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utf8proc.h>

bool lpr_fail(lpr_error *error, lpr_failure kind, const char *format, ...) {
    va_list args;
    error->kind = kind;
    va_start(args, format);
    vsnprintf(error->text, sizeof error->text, format, args);
    va_end(args);
    return false;
}

bool lpr_fail_errno(lpr_error *error, lpr_failure kind, const char *path) {
    return lpr_fail(error, kind, "%s: %s", path, strerror(errno));
}

bool lpr_path(char out[LP_PATH_BYTES], lpr_error *error, const char *folder, const char *format, ...) {
    char name[LP_PATH_BYTES];
    va_list args;
    va_start(args, format);
    int len = vsnprintf(name, sizeof name, format, args);
    va_end(args);
    if (len < 0 || (size_t)len >= sizeof name || !lp_path_join(out, LP_PATH_BYTES, folder, name)) {
        return lpr_fail(error, LPR_USAGE, "%.200s: path is too long", folder);
    }
    return true;
}

bool lpr_json_read(const char *path, json_t **out, lpr_error *error) {
    uint8_t *bytes;
    size_t len;
    if (!lp_file_read(path, LPR_DOCUMENT_BYTES, &bytes, &len)) {
        return lpr_fail_errno(error, LPR_STATE, path);
    }
    json_error_t where;
    json_t *document = json_loadb((const char *)bytes, len, JSON_REJECT_DUPLICATES, &where);
    free(bytes);
    if (document == NULL) {
        return lpr_fail(error, LPR_STATE, "%s:%d: damaged: %s", path, where.line, where.text);
    }
    if (!json_is_object(document)) {
        json_decref(document);
        return lpr_fail(error, LPR_STATE, "%s: damaged: not a JSON object", path);
    }
    *out = document;
    return true;
}

bool lpr_json_write(const char *path, const json_t *document, lpr_error *error) {
    char *text = json_dumps(document, JSON_INDENT(2) | JSON_SORT_KEYS);
    char *file;
    int len = text != NULL ? asprintf(&file, "%s\n", text) : -1;
    free(text);
    if (len < 0) {
        return lpr_fail(error, LPR_STATE, "%s: cannot be written as JSON", path);
    }
    bool ok = lp_file_write(path, (lp_slice){(const uint8_t *)file, (size_t)len}, 0644);
    free(file);
    return ok || lpr_fail_errno(error, LPR_STATE, path);
}

bool lpr_map(const char *path, lp_slice *out, lpr_failure kind, lpr_error *error) {
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    struct stat st;
    if (fd < 0 || fstat(fd, &st) != 0) {
        lpr_fail_errno(error, kind, path);
    } else if (!S_ISREG(st.st_mode)) {
        lpr_fail(error, kind, "%s: not a file", path);
    } else if (st.st_size == 0) {
        *out = (lp_slice){NULL, 0};
        close(fd);
        return true;
    } else {
        void *map = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
        close(fd);
        if (map == MAP_FAILED) {
            return lpr_fail_errno(error, kind, path);
        }
        *out = (lp_slice){map, (size_t)st.st_size};
        return true;
    }
    if (fd >= 0) {
        close(fd);
    }
    return false;
}

void lpr_unmap(lp_slice bytes) {
    if (bytes.len > 0) {
        munmap((void *)bytes.ptr, bytes.len);
    }
}

json_t *lpr_file_info(lp_slice bytes) {
    uint8_t digest[LP_SHA256_BYTES];
    char hex[2 * LP_SHA256_BYTES + 1];
    if (!lp_digest(&lp_crypto_openssl, LP_SHA256, bytes, digest)) {
        return NULL;
    }
    lp_hex_encode(digest, sizeof digest, hex);
    return json_pack("{s:{s:s},s:I}", "hashes", "sha256", hex, "length", (json_int_t)bytes.len);
}

json_t *lpr_key_object(const lp_public_key *key, lp_dialect dialect) {
    char json[LP_KEY_JSON_BYTES];
    lp_writer w;
    lp_slice text;
    /* The keys are spelled as in `dialect`; line ends in PEM are escaped, as in any JSON that is served. */
    lp_writer_begin(&w, json, sizeof json, LP_DIALECT_LEGACY);
    if (lp_public_key_write(&w, key, dialect) != LP_OK || lp_writer_end(&w, &text) != LP_OK) {
        return NULL;
    }
    return json_loadb((const char *)text.ptr, text.len, 0, NULL);
}

json_t *lpr_array(lpr_list list) {
    json_t *array = json_array();
    for (size_t i = 0; i < list.count; i++) {
        json_array_append_new(array, json_string(list.items[i]));
    }
    return array;
}

bool lpr_array_has(const json_t *array, const char *text) {
    size_t i;
    json_t *element;
    json_array_foreach(array, i, element) {
        if (json_is_string(element) && strcmp(json_string_value(element), text) == 0) {
            return true;
        }
    }
    return false;
}

/* Two spellings of one visible name must not be two names (docs/POUF.md). */
static bool is_nfc(const char *name, bool *utf8) {
    utf8proc_uint8_t *normal = utf8proc_NFC((const utf8proc_uint8_t *)name);
    *utf8 = normal != NULL;
    bool same = normal != NULL && strcmp((const char *)normal, name) == 0;
    free(normal);
    return same;
}

bool lpr_name_check(const char *what, const char *name, bool slash_allowed, size_t max_bytes, lpr_error *error) {
    bool utf8;
    size_t len = strlen(name);
    if (len >= max_bytes) {
        return lpr_fail(error, LPR_USAGE, "%s is longer than %zu bytes", what, max_bytes - 1);
    }
    if (!lp_name_safe(name) || (!slash_allowed && strchr(name, '/') != NULL)) {
        return lpr_fail(error, LPR_USAGE,
                        "%s `%s` is unsafe: it must not be empty, absolute, contain control characters, "
                        "backslashes or the parts `.` and `..`%s",
                        what, name, slash_allowed ? "" : ", or any `/`");
    }
    if (name[0] == ' ' || name[len - 1] == ' ') {
        return lpr_fail(error, LPR_USAGE, "%s `%s` begins or ends with a space", what, name);
    }
    if (!is_nfc(name, &utf8)) {
        return lpr_fail(error, LPR_USAGE, "%s `%s` is not %s", what, utf8 ? name : "",
                        utf8 ? "in Unicode normal form NFC" : "valid UTF-8");
    }
    return true;
}

bool lpr_role_quote(const char *role, char out[LP_PATH_BYTES], lpr_error *error) {
    if (lp_name_quote(role, false, out, LP_PATH_BYTES) != LP_OK) {
        return lpr_fail(error, LPR_USAGE, "role name `%.100s` is too long", role);
    }
    return true;
}
