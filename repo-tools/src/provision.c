/* SPDX-License-Identifier: Apache-2.0 */
#include "lampyr-host/openssl.h"
#include "lampyr-repo/publish.h"
#include "lampyr-repo/sign.h"
#include "lampyr/encode.h"
#include "signed_file.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* One folder in the making. */
typedef struct folder {
    const lpr_workspace *ws;
    const lpr_provision *provision;
    const lpr_vehicle *vehicle;
    lpr_error *error;
} folder;

static bool put(const folder *f, const char *name, lp_slice bytes, mode_t mode) {
    char path[LP_PATH_BYTES];
    return lpr_path(path, f->error, f->provision->out, "%s", name) &&
           (lp_file_write(path, bytes, mode) || lpr_fail_errno(f->error, LPR_STATE, path));
}

static bool put_copy(const folder *f, const char *name, const char *from, mode_t mode) {
    lp_slice bytes;
    if (!lpr_map(from, &bytes, LPR_USAGE, f->error)) {
        return false;
    }
    bool ok = put(f, name, bytes, mode);
    lpr_unmap(bytes);
    return ok;
}

/* Loads the director's root (`folder_path` the workspace) or targets (the vehicle's folder). */
static bool load_signed(const folder *f, const char *folder_path, const char *role, char *path, lpr_signed *file) {
    bool found;
    if (!lpr_signed_path(folder_path, role, path, f->error) || !lpr_signed_load(path, &found, file, f->error)) {
        return false;
    }
    return found ||
           lpr_fail(f->error, LPR_USAGE, "%s: not signed yet: `lampyr-repo sign` comes before provisioning", path);
}

/* As the director serves it. */
static bool put_served(const folder *f, const char *name, const char *folder_path, const char *role) {
    char path[LP_PATH_BYTES];
    lpr_signed file;
    if (!load_signed(f, folder_path, role, path, &file)) {
        return false;
    }
    lpr_signed_free(&file);
    return put_copy(f, name, path, 0644);
}

static bool put_time(const folder *f) {
    char text[LP_TIME_TEXT_BYTES];
    lp_time_format(f->provision->time, text);
    text[LP_TIME_TEXT_BYTES - 1] = '\n';
    return put(f, "time", (lp_slice){(const uint8_t *)text, sizeof text}, 0644);
}

/* The key must be the one that the inventory knows, or every report would be refused. */
static bool put_key(const folder *f, const char *serial) {
    const char *from = f->provision->key;
    lp_key key;
    lp_code code = lp_key_load(from, f->ws->dialect, &key);
    if (code == LP_UNREACHABLE) {
        return lpr_fail_errno(f->error, LPR_USAGE, from);
    }
    if (code != LP_OK) {
        return lpr_fail(f->error, LPR_USAGE, "%s: not a private key in PEM", from);
    }
    json_t *object = lpr_key_object(&key.public_key, f->ws->dialect);
    bool same = json_equal(object, json_object_get(lpr_vehicle_ecu(f->vehicle, serial), "key"));
    json_decref(object);
    lp_key_free(&key);
    if (!same) {
        return lpr_fail(f->error, LPR_USAGE, "%s: not the key of ECU `%s` in the inventory", from, serial);
    }
    return put_copy(f, "ecu.key", from, 0600);
}

/* One `key = value` line; left out if there is no value. */
static void set(FILE *config, const char *key, const char *value) {
    if (value != NULL) {
        fprintf(config, "%s = %s\n", key, value);
    }
}

static void set_identity(FILE *config, const folder *f, const char *serial) {
    const json_t *ecu = lpr_vehicle_ecu(f->vehicle, serial);
    set(config, "serial", serial);
    set(config, "hardware", json_string_value(json_object_get(ecu, "hardware")));
    set(config, "vehicle", f->provision->vehicle);
}

static const char *dialect_name(lp_dialect dialect) {
    return dialect == LP_DIALECT_TUF ? "tuf" : "legacy";
}

/* What full verification has to know of both repositories. */
static void set_repositories(FILE *config, const folder *f) {
    set(config, "image_dialect", dialect_name(f->provision->image_dialect));
    set(config, "director_roles", f->provision->director_targets_only ? "targets" : "full");
}

static void write_primary(FILE *config, const folder *f, const char *serial) {
    set_identity(config, f, serial);
    set(config, "director_dialect", dialect_name(f->ws->dialect));
    set_repositories(config, f);
    set(config, "director_url", f->provision->director_url);
    set(config, "image_url", f->provision->image_url);
    set(config, "key", "ecu.key");
    set(config, "ecus", "ecus.json");
    set(config, "director_root", "director-root.json");
    set(config, "image_root", "image-root.json");
    set(config, "time", "time");
    set(config, "state", "state");
    set(config, "coap_listen", "[::1]:0");
}

static void write_secondary(FILE *config, const folder *f, const char *serial) {
    const char *primary = f->provision->primary;
    const size_t scheme_len = strlen("coap://");
    set_identity(config, f, serial);
    set(config, "vendor", f->provision->vendor);
    set(config, "dialect", dialect_name(f->ws->dialect));
    set(config, "primary", strncmp(primary, "coap://", scheme_len) == 0 ? primary + scheme_len : primary);
    set(config, "key", "ecu.key");
    set(config, "root", "root.json");
    set(config, "targets", "targets.json");
    if (f->provision->image_root != NULL) {
        set_repositories(config, f);
        set(config, "image_root", "image-root.json");
    }
    set(config, "time", "time");
    set(config, "state", "state");
    set(config, "listen", "[::1]:0");
}

/* Written last, and only once: with it the folder is complete. */
static bool put_config(const folder *f, const char *name, const char *serial,
                       void (*write)(FILE *config, const folder *f, const char *serial)) {
    char path[LP_PATH_BYTES];
    char *text = NULL;
    size_t len = 0;
    FILE *config = open_memstream(&text, &len);
    if (config == NULL) {
        return lpr_fail(f->error, LPR_STATE, "out of memory");
    }
    write(config, f, serial);
    fclose(config);
    bool ok = lpr_path(path, f->error, f->provision->out, "%s", name) &&
              (lp_file_create(path, (lp_slice){(const uint8_t *)text, len}, 0644) ||
               lpr_fail_errno(f->error, LPR_STATE, path));
    free(text);
    return ok;
}

static bool text_checks(const char *what, const char *text, lpr_error *error) {
    for (const char *c = text; c != NULL && *c != '\0'; c++) {
        if ((unsigned char)*c < 0x20 || *c == 0x7f) {
            return lpr_fail(error, LPR_USAGE, "%s contains control characters", what);
        }
    }
    return true;
}

static bool begin(const folder *f, const char *config_name) {
    const lpr_provision *p = f->provision;
    char path[LP_PATH_BYTES];
    if (!text_checks("primary's address", p->primary, f->error) || !text_checks("vendor", p->vendor, f->error) ||
        !text_checks("director's URL", p->director_url, f->error) ||
        !text_checks("image repository's URL", p->image_url, f->error) ||
        !lpr_path(path, f->error, p->out, "%s", config_name)) {
        return false;
    }
    if (access(path, F_OK) == 0) {
        return lpr_fail(f->error, LPR_USAGE, "%s: there already; provisioning starts with a new folder", path);
    }
    return lp_folder_make(p->out, 0700) || lpr_fail_errno(f->error, LPR_STATE, p->out);
}

static bool fill_primary(const folder *f) {
    char ecus[LP_PATH_BYTES];
    const char *serial = json_string_value(json_object_get(f->vehicle->inventory, "primary"));
    if (serial[0] == '\0') {
        return lpr_fail(f->error, LPR_USAGE, "vehicle `%s` has no primary: `lampyr-repo add-ecu --primary`",
                        f->provision->vehicle);
    }
    return begin(f, "primary.conf") && put_key(f, serial) &&
           put_served(f, "director-root.json", f->ws->folder, "root") &&
           put_copy(f, "image-root.json", f->provision->image_root, 0644) &&
           lpr_path(ecus, f->error, f->vehicle->folder, "ecus.json") && put_copy(f, "ecus.json", ecus, 0644) &&
           put_time(f) && put_config(f, "primary.conf", serial, write_primary);
}

static bool fill_secondary(const folder *f) {
    const lpr_provision *p = f->provision;
    if (lpr_vehicle_ecu(f->vehicle, p->serial) == NULL) {
        return lpr_fail(f->error, LPR_USAGE, "vehicle `%s` has no ECU `%s`", p->vehicle, p->serial);
    }
    return begin(f, "secondary.conf") && put_key(f, p->serial) && put_served(f, "root.json", f->ws->folder, "root") &&
           put_served(f, "targets.json", f->vehicle->folder, "targets") &&
           (p->image_root == NULL || put_copy(f, "image-root.json", p->image_root, 0644)) && put_time(f) &&
           put_config(f, "secondary.conf", p->serial, write_secondary);
}

static bool provision(const lpr_workspace *ws, const lpr_provision *request, bool (*fill)(const folder *f),
                      lpr_error *error) {
    lpr_vehicle vehicle = {.inventory = NULL};
    if (!lpr_vehicle_open(ws, request->vehicle, &vehicle, error)) {
        return false;
    }
    const folder f = {.ws = ws, .provision = request, .vehicle = &vehicle, .error = error};
    bool ok = fill(&f);
    lpr_vehicle_close(&vehicle);
    return ok;
}

bool lpr_provision_primary(const lpr_workspace *ws, const lpr_provision *request, lpr_error *error) {
    return provision(ws, request, fill_primary, error);
}

bool lpr_provision_secondary(const lpr_workspace *ws, const lpr_provision *request, lpr_error *error) {
    return provision(ws, request, fill_secondary, error);
}
