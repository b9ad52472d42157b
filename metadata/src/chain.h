/* SPDX-License-Identifier: Apache-2.0 */
/* The root chain (Uptane 2.1.0, 5.4.4.3; TUF 1.0.34, 5.3), as a part of the procedures. */
#ifndef LP_CHAIN_H
#define LP_CHAIN_H

#include "lampyr/tuf.h"

enum {
    LP_CHAIN_LOAD,
    LP_CHAIN_PROVISIONED,
    LP_CHAIN_FETCH,
    LP_CHAIN_STORE,
    LP_CHAIN_END, /* the root is the latest and not expired */
};

/* What the chain asks for; nothing is changed in `ask` at LP_CHAIN_END. */
void lp_chain_ask(const lp_root_chain *chain, const lp_tuf_config *config, lp_ask *ask);

/* The answers. On a refusal `error` has code, version and clause, and its code is returned. */
lp_code lp_chain_give(lp_root_chain *chain, const lp_tuf_config *config, lp_slice bytes, lp_scratch scratch,
                      lp_error *error);
lp_code lp_chain_absent(lp_root_chain *chain, const lp_tuf_config *config, lp_error *error);
lp_code lp_chain_stored(lp_root_chain *chain, const lp_tuf_config *config, lp_error *error);

#endif
