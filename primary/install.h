/* SPDX-License-Identifier: Apache-2.0 */
/* Installs the primary's own image: replaces one file, atomically. */
#ifndef LAMPYR_PRIMARY_INSTALL_H
#define LAMPYR_PRIMARY_INSTALL_H

#include "lampyr/crypto.h"

/* Copies the file at `source` over `path`: to a temporary file in the same folder first, which is read back and
 * checked against `sha256` and made durable before it takes the place. The mode of the file before, if there is one,
 * stays (else 0644). After a failure the old file is still there.
 * LP_IMAGE_HASH if what was written is not what was verified; LP_STATE with errno. */
lp_code lp_install_file(const char *source, const char *path, const uint8_t sha256[LP_SHA256_BYTES]);

#endif
