/* SPDX-License-Identifier: Apache-2.0 */
#include "relay.h"

#include "relay_check.h"

#include "lampyr/limits.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool lp_relay_init(lp_relay *relay, const lp_relay_source *source) {
    *relay = (lp_relay){.from = *source};
    relay->images = calloc(source->inventory->count, sizeof *relay->images);
    return relay->images != NULL;
}

void lp_relay_free(lp_relay *relay) {
    for (size_t i = 0; relay->images != NULL && i < relay->from.inventory->count; i++) {
        lp_representation_free(&relay->images[i]);
    }
    free(relay->images);
    for (size_t i = 0; i < LP_RELAY_TIMES; i++) {
        lp_representation_free(&relay->times[i]);
    }
    lp_representation_free(&relay->targets);
    lp_representation_free(&relay->root);
    lp_relay_forget_files(relay);
    relay->images = NULL;
}

/* The root this vehicle was provisioned with is the first of the chain, and not in the store. */
static bool load_provisioned(const lp_relay *relay, uint64_t version, lp_representation *out) {
    lp_slice file = relay->from.provisioned_root;
    lp_scratch scratch = {NULL, lp_json_scratch_bytes(file.len)};
    lp_signed root;
    scratch.ptr = malloc(scratch.bytes);
    bool found = scratch.ptr != NULL &&
                 lp_signed_parse(file, LP_ROLE_ROOT, LP_JSON_SERVED, relay->from.director_dialect, &lp_limits_gateway,
                                 scratch, &root) == LP_OK &&
                 root.version == version;
    free(scratch.ptr);
    return found && lp_representation_canonical(file, relay->from.director_dialect, out) == LP_OK;
}

bool lp_relay_root_load(const lp_relay *relay, uint64_t version, lp_representation *out) {
    uint8_t *bytes;
    size_t len;
    char name[48];
    snprintf(name, sizeof name, "%" PRIu64 ".root.json", version);
    if (!lp_store_load(relay->from.store, LP_REPO_DIRECTOR, name, lp_limits_gateway.root_bytes, &bytes, &len)) {
        return false;
    }
    if (bytes == NULL) {
        return load_provisioned(relay, version, out);
    }
    lp_code code = lp_representation_canonical((lp_slice){bytes, len}, relay->from.director_dialect, out);
    free(bytes);
    return code == LP_OK;
}

lp_code lp_relay_offer_metadata(lp_relay *relay, const lp_trusted_root *root, const lp_trusted_targets *targets,
                                const lp_relay_board *board, lp_error *error) {
    lp_representation new_root;
    lp_representation new_targets;
    *error = (lp_error){.repo = LP_REPO_DIRECTOR, .role = LP_ROLE_ROOT, .version = root->doc.version};
    error->code = lp_representation_canonical(root->doc.file, relay->from.director_dialect, &new_root);
    if (error->code != LP_OK) {
        return error->code;
    }
    error->role = LP_ROLE_TARGETS;
    error->code = lp_representation_canonical(targets->doc.file, relay->from.director_dialect, &new_targets);
    if (error->code == LP_OK && board != NULL) {
        error->code = lp_relay_check(relay, root->doc.version, new_targets.bytes, board, error);
    }
    if (error->code != LP_OK) {
        lp_representation_free(&new_root);
        lp_representation_free(&new_targets);
        return error->code;
    }
    lp_representation_free(&relay->root);
    lp_representation_free(&relay->targets);
    relay->root = new_root;
    relay->targets = new_targets;
    relay->root_loaded = relay->root_version = root->doc.version;
    relay->root_bytes = new_root.bytes.len;
    relay->targets_version = targets->doc.version;
    lp_relay_forget_files(relay);
    return LP_OK;
}

bool lp_relay_offer_image(lp_relay *relay, size_t index, const char *path, const uint8_t sha256[LP_SHA256_BYTES]) {
    lp_representation *image = &relay->images[index];
    lp_representation mapped;
    if (image->bytes.ptr != NULL && memcmp(image->etag, sha256, sizeof image->etag) == 0) {
        return true;
    }
    if (!lp_representation_map(path, sha256, &mapped)) {
        return false;
    }
    lp_representation_free(image);
    *image = mapped;
    return true;
}

void lp_relay_withdraw_image(lp_relay *relay, size_t index) {
    lp_representation_free(&relay->images[index]);
}

lp_code lp_relay_offer_time(lp_relay *relay, lp_slice attestation) {
    lp_representation made;
    lp_code code = lp_representation_canonical(attestation, relay->from.director_dialect, &made);
    if (code == LP_OK) {
        lp_representation_free(&relay->times[relay->next_time]);
        relay->times[relay->next_time] = made;
        relay->next_time = (relay->next_time + 1) % LP_RELAY_TIMES;
    }
    return code;
}

void lp_relay_news(const lp_relay *relay, size_t index, lp_news *news) {
    *news = (lp_news){.protocol = LP_WIRE_PROTOCOL,
                      .root_version = relay->root_version,
                      .root_bytes = relay->root_bytes,
                      .targets_version = relay->targets_version,
                      .targets_bytes = relay->targets.bytes.len,
                      .image_bytes = relay->images[index].bytes.len};
}

bool lp_relay_root(lp_relay *relay, uint64_t version, lp_representation *out) {
    if (version == 0 || version > relay->root_version) {
        return false;
    }
    if (version != relay->root_loaded) {
        lp_representation loaded;
        if (!lp_relay_root_load(relay, version, &loaded)) {
            return false;
        }
        lp_representation_free(&relay->root);
        relay->root = loaded;
        relay->root_loaded = version;
    }
    *out = relay->root;
    return true;
}

bool lp_relay_targets(const lp_relay *relay, lp_representation *out) {
    *out = relay->targets;
    return relay->targets_version != 0;
}

bool lp_relay_image(const lp_relay *relay, size_t index, lp_representation *out) {
    *out = relay->images[index];
    return out->bytes.ptr != NULL;
}

/* True if the canonical, verified attestation carries `nonce`. */
static bool carries(lp_slice attestation, const char *nonce) {
    lp_json value;
    lp_json document = {(const char *)attestation.ptr, attestation.len};
    lp_json_iter iter = lp_json_iterate(lp_json_get(lp_json_get(document, "signed"), "nonces"));
    while (lp_json_next(&iter, NULL, &value)) {
        lp_str text;
        if (lp_json_string(value, &text) == LP_OK && lp_str_is(text, nonce)) {
            return true;
        }
    }
    return false;
}

bool lp_relay_time(const lp_relay *relay, const char *nonce, lp_representation *out) {
    for (size_t i = 0; i < LP_RELAY_TIMES; i++) {
        if (relay->times[i].bytes.ptr != NULL && carries(relay->times[i].bytes, nonce)) {
            *out = relay->times[i];
            return true;
        }
    }
    return false;
}
