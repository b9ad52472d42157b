/* SPDX-License-Identifier: Apache-2.0 */
/* The client workflow of one repository: root chain, timestamp, snapshot, targets. */
#include "lampyr/tuf.h"
#include "procedure.h"
#include "role_internal.h"

#include <string.h>

enum state {
    LOAD_ROOT,
    PROVISIONED_ROOT,
    FETCH_ROOT,
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
    [LOAD_ROOT] = {LP_ASK_LOAD, LP_ROLE_ROOT},
    [PROVISIONED_ROOT] = {LP_ASK_PROVISIONED, LP_ROLE_ROOT},
    [FETCH_ROOT] = {LP_ASK_FETCH, LP_ROLE_ROOT},
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

/* Checks signatures under the keys that trusted root sets for `role`. */
static lp_code verify(const lp_tuf *tuf, const lp_signed *doc, lp_role role, lp_scratch scratch) {
    lp_role_keys keys;
    lp_code code = lp_root_role_keys(&tuf->root.doc, role, &keys);
    return code == LP_OK ? lp_signed_verify(doc, &keys, tuf->config.crypto, tuf->config.limits, scratch) : code;
}

static bool expired(const lp_tuf *tuf, const lp_signed *doc) {
    return tuf->config.now >= doc->expires;
}

/* What the timestamp says of snapshot, or the snapshot of targets. */
static lp_code listed(const lp_signed *by, const char *role_name, lp_file_info *info) {
    bool found;
    lp_code code = lp_meta_find(by, lp_str_from(role_name), &found, info);
    return code == LP_OK && !found ? LP_ROLE_NOT_LISTED : code;
}

/* --- root: Uptane 2.1.0, 5.4.4.3; TUF 1.0.34, 5.3 --- */

static lp_code parse_root(const lp_tuf *tuf, lp_slice bytes, lp_scratch scratch, lp_trusted_root *out) {
    lp_code code = parse(tuf, bytes, LP_ROLE_ROOT, scratch, &out->doc);
    return code == LP_OK ? lp_root_read(&out->doc, &out->consistent_snapshot) : code;
}

static lp_code verify_root(const lp_tuf *tuf, const lp_signed *doc, const lp_signed *by, lp_scratch scratch) {
    lp_role_keys keys;
    lp_code code = lp_root_role_keys(by, LP_ROLE_ROOT, &keys);
    return code == LP_OK ? lp_signed_verify(doc, &keys, tuf->config.crypto, tuf->config.limits, scratch) : code;
}

/* A root to start from: it need not be fresh, but it must be whole and signed by its own keys. */
static void give_first_root(lp_tuf *tuf, lp_slice bytes, lp_scratch scratch) {
    lp_trusted_root root;
    lp_code code = parse_root(tuf, bytes, scratch, &root);
    if (code == LP_OK) {
        code = verify_root(tuf, &root.doc, &root.doc, scratch);
    }
    if (code == LP_OK) {
        tuf->root = root;
        tuf->have_root = true;
        tuf->state = FETCH_ROOT;
    } else if (tuf->state == LOAD_ROOT) {
        tuf->state = PROVISIONED_ROOT; /* damaged: the chain is walked again from the factory root */
    } else {
        refuse(tuf, code, 0, "Uptane 2.1.0, 5.4.4.3 step 1");
    }
}

static bool keys_rotated(const lp_signed *before, const lp_signed *after, lp_role role) {
    lp_role_keys a;
    lp_role_keys b;
    return lp_root_role_keys(before, role, &a) != LP_OK || lp_root_role_keys(after, role, &b) != LP_OK ||
           !lp_role_keys_eq(&a, &b);
}

static void give_next_root(lp_tuf *tuf, lp_slice bytes, lp_scratch scratch) {
    uint64_t next = tuf->root.doc.version + 1;
    lp_trusted_root root;
    lp_code code = parse_root(tuf, bytes, scratch, &root);
    if (code != LP_OK) {
        refuse(tuf, code, next, "Uptane 2.1.0, 5.4.4.3 step 2.2");
        return;
    }
    code = verify_root(tuf, &root.doc, &tuf->root.doc, scratch);
    if (code == LP_OK) {
        code = verify_root(tuf, &root.doc, &root.doc, scratch);
    }
    if (code != LP_OK) {
        refuse(tuf, code, next, "Uptane 2.1.0, 5.4.4.3 step 2.3");
        return;
    }
    if (root.doc.version != next) {
        refuse(tuf, LP_ROOT_VERSION, next, "Uptane 2.1.0, 5.4.4.3 step 2.4");
        return;
    }
    bool forget = !tuf->config.root_and_targets_only && (keys_rotated(&tuf->root.doc, &root.doc, LP_ROLE_TIMESTAMP) ||
                                                         keys_rotated(&tuf->root.doc, &root.doc, LP_ROLE_SNAPSHOT));
    tuf->rotated_targets = tuf->rotated_targets || keys_rotated(&tuf->root.doc, &root.doc, LP_ROLE_TARGETS);
    tuf->root = root;
    tuf->rotations++;
    tuf->state = forget ? FORGET_TIMESTAMP : STORE_ROOT; /* Uptane 2.1.0, 5.4.4.3 step 4 */
}

static void end_root_chain(lp_tuf *tuf) {
    if (expired(tuf, &tuf->root.doc)) {
        refuse(tuf, LP_EXPIRED, tuf->root.doc.version, "Uptane 2.1.0, 5.4.4.3 step 3");
        return;
    }
    tuf->state = tuf->config.root_and_targets_only ? LOAD_TARGETS : LOAD_TIMESTAMP;
}

/* The limit on rotations is no refusal: what was reached is kept, and the next run goes on from there. */
static void root_stored(lp_tuf *tuf) {
    if (tuf->rotations >= tuf->config.limits->root_rotations) {
        end_root_chain(tuf);
    } else {
        tuf->state = FETCH_ROOT;
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
    if (doc->version < tuf->timestamp.doc.version) {
        return LP_ROLLBACK_VERSION;
    }
    lp_code code = listed(&tuf->timestamp.doc, "snapshot", &trusted);
    return code == LP_OK && info->version < trusted.version ? LP_ROLLBACK_SNAPSHOT_ENTRY : code;
}

static void give_timestamp(lp_tuf *tuf, lp_slice bytes, lp_scratch scratch) {
    lp_signed doc;
    lp_file_info info;
    const char *clause = "Uptane 2.1.0, 5.4.4.4 step 1";
    lp_code code = parse(tuf, bytes, LP_ROLE_TIMESTAMP, scratch, &doc);
    if (code == LP_OK) {
        clause = "Uptane 2.1.0, 5.4.4.4 step 2";
        code = verify(tuf, &doc, LP_ROLE_TIMESTAMP, scratch);
    }
    if (code == LP_OK) {
        clause = "Uptane 2.1.0, 5.2.5";
        code = listed(&doc, "snapshot", &info);
    }
    if (code == LP_OK) {
        clause = "Uptane 2.1.0, 5.4.4.4 step 3";
        code = timestamp_rollback(tuf, &doc, &info);
    }
    /* The same version is the same file: the trusted copy stays (TUF 1.0.34, 5.4.3.1). */
    bool same = tuf->have_timestamp && code == LP_OK && doc.version == tuf->timestamp.doc.version;
    if (same) {
        doc = tuf->timestamp.doc;
    }
    if (code == LP_OK && expired(tuf, &doc)) {
        clause = "Uptane 2.1.0, 5.4.4.4 step 4";
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

static lp_code snapshot_info(const lp_tuf *tuf, lp_file_info *info) {
    return listed(&tuf->timestamp.doc, "snapshot", info);
}

static void load_snapshot(lp_tuf *tuf, lp_slice bytes, lp_scratch scratch) {
    lp_signed doc;
    lp_file_info info;
    tuf->have_old_snapshot = parse(tuf, bytes, LP_ROLE_SNAPSHOT, scratch, &doc) == LP_OK &&
                             verify(tuf, &doc, LP_ROLE_SNAPSHOT, scratch) == LP_OK;
    tuf->state = FETCH_SNAPSHOT;
    if (!tuf->have_old_snapshot) {
        return;
    }
    tuf->old_snapshot.doc = doc;
    if (snapshot_info(tuf, &info) == LP_OK && lp_procedure_matches(&tuf->config, &info, &doc, scratch) == LP_OK &&
        !expired(tuf, &doc)) {
        tuf->snapshot.doc = doc;
        tuf->have_snapshot = true;
        tuf->state = LOAD_TARGETS;
    }
}

static lp_code snapshot_rollback(const lp_tuf *tuf, const lp_signed *doc, lp_scratch scratch, lp_str *subject,
                                 const char **clause) {
    if (!tuf->have_old_snapshot) {
        return LP_OK;
    }
    *clause = "Uptane 2.1.0, 5.4.4.5 step 4";
    if (doc->version < tuf->old_snapshot.doc.version) {
        return LP_ROLLBACK_VERSION;
    }
    lp_code code = lp_snapshot_compare(&tuf->old_snapshot.doc, doc, scratch, subject);
    *clause = code == LP_SNAPSHOT_ENTRY_MISSING ? "Uptane 2.1.0, 5.4.4.5 step 6" : "Uptane 2.1.0, 5.4.4.5 step 5";
    return code;
}

static void give_snapshot(lp_tuf *tuf, lp_slice bytes, lp_scratch scratch) {
    lp_signed doc;
    lp_file_info info;
    lp_str subject = {NULL, 0};
    const char *clause = "Uptane 2.1.0, 5.4.4.5 step 2";
    lp_code code = snapshot_info(tuf, &info);
    if (code == LP_OK) {
        code = lp_procedure_open(&tuf->config, &info, bytes, LP_ROLE_SNAPSHOT, scratch, &doc);
    }
    if (code == LP_OK) {
        clause = "Uptane 2.1.0, 5.4.4.5 step 3";
        code = verify(tuf, &doc, LP_ROLE_SNAPSHOT, scratch);
    }
    if (code == LP_OK) {
        code = snapshot_rollback(tuf, &doc, scratch, &subject, &clause);
    }
    if (code == LP_OK) {
        lp_file_info targets;
        clause = "Uptane 2.1.0, 5.2.4";
        code = listed(&doc, "targets", &targets);
    }
    if (code == LP_OK && expired(tuf, &doc)) {
        clause = "Uptane 2.1.0, 5.4.4.5 step 7";
        code = LP_EXPIRED;
    }
    if (code != LP_OK) {
        refuse(tuf, code, tuf->root.consistent_snapshot ? info.version : 0, clause);
        tuf->error.subject = subject;
        return;
    }
    tuf->snapshot.doc = doc;
    tuf->have_snapshot = true;
    tuf->state = STORE_SNAPSHOT;
}

/* --- targets: Uptane 2.1.0, 5.4.4.6; TUF 1.0.34, 5.6 --- */

/* What the snapshot says of targets; nothing where there is no snapshot. */
static lp_code targets_info(const lp_tuf *tuf, lp_file_info *info) {
    *info = (lp_file_info){0};
    return tuf->config.root_and_targets_only ? LP_OK : listed(&tuf->snapshot.doc, "targets", info);
}

static lp_code check_targets(const lp_tuf *tuf, lp_trusted_targets *targets, lp_error *error) {
    error->clause = "Uptane 2.1.0, 5.2.3";
    lp_code code = lp_targets_read(&targets->doc, targets);
    if (code == LP_OK && tuf->config.check_targets != NULL) {
        code = tuf->config.check_targets(tuf->config.ctx, targets, error);
    }
    return code;
}

static void load_targets(lp_tuf *tuf, lp_slice bytes, lp_scratch scratch) {
    lp_trusted_targets targets;
    lp_file_info info;
    lp_error ignored = {.code = LP_OK};
    tuf->state = FETCH_TARGETS;
    if (parse(tuf, bytes, LP_ROLE_TARGETS, scratch, &targets.doc) != LP_OK ||
        verify(tuf, &targets.doc, LP_ROLE_TARGETS, scratch) != LP_OK) {
        return;
    }
    /* Rotated keys make it forget the version: recovery from a fast-forward attack. */
    tuf->targets_floor = tuf->rotated_targets ? 0 : targets.doc.version;
    if (tuf->config.root_and_targets_only || targets_info(tuf, &info) != LP_OK ||
        lp_procedure_matches(&tuf->config, &info, &targets.doc, scratch) != LP_OK || expired(tuf, &targets.doc) ||
        check_targets(tuf, &targets, &ignored) != LP_OK) {
        return;
    }
    tuf->targets = targets;
    tuf->have_targets = true;
    tuf->state = TRUSTED;
}

static void give_targets(lp_tuf *tuf, lp_slice bytes, lp_scratch scratch) {
    lp_trusted_targets targets;
    lp_file_info info;
    lp_error error = {.clause = "Uptane 2.1.0, 5.4.4.6 step 2"};
    lp_code code = targets_info(tuf, &info);
    if (code == LP_OK) {
        code = lp_procedure_open(&tuf->config, &info, bytes, LP_ROLE_TARGETS, scratch, &targets.doc);
    }
    if (code == LP_OK) {
        error.clause = "Uptane 2.1.0, 5.4.4.6 step 3.1";
        code = verify(tuf, &targets.doc, LP_ROLE_TARGETS, scratch);
    }
    if (code == LP_OK && targets.doc.version < tuf->targets_floor) {
        error.clause = "Uptane 2.1.0, 5.4.4.6 step 4";
        code = LP_ROLLBACK_VERSION;
    }
    if (code == LP_OK && expired(tuf, &targets.doc)) {
        error.clause = "Uptane 2.1.0, 5.4.4.6 step 5";
        code = LP_EXPIRED;
    }
    if (code == LP_OK) {
        code = check_targets(tuf, &targets, &error);
    }
    if (code != LP_OK) {
        refuse(tuf, code, tuf->root.consistent_snapshot ? info.version : 0, error.clause);
        tuf->error.subject = error.subject;
        return;
    }
    tuf->targets = targets;
    tuf->have_targets = true;
    tuf->state = STORE_TARGETS;
}

/* --- the machine --- */

void lp_tuf_begin(lp_tuf *tuf, const lp_tuf_config *config) {
    memset(tuf, 0, sizeof *tuf);
    tuf->config = *config;
    tuf->state = LOAD_ROOT;
}

/* Version in the file's name, and the most bytes to take. */
static void fill_fetch(const lp_tuf *tuf, lp_ask *ask) {
    const lp_limits *limits = tuf->config.limits;
    lp_file_info info = {0};
    uint64_t limit = 0;
    bool versioned = tuf->root.consistent_snapshot;
    switch (ask->role) {
    case LP_ROLE_ROOT:
        info.version = tuf->root.doc.version + 1;
        limit = limits->root_bytes;
        versioned = true;
        break;
    case LP_ROLE_TIMESTAMP:
        limit = limits->timestamp_bytes;
        break;
    case LP_ROLE_SNAPSHOT:
        (void)snapshot_info(tuf, &info); /* was read before: the state is reached only if it could be */
        limit = limits->snapshot_bytes;
        break;
    default:
        (void)targets_info(tuf, &info); /* if it is not listed, the answer is refused */
        limit = limits->targets_bytes;
        versioned = versioned && !tuf->config.root_and_targets_only;
        break;
    }
    if (ask->kind == LP_ASK_FETCH) {
        ask->version = versioned ? info.version : 0;
        limit = info.has_length && info.length_bytes < limit ? info.length_bytes : limit;
    }
    ask->max_bytes = limit;
}

void lp_tuf_next(const lp_tuf *tuf, lp_ask *ask) {
    memset(ask, 0, sizeof *ask);
    ask->kind = asks[tuf->state].kind;
    ask->role = asks[tuf->state].role;
    ask->repo = tuf->config.repo;
    if (ask->kind == LP_ASK_LOAD || ask->kind == LP_ASK_PROVISIONED || ask->kind == LP_ASK_FETCH) {
        fill_fetch(tuf, ask);
    } else if (ask->kind == LP_ASK_STORE) {
        const lp_signed *doc = ask->role == LP_ROLE_ROOT        ? &tuf->root.doc
                               : ask->role == LP_ROLE_TIMESTAMP ? &tuf->timestamp.doc
                               : ask->role == LP_ROLE_SNAPSHOT  ? &tuf->snapshot.doc
                                                                : &tuf->targets.doc;
        ask->data = doc->file;
    }
}

void lp_tuf_give(lp_tuf *tuf, lp_slice bytes, lp_scratch scratch) {
    lp_ask ask;
    lp_tuf_next(tuf, &ask);
    if (ask.kind == LP_ASK_FETCH && bytes.len > ask.max_bytes) {
        refuse(tuf, LP_LIMIT_FILE, ask.version, lp_procedure_length_clause(ask.role));
        return;
    }
    if ((ask.kind == LP_ASK_LOAD || ask.kind == LP_ASK_PROVISIONED) && bytes.len > ask.max_bytes) {
        lp_tuf_absent(tuf);
        return;
    }
    switch (tuf->state) {
    case LOAD_ROOT:
    case PROVISIONED_ROOT:
        give_first_root(tuf, bytes, scratch);
        break;
    case FETCH_ROOT:
        give_next_root(tuf, bytes, scratch);
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
        refuse(tuf, LP_MISUSE, 0, "");
        break;
    }
}

void lp_tuf_absent(lp_tuf *tuf) {
    lp_ask ask;
    lp_tuf_next(tuf, &ask);
    switch (tuf->state) {
    case LOAD_ROOT:
        tuf->state = PROVISIONED_ROOT;
        break;
    case PROVISIONED_ROOT:
        refuse(tuf, LP_NO_TRUSTED_ROOT, 0, "Uptane 2.1.0, 5.4.4.3 step 1");
        break;
    case FETCH_ROOT: /* the root at hand is the latest: 5.4.4.3 step 2.2 */
        end_root_chain(tuf);
        break;
    case LOAD_TIMESTAMP:
    case LOAD_SNAPSHOT:
    case LOAD_TARGETS:
        tuf->state++;
        break;
    case FETCH_TIMESTAMP:
        refuse(tuf, LP_UNREACHABLE, 0, "Uptane 2.1.0, 5.4.4.4 step 1");
        break;
    case FETCH_SNAPSHOT:
        refuse(tuf, LP_MISSING_FILE, ask.version, "Uptane 2.1.0, 5.4.4.5 step 1");
        break;
    case FETCH_TARGETS:
        refuse(tuf, LP_MISSING_FILE, ask.version, "Uptane 2.1.0, 5.4.4.6 step 1");
        break;
    default:
        refuse(tuf, LP_MISUSE, 0, "");
        break;
    }
}

void lp_tuf_failed(lp_tuf *tuf, lp_code code) {
    lp_ask ask;
    lp_tuf_next(tuf, &ask);
    refuse(tuf, ask.kind == LP_ASK_FETCH ? code : LP_MISUSE, ask.version, lp_procedure_length_clause(ask.role));
}

void lp_tuf_done(lp_tuf *tuf, bool ok) {
    if (asks[tuf->state].kind != LP_ASK_STORE && asks[tuf->state].kind != LP_ASK_FORGET) {
        refuse(tuf, LP_MISUSE, 0, "");
    } else if (!ok) {
        refuse(tuf, LP_STATE, 0, "Uptane 2.1.0, 5.4.4");
    } else if (tuf->state == STORE_ROOT) {
        root_stored(tuf);
    } else {
        tuf->state++; /* what follows a STORE or FORGET is the next line of the table */
    }
}

const lp_error *lp_tuf_error(const lp_tuf *tuf) {
    return &tuf->error;
}

const lp_trusted_root *lp_tuf_root(const lp_tuf *tuf) {
    return tuf->have_root ? &tuf->root : NULL;
}

const lp_trusted_targets *lp_tuf_targets(const lp_tuf *tuf) {
    return tuf->state == TRUSTED ? &tuf->targets : NULL;
}
