/* SPDX-License-Identifier: Apache-2.0 */
#include "tuf_procedures.h"

static void tuf_next(const void *machine, lp_ask *ask) {
    lp_tuf_next(machine, ask);
}

static void tuf_give(void *machine, lp_slice bytes, lp_scratch scratch) {
    lp_tuf_give(machine, bytes, scratch);
}

static void tuf_absent(void *machine) {
    lp_tuf_absent(machine);
}

static void tuf_failed(void *machine, lp_code code) {
    lp_tuf_failed(machine, code);
}

static void tuf_done(void *machine, bool ok) {
    lp_tuf_done(machine, ok);
}

const lp_procedure lpt_procedure_refresh = {tuf_next, tuf_give, tuf_absent, tuf_failed, tuf_done};

static void search_next(const void *machine, lp_ask *ask) {
    lp_search_next(machine, ask);
}

static void search_give(void *machine, lp_slice bytes, lp_scratch scratch) {
    lp_search_give(machine, bytes, scratch);
}

static void search_absent(void *machine) {
    lp_search_absent(machine);
}

static void search_failed(void *machine, lp_code code) {
    lp_search_failed(machine, code);
}

static void search_done(void *machine, bool ok) {
    lp_search_done(machine, ok);
}

const lp_procedure lpt_procedure_search = {search_next, search_give, search_absent, search_failed, search_done};
