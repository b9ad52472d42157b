/* SPDX-License-Identifier: Apache-2.0 */
#include "coap_primary.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static uint32_t szx_of(uint16_t block_bytes) {
    uint32_t szx = 0;
    while (16U << szx < block_bytes) {
        szx++;
    }
    return szx;
}

static void read_block(lp_slice value, lp_request *out) {
    uint32_t block;
    assert_true(lp_coap_uint(value, 3, &block));
    out->block = block >> 4;
    out->more = (block & 8) != 0;
    out->block_bytes = (uint16_t)(16U << (block & 7));
}

/* What the message asks for. */
void primary_read_request(const lp_coap_message *message, lp_request *out, char *path, char *query) {
    lp_coap_options walk = {message->options, 0};
    lp_coap_option option;
    *out = (lp_request){.post = message->code == LP_COAP_POST,
                        .path = path,
                        .query = query,
                        .block_bytes = 1024,
                        .payload = message->payload};
    path[0] = query[0] = '\0';
    while (lp_coap_option_next(&walk, &option)) {
        switch (option.number) {
        case LP_COAP_URI_PATH:
            strcat(path, path[0] == '\0' ? "" : "/");
            strncat(path, (const char *)option.value.ptr, option.value.len);
            break;
        case LP_COAP_URI_QUERY:
            strncat(query, (const char *)option.value.ptr, option.value.len);
            break;
        case LP_COAP_OBSERVE:
            out->observe = true;
            break;
        case LP_COAP_BLOCK1:
            out->has_block1 = true;
            read_block(option.value, out);
            break;
        case LP_COAP_BLOCK2:
            out->has_block2 = true;
            read_block(option.value, out);
            break;
        default:
            fail_msg("unexpected option %u", option.number);
        }
    }
}

size_t primary_write_response(uint8_t *out, size_t room, const lp_coap_message *request, uint32_t observe,
                              const lp_response *response) {
    const lp_response *r = response;
    lp_coap_writer writer = {.bytes = out, .room = room};
    lp_coap_write_header(&writer, LP_COAP_ACK, r->code, request->id, request->token);
    if (r->etag.len > 0) {
        lp_coap_write_option(&writer, LP_COAP_ETAG, r->etag);
    }
    if (observe > 0) {
        lp_coap_write_uint(&writer, LP_COAP_OBSERVE, observe);
    }
    if (r->has_block2) {
        lp_coap_write_uint(&writer, LP_COAP_BLOCK2, r->block << 4 | (r->more ? 8U : 0U) | szx_of(r->block_bytes));
    }
    if (r->has_block1) {
        lp_coap_write_uint(&writer, LP_COAP_BLOCK1, szx_of(r->block1_bytes));
    }
    lp_coap_write_payload(&writer, r->payload);
    return writer.overflow ? 0 : writer.len;
}
