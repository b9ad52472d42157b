/* SPDX-License-Identifier: Apache-2.0 */
/* Metadata that is slow to verify or to use: mostly what only a holder of keys can sign. */
#include "growth.h"
#include "lampyr/uptane.h"
#include "role_internal.h"

/* Limits that leave nothing out. */
static lp_limits limits_for(size_t bytes) {
    lp_limits limits = lp_limits_gateway;
    limits.root_bytes = limits.snapshot_bytes = limits.targets_bytes = limits.time_bytes =
        (uint32_t)(2 * bytes + 65536);
    return limits;
}

/* The head of a signed file of the tuf dialect up to its own members. Its signature is good. */
static text file_begin(fuzz_memory *memory, const char *type) {
    text t = text_begin(memory);
    text_add(&t,
             "{\"signatures\":[{\"keyid\":\"k\",\"sig\":\"a5\"}],\"signed\":{\"_type\":\"%s\",\"spec_version\":\"1.0\","
             "\"version\":1,\"expires\":\"2033-01-01T00:00:00Z\",",
             type);
    return t;
}

static const char key_object[] = "{\"keytype\":\"ed25519\",\"scheme\":\"ed25519\",\"keyval\":{\"public\":"
                                 "\"abababababababababababababababababababababababababababababababab\"}}";
static const char one_role[] = "{\"keyids\":[\"k\"],\"threshold\":1}";

static lp_slice plain_root(fuzz_memory *memory) {
    text t = file_begin(memory, "root");
    text_add(&t, "\"keys\":{\"k\":%s},\"roles\":{\"root\":%s,\"timestamp\":%s,\"snapshot\":%s,\"targets\":%s}}}",
             key_object, one_role, one_role, one_role, one_role);
    return text_end(&t);
}

static lp_slice plain_meta(fuzz_memory *memory, const char *type, const char *entry) {
    text t = file_begin(memory, type);
    text_add(&t, "\"meta\":{\"%s.json\":{\"version\":1},\"d.json\":{\"version\":1}", entry);
    for (int i = 0; i < LP_MULTI_ROLES; i++) {
        text_add(&t, ",\"d%d.json\":{\"version\":1}", i);
    }
    text_add(&t, "}}}");
    return text_end(&t);
}

static lp_signed parse(fuzz_memory *memory, lp_slice file, lp_role role) {
    lp_signed doc;
    lp_limits limits = limits_for(file.len);
    FUZZ_CHECK(lp_signed_parse(file, role, LP_JSON_SERVED, LP_DIALECT_TUF, &limits, fuzz_enough(memory, file.len),
                               &doc) == LP_OK);
    return doc;
}

/* Verifies `file` under `keys` and counts the work. */
static uint64_t verify(fuzz_memory *memory, lp_slice file, lp_role role, const lp_role_keys *keys) {
    lp_signed doc = parse(memory, file, role);
    lp_limits limits = limits_for(file.len);
    lp_scratch scratch = fuzz_enough(memory, file.len);
    count_begin();
    (void)lp_signed_verify(&doc, keys, &fuzz_crypto, &limits, scratch);
    return count_end();
}

/* As many signatures as are looked at, each with a long keyid that is nobody's; anyone can add them. */
static uint64_t long_keyids(fuzz_memory *memory, size_t bytes, size_t *size) {
    enum { SIGNATURES = 128 };
    lp_signed root = parse(memory, plain_root(memory), LP_ROLE_ROOT);
    lp_role_keys keys;
    text t = text_begin(memory);
    text_add(&t, "{\"signatures\":[");
    for (int i = 0; i < SIGNATURES; i++) {
        text_add(&t, "%s{\"keyid\":\"", i > 0 ? "," : "");
        text_fill(&t, 'k', bytes / SIGNATURES);
        text_add(&t, "%d\",\"sig\":\"a5\"}", i);
    }
    text_add(&t, "],\"signed\":{\"_type\":\"timestamp\",\"spec_version\":\"1.0\",\"version\":1,"
                 "\"expires\":\"2033-01-01T00:00:00Z\"}}");
    lp_slice file = text_end(&t);
    *size = file.len;
    FUZZ_CHECK(lp_root_role_keys(&root, LP_ROLE_TIMESTAMP, &keys) == LP_OK);
    return verify(memory, file, LP_ROLE_TIMESTAMP, &keys);
}

/* As many signatures as are looked at, their keyids behind things that nobody reads; anyone can add them. */
static uint64_t bulky_signatures(fuzz_memory *memory, size_t bytes, size_t *size) {
    enum { SIGNATURES = 128 };
    lp_signed root = parse(memory, plain_root(memory), LP_ROLE_ROOT);
    lp_role_keys keys;
    text t = text_begin(memory);
    text_add(&t, "{\"signatures\":[");
    for (int i = 0; i < SIGNATURES; i++) {
        size_t start = t.len;
        text_add(&t, "%s{\"bulk\":\"", i > 0 ? "," : "");
        while (t.len - start < bytes / SIGNATURES) {
            text_add(&t, "\\n");
        }
        text_add(&t, "\",\"keyid\":\"%d\",\"sig\":\"a5\"}", i);
    }
    text_add(&t, "],\"signed\":{\"_type\":\"timestamp\",\"spec_version\":\"1.0\",\"version\":1,"
                 "\"expires\":\"2033-01-01T00:00:00Z\"}}");
    lp_slice file = text_end(&t);
    *size = file.len;
    FUZZ_CHECK(lp_root_role_keys(&root, LP_ROLE_TIMESTAMP, &keys) == LP_OK);
    return verify(memory, file, LP_ROLE_TIMESTAMP, &keys);
}

/* A root with as many signatures and keyids as are looked at, whose keys stand behind many that nobody uses. */
static lp_slice crowded_root(fuzz_memory *memory, size_t bytes, char salt) {
    enum { KEYS = 64, SIGNATURES = 128 };
    text t = text_begin(memory);
    text_add(&t, "{\"signatures\":[");
    for (int i = 0; i < SIGNATURES; i++) {
        text_add(&t, "%s{\"keyid\":\"k%d\",\"sig\":\"%s\"}", i > 0 ? "," : "", i, i < KEYS - 1 ? "00" : "a5");
    }
    text_add(&t, "],\"signed\":{\"_type\":\"root\",\"spec_version\":\"1.0\",\"version\":1,"
                 "\"expires\":\"2033-01-01T00:00:00Z\",\"keys\":{\"x\":0");
    for (int i = 0; t.len < bytes; i++) {
        text_add(&t, ",\"x%d\":0", i);
    }
    for (int i = 0; i < KEYS; i++) {
        text_add(&t, ",\"k%d\":{\"keytype\":\"ed25519\",\"scheme\":\"ed25519\",\"keyval\":{\"public\":\"%064x\"}}", i,
                 i * 256 + salt);
    }
    text_add(&t, "},\"roles\":{");
    for (lp_role role = LP_ROLE_ROOT; role <= LP_ROLE_TARGETS; role++) {
        text_add(&t, "%s\"%s\":{\"threshold\":%d,\"keyids\":[\"k0\"", role > LP_ROLE_ROOT ? "," : "",
                 lp_role_name(role), KEYS);
        for (int i = 1; i < KEYS; i++) {
            text_add(&t, ",\"k%d\"", i);
        }
        text_add(&t, "]}");
    }
    text_add(&t, "}}}");
    return text_end(&t);
}

static uint64_t crowded_verify(fuzz_memory *memory, size_t bytes, size_t *size) {
    lp_slice file = crowded_root(memory, bytes, 0);
    lp_signed root = parse(memory, file, LP_ROLE_ROOT);
    lp_role_keys keys;
    *size = file.len;
    FUZZ_CHECK(lp_root_role_keys(&root, LP_ROLE_ROOT, &keys) == LP_OK);
    return verify(memory, file, LP_ROLE_ROOT, &keys);
}

static uint64_t crowded_rotation(fuzz_memory *memory, size_t bytes, size_t *size) {
    lp_slice file = crowded_root(memory, bytes, 0);
    lp_signed before = parse(memory, file, LP_ROLE_ROOT);
    lp_signed after = parse(memory, crowded_root(memory, bytes, 0), LP_ROLE_ROOT);
    lp_role_keys a;
    lp_role_keys b;
    *size = 2 * file.len;
    FUZZ_CHECK(lp_root_role_keys(&before, LP_ROLE_TARGETS, &a) == LP_OK);
    FUZZ_CHECK(lp_root_role_keys(&after, LP_ROLE_TARGETS, &b) == LP_OK);
    count_begin();
    bool same = lp_role_keys_eq(&a, &b);
    uint64_t steps = count_end();
    FUZZ_CHECK(same);
    return steps;
}

static void add_entries(text *t, size_t bytes, bool descending) {
    size_t count = bytes / 26;
    for (size_t i = 0; i < count; i++) {
        text_add(t, "\"%07zu.json\":{\"version\":1},", descending ? count - 1 - i : i);
    }
}

static uint64_t compare_snapshots(fuzz_memory *memory, lp_slice before, lp_slice after, size_t *size) {
    lp_signed old = parse(memory, before, LP_ROLE_SNAPSHOT);
    lp_signed new = parse(memory, after, LP_ROLE_SNAPSHOT);
    lp_scratch scratch = fuzz_enough(memory, after.len);
    lp_str subject;
    *size = before.len + after.len;
    count_begin();
    lp_code code = lp_snapshot_compare(&old, &new, scratch, &subject);
    uint64_t steps = count_end();
    FUZZ_CHECK(code == LP_OK);
    return steps;
}

/* Entries in the wrong order, with a key as long as all others together where every search begins. */
static uint64_t snapshot_unsorted(fuzz_memory *memory, size_t bytes, size_t *size) {
    text before = file_begin(memory, "snapshot");
    text_add(&before, "\"meta\":{");
    add_entries(&before, bytes, false);
    text_add(&before, "\"targets.json\":{\"version\":1}}}}");
    text after = file_begin(memory, "snapshot");
    text_add(&after, "\"meta\":{\"%07zu", bytes / 26 / 2);
    text_fill(&after, '1', bytes);
    text_add(&after, "\":0,");
    add_entries(&after, bytes, true);
    text_add(&after, "\"targets.json\":{\"version\":1}}}}");
    return compare_snapshots(memory, text_end(&before), text_end(&after), size);
}

static uint64_t snapshot_sorted(fuzz_memory *memory, size_t bytes, size_t *size) {
    text t = text_begin(memory);
    text_add(&t,
             "{\"signatures\":[],\"signed\":{\"_type\":\"snapshot\",\"expires\":\"2033-01-01T00:00:00Z\",\"meta\":{");
    add_entries(&t, bytes, false);
    text_add(&t, "\"targets.json\":{\"version\":1}},\"spec_version\":\"1.0\",\"version\":1}}");
    return compare_snapshots(memory, text_end(&t), text_end(&t), size);
}

/* What a repository answers. */
typedef struct repository {
    lp_slice timestamp;
    lp_slice snapshot;
    lp_slice targets;
    lp_slice delegated;
} repository;

static lp_slice file_of(const repository *r, lp_role role) {
    switch (role) {
    case LP_ROLE_TIMESTAMP:
        return r->timestamp;
    case LP_ROLE_SNAPSHOT:
        return r->snapshot;
    case LP_ROLE_TARGETS:
        return r->targets;
    default:
        return r->delegated;
    }
}

/* Runs a machine to its end on what `director` and `image` answer. */
#define DRIVE(type, machine, director, image, memory)                                                                  \
    for (lp_ask ask = {.kind = LP_ASK_LOAD}; ask.kind != LP_ASK_TRUSTED && ask.kind != LP_ASK_REFUSED;) {              \
        type##_next(machine, &ask);                                                                                    \
        const repository *from = ask.repo == LP_REPO_DIRECTOR ? (director) : (image);                                  \
        if (ask.kind == LP_ASK_LOAD || (ask.kind == LP_ASK_FETCH && ask.role == LP_ROLE_ROOT)) {                       \
            type##_absent(machine);                                                                                    \
        } else if (ask.kind == LP_ASK_PROVISIONED || ask.kind == LP_ASK_FETCH) {                                       \
            lp_slice file = ask.role == LP_ROLE_ROOT ? plain_root(memory) : file_of(from, ask.role);                   \
            type##_give(machine, file, fuzz_enough(memory, file.len));                                                 \
        } else if (ask.kind == LP_ASK_STORE || ask.kind == LP_ASK_TARGET) {                                            \
            type##_done(machine, true);                                                                                \
        }                                                                                                              \
    }

/* The work of verifying a repository and searching it for `image`. */
static uint64_t search(fuzz_memory *memory, lp_slice targets, const char *image) {
    repository r = {.timestamp = plain_meta(memory, "timestamp", "snapshot"),
                    .snapshot = plain_meta(memory, "snapshot", "targets"),
                    .targets = targets,
                    .delegated = targets};
    lp_limits limits = limits_for(targets.len);
    lp_tuf *tuf = fuzz_alloc(memory, sizeof *tuf);
    lp_search *s = fuzz_alloc(memory, sizeof *s);
    lp_tuf_config config = {.repo = LP_REPO_IMAGE, .limits = &limits, .crypto = &fuzz_crypto, .now = 1800000000};
    lp_tuf_begin(tuf, &config);
    count_begin();
    DRIVE(lp_tuf, tuf, &r, &r, memory)
    FUZZ_CHECK(lp_tuf_targets(tuf) != NULL);
    lp_search_begin(s, tuf, lp_str_from(image), (lp_json){NULL, 0});
    DRIVE(lp_search, s, &r, &r, memory)
    return count_end();
}

static text delegations_begin(fuzz_memory *memory) {
    text t = file_begin(memory, "targets");
    text_add(&t, "\"targets\":{},\"delegations\":{\"keys\":{\"k\":%s},\"roles\":[", key_object);
    return t;
}

static void add_delegation(text *t, const char *name, const char *kind, const char *list) {
    text_add(t, "{\"name\":\"%s\",\"keyids\":[\"k\"],\"threshold\":1,\"terminating\":false,\"%s\":[%s]},", name, kind,
             list);
}

static uint64_t search_delegations(fuzz_memory *memory, size_t bytes, size_t *size, const char *list,
                                   const char *image) {
    text t = delegations_begin(memory);
    while (t.len < bytes) {
        add_delegation(&t, "d", "paths", list);
    }
    t.len--; /* the comma */
    text_add(&t, "]}}}");
    lp_slice targets = text_end(&t);
    *size = targets.len;
    return search(memory, targets, image);
}

static uint64_t many_images(fuzz_memory *memory, size_t bytes, size_t *size) {
    text t = file_begin(memory, "targets");
    text_add(&t, "\"targets\":{");
    for (size_t i = bytes / 120; i > 0; i--) {
        text_add(&t, "\"%08zu\":{\"length\":1,\"hashes\":{\"sha256\":\"%064zu\"}},", i, i);
    }
    text_add(&t, "\"0\":{}}}}");
    lp_slice targets = text_end(&t);
    *size = targets.len;
    return search(memory, targets, "1");
}

static uint64_t same_delegation(fuzz_memory *memory, size_t bytes, size_t *size) {
    return search_delegations(memory, bytes, size, "\"*\"", "a");
}

static uint64_t other_delegations(fuzz_memory *memory, size_t bytes, size_t *size) {
    return search_delegations(memory, bytes, size, "\"x/*\"", "a");
}

/* Multi-role delegations, all of which apply: as many are followed as the limits allow. */
static uint64_t search_multi_roles(fuzz_memory *memory, size_t bytes, size_t *size, const char *name) {
    text t = delegations_begin(memory);
    while (t.len < bytes) {
        text_add(&t, "%s{\"paths\":[\"*\"],\"terminating\":false,\"min_roles_in_agreement\":2,\"roles\":[",
                 t.ptr[t.len - 1] == '[' ? "" : ",");
        for (int i = 0; i < LP_MULTI_ROLES; i++) {
            text_add(&t, "%s{\"name\":\"%s%d\",\"keyids\":[\"k\"],\"threshold\":1}", i > 0 ? "," : "", name, i);
        }
        text_add(&t, "]}");
    }
    text_add(&t, "]}}}");
    lp_slice targets = text_end(&t);
    *size = targets.len;
    return search(memory, targets, "a");
}

static uint64_t multi_roles(fuzz_memory *memory, size_t bytes, size_t *size) {
    uint64_t steps = search_multi_roles(memory, bytes, size, "d");
    *size *= 1 + LP_SEARCH_ROLES; /* each role taken up is a file received */
    return steps;
}

static uint64_t multi_roles_unlisted(fuzz_memory *memory, size_t bytes, size_t *size) {
    return search_multi_roles(memory, bytes, size, "nobody");
}

/* Patterns of the longest kind that match up to their last character only, for a name of the same length. */
static uint64_t stars(fuzz_memory *memory, size_t bytes, size_t *size, const char *piece, size_t pieces) {
    text pattern = text_begin(memory);
    text name = text_begin(memory);
    text_add(&pattern, "\"*");
    for (size_t i = 0; i < pieces; i++) {
        text_add(&pattern, "%s", piece);
    }
    text_add(&pattern, "b\"");
    text_fill(&pattern, '\0', 1);
    text_fill(&name, 'a', LP_NAME_BYTES - 1);
    text_fill(&name, '\0', 1);
    return search_delegations(memory, bytes, size, pattern.ptr, name.ptr);
}

static uint64_t one_star(fuzz_memory *memory, size_t bytes, size_t *size) {
    return stars(memory, bytes, size, "a", 250);
}

static uint64_t many_stars(fuzz_memory *memory, size_t bytes, size_t *size) {
    return stars(memory, bytes, size, "a*", 120);
}

/* Nonces of others, ours last. */
static uint64_t many_nonces(fuzz_memory *memory, size_t bytes, size_t *size) {
    text root_text = file_begin(memory, "root");
    text_add(&root_text,
             "\"custom\":{\"time\":%s},\"keys\":{\"k\":%s},"
             "\"roles\":{\"root\":%s,\"timestamp\":%s,\"snapshot\":%s,\"targets\":%s}}}",
             one_role, key_object, one_role, one_role, one_role, one_role);
    lp_trusted_root root = {.doc = parse(memory, text_end(&root_text), LP_ROLE_ROOT)};
    text t = file_begin(memory, "time");
    text_add(&t, "\"time\":\"2026-11-21T02:23:54Z\",\"nonces\":[");
    while (t.len < bytes) {
        text_add(&t, "\"0123456789abcde0\",");
    }
    text_add(&t, "\"0123456789abcdef\"]}}");
    lp_slice file = text_end(&t);
    lp_limits limits = limits_for(bytes);
    lp_scratch scratch = fuzz_enough(memory, file.len);
    int64_t now;
    *size = file.len;
    count_begin();
    lp_code code =
        lp_time_check(&root, file, LP_JSON_SERVED, "0123456789abcdef", 0, &fuzz_crypto, &limits, scratch, &now);
    uint64_t steps = count_end();
    FUZZ_CHECK(code == LP_OK);
    return steps;
}

/* As many ECUs and hardware identifiers as are allowed, ours last, as a secondary that knows only itself reads them;
 * the rest of the file is other images. */
static uint64_t many_ecus(fuzz_memory *memory, size_t bytes, size_t *size) {
    enum { ECUS = 1000 };
    text order = file_begin(memory, "targets");
    text_add(&order,
             "\"custom\":{\"vehicle\":\"v\"},\"targets\":{\"a\":{\"length\":1,\"hashes\":{\"sha256\":\"%064d\"},"
             "\"custom\":{\"releaseCounter\":1,\"ecuIdentifiers\":{\"e\":{\"hardwareId\":\"h\"}",
             0);
    for (int i = 0; i < ECUS; i++) {
        text_add(&order, ",\"e%d\":{\"hardwareId\":\"h\"}", i);
    }
    text_add(&order, "}}}}}}");
    text image = file_begin(memory, "targets");
    text_add(&image,
             "\"targets\":{\"a\":{\"length\":1,\"hashes\":{\"sha256\":\"%064d\"},\"custom\":{"
             "\"releaseCounter\":1,\"hardwareIds\":[",
             0);
    for (int i = 1; i < LP_HARDWARE_IDS; i++) {
        text_add(&image, "\"g\",");
    }
    text_add(&image, "\"h\"]}}");
    for (int i = 0; image.len < bytes; i++) {
        text_add(&image, ",\"%d\":{}", i);
    }
    text_add(&image, "}}}");
    repository r = {.timestamp = plain_meta(memory, "timestamp", "snapshot"),
                    .snapshot = plain_meta(memory, "snapshot", "targets"),
                    .targets = text_end(&order)};
    repository images = r;
    images.targets = text_end(&image);
    lp_limits limits = limits_for(bytes);
    lp_ecu me = {.serial = "e", .hardware = "h"};
    lp_full_config config = {.crypto = &fuzz_crypto,
                             .limits = &limits,
                             .now = 1800000000,
                             .vehicle = "v",
                             .ecus = &me,
                             .ecu_count = 1,
                             .only_listed = true};
    lp_full *full = fuzz_alloc(memory, sizeof *full);
    lp_full_begin(full, &config);
    *size = r.targets.len + images.targets.len;
    count_begin();
    DRIVE(lp_full, full, &r, &images, memory)
    uint64_t steps = count_end();
    lp_code code = lp_full_error(full)->code; /* the limits on ECUs and hardware identifiers bound the product */
    FUZZ_CHECK(code == LP_OK || code == LP_LIMIT_ECUS || code == LP_LIMIT_RECORD);
    return steps;
}

/* Members in opposite orders at every level, all of it below the last one. */
static void add_must_match(text *t, size_t bytes, bool ascending) {
    enum { LEVELS = 24 };
    const int count = LP_COMPARED_FIELDS / LEVELS - 1; /* and one that holds the rest: as many as are compared */
    for (int level = 0; level < LEVELS; level++) {
        text_add(t, "{");
        for (int i = 0; ascending && i < count; i++) {
            text_add(t, "\"k%d\":0,", i);
        }
        text_add(t, "\"m\":");
    }
    text_add(t, "[0");
    text_fill(t, ' ', bytes);
    text_add(t, "]");
    for (int level = 0; level < LEVELS; level++) {
        for (int i = count - 1; !ascending && i >= 0; i--) {
            text_add(t, ",\"k%d\":0", i);
        }
        text_add(t, "}");
    }
}

/* What two repositories say must match. */
static uint64_t must_match(fuzz_memory *memory, size_t bytes, size_t *size) {
    text a = text_begin(memory);
    text b = text_begin(memory);
    add_must_match(&a, bytes / 2, true);
    add_must_match(&b, bytes / 2, false);
    lp_slice left = text_end(&a);
    lp_slice right = text_end(&b);
    *size = left.len + right.len;
    count_begin();
    bool same =
        lp_json_same((lp_json){(const char *)left.ptr, left.len}, (lp_json){(const char *)right.ptr, right.len});
    uint64_t steps = count_end();
    FUZZ_CHECK(same);
    return steps;
}

const growth_case growth_role_cases[] = {
    {"long-keyids", "128 signatures, each by a long keyid that is nobody's", long_keyids},
    {"bulky-signatures", "128 signatures, each with much that nobody reads", bulky_signatures},
    {"crowded-verify", "128 signatures, 64 keyids, keys behind many others", crowded_verify},
    {"crowded-rotation", "are these keys those? 64 keyids, keys behind many others", crowded_rotation},
    {"snapshot-sorted", "two snapshots with many roles", snapshot_sorted},
    {"snapshot-unsorted", "the same, unsorted, and one long key", snapshot_unsorted},
    {"many-images", "unsorted images, none is the one looked for", many_images},
    {"other-delegations", "delegations, none of which applies", other_delegations},
    {"same-delegation", "delegations, all to one role that delegates likewise", same_delegation},
    {"multi-roles", "multi-role delegations, all of which apply", multi_roles},
    {"multi-roles-unlisted", "the same, and the snapshot names none of their roles", multi_roles_unlisted},
    {"one-star", "patterns with one star and a long end", one_star},
    {"many-stars", "patterns of nothing but stars", many_stars},
    {"must-match", "fields that must match, in opposite orders at every level", must_match},
    {"many-nonces", "signed time for many", many_nonces},
    {"many-ecus", "as many ECUs and hardware identifiers as are allowed", many_ecus},
};
const size_t growth_role_count = sizeof growth_role_cases / sizeof *growth_role_cases;
