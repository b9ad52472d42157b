/* SPDX-License-Identifier: Apache-2.0 */
#include "answer.h"

#include <stdlib.h>
#include <string.h>

/* Adds the headers that every answer has, queues it and lets it go. */
static enum MHD_Result queue(struct MHD_Connection *connection, unsigned status, const char *type,
                             struct MHD_Response *response) {
    enum MHD_Result result = MHD_NO;
    if (MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, type) == MHD_YES &&
        (status != MHD_HTTP_METHOD_NOT_ALLOWED ||
         MHD_add_response_header(response, MHD_HTTP_HEADER_ALLOW, "GET, HEAD, POST, PUT") == MHD_YES)) {
        result = MHD_queue_response(connection, status, response);
    }
    MHD_destroy_response(response);
    return result;
}

enum MHD_Result lpd_answer_text(struct MHD_Connection *connection, unsigned status, const char *type, char *text,
                                size_t len) {
    struct MHD_Response *response = text != NULL ? MHD_create_response_from_buffer(len, text, MHD_RESPMEM_MUST_FREE)
                                                 : MHD_create_response_from_buffer(0, NULL, MHD_RESPMEM_PERSISTENT);
    if (response == NULL) {
        free(text);
        return MHD_NO;
    }
    return queue(connection, status, type, response);
}

enum MHD_Result lpd_answer_refusal(struct MHD_Connection *connection, const lpd_refusal *refusal) {
    char *line;
    int len = asprintf(&line, "%s: %s\n", refusal->name, refusal->detail);
    if (len < 0) {
        return MHD_NO;
    }
    return lpd_answer_text(connection, refusal->http, "text/plain; charset=utf-8", line, (size_t)len);
}
