/* SPDX-License-Identifier: Apache-2.0 */
/* The repository map: which image repositories must agree on which images (Uptane 2.1.0, 5.2.6; TAP 4).
 *
 * The map is the verifier's own, part of its provisioning: no repository can change it. lp_map_read() reads the file,
 * an lp_choice asks one image repository after the other for an image until enough of them say the same. The director
 * is no part of that: what it orders must in any case be what they agreed on (uptane.h). */
#ifndef LAMPYR_MAPPING_H
#define LAMPYR_MAPPING_H

#include "lampyr/role.h"

/* The name under which a map may list the director. */
#define LP_MAP_DIRECTOR "director"

/* One entry of `mapping`. */
typedef struct lp_map_entry {
    lp_json paths;                             /* patterns, as in delegations; "*" alone is every image */
    uint8_t repositories[LP_MAP_REPOSITORIES]; /* places of the image repositories, in the order of the entry */
    uint8_t count;
    uint8_t needed;   /* how many of them must agree: the threshold, less one if the director is listed too */
    bool terminating; /* no later entry is looked at for an image that this one is for */
} lp_map_entry;

/* A map that was read. Text points into the file. */
typedef struct lp_map {
    size_t count;                                       /* image repositories, in the order of the file */
    char names[LP_MAP_REPOSITORIES][LP_MAP_NAME_BYTES]; /* letters, digits, '-', '_' and '.', not in front */
    lp_json urls[LP_MAP_REPOSITORIES];                  /* arrays of strings */
    lp_json director_urls;                              /* or absent */
    size_t entry_count;
    lp_map_entry entries[LP_MAP_ENTRIES];
} lp_map;

/* The basic case: one image repository, without a name, for all images. */
extern const lp_map lp_map_basic;

/* Where a map is wrong. */
typedef struct lp_map_fault {
    size_t entry;   /* the entry of `mapping`, counted from 1; 0: elsewhere */
    lp_str subject; /* the member or text that is wrong, JSON-escaped, or empty */
} lp_map_fault;

/* Reads a map (docs/POUF.md, "Repository map"). `file` must outlive `out`. On failure `*fault` says where.
 * - LP_LIMIT_FILE above LP_MAP_BYTES, and the codes of lp_json_check(): LP_JSON_DUPLICATE_KEY for two repositories of
 *   one name;
 * - LP_FIELD_MISSING, LP_FIELD_TYPE; LP_FIELD_VALUE for an unknown member, and for what is empty: a list, a URL;
 * - LP_NAME_UNSAFE: a name of a repository with other characters than above, or a path that no image can have;
 * - LP_NAME_UNKNOWN, LP_NAME_REPEATED: a repository in an entry;
 * - LP_THRESHOLD_INVALID: a threshold below 1 or above the number of the entry's repositories, or one that the director
 *   could reach alone;
 * - LP_LIMIT_RECORD: more repositories, URLs, entries or paths than limits.h allows; LP_LIMIT_STRING. */
lp_code lp_map_read(lp_slice file, lp_scratch scratch, lp_map *out, lp_map_fault *fault);

/* What one image repository answered. */
typedef enum lp_map_answer {
    LP_MAP_UNASKED = 0,
    LP_MAP_SIGNED,   /* it signs the image */
    LP_MAP_UNSIGNED, /* it is good, and does not */
    LP_MAP_FAILED,   /* it could not be verified or reached */
} lp_map_answer;

/* The choice of what to believe of one image (TAP 4, "Searching for Files on Multiple Repositories"). Fields are
 * private but for what it came to. */
typedef struct lp_choice {
    const lp_map *map;
    lp_dialect dialect;
    lp_str name;               /* of the image */
    char image[LP_NAME_BYTES]; /* the same, unescaped */
    size_t entry;
    size_t asked;
    bool over;
    lp_map_answer answers[LP_MAP_REPOSITORIES];
    lp_target said[LP_MAP_REPOSITORIES];
    lp_error failures[LP_MAP_REPOSITORIES];
    /* When it is over: */
    lp_error error;          /* LP_OK: `target` is what the map's repositories say */
    const lp_target *target; /* of the first of those that agree; points into this struct */
    uint32_t agreed;         /* bit i: repository i is one of them */
} lp_choice;

/* Starts the choice for `image`. `map` must outlive it; the struct must not be moved. */
void lp_choice_begin(lp_choice *choice, const lp_map *map, lp_dialect dialect, lp_str image);

/* True while a repository, `*repository` by its place in the map, is to be asked what it says of the image; answer with
 * exactly one of the calls below. False when the choice is over.
 *
 * The first entry that is for the image is taken, and its repositories are asked in order until `needed` of them agree
 * on length, hashes, release counter, hardware identifiers, must-match fields and on whether it is encrypted. If they
 * do not, the next entry that is for the image is taken, unless this one is terminating, or repositories failed that
 * could have made up the number: whoever can stop the traffic of a repository must not thereby choose who is believed
 * instead of it. Each repository is asked once for an image.
 *
 * It ends with
 * - LP_OK;
 * - the failure of the first repository that could have made up the number;
 * - LP_TARGET_MISMATCH if as many as needed sign the image, in some entry, but do not agree; `error.repository` is the
 *   first to contradict one before it;
 * - else LP_TARGET_NOT_FOUND; `error.repository` is the first that does not sign the image, or none if no entry is for
 *   it. */
bool lp_choice_next(const lp_choice *choice, size_t *repository);

/* The repository that is asked signs the image as `target`, which is copied. */
void lp_choice_signed(lp_choice *choice, const lp_target *target);
/* It is verified, and does not sign the image. */
void lp_choice_unsigned(lp_choice *choice);
/* It could not be reached or verified. `error` is copied; its subject must stay valid until the choice is over. */
void lp_choice_failed(lp_choice *choice, const lp_error *error);

#endif
