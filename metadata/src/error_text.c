/* SPDX-License-Identifier: Apache-2.0 */
/* What people read about a code. docs/ERRORS.md is checked against these tables. */
#include "lampyr/error.h"

typedef struct code_text {
    uint16_t code;
    const char *attack;
    const char *text;
} code_text;

/* Firmware has no room for sentences. */
#if LP_CONSTRAINED
#define TEXT(text) ""
#else
#define TEXT(text) text
#endif

static const char malformed[] = "malformed";
static const char limit[] = "limit";
static const char endless[] = "endless data";
static const char arbitrary[] = "arbitrary software";
static const char threshold[] = "key-threshold misuse";
static const char rollback[] = "rollback";
static const char freeze[] = "freeze";
static const char mix_and_match[] = "mix-and-match";
static const char wrong_ecu[] = "wrong ECU";
static const char wrong_hardware[] = "wrong hardware";
static const char slow[] = "slow retrieval";
static const char none[] = "";

static const code_text texts[] = {
    {LP_OK, none, TEXT("nothing is wrong")},
    {LP_JSON_SYNTAX, malformed, TEXT("not JSON")},
    {LP_JSON_UTF8, malformed, TEXT("a string is not valid UTF-8 or has a lone surrogate")},
    {LP_JSON_DUPLICATE_KEY, malformed, TEXT("an object has the same key twice")},
    {LP_JSON_TRAILING, malformed, TEXT("bytes follow the end of the document")},
    {LP_JSON_NUMBER, malformed, TEXT("a number has a fraction or an exponent, or is beyond 64 bits")},
    {LP_NOT_CANONICAL, malformed, TEXT("not in canonical form, which partial verifiers require")},
    {LP_FIELD_MISSING, malformed, TEXT("a required field is absent")},
    {LP_FIELD_TYPE, malformed, TEXT("a field has the wrong JSON type")},
    {LP_FIELD_VALUE, malformed, TEXT("the value of a field is outside what the format allows")},
    {LP_WRONG_ROLE, malformed, TEXT("the file is of another role than its name says")},
    {LP_SPEC_VERSION, malformed, TEXT("the specification version is not one that is understood")},
    {LP_NAME_UNSAFE, malformed, TEXT("a name of a role, image or repository would leave its folder")},
    {LP_NAME_UNKNOWN, malformed, TEXT("the repository map does not list this repository")},
    {LP_NAME_REPEATED, malformed, TEXT("a repository is named twice where each counts once")},
    {LP_LIMIT_FILE, endless, TEXT("longer than allowed or promised")},
    {LP_LIMIT_DEPTH, limit, TEXT("nested too deeply")},
    {LP_LIMIT_KEYS, limit, TEXT("a role has too many keys")},
    {LP_LIMIT_SIGNATURES, limit, TEXT("too many signatures on one file")},
    {LP_LIMIT_DELEGATIONS, limit, TEXT("too many delegated roles would have to be visited for one image")},
    {LP_LIMIT_DELEGATION_DEPTH, limit, TEXT("delegations are nested too deeply")},
    {LP_LIMIT_RECORD, limit, TEXT("an object has too many elements")},
    {LP_LIMIT_STRING, limit, TEXT("a name is too long")},
    {LP_LIMIT_MEMORY, limit, TEXT("the memory set aside is too small for this file")},
    {LP_LIMIT_ECUS, limit, TEXT("more ECUs than a vehicle may have")},
    {LP_SIGNATURE_THRESHOLD, arbitrary, TEXT("too few valid signatures by distinct keys of the role")},
    {LP_THRESHOLD_INVALID, threshold, TEXT("the threshold is below 1 or above what can be reached")},
    {LP_ROLLBACK_VERSION, rollback, TEXT("older than the trusted file of this role")},
    {LP_ROLLBACK_SNAPSHOT_ENTRY, rollback, TEXT("the snapshot lists an older version of a role than before")},
    {LP_SNAPSHOT_ENTRY_MISSING, rollback, TEXT("the snapshot no longer names a role that it named before")},
    {LP_ROLLBACK_COUNTER, rollback, TEXT("the release counter of the image is below that of the confirmed image")},
    {LP_ROOT_VERSION, rollback, TEXT("the root does not carry the version that its place in the chain demands")},
    {LP_ROLLBACK_TIME, rollback, TEXT("the attested time lies before the time already known")},
    {LP_EXPIRED, freeze, TEXT("past its expiry")},
    {LP_VERSION_MISMATCH, mix_and_match, TEXT("another version than the signed reference names")},
    {LP_HASH_MISMATCH, mix_and_match, TEXT("another digest than the signed reference names")},
    {LP_LENGTH_MISMATCH, mix_and_match, TEXT("shorter than the signed reference says")},
    {LP_ROLE_NOT_LISTED, mix_and_match, TEXT("the snapshot does not name this role")},
    {LP_WRONG_VEHICLE, wrong_ecu, TEXT("the targets are for another vehicle, or name none")},
    {LP_UNKNOWN_ECU, wrong_ecu, TEXT("the ECU is not one of this vehicle")},
    {LP_REPEATED_ECU, wrong_ecu, TEXT("one ECU is ordered more than one image")},
    {LP_DIRECTOR_DELEGATES, arbitrary, TEXT("the targets of the director delegate, which is forbidden")},
    {LP_WRONG_HARDWARE, wrong_hardware, TEXT("the image is not for the hardware of this ECU")},
    {LP_TARGET_NOT_FOUND, arbitrary, TEXT("no trusted role of the image repository signs this image")},
    {LP_TARGET_MISMATCH, arbitrary, TEXT("the repositories disagree on length or hashes of the image")},
    {LP_COUNTER_MISMATCH, rollback, TEXT("director and image repository disagree on the release counter of the image")},
    {LP_CUSTOM_MISMATCH, mix_and_match, TEXT("director and image repository disagree on a field that must match")},
    {LP_ENCRYPTED_IMAGE, none, TEXT("the image is marked as encrypted, which is not supported")},
    {LP_IMAGE_HASH, arbitrary, TEXT("a listed digest does not match the image")},
    {LP_IMAGE_LENGTH, endless, TEXT("the image is longer or shorter than listed")},
    {LP_IMAGE_FAILED_BEFORE, none, TEXT("the image failed its test boot under these director targets")},
    {LP_TIME_NONCE, freeze, TEXT("the time attestation does not carry the nonce that was asked with")},
    {LP_TIME_NO_KEY, none, TEXT("the director's root names no key for time")},
    {LP_MISSING_FILE, none, TEXT("a file that signed metadata promises is not there")},
    {LP_UNREACHABLE, none, TEXT("could not be fetched, or there is nothing to start from")},
    {LP_SLOW_RETRIEVAL, slow, TEXT("bytes arrive slower than the allowed minimum")},
    {LP_NO_TRUSTED_ROOT, none, TEXT("no usable root is stored or provisioned")},
    {LP_MISUSE, none, TEXT("the verifier was answered out of turn")},
    {LP_STATE, none, TEXT("what was trusted could not be stored")},
};

static const code_text *find(lp_code code) {
    static const code_text unknown = {0, none, "unknown code"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        if (texts[i].code == code) {
            return &texts[i];
        }
    }
    return &unknown;
}

const char *lp_code_text(lp_code code) {
    return find(code)->text;
}

const char *lp_code_attack(lp_code code) {
    return find(code)->attack;
}
