/* SPDX-License-Identifier: Apache-2.0 */
/* Shared by the files of this library only. */
#ifndef LAMPYR_REPO_INTERNAL_H
#define LAMPYR_REPO_INTERNAL_H

#include "lampyr-repo/edit.h"
#include "lampyr-repo/workspace.h"

enum { LPR_DOCUMENT_BYTES = 512 * 1024 * 1024 }; /* largest JSON file: targets of the gateway profile */

/* Fills `error` and returns false. */
bool lpr_fail(lpr_error *error, lpr_failure kind, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* "<path>: <what errno says>" */
bool lpr_fail_errno(lpr_error *error, lpr_failure kind, const char *path);

/* `<folder>/<name>`, as snprintf() would format `name`. LPR_USAGE if it is too long. */
bool lpr_path(char out[LP_PATH_BYTES], lpr_error *error, const char *folder, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* Reads a JSON object; a new reference. LPR_STATE if it cannot be read or is none. */
bool lpr_json_read(const char *path, json_t **out, lpr_error *error);
/* Writes it for people: indented, keys sorted. LPR_STATE. */
bool lpr_json_write(const char *path, const json_t *document, lpr_error *error);

/* Maps a regular file; lpr_unmap() it. `kind` is the failure. An empty file is {NULL, 0}. */
bool lpr_map(const char *path, lp_slice *out, lpr_failure kind, lpr_error *error);
void lpr_unmap(lp_slice bytes);

/* {"hashes":{"sha256":...},"length":n} of these bytes; a new reference. */
json_t *lpr_file_info(lp_slice bytes);

/* The key object in the spelling of `dialect`; a new reference. */
json_t *lpr_key_object(const lp_public_key *key, lp_dialect dialect);

/* The list as a JSON array of strings; a new reference. */
json_t *lpr_array(lpr_list list);
bool lpr_array_has(const json_t *array, const char *text);

/* Checks a name that metadata, files or URLs will carry. `what` is for the message, e.g. "image name". */
bool lpr_name_check(const char *what, const char *name, bool slash_allowed, size_t max_bytes, lpr_error *error);

/* The record {"keys":[labels],"threshold":n} of a top-level or delegated role, borrowed; NULL if none. */
json_t *lpr_role_find(const lpr_workspace *ws, const char *role);

/* Borrowed; NULL if there is no such delegation. */
json_t *lpr_delegation_find(const lpr_workspace *ws, const char *role);

/* Makes `count` key files for `role` and enters them in the state; their labels are a new array. */
bool lpr_keys_make(lpr_workspace *ws, const char *role, lp_scheme scheme, size_t count, json_t **labels,
                   lpr_error *error);

/* The image in `role`, or in the first role that has it (`*role` NULL); borrowed, NULL if none. */
json_t *lpr_image_find(const lpr_workspace *ws, const char *name, const char **role);

/* A vehicle of a director. */
typedef struct lpr_vehicle {
    char folder[LP_PATH_BYTES];
    json_t *inventory;   /* ecus.json */
    json_t *assignments; /* serial to {"hashes","image","length","releaseCounter"} */
} lpr_vehicle;

bool lpr_vehicle_open(const lpr_workspace *ws, const char *vehicle, lpr_vehicle *out, lpr_error *error);
void lpr_vehicle_close(lpr_vehicle *vehicle);
/* The ECU {"hardware","key","serial"} with this serial, borrowed; NULL if none. */
json_t *lpr_vehicle_ecu(const lpr_vehicle *vehicle, const char *serial);
/* Names of all vehicles as a sorted array; a new reference. */
bool lpr_vehicle_names(const lpr_workspace *ws, json_t **out, lpr_error *error);

/* What a role's file says apart from version and expiry; new references. */
json_t *lpr_content_root(const lpr_workspace *ws);
json_t *lpr_content_targets(const lpr_workspace *ws, const char *role);
bool lpr_content_vehicle(const lpr_workspace *ws, const char *name, const lpr_vehicle *vehicle, json_t **out,
                         lpr_error *error);
/* Timestamp or snapshot over `meta`, which is taken over. */
json_t *lpr_content_meta(const lpr_workspace *ws, lp_role role, json_t *meta);

/* File names (and labels) of a role inside the workspace: its percent-encoded name. */
bool lpr_role_quote(const char *role, char out[LP_PATH_BYTES], lpr_error *error);

#endif
