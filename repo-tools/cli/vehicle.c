/* SPDX-License-Identifier: Apache-2.0 */
/* Commands on vehicles and their ECUs: inventory, orders, provisioning. */
#include "commands.h"

#include "lampyr-host/openssl.h"
#include "lampyr-repo/publish.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

bool run_add_vehicle(const arguments *args, lpr_error *error) {
    lpr_workspace ws;
    if (!lpr_workspace_open(args->positional[0], true, &ws, error)) {
        return false;
    }
    bool ok = lpr_vehicle_add(&ws, args->positional[1], error);
    lpr_workspace_close(&ws);
    if (ok) {
        printf("added vehicle %s\n", args->positional[1]);
    }
    return ok;
}

bool run_add_ecu(const arguments *args, lpr_error *error) {
    lpr_workspace ws;
    const lpr_ecu ecu = {
        .serial = args->positional[2],
        .hardware = args->value[OPT_HARDWARE],
        .public_key_file = args->value[OPT_PUBLIC_KEY],
        .primary = args->value[OPT_PRIMARY] != NULL,
    };
    if (args->hardware.count > 1) {
        *error = (lpr_error){LPR_USAGE, "an ECU has one hardware identifier"};
        return false;
    }
    if (!lpr_workspace_open(args->positional[0], true, &ws, error)) {
        return false;
    }
    bool ok = lpr_ecu_add(&ws, args->positional[1], &ecu, error);
    lpr_workspace_close(&ws);
    if (ok) {
        printf("added ECU %s\n", ecu.serial);
    }
    return ok;
}

bool run_assign_image(const arguments *args, lpr_error *error) {
    lpr_workspace ws;
    const lpr_order order = {
        .serial = args->positional[2],
        .image = args->positional[3],
        .from = args->value[OPT_FROM],
        .force = args->value[OPT_FORCE] != NULL,
        .file = args->value[OPT_FILE],
    };
    if (order.file != NULL && !order.force) {
        *error = (lpr_error){LPR_USAGE, "--file is for --force"};
        return false;
    }
    if (!lpr_workspace_open(args->positional[0], true, &ws, error)) {
        return false;
    }
    bool ok = lpr_image_assign(&ws, args->positional[1], &order, error);
    lpr_workspace_close(&ws);
    if (ok) {
        printf("assigned %s to ECU %s\n", order.image, order.serial);
    }
    return ok;
}

bool run_unassign_image(const arguments *args, lpr_error *error) {
    lpr_workspace ws;
    if (!lpr_workspace_open(args->positional[0], true, &ws, error)) {
        return false;
    }
    bool ok = lpr_image_unassign(&ws, args->positional[1], args->positional[2], error);
    lpr_workspace_close(&ws);
    if (ok) {
        printf("ECU %s has no image assigned\n", args->positional[2]);
    }
    return ok;
}

static bool fail_errno(lpr_error *error, const char *path) {
    error->kind = errno == EEXIST ? LPR_USAGE : LPR_STATE;
    snprintf(error->text, sizeof error->text, "%.900s: %s", path, strerror(errno));
    return false;
}

bool run_create_ecu_key(const arguments *args, lpr_error *error) {
    const char *path = args->positional[0];
    char public_path[LP_PATH_BYTES];
    lp_scheme scheme;
    lp_key key;
    int len = snprintf(public_path, sizeof public_path, "%s.pub", path);
    if (len < 0 || (size_t)len >= sizeof public_path) {
        *error = (lpr_error){LPR_USAGE, "the path is too long"};
        return false;
    }
    /* The keyid is not used: it depends on the dialect of whoever reads the key later. */
    if (!arguments_scheme(args, &scheme, error)) {
        return false;
    }
    if (lp_key_generate(scheme, LPR_RSA_BITS, LP_DIALECT_TUF, &key) != LP_OK) {
        *error = (lpr_error){LPR_STATE, "cannot make a key"};
        return false;
    }
    bool ok = lp_key_save(&key, path) == LP_OK || fail_errno(error, path);
    ok = ok && (lp_key_save_public(&key, public_path) == LP_OK || fail_errno(error, public_path));
    lp_key_free(&key);
    if (ok) {
        printf("made %s and %s\n", path, public_path);
    }
    return ok;
}

typedef bool provision_fn(const lpr_workspace *ws, const lpr_provision *provision, lpr_error *error);

static bool provision(const arguments *args, lpr_provision *p, provision_fn *fill, lpr_error *error) {
    static const char *const roles[] = {"full", "targets", NULL};
    lpr_workspace ws;
    int director_roles = 0;
    if (!arguments_time(args, OPT_TIME, (int64_t)time(NULL), &p->time, error) ||
        !lpr_workspace_open(args->positional[0], false, &ws, error)) {
        return false;
    }
    int usual = ws.dialect == LP_DIALECT_LEGACY ? 1 : 0;
    bool ok = arguments_dialect(args, OPT_IMAGE_DIALECT, ws.dialect, &p->image_dialect, error) &&
              arguments_choice(args, OPT_DIRECTOR_ROLES, roles, usual, &director_roles, error);
    p->director_targets_only = director_roles == 1;
    ok = ok && fill(&ws, p, error);
    lpr_workspace_close(&ws);
    if (ok) {
        printf("provisioned %s\n", p->out);
    }
    return ok;
}

bool run_provision_primary(const arguments *args, lpr_error *error) {
    lpr_provision p = {
        .vehicle = args->positional[1],
        .out = args->positional[2],
        .key = args->value[OPT_KEY],
        .image_root = args->value[OPT_IMAGE_ROOT],
        .director_url = args->value[OPT_DIRECTOR_URL],
        .image_url = args->value[OPT_IMAGE_URL],
    };
    return provision(args, &p, lpr_provision_primary, error);
}

bool run_provision_secondary(const arguments *args, lpr_error *error) {
    lpr_provision p = {
        .vehicle = args->positional[1],
        .serial = args->positional[2],
        .out = args->positional[3],
        .key = args->value[OPT_KEY],
        .image_root = args->value[OPT_IMAGE_ROOT],
        .primary = args->value[OPT_PRIMARY_ADDRESS],
        .vendor = args->value[OPT_VENDOR],
    };
    return provision(args, &p, lpr_provision_secondary, error);
}
