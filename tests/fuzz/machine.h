/* SPDX-License-Identifier: Apache-2.0 */
/* Drives a state machine of the verifier with answers taken from the input, and checks what must hold of any run. */
#ifndef LAMPYR_FUZZ_MACHINE_H
#define LAMPYR_FUZZ_MACHINE_H

#include "fuzz.h"
#include "lampyr/tuf.h"

/* The one interface of lp_tuf, lp_search, lp_full and lp_partial. */
typedef struct machine {
    void *self;
    void (*next)(const void *self, lp_ask *ask);
    void (*give)(void *self, lp_slice bytes, lp_scratch scratch);
    void (*absent)(void *self);
    void (*failed)(void *self, lp_code code);
    void (*done)(void *self, bool ok);
    const lp_error *(*error)(const void *self);
    /* Whether anything that only a trusted run may show is shown. */
    bool (*shows_trusted)(const void *self);
    /* Called at every LP_ASK_TARGET, and when the run is refused; may be NULL. */
    void (*on_target)(void *self, fuzz_memory *memory);
    void (*on_refused)(const void *self);
} machine;

/* Defines the functions of `machine` for a type whose own take a pointer to it: MACHINE_CALLS(lp_tuf). */
#define MACHINE_CALLS(type)                                                                                            \
    static void call_next(const void *self, lp_ask *ask) {                                                             \
        type##_next(self, ask);                                                                                        \
    }                                                                                                                  \
    static void call_give(void *self, lp_slice bytes, lp_scratch scratch) {                                            \
        type##_give(self, bytes, scratch);                                                                             \
    }                                                                                                                  \
    static void call_absent(void *self) {                                                                              \
        type##_absent(self);                                                                                           \
    }                                                                                                                  \
    static void call_failed(void *self, lp_code code) {                                                                \
        type##_failed(self, code);                                                                                     \
    }                                                                                                                  \
    static void call_done(void *self, bool ok) {                                                                       \
        type##_done(self, ok);                                                                                         \
    }                                                                                                                  \
    static const lp_error *call_error(const void *self) {                                                              \
        return type##_error(self);                                                                                     \
    }

/* Runs it to its end and returns how it ended: LP_ASK_TRUSTED or LP_ASK_REFUSED.
 *
 * The input is a list of answers, each up to the next byte 0xff. What is to be persisted is persisted and a stored
 * copy is not there, unless the next answer is for it:
 *   l<file>  to LOAD: the stored copy          r<file>  to FETCH of a root: the next root
 *   n        to STORE, FORGET, TARGET: failed  x        to anything: an answer out of turn
 * To FETCH of anything else, and PROVISIONED:
 *   a        absent                            f<byte>  failed
 *   s<byte><file>  the file, with scratch memory of that many 64ths of what suffices
 *   <file>   the file, with exactly the scratch memory that suffices
 * `max_asks` bounds the run. Files and scratch memory are taken from `memory`, which must outlive the machine. */
lp_ask_kind machine_run(const machine *m, fuzz_input *input, fuzz_memory *memory, size_t max_asks);

#endif
