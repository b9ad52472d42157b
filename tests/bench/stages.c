/* SPDX-License-Identifier: Apache-2.0 */
/* bench-stages FOLDER IMAGE RUNS: what each stage of verifying FOLDER/1.targets.json and looking IMAGE up costs, in
 * milliseconds of CPU time, the median of RUNS; and the floor: what no verifier can do without. Prints one
 * "stage milliseconds" a line. With 0 runs, each stage runs once and nothing is timed, for instruments that count. */
#include "lampyr-host/files.h"
#include "lampyr-host/openssl.h"
#include "lampyr/role.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { MOST_RUNS = 101 };

typedef struct work {
    char path[LP_PATH_BYTES];
    lp_str image;
    lp_slice file;
    lp_hashes hashes;
    lp_scratch scratch;
    lp_role_keys keys;
    lp_signed doc;
    lp_trusted_targets targets;
    size_t quotes; /* so that the compiler keeps the pass that counts them */
} work;

static void die(const char *what) {
    fprintf(stderr, "bench-stages: %s\n", what);
    exit(1);
}

static lp_slice read_file(const char *path) {
    uint8_t *bytes;
    size_t len;
    if (!lp_file_read(path, lp_limits_gateway.targets_bytes, &bytes, &len)) {
        die("cannot read the file");
    }
    return (lp_slice){bytes, len};
}

/* --- stages: each does the same again when it is called again --- */

static void stage_read(work *w) {
    free((void *)w->file.ptr);
    w->file = read_file(w->path);
}

/* The snapshot's digest of the file. */
static void stage_digest(work *w) {
    if (lp_hashes_check(&lp_crypto_openssl, &w->hashes, w->file) != LP_OK) {
        die("the digest differs");
    }
}

/* Strict JSON, UTF-8, order of keys, canonical form: one pass. */
static void stage_scan(work *w) {
    if (lp_signed_parse(w->file, LP_ROLE_TARGETS, LP_JSON_SERVED, LP_DIALECT_TUF, &lp_limits_gateway, w->scratch,
                        &w->doc) != LP_OK) {
        die("the targets are malformed");
    }
}

/* An ed25519 signature is over the SHA-512 of the message, so this is a second hash of the file. */
static void stage_signature(work *w) {
    if (lp_signed_verify(&w->doc, &w->keys, &lp_crypto_openssl, &lp_limits_gateway, w->scratch) != LP_OK) {
        die("the signature is invalid");
    }
}

static void stage_lookup(work *w) {
    lp_target target;
    bool found = false;
    if (lp_targets_read(&w->doc, &w->targets) != LP_OK ||
        lp_targets_find(&w->targets, w->image, &found, &target) != LP_OK || !found) {
        die("the image is not found");
    }
}

static void floor_digest(work *w) {
    uint8_t digest[LP_SHA512_BYTES];
    (void)lp_digest(&lp_crypto_openssl, LP_SHA256, w->file, digest);
}

static void floor_signature(work *w) {
    uint8_t digest[LP_SHA512_BYTES];
    (void)lp_digest(&lp_crypto_openssl, LP_SHA512, w->file, digest);
}

/* From quote to quote, as fast as the C library can. */
static void floor_pass(work *w) {
    const uint8_t *end = w->file.ptr + w->file.len;
    const uint8_t *at = w->file.ptr;
    while ((at = memchr(at, '"', (size_t)(end - at))) != NULL) {
        w->quotes++;
        at++;
    }
}

typedef struct stage {
    const char *name;
    void (*run)(work *w);
} stage;

static const stage stages[] = {
    {"read", stage_read},
    {"digest", stage_digest},
    {"scan", stage_scan},
    {"signature", stage_signature},
    {"lookup", stage_lookup},
    {"floor:digest", floor_digest},
    {"floor:hash", floor_signature},
    {"floor:pass", floor_pass},
};
enum { STAGES = sizeof stages / sizeof *stages, VERIFIER_STAGES = 5 };

/* --- measuring --- */

static double cpu_ms(void) {
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static int ascending(const void *a, const void *b) {
    double x = *(const double *)a;
    double y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median_ms(const stage *s, work *w, int runs) {
    double ms[MOST_RUNS];
    for (int i = 0; i < runs; i++) {
        double start = cpu_ms();
        s->run(w);
        ms[i] = cpu_ms() - start;
    }
    qsort(ms, (size_t)runs, sizeof *ms, ascending);
    return ms[runs / 2];
}

/* The keys that root sets for targets; it points into the root, which is kept. */
static lp_role_keys targets_keys(const char *folder) {
    char path[LP_PATH_BYTES];
    lp_signed root;
    lp_role_keys keys;
    if (!lp_path_join(path, sizeof path, folder, "1.root.json") ||
        lp_signed_parse(read_file(path), LP_ROLE_ROOT, LP_JSON_SERVED, LP_DIALECT_TUF, &lp_limits_gateway,
                        (lp_scratch){NULL, 0}, &root) != LP_OK ||
        lp_root_role_keys(&root, LP_ROLE_TARGETS, &keys) != LP_OK) {
        die("the root is malformed");
    }
    return keys;
}

int main(int argc, char **argv) {
    static work w;
    int runs = argc == 4 ? atoi(argv[3]) : -1;
    if (runs < 0 || runs > MOST_RUNS || !lp_path_join(w.path, sizeof w.path, argv[1], "1.targets.json")) {
        die("usage: bench-stages FOLDER IMAGE RUNS");
    }
    w.image = lp_str_from(argv[2]);
    w.keys = targets_keys(argv[1]);
    w.file = read_file(w.path);
    w.scratch.bytes = lp_json_scratch_bytes(w.file.len);
    w.scratch.ptr = malloc(w.scratch.bytes);
    w.hashes.has_sha256 = lp_digest(&lp_crypto_openssl, LP_SHA256, w.file, w.hashes.sha256);
    if (w.scratch.ptr == NULL || !w.hashes.has_sha256) {
        die("out of memory");
    }
    for (int i = 0; i < (runs > 0 ? STAGES : VERIFIER_STAGES); i++) {
        if (runs == 0) {
            stages[i].run(&w);
        } else {
            printf("%s %.3f\n", stages[i].name, median_ms(&stages[i], &w, runs));
        }
    }
    return w.quotes > 0 || runs == 0 ? 0 : 1;
}
