/* SPDX-License-Identifier: Apache-2.0 */
/* What the parts of the store share: numbers as they lie in flash, and sizes of headers. */
#ifndef LP_STORE_INTERNAL_H
#define LP_STORE_INTERNAL_H

#include "lampyr-store/state.h"

enum {
    LP_ROOT_HEADER_BYTES = 16,
    LP_RECORD_HEADER_BYTES = 32,
    LP_JOURNAL_HEADER_BYTES = 12,
    /* A page takes a snapshot of any length, and entries behind it. */
    LP_JOURNAL_PAGE_BYTES_MIN = 1024,
};

/* Numbers of up to eight bytes, little-endian. */
void lp_put_le(uint8_t *out, uint64_t value, unsigned bytes);
uint64_t lp_get_le(const uint8_t *in, unsigned bytes);

/* The sections of a state as they lie in flash, beginning with LP_STATE_BOOT. */

/* Takes bytes of a body; false to stop. */
typedef bool (*lp_body_sink)(void *ctx, const void *bytes, uint32_t len);

/* Gives the sections `which` of `state` to `sink`, piece by piece. False if it stopped, or a section cannot be
 * written: an image's name is too long. */
bool lp_body_write(const lp_board_state *state, unsigned which, lp_body_sink sink, void *ctx);

/* True if `body` is whole sections, each as it may be. */
bool lp_body_check(const uint8_t *body, uint32_t len);

/* Applies the sections of a checked body to `state`. */
void lp_body_apply(const uint8_t *body, uint32_t len, lp_board_state *state);

#endif
