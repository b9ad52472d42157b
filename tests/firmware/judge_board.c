/* SPDX-License-Identifier: Apache-2.0 */
/* The packed vectors on the board: they lie where QEMU was told to load them. */
#include "block.h"
#include "devices.h"
#include "judge.h"

#include "lampyr-crypto/bearssl.h"
#include "lampyr-port/port.h"
#include "lampyr/encode.h"

void lp_firmware(void) {
    char peak[LP_UINT_TEXT_BYTES];
    const judge_place place = {.crypto = &lp_crypto_bearssl, .write = lp_board_write};
    bool judged = judge_vectors(test_block, &place);
    size_t len = lp_uint_format(lp_board_stack_peak_bytes(), peak);
    lp_board_write("peak stack ", 11);
    lp_board_write(peak, len);
    lp_board_write("\n", 1);
    lp_machine_stop(judged ? 0 : 2);
}
