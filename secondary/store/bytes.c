/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers and checksums. */
#include "store_internal.h"

void lp_put_le(uint8_t *out, uint64_t value, unsigned bytes) {
    for (unsigned i = 0; i < bytes; i++) {
        out[i] = (uint8_t)value;
        value >>= 8;
    }
}

uint64_t lp_get_le(const uint8_t *in, unsigned bytes) {
    uint64_t value = 0;
    while (bytes > 0) {
        value = value << 8 | in[--bytes];
    }
    return value;
}

/* Four bits at a time: a table of 64 bytes instead of a kilobyte. */
uint32_t lp_crc32(uint32_t crc, const void *bytes, size_t len) {
    static const uint32_t table[16] = {
        0x00000000, 0x1DB71064, 0x3B6E20C8, 0x26D930AC, 0x76DC4190, 0x6B6B51F4, 0x4DB26158, 0x5005713C,
        0xEDB88320, 0xF00F9344, 0xD6D6A3E8, 0xCB61B38C, 0x9B64C2B0, 0x86D3D2D4, 0xA00AE278, 0xBDBDF21C,
    };
    const uint8_t *at = bytes;
    crc = ~crc;
    for (size_t i = 0; i < len; i++) {
        crc ^= at[i];
        crc = crc >> 4 ^ table[crc & 15];
        crc = crc >> 4 ^ table[crc & 15];
    }
    return ~crc;
}
