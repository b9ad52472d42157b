/* SPDX-License-Identifier: Apache-2.0 */
/* Codes, as programs and people read them. docs/ERRORS.md is checked against these tables. */
#include "lampyr/error.h"

typedef enum attack {
    NONE,
    MALFORMED,
    LIMIT,
    ENDLESS,
    ARBITRARY,
    THRESHOLD,
    ROLLBACK,
    FREEZE,
    MIX_AND_MATCH,
    WRONG_ECU,
    WRONG_HARDWARE,
    SLOW,
} attack;

static const char *const attacks[] = {
    [NONE] = "",
    [MALFORMED] = "malformed",
    [LIMIT] = "limit",
    [ENDLESS] = "endless data",
    [ARBITRARY] = "arbitrary software",
    [THRESHOLD] = "key-threshold misuse",
    [ROLLBACK] = "rollback",
    [FREEZE] = "freeze",
    [MIX_AND_MATCH] = "mix-and-match",
    [WRONG_ECU] = "wrong ECU",
    [WRONG_HARDWARE] = "wrong hardware",
    [SLOW] = "slow retrieval",
};

typedef struct code_row {
    uint16_t code;
    uint8_t attack;
    const char *name;
#if !LP_CONSTRAINED /* firmware has no room for sentences */
    const char *text;
#endif
} code_row;

/* clang-format off */
#if LP_CONSTRAINED
#define ROW(code, name, attack, text) {code, attack, name}
#define TEXT(row) ((void)(row), "")
#else
#define ROW(code, name, attack, text) {code, attack, name, text}
#define TEXT(row) ((row)->text)
#endif
/* clang-format on */

static const code_row rows[] = {
    ROW(LP_OK, "ok", NONE, "nothing is wrong"),
    ROW(LP_JSON_SYNTAX, "json_syntax", MALFORMED, "not JSON"),
    ROW(LP_JSON_UTF8, "json_utf8", MALFORMED, "a string is not valid UTF-8 or has a lone surrogate"),
    ROW(LP_JSON_DUPLICATE_KEY, "json_duplicate_key", MALFORMED, "an object has the same key twice"),
    ROW(LP_JSON_TRAILING, "json_trailing", MALFORMED, "bytes follow the end of the document"),
    ROW(LP_JSON_NUMBER, "json_number", MALFORMED, "a number has a fraction or an exponent, or is beyond 64 bits"),
    ROW(LP_NOT_CANONICAL, "not_canonical", MALFORMED, "not in canonical form, which partial verifiers require"),
    ROW(LP_FIELD_MISSING, "field_missing", MALFORMED, "a required field is absent"),
    ROW(LP_FIELD_TYPE, "field_type", MALFORMED, "a field has the wrong JSON type"),
    ROW(LP_FIELD_VALUE, "field_value", MALFORMED, "the value of a field is outside what the format allows"),
    ROW(LP_WRONG_ROLE, "wrong_role", MALFORMED, "the file is of another role than its name says"),
    ROW(LP_SPEC_VERSION, "spec_version", MALFORMED, "the specification version is not one that is understood"),
    ROW(LP_NAME_UNSAFE, "name_unsafe", MALFORMED, "a name of a role, image or repository would leave its folder"),
    ROW(LP_NAME_UNKNOWN, "name_unknown", MALFORMED, "the repository map does not list this repository"),
    ROW(LP_NAME_REPEATED, "name_repeated", MALFORMED, "a repository is named twice where each counts once"),
    ROW(LP_LIMIT_FILE, "limit_file", ENDLESS, "longer than allowed or promised"),
    ROW(LP_LIMIT_DEPTH, "limit_depth", LIMIT, "nested too deeply"),
    ROW(LP_LIMIT_KEYS, "limit_keys", LIMIT, "a role has too many keys"),
    ROW(LP_LIMIT_SIGNATURES, "limit_signatures", LIMIT, "too many signatures on one file"),
    ROW(LP_LIMIT_DELEGATIONS, "limit_delegations", LIMIT,
        "too many delegated roles would have to be visited for one image"),
    ROW(LP_LIMIT_DELEGATION_DEPTH, "limit_delegation_depth", LIMIT, "delegations are nested too deeply"),
    ROW(LP_LIMIT_RECORD, "limit_record", LIMIT, "an object has too many elements"),
    ROW(LP_LIMIT_STRING, "limit_string", LIMIT, "a name is too long"),
    ROW(LP_LIMIT_MEMORY, "limit_memory", LIMIT, "the memory set aside is too small for this file"),
    ROW(LP_LIMIT_ECUS, "limit_ecus", LIMIT, "more ECUs than a vehicle may have"),
    ROW(LP_SIGNATURE_THRESHOLD, "signature_threshold", ARBITRARY,
        "too few valid signatures by distinct keys of the role"),
    ROW(LP_THRESHOLD_INVALID, "threshold_invalid", THRESHOLD, "the threshold is below 1 or above what can be reached"),
    ROW(LP_ROLLBACK_VERSION, "rollback_version", ROLLBACK, "older than the trusted file of this role"),
    ROW(LP_ROLLBACK_SNAPSHOT_ENTRY, "rollback_snapshot_entry", ROLLBACK,
        "the snapshot lists an older version of a role than before"),
    ROW(LP_SNAPSHOT_ENTRY_MISSING, "snapshot_entry_missing", ROLLBACK,
        "the snapshot no longer names a role that it named before"),
    ROW(LP_ROLLBACK_COUNTER, "rollback_counter", ROLLBACK,
        "the release counter of the image is below that of the confirmed image"),
    ROW(LP_ROOT_VERSION, "root_version", ROLLBACK,
        "the root does not carry the version that its place in the chain demands"),
    ROW(LP_ROLLBACK_TIME, "rollback_time", ROLLBACK, "the attested time lies before the time already known"),
    ROW(LP_EXPIRED, "expired", FREEZE, "past its expiry"),
    ROW(LP_VERSION_MISMATCH, "version_mismatch", MIX_AND_MATCH, "another version than the signed reference names"),
    ROW(LP_HASH_MISMATCH, "hash_mismatch", MIX_AND_MATCH, "another digest than the signed reference names"),
    ROW(LP_LENGTH_MISMATCH, "length_mismatch", MIX_AND_MATCH, "shorter than the signed reference says"),
    ROW(LP_ROLE_NOT_LISTED, "role_not_listed", MIX_AND_MATCH, "the snapshot does not name this role"),
    ROW(LP_WRONG_VEHICLE, "wrong_vehicle", WRONG_ECU, "the targets are for another vehicle, or name none"),
    ROW(LP_UNKNOWN_ECU, "unknown_ecu", WRONG_ECU, "the ECU is not one of this vehicle"),
    ROW(LP_REPEATED_ECU, "repeated_ecu", WRONG_ECU, "one ECU is ordered more than one image"),
    ROW(LP_DIRECTOR_DELEGATES, "director_delegates", ARBITRARY,
        "the targets of the director delegate, which is forbidden"),
    ROW(LP_WRONG_HARDWARE, "wrong_hardware", WRONG_HARDWARE, "the image is not for the hardware of this ECU"),
    ROW(LP_TARGET_NOT_FOUND, "target_not_found", ARBITRARY, "no trusted role of the image repository signs this image"),
    ROW(LP_TARGET_MISMATCH, "target_mismatch", ARBITRARY, "the repositories disagree on length or hashes of the image"),
    ROW(LP_COUNTER_MISMATCH, "counter_mismatch", ROLLBACK,
        "director and image repository disagree on the release counter of the image"),
    ROW(LP_CUSTOM_MISMATCH, "custom_mismatch", MIX_AND_MATCH,
        "director and image repository disagree on a field that must match"),
    ROW(LP_ENCRYPTED_IMAGE, "encrypted_image", NONE, "the image is marked as encrypted, which is not supported"),
    ROW(LP_IMAGE_HASH, "image_hash", ARBITRARY, "a listed digest does not match the image"),
    ROW(LP_IMAGE_LENGTH, "image_length", ENDLESS, "the image is longer or shorter than listed"),
    ROW(LP_IMAGE_FAILED_BEFORE, "image_failed_before", NONE,
        "the image failed its test boot under these director targets"),
    ROW(LP_TIME_NONCE, "time_nonce", FREEZE, "the time attestation does not carry the nonce that was asked with"),
    ROW(LP_TIME_NO_KEY, "time_no_key", NONE, "the director's root names no key for time"),
    ROW(LP_MISSING_FILE, "missing_file", NONE, "a file that signed metadata promises is not there"),
    ROW(LP_UNREACHABLE, "unreachable", NONE, "could not be fetched, or there is nothing to start from"),
    ROW(LP_SLOW_RETRIEVAL, "slow_retrieval", SLOW, "bytes arrive slower than the allowed minimum"),
    ROW(LP_NO_TRUSTED_ROOT, "no_trusted_root", NONE, "no usable root is stored or provisioned"),
    ROW(LP_MISUSE, "misuse", NONE, "the verifier was answered out of turn"),
    ROW(LP_STATE, "state", NONE, "what was trusted could not be stored"),
};

static const code_row *find(lp_code code) {
    static const code_row unknown = ROW(0, "unknown", NONE, "unknown code");
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (rows[i].code == code) {
            return &rows[i];
        }
    }
    return &unknown;
}

const char *lp_code_name(lp_code code) {
    return find(code)->name;
}

const char *lp_code_text(lp_code code) {
    return TEXT(find(code));
}

const char *lp_code_attack(lp_code code) {
    return attacks[find(code)->attack];
}
