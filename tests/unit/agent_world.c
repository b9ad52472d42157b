/* SPDX-License-Identifier: Apache-2.0 */
#include "agent_world.h"

#include "lampyr/encode.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static world *world_of(const lp_agent_port *port) {
    return port->ctx;
}

static void note(char *log, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void note(char *log, const char *format, ...) {
    size_t used = strlen(log);
    va_list args;
    va_start(args, format);
    int len = vsnprintf(log + used, WORLD_LOG_BYTES - used, format, args);
    va_end(args);
    assert_true(len >= 0 && (size_t)len < WORLD_LOG_BYTES - used);
}

/* --- the device --- */

/* True if storage still works; counts one write. */
static bool may_write(world *w) {
    if (w->writes_left == 0) {
        return false;
    }
    w->writes_left -= w->writes_left > 0;
    return true;
}

/* Copies of exact size, so that the sanitizer sees what is read too far or after release. */
static lp_slice hand_out(world *w, lp_slice bytes) {
    if (bytes.ptr == NULL) {
        return bytes;
    }
    uint8_t *copy = malloc(bytes.len + (bytes.len == 0));
    assert_non_null(copy);
    assert_true(w->held_count < WORLD_HELD);
    memcpy(copy, bytes.ptr, bytes.len);
    w->held[w->held_count++] = copy;
    return (lp_slice){copy, bytes.len};
}

/* Where a file is stored, or provisioned. Valid until the next call. */
static const char *file_name(lp_repo repo, lp_role role) {
    static char name[64];
    snprintf(name, sizeof name, "%s/%s", lp_repo_name(repo), lp_role_name(role));
    return name;
}

static lp_slice metadata_load(const lp_agent_port *port, const lp_file_id *id, uint64_t max_bytes) {
    world *w = world_of(port);
    lp_slice bytes = files_get(&w->stored, file_name(id->repo, id->role));
    if (bytes.ptr == NULL && id->repo == LP_REPO_DIRECTOR && id->role == LP_ROLE_TARGETS) {
        bytes = files_get(&w->provisioned, "director/targets");
    }
    return bytes.len > max_bytes ? (lp_slice){NULL, 0} : hand_out(w, bytes);
}

static lp_slice metadata_provisioned(const lp_agent_port *port, lp_repo repo) {
    return hand_out(world_of(port), files_get(&world_of(port)->provisioned, file_name(repo, LP_ROLE_ROOT)));
}

static bool stage_begin(const lp_agent_port *port, const lp_file_id *id, uint64_t max_bytes) {
    world *w = world_of(port);
    (void)id;
    assert_true(max_bytes > 0);
    w->staged = (uint8_t *)(uintptr_t)hand_out(w, (lp_slice){(const uint8_t *)"", 0}).ptr;
    w->staged_len = 0;
    return true;
}

static bool stage_write(const lp_agent_port *port, lp_slice bytes) {
    world *w = world_of(port);
    uint8_t *grown = malloc(w->staged_len + bytes.len);
    assert_non_null(grown);
    memcpy(grown, w->staged, w->staged_len);
    memcpy(grown + w->staged_len, bytes.ptr, bytes.len);
    assert_true(w->held_count < WORLD_HELD);
    w->held[w->held_count++] = grown;
    w->staged = grown;
    w->staged_len += bytes.len;
    return true;
}

static lp_slice stage_bytes(const lp_agent_port *port) {
    return (lp_slice){world_of(port)->staged, world_of(port)->staged_len};
}

static bool stage_store(const lp_agent_port *port, const lp_file_id *id) {
    world *w = world_of(port);
    if (!may_write(w)) {
        return false;
    }
    assert_int_not_equal(id->role, LP_ROLE_TIME);
    files_put(&w->stored, file_name(id->repo, id->role), stage_bytes(port));
    return true;
}

static bool metadata_forget(const lp_agent_port *port, const lp_file_id *id) {
    world *w = world_of(port);
    if (!may_write(w)) {
        return false;
    }
    const char *name = file_name(id->repo, id->role);
    if (files_get(&w->stored, name).ptr != NULL) {
        files_remove(&w->stored, name);
    }
    return true;
}

static void metadata_release(const lp_agent_port *port) {
    world *w = world_of(port);
    for (size_t i = 0; i < w->held_count; i++) {
        free(w->held[i]);
    }
    w->held_count = 0;
    w->staged = NULL;
    w->staged_len = 0;
}

static lp_scratch scratch(const lp_agent_port *port, size_t bytes) {
    world *w = world_of(port);
    free(w->scratch);
    w->scratch = malloc(bytes);
    assert_non_null(w->scratch);
    return (lp_scratch){w->scratch, bytes};
}

/* The slot that neither runs nor is confirmed: nothing is received while an image is on trial. */
static unsigned staging(const world *w) {
    assert_false(w->testing);
    return 1 - w->active;
}

static bool image_open(const lp_agent_port *port, const uint8_t *id, uint64_t length_bytes, uint64_t *have_bytes) {
    world *w = world_of(port);
    unsigned slot = staging(w);
    if (memcmp(w->slot_id, id, sizeof w->slot_id) != 0 || w->slot_len[slot] > length_bytes) {
        if (!may_write(w)) {
            return false;
        }
        w->slot_len[slot] = 0;
        memcpy(w->slot_id, id, sizeof w->slot_id);
    }
    *have_bytes = w->slot_len[slot];
    return true;
}

static bool image_write(const lp_agent_port *port, uint64_t offset, lp_slice bytes) {
    world *w = world_of(port);
    unsigned slot = staging(w);
    assert_int_equal(offset, w->slot_len[slot]);
    if (!may_write(w) || offset + bytes.len >= WORLD_SLOT_BYTES) {
        return false;
    }
    memcpy(w->slots[slot] + offset, bytes.ptr, bytes.len);
    w->slot_len[slot] += bytes.len;
    w->slots[slot][w->slot_len[slot]] = '\0';
    return true;
}

static bool image_read(const lp_agent_port *port, uint64_t offset, uint8_t *out, size_t len) {
    const world *w = world_of(port);
    assert_true(offset + len <= w->slot_len[staging(w)]);
    memcpy(out, w->slots[staging(w)] + offset, len);
    return true;
}

static bool image_discard(const lp_agent_port *port) {
    world *w = world_of(port);
    if (!may_write(w)) {
        return false;
    }
    w->slot_len[staging(w)] = 0;
    return true;
}

static unsigned running_slot(const world *w) {
    return w->testing ? 1 - w->active : w->active;
}

static bool boot_status(const lp_agent_port *port, lp_boot_status *out) {
    const world *w = world_of(port);
    unsigned slot = running_slot(w);
    *out = (lp_boot_status){.length_bytes = w->slot_len[slot], .testing = w->testing, .reverted = w->reverted};
    lp_slice content = {(const uint8_t *)w->slots[slot], w->slot_len[slot]};
    return lp_digest(&lp_crypto_openssl, LP_SHA256, content, out->sha256);
}

static bool boot_request(const lp_agent_port *port, const lp_image *image) {
    world *w = world_of(port);
    uint8_t digest[LP_SHA256_BYTES];
    lp_slice content = {(const uint8_t *)w->slots[staging(w)], w->slot_len[staging(w)]};
    assert_true(lp_digest(&lp_crypto_openssl, LP_SHA256, content, digest));
    assert_memory_equal(digest, image->hashes.sha256, sizeof digest);
    assert_int_equal(content.len, image->length_bytes);
    if (!may_write(w)) {
        return false;
    }
    w->requested = true;
    w->reverted = false;
    return true;
}

static bool boot_confirm(const lp_agent_port *port) {
    world *w = world_of(port);
    if (!may_write(w)) {
        return false;
    }
    w->active = running_slot(w);
    w->testing = false;
    return true;
}

static bool record_load(const lp_agent_port *port, lp_record *out) {
    world *w = world_of(port);
    lp_boot_status status;
    if (w->recorded) {
        *out = w->record;
        return true;
    }
    assert_true(boot_status(port, &status));
    *out = (lp_record){.installed = {.name = "unknown", .length_bytes = status.length_bytes},
                       .time_floor = TEST_NOW - 1000,
                       .previous_time = TEST_NOW - 1000};
    out->installed.hashes.has_sha256 = true;
    memcpy(out->installed.hashes.sha256, status.sha256, LP_SHA256_BYTES);
    return true;
}

static bool record_store(const lp_agent_port *port, const lp_record *record) {
    world *w = world_of(port);
    if (!may_write(w)) {
        return false;
    }
    w->record = *record;
    w->recorded = true;
    return true;
}

static bool random_bytes(const lp_agent_port *port, void *out, size_t bytes) {
    (void)port;
    return lp_random(out, bytes);
}

static void on_event(const lp_agent_port *port, const lp_agent_event *event) {
    static const char *const names[] = {"registered", "verified", "image",   "installed", "confirmed",
                                        "reverted",   "reported", "refused", "waiting",   "turn"};
    world *w = world_of(port);
    if (event->kind != LP_EVENT_IMAGE) {
        note(w->events, " %s", names[event->kind]);
    }
    if (event->error != NULL) {
        note(w->events, ":%s", event->error->code == LP_OK ? "ok" : lp_code_name(event->error->code));
    }
}

/* --- the primary --- */

static void answer(lp_response *out, uint8_t code) {
    out->code = code;
    out->payload = (lp_slice){(const uint8_t *)"", 0};
}

/* Serves the block of `body` that was asked for. */
static void answer_body(const world *w, const lp_request *request, lp_slice body, const uint8_t *etag,
                        lp_response *out) {
    uint16_t size = w->block_bytes < request->block_bytes ? w->block_bytes : request->block_bytes;
    size_t offset = request->has_block2 ? (size_t)request->block * request->block_bytes : 0;
    static const uint8_t filler[1024];
    bool endless = w->endless != NULL && strcmp(w->endless, request->path) == 0;
    size_t left = offset < body.len ? body.len - offset : 0;
    out->code = 0x45;
    out->block = (uint32_t)(offset / size);
    out->block_bytes = size;
    out->more = left > size || endless;
    out->has_block2 = request->has_block2 || out->more;
    out->payload = endless ? (lp_slice){filler, size} : (lp_slice){body.ptr + offset, left < size ? left : size};
    out->etag = (lp_slice){etag, etag != NULL && out->has_block2 ? LP_ETAG_BYTES : 0};
}

static void answer_file(world *w, const lp_request *request, lp_slice file, lp_response *out) {
    static uint8_t etag[LP_SHA256_BYTES];
    if (file.ptr == NULL) {
        answer(out, 0x84);
        return;
    }
    bool lies = w->claims != NULL && request->path[0] == 'i';
    lp_slice claimed = !lies ? file : (lp_slice){(const uint8_t *)w->claims, strlen(w->claims)};
    assert_true(lp_digest(&lp_crypto_openssl, LP_SHA256, claimed, etag));
    answer_body(w, request, file, etag, out);
}

static lp_slice news(world *w) {
    lp_slice root = files_get(&w->director.files, repo_path(&w->director, LP_ROLE_ROOT, NULL));
    lp_news body = {.protocol = LP_WIRE_PROTOCOL,
                    .root_version = (uint64_t)get_version(w->director.roles[LP_ROLE_ROOT]),
                    .root_bytes = root.len,
                    .targets_version = (uint64_t)get_version(w->director.roles[LP_ROLE_TARGETS]),
                    .image_bytes = w->image == NULL ? 0 : strlen(w->image)};
    body.targets_bytes = files_get(&w->director.files, repo_path(&w->director, LP_ROLE_TARGETS, NULL)).len;
    lp_slice out;
    assert_int_equal(lp_news_write(&body, w->text, sizeof w->text, &out), LP_OK);
    return out;
}

static lp_slice attestation(world *w, const char *nonce) {
    char time[LP_TIME_TEXT_BYTES];
    lp_time_format(w->time, time);
    json_t *payload = json_pack("{s:s, s:[s], s:s}", "_type", "time", "nonces",
                                w->replays_time ? "0123456789abcdef" : nonce, "time", time);
    const lp_key *key = &w->director.keys[LP_ROLE_TIME];
    repo_serve(&w->director, "time", payload, &key, 1);
    json_decref(payload);
    return files_get(&w->director.files, "time");
}

/* What a repository serves under that path, if its metadata are asked for: "m/image/1.root.json". */
static bool is_metadata(const test_repo *r, const char *path, lp_slice *file) {
    char prefix[32];
    int len = snprintf(prefix, sizeof prefix, "m/%s/", lp_repo_name(r->repo));
    bool found = strncmp(path, prefix, (size_t)len) == 0;
    if (found) {
        *file = files_get(&r->files, path + len);
    }
    return found;
}

static void answer_get(world *w, const lp_request *request, lp_response *out) {
    char path[TEST_NAME_BYTES];
    unsigned version;
    lp_slice file;
    if (is_metadata(&w->director, request->path, &file) || is_metadata(&w->images, request->path, &file)) {
        answer_file(w, request, file, out);
    } else if (strcmp(request->path, "u/" WORLD_SERIAL) == 0) {
        answer_body(w, request, news(w), NULL, out);
    } else if (strcmp(request->path, "u/" WORLD_SERIAL "/targets") == 0) {
        answer_file(w, request, files_get(&w->director.files, repo_path(&w->director, LP_ROLE_TARGETS, NULL)), out);
    } else if (sscanf(request->path, "u/" WORLD_SERIAL "/root/%u", &version) == 1) {
        snprintf(path, sizeof path, "%u.root.json", version);
        answer_file(w, request, files_get(&w->director.files, path), out);
    } else if (strcmp(request->path, "i/" WORLD_SERIAL) == 0) {
        lp_slice image = {(const uint8_t *)w->image, w->image == NULL ? 0 : strlen(w->image)};
        answer_file(w, request, image, out);
    } else if (strcmp(request->path, "t") == 0 && w->no_time) {
        answer(out, 0xA3);
    } else if (strcmp(request->path, "t") == 0) {
        answer_file(w, request, attestation(w, request->query), out);
    } else {
        fail_msg("unexpected GET %s", request->path);
    }
}

static json_t *parse_body(const world *w) {
    json_t *object = json_loadb(w->body, w->body_len, 0, NULL);
    assert_non_null(object);
    return object;
}

static void take_report(world *w, lp_response *out) {
    lp_json payload;
    lp_report_view view;
    lp_slice bytes = {(const uint8_t *)w->body, w->body_len};
    assert_int_equal(lp_envelope_read(bytes, w->director.dialect, &w->key.public_key, &lp_crypto_openssl,
                                      &lp_limits_constrained, (lp_scratch){NULL, 0}, &payload),
                     LP_OK);
    assert_int_equal(lp_report_read(payload, &view), LP_OK);
    assert_true(view.has_counter && view.counter > w->reports); /* never used before */
    w->reports = view.counter;
    if (view.counter <= w->used_counter) {
        answer(out, 0x89);
        out->payload = (lp_slice){(const uint8_t *)"rollback_version", 16};
        return;
    }
    json_t *envelope = parse_body(w);
    json_decref(w->report);
    w->report = json_incref(json_object_get(envelope, "signed"));
    json_decref(envelope);
}

static void answer_post(world *w, const lp_request *request, lp_response *out) {
    assert_int_equal(request->has_block1 ? request->block * request->block_bytes : 0,
                     request->block == 0 ? 0 : w->body_len);
    if (request->block == 0) {
        w->body_len = 0;
    }
    memcpy(w->body + w->body_len, request->payload.ptr, request->payload.len);
    w->body_len += request->payload.len;
    if (request->more) {
        answer(out, 0x5F);
        out->has_block1 = true;
        out->block1_bytes = w->block_bytes;
        return;
    }
    answer(out, 0x44);
    if (strcmp(request->path, "rd") == 0) {
        json_decref(w->registration);
        w->registration = parse_body(w);
    } else {
        assert_string_equal(request->path, "r/" WORLD_SERIAL);
        take_report(w, out);
    }
    if (w->knows_no_ecu) {
        answer(out, 0x83);
        out->payload = (lp_slice){(const uint8_t *)"unknown_ecu", 11};
    }
}

bool world_answers(world *w, const lp_request *request, lp_response *out) {
    char name[LP_AGENT_PATH_BYTES + 16];
    snprintf(name, sizeof name, request->block == 0 ? "%s" : "%s#%u", request->path, request->block);
    note(w->requests, " %s %s", request->post ? "POST" : "GET", name);
    if (w->silent || (w->silent_at != NULL && strcmp(w->silent_at, name) == 0) ||
        (w->silent_after != 0 && w->answered >= w->silent_after)) {
        return false;
    }
    w->answered++;
    if (w->before != NULL) {
        w->before(w, request);
    }
    *out = (lp_response){.code = 0};
    if (request->post) {
        answer_post(w, request, out);
    } else {
        answer_get(w, request, out);
    }
    if (w->no_etag_at != NULL && strcmp(w->no_etag_at, name) == 0) {
        out->etag = (lp_slice){NULL, 0};
    }
    return !(w->loses_answers && request->path[0] == 'r' && request->path[1] == '/' && !request->more);
}

/* --- running --- */

lp_action_kind world_run(world *w) {
    lp_action action;
    for (;;) {
        lp_agent_next(&w->agent, w->now_ms, &action);
        if (action.kind != LP_ACTION_REQUEST) {
            return action.kind;
        }
        lp_response response;
        bool answered = world_answers(w, &action.request, &response);
        w->now_ms += w->delay_ms;
        if (answered) {
            lp_agent_response(&w->agent, w->now_ms, &response);
        } else {
            lp_agent_timeout(&w->agent, w->now_ms);
        }
    }
}

void world_settle(world *w, unsigned turns) {
    for (; turns > 0; turns--) {
        if (world_run(w) == LP_ACTION_REBOOT) {
            world_boot(w);
        } else {
            w->now_ms += WORLD_POLL_MS;
        }
    }
}

void world_boot(world *w) {
    lp_agent_end(&w->agent);
    if (w->power_on != NULL) {
        w->power_on(w);
    } else {
        w->reverted = w->reverted || w->testing;
        w->testing = w->requested;
        w->requested = false;
    }
    lp_agent_config config = {.port = &w->port,
                              .verifier = &w->verifier,
                              .crypto = &lp_crypto_openssl,
                              .limits = w->limits,
                              .signer = &w->key.signer,
                              .public_key = w->key.public_key,
                              .dialect = w->director.dialect,
                              .serial = WORLD_SERIAL,
                              .hardware = WORLD_HARDWARE,
                              .vendor = "maker",
                              .vehicle = TEST_VEHICLE,
                              .block_bytes = w->agent_block_bytes,
                              .poll_ms = WORLD_POLL_MS,
                              .retry_ms = WORLD_RETRY_MS,
                              .confirm_ms = WORLD_CONFIRM_MS,
                              .slow_ms = WORLD_SLOW_MS,
                              .slow_bytes = WORLD_SLOW_BYTES};
    assert_int_equal(lp_agent_begin(&w->agent, &config, w->now_ms), LP_OK);
}

void world_publish(world *w) {
    test_repo *r = &w->director;
    if (w->verifier.full) {
        repo_publish_next(r);
        repo_publish_next(&w->images);
        return;
    }
    const char *former = repo_path(r, LP_ROLE_TARGETS, NULL);
    if (files_get(&r->files, former).ptr != NULL) {
        files_remove(&r->files, former);
    }
    set_version(r->roles[LP_ROLE_TARGETS], get_version(r->roles[LP_ROLE_TARGETS]) + 1);
    repo_sign(r, LP_ROLE_TARGETS);
}

void world_order_custom(world *w, const char *name, json_t *custom) {
    json_t *targets = w->director.roles[LP_ROLE_TARGETS];
    json_object_clear(json_object_get(targets, "targets"));
    repo_add_image(targets, name, (int)strlen(name), custom);
    world_publish(w);
    w->image = name;
}

void world_order(world *w, const char *name, int counter) {
    world_order_custom(w, name, order_for(WORLD_SERIAL, WORLD_HARDWARE, counter));
}

json_t *world_offer(world *w, const char *name, int counter) {
    json_t *targets = w->images.roles[LP_ROLE_TARGETS];
    repo_add_image(targets, name, (int)strlen(name), made_for(WORLD_HARDWARE, counter));
    world_publish(w);
    return json_object_get(json_object_get(targets, "targets"), name);
}

void world_order_nothing(world *w) {
    json_object_clear(json_object_get(w->director.roles[LP_ROLE_TARGETS], "targets"));
    world_publish(w);
    w->image = NULL;
}

void world_notify(world *w) {
    lp_slice body = news(w);
    lp_agent_notify(&w->agent, w->now_ms, body);
}

void world_forget_logs(world *w) {
    w->requests[0] = '\0';
    w->events[0] = '\0';
}

const char *world_running(const world *w) {
    return w->slots[running_slot(w)];
}

bool world_saw(const char *log, const char *text) {
    size_t len = strlen(text);
    for (const char *at = strstr(log, text); at != NULL; at = strstr(at + 1, text)) {
        if (at > log && at[-1] == ' ' && (at[len] == ' ' || at[len] == '\0')) {
            return true;
        }
    }
    return false;
}

const char *world_reported(const world *w, const char *key) {
    return json_string_value(json_object_get(w->report, key));
}

const char *world_reported_image(const world *w) {
    return json_string_value(json_object_get(json_object_get(w->report, "installed_image"), "filepath"));
}

/* --- set-up --- */

static int set_up(void **state, lp_dialect dialect, bool signs_time, bool full) {
    world *w = calloc(1, sizeof *w);
    assert_non_null(w);
    repo_make(&w->director, LP_REPO_DIRECTOR, dialect);
    repo_make(&w->images, LP_REPO_IMAGE, dialect);
    w->director.serve_canonical = !full;
    if (signs_time) {
        repo_sign_time(&w->director);
    } else {
        repo_sign(&w->director, LP_ROLE_ROOT);
    }
    repo_publish(&w->director);
    files_put(&w->provisioned, "director/root", files_get(&w->director.files, "1.root.json"));
    files_put(&w->provisioned, "image/root", files_get(&w->images.files, "1.root.json"));
    files_put(&w->provisioned, "director/targets",
              files_get(&w->director.files, repo_path(&w->director, LP_ROLE_TARGETS, NULL)));
    assert_int_equal(lp_key_generate(LP_SCHEME_ED25519, 0, dialect, &w->key), LP_OK);
    strcpy(w->slots[0], "factory");
    w->slot_len[0] = strlen("factory");
    w->writes_left = -1;
    w->limits = full ? &lp_limits_gateway : &lp_limits_constrained;
    w->agent_block_bytes = 16;
    w->block_bytes = 1024;
    w->time = TEST_NOW;
    w->now_ms = 1000;
    w->port = (lp_agent_port){.ctx = w,
                              .metadata_load = metadata_load,
                              .metadata_provisioned = metadata_provisioned,
                              .stage_begin = stage_begin,
                              .stage_write = stage_write,
                              .stage_bytes = stage_bytes,
                              .stage_store = stage_store,
                              .metadata_forget = metadata_forget,
                              .metadata_release = metadata_release,
                              .scratch = scratch,
                              .slot_bytes = WORLD_SLOT_BYTES - 1,
                              .name_bytes = WORLD_NAME_BYTES,
                              .image_open = image_open,
                              .image_write = image_write,
                              .image_read = image_read,
                              .image_discard = image_discard,
                              .boot_status = boot_status,
                              .boot_request = boot_request,
                              .boot_confirm = boot_confirm,
                              .record_load = record_load,
                              .record_store = record_store,
                              .random = random_bytes,
                              .event = on_event};
    w->verifier = full ? lp_verifier_full(&w->full, dialect, false) : lp_verifier_partial(&w->partial);
    w->agent.config.port = &w->port;
    world_boot(w);
    *state = w;
    return 0;
}

int world_set_up_tuf(void **state) {
    return set_up(state, LP_DIALECT_TUF, true, false);
}

int world_set_up_legacy(void **state) {
    return set_up(state, LP_DIALECT_LEGACY, false, false);
}

int world_set_up_full(void **state) {
    return set_up(state, LP_DIALECT_TUF, true, true);
}

int world_tear_down(void **state) {
    world *w = *state;
    lp_agent_end(&w->agent);
    repo_free(&w->director);
    repo_free(&w->images);
    free(w->scratch);
    files_free(&w->stored);
    files_free(&w->provisioned);
    lp_key_free(&w->key);
    json_decref(w->registration);
    json_decref(w->report);
    free(w);
    return 0;
}
