/* SPDX-License-Identifier: Apache-2.0 */
/* The canonical form of whole documents. */
#ifndef LAMPYR_HOST_CANONICAL_H
#define LAMPYR_HOST_CANONICAL_H

#include "lampyr/json.h"

/* The canonical form of a document as it is served, in heap memory (terminated by a NUL that is not counted); free()
 * it. A document that stands in canonical form already, which in the tuf dialect need not be JSON, is copied.
 * The codes of lp_json_check() for what is served; LP_LIMIT_MEMORY. */
lp_code lp_canonical_copy(lp_slice document, lp_dialect dialect, uint8_t **out, size_t *out_len);

#endif
