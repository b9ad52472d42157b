/* SPDX-License-Identifier: Apache-2.0 */
#include "lampyr-coap/message.h"

#include <string.h>

enum {
    VERSION = 1,
    VERSION_SHIFT = 6,
    TYPE_SHIFT = 4,
    TYPE_MASK = 3,
    LOW_MASK = 15,
    CLASS_SHIFT = 5,
    RESERVED_CLASSES = 1U << 1 | 1U << 3 | 1U << 6 | 1U << 7,
    PAYLOAD_MARKER = 0xff,
    /* Delta and length of an option (RFC 7252, 3.1): values of the half byte, and what the bytes after it add to. */
    ONE_BYTE = 13,
    TWO_BYTES = 14,
    RESERVED = 15,
    ONE_BYTE_BASE = 13,
    TWO_BYTES_BASE = 269,
};

/* Drops the first `len` bytes, of which there are enough. */
static void skip(lp_slice *bytes, size_t len) {
    bytes->ptr += len;
    bytes->len -= len;
}

/* Delta or length of an option, from its half byte and the bytes at the start of `left`. */
static lp_coap_fault read_extended(lp_slice *left, unsigned half, uint32_t *out) {
    size_t more = half == ONE_BYTE ? 1 : half == TWO_BYTES ? 2 : 0;
    if (half == RESERVED) {
        return LP_COAP_OPTION_RESERVED;
    }
    if (left->len < more) {
        return LP_COAP_OPTION_END;
    }
    *out = half;
    if (more == 1) {
        *out = ONE_BYTE_BASE + (uint32_t)left->ptr[0];
    } else if (more == 2) {
        *out = TWO_BYTES_BASE + ((uint32_t)left->ptr[0] << 8 | left->ptr[1]);
    }
    skip(left, more);
    return LP_COAP_FINE;
}

/* One option from the start of what is left, which is not empty and not a payload marker. */
static lp_coap_fault read_option(lp_coap_options *options, lp_coap_option *out) {
    lp_slice *left = &options->left;
    unsigned first = left->ptr[0];
    uint32_t delta;
    uint32_t len;
    skip(left, 1);
    lp_coap_fault fault = read_extended(left, first >> 4, &delta);
    if (fault == LP_COAP_FINE) {
        fault = read_extended(left, first & LOW_MASK, &len);
    }
    if (fault != LP_COAP_FINE) {
        return fault;
    }
    if (delta > (uint32_t)UINT16_MAX - options->number) {
        return LP_COAP_OPTION_NUMBER;
    }
    if (len > left->len) {
        return LP_COAP_OPTION_END;
    }
    options->number = (uint16_t)(options->number + delta);
    *out = (lp_coap_option){options->number, {left->ptr, len}};
    skip(left, len);
    return LP_COAP_FINE;
}

bool lp_coap_option_next(lp_coap_options *options, lp_coap_option *out) {
    return options->left.len > 0 && read_option(options, out) == LP_COAP_FINE;
}

/* Token, options and payload of `rest`. */
static lp_coap_fault read_rest(lp_slice rest, size_t token_len, lp_coap_message *out) {
    if (token_len > LP_COAP_TOKEN_BYTES || token_len > rest.len) {
        return LP_COAP_TOKEN_LENGTH;
    }
    lp_slice token = {rest.ptr, token_len};
    lp_slice payload = {NULL, 0};
    lp_coap_option option;
    skip(&rest, token_len);
    lp_coap_options walk = {rest, 0};
    while (walk.left.len > 0 && walk.left.ptr[0] != PAYLOAD_MARKER) {
        lp_coap_fault fault = read_option(&walk, &option);
        if (fault != LP_COAP_FINE) {
            return fault;
        }
    }
    if (walk.left.len == 1) {
        return LP_COAP_NO_PAYLOAD;
    }
    rest.len -= walk.left.len;
    if (walk.left.len > 0) {
        skip(&walk.left, 1);
        payload = walk.left;
    }
    out->token = token;
    out->options = rest;
    out->payload = payload;
    return LP_COAP_FINE;
}

lp_coap_fault lp_coap_parse(lp_slice datagram, lp_coap_message *out) {
    const uint8_t *bytes = datagram.ptr;
    if (datagram.len < LP_COAP_HEADER_BYTES) {
        return LP_COAP_SHORT;
    }
    if (bytes[0] >> VERSION_SHIFT != VERSION) {
        return LP_COAP_VERSION;
    }
    *out = (lp_coap_message){.type = (lp_coap_type)(bytes[0] >> TYPE_SHIFT & TYPE_MASK),
                             .code = bytes[1],
                             .id = (uint16_t)(bytes[2] << 8 | bytes[3])};
    if (RESERVED_CLASSES >> (bytes[1] >> CLASS_SHIFT) & 1U) {
        return LP_COAP_CLASS;
    }
    if (bytes[1] == LP_COAP_EMPTY && (datagram.len > LP_COAP_HEADER_BYTES || (bytes[0] & LOW_MASK) != 0)) {
        return LP_COAP_NOT_EMPTY;
    }
    skip(&datagram, LP_COAP_HEADER_BYTES);
    return read_rest(datagram, bytes[0] & LOW_MASK, out);
}

bool lp_coap_uint(lp_slice value, size_t max_bytes, uint32_t *out) {
    if (value.len > max_bytes) {
        return false;
    }
    *out = 0;
    for (size_t i = 0; i < value.len; i++) {
        *out = *out << 8 | value.ptr[i];
    }
    return true;
}

/* --- writing --- */

static void write_bytes(lp_coap_writer *writer, lp_slice bytes) {
    writer->overflow = writer->overflow || bytes.len > writer->room - writer->len;
    if (!writer->overflow && bytes.len > 0) {
        memcpy(writer->bytes + writer->len, bytes.ptr, bytes.len);
        writer->len += bytes.len;
    }
}

static void write_byte(lp_coap_writer *writer, unsigned byte) {
    uint8_t value = (uint8_t)byte;
    write_bytes(writer, (lp_slice){&value, 1});
}

void lp_coap_write_header(lp_coap_writer *writer, lp_coap_type type, uint8_t code, uint16_t id, lp_slice token) {
    write_byte(writer, (unsigned)VERSION << VERSION_SHIFT | (unsigned)type << TYPE_SHIFT | (unsigned)token.len);
    write_byte(writer, code);
    write_byte(writer, id >> 8);
    write_byte(writer, id);
    write_bytes(writer, token);
}

static unsigned half_byte(size_t value) {
    return value < ONE_BYTE_BASE ? (unsigned)value : value < TWO_BYTES_BASE ? ONE_BYTE : TWO_BYTES;
}

static void write_extended(lp_coap_writer *writer, size_t value) {
    if (value >= TWO_BYTES_BASE) {
        write_byte(writer, (unsigned)(value - TWO_BYTES_BASE) >> 8);
        write_byte(writer, (unsigned)(value - TWO_BYTES_BASE));
    } else if (value >= ONE_BYTE_BASE) {
        write_byte(writer, (unsigned)(value - ONE_BYTE_BASE));
    }
}

void lp_coap_write_option(lp_coap_writer *writer, uint16_t number, lp_slice value) {
    size_t delta = (size_t)(number - writer->number);
    write_byte(writer, half_byte(delta) << 4 | half_byte(value.len));
    write_extended(writer, delta);
    write_extended(writer, value.len);
    write_bytes(writer, value);
    writer->number = number;
}

void lp_coap_write_uint(lp_coap_writer *writer, uint16_t number, uint32_t value) {
    uint8_t bytes[sizeof value];
    size_t at = sizeof bytes;
    for (; value != 0; value >>= 8) {
        bytes[--at] = (uint8_t)value;
    }
    lp_coap_write_option(writer, number, (lp_slice){bytes + at, sizeof bytes - at});
}

void lp_coap_write_payload(lp_coap_writer *writer, lp_slice payload) {
    if (payload.len > 0) {
        write_byte(writer, PAYLOAD_MARKER);
        write_bytes(writer, payload);
    }
}
