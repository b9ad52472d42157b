# SPDX-License-Identifier: Apache-2.0
"""Where the Uptane Standard 2.1.0 demands the check that a refusal comes from."""

# What the formats demand of every file; a refusal names the step in which the file is read.
EXTENSIBLE = "TUF 1.0.34, 4"
STRICT_JSON = "TUF 1.0.34, 4.1"
ENVELOPE = "TUF 1.0.34, 4.2.1"
KEY_OBJECTS = "TUF 1.0.34, 4.2.2"
DATES = "TUF 1.0.34, 4.2.3"
SPECIFICATION = "TUF 1.0.34, 4.3"
COMMON = "Uptane 2.1.0, 5.2.1"
ROOT = "Uptane 2.1.0, 5.2.2"

MALFORMED = {"json_syntax", "json_utf8", "json_duplicate_key", "json_trailing", "json_number", "not_canonical",
             "field_missing", "field_type", "field_value", "wrong_role", "spec_version", "limit_depth",
             "limit_record", "limit_string"}
REFERENCE = {"version_mismatch", "hash_mismatch", "length_mismatch"}
SIGNATURES = {"signature_threshold", "threshold_invalid", "limit_keys", "limit_signatures"}
TRANSFER = {"limit_file", "missing_file", "unreachable", "slow_retrieval"}

# section of the role, and its step for each kind of check: download, reference, signatures, rollback, expiry
STEPS = {
    "root": ("5.4.4.3", "2.2", "2.2", "2.3", "2.4", "3"),
    "timestamp": ("5.4.4.4", "1", "1", "2", "3", "4"),
    "snapshot": ("5.4.4.5", "1", "2", "3", "4", "7"),
    "targets": ("5.4.4.6", "1", "2", "3.1", "4", "5"),
    "delegated": ("5.4.4.6", "1", "2", "3.2", "4", "5"),
}
ORDERS = {  # of a single image
    ("director", "wrong_hardware"): "5.4.3.4 step 3",
    ("director", "rollback_counter"): "5.4.3.4 step 5",
    ("director", "encrypted_image"): "5.4.3.4 step 6",
    ("image", "target_not_found"): "5.4.4.2 step 10.1",
    ("image", "target_mismatch"): "5.4.4.2 step 10.2.1",
    ("image", "wrong_hardware"): "5.4.4.2 step 10.2.2",
    ("image", "counter_mismatch"): "5.4.4.2 step 10.2.2",
    ("image", "encrypted_image"): "5.4.4.2 step 10.2.2",
    ("image", "custom_mismatch"): "5.4.4.2 step 10.2.2",
}
SPECIAL = {
    ("snapshot", "rollback_snapshot_entry"): "5.4.4.5 step 5",
    ("snapshot", "snapshot_entry_missing"): "5.4.4.5 step 6",
    ("snapshot", "role_not_listed"): "5.2.4",
    ("timestamp", "rollback_snapshot_entry"): "5.4.4.4 step 3",
    ("timestamp", "role_not_listed"): "5.2.5",
    ("targets", "director_delegates"): "5.4.4.6 step 6",
    ("targets", "repeated_ecu"): "5.4.4.6 step 7",
    ("targets", "unknown_ecu"): "5.4.4.6 step 8",
    ("targets", "wrong_vehicle"): "5.2.3.1",
    ("targets", "name_unsafe"): "5.2.3.1",
    ("delegated", "missing_file"): "5.4.4.7 step 1",
    ("delegated", "role_not_listed"): "5.4.4.7 step 1",
    ("delegated", "limit_delegations"): "5.4.4.7 step 1",
    ("delegated", "limit_delegation_depth"): "5.4.4.7 step 1",
    ("root", "no_trusted_root"): "5.4.4.3 step 1",
    ("root", "threshold_invalid"): "5.4.4.3 step 2.2",
}


def step_of(role, code, has_references):
    section, download, reference, signatures, rollback, expiry = STEPS[role]
    if code in TRANSFER:
        return f"{section} step {download}"
    if code in MALFORMED:
        return f"{section} step {reference if has_references else download}"
    if code in REFERENCE:
        return f"{section} step {reference}"
    if code in SIGNATURES:
        return f"{section} step {signatures}"
    if code in ("rollback_version", "root_version"):
        return f"{section} step {rollback}"
    if code == "expired":
        return f"{section} step {expiry}"
    raise KeyError((role, code))


def clause_of(role, code, has_references=True):
    """The clause of a refused file, `role` being "delegated" for every delegated one."""
    place = SPECIAL.get((role, code)) or step_of(role, code, has_references)
    return "Uptane 2.1.0, " + place


def clause_of_order(repository, code):
    """The clause of a refused image whose metadata is all good."""
    return "Uptane 2.1.0, " + ORDERS[repository, code]
