/* SPDX-License-Identifier: Apache-2.0 */
/* The parser of each role, in both dialects and forms, and everything that reads a parsed file. */
#include "fuzz.h"
#include "lampyr/role.h"
#include "lampyr/uptane.h"

#include <string.h>

/* How the first byte of the input says to read the file. */
typedef struct plan {
    lp_role role;
    lp_dialect dialect;
    lp_json_form form;
    const lp_limits *limits;
} plan;

static plan make_plan(uint8_t bits) {
    return (plan){.role = (lp_role)(LP_ROLE_ROOT + bits % 5U),
                  .dialect = (lp_dialect)(bits >> 5 & 1),
                  .form = bits >> 6 & 1 ? LP_JSON_CANONICAL : LP_JSON_SERVED,
                  .limits = bits >> 7 ? &lp_limits_constrained : &fuzz_limits};
}

static lp_code parse(fuzz_memory *memory, const plan *p, lp_slice file, lp_signed *doc) {
    return lp_signed_parse(file, p->role, p->form, p->dialect, p->limits, fuzz_enough(memory, file.len), doc);
}

/* A member found past the longest one is the member that a plain walk finds. */
static void check_get(const lp_signed *doc) {
    static const char *const names[] = {"_type", "custom", "delegations", "keys", "meta", "roles", "targets"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        FUZZ_CHECK(lp_signed_get(doc, names[i]).ptr == lp_json_get(doc->payload, names[i]).ptr);
    }
}

static void check_verify(fuzz_memory *memory, const plan *p, const lp_signed *doc, const lp_role_keys *keys) {
    lp_scratch enough = fuzz_enough(memory, doc->file.len);
    lp_code code = lp_signed_verify(doc, keys, &fuzz_crypto, p->limits, enough);
    FUZZ_CHECK(code != LP_LIMIT_MEMORY && (code != LP_OK || keys->threshold <= lp_json_count(keys->keyids)));
    lp_code with_less =
        lp_signed_verify(doc, keys, &fuzz_crypto, p->limits, fuzz_scratch(memory, doc->payload.len / 2));
    FUZZ_CHECK(with_less == code || with_less == LP_LIMIT_MEMORY);
    if (lp_json_count(keys->keyids) <= p->limits->keys) {
        FUZZ_CHECK(lp_role_keys_eq(keys, keys));
    }
}

static lp_code read_root(fuzz_memory *memory, const plan *p, const lp_signed *doc) {
    bool consistent = false;
    lp_role_keys keys;
    lp_code code = lp_root_read(doc, p->limits, &consistent);
    FUZZ_CHECK(code == LP_OK || !consistent);
    for (lp_role role = LP_ROLE_ROOT; code == LP_OK && role <= LP_ROLE_TARGETS; role++) {
        FUZZ_CHECK(lp_root_role_keys(doc, role, &keys) == LP_OK);
        FUZZ_CHECK(keys.threshold >= 1);
        check_verify(memory, p, doc, &keys);
    }
    return code;
}

/* Every entry whose name ends as a file of a role does is found under that role's name. */
static lp_code read_meta(const lp_signed *doc) {
    static const char suffix[] = ".json";
    lp_json_iter iter = lp_json_iterate(lp_signed_get(doc, "meta"));
    lp_str key = {NULL, 0};
    lp_json value;
    lp_file_info info;
    bool found = false;
    lp_code worst = LP_OK;
    while (iter.object && lp_json_next(&iter, &key, &value)) {
        if (key.len < sizeof suffix - 1 || memcmp(key.ptr + key.len - 5, suffix, 5) != 0) {
            continue;
        }
        lp_code code = lp_meta_find(doc, (lp_str){key.ptr, key.len - 5}, &found, &info);
        FUZZ_CHECK(code != LP_OK || (found && info.version > 0));
        worst = code != LP_OK ? code : worst;
    }
    lp_code code = lp_meta_find(doc, lp_str_from("snapshot"), &found, &info);
    return worst != LP_OK ? worst : code;
}

static void read_ecus(const lp_trusted_targets *targets, const lp_target *target) {
    lp_json ecus = lp_target_ecus(target);
    lp_json_iter iter = lp_json_iterate(ecus);
    lp_str serial = {NULL, 0};
    lp_str hardware;
    lp_json member;
    lp_target mine;
    bool found = false;
    while (iter.object && lp_json_next(&iter, &serial, &member)) {
        lp_code code = lp_target_ecu_hardware(member, &hardware);
        FUZZ_CHECK(lp_target_ecu(target, serial, &found, &hardware) == code && found);
        lp_code mine_code = lp_targets_for_ecu(targets, serial, &found, &mine, &hardware);
        FUZZ_CHECK(mine_code != LP_OK || found);
        (void)lp_hardware_listed(lp_target_hardware_ids(target), serial);
    }
}

static lp_code read_targets(const lp_signed *doc) {
    lp_trusted_targets targets;
    lp_code code = lp_targets_read(doc, &targets);
    if (code != LP_OK) {
        return code;
    }
    (void)lp_targets_for_vehicle(&targets, "v");
    lp_json_iter iter = lp_json_iterate(targets.targets);
    lp_str name = {NULL, 0};
    lp_json value;
    while (lp_json_next(&iter, &name, &value)) {
        lp_target target;
        lp_target same;
        bool found = false;
        lp_code read = lp_target_read(name, value, &target);
        FUZZ_CHECK(lp_targets_find(&targets, name, &found, &same) == read && found == (read == LP_OK));
        if (read == LP_OK) {
            FUZZ_CHECK(same.name.ptr == target.name.ptr && lp_hashes_agree(&same.hashes, &target.hashes));
            read_ecus(&targets, &target);
        }
        code = read != LP_OK ? read : code;
    }
    return code;
}

static lp_code read_role(fuzz_memory *memory, const plan *p, const lp_signed *doc) {
    FUZZ_CHECK(doc->version > 0 && doc->version <= INT64_MAX);
    check_get(doc);
    switch (p->role) {
    case LP_ROLE_ROOT:
        return read_root(memory, p, doc);
    case LP_ROLE_TIMESTAMP:
    case LP_ROLE_SNAPSHOT:
        return read_meta(doc);
    default:
        return read_targets(doc);
    }
}

/* What a gateway reads as served it reads in canonical form too, and means the same: boards get that form. */
static void check_relayed(fuzz_memory *memory, const plan *p, const lp_signed *served, lp_code served_code) {
    lp_json whole = {(const char *)served->file.ptr, served->file.len};
    lp_slice canonical;
    lp_signed doc;
    plan relayed = *p;
    relayed.form = LP_JSON_CANONICAL;
    while (whole.len > 0 && *whole.ptr != '{') { /* white space around it */
        whole.ptr++;
        whole.len--;
    }
    while (whole.len > 0 && whole.ptr[whole.len - 1] != '}') {
        whole.len--;
    }
    lp_scratch scratch = fuzz_enough(memory, whole.len);
    FUZZ_CHECK(lp_json_canonical(whole, p->dialect, scratch, &canonical) == LP_OK);
    lp_slice copy = fuzz_copy(memory, canonical.ptr, canonical.len);
    FUZZ_CHECK(parse(memory, &relayed, copy, &doc) == LP_OK);
    FUZZ_CHECK(doc.canonical && doc.ordered && doc.version == served->version && doc.expires == served->expires);
    lp_code code = read_role(memory, &relayed, &doc);
    FUZZ_CHECK((code == LP_OK) == (served_code == LP_OK));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    fuzz_memory memory = {NULL};
    fuzz_input input = fuzz_begin(data, size);
    plan p = make_plan(fuzz_byte(&input));
    lp_slice rest = fuzz_rest(&input);
    lp_slice file = fuzz_copy(&memory, rest.ptr, rest.len);
    lp_signed doc;
    lp_code code = parse(&memory, &p, file, &doc);
    FUZZ_CHECK(code != LP_LIMIT_MEMORY);
    if (code == LP_OK) {
        lp_code read = read_role(&memory, &p, &doc);
        if (p.form == LP_JSON_SERVED) {
            check_relayed(&memory, &p, &doc, read);
        }
    }
    fuzz_release(&memory);
    return 0;
}
