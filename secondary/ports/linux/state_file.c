/* SPDX-License-Identifier: Apache-2.0 */
#include "state_file.h"

#include "lampyr-host/files.h"
#include "lampyr/encode.h"
#include "program.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { STATE_FILE_BYTES = 64 * 1024 };

bool lp_state_damaged(const char *folder, const char *name) {
    lp_log(LP_PROGRAM, LP_LOG_ERROR, "%s/%s is damaged: not what this program writes", folder, name);
    return false;
}

bool lp_state_load(const char *folder, const char *name, json_t **out) {
    char path[LP_PATH_BYTES];
    uint8_t *bytes = NULL;
    size_t len = 0;
    *out = NULL;
    if (!lp_path_join(path, sizeof path, folder, name) || !lp_file_read(path, STATE_FILE_BYTES, &bytes, &len)) {
        if (errno == ENOENT) {
            return true;
        }
        lp_log(LP_PROGRAM, LP_LOG_ERROR, "cannot read %s/%s: %s", folder, name, strerror(errno));
        return false;
    }
    *out = json_loadb((const char *)bytes, len, JSON_REJECT_DUPLICATES, NULL);
    free(bytes);
    if (!json_is_object(*out)) {
        json_decref(*out);
        *out = NULL;
        return lp_state_damaged(folder, name);
    }
    return true;
}

bool lp_state_save(const char *folder, const char *name, json_t *object) {
    char path[LP_PATH_BYTES];
    char *text = object == NULL ? NULL : json_dumps(object, JSON_COMPACT | JSON_SORT_KEYS);
    json_decref(object);
    if (text == NULL) {
        errno = ENOMEM;
    }
    bool ok = text != NULL && lp_path_join(path, sizeof path, folder, name) &&
              lp_file_write(path, (lp_slice){(const uint8_t *)text, strlen(text)}, 0600);
    if (!ok) {
        lp_log(LP_PROGRAM, LP_LOG_ERROR, "cannot write %s/%s: %s", folder, name, strerror(errno));
    }
    free(text);
    return ok;
}

json_t *lp_state_hex(const uint8_t *bytes, size_t len) {
    char text[2 * LP_SHA512_BYTES + 1];
    lp_hex_encode(bytes, len, text);
    return json_string(text);
}

bool lp_state_get_hex(const json_t *object, const char *key, uint8_t *out, size_t len) {
    const char *text = json_string_value(json_object_get(object, key));
    size_t got = 0;
    return text != NULL && lp_hex_decode((lp_str){text, strlen(text)}, out, len, &got) == LP_OK && got == len;
}

bool lp_state_get_uint(const json_t *object, const char *key, uint64_t *out) {
    const json_t *value = json_object_get(object, key);
    if (!json_is_integer(value) || json_integer_value(value) < 0) {
        return false;
    }
    *out = (uint64_t)json_integer_value(value);
    return true;
}

bool lp_state_get_text(const json_t *object, const char *key, char *out, size_t out_bytes) {
    const char *text = json_string_value(json_object_get(object, key));
    if (text == NULL || strlen(text) >= out_bytes) {
        return false;
    }
    snprintf(out, out_bytes, "%s", text);
    return true;
}

bool lp_state_get_choice(const json_t *object, const char *key, const char *const *choices, unsigned *out) {
    const char *text = json_string_value(json_object_get(object, key));
    for (unsigned i = 0; text != NULL && choices[i] != NULL; i++) {
        if (strcmp(text, choices[i]) == 0) {
            *out = i;
            return true;
        }
    }
    return false;
}
