/* SPDX-License-Identifier: Apache-2.0 */
#include "case.h"

#include "lampyr/encode.h"

#include <string.h>

const char *vv_text(const json_t *object, const char *name) {
    const char *text = json_string_value(json_object_get(object, name));
    if (text == NULL) {
        vv_fatal("a member is missing or is no text", name);
    }
    return text;
}

int64_t vv_time(const json_t *object, const char *name) {
    int64_t seconds;
    const char *text = vv_text(object, name);
    if (lp_time_parse((lp_str){text, strlen(text)}, &seconds) != LP_OK) {
        vv_fatal("no time", text);
    }
    return seconds;
}

/* True if the member is `yes`, false if it is `no` or absent. */
static bool is(const json_t *object, const char *name, const char *yes, const char *no) {
    const json_t *member = json_object_get(object, name);
    const char *text = member != NULL ? vv_text(object, name) : no;
    if (strcmp(text, yes) != 0 && strcmp(text, no) != 0) {
        vv_fatal(name, text);
    }
    return strcmp(text, yes) == 0;
}

static lp_dialect dialect_of(const json_t *dialects, const char *repository) {
    return is(dialects, repository, "legacy", "tuf") ? LP_DIALECT_LEGACY : LP_DIALECT_TUF;
}

void vv_case_read(vv_case *c, const json_t *json) {
    const json_t *dialects = json_object_get(json, "dialects");
    const json_t *vehicle = json_object_get(json, "vehicle");
    *c = (vv_case){.json = json, .name = vv_text(json, "name")};
    c->dialect[LP_REPO_DIRECTOR] = dialect_of(dialects, "director");
    c->dialect[LP_REPO_IMAGE] = dialect_of(dialects, "image");
    c->form = is(json, "form", "canonical", "served") ? LP_JSON_CANONICAL : LP_JSON_SERVED;
    c->limits = is(json, "profile", "constrained", "gateway") ? &lp_limits_constrained : &lp_limits_gateway;
    c->vehicle = vehicle != NULL ? vv_text(json, "vehicle") : NULL;
    c->director_root_and_targets_only = is(json, "director_roles", "targets", "full");
    c->only_listed = json_is_true(json_object_get(json, "only_listed_ecus"));
    c->always_check_image_repository = json_is_true(json_object_get(json, "always_check_image_repository"));
}

static void read_ecu(const json_t *json, lp_ecu *out) {
    const char *installed = json_string_value(json_object_get(json, "installed"));
    size_t len = 0;
    *out = (lp_ecu){.serial = vv_text(json, "serial"),
                    .hardware = vv_text(json, "hardware"),
                    .has_installed = installed != NULL,
                    .counter_floor = (uint64_t)json_integer_value(json_object_get(json, "counter_floor"))};
    if (installed != NULL &&
        (lp_hex_decode((lp_str){installed, strlen(installed)}, out->installed_sha256, LP_SHA256_BYTES, &len) != LP_OK ||
         len != LP_SHA256_BYTES)) {
        vv_fatal("no SHA-256", installed);
    }
}

void vv_case_step(vv_case *c, const json_t *step) {
    const json_t *ecus = json_object_get(step, "ecus");
    size_t i;
    const json_t *ecu;
    if (ecus == NULL) {
        return;
    }
    if (json_array_size(ecus) > VV_ECUS) {
        vv_fatal("too many ECUs", c->name);
    }
    json_array_foreach(ecus, i, ecu) {
        read_ecu(ecu, &c->ecus[i]);
    }
    c->ecu_count = json_array_size(ecus);
}
