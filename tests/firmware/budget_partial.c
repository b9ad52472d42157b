/* SPDX-License-Identifier: Apache-2.0 */
/* Partial verification, and nothing else, over metadata that is read in place: does it come to the right verdict, and
 * how deep does its stack get? A line on the console for each case. */
#include "budget_partial.h"
#include "block.h"
#include "devices.h"

#include "core.h"
#include "lampyr-port/port.h"
#include "lampyr/uptane.h"

static lp_partial partial;
static lp_limits limits;

static const budget_header *header(void) {
    return (const budget_header *)(const void *)test_block;
}

static lp_slice slice_of(blob_bytes bytes) {
    return (lp_slice){test_block + bytes.at, bytes.len};
}

static const char *text_of(blob_bytes bytes) {
    return (const char *)test_block + bytes.at;
}

/* --- crypto --- */

static uint64_t fnv1a(uint64_t hash, lp_slice bytes) {
    for (size_t i = 0; i < bytes.len; i++) {
        hash = (hash ^ bytes.ptr[i]) * 0x100000001b3;
    }
    return hash;
}

/* Not counted is the crypto: this recognises the signatures that were made. */
static bool recognise(const lp_crypto *crypto, const lp_public_key *key, lp_slice signature, lp_slice message) {
    (void)crypto;
    blob_list known = header()->signatures;
    const uint64_t *hashes = (const uint64_t *)(const void *)(test_block + known.at);
    uint64_t hash = fnv1a(0xcbf29ce484222325, (lp_slice){key->bytes, key->len});
    hash = fnv1a(fnv1a(hash, signature), message);
    for (uint32_t i = 0; i < known.count; i++) {
        if (hashes[i] == hash) {
            return true;
        }
    }
    return false;
}

/* Partial verification hashes nothing but what it verifies a signature of. */
static const lp_crypto recogniser = {.verify = recognise};

/* --- a board --- */

/* The chain starts at the factory's root, and a next root waits. */
static lp_slice file_for(const budget_case *c, const lp_ask *ask) {
    if (ask->role == LP_ROLE_TARGETS) {
        return slice_of(ask->kind == LP_ASK_LOAD ? c->stored_targets : c->targets);
    }
    if (ask->kind == LP_ASK_PROVISIONED) {
        return slice_of(c->root);
    }
    return ask->version == 2 ? slice_of(c->next_root) : (lp_slice){NULL, 0};
}

/* Apart from the run: the configuration is copied. */
static __attribute__((noinline)) void begin(const budget_case *c) {
    lp_partial_begin(&partial, &(lp_partial_config){.crypto = &recogniser,
                                                    .limits = &limits,
                                                    .dialect = LP_DIALECT_TUF,
                                                    .form = LP_JSON_CANONICAL,
                                                    .now = header()->now,
                                                    .vehicle = text_of(c->vehicle),
                                                    .serial = text_of(c->serial),
                                                    .hardware = text_of(c->hardware)});
}

static __attribute__((noinline)) void verify(const budget_case *c) {
    lp_ask ask;
    begin(c);
    for (lp_partial_next(&partial, &ask); ask.kind < LP_ASK_TRUSTED; lp_partial_next(&partial, &ask)) {
        lp_slice file = file_for(c, &ask);
        if (ask.kind == LP_ASK_STORE) {
            lp_partial_done(&partial, true);
        } else if (file.ptr != NULL) {
            lp_partial_give(&partial, file, (lp_scratch){NULL, 0});
        } else {
            lp_partial_absent(&partial);
        }
    }
}

/* --- the measurement --- */

/* Bytes of stack that a run takes. */
static __attribute__((noinline)) uint32_t stack_of(const budget_case *c) {
    uintptr_t sp;
    __asm volatile("mov %0, sp" : "=r"(sp));
    lp_board_stack_forget();
    verify(c);
    return (uint32_t)(lp_board_stack_peak_bytes() - ((uintptr_t)lp_stack_top - sp));
}

/* Not lp_uint_format(), which partial verification does without. */
static void put_number(uint32_t number, char after) {
    char text[12];
    char *p = text + sizeof text;
    *--p = after;
    do {
        *--p = (char)('0' + number % 10);
        number /= 10;
    } while (number > 0);
    lp_board_write(p, (size_t)(text + sizeof text - p));
}

void lp_firmware(void) {
    blob_list list = header()->cases;
    const budget_case *cases = (const budget_case *)(const void *)(test_block + list.at);
    limits = lp_limits_constrained;
    limits.targets_bytes = UINT32_MAX; /* 1,000 ECUs are more than a CC2538 has room for */
    for (uint32_t i = 0; i < list.count; i++) {
        uint32_t stack_bytes = stack_of(&cases[i]);
        const lp_target *target = lp_partial_target(&partial);
        if (target == NULL || !lp_str_is(target->name, text_of(cases[i].image))) {
            lp_machine_stop(1);
        }
        put_number(cases[i].ecus, ' ');
        put_number(cases[i].targets.len, ' ');
        put_number(sizeof partial, ' ');
        put_number(stack_bytes, '\n');
    }
    lp_machine_stop(0);
}
