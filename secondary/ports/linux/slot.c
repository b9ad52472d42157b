/* SPDX-License-Identifier: Apache-2.0 */
#include "slot.h"

#include "lampyr-host/files.h"
#include "program.h"
#include "state_file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char download_file[] = "download.json";

static bool told(const lp_slot *slot, const char *what) {
    lp_log(LP_PROGRAM, LP_LOG_ERROR, "cannot %s %s/%s: %s", what, slot->folder, slot->name, strerror(errno));
    return false;
}

/* Is the slot's content the beginning of this very image? A damaged note is as good as none. */
static bool is_arriving(const lp_slot *slot, const uint8_t *id, uint64_t length_bytes) {
    uint8_t arriving[LP_IMAGE_ID_BYTES];
    uint64_t length = 0;
    json_t *note;
    if (!lp_state_load(slot->folder, download_file, &note)) {
        return false;
    }
    bool same = note != NULL && lp_state_get_hex(note, "id", arriving, sizeof arriving) &&
                lp_state_get_uint(note, "length", &length) && length == length_bytes &&
                memcmp(arriving, id, sizeof arriving) == 0;
    json_decref(note);
    return same;
}

bool lp_slot_open(lp_slot *slot, const uint8_t *id, uint64_t length_bytes, uint64_t *have_bytes) {
    char path[LP_PATH_BYTES];
    struct stat st;
    lp_slot_close(slot);
    if (!lp_path_join(path, sizeof path, slot->folder, slot->name)) {
        return told(slot, "open");
    }
    slot->fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (slot->fd < 0 || fstat(slot->fd, &st) != 0) {
        return told(slot, "open");
    }
    if (is_arriving(slot, id, length_bytes) && (uint64_t)st.st_size <= length_bytes) {
        *have_bytes = (uint64_t)st.st_size;
        return true;
    }
    /* Emptied first: the note must never vouch for the bytes of another image. */
    if (!lp_slot_discard(slot)) {
        return false;
    }
    json_t *note =
        json_pack("{s:o, s:I}", "id", lp_state_hex(id, LP_IMAGE_ID_BYTES), "length", (json_int_t)length_bytes);
    *have_bytes = 0;
    return lp_state_save(slot->folder, download_file, note);
}

bool lp_slot_write(const lp_slot *slot, uint64_t offset, lp_slice bytes) {
    while (bytes.len > 0) {
        ssize_t put = pwrite(slot->fd, bytes.ptr, bytes.len, (off_t)offset);
        if (put < 0 && errno == EINTR) {
            continue;
        }
        if (put < 0) {
            return told(slot, "write");
        }
        bytes = (lp_slice){bytes.ptr + put, bytes.len - (size_t)put};
        offset += (uint64_t)put;
    }
    return true;
}

bool lp_slot_read(const lp_slot *slot, uint64_t offset, uint8_t *out, size_t len) {
    while (len > 0) {
        ssize_t got = pread(slot->fd, out, len, (off_t)offset);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got <= 0) {
            errno = got == 0 ? EIO : errno;
            return told(slot, "read");
        }
        out += got;
        len -= (size_t)got;
        offset += (uint64_t)got;
    }
    return true;
}

bool lp_slot_discard(const lp_slot *slot) {
    return ftruncate(slot->fd, 0) == 0 || told(slot, "empty");
}

bool lp_slot_sync(const lp_slot *slot) {
    return fsync(slot->fd) == 0 || told(slot, "write");
}

void lp_slot_close(lp_slot *slot) {
    if (slot->fd >= 0) {
        close(slot->fd);
        slot->fd = -1;
    }
}
