/* SPDX-License-Identifier: Apache-2.0 */
/* Signed time under the keys of a director root. */
#include "fuzz.h"
#include "lampyr/uptane.h"

#include <string.h>

static const char nonce[] = "0123456789abcdef";

static bool read_root(fuzz_memory *memory, lp_slice chunk, lp_dialect dialect, lp_json_form form,
                      lp_trusted_root *root) {
    lp_slice file = fuzz_copy(memory, chunk.ptr, chunk.len);
    return lp_signed_parse(file, LP_ROLE_ROOT, form, dialect, &fuzz_limits, fuzz_enough(memory, file.len),
                           &root->doc) == LP_OK &&
           lp_root_read(&root->doc, &fuzz_limits, &root->consistent_snapshot) == LP_OK;
}

/* Input: one byte for dialect and form, a root, 0xff, an attestation, 0xff, the next root. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    fuzz_memory memory = {NULL};
    fuzz_input input = fuzz_begin(data, size);
    uint8_t bits = fuzz_byte(&input);
    lp_dialect dialect = (lp_dialect)(bits & 1);
    lp_json_form form = bits >> 1 & 1 ? LP_JSON_CANONICAL : LP_JSON_SERVED;
    const int64_t floor = 1700000000;
    lp_trusted_root root;
    lp_trusted_root next;
    if (read_root(&memory, fuzz_chunk(&input), dialect, form, &root)) {
        lp_slice chunk = fuzz_chunk(&input);
        lp_slice bytes = fuzz_copy(&memory, chunk.ptr, chunk.len);
        int64_t now = -1;
        lp_code code = lp_time_check(&root, bytes, form, nonce, floor, &fuzz_crypto, &fuzz_limits,
                                     fuzz_enough(&memory, bytes.len), &now);
        FUZZ_CHECK(code != LP_LIMIT_MEMORY && (code == LP_OK ? now >= floor : now == -1));
        int64_t same = -1;
        lp_code with_less = lp_time_check(&root, bytes, form, nonce, floor, &fuzz_crypto, &fuzz_limits,
                                          fuzz_scratch(&memory, bytes.len / 3), &same);
        FUZZ_CHECK(with_less == LP_LIMIT_MEMORY || (with_less == code && same == now));
        if (lp_json_count(lp_json_get(lp_json_get(lp_signed_get(&root.doc, "custom"), "time"), "keyids")) <= 8) {
            FUZZ_CHECK(!lp_time_key_rotated(&root, &root));
        }
        if (read_root(&memory, fuzz_chunk(&input), dialect, form, &next)) {
            FUZZ_CHECK(lp_time_key_rotated(&root, &next) == lp_time_key_rotated(&next, &root));
        }
    }
    fuzz_release(&memory);
    return 0;
}
