/* SPDX-License-Identifier: Apache-2.0 */
/* HTTP answers: text, refusals, files. Each queues the answer and returns what the request handler must return. */
#ifndef LAMPYR_DIRECTOR_ANSWER_H
#define LAMPYR_DIRECTOR_ANSWER_H

#include "director.h"

#include <microhttpd.h>

/* Answers with `len` bytes of heap memory, which the answer then owns; `text` NULL is an empty body. */
enum MHD_Result lpd_answer_text(struct MHD_Connection *connection, unsigned status, const char *type, char *text,
                                size_t len);

/* Answers with the refusal as one line, "<name>: <detail>". */
enum MHD_Result lpd_answer_refusal(struct MHD_Connection *connection, const lpd_refusal *refusal);

/* Answers GET or HEAD with the file `name` (safe, lp_name_safe()) under `folder`: ranges, If-Range, If-None-Match
 * and If-Modified-Since are honoured (RFC 9110). The file cannot lie outside the folder, whatever symbolic links
 * say. 404 `not_found`, 416, 500 `state`. */
enum MHD_Result lpd_answer_file(struct MHD_Connection *connection, const char *folder, const char *name);

#endif
