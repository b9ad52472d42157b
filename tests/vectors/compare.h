/* SPDX-License-Identifier: Apache-2.0 */
/* Compares how a step ended with what the vector expects. */
#ifndef LAMPYR_VECTORS_COMPARE_H
#define LAMPYR_VECTORS_COMPARE_H

#include "verify.h"

enum { VV_DIFFERENCES_BYTES = 4096 };

/* True if the outcome is what `step` expects. Else `differences` gets one line. */
bool vv_compare(const vv_case *c, vv_source *source, const json_t *step, const vv_outcome *outcome,
                char differences[VV_DIFFERENCES_BYTES]);

#endif
