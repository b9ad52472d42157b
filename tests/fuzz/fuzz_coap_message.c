/* SPDX-License-Identifier: Apache-2.0 */
/* CoAP messages: there is one way to write each, so that what is read and written again is the same, byte for byte. */
#include "fuzz.h"
#include "lampyr-coap/message.h"

#include <string.h>

static void write_again(const lp_coap_message *message, lp_coap_writer *writer) {
    lp_coap_options walk = {message->options, 0};
    lp_coap_option option;
    lp_coap_write_header(writer, message->type, message->code, message->id, message->token);
    while (lp_coap_option_next(&walk, &option)) {
        FUZZ_CHECK(option.number >= writer->number);
        lp_coap_write_option(writer, option.number, option.value);
    }
    FUZZ_CHECK(walk.left.len == 0);
    lp_coap_write_payload(writer, message->payload);
}

static void check_fine(fuzz_memory *memory, const lp_coap_message *message, lp_slice datagram, size_t room) {
    lp_coap_writer exact = {.bytes = fuzz_alloc(memory, datagram.len), .room = datagram.len};
    lp_coap_writer less = {.bytes = fuzz_alloc(memory, room), .room = room};
    FUZZ_CHECK(message->token.len <= LP_COAP_TOKEN_BYTES);
    write_again(message, &exact);
    FUZZ_CHECK(!exact.overflow && exact.len == datagram.len && memcmp(exact.bytes, datagram.ptr, datagram.len) == 0);
    write_again(message, &less);
    FUZZ_CHECK(less.overflow == (room < datagram.len) && less.len <= room);
}

/* Input: one byte, the room to write in, and a datagram. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    fuzz_memory memory = {NULL};
    fuzz_input input = fuzz_begin(data, size);
    size_t room = fuzz_byte(&input);
    lp_slice rest = fuzz_rest(&input);
    lp_slice datagram = fuzz_copy(&memory, rest.ptr, rest.len);
    lp_coap_message message = {.id = 0};
    lp_coap_fault fault = lp_coap_parse(datagram, &message);
    if (fault == LP_COAP_FINE) {
        check_fine(&memory, &message, datagram, room);
    } else {
        FUZZ_CHECK(message.token.ptr == NULL && message.options.ptr == NULL && message.payload.ptr == NULL);
    }
    fuzz_release(&memory);
    return 0;
}
