/* SPDX-License-Identifier: Apache-2.0 */
/* The image repositories of a vehicle, and the director, when a map lists them (docs/POUF.md, "Repository map"). */
#ifndef LAMPYR_PRIMARY_REPOSITORIES_H
#define LAMPYR_PRIMARY_REPOSITORIES_H

#include "drive.h"

enum { LP_REPOSITORIES_MESSAGE_BYTES = 4096 + 512 };

/* What is the memory of one of them: its URLs, NULL at the end; its provisioned root; the name of its folder. */
typedef struct lp_repository_memory {
    char *urls[LP_MAP_URLS + 1];
    uint8_t *root;
    char folder[LP_MAP_NAME_BYTES + 1];
} lp_repository_memory;

typedef struct lp_repositories {
    lp_map map;
    lp_drive_repo images[LP_MAP_REPOSITORIES]; /* by place in the map, as a run starts with them: to be copied */
    lp_source *sources;                        /* as many */
    const char *const *director;               /* the director's URLs, NULL at the end; NULL if the map has none */
    uint8_t *file;
    lp_repository_memory memory[LP_MAP_REPOSITORIES + 1]; /* the last is the director's */
} lp_repositories;

/* Reads a map and the roots that its image repositories start from: "<name>.root.json" in the folder `roots`. One that
 * is not there is no error unless `all_roots`; `roots` may be NULL then. The repository that is called "image" keeps
 * its metadata where the only one would, so that a vehicle that gets a map goes on from what it trusts; each other
 * one has a folder of its name. False with one line in `message`; to be freed even then. */
bool lp_repositories_open(lp_repositories *repositories, const char *map, const char *roots, bool all_roots,
                          lp_dialect dialect, char message[LP_REPOSITORIES_MESSAGE_BYTES]);

/* Why the image repository that `error` is about could not be reached, in one line; "" if it was, or if the error is
 * about none of the map. */
const char *lp_repositories_reason(const lp_map *map, const lp_drive *drive, const lp_error *error);

void lp_repositories_free(lp_repositories *repositories);

#endif
