/* SPDX-License-Identifier: Apache-2.0 */
/* Reading the repository map (Uptane 2.1.0, 5.2.6; TAP 4). */
#include "lampyr/mapping.h"
#include "lampyr/path.h"
#include "refusal.h"

#include <string.h>

enum { DEPTH = 8 }; /* levels of JSON: a map has five */

static const char every_image[] = "[\"*\"]";

const lp_map lp_map_basic = {
    .count = 1,
    .entry_count = 1,
    .entries = {{.paths = {every_image, sizeof every_image - 1}, .count = 1, .needed = 1, .terminating = true}},
};

/* Finds the members of an object, which must be exactly these. */
static lp_code read_members(lp_json object, lp_json_field *fields, size_t count, lp_map_fault *fault) {
    lp_json_iter iter = lp_json_iterate(object);
    lp_str name;
    lp_json value;
    if (LP_REFUSAL(4501, !lp_json_is_object(object))) {
        return LP_FIELD_TYPE;
    }
    while (lp_json_next(&iter, &name, &value)) {
        size_t i = 0;
        while (i < count && !lp_str_is(name, fields[i].name)) {
            i++;
        }
        if (LP_REFUSAL(4502, i == count)) {
            fault->subject = name;
            return LP_FIELD_VALUE; /* a misspelt one must not go unnoticed */
        }
        fields[i].value = value;
    }
    for (size_t i = 0; i < count; i++) {
        if (LP_REFUSAL(4503, fields[i].value.ptr == NULL)) {
            fault->subject = lp_str_from(fields[i].name);
            return LP_FIELD_MISSING;
        }
    }
    return LP_OK;
}

/* A list with one element at least, and at most `max`. */
static lp_code check_list(lp_json list, size_t max) {
    if (LP_REFUSAL(4504, !lp_json_is_array(list))) {
        return LP_FIELD_TYPE;
    }
    size_t count = lp_json_count(list);
    return LP_REFUSAL(4505, count == 0) ? LP_FIELD_VALUE : LP_REFUSAL(4506, count > max) ? LP_LIMIT_RECORD : LP_OK;
}

/* An element of a list, as text. */
static lp_code read_text(lp_json value, char *out, size_t out_bytes, lp_map_fault *fault) {
    lp_str text;
    lp_code code = lp_json_string(value, &text);
    if (code == LP_OK) {
        fault->subject = text;
        code = lp_str_copy(text, out, out_bytes, NULL);
    }
    return code == LP_OK && LP_REFUSAL(4507, out[0] == '\0') ? LP_FIELD_VALUE : code;
}

/* --- repositories --- */

/* Names become names of folders and files, and stand in messages. */
static bool is_name(const char *name) {
    static const char usual[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.";
    return name[0] != '\0' && name[0] != '.' && name[strspn(name, usual)] == '\0';
}

static lp_code check_urls(lp_json urls, lp_map_fault *fault) {
    char text[LP_MAP_URL_BYTES];
    lp_json_iter iter = lp_json_iterate(urls);
    lp_json url;
    lp_code code = check_list(urls, LP_MAP_URLS);
    while (code == LP_OK && lp_json_next(&iter, NULL, &url)) {
        code = read_text(url, text, sizeof text, fault);
    }
    return code;
}

static lp_code read_repositories(lp_map *map, lp_json repositories, lp_map_fault *fault) {
    lp_json_iter iter = lp_json_iterate(repositories);
    lp_str written;
    lp_json urls;
    if (LP_REFUSAL(4508, !lp_json_is_object(repositories))) {
        return LP_FIELD_TYPE;
    }
    while (lp_json_next(&iter, &written, &urls)) {
        char name[LP_MAP_NAME_BYTES];
        fault->subject = written;
        lp_code code = lp_str_copy(written, name, sizeof name, NULL);
        if (code == LP_OK && LP_REFUSAL(4509, !is_name(name))) {
            code = LP_NAME_UNSAFE;
        }
        if (code == LP_OK) {
            code = check_urls(urls, fault);
        }
        if (code != LP_OK) {
            return code;
        }
        if (strcmp(name, LP_MAP_DIRECTOR) == 0) {
            map->director_urls = urls;
            continue;
        }
        if (LP_REFUSAL(4510, map->count == LP_MAP_REPOSITORIES)) {
            return LP_LIMIT_RECORD;
        }
        map->urls[map->count] = urls;
        memcpy(map->names[map->count++], name, sizeof name);
    }
    return LP_OK;
}

/* --- mapping --- */

/* Patterns that no name of an image can match would leave their images to later entries. */
static lp_code check_paths(lp_json paths, lp_map_fault *fault) {
    char text[LP_NAME_BYTES];
    lp_json_iter iter = lp_json_iterate(paths);
    lp_json path;
    lp_code code = check_list(paths, LP_MAP_PATHS);
    while (code == LP_OK && lp_json_next(&iter, NULL, &path)) {
        code = read_text(path, text, sizeof text, fault);
        if (code == LP_OK && LP_REFUSAL(4511, !lp_name_safe(text))) {
            code = LP_NAME_UNSAFE;
        }
    }
    return code;
}

/* Adds the repository of that name to the entry, or notes that it is the director. */
static lp_code add_repository(const lp_map *map, const char *name, lp_map_entry *entry, bool *director) {
    if (strcmp(name, LP_MAP_DIRECTOR) == 0) {
        bool again = *director;
        *director = true;
        return LP_REFUSAL(4512, again) ? LP_NAME_REPEATED : LP_OK;
    }
    size_t at = 0;
    while (at < map->count && strcmp(map->names[at], name) != 0) {
        at++;
    }
    if (LP_REFUSAL(4513, at == map->count)) {
        return LP_NAME_UNKNOWN;
    }
    if (LP_REFUSAL(4514, memchr(entry->repositories, (int)at, entry->count) != NULL)) {
        return LP_NAME_REPEATED;
    }
    entry->repositories[entry->count++] = (uint8_t)at;
    return LP_OK;
}

/* The repositories of an entry, and how many image repositories must agree. The director's word is needed in any case:
 * where the entry lists it, it is one of the threshold, and may not be all of it. */
static lp_code read_voters(const lp_map *map, lp_json names, lp_json threshold, lp_map_entry *entry,
                           lp_map_fault *fault) {
    char text[LP_MAP_NAME_BYTES];
    lp_json_iter iter = lp_json_iterate(names);
    lp_json name;
    bool director = false;
    uint64_t needed = 0;
    fault->subject = lp_str_from("repositories");
    lp_code code = check_list(names, LP_MAP_REPOSITORIES + 1);
    while (code == LP_OK && lp_json_next(&iter, NULL, &name)) {
        code = read_text(name, text, sizeof text, fault);
        if (code == LP_OK) {
            code = add_repository(map, text, entry, &director);
        }
    }
    if (code != LP_OK) {
        return code;
    }
    fault->subject = lp_str_from("threshold");
    code = lp_json_uint(threshold, &needed);
    if (code == LP_OK && LP_REFUSAL(4515, needed <= director || needed - director > entry->count)) {
        code = LP_THRESHOLD_INVALID;
    }
    entry->needed = (uint8_t)(needed - director);
    return code;
}

static lp_code read_entry(lp_map *map, lp_json value, lp_map_fault *fault) {
    lp_json_field fields[] = {
        {.name = "paths"}, {.name = "repositories"}, {.name = "threshold"}, {.name = "terminating"}};
    lp_map_entry *entry = &map->entries[map->entry_count];
    fault->subject = (lp_str){NULL, 0};
    lp_code code = read_members(value, fields, sizeof fields / sizeof *fields, fault);
    if (code == LP_OK) {
        fault->subject = lp_str_from("paths");
        code = check_paths(fields[0].value, fault);
    }
    if (code == LP_OK) {
        code = read_voters(map, fields[1].value, fields[2].value, entry, fault);
    }
    if (code == LP_OK) {
        fault->subject = lp_str_from("terminating");
        code = lp_json_bool(fields[3].value, &entry->terminating);
    }
    entry->paths = fields[0].value;
    map->entry_count += code == LP_OK;
    return code;
}

static lp_code read_mapping(lp_map *map, lp_json mapping, lp_map_fault *fault) {
    lp_json_iter iter = lp_json_iterate(mapping);
    lp_json value;
    lp_code code = check_list(mapping, LP_MAP_ENTRIES);
    while (code == LP_OK && lp_json_next(&iter, NULL, &value)) {
        fault->entry = map->entry_count + 1;
        code = read_entry(map, value, fault);
    }
    return code;
}

lp_code lp_map_read(lp_slice file, lp_scratch scratch, lp_map *out, lp_map_fault *fault) {
    lp_json_field fields[] = {{.name = "repositories"}, {.name = "mapping"}};
    lp_json document;
    *fault = (lp_map_fault){.entry = 0};
    if (LP_REFUSAL(4516, file.len > LP_MAP_BYTES)) {
        return LP_LIMIT_FILE;
    }
    lp_code code = lp_json_check(file, LP_JSON_SERVED, LP_DIALECT_TUF, DEPTH, scratch, &document, NULL);
    if (code == LP_OK) {
        code = read_members(document, fields, sizeof fields / sizeof *fields, fault);
    }
    if (code != LP_OK) {
        return code;
    }
    memset(out, 0, sizeof *out);
    fault->subject = lp_str_from("repositories");
    code = read_repositories(out, fields[0].value, fault);
    if (code == LP_OK) {
        fault->subject = lp_str_from("mapping");
        code = read_mapping(out, fields[1].value, fault);
    }
    return code;
}
