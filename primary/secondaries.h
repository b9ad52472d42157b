/* SPDX-License-Identifier: Apache-2.0 */
/* The registry: what each ECU of the inventory registered, was ordered and reported, in memory and in the ledger.
 *
 * What is installed, and the floor of release counters, move only when the ECU's own signed report says so. An
 * index is the ECU's place in the inventory; the primary itself is one of them. */
#ifndef LAMPYR_PRIMARY_SECONDARIES_H
#define LAMPYR_PRIMARY_SECONDARIES_H

#include "inventory.h"
#include "ledger.h"

#include "lampyr/uptane.h"

typedef struct lp_secondary {
    lp_ledger_ecu record;
    bool changed; /* a report came in since the last manifest was sent */
} lp_secondary;

typedef struct lp_secondaries {
    const lp_inventory *inventory;
    lp_ledger *ledger;
    lp_dialect dialect; /* of reports: the director's */
    lp_secondary *of;   /* one per ECU of the inventory */
} lp_secondaries;

/* Loads every ECU's record. False with one line in `message`. Free with lp_secondaries_free(). */
bool lp_secondaries_load(lp_secondaries *out, const lp_inventory *inventory, lp_ledger *ledger, lp_dialect dialect,
                         char *message, size_t message_bytes);

void lp_secondaries_free(lp_secondaries *secondaries);

/* Takes a registration (body of POST /rd) that came from `address`; `*index` is the ECU.
 * LP_UNKNOWN_ECU if serial, key or hardware are not those of the inventory, or it is the primary's own;
 * the codes of lp_registration_read(); LP_STATE if it cannot be saved. */
lp_code lp_secondaries_register(lp_secondaries *secondaries, lp_slice body, const struct sockaddr *address,
                                socklen_t address_bytes, size_t *index);

/* Takes a signed version report of the ECU `index`; `nonce` is the one its query announced, or "".
 * The same report again is LP_OK and changes nothing: its answer was lost.
 * The codes of lp_envelope_read() and lp_report_read(); LP_UNKNOWN_ECU if it speaks for another ECU;
 * LP_ROLLBACK_VERSION if its counter is not above that of the report before (a replay); LP_STATE. */
lp_code lp_secondaries_report(lp_secondaries *secondaries, size_t index, lp_slice report, const char *nonce);

/* Remembers the image that full verification, against both repositories, allows for the ECU; `version` is that of
 * the director's targets. False if the ledger fails. */
bool lp_secondaries_order(lp_secondaries *secondaries, size_t index, const lp_target *image,
                          const uint8_t sha256[LP_SHA256_BYTES], uint64_t version);

/* True if the ECU's latest report says that it runs `sha256`. */
bool lp_secondary_runs(const lp_secondary *secondary, const uint8_t sha256[LP_SHA256_BYTES]);

/* Reads the ECU's latest report, which verified when it came; false without one. `view` points into the record. */
bool lp_secondary_report(const lp_secondary *secondary, lp_report_view *view);

enum { LP_REPORT_LINE_BYTES = 2 * LP_NAME_BYTES + LP_ATTACKS_BYTES + 64 };

/* What the ECU's latest report says, for one line of a log; "nothing yet" without one. */
void lp_secondary_describe(const lp_secondary *secondary, char out[LP_REPORT_LINE_BYTES]);

/* True if the ECU reported that the image it is ordered failed, under these very director targets. */
bool lp_secondary_failed(const lp_secondary *secondary, uint64_t targets_version);

/* Fills `ecus` (room for the inventory's count) with what the verifier wants to know of each. */
void lp_secondaries_ecus(const lp_secondaries *secondaries, lp_ecu *ecus);

/* True if every ECU but `own` has reported at some time. */
bool lp_secondaries_complete(const lp_secondaries *secondaries, size_t own);

/* True if any report came in since the last manifest was sent; lp_secondaries_sent() clears it. */
bool lp_secondaries_changed(const lp_secondaries *secondaries);
void lp_secondaries_sent(lp_secondaries *secondaries);

/* True if `text` is a time nonce: LP_NONCE_BYTES bytes in lower-case hex. */
bool lp_nonce_valid(const char *text);

#endif
