/* SPDX-License-Identifier: Apache-2.0 */
#include "procedure.h"
#include "refusal.h"

lp_code lp_procedure_verify(const lp_tuf_config *config, const lp_signed *root, const lp_signed *doc, lp_role role,
                            lp_scratch scratch) {
    lp_role_keys keys;
    lp_code code = lp_root_role_keys(root, role, &keys);
    return code == LP_OK ? lp_signed_verify(doc, &keys, config->crypto, config->limits, scratch) : code;
}

bool lp_procedure_expired(const lp_tuf_config *config, const lp_signed *doc) {
    return config->now >= doc->expires;
}

static lp_code check_length(const lp_file_info *info, size_t len) {
    if (info->has_length && LP_REFUSAL(3301, len < info->length_bytes)) {
        return LP_LENGTH_MISMATCH;
    }
    if (info->has_length && LP_REFUSAL(3302, len > info->length_bytes)) {
        return LP_LIMIT_FILE;
    }
    return LP_OK;
}

/* Some legacy servers hash the canonical form of the whole file. */
static bool canonical_matches(const lp_tuf_config *config, const lp_file_info *info, lp_slice bytes,
                              lp_scratch scratch) {
    lp_json whole;
    lp_slice canonical;
    return config->dialect == LP_DIALECT_LEGACY &&
           lp_json_check(bytes, config->form, config->dialect, config->limits->json_depth, scratch, &whole, NULL) ==
               LP_OK &&
           lp_json_canonical(whole, config->dialect, scratch, &canonical) == LP_OK &&
           lp_hashes_check(config->crypto, &info->hashes, canonical) == LP_OK;
}

static lp_code check_bytes(const lp_tuf_config *config, const lp_file_info *info, lp_slice bytes, lp_scratch scratch) {
    lp_code code = check_length(info, bytes.len);
    if (code == LP_OK && info->has_hashes) {
        code = lp_hashes_check(config->crypto, &info->hashes, bytes);
        if (code != LP_OK && canonical_matches(config, info, bytes, scratch)) {
            code = LP_OK;
        }
    }
    return code;
}

static lp_code check_version(const lp_file_info *info, const lp_signed *doc) {
    return LP_REFUSAL(3303, doc->version != info->version) ? LP_VERSION_MISMATCH : LP_OK;
}

lp_code lp_procedure_matches(const lp_tuf_config *config, const lp_file_info *info, const lp_signed *doc,
                             lp_scratch scratch) {
    lp_code code = check_version(info, doc);
    return code == LP_OK ? check_bytes(config, info, doc->file, scratch) : code;
}

/* Partial verifiers have no snapshot, and so no references. */
static bool refers(const lp_file_info *info) {
    return info != NULL && !LP_CONSTRAINED;
}

lp_code lp_procedure_open(const lp_tuf_config *config, const lp_file_info *info, lp_slice bytes, lp_role role,
                          lp_scratch scratch, lp_signed *out) {
    lp_code code = refers(info) ? check_bytes(config, info, bytes, scratch) : LP_OK;
    if (code == LP_OK) {
        code = lp_signed_parse(bytes, role, config->form, config->dialect, config->limits, scratch, out);
    }
    if (code == LP_OK && refers(info)) {
        code = check_version(info, out);
    }
    return code;
}

lp_code lp_procedure_targets(const lp_tuf_config *config, const lp_targets_rules *rules, lp_slice bytes,
                             lp_scratch scratch, lp_trusted_targets *out, const char **clause) {
    const lp_signed *doc = &out->doc;
    *clause =
        refers(rules->info) ? LP_CLAUSE("Uptane 2.1.0, 5.4.4.6 step 2") : LP_CLAUSE("Uptane 2.1.0, 5.4.4.6 step 1");
    lp_code code = lp_procedure_open(config, rules->info, bytes, rules->role, scratch, &out->doc);
    if (code != LP_OK) {
        return code;
    }
    *clause = rules->role == LP_ROLE_TARGETS ? LP_CLAUSE("Uptane 2.1.0, 5.4.4.6 step 3.1")
                                             : LP_CLAUSE("Uptane 2.1.0, 5.4.4.6 step 3.2");
    code = lp_signed_verify(doc, &rules->keys, config->crypto, config->limits, scratch);
    if (code != LP_OK) {
        return code;
    }
    *clause = LP_CLAUSE("Uptane 2.1.0, 5.4.4.6 step 4");
    if (LP_REFUSAL(3304, doc->version < rules->floor)) {
        return LP_ROLLBACK_VERSION;
    }
    *clause = LP_CLAUSE("Uptane 2.1.0, 5.4.4.6 step 5");
    if (LP_REFUSAL(3305, lp_procedure_expired(config, doc))) {
        return LP_EXPIRED;
    }
    *clause = LP_CLAUSE("Uptane 2.1.0, 5.2.3");
    return lp_targets_read(doc, out);
}

bool lp_procedure_stored_targets(const lp_tuf_config *config, const lp_targets_rules *rules, lp_slice bytes,
                                 lp_scratch scratch, lp_trusted_targets *out, uint64_t *floor) {
    const lp_signed *doc = &out->doc;
    if (lp_procedure_open(config, NULL, bytes, rules->role, scratch, &out->doc) != LP_OK ||
        lp_signed_verify(doc, &rules->keys, config->crypto, config->limits, scratch) != LP_OK) {
        return false;
    }
    *floor = doc->version;
    return refers(rules->info) && lp_procedure_matches(config, rules->info, doc, scratch) == LP_OK &&
           !LP_REFUSAL(3306, lp_procedure_expired(config, doc)) && lp_targets_read(doc, out) == LP_OK;
}

const char *lp_procedure_length_clause(lp_role role) {
    switch (role) {
    case LP_ROLE_ROOT:
        return LP_CLAUSE("Uptane 2.1.0, 5.4.4.3 step 2.2");
    case LP_ROLE_TIMESTAMP:
        return LP_CLAUSE("Uptane 2.1.0, 5.4.4.4 step 1");
    case LP_ROLE_SNAPSHOT:
        return LP_CLAUSE("Uptane 2.1.0, 5.4.4.5 step 1");
    default:
        return LP_CLAUSE("Uptane 2.1.0, 5.4.4.6 step 1");
    }
}
