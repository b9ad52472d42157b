/* SPDX-License-Identifier: Apache-2.0 */
#include "lampyr-host/progress.h"

#include <jansson.h>
#include <stdarg.h>
#include <string.h>

bool lp_progress_open(lp_progress *progress, const char *path) {
    progress->stream = NULL;
    if (path == NULL) {
        return true;
    }
    progress->stream = strcmp(path, "-") == 0 ? stdout : fopen(path, "ae");
    return progress->stream != NULL;
}

void lp_progress_close(lp_progress *progress) {
    if (progress->stream != NULL && progress->stream != stdout) {
        fclose(progress->stream);
    }
    progress->stream = NULL;
}

void lp_progress_event(const lp_progress *progress, const char *event, const char *format, ...) {
    if (progress->stream == NULL) {
        return;
    }
    char braced[128];
    va_list args;
    snprintf(braced, sizeof braced, "{%s}", format);
    va_start(args, format);
    json_t *members = json_vpack_ex(NULL, 0, braced, args);
    va_end(args);
    json_t *line = json_pack("{s:s}", "event", event);
    if (line != NULL && members != NULL) {
        json_object_update(line, members);
        json_dumpf(line, progress->stream, JSON_COMPACT);
        fputc('\n', progress->stream);
        fflush(progress->stream);
    }
    json_decref(members);
    json_decref(line);
}
