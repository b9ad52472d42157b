/* SPDX-License-Identifier: Apache-2.0 */
/* The boot loader's logic: which image runs, and on whose word.
 *
 * It trusts nothing that an application can write. Each image must be in the director targets of its slot's record;
 * those must be signed under a root of the stored chain, which is followed from the factory root; digest, length,
 * hardware and release counter must be right. Expiry is not looked at, nor rotations that came later: there is no
 * clock at boot, and an image that was installed goes on booting. docs/BOARD.md has the table of all states. */
#ifndef LAMPYR_BOOT_BOOT_H
#define LAMPYR_BOOT_BOOT_H

#include "lampyr-store/factory.h"
#include "lampyr-store/state.h"
#include "lampyr/crypto.h"

enum { LP_BOOT_ATTEMPTS = 3 }; /* test boots that a loss of power may take from an image */

/* Why the board starts. */
typedef enum lp_reset_cause {
    LP_RESET_POWER,    /* power came (back) */
    LP_RESET_SOFTWARE, /* asked for by the application or the loader */
    LP_RESET_FAULT,    /* watchdog, fault, brown-out under load: the running image failed */
} lp_reset_cause;

typedef struct lp_boot_config {
    const lp_flash *flash;
    const lp_layout *layout;
    const lp_crypto *crypto;
    const lp_limits *limits;
    lp_reset_cause cause;
    /* True if the board could start this image, were it in slot 0; what is not the image's own must not run. NULL:
     * nobody asks, off the board. */
    bool (*starts)(lp_slice image);
} lp_boot_config;

typedef enum lp_boot_decision {
    LP_BOOT_RUN,     /* slot 0 holds a verified image: lock the locked regions, then run it */
    LP_BOOT_RECOVER, /* there is no valid image: wait for an upload (recovery.h) */
} lp_boot_decision;

/* What was found and done, for the console. Codes are those of the verifier; LP_STATE where flash failed, and
 * LP_MISSING_FILE where a slot has no record. */
typedef struct lp_boot_report {
    lp_journal_verdict journal;
    lp_boot_phase phase; /* found */
    lp_code slot[2];     /* of the verification of each slot; LP_MISUSE: not looked at */
    uint16_t steps;      /* of swaps done now */
    bool reverted;
    bool flash_failed; /* something could not be written */
} lp_boot_report;

/* Finishes what was begun, and decides. Whatever the decision, the journal is whole when it returns LP_BOOT_RUN. */
lp_boot_decision lp_boot(const lp_boot_config *config, lp_boot_report *report);

typedef struct lp_boot_verified {
    uint64_t counter; /* the image's release counter */
    uint32_t roots;   /* of the chain that were followed, the factory's not counted */
} lp_boot_verified;

/* Verifies the image in slot `index` by its record, as above. LP_OK; LP_MISSING_FILE without a whole record;
 * LP_NO_TRUSTED_ROOT if the chain does not reach the record's root; the codes of lp_partial (lampyr/uptane.h);
 * LP_UNKNOWN_ECU if the targets order nothing for this board; LP_ROLLBACK_COUNTER for a release counter below
 * `counter_floor`; LP_IMAGE_LENGTH; LP_IMAGE_HASH; LP_FIELD_VALUE if a listed digest is not built in; LP_WRONG_HARDWARE
 * if the board cannot start it. `*out` is set on LP_OK. */
lp_code lp_boot_verify_slot(const lp_boot_config *config, const lp_factory *factory, unsigned index,
                            uint64_t counter_floor, lp_boot_verified *out);

#endif
