/* SPDX-License-Identifier: Apache-2.0 */
/* usage: judge_host BLOCK
 * What the host, built with the limits of firmware, says of the packed vectors; signatures by OpenSSL. */
#include "judge.h"

#include "lampyr-host/files.h"
#include "lampyr-host/openssl.h"

#include <stdio.h>

enum { BLOCK_BYTES = 64 * 1024 * 1024 };

static void to_stdout(const char *text, size_t len) {
    fwrite(text, 1, len, stdout);
}

int main(int argc, char **argv) {
    const judge_place place = {.crypto = &lp_crypto_openssl, .write = to_stdout};
    uint8_t *block;
    size_t len;
    if (argc != 2 || !lp_file_read(argv[1], BLOCK_BYTES, &block, &len)) {
        fputs("usage: judge_host BLOCK\n", stderr);
        return 2;
    }
    bool judged = judge_vectors(block, &place);
    free(block);
    return judged && fflush(stdout) == 0 ? 0 : 2;
}
