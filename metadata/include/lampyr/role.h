/* SPDX-License-Identifier: Apache-2.0 */
/* The four roles: reading a file, and checking its signatures.
 *
 * A `lp_signed` is a parsed file that nobody vouches for yet. The `lp_trusted_*` types are made only by
 * the procedures in tuf.h and uptane.h, and only they can be acted on.
 * What a function here reads into is filled in place, without a copy that boards have no room for: it holds
 * nothing of use unless the function returned LP_OK. */
#ifndef LAMPYR_ROLE_H
#define LAMPYR_ROLE_H

#include "lampyr/crypto.h"
#include "lampyr/error.h"
#include "lampyr/json.h"
#include "lampyr/slice.h"

/* A parsed file: envelope and the fields common to all roles (Uptane 2.1.0, 5.2.1). */
typedef struct lp_signed {
    lp_slice file;      /* the bytes as received */
    lp_json signatures; /* array */
    lp_json payload;    /* the `signed` object; read its members with lp_signed_get() */
    lp_json big;        /* its longest member, or absent */
    uint64_t version;
    int64_t expires; /* seconds since 1970 */
    lp_dialect dialect;
    bool canonical; /* the payload stands in its canonical form */
    bool ordered;   /* the keys of every object ascend */
} lp_signed;

/* Keys and threshold that a delegator (root, or a targets role) sets for a role. */
typedef struct lp_role_keys {
    lp_json keys;   /* object: keyid to key */
    lp_json keyids; /* array */
    uint64_t threshold;
} lp_role_keys;

typedef struct lp_trusted_root {
    lp_signed doc;
    bool consistent_snapshot;
} lp_trusted_root;

typedef struct lp_trusted_timestamp {
    lp_signed doc;
} lp_trusted_timestamp;

typedef struct lp_trusted_snapshot {
    lp_signed doc;
} lp_trusted_snapshot;

/* Targets, top level or delegated. */
typedef struct lp_trusted_targets {
    lp_signed doc;
    lp_json targets;     /* object */
    lp_json delegations; /* object, or absent */
    lp_json custom;      /* top-level custom, or absent */
} lp_trusted_targets;

/* What one role's file says about another file. */
typedef struct lp_file_info {
    uint64_t version;
    bool has_length;
    uint64_t length_bytes;
    bool has_hashes;
    lp_hashes hashes;
} lp_file_info;

/* What a targets role says about one image. */
typedef struct lp_target {
    lp_str name;
    uint64_t length_bytes;
    lp_hashes hashes;
    lp_json custom;   /* object, or absent */
    bool has_counter; /* custom.releaseCounter */
    uint64_t counter;
    bool encrypted; /* custom says so */
} lp_target;

/* Parses a file of `role` (`_type` included). `form` is LP_JSON_SERVED or LP_JSON_CANONICAL.
 * Returns the codes of lp_json_check(), LP_FIELD_*, LP_WRONG_ROLE, LP_SPEC_VERSION. */
lp_code lp_signed_parse(lp_slice file, lp_role role, lp_json_form form, lp_dialect dialect, const lp_limits *limits,
                        lp_scratch scratch, lp_signed *out);

/* The member `name` of the `signed` object, or absent. Does not walk through its longest member. */
lp_json lp_signed_get(const lp_signed *doc, const char *name);

/* Counts valid signatures by distinct keys and compares with the threshold
 * (TUF 1.0.34, 5.3.4, 5.4.2; Uptane 2.1.0, 5.4.4.3 step 2.3, 5.4.4.4 step 2, ...).
 * LP_SIGNATURE_THRESHOLD, LP_THRESHOLD_INVALID, LP_FIELD_VALUE for a keyid that signs twice (tuf), LP_LIMIT_KEYS,
 * LP_LIMIT_SIGNATURES, LP_LIMIT_MEMORY. */
lp_code lp_signed_verify(const lp_signed *doc, const lp_role_keys *keys, const lp_crypto *crypto,
                         const lp_limits *limits, lp_scratch scratch);

/* The keys that root sets for a top-level role. LP_FIELD_*. */
lp_code lp_root_role_keys(const lp_signed *root, lp_role role, lp_role_keys *out);

/* True if the two sets name the same key values with the same threshold. */
bool lp_role_keys_eq(const lp_role_keys *a, const lp_role_keys *b);

/* Checks that root names keys for all four roles (Uptane 2.1.0, 5.2.2), and returns `consistent_snapshot`
 * (TUF 1.0.34, 5.3.12). LP_FIELD_*, LP_THRESHOLD_INVALID, LP_LIMIT_KEYS. */
lp_code lp_root_read(const lp_signed *root, const lp_limits *limits, bool *consistent_snapshot);

/* Reads `keyids` and `threshold` of one role object. LP_FIELD_*, LP_LIMIT_KEYS for more than LP_ROLE_KEYS keyids,
 * LP_THRESHOLD_INVALID for a threshold below 1. One that the keyids cannot reach is refused where it is used, by
 * lp_signed_verify(): a root that sets it for another role must still be followed. */
lp_code lp_role_keys_read(lp_json keys, lp_json role, lp_role_keys *out);

/* What timestamp or snapshot says of "<role_name>.json" ("snapshot", "targets", a delegated role).
 * `found` is false if it is not listed. LP_FIELD_*. */
lp_code lp_meta_find(const lp_signed *doc, lp_str role_name, bool *found, lp_file_info *out);

/* Reads one member of `targets`. LP_FIELD_*, LP_NAME_UNSAFE. */
lp_code lp_target_read(lp_str name, lp_json value, lp_target *out);

/* Finds the parts of a targets role. Images are read one by one, when they are looked at. LP_FIELD_*. */
lp_code lp_targets_read(const lp_signed *doc, lp_trusted_targets *out);

/* True if top-level `custom.vehicle` is `vehicle`. */
bool lp_targets_for_vehicle(const lp_trusted_targets *targets, const char *vehicle);

/* custom.ecuIdentifiers of a director target: object of serial to {"hardwareId": ...}, or absent. */
lp_json lp_target_ecus(const lp_target *target);

/* The hardware identifier in one member of custom.ecuIdentifiers. LP_FIELD_*. */
lp_code lp_target_ecu_hardware(lp_json member, lp_str *hardware);

/* Looks an image up by name in one role (no delegations). `found` false if not listed. */
lp_code lp_targets_find(const lp_trusted_targets *targets, lp_str name, bool *found, lp_target *out);

/* True if the array `hardware_ids` contains `hardware`. */
bool lp_hardware_listed(lp_json hardware_ids, lp_str hardware);

/* custom.hardwareIds of an image-repository target: array, or absent. */
lp_json lp_target_hardware_ids(const lp_target *target);

/* The hardware identifier under which a director target is ordered for `serial`, in
 * custom.ecuIdentifiers. `found` false if the target is not for that ECU. LP_FIELD_*. */
lp_code lp_target_ecu(const lp_target *target, lp_str serial, bool *found, lp_str *hardware);

/* The image ordered for `serial` in director targets, or `found` false.
 * LP_REPEATED_ECU if it is ordered more than one, LP_FIELD_*. */
lp_code lp_targets_for_ecu(const lp_trusted_targets *targets, lp_str serial, bool *found, lp_target *out,
                           lp_str *hardware);

#endif
