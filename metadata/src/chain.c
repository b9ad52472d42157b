/* SPDX-License-Identifier: Apache-2.0 */
#include "chain.h"
#include "procedure.h"
#include "refusal.h"

void lp_chain_ask(const lp_root_chain *chain, const lp_tuf_config *config, lp_ask *ask) {
    static const lp_ask_kind kinds[] = {LP_ASK_LOAD, LP_ASK_PROVISIONED, LP_ASK_FETCH, LP_ASK_STORE};
    if (chain->state == LP_CHAIN_END) {
        return;
    }
    ask->kind = kinds[chain->state];
    ask->role = LP_ROLE_ROOT;
    ask->max_bytes = config->limits->root_bytes;
    if (chain->state == LP_CHAIN_FETCH) {
        ask->version = chain->root.doc.version + 1;
    } else if (chain->state == LP_CHAIN_STORE) {
        ask->data = chain->root.doc.file;
    }
}

static lp_code refuse(lp_error *error, lp_code code, uint64_t version, const char *clause) {
    error->code = code;
    error->role = LP_ROLE_ROOT;
    error->version = version;
    error->clause = clause;
    return code;
}

static lp_code parse(const lp_tuf_config *config, lp_slice bytes, lp_scratch scratch, lp_trusted_root *out) {
    lp_code code =
        lp_signed_parse(bytes, LP_ROLE_ROOT, config->form, config->dialect, config->limits, scratch, &out->doc);
    return code == LP_OK ? lp_root_read(&out->doc, config->limits, &out->consistent_snapshot) : code;
}

static bool rotated(const lp_signed *before, const lp_signed *after, lp_role role) {
    lp_role_keys a;
    lp_role_keys b;
    return lp_root_role_keys(before, role, &a) != LP_OK || lp_root_role_keys(after, role, &b) != LP_OK ||
           !lp_role_keys_eq(&a, &b);
}

/* Takes a verified root: a next one must be stored before the chain goes on. */
static void accept(lp_root_chain *chain, const lp_trusted_root *root, bool first) {
    const lp_signed *before = &chain->root.doc;
    const lp_signed *after = &root->doc;
    if (!first) {
        chain->rotated_online = rotated(before, after, LP_ROLE_TIMESTAMP) || rotated(before, after, LP_ROLE_SNAPSHOT);
        chain->rotated_targets = chain->rotated_targets || rotated(before, after, LP_ROLE_TARGETS);
        chain->rotations++;
    }
    chain->root = *root;
    chain->have_root = true;
    chain->state = first ? LP_CHAIN_FETCH : LP_CHAIN_STORE;
}

/* Step 3: only the last root must be fresh. */
static lp_code end(lp_root_chain *chain, const lp_tuf_config *config, lp_error *error) {
    if (LP_REFUSAL(3201, config->now >= chain->root.doc.expires)) {
        return refuse(error, LP_EXPIRED, chain->root.doc.version, LP_CLAUSE("Uptane 2.1.0, 5.4.4.3 step 3"));
    }
    chain->state = LP_CHAIN_END;
    return LP_OK;
}

/* A first root, stored or provisioned, need not be fresh, but it must be whole and signed by its own keys (step 1). */
lp_code lp_chain_give(lp_root_chain *chain, const lp_tuf_config *config, lp_slice bytes, lp_scratch scratch,
                      lp_error *error) {
    const lp_signed *trusted = &chain->root.doc;
    bool first = chain->state != LP_CHAIN_FETCH;
    uint64_t version = first ? 0 : trusted->version + 1;
    const char *clause =
        first ? LP_CLAUSE("Uptane 2.1.0, 5.4.4.3 step 1") : LP_CLAUSE("Uptane 2.1.0, 5.4.4.3 step 2.2");
    lp_trusted_root root;
    lp_code code = !first && LP_REFUSAL(3202, bytes.len > config->limits->root_bytes)
                       ? LP_LIMIT_FILE
                       : parse(config, bytes, scratch, &root);
    if (code == LP_OK && !first) {
        clause = LP_CLAUSE("Uptane 2.1.0, 5.4.4.3 step 2.3");
        code = lp_procedure_verify(config, trusted, &root.doc, LP_ROLE_ROOT, scratch);
    }
    if (code == LP_OK) {
        code = lp_procedure_verify(config, &root.doc, &root.doc, LP_ROLE_ROOT, scratch);
    }
    if (code == LP_OK && !first && LP_REFUSAL(3203, root.doc.version != version)) {
        clause = LP_CLAUSE("Uptane 2.1.0, 5.4.4.3 step 2.4");
        code = LP_ROOT_VERSION;
    }
    if (code == LP_OK) {
        accept(chain, &root, first);
        return LP_OK;
    }
    if (chain->state == LP_CHAIN_LOAD) {
        chain->state = LP_CHAIN_PROVISIONED; /* damaged: the chain is walked again from the factory root */
        return LP_OK;
    }
    return refuse(error, code, version, clause);
}

lp_code lp_chain_absent(lp_root_chain *chain, const lp_tuf_config *config, lp_error *error) {
    if (chain->state == LP_CHAIN_LOAD) {
        chain->state = LP_CHAIN_PROVISIONED;
        return LP_OK;
    }
    if (LP_REFUSAL(3204, chain->state == LP_CHAIN_PROVISIONED)) {
        return refuse(error, LP_NO_TRUSTED_ROOT, 0, LP_CLAUSE("Uptane 2.1.0, 5.4.4.3 step 1"));
    }
    return end(chain, config, error); /* step 2.2: the root at hand is the latest */
}

/* Uptane 2.1.0, 5.4.4.3 steps 2.5 and 2.6. The limit on rotations is no refusal: what was reached is kept, and the next
 * run goes on from there. */
lp_code lp_chain_stored(lp_root_chain *chain, const lp_tuf_config *config, lp_error *error) {
    if (chain->rotations >= config->limits->root_rotations) {
        return end(chain, config, error);
    }
    chain->state = LP_CHAIN_FETCH;
    return LP_OK;
}
