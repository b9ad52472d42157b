/* SPDX-License-Identifier: Apache-2.0 */
#include "flash_tool.h"

#include "lampyr-host/files.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

enum { RECORD_BYTES = 16, TYPE_DATA = 0, TYPE_END = 1, TYPE_UPPER_ADDRESS = 4, BANK_BYTES = 1 << 16 };

/* A flash image has a private key in it. */
static const mode_t mode = 0600;

/* One record of Intel HEX: length, address, type, bytes, and a byte that makes the sum of all zero. */
static void put_record(FILE *out, unsigned type, uint32_t address, const uint8_t *bytes, unsigned len) {
    unsigned sum = len + (address >> 8 & 0xFF) + (address & 0xFF) + type;
    fprintf(out, ":%02X%04X%02X", len, (unsigned)(address & 0xFFFF), type);
    for (unsigned i = 0; i < len; i++) {
        fprintf(out, "%02X", bytes[i]);
        sum += bytes[i];
    }
    fprintf(out, "%02X\n", -sum & 0xFF);
}

static void put_hex(FILE *out, const flash_contents *contents, lp_region region, uint32_t base) {
    uint32_t bank = 0;
    for (uint32_t at = region.offset; at < region.offset + region.bytes; at += RECORD_BYTES) {
        uint32_t address = base + at;
        if (lp_flash_is_erased(&contents->flash, at, RECORD_BYTES)) {
            continue;
        }
        if (address / BANK_BYTES != bank) {
            bank = address / BANK_BYTES;
            const uint8_t upper[] = {(uint8_t)(bank >> 8), (uint8_t)bank};
            put_record(out, TYPE_UPPER_ADDRESS, 0, upper, sizeof upper);
        }
        put_record(out, TYPE_DATA, address, contents->bytes + at, RECORD_BYTES);
    }
    put_record(out, TYPE_END, 0, NULL, 0);
}

bool output_write(const flash_contents *contents, lp_region region, output_format format, uint32_t base,
                  const char *path) {
    if (format == OUTPUT_BIN) {
        return lp_file_write(path, (lp_slice){contents->bytes + region.offset, region.bytes}, mode);
    }
    char *text = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&text, &len);
    if (out == NULL) {
        return false;
    }
    put_hex(out, contents, region, base);
    bool ok = fclose(out) == 0 && lp_file_write(path, (lp_slice){(const uint8_t *)text, len}, mode);
    free(text);
    return ok;
}
