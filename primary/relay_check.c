/* SPDX-License-Identifier: Apache-2.0 */
#include "relay_check.h"

#include "lampyr-host/openssl.h"
#include "lampyr/limits.h"

#include <stdlib.h>

enum { CHAIN = 16 }; /* roots that a board follows in one turn: lp_limits_constrained.root_rotations */

/* The last roots of the chain, oldest first. */
typedef struct chain {
    lp_representation roots[CHAIN];
    uint64_t first; /* version of the oldest */
    size_t count;
} chain;

static bool load_chain(const lp_relay *relay, uint64_t last, chain *out) {
    uint64_t first = last >= CHAIN ? last - CHAIN + 1 : 1;
    out->count = 0;
    for (uint64_t version = first; version <= last; version++) {
        if (lp_relay_root_load(relay, version, &out->roots[out->count])) {
            out->first = out->count == 0 ? version : out->first;
            out->count++;
        } else if (out->count != 0) {
            return false; /* only roots before the provisioned one may be missing */
        }
    }
    return out->count != 0;
}

static void give_root(lp_partial *partial, const chain *roots, uint64_t version) {
    if (version >= roots->first && version - roots->first < roots->count) {
        lp_partial_give(partial, roots->roots[version - roots->first].bytes, (lp_scratch){NULL, 0});
    } else {
        lp_partial_absent(partial);
    }
}

static void run(lp_partial *partial, const chain *roots, lp_slice targets) {
    lp_ask ask;
    for (lp_partial_next(partial, &ask); ask.kind != LP_ASK_TRUSTED && ask.kind != LP_ASK_REFUSED;
         lp_partial_next(partial, &ask)) {
        switch (ask.kind) {
        case LP_ASK_PROVISIONED:
            give_root(partial, roots, roots->first);
            break;
        case LP_ASK_FETCH:
            if (ask.role == LP_ROLE_ROOT) {
                give_root(partial, roots, ask.version);
            } else if (targets.len > ask.max_bytes) {
                lp_partial_failed(partial, LP_LIMIT_FILE);
            } else {
                lp_partial_give(partial, targets, (lp_scratch){NULL, 0});
            }
            break;
        case LP_ASK_LOAD:
            lp_partial_absent(partial); /* a board fresh from the factory: it sees most */
            break;
        default:
            lp_partial_done(partial, true);
            break;
        }
    }
}

lp_code lp_relay_check(const lp_relay *relay, uint64_t root_version, lp_slice targets, const lp_relay_board *board,
                       lp_error *error) {
    chain roots;
    if (!load_chain(relay, root_version, &roots)) {
        return LP_NO_TRUSTED_ROOT;
    }
    lp_partial *partial = malloc(sizeof *partial);
    lp_code code = LP_LIMIT_MEMORY;
    if (partial != NULL) {
        lp_partial_begin(partial, &(lp_partial_config){.crypto = &lp_crypto_openssl,
                                                       .limits = &lp_limits_constrained,
                                                       .dialect = relay->from.director_dialect,
                                                       .form = LP_JSON_CANONICAL,
                                                       .now = board->now,
                                                       .vehicle = board->vehicle,
                                                       .serial = board->ecu->serial,
                                                       .hardware = board->ecu->hardware});
        run(partial, &roots, targets);
        const lp_error *refusal = lp_partial_error(partial);
        code = refusal->code;
        if (code != LP_OK) {
            *error = *refusal;
            error->subject = (lp_str){NULL, 0}; /* it would point into memory that is freed here */
        }
    }
    free(partial);
    for (size_t i = 0; i < roots.count; i++) {
        lp_representation_free(&roots.roots[i]);
    }
    return code;
}
