/* SPDX-License-Identifier: Apache-2.0 */
/* The state machines when their caller, its network, its storage or its crypto library fails: at every step of a run
 * of each machine, each kind of failure once. Whatever fails, nothing may be trusted. */
#include "bench.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static const lp_ecu ecus[] = {{.serial = "brake", .hardware = "brake-hw"}};

/* OpenSSL whose hashes fail from one on. */
typedef struct failing_crypto {
    lp_crypto vtable; /* first, so that the callback finds the rest */
    unsigned *good;   /* hashes that still succeed */
} failing_crypto;

static bool failing_hash_begin(const lp_crypto *crypto, lp_hash *hash, lp_hash_alg alg) {
    const failing_crypto *failing = (const failing_crypto *)crypto;
    if (*failing->good == 0) {
        return false;
    }
    --*failing->good;
    return lp_crypto_openssl.hash_begin(&lp_crypto_openssl, hash, alg);
}

/* One machine at work; the others' memory lies idle. */
typedef struct scene {
    test_bench *bench;
    test_machine machine;
    unsigned good_hashes;
    failing_crypto crypto;
    lp_tuf tuf;
    lp_search search;
    lp_full full;
    lp_partial partial;
} scene;

/* Repositories that lead through all kinds of steps: the director orders "brake.bin", a delegated role of the image
 * repository signs it, and both have rotated keys since the factory. */
static void prepare(scene *s, test_bench *b) {
    memset(s, 0, sizeof *s);
    s->bench = b;
    s->crypto = (failing_crypto){.vtable = lp_crypto_openssl, .good = &s->good_hashes};
    s->crypto.vtable.hash_begin = failing_hash_begin;
    (void)repo_delegate(&b->image, b->image.roles[LP_ROLE_TARGETS], "supplier", "*", false);
    repo_add_image(repo_role(&b->image, "supplier"), "brake.bin", 100, made_for("brake-hw", 1));
    repo_add_image(b->director.roles[LP_ROLE_TARGETS], "brake.bin", 100, order_for("brake", "brake-hw", 1));
    repo_change_key(&b->director, LP_ROLE_TARGETS, NULL);
    repo_next_root(&b->director, NULL);
    repo_change_key(&b->image, LP_ROLE_TIMESTAMP, NULL);
    repo_next_root(&b->image, NULL);
    repo_publish_next(&b->director);
    repo_publish_next(&b->image);
}

/* Serves partial verifiers what they read: targets under one name, in canonical form. */
static void serve_boards(test_bench *b) {
    const lp_key *key = &b->director.keys[LP_ROLE_TARGETS];
    repo_serve(&b->director, "targets.json", b->director.roles[LP_ROLE_TARGETS], &key, 1);
}

static void begin_tuf(scene *s) {
    lp_tuf_config config = tuf_config(&s->bench->image);
    config.crypto = &s->crypto.vtable;
    lp_tuf_begin(&s->tuf, &config);
    s->machine = (test_machine){.kind = MACHINE_TUF, .of.tuf = &s->tuf};
}

/* Begins a run as if for the first time; `hashes` of it succeed. */
static void begin(scene *s, int kind, unsigned hashes) {
    files_free(&s->bench->store);
    s->bench->stop_after = 0;
    s->good_hashes = UINT32_MAX;
    if (kind == MACHINE_TUF || kind == MACHINE_SEARCH) {
        begin_tuf(s);
    }
    if (kind == MACHINE_SEARCH) {
        assert_int_equal(bench_run(s->bench, &s->machine), LP_OK);
    }
    s->good_hashes = hashes;
    if (kind == MACHINE_SEARCH) {
        lp_search_begin(&s->search, &s->tuf, lp_str_from("brake.bin"), (lp_json){NULL, 0});
        s->machine = (test_machine){.kind = MACHINE_SEARCH, .of.search = &s->search};
    } else if (kind == MACHINE_FULL) {
        lp_full_config config = full_config(s->bench, ecus, 1);
        config.crypto = &s->crypto.vtable;
        lp_full_begin(&s->full, &config);
        s->machine = (test_machine){.kind = MACHINE_FULL, .of.full = &s->full};
    } else if (kind == MACHINE_PARTIAL) {
        lp_partial_config config = partial_config(s->bench, "brake", "brake-hw");
        config.crypto = &s->crypto.vtable;
        serve_boards(s->bench);
        lp_partial_begin(&s->partial, &config);
        s->machine = (test_machine){.kind = MACHINE_PARTIAL, .of.partial = &s->partial};
    }
}

/* Begins a run, lets it go on for `steps` answers, and says what is asked then. */
static void go(scene *s, int kind, unsigned steps, lp_ask *ask) {
    begin(s, kind, UINT32_MAX);
    if (steps > 0) {
        s->bench->stop_after = steps;
        assert_int_equal(bench_run(s->bench, &s->machine), LP_OK);
        s->bench->stop_after = 0;
    }
    machine_next(&s->machine, ask);
}

/* Drives the machine to its end, which must be a refusal for that reason, with nothing to act on. */
static void ends_refused(scene *s, const lp_ask *ask, lp_code code) {
    lp_code result = bench_run(s->bench, &s->machine);
    if (result != code) {
        fail_msg("machine %d, ask %d for %s: %s, not %s", (int)s->machine.kind, (int)ask->kind, lp_role_name(ask->role),
                 lp_code_name(result), lp_code_name(code));
    }
    assert_null(s->machine.kind == MACHINE_TUF ? lp_tuf_targets(&s->tuf) : NULL);
    assert_null(s->machine.kind == MACHINE_SEARCH ? lp_search_result(&s->search) : NULL);
    assert_null(s->machine.kind == MACHINE_FULL ? lp_full_targets(&s->full) : NULL);
    assert_null(s->machine.kind == MACHINE_PARTIAL ? lp_partial_targets(&s->partial) : NULL);
    for (size_t i = 0; i < s->bench->verdict_count; i++) {
        assert_int_not_equal(s->bench->verdicts[i].code, LP_OK);
    }
}

typedef enum answer_kind { GIVE, ABSENT, FAILED, DONE, ANSWER_KINDS } answer_kind;

static bool in_turn(lp_ask_kind asked, answer_kind answer) {
    switch (asked) {
    case LP_ASK_LOAD:
        return answer == GIVE || answer == ABSENT;
    case LP_ASK_PROVISIONED:
    case LP_ASK_FETCH:
        return answer != DONE;
    case LP_ASK_STORE:
    case LP_ASK_FORGET:
    case LP_ASK_TARGET:
        return answer == DONE;
    default:
        return false;
    }
}

static void answer_with(const test_machine *m, answer_kind answer) {
    static const uint8_t empty_object[] = "{}";
    uint32_t scratch[16];
    switch (answer) {
    case GIVE:
        machine_give(m, (lp_slice){empty_object, 2}, (lp_scratch){scratch, sizeof scratch});
        break;
    case ABSENT:
        machine_absent(m);
        break;
    case FAILED:
        machine_failed(m, LP_UNREACHABLE);
        break;
    default:
        machine_done(m, true);
        break;
    }
}

/* Calls `fault` for each machine at each step of its run, the end included. */
static void at_every_step(test_bench *b, void (*fault)(scene *s, int kind, unsigned step, const lp_ask *ask)) {
    scene s;
    prepare(&s, b);
    for (int kind = MACHINE_TUF; kind <= MACHINE_PARTIAL; kind++) {
        lp_ask ask = {.kind = LP_ASK_LOAD};
        for (unsigned step = 0; ask.kind != LP_ASK_TRUSTED; step++) {
            go(&s, kind, step, &ask);
            fault(&s, kind, step, &ask);
        }
    }
}

static void answer_out_of_turn(scene *s, int kind, unsigned step, const lp_ask *asked) {
    for (answer_kind answer = GIVE; answer < ANSWER_KINDS; answer++) {
        if (!in_turn(asked->kind, answer)) {
            lp_ask ask;
            go(s, kind, step, &ask);
            answer_with(&s->machine, answer);
            s->bench->verdict_count = 0; /* verdicts before the misuse were due */
            ends_refused(s, &ask, LP_MISUSE);
            answer_with(&s->machine, answer);
            ends_refused(s, &ask, LP_MISUSE);
        }
    }
}

static void an_answer_out_of_turn_is_misuse(void **state) {
    at_every_step(*state, answer_out_of_turn);
}

static void fail_transfer(scene *s, int kind, unsigned step, const lp_ask *ask) {
    (void)kind;
    (void)step;
    if (ask->kind == LP_ASK_FETCH || ask->kind == LP_ASK_PROVISIONED) {
        machine_failed(&s->machine, LP_SLOW_RETRIEVAL);
        ends_refused(s, ask, LP_SLOW_RETRIEVAL);
    }
}

static void a_transfer_that_fails_ends_the_run(void **state) {
    at_every_step(*state, fail_transfer);
}

static void fail_storage(scene *s, int kind, unsigned step, const lp_ask *ask) {
    (void)kind;
    (void)step;
    if (ask->kind == LP_ASK_STORE || ask->kind == LP_ASK_FORGET) {
        machine_done(&s->machine, false);
        ends_refused(s, ask, LP_STATE);
    }
}

static void what_cannot_be_stored_ends_the_run(void **state) {
    at_every_step(*state, fail_storage);
}

static void a_hash_that_fails_is_never_taken_for_a_match(void **state) {
    scene s;
    prepare(&s, *state);
    for (int kind = MACHINE_TUF; kind <= MACHINE_PARTIAL; kind++) {
        lp_code code = LP_STATE;
        for (unsigned hashes = 0; code != LP_OK; hashes++) {
            begin(&s, kind, hashes);
            code = bench_run(s.bench, &s.machine);
            assert_true(code == LP_OK || s.good_hashes == 0);
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TUF_TEST(an_answer_out_of_turn_is_misuse),
        TUF_TEST(a_transfer_that_fails_ends_the_run),
        TUF_TEST(what_cannot_be_stored_ends_the_run),
        TUF_TEST(a_hash_that_fails_is_never_taken_for_a_match),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
