/* SPDX-License-Identifier: Apache-2.0 */
/* The folder that `lampyr-board recover` sends: roots, targets and the image. */
#ifndef LAMPYR_TOOLS_UPLOAD_FILES_H
#define LAMPYR_TOOLS_UPLOAD_FILES_H

#include "recover.h"

/* Reads what `board` needs from `folder`: N.root.json from the root after the factory's on, as many as there are;
 * targets.json; and image. Metadata is brought into canonical form. Free with upload_files_free(). False, with one line
 * in `message`, if a file is missing, is not JSON, or is longer than the board takes. */
bool upload_files_read(const char *folder, const lp_recover_board *board, lp_recover_files *out, char *message,
                       size_t message_bytes);
void upload_files_free(lp_recover_files *files);

#endif
