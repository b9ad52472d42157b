/* SPDX-License-Identifier: Apache-2.0 */
/* A repository in memory that tests build well, and then break in one place.
 *
 * Each role's payload (the `signed` object) is a json_t that tests may edit before it is signed. References are
 * filled in from the files as they are served, so a file that is signed again without refreshing what refers to it
 * is a mix-and-match. */
#ifndef LAMPYR_TEST_REPOSITORY_H
#define LAMPYR_TEST_REPOSITORY_H

#include "files.h"
#include "lampyr-host/openssl.h"
#include "lampyr/role.h"

#include <jansson.h>

#define TEST_VEHICLE "vehicle-1"
#define TEST_EXPIRES "2030-01-01T00:00:00Z"
#define TEST_EXPIRED "2026-12-31T23:59:59Z"

enum { TEST_NOW = 1798761600 }; /* 2027-01-01T00:00:00Z */

typedef struct test_repo {
    lp_repo repo;
    lp_dialect dialect;
    bool serve_canonical;          /* files are the canonical form itself, for partial verifiers */
    lp_key keys[LP_ROLE_TIME + 1]; /* by role; one for all delegated roles */
    json_t *roles[LP_ROLE_TARGETS + 1];
    json_t *delegated; /* name to payload */
    test_files files;  /* what is served */
} test_repo;

/* Makes new ed25519 keys and a published repository: version 1 of each role, no images. Director targets carry
 * TEST_VEHICLE. */
void repo_make(test_repo *r, lp_repo repo, lp_dialect dialect);
void repo_free(test_repo *r);

/* Signs all but root, each file with what the one before it says, and serves them. */
void repo_publish(test_repo *r);

/* The same with the next version of targets, snapshot and timestamp. */
void repo_publish_next(test_repo *r);

/* The steps of repo_publish(). */
void repo_sign(test_repo *r, lp_role role); /* signs and serves one top-level role with its own key */
void repo_sign_as(test_repo *r, lp_role role, lp_role whose_key);
void repo_sign_delegated(test_repo *r, const char *name);
void repo_refer(test_repo *r, lp_role role); /* refreshes `meta` of snapshot or timestamp */

/* After an edit of the snapshot's payload: signs it, and a timestamp that fits. */
void repo_publish_snapshot(test_repo *r);

/* Names the key for signed time in root (docs/POUF.md, "Time"), and signs root again. */
void repo_sign_time(test_repo *r);

/* What snapshot or timestamp says of `file` ("targets.json"). */
json_t *repo_entry(const test_repo *r, lp_role role, const char *file);

/* Serves `payload` under `path` with signatures by `keys`. */
void repo_serve(test_repo *r, const char *path, const json_t *payload, const lp_key *const *keys, size_t count);

/* The path of a role's current file; `name` for delegated roles. Valid until the next call. */
const char *repo_path(const test_repo *r, lp_role role, const char *name);

/* Replaces the key of `role` in the next root; then repo_next_root() serves that root, signed by the root keys
 * before and after. `retired` (may be NULL) takes the old key and must be freed. */
void repo_change_key(test_repo *r, lp_role role, lp_key *retired);
void repo_next_root(test_repo *r, const lp_key *former_root_key);

/* Sets the keys and threshold of `role` in root's payload. */
void repo_set_keys(test_repo *r, const char *role, const lp_key *const *keys, size_t count, int threshold);

/* Adds keys and threshold to an object with `keys`, in the form of root's `roles` and of delegations. */
void add_key(const test_repo *r, json_t *keys, const lp_key *key);

/* Adds an image of `length` bytes, whose digest is that of its name; steals `custom` (may be NULL). */
void repo_add_image(json_t *targets, const char *name, int length, json_t *custom);

/* custom of an image: for the director and for the image repository. */
json_t *order_for(const char *serial, const char *hardware, int counter);
json_t *made_for(const char *hardware, int counter);

/* Makes an empty delegated role, and delegates `pattern` to it from `delegator` (a targets payload). Returns the
 * delegation, for more fields. */
json_t *repo_delegate(test_repo *r, json_t *delegator, const char *name, const char *pattern, bool terminating);

/* The payload of a delegated role. */
json_t *repo_role(const test_repo *r, const char *name);

/* An empty targets payload of the repository's dialect. */
json_t *repo_targets_payload(const test_repo *r);

void set_version(json_t *payload, int version);
int get_version(const json_t *payload);
/* Breaks a reference: adds to its length, or replaces its digest. */
void add_to_length(json_t *info, int bytes);
void change_hash(json_t *info);

void set_expires(json_t *payload, const char *expires);

#endif
