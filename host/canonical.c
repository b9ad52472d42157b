/* SPDX-License-Identifier: Apache-2.0 */
#include "lampyr-host/canonical.h"

#include "lampyr/limits.h"

#include <stdlib.h>
#include <string.h>

static lp_code copy(lp_slice bytes, uint8_t **out, size_t *out_len) {
    uint8_t *made = malloc(bytes.len + 1);
    if (made == NULL) {
        return LP_LIMIT_MEMORY;
    }
    memcpy(made, bytes.ptr, bytes.len);
    made[bytes.len] = '\0';
    *out = made;
    *out_len = bytes.len;
    return LP_OK;
}

lp_code lp_canonical_copy(lp_slice document, lp_dialect dialect, uint8_t **out, size_t *out_len) {
    const unsigned depth = lp_limits_gateway.json_depth;
    lp_json value;
    lp_slice canonical;
    if (lp_json_check(document, LP_JSON_CANONICAL, dialect, depth, (lp_scratch){NULL, 0}, &value, NULL) == LP_OK) {
        return copy(document, out, out_len);
    }
    lp_scratch scratch = {NULL, lp_json_scratch_bytes(document.len)};
    scratch.ptr = malloc(scratch.bytes);
    if (scratch.ptr == NULL) {
        return LP_LIMIT_MEMORY;
    }
    lp_code code = lp_json_check(document, LP_JSON_SERVED, dialect, depth, scratch, &value, NULL);
    if (code == LP_OK) {
        code = lp_json_canonical(value, dialect, scratch, &canonical);
    }
    if (code == LP_OK) {
        code = copy(canonical, out, out_len);
    }
    free(scratch.ptr);
    return code;
}
