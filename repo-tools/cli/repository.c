/* SPDX-License-Identifier: Apache-2.0 */
/* Commands on one repository: keys, images, delegations, signing, publishing, showing. */
#include "commands.h"

#include "lampyr-repo/publish.h"
#include "lampyr-repo/sign.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { DAY_SECONDS = 86400, DEFAULT_EXPIRY_DAYS = 365 };

bool run_init(const arguments *args, lpr_error *error) {
    static const char *const kinds[] = {"image", "director", NULL};
    lpr_plan plan;
    int kind;
    uint64_t keys, threshold;
    if (!arguments_choice(args, OPT_REPOSITORY, kinds, 0, &kind, error) ||
        !arguments_dialect(args, OPT_DIALECT, LP_DIALECT_TUF, &plan.dialect, error) ||
        !arguments_scheme(args, &plan.scheme, error) ||
        !arguments_uint(args, OPT_KEYS, 1, LPR_KEYS_MAX, 1, &keys, error) ||
        !arguments_uint(args, OPT_THRESHOLD, 1, keys, 1, &threshold, error) ||
        !arguments_duration(args, OPT_EXPIRES_IN, (int64_t)DEFAULT_EXPIRY_DAYS * DAY_SECONDS, &plan.expires_in,
                            error)) {
        return false;
    }
    plan.repository = kind == 0 ? LP_REPO_IMAGE : LP_REPO_DIRECTOR;
    plan.keys = (unsigned)keys;
    plan.threshold = (unsigned)threshold;
    if (!lpr_workspace_create(args->positional[0], &plan, error)) {
        return false;
    }
    printf("made %s workspace %s (%s dialect)\n", kinds[kind], args->positional[0],
           plan.dialect == LP_DIALECT_TUF ? "tuf" : "legacy");
    return true;
}

static bool change_keys(const arguments *args, bool rotate, lpr_error *error) {
    lpr_workspace ws;
    lp_scheme scheme;
    const char *role;
    uint64_t threshold;
    if (!arguments_role(args, NULL, &role, error) || !arguments_scheme(args, &scheme, error) ||
        !arguments_uint(args, OPT_THRESHOLD, 1, LPR_KEYS_MAX, 0, &threshold, error) ||
        !lpr_workspace_open(args->positional[0], true, &ws, error)) {
        return false;
    }
    bool ok =
        rotate ? lpr_key_rotate(&ws, role, scheme, error) : lpr_key_add(&ws, role, scheme, (unsigned)threshold, error);
    lpr_workspace_close(&ws);
    if (ok) {
        printf("%s `%s`; sign to make it so\n", rotate ? "replaced the keys of" : "added a key to", role);
    }
    return ok;
}

bool run_create_key(const arguments *args, lpr_error *error) {
    return change_keys(args, false, error);
}

bool run_rotate_key(const arguments *args, lpr_error *error) {
    return change_keys(args, true, error);
}

bool run_list_keys(const arguments *args, lpr_error *error) {
    lpr_workspace ws;
    if (!lpr_workspace_open(args->positional[0], false, &ws, error)) {
        return false;
    }
    const json_t *keys = json_object_get(ws.state, "keys");
    json_t *records = json_deep_copy(json_object_get(ws.state, "roles"));
    const char *role;
    size_t i;
    json_t *record, *label;
    json_array_foreach(json_object_get(ws.state, "delegations"), i, record) {
        json_object_set(records, json_string_value(json_object_get(record, "name")), record);
    }
    json_object_foreach(records, role, record) {
        const json_t *labels = json_object_get(record, "keys");
        printf("%s: %lld of %zu must sign\n", role, (long long)json_integer_value(json_object_get(record, "threshold")),
               json_array_size(labels));
        json_array_foreach(labels, i, label) {
            const json_t *key = json_object_get(keys, json_string_value(label));
            printf("  %s  %-12s  keys/%s.pem\n", json_string_value(json_object_get(key, "keyid")),
                   json_string_value(json_object_get(json_object_get(key, "key"), "keytype")),
                   json_string_value(label));
        }
    }
    json_decref(records);
    lpr_workspace_close(&ws);
    return true;
}

bool run_add_image(const arguments *args, lpr_error *error) {
    lpr_workspace ws;
    lpr_image image = {
        .name = args->value[OPT_NAME],
        .file = args->positional[1],
        .hardware = arguments_as_list(&args->hardware),
        .version = args->value[OPT_VERSION],
        .format = args->value[OPT_FORMAT],
        .vendor = args->value[OPT_VENDOR],
    };
    if (!arguments_role(args, "targets", &image.role, error) ||
        !arguments_uint(args, OPT_COUNTER, 0, INT64_MAX, 0, &image.counter, error) ||
        !lpr_workspace_open(args->positional[0], true, &ws, error)) {
        return false;
    }
    bool ok = lpr_image_add(&ws, &image, error);
    lpr_workspace_close(&ws);
    if (ok) {
        printf("added image %s\n", image.name);
    }
    return ok;
}

bool run_remove_image(const arguments *args, lpr_error *error) {
    lpr_workspace ws;
    const char *role;
    if (!arguments_role(args, NULL, &role, error) || !lpr_workspace_open(args->positional[0], true, &ws, error)) {
        return false;
    }
    bool ok = lpr_image_remove(&ws, args->positional[1], role, error);
    lpr_workspace_close(&ws);
    if (ok) {
        printf("removed image %s\n", args->positional[1]);
    }
    return ok;
}

bool run_add_delegation(const arguments *args, lpr_error *error) {
    lpr_workspace ws;
    lpr_delegation delegation = {
        .role = args->positional[1],
        .parent = args->value[OPT_PARENT] != NULL ? args->value[OPT_PARENT] : "targets",
        .paths = arguments_as_list(&args->paths),
        .hardware = arguments_as_list(&args->hardware),
        .terminating = args->value[OPT_TERMINATING] != NULL,
    };
    if (!arguments_scheme(args, &delegation.scheme, error) ||
        !lpr_workspace_open(args->positional[0], true, &ws, error)) {
        return false;
    }
    bool ok = lpr_delegation_add(&ws, &delegation, error);
    lpr_workspace_close(&ws);
    if (ok) {
        printf("%s delegates to %s\n", delegation.parent, delegation.role);
    }
    return ok;
}

bool run_sign(const arguments *args, lpr_error *error) {
    lpr_workspace ws;
    int64_t now, expires_in, expires;
    if (!arguments_time(args, OPT_TIME, (int64_t)time(NULL), &now, error) ||
        !arguments_duration(args, OPT_EXPIRES_IN, 0, &expires_in, error) ||
        !arguments_time(args, OPT_EXPIRES, 0, &expires, error)) {
        return false;
    }
    if (args->value[OPT_EXPIRES_IN] != NULL && args->value[OPT_EXPIRES] != NULL) {
        *error = (lpr_error){LPR_USAGE, "--expires and --expires-in exclude each other"};
        return false;
    }
    if (!lpr_workspace_open(args->positional[0], true, &ws, error)) {
        return false;
    }
    lpr_sign_request request = {
        .roles = arguments_as_list(&args->roles),
        .vehicle = args->value[OPT_VEHICLE],
        .now = now,
        .expires = args->value[OPT_EXPIRES] != NULL ? expires : now + (expires_in > 0 ? expires_in : ws.expires_in),
        .log = stdout,
    };
    bool ok = lpr_sign(&ws, &request, error);
    lpr_workspace_close(&ws);
    return ok;
}

bool run_publish(const arguments *args, lpr_error *error) {
    lpr_workspace ws;
    size_t written;
    if (!lpr_workspace_open(args->positional[0], true, &ws, error)) {
        return false;
    }
    bool ok = lpr_publish(&ws, args->positional[1], &written, error);
    lpr_workspace_close(&ws);
    if (ok) {
        printf("published to %s: %zu new files\n", args->positional[1], written);
    }
    return ok;
}

static void print_roles(const json_t *owner, const char *indent) {
    const char *name;
    json_t *role;
    json_object_foreach(json_object_get(owner, "roles"), name, role) {
        const char *expires = json_string_value(json_object_get(role, "expires"));
        long long version = json_integer_value(json_object_get(role, "version"));
        if (expires == NULL) {
            printf("%s%-16s not signed yet\n", indent, name);
        } else {
            printf("%s%-16s version %lld, expires %s\n", indent, name, version, expires);
        }
    }
}

static void print_images(const json_t *shown) {
    const char *role, *name;
    json_t *images, *image;
    json_object_foreach(json_object_get(shown, "images"), role, images) {
        json_object_foreach(images, name, image) {
            const json_t *custom = json_object_get(image, "custom");
            const char *version = json_string_value(json_object_get(custom, "version"));
            char *hardware = json_dumps(json_object_get(custom, "hardwareIds"), JSON_COMPACT);
            printf("image %s: role %s, %lld bytes, hardware %s, release counter %lld%s%s\n", name, role,
                   (long long)json_integer_value(json_object_get(image, "length")), hardware,
                   (long long)json_integer_value(json_object_get(custom, "releaseCounter")),
                   version != NULL ? ", version " : "", version != NULL ? version : "");
            free(hardware);
        }
    }
}

static void print_vehicles(const json_t *shown) {
    const char *name;
    json_t *vehicle, *ecu;
    size_t i;
    json_object_foreach(json_object_get(shown, "vehicles"), name, vehicle) {
        const char *primary = json_string_value(json_object_get(vehicle, "primary"));
        printf("vehicle %s\n", name);
        print_roles(vehicle, "  ");
        json_array_foreach(json_object_get(vehicle, "ecus"), i, ecu) {
            const char *serial = json_string_value(json_object_get(ecu, "serial"));
            const json_t *order = json_object_get(json_object_get(vehicle, "assignments"), serial);
            const char *image = json_string_value(json_object_get(order, "image"));
            printf("  ECU %s: hardware %s%s, %s%s\n", serial, json_string_value(json_object_get(ecu, "hardware")),
                   strcmp(serial, primary) == 0 ? ", primary" : "", image != NULL ? "image " : "no image assigned",
                   image != NULL ? image : "");
        }
    }
}

bool run_show(const arguments *args, lpr_error *error) {
    lpr_workspace ws;
    json_t *shown;
    if (!lpr_workspace_open(args->positional[0], false, &ws, error)) {
        return false;
    }
    bool ok = lpr_show(&ws, &shown, error);
    lpr_workspace_close(&ws);
    if (!ok) {
        return false;
    }
    if (args->value[OPT_JSON] != NULL) {
        json_dumpf(shown, stdout, JSON_INDENT(2) | JSON_SORT_KEYS);
        putchar('\n');
    } else {
        printf("%s repository, %s dialect\n", json_string_value(json_object_get(shown, "repository")),
               json_string_value(json_object_get(shown, "dialect")));
        print_roles(shown, "");
        print_images(shown);
        print_vehicles(shown);
    }
    json_decref(shown);
    return true;
}
