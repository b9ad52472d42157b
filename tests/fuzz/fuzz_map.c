/* SPDX-License-Identifier: Apache-2.0 */
/* The repository map, and the choice of what to believe of one image. */
#include "fuzz.h"
#include "lampyr/mapping.h"

#include <string.h>

/* Every name is text that can be a folder, and every entry can be satisfied by image repositories. */
static void check_map(const lp_map *map) {
    FUZZ_CHECK(map->count > 0 && map->count <= LP_MAP_REPOSITORIES);
    FUZZ_CHECK(map->entry_count > 0 && map->entry_count <= LP_MAP_ENTRIES);
    for (size_t i = 0; i < map->count; i++) {
        FUZZ_CHECK(map->names[i][0] != '.' && map->names[i][0] != '\0' && strchr(map->names[i], '/') == NULL);
        FUZZ_CHECK(strcmp(map->names[i], LP_MAP_DIRECTOR) != 0);
        FUZZ_CHECK(lp_json_count(map->urls[i]) > 0);
        for (size_t j = 0; j < i; j++) {
            FUZZ_CHECK(strcmp(map->names[i], map->names[j]) != 0);
        }
    }
    for (size_t i = 0; i < map->entry_count; i++) {
        const lp_map_entry *entry = &map->entries[i];
        uint32_t seen = 0;
        FUZZ_CHECK(entry->needed > 0 && entry->needed <= entry->count);
        for (size_t j = 0; j < entry->count; j++) {
            FUZZ_CHECK(entry->repositories[j] < map->count && !(seen >> entry->repositories[j] & 1));
            seen |= UINT32_C(1) << entry->repositories[j];
        }
    }
}

/* What a byte makes a repository say. */
static lp_map_answer answer(lp_choice *choice, uint8_t byte) {
    lp_error error = {.code = LP_UNREACHABLE};
    lp_target target = {.length_bytes = byte & 1, .hashes = {.has_sha256 = true}};
    switch (byte >> 6) {
    case 0:
        lp_choice_unsigned(choice);
        return LP_MAP_UNSIGNED;
    case 1:
        lp_choice_failed(choice, &error);
        return LP_MAP_FAILED;
    default:
        lp_choice_signed(choice, &target);
        return LP_MAP_SIGNED;
    }
}

/* What is believed was said by as many as some entry needs; and each is asked at most once. */
static void choose(const lp_map *map, fuzz_input *input) {
    lp_choice choice;
    lp_map_answer answers[LP_MAP_REPOSITORIES] = {LP_MAP_UNASKED};
    size_t at;
    lp_dialect dialect = (lp_dialect)(fuzz_byte(input) & 1);
    lp_choice_begin(&choice, map, dialect, lp_str_from("a/b.bin"));
    while (lp_choice_next(&choice, &at)) {
        FUZZ_CHECK(at < map->count && answers[at] == LP_MAP_UNASKED);
        answers[at] = answer(&choice, fuzz_byte(input));
    }
    FUZZ_CHECK((choice.error.code == LP_OK) == (choice.target != NULL));
    if (choice.target == NULL) {
        return;
    }
    bool enough = false;
    unsigned count = 0;
    for (size_t i = 0; i < LP_MAP_REPOSITORIES; i++) {
        if (choice.agreed >> i & 1) {
            FUZZ_CHECK(answers[i] == LP_MAP_SIGNED && choice.said[i].length_bytes == choice.target->length_bytes);
            count++;
        }
    }
    for (size_t i = 0; i < map->entry_count; i++) {
        enough |= count >= map->entries[i].needed;
    }
    FUZZ_CHECK(enough);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    fuzz_memory memory = {NULL};
    fuzz_input input = fuzz_begin(data, size);
    lp_slice text = fuzz_chunk(&input);
    lp_slice file = fuzz_copy(&memory, text.ptr, text.len);
    lp_map *map = fuzz_alloc(&memory, sizeof *map);
    lp_map_fault fault;
    lp_code code = lp_map_read(file, fuzz_enough(&memory, file.len), map, &fault);
    if (code == LP_OK) {
        check_map(map);
        choose(map, &input);
    } else {
        FUZZ_CHECK(fault.entry <= LP_MAP_ENTRIES);
    }
    fuzz_release(&memory);
    return 0;
}
