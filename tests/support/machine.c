/* SPDX-License-Identifier: Apache-2.0 */
#include "machine.h"

void machine_next(const test_machine *m, lp_ask *ask) {
    switch (m->kind) {
    case MACHINE_TUF:
        lp_tuf_next(m->of.tuf, ask);
        break;
    case MACHINE_SEARCH:
        lp_search_next(m->of.search, ask);
        break;
    case MACHINE_FULL:
        lp_full_next(m->of.full, ask);
        break;
    case MACHINE_PARTIAL:
        lp_partial_next(m->of.partial, ask);
        break;
    }
}

void machine_give(const test_machine *m, lp_slice bytes, lp_scratch scratch) {
    switch (m->kind) {
    case MACHINE_TUF:
        lp_tuf_give(m->of.tuf, bytes, scratch);
        break;
    case MACHINE_SEARCH:
        lp_search_give(m->of.search, bytes, scratch);
        break;
    case MACHINE_FULL:
        lp_full_give(m->of.full, bytes, scratch);
        break;
    case MACHINE_PARTIAL:
        lp_partial_give(m->of.partial, bytes, scratch);
        break;
    }
}

void machine_absent(const test_machine *m) {
    switch (m->kind) {
    case MACHINE_TUF:
        lp_tuf_absent(m->of.tuf);
        break;
    case MACHINE_SEARCH:
        lp_search_absent(m->of.search);
        break;
    case MACHINE_FULL:
        lp_full_absent(m->of.full);
        break;
    case MACHINE_PARTIAL:
        lp_partial_absent(m->of.partial);
        break;
    }
}

void machine_failed(const test_machine *m, lp_code code) {
    switch (m->kind) {
    case MACHINE_TUF:
        lp_tuf_failed(m->of.tuf, code);
        break;
    case MACHINE_SEARCH:
        lp_search_failed(m->of.search, code);
        break;
    case MACHINE_FULL:
        lp_full_failed(m->of.full, code);
        break;
    case MACHINE_PARTIAL:
        lp_partial_failed(m->of.partial, code);
        break;
    }
}

void machine_done(const test_machine *m, bool ok) {
    switch (m->kind) {
    case MACHINE_TUF:
        lp_tuf_done(m->of.tuf, ok);
        break;
    case MACHINE_SEARCH:
        lp_search_done(m->of.search, ok);
        break;
    case MACHINE_FULL:
        lp_full_done(m->of.full, ok);
        break;
    case MACHINE_PARTIAL:
        lp_partial_done(m->of.partial, ok);
        break;
    }
}

const lp_error *machine_error(const test_machine *m) {
    switch (m->kind) {
    case MACHINE_TUF:
        return lp_tuf_error(m->of.tuf);
    case MACHINE_SEARCH:
        return lp_search_error(m->of.search);
    case MACHINE_FULL:
        return lp_full_error(m->of.full);
    default:
        return lp_partial_error(m->of.partial);
    }
}
