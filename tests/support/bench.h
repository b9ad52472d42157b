/* SPDX-License-Identifier: Apache-2.0 */
/* Drives the verifier's state machines over repositories in memory, as a program would over HTTP. */
#ifndef LAMPYR_TEST_BENCH_H
#define LAMPYR_TEST_BENCH_H

#include "machine.h"
#include "repository.h"

enum { TEST_GIVEN = 2048, TEST_VERDICTS = 16, TEST_LOG_BYTES = 32768 };

/* One verdict of a full verification; the name is copied. */
typedef struct test_verdict {
    char name[64];
    lp_code code;
    lp_repo repo;
    bool installed;
} test_verdict;

typedef struct test_bench {
    test_repo director;
    test_repo image;
    test_files store;       /* "director/root.json", ... */
    test_files provisioned; /* the same names, roots only */

    /* Faults, off when zero. */
    const char *fail_fetch; /* "image/timestamp.json": its transfer fails with `fail_code` */
    lp_code fail_code;
    const char *fail_store; /* "image/snapshot.json": cannot be stored */
    unsigned stop_after;    /* the program is killed after so many answers */

    /* What happened in the last run. */
    unsigned answers;
    bool killed;
    char log[TEST_LOG_BYTES]; /* one word per file fetched, " director/timestamp.json image/2.root.json" */
    test_verdict verdicts[TEST_VERDICTS];
    size_t verdict_count;

    void *given[TEST_GIVEN]; /* copies handed to the machines, of exact size; freed with the bench */
    size_t given_count;
} test_bench;

/* Two good repositories of that dialect, and their first roots provisioned. */
test_bench *bench_make(lp_dialect dialect);
void bench_free(test_bench *b);

/* CMocka set-up and tear-down with a bench in `*state`. */
int bench_set_up_tuf(void **state);
int bench_set_up_legacy(void **state);
int bench_tear_down(void **state);

/* A test with a fresh bench of that dialect; include cmocka.h first. */
#define TUF_TEST(name) cmocka_unit_test_setup_teardown(name, bench_set_up_tuf, bench_tear_down)
#define LEGACY_TEST(name) cmocka_unit_test_setup_teardown(name, bench_set_up_legacy, bench_tear_down)

/* Configurations for the bench: time TEST_NOW, gateway limits, both roles of the repository's dialect. */
lp_tuf_config tuf_config(const test_repo *r);
lp_full_config full_config(const test_bench *b, const lp_ecu *ecus, size_t count);
lp_partial_config partial_config(const test_bench *b, const char *serial, const char *hardware);

/* Each runs to the end (or until the bench kills it) and returns the code: LP_OK when trusted. */
lp_code run_tuf(test_bench *b, lp_tuf *tuf, const lp_tuf_config *config);
lp_code run_search(test_bench *b, lp_search *search, const lp_tuf *tuf, const char *image, lp_json ecus);
lp_code run_full(test_bench *b, lp_full *full, const lp_full_config *config);
lp_code run_partial(test_bench *b, lp_partial *partial, const lp_partial_config *config);

/* The same for a machine that was begun, or stopped by the bench. */
lp_code bench_run(test_bench *b, const test_machine *m);

/* True if the last run fetched `path` ("image/timestamp.json"). */
bool bench_fetched(const test_bench *b, const char *path);

/* Asserts all of a refusal, and that it cites a clause. */
void assert_refused(const lp_error *error, lp_code code, lp_repo repo, lp_role role);

/* Runs the image repository under `config` (NULL: tuf_config()) and asserts how it ends: with the current targets,
 * or refused. */
void assert_repo_trusted(test_bench *b, const lp_tuf_config *config);
void assert_repo_refused(test_bench *b, const lp_tuf_config *config, lp_code code, lp_role role);

/* The verdict on the image `name` in the last full verification; fails the test if there is none. */
const test_verdict *bench_verdict(const test_bench *b, const char *name);

#endif
