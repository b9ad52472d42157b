/* SPDX-License-Identifier: Apache-2.0 */
/* Bodies in blocks (RFC 7959), one block per exchange, as the agent asks for them. */
#include "agent_internal.h"

#include <string.h>

/* Response codes as on the wire (RFC 7252, 3 and 12.1.2; RFC 7959, 2.9). */
enum {
    COAP_CLASS_SHIFT = 5,
    COAP_CREATED = 2 << COAP_CLASS_SHIFT | 1,
    COAP_CHANGED = 2 << COAP_CLASS_SHIFT | 4,
    COAP_CONTENT = 2 << COAP_CLASS_SHIFT | 5,
    COAP_CONTINUE = 2 << COAP_CLASS_SHIFT | 31,
    COAP_NOT_FOUND = 4 << COAP_CLASS_SHIFT | 4,
    COAP_UNAVAILABLE = 5 << COAP_CLASS_SHIFT | 3,
};

enum {
    RESTARTS = 3,           /* of one transfer whose ETag changes */
    BLOCK_NUMBER_BITS = 20, /* RFC 7959, 2.2 */
};

static const lp_result more = {.outcome = LP_OUTCOME_MORE};

static lp_result failed(lp_code code) {
    return (lp_result){.outcome = LP_OUTCOME_FAILED, .code = code};
}

uint64_t lp_transfer_most_bytes(uint16_t block_bytes) {
    return (uint64_t)block_bytes << BLOCK_NUMBER_BITS;
}

bool lp_transfer_path(lp_agent *agent, const char *const *segments, size_t count) {
    char *path = agent->transfer.path;
    size_t len = 0;
    for (size_t i = 0; i < count; i++) {
        size_t segment_len = strlen(segments[i]);
        if (len + (i > 0) + segment_len >= sizeof agent->transfer.path) {
            return false;
        }
        if (i > 0) {
            path[len++] = '/';
        }
        memcpy(path + len, segments[i], segment_len);
        len += segment_len;
    }
    path[len] = '\0';
    agent->transfer.query[0] = '\0';
    return true;
}

static void start(lp_agent *agent) {
    lp_agent_transfer *t = &agent->transfer;
    t->active = true;
    t->in_flight = false;
    t->observe = false;
    t->restarts = 0;
    t->etag_seen = false;
    t->etag_len = 0;
    t->block_bytes = agent->config.block_bytes;
    t->window_start_ms = agent->now_ms;
    t->window_bytes = 0;
}

void lp_transfer_get(lp_agent *agent, lp_agent_sink sink, uint64_t offset_bytes, uint64_t max_bytes) {
    start(agent);
    lp_agent_transfer *t = &agent->transfer;
    t->post = false;
    t->sink = sink;
    t->offset_bytes = offset_bytes;
    t->max_bytes = max_bytes;
}

void lp_transfer_post(lp_agent *agent, lp_slice body) {
    start(agent);
    lp_agent_transfer *t = &agent->transfer;
    t->post = true;
    t->body = body;
    t->offset_bytes = 0;
}

static size_t upload_len(const lp_agent_transfer *t) {
    size_t left = t->body.len - (size_t)t->offset_bytes;
    return left < t->block_bytes ? left : t->block_bytes;
}

void lp_transfer_request(lp_agent *agent, lp_request *out) {
    lp_agent_transfer *t = &agent->transfer;
    bool observe = t->observe && t->offset_bytes == 0;
    t->in_flight = true;
    *out = (lp_request){.post = t->post,
                        .observe = observe,
                        .path = t->path,
                        .query = t->query,
                        .block = (uint32_t)t->offset_bytes / t->block_bytes,
                        .block_bytes = t->block_bytes};
    if (t->post) {
        out->payload = (lp_slice){t->body.ptr + t->offset_bytes, upload_len(t)};
        out->has_block1 = t->body.len > t->block_bytes;
        out->more = t->offset_bytes + out->payload.len < t->body.len;
    } else {
        out->has_block2 = !observe;
    }
}

/* Bytes that arrive slower than the floor are an attack (Uptane 2.1.0, 5.4); silence is not: it ends in a timeout. */
static bool too_slow(lp_agent *agent, size_t len) {
    lp_agent_transfer *t = &agent->transfer;
    t->window_bytes += len;
    if (agent->now_ms - t->window_start_ms < agent->config.slow_ms) {
        return false;
    }
    bool slow = t->window_bytes < agent->config.slow_bytes;
    t->window_start_ms = agent->now_ms;
    t->window_bytes = 0;
    return slow;
}

static lp_code write_image(lp_agent *agent, lp_slice data) {
    const lp_agent_port *port = agent->config.port;
    lp_code code = lp_image_check_update(&agent->check, data.ptr, data.len);
    if (code == LP_OK && !port->image_write(port, agent->transfer.offset_bytes, data)) {
        code = LP_STATE;
    }
    return code;
}

static lp_code write_data(lp_agent *agent, lp_slice data) {
    lp_agent_transfer *t = &agent->transfer;
    const lp_agent_port *port = agent->config.port;
    if (t->sink == LP_SINK_IMAGE) {
        return write_image(agent, data);
    }
    if (t->offset_bytes + data.len > t->max_bytes) {
        return LP_LIMIT_FILE;
    }
    if (t->sink == LP_SINK_STAGE) {
        return port->stage_write(port, data) ? LP_OK : LP_STATE;
    }
    memcpy(agent->buffer + t->offset_bytes, data.ptr, data.len);
    return LP_OK;
}

/* True if the response is of another representation than the blocks before, or has lost the ETag that they had
 * (RFC 7959, 2.4). */
static bool etag_changed(lp_agent_transfer *t, lp_slice etag) {
    if (etag.len == 0 || etag.len > LP_ETAG_BYTES) {
        return t->etag_seen;
    }
    t->etag_seen = true;
    bool changed = t->etag_len != 0 && (t->etag_len != etag.len || memcmp(t->etag, etag.ptr, etag.len) != 0);
    t->etag_len = (uint8_t)etag.len;
    memcpy(t->etag, etag.ptr, etag.len);
    return changed;
}

static lp_result restart(lp_agent *agent) {
    lp_agent_transfer *t = &agent->transfer;
    const lp_agent_port *port = agent->config.port;
    if (t->sink == LP_SINK_IMAGE) {
        return failed(LP_IMAGE_HASH);
    }
    if (++t->restarts > RESTARTS) {
        return failed(LP_UNREACHABLE);
    }
    if (t->sink == LP_SINK_STAGE && !port->stage_begin(port, &t->file, t->max_bytes)) {
        return failed(LP_STATE);
    }
    t->etag_seen = false;
    t->offset_bytes = 0;
    return more;
}

/* A response without Block2 is the whole representation; else its block must be the one that was asked for. */
static bool block_fits(const lp_agent_transfer *t, const lp_response *r, uint64_t start_bytes) {
    if (start_bytes > t->offset_bytes || t->offset_bytes - start_bytes > r->payload.len) {
        return false;
    }
    return !r->has_block2 || (r->block_bytes != 0 && r->block_bytes <= t->block_bytes &&
                              r->payload.len <= r->block_bytes && (!r->more || r->payload.len == r->block_bytes));
}

static lp_result take_block(lp_agent *agent, const lp_response *r) {
    lp_agent_transfer *t = &agent->transfer;
    uint64_t start_bytes = r->has_block2 ? (uint64_t)r->block * r->block_bytes : 0;
    bool last = !r->has_block2 || !r->more;
    if (etag_changed(t, r->etag) && (t->offset_bytes > 0 || t->sink == LP_SINK_IMAGE)) {
        return restart(agent);
    }
    if (!block_fits(t, r, start_bytes)) {
        return failed(LP_UNREACHABLE);
    }
    size_t skip = (size_t)(t->offset_bytes - start_bytes);
    lp_slice data = {r->payload.ptr + skip, r->payload.len - skip};
    if (data.len == 0 && !last) {
        return failed(LP_UNREACHABLE);
    }
    lp_code code = data.len == 0 ? LP_OK : write_data(agent, data);
    if (code != LP_OK) {
        return failed(code);
    }
    t->offset_bytes += data.len;
    if (t->sink == LP_SINK_IMAGE) {
        lp_agent_tell(agent, LP_EVENT_IMAGE, t->offset_bytes, NULL);
    }
    if (last) {
        return (lp_result){.outcome = LP_OUTCOME_DONE};
    }
    if (too_slow(agent, data.len)) {
        return failed(LP_SLOW_RETRIEVAL);
    }
    if (t->offset_bytes >= t->max_bytes) { /* complete, and there is still more: endless data */
        return failed(t->sink == LP_SINK_IMAGE ? LP_IMAGE_LENGTH : LP_LIMIT_FILE);
    }
    t->block_bytes = r->block_bytes;
    return t->offset_bytes < lp_transfer_most_bytes(t->block_bytes) ? more : failed(LP_LIMIT_FILE);
}

static lp_result take_continue(lp_agent_transfer *t, const lp_response *r) {
    t->offset_bytes += upload_len(t);
    if (r->has_block1 && r->block1_bytes != 0 && r->block1_bytes < t->block_bytes) {
        t->block_bytes = r->block1_bytes; /* the peer wants smaller blocks (RFC 7959, 2.3) */
    }
    return t->offset_bytes < t->body.len ? more : failed(LP_UNREACHABLE);
}

lp_result lp_transfer_take(lp_agent *agent, const lp_response *response) {
    lp_agent_transfer *t = &agent->transfer;
    lp_result result = failed(LP_UNREACHABLE);
    t->in_flight = false;
    if (t->post && response->code == COAP_CONTINUE) {
        result = take_continue(t, response);
    } else if (t->post && (response->code == COAP_CHANGED || response->code == COAP_CREATED)) {
        result.outcome = LP_OUTCOME_DONE;
    } else if (!t->post && response->code == COAP_CONTENT) {
        result = take_block(agent, response);
    } else if (response->code == COAP_NOT_FOUND) {
        result.outcome = LP_OUTCOME_ABSENT;
    } else if (response->code == COAP_UNAVAILABLE) {
        result.outcome = LP_OUTCOME_LATER;
    } else if (response->code >> COAP_CLASS_SHIFT == 4) {
        result.outcome = LP_OUTCOME_DENIED;
        result.reason = (lp_str){(const char *)response->payload.ptr, response->payload.len};
    }
    t->active = result.outcome == LP_OUTCOME_MORE;
    return result;
}
