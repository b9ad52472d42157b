/* SPDX-License-Identifier: Apache-2.0 */
/* Which vehicles there are, and where their folders lie. Nothing is cached: what an operator publishes or adds to
 * the inventory counts from the next request on. */
#ifndef LAMPYR_DIRECTOR_FLEET_H
#define LAMPYR_DIRECTOR_FLEET_H

#include "director.h"

/* Looks at the published folder: DIR/<vehicle>/director, or one vehicle's metadata right in DIR.
 * `inventory` may be NULL. False with one line in `message` if a folder is not there, or if a single vehicle has
 * no identifier although `dialect` needs one. */
bool lpd_fleet_open(lpd_fleet *fleet, const char *director_repo, const char *inventory, lp_dialect dialect,
                    char *message, size_t message_bytes);

/* True if `vehicle` is published or inventoried. */
bool lpd_fleet_knows(const lpd_fleet *fleet, const char *vehicle);

/* The vehicle meant by /director: copies the identifier of the only one that is published; false if there are
 * more, or none. */
bool lpd_fleet_sole(const lpd_fleet *fleet, char out[LPD_ID_BYTES]);

/* Folder of the vehicle's director repository, and file of its inventory (false also if there is no
 * inventory at all). False if the path is too long. */
bool lpd_fleet_director_folder(const lpd_fleet *fleet, const char *vehicle, char out[LP_PATH_BYTES]);
bool lpd_fleet_inventory_file(const lpd_fleet *fleet, const char *vehicle, char out[LP_PATH_BYTES]);

/* Identifiers of all vehicles after `after` ("" for the first), ascending, at most `max` of them. Free each and
 * the array with lpd_fleet_list_free(). False with errno if a folder cannot be read. */
bool lpd_fleet_list(const lpd_fleet *fleet, const char *after, size_t max, char ***out, size_t *count);
void lpd_fleet_list_free(char **list, size_t count);

#endif
