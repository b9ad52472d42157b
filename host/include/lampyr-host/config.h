/* SPDX-License-Identifier: Apache-2.0 */
/* Strict configuration: `key = value` lines with `#` comments, a file and its `.d` folder
 * (`primary.conf`, then `primary.conf.d/` files `*.conf` in name order; later values win). */
#ifndef LAMPYR_HOST_CONFIG_H
#define LAMPYR_HOST_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum lp_config_type {
    LP_CONFIG_TEXT,   /* char array of `bytes` bytes */
    LP_CONFIG_PATH,   /* the same; relative paths count from the folder of the main file */
    LP_CONFIG_UINT,   /* uint64_t, between `min` and `max` */
    LP_CONFIG_BOOL,   /* bool: yes or no */
    LP_CONFIG_CHOICE, /* int: index into `choices` */
} lp_config_type;

/* One key that is known. A table ends with a NULL name. */
typedef struct lp_config_key {
    const char *name;
    lp_config_type type;
    void *value; /* preset by the caller to the default */
    size_t bytes;
    uint64_t min, max;
    const char *const *choices; /* NULL-terminated */
    bool required;
    bool set; /* out */
} lp_config_key;

/* Rows of a table whose keys are called like the fields of the struct at `s` that they fill. */
#define LP_CONFIG_TEXT_KEY(s, field, needed)                                                                           \
    { .name = #field, .type = LP_CONFIG_TEXT, .value = (s)->field, .bytes = sizeof(s)->field, .required = (needed) }
#define LP_CONFIG_PATH_KEY(s, field, needed)                                                                           \
    { .name = #field, .type = LP_CONFIG_PATH, .value = (s)->field, .bytes = sizeof(s)->field, .required = (needed) }
#define LP_CONFIG_CHOICE_KEY(s, field, list)                                                                           \
    { .name = #field, .type = LP_CONFIG_CHOICE, .value = &(s)->field, .choices = (list) }
#define LP_CONFIG_UINT_KEY(s, field, low, high)                                                                        \
    { .name = #field, .type = LP_CONFIG_UINT, .value = &(s)->field, .min = (low), .max = (high) }

/* Reads `path` and its `.d` folder into `keys`. On failure one line stands in `message`, naming file, line and
 * key: cannot read, not a `key = value` line, unknown key, key twice in one file, wrong type or range,
 * required key missing. */
bool lp_config_read(const char *path, lp_config_key *keys, char *message, size_t message_bytes);

#endif
