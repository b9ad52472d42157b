/* SPDX-License-Identifier: Apache-2.0 */
/* Names of codes. Texts are apart (error_text.c): firmware does without them. */
#include "lampyr/error.h"

typedef struct code_name {
    uint16_t code;
    const char *name;
} code_name;

static const code_name names[] = {
    {LP_OK, "ok"},
    {LP_JSON_SYNTAX, "json_syntax"},
    {LP_JSON_UTF8, "json_utf8"},
    {LP_JSON_DUPLICATE_KEY, "json_duplicate_key"},
    {LP_JSON_TRAILING, "json_trailing"},
    {LP_JSON_NUMBER, "json_number"},
    {LP_NOT_CANONICAL, "not_canonical"},
    {LP_FIELD_MISSING, "field_missing"},
    {LP_FIELD_TYPE, "field_type"},
    {LP_FIELD_VALUE, "field_value"},
    {LP_WRONG_ROLE, "wrong_role"},
    {LP_SPEC_VERSION, "spec_version"},
    {LP_NAME_UNSAFE, "name_unsafe"},
    {LP_NAME_UNKNOWN, "name_unknown"},
    {LP_NAME_REPEATED, "name_repeated"},
    {LP_LIMIT_FILE, "limit_file"},
    {LP_LIMIT_DEPTH, "limit_depth"},
    {LP_LIMIT_KEYS, "limit_keys"},
    {LP_LIMIT_SIGNATURES, "limit_signatures"},
    {LP_LIMIT_DELEGATIONS, "limit_delegations"},
    {LP_LIMIT_DELEGATION_DEPTH, "limit_delegation_depth"},
    {LP_LIMIT_RECORD, "limit_record"},
    {LP_LIMIT_STRING, "limit_string"},
    {LP_LIMIT_MEMORY, "limit_memory"},
    {LP_LIMIT_ECUS, "limit_ecus"},
    {LP_SIGNATURE_THRESHOLD, "signature_threshold"},
    {LP_THRESHOLD_INVALID, "threshold_invalid"},
    {LP_ROLLBACK_VERSION, "rollback_version"},
    {LP_ROLLBACK_SNAPSHOT_ENTRY, "rollback_snapshot_entry"},
    {LP_SNAPSHOT_ENTRY_MISSING, "snapshot_entry_missing"},
    {LP_ROLLBACK_COUNTER, "rollback_counter"},
    {LP_ROOT_VERSION, "root_version"},
    {LP_ROLLBACK_TIME, "rollback_time"},
    {LP_EXPIRED, "expired"},
    {LP_VERSION_MISMATCH, "version_mismatch"},
    {LP_HASH_MISMATCH, "hash_mismatch"},
    {LP_LENGTH_MISMATCH, "length_mismatch"},
    {LP_ROLE_NOT_LISTED, "role_not_listed"},
    {LP_WRONG_VEHICLE, "wrong_vehicle"},
    {LP_UNKNOWN_ECU, "unknown_ecu"},
    {LP_REPEATED_ECU, "repeated_ecu"},
    {LP_DIRECTOR_DELEGATES, "director_delegates"},
    {LP_WRONG_HARDWARE, "wrong_hardware"},
    {LP_TARGET_NOT_FOUND, "target_not_found"},
    {LP_TARGET_MISMATCH, "target_mismatch"},
    {LP_COUNTER_MISMATCH, "counter_mismatch"},
    {LP_CUSTOM_MISMATCH, "custom_mismatch"},
    {LP_ENCRYPTED_IMAGE, "encrypted_image"},
    {LP_IMAGE_HASH, "image_hash"},
    {LP_IMAGE_LENGTH, "image_length"},
    {LP_IMAGE_FAILED_BEFORE, "image_failed_before"},
    {LP_TIME_NONCE, "time_nonce"},
    {LP_TIME_NO_KEY, "time_no_key"},
    {LP_MISSING_FILE, "missing_file"},
    {LP_UNREACHABLE, "unreachable"},
    {LP_SLOW_RETRIEVAL, "slow_retrieval"},
    {LP_NO_TRUSTED_ROOT, "no_trusted_root"},
    {LP_MISUSE, "misuse"},
    {LP_STATE, "state"},
};

const char *lp_code_name(lp_code code) {
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (names[i].code == code) {
            return names[i].name;
        }
    }
    return "unknown";
}
