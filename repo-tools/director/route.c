/* SPDX-License-Identifier: Apache-2.0 */
#include "route.h"

#include "lampyr/path.h"

#include <string.h>

static int hex_digit(char c) {
    static const char digits[] = "0123456789abcdef";
    const char *at = c != '\0' ? strchr(digits, c | 0x20) : NULL;
    return at != NULL ? (int)(at - digits) : -1;
}

/* Decodes percent escapes. False if one is broken, a NUL hides in it, or the result is too long. */
static bool decode(const char *text, char *out, size_t out_bytes) {
    size_t len = 0;
    while (*text != '\0') {
        char c = *text++;
        if (c == '%') {
            int high = hex_digit(text[0]);
            int low = high < 0 ? -1 : hex_digit(text[1]);
            if (low < 0 || (high == 0 && low == 0)) {
                return false;
            }
            c = (char)(high << 4 | low);
            text += 2;
        }
        if (len + 1 >= out_bytes) {
            return false;
        }
        out[len++] = c;
    }
    out[len] = '\0';
    return true;
}

static bool is_read(const char *method) {
    return strcmp(method, "GET") == 0 || strcmp(method, "HEAD") == 0;
}

/* What the path under <director> means for this method. */
static bool read_director(const char *method, lpd_route *out, lpd_refusal *refusal) {
    static const struct {
        const char *file;
        const char *method;
        lpd_resource resource;
    } requests[] = {{"ecus", "POST", LPD_ECUS}, {"manifest", "PUT", LPD_MANIFEST}, {"time", "POST", LPD_TIME}};
    if (is_read(method)) {
        out->resource = LPD_DIRECTOR_FILE;
        return true;
    }
    for (size_t i = 0; i < sizeof requests / sizeof requests[0]; i++) {
        if (strcmp(out->file, requests[i].file) == 0 && strcmp(method, requests[i].method) == 0) {
            out->resource = requests[i].resource;
            return true;
        }
    }
    return lpd_refuse(refusal, 405, "method_not_allowed", "%s %s", method, out->file);
}

/* Copies the `len` bytes at `text` if they may be a vehicle identifier. */
static bool read_vehicle(const char *text, size_t len, char out[LPD_ID_BYTES]) {
    if (len == 0 || len >= LPD_ID_BYTES) {
        return false;
    }
    memcpy(out, text, len);
    out[len] = '\0';
    return true;
}

bool lpd_route_read(const char *method, const char *path, lpd_route *out, lpd_refusal *refusal) {
    char name[LPD_PATH_BYTES];
    if (path[0] != '/' || !decode(path + 1, name, sizeof name) || !lp_name_safe(name)) {
        return lpd_refuse_code(refusal, LP_NAME_UNSAFE, "not a path of this server");
    }
    *out = (lpd_route){.resource = LPD_STATUS};
    const char *rest = strchr(name, '/');
    size_t first = rest != NULL ? (size_t)(rest - name) : strlen(name);
    bool get = is_read(method);
    if (strcmp(name, "status") == 0) {
        return get || lpd_refuse(refusal, 405, "method_not_allowed", "%s status", method);
    }
    if (rest != NULL && strncmp(name, "repo/", 5) == 0) {
        out->resource = LPD_IMAGE_FILE;
        snprintf(out->file, sizeof out->file, "%s", name + 5);
        return get || lpd_refuse(refusal, 405, "method_not_allowed", "%s repo", method);
    }
    if (strncmp(name, "director/", 9) == 0) {
        snprintf(out->file, sizeof out->file, "%s", name + 9);
        return read_director(method, out, refusal);
    }
    if (rest != NULL && strncmp(rest, "/director/", 10) == 0 && read_vehicle(name, first, out->vehicle)) {
        snprintf(out->file, sizeof out->file, "%s", rest + 10);
        return read_director(method, out, refusal);
    }
    return lpd_refuse(refusal, 404, "not_found", "no such path");
}

const char *lpd_resource_request(lpd_resource resource) {
    switch (resource) {
    case LPD_ECUS:
        return "registration";
    case LPD_MANIFEST:
        return "manifest";
    case LPD_TIME:
        return "time";
    default:
        return "";
    }
}
