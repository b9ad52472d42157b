/* SPDX-License-Identifier: Apache-2.0 */
/* What can be wrong with an update, by name.
 *
 * Every function of the verifier returns an lp_code; outputs are written only when it is LP_OK.
 * Numbers and strings are stable: they travel in version reports and stand in docs/ERRORS.md. */
#ifndef LAMPYR_ERROR_H
#define LAMPYR_ERROR_H

#include "lampyr/limits.h"
#include "lampyr/slice.h"

#include <stdint.h>

typedef enum lp_code {
    LP_OK = 0,

    /* Malformed: the bytes are not what their role's format says. */
    LP_JSON_SYNTAX = 101,        /* not JSON */
    LP_JSON_UTF8 = 102,          /* a string is not valid UTF-8, or has a lone surrogate */
    LP_JSON_DUPLICATE_KEY = 103, /* an object has the same key twice */
    LP_JSON_TRAILING = 104,      /* bytes after the document */
    LP_JSON_NUMBER = 105,        /* a fraction, an exponent, or beyond 64 bits */
    LP_NOT_CANONICAL = 106,      /* a partial verifier takes canonical bytes only */
    LP_FIELD_MISSING = 107,      /* a required field is absent */
    LP_FIELD_TYPE = 108,         /* a field has the wrong JSON type */
    LP_FIELD_VALUE = 109,        /* a field's value is outside what the format allows */
    LP_WRONG_ROLE = 110,         /* `_type` names another role */
    LP_SPEC_VERSION = 111,       /* `spec_version` is of another major version */
    LP_NAME_UNSAFE = 112,        /* a name of a role, image or repository that would leave its folder */
    LP_NAME_UNKNOWN = 113,       /* a repository that the map does not list */
    LP_NAME_REPEATED = 114,      /* a repository named twice where each counts once */

    /* Limits: each stops a resource-exhaustion attack (limits.h). */
    LP_LIMIT_FILE = 201,             /* endless data: the file is longer than allowed or promised */
    LP_LIMIT_DEPTH = 202,            /* JSON nested too deeply */
    LP_LIMIT_KEYS = 203,             /* too many keys in one role */
    LP_LIMIT_SIGNATURES = 204,       /* too many signatures on one file */
    LP_LIMIT_DELEGATIONS = 205,      /* too many delegated roles visited for one image */
    LP_LIMIT_DELEGATION_DEPTH = 206, /* delegations nested too deeply */
    LP_LIMIT_RECORD = 207,           /* a small object has too many elements */
    LP_LIMIT_STRING = 208,           /* a name is too long */
    LP_LIMIT_MEMORY = 209,           /* scratch memory too small for this file */
    LP_LIMIT_ECUS = 210,             /* more ECUs than the vehicle may have */

    /* Arbitrary software: not signed by whom it must be. */
    LP_SIGNATURE_THRESHOLD = 301, /* fewer valid signatures by distinct keys than the threshold */
    LP_THRESHOLD_INVALID = 302,   /* a threshold below 1, or above what can be reached */

    /* Rollback. */
    LP_ROLLBACK_VERSION = 401,        /* older than the trusted file of this role */
    LP_ROLLBACK_SNAPSHOT_ENTRY = 402, /* the snapshot lists an older version of a role than before */
    LP_SNAPSHOT_ENTRY_MISSING = 403,  /* a role listed before is gone from the snapshot */
    LP_ROLLBACK_COUNTER = 404,        /* the image's release counter is below the confirmed one */
    LP_ROOT_VERSION = 405,            /* root N+1 does not say it is N+1 */
    LP_ROLLBACK_TIME = 406,           /* attested time lies before the stored floor */

    /* Freeze. */
    LP_EXPIRED = 501, /* past its expiry */

    /* Mix-and-match: not the file that the signed reference names. */
    LP_VERSION_MISMATCH = 601, /* another version than the reference says */
    LP_HASH_MISMATCH = 602,    /* another digest than the reference says */
    LP_LENGTH_MISMATCH = 603,  /* shorter than the reference says */
    LP_ROLE_NOT_LISTED = 604,  /* the snapshot does not name this role */

    /* Wrong vehicle, ECU, hardware; the two repositories disagree. */
    LP_WRONG_VEHICLE = 701,      /* targets of another vehicle, or of none */
    LP_UNKNOWN_ECU = 702,        /* an ECU that is not in this vehicle */
    LP_REPEATED_ECU = 703,       /* one ECU is ordered two images */
    LP_DIRECTOR_DELEGATES = 704, /* the director's targets delegate */
    LP_WRONG_HARDWARE = 705,     /* the image is not for this ECU's hardware */
    LP_TARGET_NOT_FOUND = 706,   /* the image repository never signed this image */
    LP_TARGET_MISMATCH = 707,    /* the repositories disagree on length or hashes */
    LP_COUNTER_MISMATCH = 708,   /* the repositories disagree on the release counter */
    LP_CUSTOM_MISMATCH = 709,    /* the repositories disagree on a must-match field */
    LP_ENCRYPTED_IMAGE = 710,    /* the image is marked as encrypted */

    /* The image itself. */
    LP_IMAGE_HASH = 801,          /* a listed digest does not match */
    LP_IMAGE_LENGTH = 802,        /* longer (endless data) or shorter than listed */
    LP_IMAGE_FAILED_BEFORE = 803, /* it failed its test boot under these director targets */

    /* Signed time. */
    LP_TIME_NONCE = 901,  /* the attestation does not carry the asker's nonce: a replay */
    LP_TIME_NO_KEY = 902, /* director root names no time key */

    /* Availability. */
    LP_MISSING_FILE = 1001,    /* a file that signed metadata promises is not there */
    LP_UNREACHABLE = 1002,     /* the transport failed, or there is nothing to start from */
    LP_SLOW_RETRIEVAL = 1003,  /* bytes arrive slower than the floor */
    LP_NO_TRUSTED_ROOT = 1004, /* no usable root: neither stored nor provisioned */

    /* The caller. */
    LP_MISUSE = 1101, /* answered out of turn */
    LP_STATE = 1102,  /* the caller could not persist what was trusted */
} lp_code;

typedef enum lp_role {
    LP_ROLE_NONE = 0,
    LP_ROLE_ROOT,
    LP_ROLE_TIMESTAMP,
    LP_ROLE_SNAPSHOT,
    LP_ROLE_TARGETS,
    LP_ROLE_DELEGATED,
    LP_ROLE_TIME, /* signed time, director only */
} lp_role;

typedef enum lp_repo {
    LP_REPO_NONE = 0,
    LP_REPO_DIRECTOR,
    LP_REPO_IMAGE,
} lp_repo;

/* A clause of a standard. Firmware has no room for the text: code and role tell the clause (docs/ERRORS.md). */
#if LP_CONSTRAINED
#define LP_CLAUSE(text) NULL
#else
#define LP_CLAUSE(text) text
#endif

/* A refusal: what failed, where, and the clause that demanded the check. */
typedef struct lp_error {
    lp_code code;
    lp_repo repo;
    lp_role role;
    uint64_t version;       /* version in the file's name, 0 when the name has none */
    lp_str subject;         /* delegated role or image, JSON-escaped, or empty; points into the caller's bytes */
    const char *repository; /* its name in the repository map (mapping.h), or NULL: none is used; lives as the map */
    const char *clause;     /* static, e.g. "Uptane 2.1.0, 5.4.4.3 step 2.3"; NULL in firmware (LP_CLAUSE()) */
} lp_error;

/* The stable identifier of `code`, e.g. "rollback_version"; "unknown" for a number not in lp_code.
 * Static; never NULL. */
const char *lp_code_name(lp_code code);

/* One line for people, e.g. "older than the trusted file of this role"; "" in firmware, which has no room for it.
 * Static; never NULL. */
const char *lp_code_text(lp_code code);

/* The attack that `code` reveals, in the field's words ("rollback", "freeze", "arbitrary software",
 * "mix-and-match", "endless data", "slow retrieval", "wrong hardware", "wrong ECU",
 * "key-threshold misuse", "malformed", "limit"); "" when it is no attack. Static; never NULL. */
const char *lp_code_attack(lp_code code);

/* "root", "timestamp", "snapshot", "targets", "delegated", "time" or "". Static; never NULL. */
const char *lp_role_name(lp_role role);

/* "director", "image" or "". Static; never NULL. */
const char *lp_repo_name(lp_repo repo);

#endif
