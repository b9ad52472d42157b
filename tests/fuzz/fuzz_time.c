/* SPDX-License-Identifier: Apache-2.0 */
/* RFC 3339 time, against the C library's calendar. */
#include "fuzz.h"
#include "lampyr/encode.h"
#include "lampyr/json.h"

#include <string.h>
#include <time.h>

/* The same date-time as the C library writes it. */
static void libc_format(int64_t seconds, char out[64]) {
    time_t when = (time_t)seconds;
    struct tm tm;
    FUZZ_CHECK(gmtime_r(&when, &tm) != NULL);
    snprintf(out, 64, "%04d-%02d-%02dT%02d:%02d:%02dZ", tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday, tm.tm_hour,
             tm.tm_min, tm.tm_sec);
}

/* Whether the C library finds the text to be a date-time as we allow it: fields in the calendar's range. */
static bool libc_parse(lp_slice text, int64_t *seconds) {
    static const char form[] = "dddd-dd-ddTdd:dd:ddZ";
    char copy[LP_TIME_TEXT_BYTES];
    char again[64];
    struct tm tm = {0};
    if (text.len != sizeof form - 1) {
        return false;
    }
    for (size_t i = 0; i < text.len; i++) {
        bool digit = text.ptr[i] >= '0' && text.ptr[i] <= '9';
        if (form[i] == 'd' ? !digit : text.ptr[i] != form[i]) {
            return false; /* also blanks and signs, which sscanf() would skip */
        }
    }
    memcpy(copy, text.ptr, text.len);
    copy[text.len] = '\0';
    FUZZ_CHECK(sscanf(copy, "%4d-%2d-%2dT%2d:%2d:%2dZ", &tm.tm_year, &tm.tm_mon, &tm.tm_mday, &tm.tm_hour, &tm.tm_min,
                      &tm.tm_sec) == 6);
    tm.tm_year -= 1900;
    tm.tm_mon -= 1;
    *seconds = (int64_t)timegm(&tm);
    libc_format(*seconds, again);
    return strcmp(again, copy) == 0;
}

static void check_parse(lp_slice text) {
    int64_t ours = -1;
    int64_t theirs = -1;
    lp_code code = lp_time_parse((lp_str){(const char *)text.ptr, text.len}, &ours);
    FUZZ_CHECK((code == LP_OK) == libc_parse(text, &theirs));
    FUZZ_CHECK(code == LP_OK ? ours == theirs : ours == -1);
    if (code == LP_OK) {
        char again[LP_TIME_TEXT_BYTES];
        lp_time_format(ours, again);
        FUZZ_CHECK(memcmp(again, text.ptr, text.len) == 0);
    }
}

static void check_format(int64_t seconds) {
    const int64_t first = -INT64_C(62167219200); /* 0000-01-01T00:00:00Z */
    const int64_t last = INT64_C(253402300799);  /* 9999-12-31T23:59:59Z */
    int64_t clamped = seconds < first ? first : seconds > last ? last : seconds;
    int64_t again = -1;
    char ours[LP_TIME_TEXT_BYTES];
    char theirs[64];
    lp_time_format(seconds, ours);
    libc_format(clamped, theirs);
    FUZZ_CHECK(strcmp(ours, theirs) == 0);
    FUZZ_CHECK(lp_time_parse(lp_str_from(ours), &again) == LP_OK && again == clamped);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    fuzz_memory memory = {NULL};
    int64_t seconds = 0;
    check_parse(fuzz_copy(&memory, data, size));
    if (size >= sizeof seconds) {
        memcpy(&seconds, data, sizeof seconds);
        check_format(seconds);
        check_format(seconds % INT64_C(400000000000)); /* mostly within the calendar */
    }
    fuzz_release(&memory);
    return 0;
}
