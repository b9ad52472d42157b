/* SPDX-License-Identifier: Apache-2.0 */
/* Small JSON files of the state folder. Failures are told here, once: what and where. */
#ifndef LAMPYR_SECONDARY_STATE_FILE_H
#define LAMPYR_SECONDARY_STATE_FILE_H

#include "lampyr-secondary/port.h"

#include <jansson.h>

/* Loads `<folder>/<name>` as an object. `*out` is a new reference, or NULL if there is no such file. False if it
 * cannot be read or is no JSON object. */
bool lp_state_load(const char *folder, const char *name, json_t **out);

/* Replaces `<folder>/<name>` by `object`, atomically and durably, and takes over the reference. A NULL object is
 * a failure: memory was short. */
bool lp_state_save(const char *folder, const char *name, json_t *object);

/* Says that the file's content makes no sense; always false. */
bool lp_state_damaged(const char *folder, const char *name);

/* Members of state files. Readers are false if the member is missing or of another form; writers return a new
 * reference, or NULL. */
json_t *lp_state_hex(const uint8_t *bytes, size_t len);
bool lp_state_get_hex(const json_t *object, const char *key, uint8_t *out, size_t len);
bool lp_state_get_uint(const json_t *object, const char *key, uint64_t *out);
bool lp_state_get_text(const json_t *object, const char *key, char *out, size_t out_bytes);
/* Index into `choices` (NULL-terminated). */
bool lp_state_get_choice(const json_t *object, const char *key, const char *const *choices, unsigned *out);

#endif
