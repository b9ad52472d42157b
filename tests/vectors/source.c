/* SPDX-License-Identifier: Apache-2.0 */
#include "source.h"

#include "lampyr-host/files.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BLOB_BYTES = 64 * 1024 * 1024 };

void vv_fatal(const char *what, const char *name) {
    fprintf(stderr, "vector-runner: %s: %s\n", what, name);
    exit(2);
}

lp_code vv_code(const char *name) {
    for (int code = LP_OK; code <= LP_STATE; code++) {
        if (strcmp(lp_code_name((lp_code)code), name) == 0) {
            return (lp_code)code;
        }
    }
    vv_fatal("no such code", name);
}

/* Room for `len` bytes that is freed by vv_source_forget(). */
static uint8_t *hand_out(vv_source *source, size_t len, lp_slice *bytes) {
    vv_given *given = malloc(sizeof *given);
    uint8_t *room = malloc(len > 0 ? len : 1);
    if (given == NULL || room == NULL) {
        vv_fatal("out of memory", "");
    }
    *given = (vv_given){.next = source->given, .bytes = {room, len}};
    source->given = given;
    *bytes = given->bytes;
    return room;
}

static void read_blob(vv_source *source, const char *name, size_t pad_to, lp_slice *bytes) {
    char path[LP_PATH_BYTES];
    uint8_t *blob;
    size_t len;
    if (snprintf(path, sizeof path, "%s/blobs/%s", source->folder, name) >= (int)sizeof path ||
        !lp_file_read(path, BLOB_BYTES, &blob, &len)) {
        vv_fatal("cannot read the blob", name);
    }
    size_t padded = len < pad_to ? pad_to : len;
    uint8_t *room = hand_out(source, padded, bytes);
    memset(room, ' ', padded);
    memcpy(room, blob, len);
    free(blob);
}

vv_found vv_source_read(vv_source *source, const json_t *entry, lp_slice *bytes, lp_code *code) {
    const char *fails = json_string_value(json_object_get(entry, "fails"));
    const char *blob = json_string_value(json_is_string(entry) ? entry : json_object_get(entry, "blob"));
    if (entry == NULL || json_is_null(entry)) {
        return VV_ABSENT;
    }
    if (fails != NULL) {
        *code = vv_code(fails);
        return VV_FAILED;
    }
    if (blob == NULL) {
        vv_fatal("no file", "an entry of files has neither blob nor fails");
    }
    read_blob(source, blob, (size_t)json_integer_value(json_object_get(entry, "pad_to")), bytes);
    return VV_FOUND;
}

bool vv_store_load(vv_source *source, const char *name, lp_slice *bytes) {
    const json_t *kept = json_object_get(source->store, name);
    if (kept == NULL) {
        return false;
    }
    size_t len = json_string_length(kept);
    memcpy(hand_out(source, len, bytes), json_string_value(kept), len);
    return true;
}

void vv_store_save(vv_source *source, const char *name, lp_slice bytes) {
    if (json_object_set_new(source->store, name, json_stringn_nocheck((const char *)bytes.ptr, bytes.len)) != 0) {
        vv_fatal("out of memory", name);
    }
}

void vv_store_remove(vv_source *source, const char *name) {
    json_object_del(source->store, name);
}

void vv_source_forget(vv_source *source) {
    while (source->given != NULL) {
        vv_given *next = source->given->next;
        free((void *)source->given->bytes.ptr);
        free(source->given);
        source->given = next;
    }
}
