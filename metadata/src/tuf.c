/* SPDX-License-Identifier: Apache-2.0 */
/* The client workflow of one repository: root chain, timestamp, snapshot, targets. */
#include "lampyr/tuf.h"
#include "chain.h"
#include "delegation.h"
#include "procedure.h"
#include "refusal.h"
#include "role_internal.h"

#include <string.h>

enum state {
    ROOT_CHAIN,       /* chain.c */
    FORGET_TIMESTAMP, /* before the new root is stored, so that a cut in between cannot keep them */
    FORGET_SNAPSHOT,
    FORGET_TARGETS,
    STORE_ROOT,
    LOAD_TIMESTAMP,
    FETCH_TIMESTAMP,
    STORE_TIMESTAMP,
    LOAD_SNAPSHOT,
    FETCH_SNAPSHOT,
    STORE_SNAPSHOT,
    LOAD_TARGETS,
    FETCH_TARGETS,
    STORE_TARGETS,
    TRUSTED,
    REFUSED,
    STATE_COUNT,
};

/* What each state asks for. */
static const struct {
    lp_ask_kind kind;
    lp_role role;
} asks[STATE_COUNT] = {
    [ROOT_CHAIN] = {LP_ASK_LOAD, LP_ROLE_ROOT},
    [FORGET_TIMESTAMP] = {LP_ASK_FORGET, LP_ROLE_TIMESTAMP},
    [FORGET_SNAPSHOT] = {LP_ASK_FORGET, LP_ROLE_SNAPSHOT},
    [FORGET_TARGETS] = {LP_ASK_FORGET, LP_ROLE_TARGETS},
    [STORE_ROOT] = {LP_ASK_STORE, LP_ROLE_ROOT},
    [LOAD_TIMESTAMP] = {LP_ASK_LOAD, LP_ROLE_TIMESTAMP},
    [FETCH_TIMESTAMP] = {LP_ASK_FETCH, LP_ROLE_TIMESTAMP},
    [STORE_TIMESTAMP] = {LP_ASK_STORE, LP_ROLE_TIMESTAMP},
    [LOAD_SNAPSHOT] = {LP_ASK_LOAD, LP_ROLE_SNAPSHOT},
    [FETCH_SNAPSHOT] = {LP_ASK_FETCH, LP_ROLE_SNAPSHOT},
    [STORE_SNAPSHOT] = {LP_ASK_STORE, LP_ROLE_SNAPSHOT},
    [LOAD_TARGETS] = {LP_ASK_LOAD, LP_ROLE_TARGETS},
    [FETCH_TARGETS] = {LP_ASK_FETCH, LP_ROLE_TARGETS},
    [STORE_TARGETS] = {LP_ASK_STORE, LP_ROLE_TARGETS},
    [TRUSTED] = {LP_ASK_TRUSTED, LP_ROLE_NONE},
    [REFUSED] = {LP_ASK_REFUSED, LP_ROLE_NONE},
};

static void refuse(lp_tuf *tuf, lp_code code, uint64_t version, const char *clause) {
    tuf->error = (lp_error){
        .code = code, .repo = tuf->config.repo, .role = asks[tuf->state].role, .version = version, .clause = clause};
    tuf->state = REFUSED;
}

static lp_code parse(const lp_tuf *tuf, lp_slice bytes, lp_role role, lp_scratch scratch, lp_signed *doc) {
    return lp_signed_parse(bytes, role, tuf->config.form, tuf->config.dialect, tuf->config.limits, scratch, doc);
}

static lp_code verify(const lp_tuf *tuf, const lp_signed *doc, lp_role role, lp_scratch scratch) {
    return lp_procedure_verify(&tuf->config, &tuf->chain.root.doc, doc, role, scratch);
}

static bool expired(const lp_tuf *tuf, const lp_signed *doc) {
    return lp_procedure_expired(&tuf->config, doc);
}

/* What the timestamp says of snapshot, or the snapshot of targets. */
static lp_code listed(const lp_signed *by, const char *role_name, lp_file_info *info) {
    bool found;
    lp_code code = lp_meta_find(by, lp_str_from(role_name), &found, info);
    return code == LP_OK && LP_REFUSAL(3401, !found) ? LP_ROLE_NOT_LISTED : code;
}

/* --- root: Uptane 2.1.0, 5.4.4.3; TUF 1.0.34, 5.3 --- */

/* Goes where the root chain now stands, or is refused with it. */
static void follow_chain(lp_tuf *tuf, lp_code code, const lp_error *error) {
    if (code != LP_OK) {
        tuf->error = *error;
        tuf->error.repo = tuf->config.repo;
        tuf->state = REFUSED;
    } else if (tuf->chain.state == LP_CHAIN_END) {
        tuf->state = tuf->config.root_and_targets_only ? LOAD_TARGETS : LOAD_TIMESTAMP;
    } else if (tuf->chain.state != LP_CHAIN_STORE) {
        tuf->state = ROOT_CHAIN;
    } else {
        /* Recovery from a fast-forward attack (Uptane 2.1.0, 5.4.4.3 step 4). Without a snapshot, targets stand for
         * themselves. */
        bool alone = tuf->config.root_and_targets_only;
        bool forget = alone ? tuf->chain.rotated_targets : tuf->chain.rotated_online;
        tuf->state = !forget ? STORE_ROOT : alone ? FORGET_TARGETS : FORGET_TIMESTAMP;
    }
}

/* --- timestamp: Uptane 2.1.0, 5.4.4.4; TUF 1.0.34, 5.4 --- */

static void load_timestamp(lp_tuf *tuf, lp_slice bytes, lp_scratch scratch) {
    lp_signed doc;
    lp_file_info info;
    tuf->have_timestamp = parse(tuf, bytes, LP_ROLE_TIMESTAMP, scratch, &doc) == LP_OK &&
                          verify(tuf, &doc, LP_ROLE_TIMESTAMP, scratch) == LP_OK &&
                          listed(&doc, "snapshot", &info) == LP_OK;
    if (tuf->have_timestamp) {
        tuf->timestamp.doc = doc;
    }
    tuf->state = FETCH_TIMESTAMP;
}

/* Refuses a timestamp that is older than the trusted one, or that lists an older snapshot. */
static lp_code timestamp_rollback(const lp_tuf *tuf, const lp_signed *doc, const lp_file_info *info) {
    lp_file_info trusted;
    if (!tuf->have_timestamp) {
        return LP_OK;
    }
    if (LP_REFUSAL(3402, doc->version < tuf->timestamp.doc.version)) {
        return LP_ROLLBACK_VERSION;
    }
    if (doc->version == tuf->timestamp.doc.version) {
        return LP_OK; /* it is not taken, so that what it lists does not matter (TUF 1.0.34, 5.4.3.1) */
    }
    lp_code code = listed(&tuf->timestamp.doc, "snapshot", &trusted);
    return code == LP_OK && LP_REFUSAL(3403, info->version < trusted.version) ? LP_ROLLBACK_SNAPSHOT_ENTRY : code;
}

static void give_timestamp(lp_tuf *tuf, lp_slice bytes, lp_scratch scratch) {
    lp_signed doc;
    lp_file_info info;
    const char *clause = LP_CLAUSE("Uptane 2.1.0, 5.4.4.4 step 1");
    lp_code code = parse(tuf, bytes, LP_ROLE_TIMESTAMP, scratch, &doc);
    if (code == LP_OK) {
        clause = LP_CLAUSE("Uptane 2.1.0, 5.4.4.4 step 2");
        code = verify(tuf, &doc, LP_ROLE_TIMESTAMP, scratch);
    }
    if (code == LP_OK) {
        clause = LP_CLAUSE("Uptane 2.1.0, 5.2.5");
        code = listed(&doc, "snapshot", &info);
    }
    if (code == LP_OK) {
        clause = LP_CLAUSE("Uptane 2.1.0, 5.4.4.4 step 3");
        code = timestamp_rollback(tuf, &doc, &info);
    }
    /* The same version is the same file: the trusted copy stays (TUF 1.0.34, 5.4.3.1). */
    bool same = tuf->have_timestamp && code == LP_OK && doc.version == tuf->timestamp.doc.version;
    if (same) {
        doc = tuf->timestamp.doc;
    }
    if (code == LP_OK && LP_REFUSAL(3404, expired(tuf, &doc))) {
        clause = LP_CLAUSE("Uptane 2.1.0, 5.4.4.4 step 4");
        code = LP_EXPIRED;
    }
    if (code != LP_OK) {
        refuse(tuf, code, 0, clause);
        return;
    }
    tuf->timestamp.doc = doc;
    tuf->have_timestamp = true;
    tuf->state = same ? LOAD_SNAPSHOT : STORE_TIMESTAMP;
}

/* --- snapshot: Uptane 2.1.0, 5.4.4.5; TUF 1.0.34, 5.5 --- */

/* A stored snapshot that is the one listed now is not fetched again (Uptane 2.1.0, 5.4.4.2 steps 4 and 8). */
static void load_snapshot(lp_tuf *tuf, lp_slice bytes, lp_scratch scratch) {
    lp_signed doc;
    lp_file_info info;
    tuf->have_old_snapshot = parse(tuf, bytes, LP_ROLE_SNAPSHOT, scratch, &doc) == LP_OK &&
                             verify(tuf, &doc, LP_ROLE_SNAPSHOT, scratch) == LP_OK &&
                             listed(&doc, "targets", &info) == LP_OK;
    tuf->state = FETCH_SNAPSHOT;
    if (!tuf->have_old_snapshot) {
        return;
    }
    tuf->old_snapshot.doc = doc;
    if (listed(&tuf->timestamp.doc, "snapshot", &info) == LP_OK &&
        lp_procedure_matches(&tuf->config, &info, &doc, scratch) == LP_OK && !LP_REFUSAL(3405, expired(tuf, &doc))) {
        tuf->snapshot.doc = doc;
        tuf->state = LOAD_TARGETS;
    }
}

static lp_code snapshot_rollback(const lp_tuf *tuf, const lp_signed *doc, lp_scratch scratch, lp_str *subject,
                                 const char **clause) {
    if (!tuf->have_old_snapshot) {
        return LP_OK;
    }
    *clause = LP_CLAUSE("Uptane 2.1.0, 5.4.4.5 step 4");
    if (LP_REFUSAL(3406, doc->version < tuf->old_snapshot.doc.version)) {
        return LP_ROLLBACK_VERSION;
    }
    lp_code code = lp_snapshot_compare(&tuf->old_snapshot.doc, doc, scratch, subject);
    *clause = code == LP_SNAPSHOT_ENTRY_MISSING ? LP_CLAUSE("Uptane 2.1.0, 5.4.4.5 step 6")
                                                : LP_CLAUSE("Uptane 2.1.0, 5.4.4.5 step 5");
    return code;
}

static void give_snapshot(lp_tuf *tuf, lp_slice bytes, lp_scratch scratch) {
    lp_signed doc;
    lp_file_info info;
    lp_str subject = {NULL, 0};
    const char *clause = LP_CLAUSE("Uptane 2.1.0, 5.4.4.5 step 2");
    lp_code code = listed(&tuf->timestamp.doc, "snapshot", &info);
    if (code == LP_OK) {
        code = lp_procedure_open(&tuf->config, &info, bytes, LP_ROLE_SNAPSHOT, scratch, &doc);
    }
    if (code == LP_OK) {
        clause = LP_CLAUSE("Uptane 2.1.0, 5.4.4.5 step 3");
        code = verify(tuf, &doc, LP_ROLE_SNAPSHOT, scratch);
    }
    if (code == LP_OK) {
        code = snapshot_rollback(tuf, &doc, scratch, &subject, &clause);
    }
    if (code == LP_OK) {
        lp_file_info targets;
        clause = LP_CLAUSE("Uptane 2.1.0, 5.2.4");
        code = listed(&doc, "targets", &targets);
    }
    if (code == LP_OK && LP_REFUSAL(3407, expired(tuf, &doc))) {
        clause = LP_CLAUSE("Uptane 2.1.0, 5.4.4.5 step 7");
        code = LP_EXPIRED;
    }
    if (code != LP_OK) {
        refuse(tuf, code, tuf->chain.root.consistent_snapshot ? info.version : 0, clause);
        tuf->error.subject = subject;
        return;
    }
    tuf->snapshot.doc = doc;
    tuf->state = STORE_SNAPSHOT;
}

/* --- targets: Uptane 2.1.0, 5.4.4.6; TUF 1.0.34, 5.6 --- */

/* What targets must satisfy; `info` is the caller's memory for what the snapshot says. */
static lp_code targets_rules(const lp_tuf *tuf, lp_file_info *info, lp_targets_rules *rules) {
    *rules = (lp_targets_rules){.role = LP_ROLE_TARGETS, .floor = tuf->targets_floor};
    lp_code code = lp_root_role_keys(&tuf->chain.root.doc, LP_ROLE_TARGETS, &rules->keys);
    if (code == LP_OK && !tuf->config.root_and_targets_only) {
        code = listed(&tuf->snapshot.doc, "targets", info);
        rules->info = info;
    }
    return code;
}

static lp_code check_targets(const lp_tuf *tuf, const lp_trusted_targets *targets, lp_error *error) {
    if (targets->delegations.ptr != NULL) {
        error->clause = LP_CLAUSE("Uptane 2.1.0, 5.2.3.2");
        lp_code code = lp_delegations_check(targets->delegations);
        if (code != LP_OK) {
            return code;
        }
    }
    return tuf->config.check_targets != NULL ? tuf->config.check_targets(tuf->config.ctx, targets, error) : LP_OK;
}

static void load_targets(lp_tuf *tuf, lp_slice bytes, lp_scratch scratch) {
    lp_file_info info;
    lp_targets_rules rules;
    lp_trusted_targets targets;
    lp_error ignored = {.code = LP_OK};
    uint64_t floor = 0;
    tuf->state = FETCH_TARGETS;
    if (targets_rules(tuf, &info, &rules) != LP_OK) {
        return;
    }
    bool usable = lp_procedure_stored_targets(&tuf->config, &rules, bytes, scratch, &targets, &floor);
    /* Rotated keys make it forget the version: recovery from a fast-forward attack. */
    tuf->targets_floor = tuf->chain.rotated_targets ? 0 : floor;
    if (usable && check_targets(tuf, &targets, &ignored) == LP_OK) {
        tuf->targets = targets;
        tuf->state = TRUSTED;
    }
}

static void give_targets(lp_tuf *tuf, lp_slice bytes, lp_scratch scratch) {
    lp_file_info info = {0};
    lp_targets_rules rules;
    lp_trusted_targets targets;
    lp_error error = {.clause = LP_CLAUSE("Uptane 2.1.0, 5.4.4.6 step 2")};
    lp_code code = targets_rules(tuf, &info, &rules);
    if (code == LP_OK) {
        code = lp_procedure_targets(&tuf->config, &rules, bytes, scratch, &targets, &error.clause);
    }
    if (code == LP_OK) {
        code = check_targets(tuf, &targets, &error);
    }
    if (code != LP_OK) {
        refuse(tuf, code, tuf->chain.root.consistent_snapshot ? info.version : 0, error.clause);
        tuf->error.subject = error.subject;
        return;
    }
    tuf->targets = targets;
    tuf->state = STORE_TARGETS;
}

/* --- the machine --- */

void lp_tuf_begin(lp_tuf *tuf, const lp_tuf_config *config) {
    memset(tuf, 0, sizeof *tuf);
    tuf->config = *config;
}

/* The most bytes to take of a file that is to be loaded or fetched. */
static uint64_t limit_of(const lp_tuf *tuf, lp_role role) {
    const lp_limits *limits = tuf->config.limits;
    return role == LP_ROLE_TIMESTAMP  ? limits->timestamp_bytes
           : role == LP_ROLE_SNAPSHOT ? limits->snapshot_bytes
                                      : limits->targets_bytes;
}

/* Version in the file's name, and the length that the signed reference promises. The reference could be read before,
 * or else the answer is refused. */
static void fill_fetch(const lp_tuf *tuf, lp_ask *ask) {
    lp_file_info info = {0};
    if (ask->role == LP_ROLE_SNAPSHOT) {
        (void)listed(&tuf->timestamp.doc, "snapshot", &info);
    } else if (ask->role == LP_ROLE_TARGETS && !tuf->config.root_and_targets_only) {
        (void)listed(&tuf->snapshot.doc, "targets", &info);
    }
    ask->version = tuf->chain.root.consistent_snapshot ? info.version : 0;
    if (info.has_length && info.length_bytes < ask->max_bytes) {
        ask->max_bytes = info.length_bytes;
    }
}

void lp_tuf_next(const lp_tuf *tuf, lp_ask *ask) {
    memset(ask, 0, sizeof *ask);
    ask->kind = asks[tuf->state].kind;
    ask->role = asks[tuf->state].role;
    ask->repo = tuf->config.repo;
    if (tuf->state == ROOT_CHAIN || tuf->state == STORE_ROOT) {
        lp_chain_ask(&tuf->chain, &tuf->config, ask);
    } else if (ask->kind == LP_ASK_STORE) {
        ask->data = ask->role == LP_ROLE_TIMESTAMP  ? tuf->timestamp.doc.file
                    : ask->role == LP_ROLE_SNAPSHOT ? tuf->snapshot.doc.file
                                                    : tuf->targets.doc.file;
    } else if (ask->kind == LP_ASK_LOAD || ask->kind == LP_ASK_FETCH) {
        ask->max_bytes = limit_of(tuf, ask->role);
        if (ask->kind == LP_ASK_FETCH) {
            fill_fetch(tuf, ask);
        }
    }
}

void lp_tuf_give(lp_tuf *tuf, lp_slice bytes, lp_scratch scratch) {
    lp_ask ask;
    lp_error error = {.code = LP_OK};
    lp_tuf_next(tuf, &ask);
    bool too_long = bytes.len > ask.max_bytes;
    if (LP_REFUSAL(3408, too_long && ask.kind != LP_ASK_FETCH)) {
        lp_tuf_absent(tuf);
        return;
    }
    if (LP_REFUSAL(3409, too_long)) {
        refuse(tuf, LP_LIMIT_FILE, ask.version, lp_procedure_length_clause(ask.role));
        return;
    }
    switch (tuf->state) {
    case ROOT_CHAIN:
        follow_chain(tuf, lp_chain_give(&tuf->chain, &tuf->config, bytes, scratch, &error), &error);
        break;
    case LOAD_TIMESTAMP:
        load_timestamp(tuf, bytes, scratch);
        break;
    case FETCH_TIMESTAMP:
        give_timestamp(tuf, bytes, scratch);
        break;
    case LOAD_SNAPSHOT:
        load_snapshot(tuf, bytes, scratch);
        break;
    case FETCH_SNAPSHOT:
        give_snapshot(tuf, bytes, scratch);
        break;
    case LOAD_TARGETS:
        load_targets(tuf, bytes, scratch);
        break;
    case FETCH_TARGETS:
        give_targets(tuf, bytes, scratch);
        break;
    default:
        refuse(tuf, LP_REFUSAL_CODE(3410, LP_MISUSE), 0, "");
        break;
    }
}

void lp_tuf_absent(lp_tuf *tuf) {
    lp_ask ask;
    lp_error error = {.code = LP_OK};
    lp_tuf_next(tuf, &ask);
    switch (tuf->state) {
    case ROOT_CHAIN:
        follow_chain(tuf, lp_chain_absent(&tuf->chain, &tuf->config, &error), &error);
        break;
    case LOAD_TIMESTAMP:
    case LOAD_SNAPSHOT:
    case LOAD_TARGETS:
        tuf->state++; /* to the fetch */
        break;
    case FETCH_TIMESTAMP:
        refuse(tuf, LP_REFUSAL_CODE(3411, LP_UNREACHABLE), 0, LP_CLAUSE("Uptane 2.1.0, 5.4.4.4 step 1"));
        break;
    case FETCH_SNAPSHOT:
        refuse(tuf, LP_REFUSAL_CODE(3412, LP_MISSING_FILE), ask.version, LP_CLAUSE("Uptane 2.1.0, 5.4.4.5 step 1"));
        break;
    case FETCH_TARGETS:
        refuse(tuf, LP_REFUSAL_CODE(3413, LP_MISSING_FILE), ask.version, LP_CLAUSE("Uptane 2.1.0, 5.4.4.6 step 1"));
        break;
    default:
        refuse(tuf, LP_REFUSAL_CODE(3414, LP_MISUSE), 0, "");
        break;
    }
}

void lp_tuf_failed(lp_tuf *tuf, lp_code code) {
    lp_ask ask;
    lp_tuf_next(tuf, &ask);
    bool awaited = ask.kind == LP_ASK_FETCH || ask.kind == LP_ASK_PROVISIONED;
    refuse(tuf, LP_REFUSAL(3415, !awaited) ? LP_MISUSE : code, ask.version, lp_procedure_length_clause(ask.role));
}

void lp_tuf_done(lp_tuf *tuf, bool ok) {
    lp_error error = {.code = LP_OK};
    if (LP_REFUSAL(3416, asks[tuf->state].kind != LP_ASK_STORE && asks[tuf->state].kind != LP_ASK_FORGET)) {
        refuse(tuf, LP_MISUSE, 0, "");
    } else if (LP_REFUSAL(3417, !ok)) {
        refuse(tuf, LP_STATE, 0, LP_CLAUSE("Uptane 2.1.0, 5.4.4"));
    } else if (tuf->state == STORE_ROOT) {
        follow_chain(tuf, lp_chain_stored(&tuf->chain, &tuf->config, &error), &error);
    } else {
        tuf->state++; /* what follows a STORE or FORGET is the next line of the table */
    }
}

const lp_error *lp_tuf_error(const lp_tuf *tuf) {
    return &tuf->error;
}

const lp_trusted_root *lp_tuf_root(const lp_tuf *tuf) {
    return tuf->chain.have_root ? &tuf->chain.root : NULL;
}

const lp_trusted_targets *lp_tuf_targets(const lp_tuf *tuf) {
    return tuf->state == TRUSTED ? &tuf->targets : NULL;
}
