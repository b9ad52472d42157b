/* SPDX-License-Identifier: Apache-2.0 */
#include "flash_tool.h"

#include <string.h>

static bool read_bytes(const lp_flash *flash, uint32_t offset, void *out, uint32_t len) {
    memcpy(out, flash->map + offset, len);
    return true;
}

static bool program(const lp_flash *flash, uint32_t offset, const void *bytes, uint32_t len) {
    flash_contents *contents = flash->ctx;
    memcpy(contents->bytes + offset, bytes, len);
    return true;
}

static bool erase(const lp_flash *flash, uint32_t offset) {
    flash_contents *contents = flash->ctx;
    memset(contents->bytes + offset, flash->erased, flash->page_bytes);
    return true;
}

void contents_erase(flash_contents *contents) {
    contents->layout = &lp_layout_512k;
    contents->flash = (lp_flash){.size_bytes = LP_FLASH_512K_BYTES,
                                 .page_bytes = LP_FLASH_512K_PAGE_BYTES,
                                 .word_bytes = 4,
                                 .erased = 0xFF,
                                 .map = contents->bytes,
                                 .read = read_bytes,
                                 .program = program,
                                 .erase = erase,
                                 .ctx = contents};
    memset(contents->bytes, contents->flash.erased, sizeof contents->bytes);
}

bool contents_put(flash_contents *contents, lp_region region, lp_slice bytes) {
    if (bytes.len > region.bytes) {
        return false;
    }
    memcpy(contents->bytes + region.offset, bytes.ptr, bytes.len);
    return true;
}
