/* SPDX-License-Identifier: Apache-2.0 */
/* What an image says of itself. */
#ifndef LAMPYR_SECONDARY_IMAGE_VERSION_H
#define LAMPYR_SECONDARY_IMAGE_VERSION_H

#include "lampyr/crypto.h"

#include <sys/types.h>

enum { LP_VERSION_BYTES = 65 };

typedef struct lp_image_facts {
    uint64_t length_bytes;
    uint8_t sha256[LP_SHA256_BYTES];
    /* The text of a first line `LAMPYR-IMAGE version=<text>`; of other images "sha256:" and the first 12 digits of
     * their digest; "none" of the empty image that an ECU without a factory image starts with. */
    char version[LP_VERSION_BYTES];
    /* The first line ends in ` fails`: it stands for software that never gets as far as confirming. */
    bool fails;
} lp_image_facts;

/* Reads the image file at `path`. False with errno. */
bool lp_image_facts_read(const char *path, lp_image_facts *out);

#endif
