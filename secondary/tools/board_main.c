/* SPDX-License-Identifier: Apache-2.0 */
/* lampyr-board: what is done to a board from a desk. */
#include "lampyr-host/files.h"
#include "lampyr-host/log.h"
#include "serial.h"
#include "upload_files.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define PROGRAM "lampyr-board"

enum { EXIT_GOOD, EXIT_REFUSED, EXIT_USAGE, EXIT_TRANSPORT };

static const char help[] =
    "Usage: lampyr-board recover FOLDER LINE\n"
    "\n"
    "Gives a board that has no valid image a new one over its console.\n"
    "\n"
    "FOLDER holds the director's roots after the board's factory root (N.root.json), its targets.json that orders\n"
    "an image for this board, and that image, named image. The board verifies all of it.\n"
    "LINE is the board's serial device, or the unix socket of an emulated board.\n"
    "\n"
    "Options: --help, --version\n"
    "Exit codes: 0 good, 1 refused by the board, 2 usage or files, 3 no board on the line.\n";

static int usage(const char *what) {
    lp_log(PROGRAM, LP_LOG_ERROR, "%s (see --help)", what);
    return EXIT_USAGE;
}

/* Says how it ended. */
static int report(const lp_recover *recover, const lp_recover_board *board, lp_recover_end end, const char *path) {
    char subject[64] = "";
    switch (end) {
    case LP_RECOVER_DONE:
        printf("%s: the board takes the image and restarts\n", board->serial);
        return EXIT_GOOD;
    case LP_RECOVER_REFUSED:
        if (strcmp(recover->subject, "root") == 0) {
            snprintf(subject, sizeof subject,
                     "%" PRIu64 ".root.json: ", board->root_version + 1 + recover->subject_number);
        } else if (recover->subject[0] != '\0') {
            snprintf(subject, sizeof subject, "%s: ", recover->subject);
        }
        lp_log(PROGRAM, LP_LOG_ERROR, "%sthe board refuses: %s: %s", subject, lp_code_name(recover->error),
               lp_code_text(recover->error));
        return EXIT_REFUSED;
    case LP_RECOVER_SILENT:
        lp_log(PROGRAM, LP_LOG_ERROR, "%s: the board does not answer", path);
        return EXIT_TRANSPORT;
    default:
        lp_log(PROGRAM, LP_LOG_ERROR, "%s: the board speaks another version of the protocol", path);
        return EXIT_TRANSPORT;
    }
}

static int recover_over(const lp_line *line, const char *folder, const char *path) {
    lp_recover recover;
    lp_recover_board board = {.root_version = 0};
    lp_recover_files files;
    char message[LP_PATH_BYTES + 256];
    lp_recover_begin(&recover, line);
    lp_recover_end end = lp_recover_hello(&recover, &board);
    if (end != LP_RECOVER_DONE) {
        return report(&recover, &board, end, path);
    }
    if (!upload_files_read(folder, &board, &files, message, sizeof message)) {
        lp_log(PROGRAM, LP_LOG_ERROR, "%s", message);
        return EXIT_USAGE;
    }
    end = lp_recover_upload(&recover, &board, &files);
    upload_files_free(&files);
    return report(&recover, &board, end, path);
}

static int recover_board(const char *folder, const char *path) {
    int fd = serial_open(path);
    if (fd < 0) {
        lp_log(PROGRAM, LP_LOG_ERROR, "%s: %s", path, strerror(errno));
        return EXIT_TRANSPORT;
    }
    lp_line line = serial_line(&fd);
    int status = recover_over(&line, folder, path);
    close(fd);
    return status;
}

int main(int argc, char **argv) {
    lp_host_begin();
    signal(SIGPIPE, SIG_IGN); /* a socket that is closed is a lost line */
    if (argc == 2 && strcmp(argv[1], "--help") == 0) {
        fputs(help, stdout);
        return EXIT_GOOD;
    }
    if (argc == 2 && strcmp(argv[1], "--version") == 0) {
        puts(PROGRAM " " LAMPYR_VERSION);
        return EXIT_GOOD;
    }
    if (argc < 2 || strcmp(argv[1], "recover") != 0) {
        return usage("the command must be recover");
    }
    if (argc != 4) {
        return usage("recover takes FOLDER and LINE");
    }
    return recover_board(argv[2], argv[3]);
}
