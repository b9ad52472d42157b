/* SPDX-License-Identifier: Apache-2.0 */
/* What people read about a code. docs/ERRORS.md is checked against these tables. */
#include "lampyr/error.h"

typedef struct code_text {
    uint16_t code;
    const char *attack;
    const char *text;
} code_text;

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
    {LP_OK, none, "nothing is wrong"},
    {LP_JSON_SYNTAX, malformed, "not JSON"},
    {LP_JSON_UTF8, malformed, "a string is not valid UTF-8 or has a lone surrogate"},
    {LP_JSON_DUPLICATE_KEY, malformed, "an object has the same key twice"},
    {LP_JSON_TRAILING, malformed, "bytes follow the end of the document"},
    {LP_JSON_NUMBER, malformed, "a number has a fraction or an exponent, or is beyond 64 bits"},
    {LP_NOT_CANONICAL, malformed, "not in canonical form, which partial verifiers require"},
    {LP_FIELD_MISSING, malformed, "a required field is absent"},
    {LP_FIELD_TYPE, malformed, "a field has the wrong JSON type"},
    {LP_FIELD_VALUE, malformed, "the value of a field is outside what the format allows"},
    {LP_WRONG_ROLE, malformed, "the file is of another role than its name says"},
    {LP_SPEC_VERSION, malformed, "the specification version is not one that is understood"},
    {LP_NAME_UNSAFE, malformed, "a name of a role, image or repository would leave its folder"},
    {LP_NAME_UNKNOWN, malformed, "the repository map does not list this repository"},
    {LP_NAME_REPEATED, malformed, "a repository is named twice where each counts once"},
    {LP_LIMIT_FILE, endless, "longer than allowed or promised"},
    {LP_LIMIT_DEPTH, limit, "nested too deeply"},
    {LP_LIMIT_KEYS, limit, "a role has too many keys"},
    {LP_LIMIT_SIGNATURES, limit, "too many signatures on one file"},
    {LP_LIMIT_DELEGATIONS, limit, "too many delegated roles would have to be visited for one image"},
    {LP_LIMIT_DELEGATION_DEPTH, limit, "delegations are nested too deeply"},
    {LP_LIMIT_RECORD, limit, "an object has too many elements"},
    {LP_LIMIT_STRING, limit, "a name is too long"},
    {LP_LIMIT_MEMORY, limit, "the memory set aside is too small for this file"},
    {LP_LIMIT_ECUS, limit, "more ECUs than a vehicle may have"},
    {LP_SIGNATURE_THRESHOLD, arbitrary, "too few valid signatures by distinct keys of the role"},
    {LP_THRESHOLD_INVALID, threshold, "the threshold is below 1 or above what can be reached"},
    {LP_ROLLBACK_VERSION, rollback, "older than the trusted file of this role"},
    {LP_ROLLBACK_SNAPSHOT_ENTRY, rollback, "the snapshot lists an older version of a role than before"},
    {LP_SNAPSHOT_ENTRY_MISSING, rollback, "the snapshot no longer names a role that it named before"},
    {LP_ROLLBACK_COUNTER, rollback, "the release counter of the image is below that of the confirmed image"},
    {LP_ROOT_VERSION, rollback, "the root does not carry the version that its place in the chain demands"},
    {LP_ROLLBACK_TIME, rollback, "the attested time lies before the time already known"},
    {LP_EXPIRED, freeze, "past its expiry"},
    {LP_VERSION_MISMATCH, mix_and_match, "another version than the signed reference names"},
    {LP_HASH_MISMATCH, mix_and_match, "another digest than the signed reference names"},
    {LP_LENGTH_MISMATCH, mix_and_match, "shorter than the signed reference says"},
    {LP_ROLE_NOT_LISTED, mix_and_match, "the snapshot does not name this role"},
    {LP_WRONG_VEHICLE, wrong_ecu, "the targets are for another vehicle, or name none"},
    {LP_UNKNOWN_ECU, wrong_ecu, "the ECU is not one of this vehicle"},
    {LP_REPEATED_ECU, wrong_ecu, "one ECU is ordered more than one image"},
    {LP_DIRECTOR_DELEGATES, arbitrary, "the targets of the director delegate, which is forbidden"},
    {LP_WRONG_HARDWARE, wrong_hardware, "the image is not for the hardware of this ECU"},
    {LP_TARGET_NOT_FOUND, arbitrary, "no trusted role of the image repository signs this image"},
    {LP_TARGET_MISMATCH, arbitrary, "the repositories disagree on length or hashes of the image"},
    {LP_COUNTER_MISMATCH, rollback, "director and image repository disagree on the release counter of the image"},
    {LP_CUSTOM_MISMATCH, mix_and_match, "director and image repository disagree on a field that must match"},
    {LP_ENCRYPTED_IMAGE, none, "the image is marked as encrypted, which is not supported"},
    {LP_IMAGE_HASH, arbitrary, "a listed digest does not match the image"},
    {LP_IMAGE_LENGTH, endless, "the image is longer or shorter than listed"},
    {LP_IMAGE_FAILED_BEFORE, none, "the image failed its test boot under these director targets"},
    {LP_TIME_NONCE, freeze, "the time attestation does not carry the nonce that was asked with"},
    {LP_TIME_NO_KEY, none, "the director's root names no key for time"},
    {LP_MISSING_FILE, none, "a file that signed metadata promises is not there"},
    {LP_UNREACHABLE, none, "could not be fetched, or there is nothing to start from"},
    {LP_SLOW_RETRIEVAL, slow, "bytes arrive slower than the allowed minimum"},
    {LP_NO_TRUSTED_ROOT, none, "no usable root is stored or provisioned"},
    {LP_MISUSE, none, "the verifier was answered out of turn"},
    {LP_STATE, none, "what was trusted could not be stored"},
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
