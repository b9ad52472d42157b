/* SPDX-License-Identifier: Apache-2.0 */
#include "coap_block.h"

#include <stdlib.h>
#include <string.h>

enum {
    BLOCK_SZX_MAX = 6,    /* 1024 bytes; 7 is reserved (RFC 7959, 2.2) */
    BLOCK_BYTES_MIN = 16, /* szx 0 */
};

bool lp_block_answer(const coap_pdu_t *request, coap_pdu_t *response, lp_slice body, const uint8_t *etag,
                     uint64_t block_bytes, lp_block_sent *sent) {
    unsigned szx = 0;
    while (szx < BLOCK_SZX_MAX && ((uint64_t)BLOCK_BYTES_MIN << (szx + 1)) <= block_bytes) {
        szx++;
    }
    coap_block_t block = {0, 0, 0};
    bool asked = coap_get_block(request, COAP_OPTION_BLOCK2, &block) != 0;
    size_t offset = (size_t)block.num << (block.szx + 4);
    if (asked && (block.szx > BLOCK_SZX_MAX || (offset != 0 && offset >= body.len))) {
        coap_pdu_set_code(response, COAP_RESPONSE_CODE_BAD_REQUEST);
        return false;
    }
    block.szx = (asked && block.szx < szx ? block.szx : szx) & 7U;
    block.num = (unsigned)(offset >> (block.szx + 4));
    bool several = body.len > (size_t)BLOCK_BYTES_MIN << block.szx;
    coap_pdu_set_code(response, COAP_RESPONSE_CODE_CONTENT);
    if ((several && coap_add_option(response, COAP_OPTION_ETAG, LP_ETAG_BYTES, etag) == 0) ||
        ((several || asked) && coap_write_block_opt(&block, COAP_OPTION_BLOCK2, response, body.len) != 1)) {
        coap_pdu_set_code(response, COAP_RESPONSE_CODE_INTERNAL_ERROR);
        return false;
    }
    size_t size = (size_t)BLOCK_BYTES_MIN << block.szx;
    size_t len = body.len - offset < size ? body.len - offset : size;
    if (len > 0 && coap_add_data(response, len, body.ptr + offset) == 0) {
        coap_pdu_set_code(response, COAP_RESPONSE_CODE_INTERNAL_ERROR);
        return false;
    }
    *sent = (lp_block_sent){offset, len};
    return true;
}

static void slot_free(lp_body_slot *slot) {
    free(slot->path);
    free(slot->bytes);
    *slot = (lp_body_slot){.path = NULL};
}

/* The slot of this peer and path; else, to start one, a free slot or the one idle for longest. */
static lp_body_slot *slot_find(lp_bodies *bodies, const coap_address_t *peer, const char *path, bool start) {
    lp_body_slot *oldest = &bodies->slots[0];
    for (size_t i = 0; i < LP_BODY_SLOTS; i++) {
        lp_body_slot *slot = &bodies->slots[i];
        if (slot->path != NULL && strcmp(slot->path, path) == 0 && coap_address_equals(&slot->peer, peer)) {
            return slot;
        }
        if (slot->path == NULL ? oldest->path != NULL : oldest->path != NULL && slot->used < oldest->used) {
            oldest = slot;
        }
    }
    if (!start) {
        return NULL;
    }
    slot_free(oldest);
    oldest->path = strdup(path);
    oldest->bytes = malloc(LP_BODY_BYTES);
    if (oldest->path == NULL || oldest->bytes == NULL) {
        slot_free(oldest);
        return NULL;
    }
    coap_address_copy(&oldest->peer, peer);
    return oldest;
}

/* One block of several. A block that was already taken (its answer was lost) changes nothing. */
static bool collect_block(lp_bodies *bodies, const coap_address_t *peer, const char *path, const coap_block_t *block,
                          lp_slice data, coap_pdu_t *response, lp_slice *body) {
    size_t offset = (size_t)block->num << (block->szx + 4);
    lp_body_slot *slot = slot_find(bodies, peer, path, offset == 0);
    if (offset + data.len > LP_BODY_BYTES) {
        if (slot != NULL) {
            slot_free(slot);
        }
        coap_pdu_set_code(response, COAP_RESPONSE_CODE_REQUEST_TOO_LARGE);
        return false;
    }
    if (slot != NULL && offset == 0) {
        slot->len = 0;
    }
    if (slot == NULL || offset > slot->len) {
        coap_pdu_set_code(response, COAP_RESPONSE_CODE_INCOMPLETE);
        return false;
    }
    memcpy(slot->bytes + offset, data.ptr, data.len);
    slot->len = offset + data.len;
    slot->used = ++bodies->requests;
    *body = (lp_slice){slot->bytes, slot->len};
    uint8_t option[4];
    size_t option_len = coap_encode_var_safe(option, sizeof option, block->num << 4 | block->m << 3 | block->szx);
    coap_add_option(response, COAP_OPTION_BLOCK1, option_len, option);
    if (block->m != 0) {
        coap_pdu_set_code(response, COAP_RESPONSE_CODE_CONTINUE);
        return false;
    }
    return true;
}

bool lp_body_collect(lp_bodies *bodies, const coap_session_t *session, const char *path, const coap_pdu_t *request,
                     coap_pdu_t *response, lp_slice *body) {
    coap_block_t block;
    lp_slice data = {NULL, 0};
    if (coap_get_data(request, &data.len, &data.ptr) == 0) {
        data = (lp_slice){(const uint8_t *)"", 0};
    }
    if (coap_get_block(request, COAP_OPTION_BLOCK1, &block) == 0 || (block.num == 0 && block.m == 0)) {
        *body = data;
        return true;
    }
    if (block.szx > BLOCK_SZX_MAX || (block.m != 0 && data.len != (size_t)BLOCK_BYTES_MIN << block.szx)) {
        coap_pdu_set_code(response, COAP_RESPONSE_CODE_BAD_REQUEST);
        return false;
    }
    return collect_block(bodies, coap_session_get_addr_remote(session), path, &block, data, response, body);
}

void lp_bodies_free(lp_bodies *bodies) {
    for (size_t i = 0; i < LP_BODY_SLOTS; i++) {
        slot_free(&bodies->slots[i]);
    }
}
