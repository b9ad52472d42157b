/* SPDX-License-Identifier: Apache-2.0 */
/* Which of several image repositories to believe of one image (TAP 4). */
#include "delegation.h"
#include "lampyr/mapping.h"
#include "lampyr/path.h"
#include "refusal.h"

#include <string.h>

/* Is the entry for the image? */
static bool applies(const lp_choice *c, const lp_map_entry *entry) {
    lp_json_iter iter = lp_json_iterate(entry->paths);
    char pattern[LP_NAME_BYTES];
    lp_json value;
    lp_str text;
    while (lp_json_next(&iter, NULL, &value)) {
        if (lp_json_string(value, &text) == LP_OK && lp_str_copy(text, pattern, sizeof pattern, NULL) == LP_OK &&
            (strcmp(pattern, "*") == 0 || lp_path_match(c->dialect, pattern, c->image))) {
            return true;
        }
    }
    return false;
}

/* How many repositories of the entry gave that answer. */
static unsigned count_answers(const lp_choice *c, const lp_map_entry *entry, lp_map_answer answer) {
    unsigned count = 0;
    for (unsigned i = 0; i < entry->count; i++) {
        count += c->answers[entry->repositories[i]] == answer;
    }
    return count;
}

/* The first repository of the entry that gave that answer, or its last one. */
static size_t first_with(const lp_choice *c, const lp_map_entry *entry, lp_map_answer answer) {
    unsigned i = 0;
    while (i + 1U < entry->count && c->answers[entry->repositories[i]] != answer) {
        i++;
    }
    return entry->repositories[i];
}

/* The repositories of the entry that say what the repository `at` says; one bit for each. */
static uint32_t agreeing(const lp_choice *c, const lp_map_entry *entry, size_t at, unsigned *count) {
    uint8_t signers[LP_MAP_REPOSITORIES];
    size_t signer_count = 0;
    for (unsigned i = 0; i < entry->count; i++) {
        if (c->answers[entry->repositories[i]] == LP_MAP_SIGNED) {
            signers[signer_count++] = entry->repositories[i];
        }
    }
    return lp_targets_agreeing(c->said, signers, signer_count, at, count);
}

/* Step 3: are there enough that agree? Then the choice is made. */
static bool is_agreed(lp_choice *c, const lp_map_entry *entry) {
    for (unsigned i = 0; i < entry->count; i++) {
        size_t at = entry->repositories[i];
        unsigned count;
        if (c->answers[at] != LP_MAP_SIGNED) {
            continue;
        }
        uint32_t bits = agreeing(c, entry, at, &count);
        if (!LP_REFUSAL(4402, count < entry->needed)) {
            c->target = &c->said[at];
            c->agreed = bits;
            c->error = (lp_error){.code = LP_OK}; /* of entries before this one */
            return true;
        }
    }
    return false;
}

static const char *name_of(const lp_choice *c, size_t at) {
    return c->map->names[at][0] != '\0' ? c->map->names[at] : NULL;
}

static void blame(lp_choice *c, lp_code code, const char *repository) {
    c->error = (lp_error){.code = code,
                          .repo = LP_REPO_IMAGE,
                          .role = LP_ROLE_TARGETS,
                          .subject = c->name,
                          .repository = repository,
                          .clause = LP_CLAUSE("Uptane 2.1.0, 5.4.4.2 step 10.1")};
}

/* The first repository that contradicts one before it; the first that signs the image if none does. */
static size_t first_contradiction(const lp_choice *c, const lp_map_entry *entry) {
    uint32_t before = 0;
    for (unsigned i = 0; i < entry->count; i++) {
        size_t at = entry->repositories[i];
        if (c->answers[at] == LP_MAP_SIGNED && !lp_target_agrees(c->said, before, at)) {
            return at;
        }
        before |= c->answers[at] == LP_MAP_SIGNED ? UINT32_C(1) << at : 0;
    }
    return first_with(c, entry, LP_MAP_SIGNED);
}

/* All repositories of the entry have answered, and not enough agree. True if later entries may be looked at. */
static bool may_go_on(lp_choice *c, const lp_map_entry *entry) {
    unsigned signers = count_answers(c, entry, LP_MAP_SIGNED);
    unsigned failures = count_answers(c, entry, LP_MAP_FAILED);
    if (LP_REFUSAL(4403, failures > 0 && signers + failures >= entry->needed)) {
        size_t at = first_with(c, entry, LP_MAP_FAILED);
        c->error = c->failures[at];
        c->error.repository = name_of(c, at);
        return false;
    }
    if (LP_REFUSAL(4404, signers >= entry->needed && c->error.code != LP_TARGET_MISMATCH)) {
        blame(c, LP_TARGET_MISMATCH, name_of(c, first_contradiction(c, entry)));
    } else if (LP_REFUSAL(4405, c->error.code == LP_OK)) {
        blame(c, LP_TARGET_NOT_FOUND, name_of(c, first_with(c, entry, LP_MAP_UNSIGNED)));
    }
    return !LP_REFUSAL(4406, entry->terminating);
}

/* Asks the next repository of the entry that was not asked yet; false if there is none. */
static bool ask_next(lp_choice *c, const lp_map_entry *entry) {
    size_t at = first_with(c, entry, LP_MAP_UNASKED);
    c->asked = at;
    return c->answers[at] == LP_MAP_UNASKED;
}

/* Takes the first entry for the image, from the one at hand on. */
static bool find_entry(lp_choice *c) {
    while (c->entry < c->map->entry_count && LP_REFUSAL(4407, !applies(c, &c->map->entries[c->entry]))) {
        c->entry++;
    }
    return c->entry < c->map->entry_count;
}

/* Goes to the next repository to ask, or to the end. */
static void go_on(lp_choice *c) {
    while (c->entry < c->map->entry_count) {
        const lp_map_entry *entry = &c->map->entries[c->entry];
        if (is_agreed(c, entry)) {
            break;
        }
        if (ask_next(c, entry)) {
            return;
        }
        if (!may_go_on(c, entry)) {
            break;
        }
        c->entry++;
        (void)find_entry(c);
    }
    c->over = true;
}

void lp_choice_begin(lp_choice *c, const lp_map *map, lp_dialect dialect, lp_str image) {
    memset(c, 0, sizeof *c);
    c->map = map;
    c->dialect = dialect;
    c->name = image;
    lp_code code = lp_str_copy(image, c->image, sizeof c->image, NULL);
    if (LP_REFUSAL(4408, code != LP_OK || !find_entry(c))) {
        blame(c, code != LP_OK ? code : LP_TARGET_NOT_FOUND, NULL);
        c->over = true;
        return;
    }
    go_on(c);
}

bool lp_choice_next(const lp_choice *c, size_t *repository) {
    *repository = c->asked;
    return !c->over;
}

static void take(lp_choice *c, lp_map_answer answer) {
    c->answers[c->asked] = answer;
    go_on(c);
}

void lp_choice_signed(lp_choice *c, const lp_target *target) {
    c->said[c->asked] = *target;
    take(c, LP_MAP_SIGNED);
}

void lp_choice_unsigned(lp_choice *c) {
    take(c, LP_MAP_UNSIGNED);
}

void lp_choice_failed(lp_choice *c, const lp_error *error) {
    c->failures[c->asked] = *error;
    take(c, LP_MAP_FAILED);
}
