/* SPDX-License-Identifier: Apache-2.0 */
#include "signed_file.h"

#include "lampyr/encode.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

bool lpr_signed_path(const char *folder, const char *role, char out[LP_PATH_BYTES], lpr_error *error) {
    static const char *const top_roles[] = {"root", "timestamp", "snapshot", "targets"};
    char quoted[LP_PATH_BYTES];
    bool top = false;
    for (size_t i = 0; i < sizeof top_roles / sizeof top_roles[0]; i++) {
        top = top || strcmp(role, top_roles[i]) == 0;
    }
    /* A folder of their own, so that no delegated role is taken for a version of root. */
    return lpr_role_quote(role, quoted, error) &&
           lpr_path(out, error, folder, "metadata/%s%s.json", top ? "" : "delegations/", quoted);
}

static bool read_header(lpr_signed *file) {
    json_int_t version;
    const char *expires;
    json_t *payload, *signatures;
    if (json_unpack(file->envelope, "{s:o,s:o}", "signed", &payload, "signatures", &signatures) != 0 ||
        json_unpack(payload, "{s:I,s:s}", "version", &version, "expires", &expires) != 0 || version < 1 ||
        !json_is_array(signatures)) {
        return false;
    }
    file->version = (uint64_t)version;
    return lp_time_parse((lp_str){expires, strlen(expires)}, &file->expires) == LP_OK;
}

bool lpr_signed_load(const char *path, bool *found, lpr_signed *out, lpr_error *error) {
    lpr_signed file = {.bytes = NULL};
    if (!lp_file_read(path, LPR_DOCUMENT_BYTES, &file.bytes, &file.len)) {
        *found = false;
        return errno == ENOENT || lpr_fail_errno(error, LPR_STATE, path);
    }
    file.envelope = json_loadb((const char *)file.bytes, file.len, JSON_REJECT_DUPLICATES, NULL);
    if (file.envelope == NULL || !read_header(&file)) {
        lpr_signed_free(&file);
        return lpr_fail(error, LPR_STATE, "%s: damaged: not signed metadata", path);
    }
    *found = true;
    *out = file;
    return true;
}

void lpr_signed_free(lpr_signed *file) {
    json_decref(file->envelope);
    free(file->bytes);
    *file = (lpr_signed){.bytes = NULL};
}

json_t *lpr_signed_payload(const lpr_signed *file) {
    return json_object_get(file->envelope, "signed");
}

json_t *lpr_signed_info(const lpr_signed *file) {
    json_t *info = lpr_file_info((lp_slice){file->bytes, file->len});
    json_object_set_new(info, "version", json_integer((json_int_t)file->version));
    return info;
}
