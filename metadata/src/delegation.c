/* SPDX-License-Identifier: Apache-2.0 */
/* The search for one image through delegations, in pre-order (Uptane 2.1.0, 5.4.4.7; TUF 1.0.34, 5.6.7). */
#include "delegation.h"
#include "procedure.h"
#include "refusal.h"

#include <string.h>

enum state {
    LOAD_ROLE,
    FETCH_ROLE,
    STORE_ROLE,
    FOUND,
    NOT_FOUND,
    REFUSED,
};

/* How the search below some point ended. */
enum end {
    GOES_ON,  /* the image was not there */
    IS_FOUND, /* in `target` */
    IS_OVER,  /* not there, and nothing after it may be looked at */
};

static void end_of(lp_search *s, enum end end);
static void next_of_multi(lp_search *s);

static void blame(lp_search *s, lp_code code, const char *clause) {
    s->error = (lp_error){.code = code,
                          .repo = s->tuf->config.repo,
                          .role = LP_ROLE_DELEGATED,
                          .version = s->tuf->chain.root.consistent_snapshot ? s->info.version : 0,
                          .subject = s->name,
                          .clause = clause};
}

static void refuse(lp_search *s, lp_code code, const char *clause) {
    blame(s, code, clause);
    s->state = REFUSED;
}

/* A role that cannot be trusted or used ends the search; inside a multi-role delegation only the search of that role,
 * which then names no image (5.4.4.7 step 1, 5.4.4.8 step 1). How often is bounded by the roles taken up. A limit that
 * was hit on the way is what the search is refused with if nothing is found. */
static void reject(lp_search *s, lp_code code, const char *clause) {
    if (s->multi_depth == 0) {
        refuse(s, code, clause);
        return;
    }
    if (code == LP_LIMIT_DELEGATION_DEPTH && s->error.code == LP_OK) {
        blame(s, code, clause);
        if (s->error.subject.ptr == s->name_text) {
            s->error.subject = (lp_str){NULL, 0}; /* the next role's name will stand there */
        }
    }
    next_of_multi(s);
}

static lp_search_frame *top(lp_search *s) {
    return &s->frames[s->depth - 1];
}

/* Names are remembered by digest: a bin's name stands in no document. */
static bool name_digest(const lp_search *s, uint8_t digest[LP_SHA256_BYTES]) {
    lp_slice text = {(const uint8_t *)s->name_text, strlen(s->name_text)};
    return lp_digest(s->tuf->config.crypto, LP_SHA256, text, digest);
}

/* The first visited role that counts in the search at hand. */
static unsigned visited_floor(const lp_search *s) {
    return s->multi_depth > 0 ? s->multis[s->multi_depth - 1].visited_floor : 0;
}

static bool was_visited(const lp_search *s, const uint8_t *digest) {
    for (unsigned i = visited_floor(s); i < s->visited_count; i++) {
        if (memcmp(s->visited[i], digest, sizeof s->visited[i]) == 0) {
            return true;
        }
    }
    return false;
}

static lp_code find_in_snapshot(lp_search *s) {
    bool found = false;
    s->info = (lp_file_info){0}; /* of a role that is not listed, no version is known */
    lp_code code = lp_meta_find(&s->tuf->snapshot.doc, s->name, &found, &s->info);
    return code == LP_OK && LP_REFUSAL(3701, !found) ? LP_ROLE_NOT_LISTED : code;
}

/* Sets out to load the role `name_text` under `keys`; false if it was visited before. */
static bool descend(lp_search *s) {
    const lp_limits *limits = s->tuf->config.limits;
    uint8_t digest[LP_SHA256_BYTES];
    lp_code code = LP_REFUSAL(3702, !name_digest(s, digest)) ? LP_LIMIT_MEMORY : LP_OK;
    if (code == LP_OK && was_visited(s, digest)) {
        return false;
    }
    if (code == LP_OK && LP_REFUSAL(3703, s->loads >= limits->delegations || s->visited_count >= LP_SEARCH_ROLES)) {
        code = LP_LIMIT_DELEGATIONS;
    }
    if (code != LP_OK) { /* no role after this one could be taken up either */
        refuse(s, code, LP_CLAUSE("Uptane 2.1.0, 5.4.4.7 step 1"));
        return true;
    }
    s->loads++;
    if (LP_REFUSAL(3704, s->depth > limits->delegation_depth || s->depth >= LP_SEARCH_DEPTH)) {
        code = LP_LIMIT_DELEGATION_DEPTH;
    }
    if (code == LP_OK) {
        code = find_in_snapshot(s);
    }
    if (code != LP_OK) {
        reject(s, code, LP_CLAUSE("Uptane 2.1.0, 5.4.4.7 step 1"));
        return true;
    }
    memcpy(s->visited[s->visited_count++], digest, sizeof s->visited[0]);
    s->floor = 0;
    s->state = LOAD_ROLE;
    return true;
}

/* Reads name, keys and threshold of a delegated role; lp_delegations_check() has seen that they can be read. */
static void read_role(lp_search *s, lp_json keys, lp_json role) {
    (void)lp_json_string(lp_json_get(role, "name"), &s->name);
    (void)lp_str_copy(s->name, s->name_text, sizeof s->name_text, NULL);
    (void)lp_role_keys_read(keys, role, &s->keys);
}

static bool is_terminating(lp_json delegation) {
    bool terminating = false;
    return lp_json_bool(lp_json_get(delegation, "terminating"), &terminating) == LP_OK && terminating;
}

/* Takes up the next role of the innermost multi-role delegation, or ends it (5.4.4.8). */
static void next_of_multi(lp_search *s) {
    lp_search_multi *multi = &s->multis[s->multi_depth - 1];
    lp_json role;
    s->depth = multi->floor;
    s->visited_count = multi->visited_floor;
    while (lp_json_next(&multi->rest, NULL, &role)) {
        s->terminating = false;
        read_role(s, multi->keys, role);
        if (descend(s)) {
            return;
        }
    }
    bool agreed = lp_delegation_agreed(multi, &s->target);
    s->multi_depth--;
    end_of(s, agreed ? IS_FOUND : multi->terminating ? IS_OVER : GOES_ON);
}

static void begin_multi(lp_search *s, lp_json keys, lp_json delegation) {
    if (LP_REFUSAL(3705, s->multi_depth >= LP_MULTI_DEPTH)) {
        reject(s, LP_LIMIT_DELEGATION_DEPTH, LP_CLAUSE("Uptane 2.1.0, 5.4.4.8"));
        return;
    }
    lp_search_multi *multi = &s->multis[s->multi_depth++];
    memset(multi, 0, sizeof *multi);
    multi->keys = keys;
    multi->rest = lp_json_iterate(lp_json_get(delegation, "roles"));
    (void)lp_json_uint(lp_json_get(delegation, "min_roles_in_agreement"), &multi->agreement); /* was checked */
    multi->terminating = is_terminating(delegation);
    multi->floor = s->depth;
    multi->visited_floor = s->visited_count;
    next_of_multi(s);
}

/* Takes up the top frame's hash bins, once. False if there are none (left). */
static bool try_bin(lp_search *s) {
    lp_search_frame *frame = top(s);
    lp_json succinct = lp_json_get(frame->role.delegations, "succinct_roles");
    if (!frame->succinct || succinct.ptr == NULL) {
        return false;
    }
    frame->succinct = false;
    frame->terminating = true; /* no other bin can hold it, nor anything after them */
    s->terminating = true;
    lp_code code = lp_delegation_bin(s, succinct, s->name_text, sizeof s->name_text);
    if (code == LP_OK) {
        s->name = lp_str_from(s->name_text);
        code = lp_role_keys_read(lp_json_get(frame->role.delegations, "keys"), succinct, &s->keys);
    }
    if (code != LP_OK) {
        refuse(s, code, LP_CLAUSE("TAP 15"));
        return true;
    }
    return descend(s);
}

/* Takes up the top frame's next delegation that applies. False if there is none left. */
static bool try_delegations(lp_search *s) {
    lp_search_frame *frame = top(s);
    lp_json keys = lp_json_get(frame->role.delegations, "keys");
    lp_json delegation;
    while (lp_json_next(&frame->rest, NULL, &delegation)) {
        if (!lp_delegation_applies(s, delegation)) {
            continue;
        }
        if (lp_json_get(delegation, "roles").ptr != NULL) {
            begin_multi(s, keys, delegation);
            return true;
        }
        s->terminating = is_terminating(delegation);
        read_role(s, keys, delegation);
        if (descend(s)) {
            return true;
        }
        if (s->terminating) { /* it was asked before, and nothing after it may be */
            frame->terminating = true;
            return false;
        }
    }
    return false;
}

/* Goes on after a role or a multi-role delegation came to its end. */
static void end_of(lp_search *s, enum end end) {
    unsigned floor = s->multi_depth > 0 ? s->multis[s->multi_depth - 1].floor : 0;
    while (end == GOES_ON && s->depth > floor) {
        if (try_delegations(s) || try_bin(s)) {
            return;
        }
        end = top(s)->terminating ? IS_OVER : GOES_ON; /* step 3: nothing after it is looked at */
        s->depth--;
    }
    if (s->multi_depth == 0) {
        s->state = end == IS_FOUND ? FOUND : s->error.code != LP_OK ? REFUSED : NOT_FOUND;
        return;
    }
    lp_search_multi *multi = &s->multis[s->multi_depth - 1];
    if (end == IS_FOUND) {
        multi->said[multi->count++] = s->target;
    }
    next_of_multi(s);
}

/* Makes the refusal one of the top-level targets, where the search begins. */
static void blame_top_level(lp_search *s) {
    s->error.role = LP_ROLE_TARGETS;
    s->error.subject = (lp_str){NULL, 0};
    s->error.version = s->tuf->chain.root.consistent_snapshot ? s->tuf->targets.doc.version : 0;
}

/* Looks into a verified role, and then into its delegations. */
static void enter(lp_search *s, const lp_trusted_targets *role, bool terminating) {
    bool found;
    lp_code code = lp_targets_find(role, s->image_name, &found, &s->target);
    if (code != LP_OK) {
        reject(s, code, LP_CLAUSE("Uptane 2.1.0, 5.2.3.1"));
        if (s->loads == 0) {
            blame_top_level(s);
        }
        return;
    }
    if (found) {
        end_of(s, IS_FOUND);
        return;
    }
    s->frames[s->depth++] = (lp_search_frame){.role = *role,
                                              .rest = lp_json_iterate(lp_json_get(role->delegations, "roles")),
                                              .succinct = true,
                                              .terminating = terminating};
    end_of(s, GOES_ON);
}

void lp_search_begin(lp_search *s, const lp_tuf *tuf, lp_str image, lp_json ecus) {
    memset(s, 0, sizeof *s);
    s->tuf = tuf;
    s->image_name = image;
    s->ecus = ecus;
    size_t len;
    lp_code code = lp_str_copy(image, s->image, sizeof s->image, &len);
    if (code == LP_OK && LP_REFUSAL(3706, !lp_digest(tuf->config.crypto, LP_SHA256,
                                                     (lp_slice){(uint8_t *)s->image, len}, s->image_hash))) {
        code = LP_LIMIT_MEMORY;
    }
    if (code != LP_OK) {
        refuse(s, code, LP_CLAUSE("Uptane 2.1.0, 5.2.3.1"));
        blame_top_level(s);
        return;
    }
    enter(s, &tuf->targets, false);
}

void lp_search_next(const lp_search *s, lp_ask *ask) {
    static const lp_ask_kind kinds[] = {LP_ASK_LOAD,    LP_ASK_FETCH,   LP_ASK_STORE,
                                        LP_ASK_TRUSTED, LP_ASK_TRUSTED, LP_ASK_REFUSED};
    memset(ask, 0, sizeof *ask);
    ask->kind = kinds[s->state];
    ask->repo = s->tuf->config.repo;
    if (s->state > STORE_ROLE) {
        return;
    }
    ask->role = LP_ROLE_DELEGATED;
    memcpy(ask->name, s->name_text, sizeof ask->name);
    ask->max_bytes = s->tuf->config.limits->targets_bytes;
    if (s->state == FETCH_ROLE) {
        ask->version = s->tuf->chain.root.consistent_snapshot ? s->info.version : 0;
        if (s->info.has_length && s->info.length_bytes < ask->max_bytes) {
            ask->max_bytes = s->info.length_bytes;
        }
    } else if (s->state == STORE_ROLE) {
        ask->data = s->pending.doc.file;
    }
}

static lp_targets_rules rules_of(const lp_search *s) {
    return (lp_targets_rules){.role = LP_ROLE_DELEGATED, .keys = s->keys, .info = &s->info, .floor = s->floor};
}

static lp_code check_delegations(const lp_trusted_targets *role) {
    return role->delegations.ptr != NULL ? lp_delegations_check(role->delegations) : LP_OK;
}

/* A stored copy counts only under the keys its delegator of now sets. */
static void load_role(lp_search *s, lp_slice bytes, lp_scratch scratch) {
    lp_trusted_targets role;
    lp_targets_rules rules = rules_of(s);
    s->state = FETCH_ROLE;
    if (lp_procedure_stored_targets(&s->tuf->config, &rules, bytes, scratch, &role, &s->floor) &&
        check_delegations(&role) == LP_OK) {
        enter(s, &role, s->terminating);
    }
}

static void give_role(lp_search *s, lp_slice bytes, lp_scratch scratch) {
    lp_trusted_targets role;
    lp_targets_rules rules = rules_of(s);
    const char *clause;
    lp_code code = lp_procedure_targets(&s->tuf->config, &rules, bytes, scratch, &role, &clause);
    if (code == LP_OK) {
        clause = LP_CLAUSE("Uptane 2.1.0, 5.2.3.2");
        code = check_delegations(&role);
    }
    if (code != LP_OK) {
        reject(s, code, clause);
        return;
    }
    s->pending = role;
    s->state = STORE_ROLE;
}

void lp_search_give(lp_search *s, lp_slice bytes, lp_scratch scratch) {
    lp_ask ask;
    lp_search_next(s, &ask);
    if (s->state == LOAD_ROLE) {
        load_role(s, bytes, scratch);
    } else if (LP_REFUSAL(3707, s->state != FETCH_ROLE)) {
        refuse(s, LP_MISUSE, "");
    } else if (LP_REFUSAL(3708, bytes.len > ask.max_bytes)) {
        reject(s, LP_LIMIT_FILE, lp_procedure_length_clause(LP_ROLE_DELEGATED));
    } else {
        give_role(s, bytes, scratch);
    }
}

void lp_search_absent(lp_search *s) {
    if (s->state == LOAD_ROLE) {
        s->state = FETCH_ROLE;
    } else if (LP_REFUSAL(3709, s->state != FETCH_ROLE)) {
        refuse(s, LP_MISUSE, "");
    } else {
        reject(s, LP_REFUSAL_CODE(3710, LP_MISSING_FILE), LP_CLAUSE("Uptane 2.1.0, 5.4.4.7 step 1"));
    }
}

void lp_search_failed(lp_search *s, lp_code code) {
    refuse(s, LP_REFUSAL(3711, s->state != FETCH_ROLE) ? LP_MISUSE : code,
           lp_procedure_length_clause(LP_ROLE_DELEGATED));
}

void lp_search_done(lp_search *s, bool ok) {
    if (LP_REFUSAL(3712, s->state != STORE_ROLE)) {
        refuse(s, LP_MISUSE, "");
    } else if (LP_REFUSAL(3713, !ok)) {
        refuse(s, LP_STATE, LP_CLAUSE("Uptane 2.1.0, 5.4.4"));
    } else {
        enter(s, &s->pending, s->terminating);
    }
}

const lp_error *lp_search_error(const lp_search *s) {
    return &s->error;
}

const lp_target *lp_search_result(const lp_search *s) {
    return s->state == FOUND ? &s->target : NULL;
}
