/* SPDX-License-Identifier: Apache-2.0 */
#include "clock.h"

#include "uplink.h"

#include "lampyr/encode.h"
#include "lampyr/limits.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
    NONCES = 48, /* in one attestation: it must stay below lp_limits_constrained.timestamp_bytes */
    BODY_BYTES = 32 + NONCES * (LP_NONCE_TEXT_BYTES + 2),
};

typedef char nonce_text[LP_NONCE_TEXT_BYTES];

/* A director root that was verified before, and the bytes it points into. */
typedef struct loaded_root {
    uint8_t *bytes;
    lp_trusted_root root;
} loaded_root;

/* Takes the stored root, or the provisioned one, through the procedure up to where it would fetch the next. */
static lp_code load_latest(lp_gateway *gateway, loaded_root *out) {
    lp_tuf tuf;
    lp_ask ask;
    uint8_t *bytes = NULL;
    size_t len = 0;
    if (!lp_store_load(gateway->store, LP_REPO_DIRECTOR, "root.json", lp_limits_gateway.root_bytes, &bytes, &len)) {
        return LP_STATE;
    }
    size_t largest = len > gateway->director_root_bytes ? len : gateway->director_root_bytes;
    lp_scratch scratch = {NULL, lp_json_scratch_bytes(largest)};
    scratch.ptr = malloc(scratch.bytes);
    if (scratch.ptr == NULL) {
        free(bytes);
        return LP_STATE;
    }
    lp_tuf_begin(&tuf, &(lp_tuf_config){.repo = LP_REPO_DIRECTOR,
                                        .dialect = gateway->settings.director_dialect,
                                        .form = LP_JSON_SERVED,
                                        .limits = &lp_limits_gateway,
                                        .crypto = &lp_crypto_openssl,
                                        .root_and_targets_only = true});
    for (lp_tuf_next(&tuf, &ask); ask.kind == LP_ASK_LOAD || ask.kind == LP_ASK_PROVISIONED; lp_tuf_next(&tuf, &ask)) {
        if (ask.kind == LP_ASK_PROVISIONED) {
            lp_tuf_give(&tuf, (lp_slice){gateway->director_root, gateway->director_root_bytes}, scratch);
        } else if (bytes != NULL) {
            lp_tuf_give(&tuf, (lp_slice){bytes, len}, scratch);
        } else {
            lp_tuf_absent(&tuf);
        }
    }
    free(scratch.ptr);
    const lp_trusted_root *root = lp_tuf_root(&tuf);
    if (root == NULL) {
        free(bytes);
        return LP_NO_TRUSTED_ROOT;
    }
    *out = (loaded_root){.bytes = bytes, .root = *root};
    return LP_OK;
}

/* True if the time key changed between the root under which the floor was attested and this one. */
static bool key_rotated_since(const lp_gateway *gateway, int64_t floor_root, const lp_trusted_root *now) {
    lp_representation file;
    lp_trusted_root before = {.consistent_snapshot = false};
    if (floor_root == 0 || (uint64_t)floor_root == now->doc.version ||
        !lp_relay_root_load(&gateway->relay, (uint64_t)floor_root, &file)) {
        return false;
    }
    bool rotated = lp_signed_parse(file.bytes, LP_ROLE_ROOT, LP_JSON_CANONICAL, gateway->settings.director_dialect,
                                   &lp_limits_gateway, (lp_scratch){NULL, 0}, &before.doc) == LP_OK &&
                   lp_time_key_rotated(&before, now);
    lp_representation_free(&file);
    return rotated;
}

/* The floor under `root`; without a root, whatever it is. */
static lp_code read_floor(lp_gateway *gateway, const lp_trusted_root *root, int64_t *floor) {
    int64_t stored = 0;
    int64_t floor_root = 0;
    if (!lp_ledger_get(gateway->ledger, LP_FACT_TIME_FLOOR, &stored) ||
        !lp_ledger_get(gateway->ledger, LP_FACT_TIME_ROOT, &floor_root)) {
        return LP_STATE;
    }
    bool forgotten = root != NULL && key_rotated_since(gateway, floor_root, root);
    *floor = !forgotten && stored > gateway->provisioned_time ? stored : gateway->provisioned_time;
    return LP_OK;
}

lp_code lp_clock_floor(lp_gateway *gateway, int64_t *out) {
    lp_code code = read_floor(gateway, NULL, out);
    if (code == LP_OK && !gateway->settings.attested_time && time(NULL) > *out) {
        *out = time(NULL);
    }
    return code;
}

static void add_nonce(const lp_gateway *gateway, nonce_text *nonces, size_t *count, const char *nonce) {
    lp_representation attestation;
    if (nonce[0] == '\0' || *count == NONCES || lp_relay_time(&gateway->relay, nonce, &attestation)) {
        return;
    }
    for (size_t i = 0; i < *count; i++) {
        if (strcmp(nonces[i], nonce) == 0) {
            return;
        }
    }
    snprintf(nonces[(*count)++], LP_NONCE_TEXT_BYTES, "%s", nonce);
}

/* Our nonce first, then those that secondaries wait for, then those they announced. */
static bool collect_nonces(const lp_gateway *gateway, nonce_text *nonces, size_t *count) {
    uint8_t own[LP_NONCE_BYTES];
    if (!lp_random(own, sizeof own)) {
        return false;
    }
    lp_hex_encode(own, sizeof own, nonces[0]);
    *count = 1;
    for (size_t i = 0; i < gateway->requests.wanted_count; i++) {
        add_nonce(gateway, nonces, count, gateway->requests.wanted[i]);
    }
    for (size_t i = 0; i < gateway->inventory.count; i++) {
        add_nonce(gateway, nonces, count, gateway->secondaries.of[i].record.nonce);
    }
    return true;
}

static lp_code ask_director(lp_gateway *gateway, nonce_text *nonces, size_t count) {
    char body[BODY_BYTES];
    lp_slice text;
    lp_writer w;
    lp_writer_begin(&w, body, sizeof body, LP_DIALECT_TUF);
    lp_writer_open(&w, '{');
    lp_writer_key(&w, "nonces");
    lp_writer_open(&w, '[');
    for (size_t i = 0; i < count; i++) {
        lp_writer_string(&w, nonces[i]);
    }
    lp_writer_close(&w, ']');
    lp_writer_close(&w, '}');
    lp_code code = lp_writer_end(&w, &text);
    return code == LP_OK ? lp_uplink_time(gateway, text) : code;
}

/* The root goes last: a floor that is forgotten once too often does less harm than one that never is. */
static bool save_floor(lp_gateway *gateway, int64_t now, uint64_t root_version) {
    int64_t before;
    return lp_ledger_set(gateway->ledger, LP_FACT_TIME_FLOOR, now) &&
           lp_ledger_get(gateway->ledger, LP_FACT_TIME_ROOT, &before) &&
           ((uint64_t)before == root_version ||
            lp_ledger_set(gateway->ledger, LP_FACT_TIME_ROOT, (int64_t)root_version));
}

/* Checks the answer under `root`, and makes it the floor and the secondaries' time. */
static lp_code take_answer(lp_gateway *gateway, const lp_trusted_root *root, const char *nonce, int64_t *now) {
    lp_slice attestation = {gateway->answer.body, gateway->answer.body_bytes};
    int64_t floor;
    int64_t attested;
    lp_code code = read_floor(gateway, root, &floor);
    if (code != LP_OK) {
        return code;
    }
    lp_scratch scratch = {NULL, lp_json_scratch_bytes(attestation.len)};
    scratch.ptr = malloc(scratch.bytes);
    if (scratch.ptr == NULL) {
        return LP_STATE;
    }
    code = lp_time_check(root, attestation, LP_JSON_SERVED, nonce, floor, &lp_crypto_openssl, &lp_limits_gateway,
                         scratch, &attested);
    free(scratch.ptr);
    if (code == LP_OK) {
        code = lp_relay_offer_time(&gateway->relay, attestation);
    }
    if (code == LP_OK && !save_floor(gateway, attested, root->doc.version)) {
        code = LP_STATE;
    }
    if (code == LP_OK) {
        *now = attested;
    }
    return code;
}

lp_code lp_clock_read(lp_gateway *gateway, int64_t *now) {
    nonce_text nonces[NONCES];
    size_t count;
    loaded_root latest;
    if (!gateway->settings.attested_time) {
        gateway->requests.wanted_count = 0; /* nobody signs time here */
        return lp_clock_floor(gateway, now);
    }
    if (!collect_nonces(gateway, nonces, &count)) {
        return LP_STATE;
    }
    gateway->requests.wanted_count = 0;
    lp_code code = ask_director(gateway, nonces, count);
    if (code == LP_OK) {
        code = load_latest(gateway, &latest);
    }
    if (code != LP_OK) {
        return code;
    }
    code = take_answer(gateway, &latest.root, nonces[0], now);
    free(latest.bytes);
    return code;
}

bool lp_clock_root_may_be_old(lp_code code) {
    return code == LP_SIGNATURE_THRESHOLD || code == LP_TIME_NO_KEY || code == LP_ROLLBACK_TIME;
}

bool lp_clock_wanted(const lp_gateway *gateway) {
    return gateway->settings.attested_time && gateway->requests.wanted_count > 0;
}
