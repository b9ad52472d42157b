/* SPDX-License-Identifier: Apache-2.0 */
#include "fuzz.h"

#include <string.h>

typedef struct fuzz_block {
    struct fuzz_block *next;
    void *bytes;
} fuzz_block;

void *fuzz_alloc(fuzz_memory *memory, size_t bytes) {
    fuzz_block *block = malloc(sizeof *block);
    FUZZ_CHECK(block != NULL);
    block->bytes = malloc(bytes);
    FUZZ_CHECK(block->bytes != NULL);
    block->next = memory->blocks;
    memory->blocks = block;
    return block->bytes;
}

lp_slice fuzz_copy(fuzz_memory *memory, const void *bytes, size_t len) {
    uint8_t *copy = fuzz_alloc(memory, len);
    if (len > 0) {
        memcpy(copy, bytes, len);
    }
    return (lp_slice){copy, len};
}

lp_scratch fuzz_scratch(fuzz_memory *memory, size_t bytes) {
    return (lp_scratch){fuzz_alloc(memory, bytes), bytes};
}

lp_scratch fuzz_enough(fuzz_memory *memory, size_t len) {
    return fuzz_scratch(memory, lp_json_scratch_bytes(len));
}

void fuzz_release(fuzz_memory *memory) {
    while (memory->blocks != NULL) {
        fuzz_block *block = memory->blocks;
        memory->blocks = block->next;
        free(block->bytes);
        free(block);
    }
}

fuzz_input fuzz_begin(const uint8_t *data, size_t size) {
    return size > 0 ? (fuzz_input){data, data + size} : (fuzz_input){NULL, NULL};
}

uint8_t fuzz_peek(const fuzz_input *input) {
    return input->pos < input->end ? *input->pos : 0;
}

uint8_t fuzz_byte(fuzz_input *input) {
    return input->pos < input->end ? *input->pos++ : 0;
}

lp_slice fuzz_rest(fuzz_input *input) {
    lp_slice rest = {input->pos, (size_t)(input->end - input->pos)};
    input->pos = input->end;
    return rest;
}

lp_slice fuzz_chunk(fuzz_input *input) {
    size_t left = (size_t)(input->end - input->pos);
    const uint8_t *mark = left > 0 ? memchr(input->pos, 0xff, left) : NULL;
    if (mark == NULL) {
        return fuzz_rest(input);
    }
    lp_slice chunk = {input->pos, (size_t)(mark - input->pos)};
    input->pos = mark + 1;
    return chunk;
}

const lp_limits fuzz_limits = {
    .root_bytes = 16 * 1024,
    .timestamp_bytes = 4 * 1024,
    .time_bytes = 4 * 1024,
    .snapshot_bytes = 16 * 1024,
    .targets_bytes = 16 * 1024,
    .image_bytes = 1 << 20,
    .root_rotations = 3,
    .json_depth = 16,
    .keys = 8,
    .signatures = 8,
    .delegations = 12,
    .delegation_depth = 4,
    .ecus = 8,
};
