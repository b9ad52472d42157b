/* SPDX-License-Identifier: Apache-2.0 */
#include "fleet.h"

#include "inventory.h"
#include "lampyr/path.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static bool is_folder(const char *path) {
    struct stat info;
    return stat(path, &info) == 0 && S_ISDIR(info.st_mode);
}

static bool is_file_in(const char *folder, const char *name) {
    char path[LP_PATH_BYTES];
    struct stat info;
    return lp_path_join(path, sizeof path, folder, name) && stat(path, &info) == 0 && S_ISREG(info.st_mode);
}

/* An identifier is one path segment, and none that means something else in URLs. */
static bool id_ok(const char *id) {
    return strlen(id) < LPD_ID_BYTES && id[0] != '.' && lp_name_safe(id) && strchr(id, '/') == NULL &&
           strcmp(id, "director") != 0 && strcmp(id, "repo") != 0 && strcmp(id, "status") != 0;
}

/* Names the vehicle of the single layout after its inventory. */
static bool single_open(lpd_fleet *fleet, lp_dialect dialect, char *message, size_t message_bytes) {
    snprintf(fleet->single_id, sizeof fleet->single_id, "default");
    fleet->anonymous = true;
    if (fleet->inventory != NULL && is_file_in(fleet->inventory, "ecus.json")) {
        char path[LP_PATH_BYTES];
        lpd_inventory inventory;
        if (!lp_path_join(path, sizeof path, fleet->inventory, "ecus.json") ||
            !lpd_inventory_read(path, dialect, &inventory, message, message_bytes)) {
            return false;
        }
        if (inventory.vehicle[0] != '\0') {
            snprintf(fleet->single_id, sizeof fleet->single_id, "%s", inventory.vehicle);
            fleet->anonymous = false;
        }
        lpd_inventory_free(&inventory);
    }
    if (!id_ok(fleet->single_id)) {
        snprintf(message, message_bytes, "inventory: '%s' cannot be a vehicle identifier", fleet->single_id);
        return false;
    }
    if (fleet->anonymous && dialect == LP_DIALECT_TUF) {
        snprintf(message, message_bytes, "director-repo %s: a single vehicle needs an inventory that names it",
                 fleet->director_repo);
        return false;
    }
    return true;
}

bool lpd_fleet_open(lpd_fleet *fleet, const char *director_repo, const char *inventory, lp_dialect dialect,
                    char *message, size_t message_bytes) {
    *fleet = (lpd_fleet){.director_repo = director_repo, .inventory = inventory};
    if (!is_folder(director_repo)) {
        snprintf(message, message_bytes, "director-repo: no folder %s", director_repo);
        return false;
    }
    if (inventory != NULL && !is_folder(inventory)) {
        snprintf(message, message_bytes, "inventory: no folder %s", inventory);
        return false;
    }
    fleet->single = is_file_in(director_repo, "1.root.json") || is_file_in(director_repo, "root.json");
    return !fleet->single || single_open(fleet, dialect, message, message_bytes);
}

bool lpd_fleet_director_folder(const lpd_fleet *fleet, const char *vehicle, char out[LP_PATH_BYTES]) {
    char folder[LP_PATH_BYTES];
    if (fleet->single) {
        return lp_path_join(out, LP_PATH_BYTES, fleet->director_repo, ".");
    }
    return lp_path_join(folder, sizeof folder, fleet->director_repo, vehicle) &&
           lp_path_join(out, LP_PATH_BYTES, folder, "director");
}

bool lpd_fleet_inventory_file(const lpd_fleet *fleet, const char *vehicle, char out[LP_PATH_BYTES]) {
    char folder[LP_PATH_BYTES];
    if (fleet->inventory == NULL) {
        return false;
    }
    if (fleet->single) {
        return lp_path_join(out, LP_PATH_BYTES, fleet->inventory, "ecus.json");
    }
    return lp_path_join(folder, sizeof folder, fleet->inventory, vehicle) &&
           lp_path_join(out, LP_PATH_BYTES, folder, "ecus.json");
}

bool lpd_fleet_knows(const lpd_fleet *fleet, const char *vehicle) {
    if (!id_ok(vehicle)) {
        return false;
    }
    if (fleet->single) {
        return strcmp(vehicle, fleet->single_id) == 0;
    }
    char path[LP_PATH_BYTES];
    struct stat info;
    return (lpd_fleet_director_folder(fleet, vehicle, path) && is_folder(path)) ||
           (lpd_fleet_inventory_file(fleet, vehicle, path) && stat(path, &info) == 0 && S_ISREG(info.st_mode));
}

static int compare_ids(const void *a, const void *b) {
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Drops repeated identifiers and those beyond `max`. */
static void list_trim(char **list, size_t *count, size_t max) {
    size_t kept = 0;
    for (size_t i = 0; i < *count; i++) {
        if (kept == max || (kept > 0 && strcmp(list[kept - 1], list[i]) == 0)) {
            free(list[i]);
        } else {
            list[kept++] = list[i];
        }
    }
    *count = kept;
}

/* Appends a copy of `id` to `list`. */
static bool list_add(const char *id, char ***list, size_t *count) {
    char **grown = reallocarray(*list, *count + 1, sizeof **list);
    if (grown == NULL) {
        return false;
    }
    *list = grown;
    grown[*count] = strdup(id);
    if (grown[*count] == NULL) {
        return false;
    }
    ++*count;
    return true;
}

/* Appends the vehicles after `after` among the entries of `folder`. */
static bool list_folder(const lpd_fleet *fleet, const char *folder, const char *after, char ***list, size_t *count) {
    DIR *dir = opendir(folder);
    if (dir == NULL) {
        return false;
    }
    bool ok = true;
    const struct dirent *entry;
    while (ok && (entry = readdir(dir)) != NULL) {
        if (strcmp(entry->d_name, after) > 0 && lpd_fleet_knows(fleet, entry->d_name)) {
            ok = list_add(entry->d_name, list, count);
        }
    }
    closedir(dir);
    return ok;
}

static bool list_all(const lpd_fleet *fleet, const char *after, char ***list, size_t *count) {
    if (fleet->single) {
        return strcmp(fleet->single_id, after) <= 0 || list_add(fleet->single_id, list, count);
    }
    return list_folder(fleet, fleet->director_repo, after, list, count) &&
           (fleet->inventory == NULL || list_folder(fleet, fleet->inventory, after, list, count));
}

bool lpd_fleet_list(const lpd_fleet *fleet, const char *after, size_t max, char ***out, size_t *count) {
    char **list = NULL;
    size_t found = 0;
    if (!list_all(fleet, after, &list, &found)) {
        lpd_fleet_list_free(list, found);
        return false;
    }
    if (found > 0) {
        qsort(list, found, sizeof *list, compare_ids);
    }
    list_trim(list, &found, max);
    *out = list;
    *count = found;
    return true;
}

void lpd_fleet_list_free(char **list, size_t count) {
    for (size_t i = 0; i < count; i++) {
        free(list[i]);
    }
    free(list);
}

bool lpd_fleet_sole(const lpd_fleet *fleet, char out[LPD_ID_BYTES]) {
    if (fleet->single) {
        snprintf(out, LPD_ID_BYTES, "%s", fleet->single_id);
        return true;
    }
    DIR *dir = opendir(fleet->director_repo);
    if (dir == NULL) {
        return false;
    }
    char found[LPD_ID_BYTES];
    size_t count = 0;
    const struct dirent *entry;
    while (count < 2 && (entry = readdir(dir)) != NULL) {
        if (lpd_fleet_knows(fleet, entry->d_name)) {
            snprintf(found, sizeof found, "%.*s", LPD_ID_BYTES - 1, entry->d_name);
            count++;
        }
    }
    closedir(dir);
    if (count == 1) {
        snprintf(out, LPD_ID_BYTES, "%s", found);
    }
    return count == 1;
}
