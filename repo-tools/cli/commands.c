/* SPDX-License-Identifier: Apache-2.0 */
/* What each command takes, and its help. */
#include "commands.h"

#define KEY_TYPE_HELP "  --key-type TYPE      ed25519 (default), ecdsa (P-256) or rsa (3072 bits)\n"
#define VERIFY_HELP                                                                                                    \
    "  --image-dialect D    tuf or legacy (default: the director's)\n"                                                 \
    "  --director-roles R   full, or targets if the director serves only root and targets that matter\n"               \
    "                       (default: full in tuf, targets in legacy)\n"

const command commands[] = {
    {"init",
     {"DIR", OPT(REPOSITORY), OPT(DIALECT) | OPT(KEY_TYPE) | OPT(KEYS) | OPT(THRESHOLD) | OPT(EXPIRES_IN)},
     "--repository image|director [OPTIONS]",
     "make a workspace with new keys",
     "  --repository KIND    image: an image repository; director: a director\n"
     "  --dialect DIALECT    tuf (default): TUF 1.0; legacy: as aktualizr and its servers use it\n" KEY_TYPE_HELP
     "  --keys N             keys of each role (default 1)\n"
     "  --threshold N        of them that must sign (default 1)\n"
     "  --expires-in TIME    how long metadata is valid by default, e.g. 365d (default), 12h, 30m, 45s\n",
     run_init},
    {"create-key",
     {"DIR", OPT(ROLE), OPT(KEY_TYPE) | OPT(THRESHOLD)},
     "--role ROLE [--key-type TYPE] [--threshold N]",
     "add a new key to a role",
     "  --role ROLE          root, timestamp, snapshot, targets, time (director), or a delegated role\n" KEY_TYPE_HELP
     "  --threshold N        new threshold of the role\n",
     run_create_key},
    {"rotate-key",
     {"DIR", OPT(ROLE), OPT(KEY_TYPE)},
     "--role ROLE [--key-type TYPE]",
     "replace all keys of a role by new ones",
     "  --role ROLE          root, timestamp, snapshot, targets, time (director), or a delegated role\n" KEY_TYPE_HELP
     "The next `sign` makes the new root, signed by the old and the new root keys.\n",
     run_rotate_key},
    {"list-keys", {"DIR", 0, 0}, "", "list roles, their keys and thresholds", "", run_list_keys},
    {"add-image",
     {"DIR FILE", OPT(NAME) | OPT(HARDWARE) | OPT(COUNTER), OPT(VERSION) | OPT(ROLE) | OPT(FORMAT) | OPT(VENDOR)},
     "--name NAME --hardware HW... --counter N [OPTIONS]",
     "add an image to an image repository",
     "  --name NAME          its name in metadata, with `/` between folders\n"
     "  --hardware HW...     hardware identifiers it is for\n"
     "  --counter N          release counter: an ECU never goes back to a lower one\n"
     "  --version V          version, for people\n"
     "  --role ROLE          the delegated role that signs it (default targets)\n"
     "  --format F           format, e.g. BINARY\n"
     "  --vendor ID          vendor identifier\n",
     run_add_image},
    {"remove-image",
     {"DIR NAME", 0, OPT(ROLE)},
     "[--role ROLE]",
     "remove an image from an image repository",
     "  --role ROLE          the role to remove it from (default: the first that has it)\n",
     run_remove_image},
    {"add-delegation",
     {"DIR ROLE", OPT(PATHS), OPT(HARDWARE) | OPT(TERMINATING) | OPT(PARENT) | OPT(KEY_TYPE)},
     "--paths PATTERN... [OPTIONS]",
     "delegate images to a new role",
     "  --paths PATTERN...   image names it may sign; `*` and `?` are wildcards\n"
     "  --hardware HW...     hardware it may sign for (default: any)\n"
     "  --terminating        roles after this one are not asked for these images\n"
     "  --parent ROLE        who delegates (default targets)\n" KEY_TYPE_HELP,
     run_add_delegation},
    {"add-vehicle", {"DIR VEHICLE", 0, 0}, "", "add a vehicle to a director", "", run_add_vehicle},
    {"add-ecu",
     {"DIR VEHICLE SERIAL", OPT(HARDWARE) | OPT(PUBLIC_KEY), OPT(PRIMARY)},
     "--hardware HW --public-key FILE [--primary]",
     "add an ECU to a vehicle's inventory",
     "  --hardware HW        its hardware identifier\n"
     "  --public-key FILE    its public key, PEM (create-ecu-key writes one)\n"
     "  --primary            it is the primary of the vehicle\n",
     run_add_ecu},
    {"assign-image",
     {"DIR VEHICLE SERIAL IMAGE", OPT(FROM), OPT(FORCE) | OPT(FILE)},
     "--from IMAGE_WORKSPACE [--force [--file FILE]]",
     "order an image for an ECU",
     "  --from DIR           workspace of the image repository\n"
     "  --force              order it even if it is for other hardware\n"
     "  --file FILE          with --force: the bytes of an image that the repository does not have\n",
     run_assign_image},
    {"unassign-image", {"DIR VEHICLE SERIAL", 0, 0}, "", "take the order of an ECU back", "", run_unassign_image},
    {"sign",
     {"DIR", 0, OPT(ROLE) | OPT(VEHICLE) | OPT(EXPIRES_IN) | OPT(EXPIRES) | OPT(TIME)},
     "[OPTIONS]",
     "sign what changed or has expired",
     "  --role ROLE          sign this role even if it did not change; may be repeated\n"
     "  --vehicle VEHICLE    director: this vehicle only\n"
     "  --expires-in TIME    how long it is valid, e.g. 30d (default: as chosen at init)\n"
     "  --expires TIME       until when, e.g. 2030-01-31T12:00:00Z\n"
     "  --time TIME          the present time (default: the clock)\n",
     run_sign},
    {"publish",
     {"DIR OUT", 0, 0},
     "",
     "copy what is signed to a folder that can be served",
     "Files are replaced one by one, images first and timestamp last. Nothing is removed from OUT.\n",
     run_publish},
    {"show",
     {"DIR", 0, OPT(JSON)},
     "[--json]",
     "show what is in a workspace",
     "  --json               as JSON\n",
     run_show},
    {"create-ecu-key",
     {"FILE", 0, OPT(KEY_TYPE)},
     "[--key-type TYPE]",
     "make the key of an ECU: FILE (private) and FILE.pub",
     KEY_TYPE_HELP,
     run_create_ecu_key},
    {"provision-primary",
     {"DIR VEHICLE OUT", OPT(KEY) | OPT(IMAGE_ROOT),
      OPT(DIRECTOR_URL) | OPT(IMAGE_URL) | OPT(IMAGE_DIALECT) | OPT(DIRECTOR_ROLES) | OPT(TIME)},
     "--image-root FILE --key FILE [OPTIONS]",
     "write the folder that a primary starts with",
     "  --image-root FILE    root of the image repository\n"
     "  --key FILE           private key of the primary\n"
     "  --director-url URL   base of the director's metadata (default: left for OUT/primary.conf.d/*.conf)\n"
     "  --image-url URL      base of the image repository (default: left for OUT/primary.conf.d/*.conf)\n" VERIFY_HELP
     "  --time TIME          time floor (default: the clock)\n",
     run_provision_primary},
    {"provision-secondary",
     {"DIR VEHICLE SERIAL OUT", OPT(KEY) | OPT(PRIMARY_ADDRESS),
      OPT(IMAGE_ROOT) | OPT(IMAGE_DIALECT) | OPT(DIRECTOR_ROLES) | OPT(VENDOR) | OPT(TIME)},
     "--key FILE --primary ADDRESS [OPTIONS]",
     "write the folder that a secondary starts with",
     "  --key FILE           private key of the ECU\n"
     "  --primary ADDRESS    where the primary listens, e.g. coap://[::1]:5683\n"
     "  --image-root FILE    root of the image repository, for full verification\n" VERIFY_HELP
     "  --vendor ID          vendor identifier that it registers with\n"
     "  --time TIME          time floor (default: the clock)\n",
     run_provision_secondary},
    {.name = NULL},
};
