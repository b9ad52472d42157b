/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway.h"

#include "lampyr/encode.h"
#include "lampyr/limits.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { TIME_FILE_BYTES = 256 };

static bool read_file(const char *path, size_t max_bytes, uint8_t **out, size_t *len, char *message,
                      size_t message_bytes) {
    if (!lp_file_read(path, max_bytes, out, len)) {
        snprintf(message, message_bytes, "cannot read %s: %s", path, strerror(errno));
        return false;
    }
    return true;
}

static bool read_time(const char *path, int64_t *out, char *message, size_t message_bytes) {
    uint8_t *bytes;
    size_t len;
    if (!read_file(path, TIME_FILE_BYTES, &bytes, &len, message, message_bytes)) {
        return false;
    }
    lp_str text = {(const char *)bytes, strcspn((const char *)bytes, "\r\n")};
    lp_code code = lp_time_parse(text, out);
    free(bytes);
    if (code != LP_OK) {
        snprintf(message, message_bytes, "%s: not a time like 2026-11-21T02:23:54Z", path);
    }
    return code == LP_OK;
}

/* The inventory, the configuration and the key must speak of the same primary. */
static bool check_identity(const lp_gateway *gateway, char *message, size_t message_bytes) {
    const lp_settings *settings = &gateway->settings;
    const lp_inventory_ecu *own = &gateway->inventory.ecus[gateway->own];
    const char *wrong = NULL;
    if (strcmp(gateway->inventory.primary, settings->serial) != 0) {
        wrong = "names another primary than `serial`";
    } else if (strcmp(own->hardware, settings->hardware) != 0) {
        wrong = "gives the primary another hardware than `hardware`";
    } else if (settings->vehicle[0] != '\0' && strcmp(gateway->inventory.vehicle, settings->vehicle) != 0) {
        wrong = "is of another vehicle than `vehicle`";
    } else if (!lp_public_key_eq(&own->key, &gateway->key.public_key)) {
        wrong = "has another key for the primary than `key`";
    }
    if (wrong != NULL) {
        snprintf(message, message_bytes, "%s %s", settings->ecus, wrong);
    }
    return wrong == NULL;
}

/* The roots of the image repositories, and where they are if a map says so. */
static bool read_image_repositories(lp_gateway *gateway, char *message, size_t message_bytes) {
    const lp_settings *settings = &gateway->settings;
    char text[LP_REPOSITORIES_MESSAGE_BYTES];
    if (settings->map[0] == '\0') {
        return read_file(settings->image_root, lp_limits_gateway.root_bytes, &gateway->image_root,
                         &gateway->image_root_bytes, message, message_bytes);
    }
    bool ok = lp_repositories_open(&gateway->repositories, settings->map, settings->map_roots, true,
                                   settings->image_dialect, text);
    if (!ok) {
        snprintf(message, message_bytes, "%s", text);
    }
    return ok;
}

static bool read_provisioning(lp_gateway *gateway, char *message, size_t message_bytes) {
    const lp_settings *settings = &gateway->settings;
    if (!lp_inventory_load(settings->ecus, &gateway->inventory, message, message_bytes)) {
        return false;
    }
    gateway->own = (size_t)lp_inventory_find(&gateway->inventory, gateway->inventory.primary);
    lp_code code = lp_key_load(settings->key, settings->director_dialect, &gateway->key);
    if (code != LP_OK) {
        snprintf(message, message_bytes, "cannot use the key %s: %s", settings->key, lp_code_text(code));
        return false;
    }
    return check_identity(gateway, message, message_bytes) &&
           read_file(settings->director_root, lp_limits_gateway.root_bytes, &gateway->director_root,
                     &gateway->director_root_bytes, message, message_bytes) &&
           read_image_repositories(gateway, message, message_bytes) &&
           read_time(settings->time, &gateway->provisioned_time, message, message_bytes);
}

static const char *or_null(const char *text) {
    return text[0] == '\0' ? NULL : text;
}

static bool check_addresses(const lp_settings *settings, char *message, size_t message_bytes) {
    if (!lp_coap_address_valid(settings->coap_listen)) {
        snprintf(message, message_bytes, "coap_listen: %s is no numeric address and port like [::1]:5683",
                 settings->coap_listen);
        return false;
    }
    if (!lp_fetch_base_valid(settings->director_url) ||
        (settings->map[0] == '\0' && !lp_fetch_base_valid(settings->image_url))) {
        snprintf(message, message_bytes, "director_url, image_url: neither an http nor an https URL");
        return false;
    }
    return true;
}

static bool open_fetch(lp_gateway *gateway, char *message, size_t message_bytes) {
    const lp_settings *settings = &gateway->settings;
    lp_fetch_options options = lp_fetch_defaults;
    options.ca_file = or_null(settings->tls_ca);
    options.client_certificate = or_null(settings->tls_certificate);
    options.client_key = or_null(settings->tls_key);
    gateway->fetch = lp_fetch_new(&options, message, message_bytes);
    return gateway->fetch != NULL;
}

static bool open_state(lp_gateway *gateway, char *message, size_t message_bytes) {
    const lp_settings *settings = &gateway->settings;
    gateway->store = lp_store_open(settings->state, message, message_bytes);
    if (gateway->store == NULL) {
        return false;
    }
    gateway->ledger = lp_ledger_open(lp_store_database(gateway->store), message, message_bytes);
    if (gateway->ledger == NULL || !lp_secondaries_load(&gateway->secondaries, &gateway->inventory, gateway->ledger,
                                                        settings->director_dialect, message, message_bytes)) {
        return false;
    }
    lp_relay_source source = {.inventory = &gateway->inventory,
                              .store = gateway->store,
                              .director_dialect = settings->director_dialect,
                              .image_dialect = settings->image_dialect,
                              .provisioned_root = {gateway->director_root, gateway->director_root_bytes}};
    if (!lp_relay_init(&gateway->relay, &source)) {
        snprintf(message, message_bytes, "out of memory");
        return false;
    }
    return true;
}

static bool open_network(lp_gateway *gateway, char *message, size_t message_bytes) {
    gateway->requests.program = LP_PROGRAM;
    gateway->requests.secondaries = &gateway->secondaries;
    gateway->requests.relay = &gateway->relay;
    gateway->requests.progress = &gateway->progress;
    gateway->requests.block_bytes = gateway->settings.block_bytes;
    gateway->server = lp_coap_server_start(gateway->settings.coap_listen, &gateway->requests, message, message_bytes);
    if (gateway->server == NULL) {
        return false;
    }
    if (!lp_loop_open(&gateway->loop, gateway->fetch, gateway->server)) {
        snprintf(message, message_bytes, "cannot start the event loop: %s", strerror(errno));
        return false;
    }
    return true;
}

lp_outcome lp_gateway_open(lp_gateway *gateway, const char *config, const char *progress, char *message,
                           size_t message_bytes) {
    *gateway = (lp_gateway){.loop = {.epoll = -1, .signals = -1}};
    if (!lp_settings_read(config, &gateway->settings, message, message_bytes) ||
        !check_addresses(&gateway->settings, message, message_bytes) ||
        !read_provisioning(gateway, message, message_bytes) || !open_fetch(gateway, message, message_bytes)) {
        return LP_OUTCOME_USAGE;
    }
    if (!lp_progress_open(&gateway->progress, progress)) {
        snprintf(message, message_bytes, "cannot write %s: %s", progress, strerror(errno));
        return LP_OUTCOME_USAGE;
    }
    if (!open_state(gateway, message, message_bytes) || !open_network(gateway, message, message_bytes)) {
        return LP_OUTCOME_STATE;
    }
    return LP_OUTCOME_DONE;
}

void lp_gateway_close(lp_gateway *gateway) {
    lp_loop_close(&gateway->loop);
    lp_coap_server_stop(gateway->server);
    lp_bodies_free(&gateway->requests.bodies);
    if (gateway->fetch != NULL) {
        lp_fetch_free(gateway->fetch);
    }
    lp_relay_free(&gateway->relay);
    lp_secondaries_free(&gateway->secondaries);
    lp_ledger_close(gateway->ledger);
    if (gateway->store != NULL) {
        lp_store_close(gateway->store);
    }
    lp_progress_close(&gateway->progress);
    free(gateway->answer.body);
    free(gateway->director_root);
    free(gateway->image_root);
    lp_repositories_free(&gateway->repositories);
    lp_key_free(&gateway->key);
    lp_inventory_free(&gateway->inventory);
}

bool lp_gateway_await(lp_gateway *gateway, const bool *ended) {
    while (!*ended && !gateway->loop.stop) {
        lp_loop_step(&gateway->loop, LP_LOOP_FOREVER);
    }
    if (!*ended) {
        lp_fetch_free(gateway->fetch); /* who waited goes away: nothing may call back any more */
        gateway->fetch = gateway->loop.fetch = NULL;
    }
    return *ended;
}

void lp_gateway_detected(lp_gateway *gateway, lp_code code) {
    const char *name = lp_code_name(code);
    size_t used = strlen(gateway->attacks);
    size_t room = sizeof gateway->attacks - used;
    if (lp_code_attack(code)[0] != '\0' && strstr(gateway->attacks, name) == NULL && strlen(name) + 2 <= room) {
        snprintf(gateway->attacks + used, room, "%s%s", used == 0 ? "" : " ", name);
    }
}
