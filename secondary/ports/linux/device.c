/* SPDX-License-Identifier: Apache-2.0 */
#include "device.h"

#include "lampyr-host/openssl.h"
#include "lampyr/encode.h"
#include "program.h"
#include "record_file.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { TIME_FILE_BYTES = 64 };

static lp_device *device_of(const lp_agent_port *port) {
    return port->ctx;
}

static lp_slice metadata_load(const lp_agent_port *port, const lp_file_id *id, uint64_t max_bytes) {
    return lp_metadata_store_load(&device_of(port)->metadata, id, max_bytes);
}

static lp_slice metadata_provisioned(const lp_agent_port *port, lp_repo repo) {
    return lp_metadata_store_provisioned(&device_of(port)->metadata, repo);
}

static bool stage_begin(const lp_agent_port *port, const lp_file_id *id, uint64_t max_bytes) {
    return lp_metadata_store_stage(&device_of(port)->metadata, id, max_bytes);
}

static bool stage_write(const lp_agent_port *port, lp_slice bytes) {
    return lp_metadata_store_append(&device_of(port)->metadata, bytes);
}

static lp_slice stage_bytes(const lp_agent_port *port) {
    return lp_metadata_store_staged(&device_of(port)->metadata);
}

static bool stage_store(const lp_agent_port *port, const lp_file_id *id) {
    return lp_metadata_store_keep(&device_of(port)->metadata, id);
}

static bool metadata_forget(const lp_agent_port *port, const lp_file_id *id) {
    return lp_metadata_store_forget(&device_of(port)->metadata, id);
}

static void metadata_release(const lp_agent_port *port) {
    lp_metadata_store_release(&device_of(port)->metadata);
}

static lp_scratch scratch(const lp_agent_port *port, size_t bytes) {
    return lp_metadata_store_scratch(&device_of(port)->metadata, bytes);
}

static bool image_open(const lp_agent_port *port, const uint8_t *id, uint64_t length_bytes, uint64_t *have_bytes) {
    return lp_slot_open(&device_of(port)->slot, id, length_bytes, have_bytes);
}

static bool image_write(const lp_agent_port *port, uint64_t offset, lp_slice bytes) {
    return lp_slot_write(&device_of(port)->slot, offset, bytes);
}

static bool image_read(const lp_agent_port *port, uint64_t offset, uint8_t *out, size_t len) {
    return lp_slot_read(&device_of(port)->slot, offset, out, len);
}

static bool image_discard(const lp_agent_port *port) {
    return lp_slot_discard(&device_of(port)->slot);
}

static bool boot_status(const lp_agent_port *port, lp_boot_status *out) {
    lp_boot_report(&device_of(port)->boot, out);
    return true;
}

static bool boot_request(const lp_agent_port *port, const lp_image *image) {
    lp_device *device = device_of(port);
    return lp_slot_sync(&device->slot) && lp_boot_request(&device->boot, image);
}

static bool boot_confirm(const lp_agent_port *port) {
    return lp_boot_confirm(&device_of(port)->boot);
}

static bool record_load(const lp_agent_port *port, lp_record *out) {
    const lp_device *device = device_of(port);
    bool found;
    if (!lp_record_file_load(device->settings->state, out, &found)) {
        return false;
    }
    if (!found) {
        const lp_image_facts *image = &device->boot.image;
        *out = (lp_record){.installed = {.name = "unknown", .length_bytes = image->length_bytes},
                           .time_floor = device->provisioned_time,
                           .previous_time = device->provisioned_time};
        out->installed.hashes.has_sha256 = true;
        memcpy(out->installed.hashes.sha256, image->sha256, LP_SHA256_BYTES);
    }
    return true;
}

static bool record_store(const lp_agent_port *port, const lp_record *record) {
    return lp_record_file_store(device_of(port)->settings->state, record);
}

static bool random_bytes(const lp_agent_port *port, void *out, size_t bytes) {
    (void)port;
    return lp_random(out, bytes);
}

static void on_event(const lp_agent_port *port, const lp_agent_event *event) {
    lp_device *device = device_of(port);
    if (event->kind == LP_EVENT_TURN) {
        device->turn_ended = true;
        device->turn_code = event->error->code;
    } else {
        device->turn_waited = device->turn_waited || event->kind == LP_EVENT_WAITING;
        lp_tell_event(&device->tell, device->boot.image.version, event);
    }
}

lp_agent_port lp_device_port(lp_device *device) {
    return (lp_agent_port){.ctx = device,
                           .metadata_load = metadata_load,
                           .metadata_provisioned = metadata_provisioned,
                           .stage_begin = stage_begin,
                           .stage_write = stage_write,
                           .stage_bytes = stage_bytes,
                           .stage_store = stage_store,
                           .metadata_forget = metadata_forget,
                           .metadata_release = metadata_release,
                           .scratch = scratch,
                           .slot_bytes = lp_limits_gateway.image_bytes,
                           .name_bytes = LP_NAME_BYTES - 1,
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
}

static bool read_provisioned_time(const char *path, int64_t *out) {
    uint8_t *bytes;
    size_t len;
    if (!lp_file_read(path, TIME_FILE_BYTES, &bytes, &len)) {
        lp_log(LP_PROGRAM, LP_LOG_ERROR, "cannot read provisioned time %s: %s", path, strerror(errno));
        return false;
    }
    while (len > 0 && (bytes[len - 1] == '\n' || bytes[len - 1] == '\r')) {
        len--;
    }
    bool ok = lp_time_parse((lp_str){(const char *)bytes, len}, out) == LP_OK;
    free(bytes);
    if (!ok) {
        lp_log(LP_PROGRAM, LP_LOG_ERROR, "%s is no RFC 3339 time like 2026-11-21T02:23:54Z", path);
    }
    return ok;
}

/* An ECU starts only with what it was provisioned with (Uptane 2.1.0, 5.4.1). */
static bool provisioned(const lp_settings *settings) {
    const char *const paths[] = {settings->root, settings->targets, settings->image_root};
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
        if (paths[i][0] != '\0' && access(paths[i], R_OK) != 0) {
            lp_log(LP_PROGRAM, LP_LOG_ERROR, "cannot read provisioned metadata %s: %s", paths[i], strerror(errno));
            return false;
        }
    }
    return true;
}

int lp_device_open(lp_device *device, const lp_settings *settings, bool full) {
    device->settings = settings;
    device->slot = (lp_slot){.folder = settings->state, .fd = -1};
    if (!read_provisioned_time(settings->time, &device->provisioned_time) || !provisioned(settings)) {
        return LP_EXIT_USAGE;
    }
    if (!lp_boot_start(&device->boot, settings->state, settings->image) ||
        !lp_metadata_store_open(&device->metadata, settings, !full)) {
        return LP_EXIT_STATE;
    }
    device->slot.name = lp_slot_name(1 - device->boot.running);
    return LP_EXIT_GOOD;
}

void lp_device_close(lp_device *device) {
    lp_slot_close(&device->slot);
    lp_metadata_store_close(&device->metadata);
}
