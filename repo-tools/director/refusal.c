/* SPDX-License-Identifier: Apache-2.0 */
#include "director.h"

#include <ctype.h>
#include <stdarg.h>

static void refuse(lpd_refusal *out, unsigned http, const char *name, const char *format, va_list args) {
    out->http = http;
    out->name = name;
    vsnprintf(out->detail, sizeof out->detail, format, args);
    for (char *c = out->detail; *c != '\0'; c++) {
        if (!isprint((unsigned char)*c)) {
            *c = '?';
        }
    }
}

bool lpd_refuse(lpd_refusal *out, unsigned http, const char *name, const char *format, ...) {
    va_list args;
    va_start(args, format);
    refuse(out, http, name, format, args);
    va_end(args);
    return false;
}

static unsigned http_status(lp_code code) {
    if (code == LP_LIMIT_FILE) {
        return 413;
    }
    if (code == LP_STATE || code == LP_LIMIT_MEMORY) {
        return 500;
    }
    return code < LP_SIGNATURE_THRESHOLD ? 400 : 403;
}

bool lpd_refuse_code(lpd_refusal *out, lp_code code, const char *format, ...) {
    va_list args;
    va_start(args, format);
    refuse(out, http_status(code), lp_code_name(code), format, args);
    va_end(args);
    return false;
}
