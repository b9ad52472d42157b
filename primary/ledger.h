/* SPDX-License-Identifier: Apache-2.0 */
/* What the primary must not forget about its ECUs and itself, as tables in the state's database (store.h).
 * A call that returned true is durable. */
#ifndef LAMPYR_PRIMARY_LEDGER_H
#define LAMPYR_PRIMARY_LEDGER_H

#include "lampyr/report.h"
#include "lampyr/wire.h"

#include <sqlite3.h>
#include <sys/socket.h>

typedef struct lp_ledger lp_ledger;

/* One ECU. */
typedef struct lp_ledger_ecu {
    /* As it registered. */
    bool registered;
    struct sockaddr_storage address;
    socklen_t address_bytes;
    uint64_t block_bytes;
    bool full;
    char nonce[LP_NONCE_TEXT_BYTES]; /* of its next time request, or "" */
    /* Its latest report that verified; `report` is heap memory of the record's owner, or NULL. */
    uint8_t *report;
    size_t report_bytes;
    uint64_t report_counter;
    /* What that report confirmed. */
    bool has_installed;
    uint8_t installed_sha256[LP_SHA256_BYTES];
    uint64_t counter_floor; /* release counter of the latest confirmed image that was ordered */
    /* The latest order that passed full verification against both repositories. */
    bool has_order;
    char order_name[LP_NAME_BYTES];
    uint8_t order_sha256[LP_SHA256_BYTES];
    uint64_t order_counter;
    uint64_t order_version;  /* of the director's targets */
    uint64_t failed_version; /* director's targets under which the ordered image failed; 0: it did not */
} lp_ledger_ecu;

/* Numbers about the primary itself; the values stand in the file. */
typedef enum lp_fact {
    LP_FACT_TIME_FLOOR = 1,      /* seconds since 1970 of the latest attested time */
    LP_FACT_TIME_ROOT = 2,       /* version of the director's root under which it was attested */
    LP_FACT_ECUS_SENT = 3,       /* digest of the ECUs last sent to the director's /ecus */
    LP_FACT_OFFERED_ROOT = 4,    /* version of the director's root last checked for boards and offered */
    LP_FACT_OFFERED_TARGETS = 5, /* and of its targets */
} lp_fact;

/* Makes the tables, if need be, in a database that outlives the ledger. NULL with one line in `message`. */
lp_ledger *lp_ledger_open(sqlite3 *database, char *message, size_t message_bytes);

void lp_ledger_close(lp_ledger *ledger);

/* Why the latest call failed, for one line to the user. */
const char *lp_ledger_error(const lp_ledger *ledger);

/* Reads one ECU; an ECU never saved reads as zeroes. free() its report. */
bool lp_ledger_load(lp_ledger *ledger, const char *serial, lp_ledger_ecu *out);

bool lp_ledger_save(lp_ledger *ledger, const char *serial, const lp_ledger_ecu *ecu);

/* Reads a number; one never set is 0. */
bool lp_ledger_get(lp_ledger *ledger, lp_fact fact, int64_t *out);

bool lp_ledger_set(lp_ledger *ledger, lp_fact fact, int64_t value);

#endif
