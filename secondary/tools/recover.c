/* SPDX-License-Identifier: Apache-2.0 */
#include "recover.h"

#include "store_internal.h"

#include <string.h>

enum {
    HEAD_BYTES = 2,          /* type, sequence */
    CODE_BYTES = 2,          /* of an answer, behind the head */
    HELLO_FIXED_BYTES = 26,  /* of its body, before the serial */
    NOISE_BYTES_MAX = 65536, /* bytes of no use while an answer is waited for */
};

void lp_recover_begin(lp_recover *recover, const lp_line *line) {
    memset(recover, 0, sizeof *recover);
    recover->line = line;
    recover->subject = "";
}

/* --- one request --- */

/* Waits for the answer to `type`. 1 if it came, 0 if not in time, -1 if the line is lost. */
static int await(lp_recover *recover, uint8_t type) {
    uint8_t byte;
    for (unsigned noise = 0; noise < NOISE_BYTES_MAX; noise++) {
        int got = recover->line->receive(recover->line->ctx, &byte);
        if (got <= 0) {
            return got;
        }
        lp_slice frame = lp_frame_read(&recover->reader, byte);
        if (frame.len >= HEAD_BYTES + CODE_BYTES && frame.ptr[0] == (type | LP_RECOVERY_ANSWER) &&
            frame.ptr[1] == recover->sequence) {
            memcpy(recover->answer, frame.ptr, frame.len);
            recover->answer_len = frame.len;
            return 1;
        }
    }
    return 0;
}

/* Sends a request, again if need be, until it is answered. */
static lp_recover_end request(lp_recover *recover, uint8_t type, const uint8_t *body, size_t len) {
    uint8_t bytes[LP_FRAME_BYTES];
    uint8_t framed[LP_FRAME_LINE_BYTES];
    recover->sequence++;
    bytes[0] = type;
    bytes[1] = recover->sequence;
    memcpy(bytes + HEAD_BYTES, body, len);
    lp_slice out = {framed, lp_frame_write(bytes, HEAD_BYTES + len, framed)};
    for (unsigned attempt = 0; attempt < LP_RECOVER_ATTEMPTS; attempt++) {
        if (!recover->line->send(recover->line->ctx, out)) {
            break;
        }
        int answered = await(recover, type);
        if (answered < 0) {
            break;
        }
        if (answered > 0) {
            recover->error = (lp_code)lp_get_le(recover->answer + HEAD_BYTES, CODE_BYTES);
            return recover->error == LP_OK ? LP_RECOVER_DONE : LP_RECOVER_REFUSED;
        }
    }
    return LP_RECOVER_SILENT;
}

lp_recover_end lp_recover_hello(lp_recover *recover, lp_recover_board *board) {
    lp_recover_end end = request(recover, LP_RECOVERY_HELLO, (const uint8_t *)"", 0);
    if (end != LP_RECOVER_DONE) {
        return end;
    }
    const uint8_t *body = recover->answer + HEAD_BYTES + CODE_BYTES;
    size_t len = recover->answer_len - HEAD_BYTES - CODE_BYTES;
    if (len < HELLO_FIXED_BYTES || len - HELLO_FIXED_BYTES > LP_RECOVERY_SERIAL_BYTES ||
        body[0] != LP_RECOVERY_FORMAT || body[1] > LP_DIALECT_LEGACY) {
        return LP_RECOVER_FORMAT;
    }
    *board = (lp_recover_board){.dialect = (lp_dialect)body[1],
                                .root_version = lp_get_le(body + 2, 8),
                                .root_bytes = (uint32_t)lp_get_le(body + 10, 4),
                                .root_slots = (uint32_t)lp_get_le(body + 14, 4),
                                .targets_bytes = (uint32_t)lp_get_le(body + 18, 4),
                                .image_bytes = (uint32_t)lp_get_le(body + 22, 4)};
    memcpy(board->serial, body + HELLO_FIXED_BYTES, len - HELLO_FIXED_BYTES);
    return LP_RECOVER_DONE;
}

/* --- files --- */

static lp_recover_end send_pieces(lp_recover *recover, lp_slice file) {
    uint8_t body[4 + LP_RECOVERY_DATA_BYTES];
    lp_recover_end end = LP_RECOVER_DONE;
    for (size_t at = 0; end == LP_RECOVER_DONE && at < file.len; at += LP_RECOVERY_DATA_BYTES) {
        size_t part = file.len - at < LP_RECOVERY_DATA_BYTES ? file.len - at : LP_RECOVERY_DATA_BYTES;
        lp_put_le(body, at, 4);
        memcpy(body + 4, file.ptr + at, part);
        end = request(recover, LP_RECOVERY_DATA, body, 4 + part);
    }
    return end;
}

static lp_recover_end send_file(lp_recover *recover, uint8_t kind, size_t number, lp_slice file) {
    static const char *const names[] = {"", "root", "targets", "image"};
    uint8_t body[8] = {kind, (uint8_t)number};
    recover->subject = names[kind];
    recover->subject_number = number;
    if (file.len > UINT32_MAX) {
        recover->error = LP_LIMIT_FILE;
        return LP_RECOVER_REFUSED;
    }
    lp_put_le(body + 4, file.len, 4);
    lp_recover_end end = request(recover, LP_RECOVERY_BEGIN, body, sizeof body);
    return end == LP_RECOVER_DONE ? send_pieces(recover, file) : end;
}

lp_recover_end lp_recover_upload(lp_recover *recover, const lp_recover_board *board, const lp_recover_files *files) {
    uint8_t version[8];
    lp_recover_end end = LP_RECOVER_DONE;
    for (size_t i = 0; end == LP_RECOVER_DONE && i < files->root_count; i++) {
        end = send_file(recover, LP_RECOVERY_ROOT, i, files->roots[i]);
    }
    if (end == LP_RECOVER_DONE) {
        end = send_file(recover, LP_RECOVERY_TARGETS, 0, files->targets);
    }
    if (end == LP_RECOVER_DONE) {
        end = send_file(recover, LP_RECOVERY_IMAGE, 0, files->image);
    }
    if (end == LP_RECOVER_DONE) {
        recover->subject = "";
        lp_put_le(version, board->root_version + files->root_count, sizeof version);
        end = request(recover, LP_RECOVERY_FINISH, version, sizeof version);
    }
    return end;
}
