/* SPDX-License-Identifier: Apache-2.0 */
/* Trusted metadata as plain files in one folder, each as it was received: root.json, timestamp.json, snapshot.json,
 * targets.json, <percent-encoded delegated role>.json. Files are replaced whole and durably. */
#ifndef LAMPYR_PRIMARY_TUF_FOLDER_H
#define LAMPYR_PRIMARY_TUF_FOLDER_H

#include "metadata_store.h"

#include "lampyr-host/files.h"

enum { LPT_FOLDER_MESSAGE_BYTES = LP_PATH_BYTES + 128 };

typedef struct lpt_folder {
    const char *path;
    int lock;
    char message[LPT_FOLDER_MESSAGE_BYTES]; /* why the latest call failed */
} lpt_folder;

/* Opens the folder for this process alone; `make`: makes it if it is absent. `path` must outlive it. False, with one
 * line in `folder->message`, if it cannot be used or another process uses it; to be closed even then. */
bool lpt_folder_open(lpt_folder *folder, const char *path, bool make);

void lpt_folder_close(lpt_folder *folder);

/* Stores the first root. False with one line in `folder->message`. */
bool lpt_folder_trust(lpt_folder *folder, lp_slice root);

/* Its metadata, for a procedure to run on. The repository is not looked at: there is only one. */
lp_metadata_store lpt_folder_metadata(lpt_folder *folder);

#endif
