/* SPDX-License-Identifier: Apache-2.0 */
#include "lampyr-host/log.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { LINE_BYTES = 2048, SUBJECT_CHARS = 400 };

/* systemd names device and inode of the journal's stream; a redirected stderr is another file. */
static bool read_by_journal(void) {
    const char *stream = getenv("JOURNAL_STREAM");
    struct stat st;
    if (stream == NULL || fstat(STDERR_FILENO, &st) != 0) {
        return false;
    }
    char own[64];
    snprintf(own, sizeof own, "%ju:%ju", (uintmax_t)st.st_dev, (uintmax_t)st.st_ino);
    return strcmp(stream, own) == 0;
}

/* Names come from others: they must not start a new line or drive a terminal. */
static void make_printable(char *text) {
    for (; *text != '\0'; text++) {
        unsigned char c = (unsigned char)*text;
        if (c < 0x20 || c == 0x7f) {
            *text = '?';
        }
    }
}

void lp_log(const char *program, lp_level level, const char *format, ...) {
    char message[LINE_BYTES];
    va_list args;
    va_start(args, format);
    vsnprintf(message, sizeof message, format, args);
    va_end(args);
    make_printable(message);

    char prefix[8] = "";
    if (read_by_journal()) {
        snprintf(prefix, sizeof prefix, "<%d>", (int)level);
    }
    /* One call, so that lines of several processes do not mix. */
    dprintf(STDERR_FILENO, "%s%s: %s\n", prefix, program, message);
}

void lp_error_file(const lp_error *error, char *out, size_t out_bytes) {
    char version[24] = "";
    if (error->version != 0) {
        snprintf(version, sizeof version, "%ju.", (uintmax_t)error->version);
    }
    switch (error->role) {
    case LP_ROLE_NONE:
        snprintf(out, out_bytes, "%s", "");
        break;
    case LP_ROLE_TIME:
        snprintf(out, out_bytes, "time");
        break;
    case LP_ROLE_DELEGATED:
        snprintf(out, out_bytes, "%s%.*s.json", version, (int)error->subject.len, error->subject.ptr);
        break;
    default:
        snprintf(out, out_bytes, "%s%s.json", version, lp_role_name(error->role));
        break;
    }
}

/* "image timestamp.json", "image supplier-a targets.json radar.bin", "director", or "". */
static void format_place(const lp_error *error, char *out, size_t out_bytes) {
    char file[SUBJECT_CHARS + 32];
    lp_error_file(error, file, sizeof file);
    const char *repo = lp_repo_name(error->repo);
    bool subject = error->role != LP_ROLE_DELEGATED && error->subject.len > 0;
    int subject_len = error->subject.len < SUBJECT_CHARS ? (int)error->subject.len : SUBJECT_CHARS;
    snprintf(out, out_bytes, "%s%s%s%s%s%s%.*s", repo, error->repository != NULL ? " " : "",
             error->repository != NULL ? error->repository : "", repo[0] != '\0' && file[0] != '\0' ? " " : "", file,
             subject && (repo[0] != '\0' || file[0] != '\0') ? " " : "", subject ? subject_len : 0,
             subject ? error->subject.ptr : "");
    make_printable(out);
}

void lp_error_format(const lp_error *error, char out[LP_ERROR_TEXT_BYTES]) {
    char place[2 * SUBJECT_CHARS + LP_MAP_NAME_BYTES + 64];
    format_place(error, place, sizeof place);
    const char *attack = lp_code_attack(error->code);
    bool has_attack = attack[0] != '\0';
    const char *clause = error->clause != NULL ? error->clause : "";
    snprintf(out, LP_ERROR_TEXT_BYTES, "refused: %s%s%s%s: %s%s%s%s%s%s", lp_code_name(error->code),
             has_attack ? " (" : "", attack, has_attack ? ")" : "", place, place[0] != '\0' ? ": " : "",
             lp_code_text(error->code), clause[0] != '\0' ? " [" : "", clause, clause[0] != '\0' ? "]" : "");
}
