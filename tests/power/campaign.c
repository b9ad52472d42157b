/* SPDX-License-Identifier: Apache-2.0 */
/* The power-cut campaign: a whole update, good or bad, with power cut at every flash operation.
 *
 * A run without cuts is written down, operation by operation. Then flash is taken to where it was before each of them,
 * power is cut there, or in its middle, and the board is let live to its end; with --deep, what it does to recover is
 * written down and cut in the same way. RAM is lost in a cut, so flash is all that counts; a cut after an operation is
 * one before the next. */
#include "campaign_board.h"

#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

enum { JOBS_MAX = 64, RANDOM_CUTS = 10 };

typedef struct tally {
    uint64_t operations; /* of the runs without cuts */
    uint64_t cuts;
    uint64_t torn; /* of these */
    uint64_t boots;
    uint64_t completed; /* updates that ended with the new image */
    uint64_t given_up;  /* that ended with the old one, and then with the new one */
} tally;

typedef struct settings {
    bool full;
    bool deep;
    uint64_t every;
    uint64_t tears;
    uint64_t random;
    uint64_t seed;
    unsigned jobs;
} settings;

typedef struct campaign {
    const settings *options;
    unsigned job;
    tally *counts; /* of this job */
    campaign_board board;
} campaign;

/* --- exhaustive --- */

static void explore(campaign *c, const operation_log *log, sim_snapshot *at, unsigned depth);

static void note(campaign_board *b, size_t base, size_t operation, uint64_t tear) {
    snprintf(b->history + base, sizeof b->history - base, tear == 0 ? " %zu" : " %zu torn %" PRIu64, operation, tear);
}

/* Power comes back after a cut: the board lives to its end; what it does meanwhile is cut as well if `depth` is left.
 */
static void recover(campaign *c, unsigned depth) {
    campaign_board *b = &c->board;
    operation_log log = {NULL, 0, 0};
    sim_snapshot at;
    bool bad = b->bad;
    campaign_power_back(b);
    if (depth > 0) {
        sim_snapshot_take(&at, &b->rig.sim);
    }
    if (!campaign_live(b, depth > 0 ? &log : NULL)) {
        abort(); /* no cut is planned */
    }
    c->counts->cuts++;
    if (campaign_is_complete(b, false)) {
        c->counts->completed++;
    } else {
        c->counts->given_up++;
        campaign_try_again(b);
        b->bad = bad;
        b->published = 2;
    }
    if (depth > 0) {
        explore(c, &log, &at, depth);
        sim_snapshot_free(&at);
        campaign_log_free(&log);
    }
}

/* Cuts power before an operation, and in its middle in several ways; flash is as `at`. */
static void cut(campaign *c, const operation_log *log, size_t i, const sim_snapshot *at, unsigned depth) {
    campaign_board *b = &c->board;
    size_t base = strlen(b->history);
    uint64_t tears = i < log->count ? c->options->tears : 0;
    for (uint64_t tear = 0; tear <= tears; tear++) {
        sim_snapshot_restore(at, &b->rig.sim);
        note(b, base, i, tear);
        sim_flash_plan(&b->rig.sim, tear == 0 ? UINT64_MAX : 0, SIM_CUT_MIDDLE, (i + 1) * 1000 + tear);
        if (tear > 0 && campaign_replay(b, &log->list[i])) {
            abort(); /* it was to be cut */
        }
        c->counts->torn += tear > 0;
        recover(c, depth - 1);
    }
    b->history[base] = '\0';
}

/* Cuts every operation of `log`, which began at `at`; moves `at` to its end. */
static void explore(campaign *c, const operation_log *log, sim_snapshot *at, unsigned depth) {
    campaign_board *b = &c->board;
    bool first = b->history[0] == '\0';
    for (size_t i = 0; i <= log->count; i++) {
        bool mine = !first || (i % c->options->every == 0 && i / c->options->every % c->options->jobs == c->job);
        if (mine) {
            cut(c, log, i, at, depth);
        }
        if (i < log->count) {
            sim_snapshot_restore(at, &b->rig.sim);
            sim_snapshot_free(at);
            if (!campaign_replay(b, &log->list[i])) {
                abort();
            }
            sim_snapshot_take(at, &b->rig.sim);
        }
    }
}

static void cut_everywhere_in(campaign *c, bool bad) {
    campaign_board *b = &c->board;
    operation_log log = {NULL, 0, 0};
    sim_snapshot start;
    sim_snapshot at;
    sim_snapshot_take(&start, &b->rig.sim);
    sim_snapshot_take(&at, &b->rig.sim);
    campaign_begin(b, bad);
    if (!campaign_live(b, &log) || campaign_is_complete(b, false) == bad) {
        abort();
    }
    c->counts->operations += c->job == 0 ? log.count : 0;
    sim_snapshot_restore(&start, &b->rig.sim);
    explore(c, &log, &at, c->options->deep ? 2 : 1);
    sim_snapshot_restore(&start, &b->rig.sim);
    sim_snapshot_free(&start);
    sim_snapshot_free(&at);
    campaign_log_free(&log);
}

/* --- random --- */

static uint64_t next_random(uint64_t *state) {
    *state ^= *state >> 12;
    *state ^= *state << 25;
    *state ^= *state >> 27;
    return *state * UINT64_C(2685821657736338717);
}

/* One life with up to RANDOM_CUTS cuts, most of them soon after power came back, where recovery is at work. */
static void live_randomly(campaign *c, uint64_t run, uint64_t operations) {
    campaign_board *b = &c->board;
    uint64_t random = (c->options->seed + run) * UINT64_C(0x9E3779B97F4A7C15) | 1;
    campaign_begin(b, next_random(&random) >> 63 != 0);
    snprintf(b->history, sizeof b->history, " random run %" PRIu64, run);
    uint64_t planned = 1 + (next_random(&random) >> 32) % RANDOM_CUTS;
    uint64_t cuts = 0;
    bool done = false;
    while (!done && cuts < planned) {
        const uint64_t spans[] = {operations, 120, 120, 30};
        uint64_t span = spans[next_random(&random) >> 62];
        uint64_t at = (next_random(&random) >> 32) % span;
        sim_cut how = (sim_cut)((next_random(&random) >> 32) % SIM_CUTS);
        sim_flash_plan(&b->rig.sim, at, how, next_random(&random));
        done = campaign_live(b, NULL);
        cuts += !done;
        c->counts->torn += !done && how == SIM_CUT_MIDDLE;
        campaign_power_back(b);
    }
    if (!done && !campaign_live(b, NULL)) {
        abort();
    }
    c->counts->cuts += cuts;
    if (campaign_is_complete(b, cuts >= LP_BOOT_ATTEMPTS)) {
        c->counts->completed++;
    } else {
        c->counts->given_up++;
        campaign_try_again(b);
    }
}

static void run_randomly(campaign *c) {
    campaign_board *b = &c->board;
    operation_log log = {NULL, 0, 0};
    sim_snapshot start;
    sim_snapshot_take(&start, &b->rig.sim);
    campaign_begin(b, true);
    campaign_live(b, &log);
    for (uint64_t run = c->job; run < c->options->random; run += c->options->jobs) {
        sim_snapshot_restore(&start, &b->rig.sim);
        live_randomly(c, run, log.count);
    }
    c->counts->operations += c->job == 0 ? log.count : 0;
    sim_snapshot_free(&start);
    campaign_log_free(&log);
}

/* --- the whole --- */

/* The share of one job, in a process of its own. */
static void work(const settings *options, unsigned job, tally *counts) {
    static campaign c;
    c = (campaign){.options = options, .job = job, .counts = counts};
    bool real = options->random == 0 && !options->deep;
    if (options->full) {
        campaign_make(&c.board, &sim_firefly, &layout_firefly, 52 * 1024, 60 * 1024, real);
    } else {
        campaign_make(&c.board, &sim_small, &layout_small, 1900, 2900, real);
    }
    if (options->random > 0) {
        run_randomly(&c);
    } else {
        cut_everywhere_in(&c, false);
        cut_everywhere_in(&c, true);
    }
    counts->boots += c.board.boots;
    campaign_free(&c.board);
}

static bool run_jobs(const settings *options, tally *counts) {
    pid_t jobs[JOBS_MAX];
    bool ok = true;
    for (unsigned i = 0; i < options->jobs; i++) {
        jobs[i] = fork();
        if (jobs[i] == 0) {
            work(options, i, &counts[i]);
            exit(0);
        }
    }
    for (unsigned i = 0; i < options->jobs; i++) {
        int status;
        ok = jobs[i] > 0 && waitpid(jobs[i], &status, 0) == jobs[i] && WIFEXITED(status) && WEXITSTATUS(status) == 0 &&
             ok;
    }
    return ok;
}

static void print(const settings *options, const tally *counts) {
    tally sum = {0};
    for (unsigned i = 0; i < options->jobs; i++) {
        sum.operations += counts[i].operations;
        sum.cuts += counts[i].cuts;
        sum.torn += counts[i].torn;
        sum.boots += counts[i].boots;
        sum.completed += counts[i].completed;
        sum.given_up += counts[i].given_up;
    }
    printf("power cuts, %s geometry, %s: %" PRIu64 " operations, %" PRIu64 " cuts (%" PRIu64 " in the middle), %" PRIu64
           " boots, %" PRIu64 " updates completed, %" PRIu64 " taken back and completed later, 0 bricked\n",
           options->full ? "full" : "reduced",
           options->random > 0 ? "random runs"
           : options->deep     ? "two deep"
                               : "one deep",
           sum.operations, sum.cuts, sum.torn, sum.boots, sum.completed, sum.given_up);
}

static const char help[] =
    "usage: power-campaign [--geometry small|full] [--deep] [--every N] [--tears N] [--jobs N]\n"
    "       power-campaign --random RUNS [--seed N] [--geometry small|full] [--jobs N]\n"
    "Cuts power at every flash operation of an update; or RUNS updates up to ten times each, anywhere. With --deep\n"
    "and --random a signature that was found valid is not computed again.\n"
    "  --deep      cuts what recovers from each cut as well\n"
    "  --every N   cuts only every Nth operation of the first run (1)\n"
    "  --tears N   ways in which the middle of an operation is torn (2)\n"
    "  --jobs N    processes (1)\n";

static bool number(const char *text, uint64_t least, uint64_t *out) {
    char *end;
    errno = 0;
    unsigned long long value = strtoull(text, &end, 10);
    *out = value;
    return errno == 0 && end != text && *end == '\0' && value >= least;
}

static bool parse(int argc, char **argv, settings *out) {
    static const struct option names[] = {
        {"geometry", required_argument, NULL, 'g'}, {"deep", no_argument, NULL, 'd'},
        {"every", required_argument, NULL, 'e'},    {"tears", required_argument, NULL, 't'},
        {"random", required_argument, NULL, 'r'},   {"seed", required_argument, NULL, 's'},
        {"jobs", required_argument, NULL, 'j'},     {NULL, 0, NULL, 0}};
    uint64_t jobs = 1;
    bool ok = true;
    *out = (settings){.every = 1, .tears = 2, .seed = 1};
    for (int name; ok && (name = getopt_long(argc, argv, "", names, NULL)) != -1;) {
        switch (name) {
        case 'g':
            out->full = strcmp(optarg, "full") == 0;
            ok = out->full || strcmp(optarg, "small") == 0;
            break;
        case 'd':
            out->deep = true;
            break;
        case 'e':
            ok = number(optarg, 1, &out->every);
            break;
        case 't':
            ok = number(optarg, 0, &out->tears);
            break;
        case 'r':
            ok = number(optarg, 1, &out->random);
            break;
        case 's':
            ok = number(optarg, 0, &out->seed);
            break;
        case 'j':
            ok = number(optarg, 1, &jobs) && jobs <= JOBS_MAX;
            break;
        default:
            ok = false;
            break;
        }
    }
    out->jobs = (unsigned)jobs;
    return ok && optind == argc;
}

int main(int argc, char **argv) {
    settings options;
    if (!parse(argc, argv, &options)) {
        fputs(help, stderr);
        return 2;
    }
    tally *counts = mmap(NULL, JOBS_MAX * sizeof *counts, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (counts == MAP_FAILED) {
        perror("power-campaign");
        return 1;
    }
    bool ok = run_jobs(&options, counts);
    if (ok) {
        print(&options, counts);
    }
    return ok ? 0 : 1;
}
