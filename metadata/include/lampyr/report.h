/* SPDX-License-Identifier: Apache-2.0 */
/* Signed envelopes that ECUs make, and the ECU version report (Uptane 2.1.0, 5.3.2.1 and 5.4.2.1.2). */
#ifndef LAMPYR_REPORT_H
#define LAMPYR_REPORT_H

#include "lampyr/crypto.h"
#include "lampyr/error.h"
#include "lampyr/json.h"
#include "lampyr/role.h"

enum {
    LP_ATTACKS_BYTES = 128,                                                    /* attacks_detected, terminated */
    LP_REPORT_BYTES = 2 * LP_IMAGE_NAME_BYTES + 2 * LP_SIGNATURE_BYTES + 1024, /* a whole signed report */
};

/* What an ECU says of itself. Strings are plain UTF-8, terminated, owned by the caller. */
typedef struct lp_report {
    const char *serial;
    const char *image_name; /* "unknown" if nothing was ever installed through Lampyr */
    uint64_t image_bytes;
    uint8_t image_sha256[LP_SHA256_BYTES];
    const char *attacks;      /* lp_code_name()s seen since the last report, separated by ' ', or "" */
    const char *failed_image; /* name of an image that did not confirm and was reverted, or NULL */
    uint64_t counter;         /* never used before; 0 leaves it out (legacy secondaries) */
    int64_t time;             /* latest attested time */
    int64_t previous_time;
} lp_report;

/* A report that was received; strings point into its bytes. */
typedef struct lp_report_view {
    lp_str serial;
    lp_str image_name;
    uint64_t image_bytes;
    lp_hashes image_hashes;
    lp_str attacks;
    lp_str failed_image; /* none if absent */
    bool has_counter;
    uint64_t counter;
    int64_t time;
} lp_report_view;

/* Wraps a canonical `payload` (JSON text) in an envelope signed by `signer`:
 * {"signatures":[{"keyid":...,"method":...,"sig":...}],"signed":<payload>}. Hex signatures in tuf, base64
 * in legacy. The envelope is written to `buffer`; `payload` must not overlap it, unless it is the buffer's very
 * end (it is then moved to its place).
 * LP_LIMIT_MEMORY if it does not fit, LP_STATE if signing fails. */
lp_code lp_envelope_write(lp_slice payload, lp_dialect dialect, const lp_signer *signer, char *buffer,
                          size_t buffer_bytes, lp_slice *out);

/* Checks an envelope's JSON (as served) and that at least one signature is by `key`. `*payload` is the signed object.
 * The entries' `method` is not asked: the key decides which scheme counts.
 * The codes of lp_json_check(), LP_FIELD_*, LP_LIMIT_SIGNATURES, LP_LIMIT_RECORD, LP_SIGNATURE_THRESHOLD. */
lp_code lp_envelope_read(lp_slice bytes, lp_dialect dialect, const lp_public_key *key, const lp_crypto *crypto,
                         const lp_limits *limits, lp_scratch scratch, lp_json *payload);

/* The same for an envelope that stands inside a checked document (a report inside a manifest). */
lp_code lp_envelope_verify(lp_json envelope, lp_dialect dialect, const lp_public_key *key, const lp_crypto *crypto,
                           const lp_limits *limits, lp_scratch scratch, lp_json *payload);

/* Writes and signs a version report; the result is canonical. `buffer` of LP_REPORT_BYTES suffices for
 * image names up to LP_IMAGE_NAME_BYTES that need no escaping; part of it is used as working space. LP_LIMIT_MEMORY,
 * LP_STATE. */
lp_code lp_report_write(const lp_report *report, lp_dialect dialect, const lp_signer *signer, char *buffer,
                        size_t buffer_bytes, lp_slice *out);

/* Reads the `signed` object of a version report. LP_FIELD_*, LP_LIMIT_RECORD. The counter may be a number or, as
 * legacy clients send it, a decimal string. */
lp_code lp_report_read(lp_json payload, lp_report_view *out);

#endif
