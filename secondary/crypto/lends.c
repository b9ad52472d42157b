/* SPDX-License-Identifier: Apache-2.0 */
/* What a boot loader lends. */
#include "lampyr-crypto/bearssl.h"
#include "lampyr-crypto/lent.h"
#include "schemes.h"

const lp_lent lp_lends = {
    .version = LP_LENT_VERSION,
    .crypto = &lp_crypto_bearssl,
    .sha256 = &br_sha256_vtable,
    .p256_mulgen = lp_p256_mulgen,
};
