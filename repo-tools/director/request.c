/* SPDX-License-Identifier: Apache-2.0 */
#include "request.h"

#include "answer.h"
#include "attest.h"
#include "fleet.h"
#include "inventory.h"
#include "manifest.h"
#include "peer.h"
#include "registration.h"
#include "route.h"
#include "status.h"
#include "store.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#define JSON_TYPE "application/json"

typedef struct request {
    lpd_route route;
    lpd_refusal refusal;        /* of its head; http is 0 while there is none */
    char vehicle[LPD_ID_BYTES]; /* whose director is meant; "" for the image repository and the status page */
    uint8_t *body;
    size_t body_len;
    size_t body_room;
    size_t body_max; /* 0: the resource takes no body */
    time_t started;  /* monotonic, s */
} request;

static time_t monotonic_s(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec;
}

/* Whose director the request means. A vehicle's certificate opens that vehicle's director and no other; one that
 * names no vehicle is an operator's, who only looks. */
static bool resolve_vehicle(const lpd_service *service, struct MHD_Connection *connection, request *r) {
    const lpd_fleet *fleet = &service->director->fleet;
    char peer[LPD_ID_BYTES] = "";
    if (service->client_certificates) {
        if (!lpd_peer_name(connection, peer)) {
            return lpd_refuse(&r->refusal, 403, "client_certificate", "a valid client certificate is required");
        }
        if (!lpd_fleet_knows(fleet, peer)) {
            peer[0] = '\0';
        }
    }
    if (r->route.resource == LPD_IMAGE_FILE || r->route.resource == LPD_STATUS) {
        snprintf(r->vehicle, sizeof r->vehicle, "%s", peer);
        return true;
    }
    snprintf(r->vehicle, sizeof r->vehicle, "%s", r->route.vehicle[0] != '\0' ? r->route.vehicle : peer);
    if (service->client_certificates && (peer[0] == '\0' || strcmp(peer, r->vehicle) != 0)) {
        return lpd_refuse_code(&r->refusal, LP_WRONG_VEHICLE, "the client certificate is not of this vehicle");
    }
    if (r->vehicle[0] == '\0' && !lpd_fleet_sole(fleet, r->vehicle)) {
        return lpd_refuse(&r->refusal, 404, "unknown_vehicle", "there is not exactly one vehicle: name it");
    }
    return lpd_fleet_knows(fleet, r->vehicle) ||
           lpd_refuse(&r->refusal, 404, "unknown_vehicle", "no vehicle '%s'", r->vehicle);
}

static size_t body_limit(lpd_resource resource) {
    switch (resource) {
    case LPD_ECUS:
    case LPD_MANIFEST:
        return LPD_BODY_BYTES;
    case LPD_TIME:
        return LPD_TIME_BODY_BYTES;
    default:
        return 0;
    }
}

static const char *header(struct MHD_Connection *connection, const char *name) {
    return MHD_lookup_connection_value(connection, MHD_HEADER_KIND, name);
}

/* Refuses a body that announces itself as too long, before it is sent. */
static bool check_announced(struct MHD_Connection *connection, request *r) {
    const char *length = header(connection, MHD_HTTP_HEADER_CONTENT_LENGTH);
    if (length == NULL || strtoull(length, NULL, 10) <= r->body_max) {
        return true;
    }
    return lpd_refuse_code(&r->refusal, LP_LIMIT_FILE, "a body of %.20s bytes, at most %zu are taken", length,
                           r->body_max);
}

static int64_t clock_now(void) {
    return (int64_t)time(NULL);
}

/* Says that a request was refused: in the log, and on the vehicle's status page if it changes what is known. */
static void report_refusal(const lpd_director *director, const request *r, const lpd_refusal *refusal) {
    const char *what = lpd_resource_request(r->route.resource);
    bool sent = r->route.resource == LPD_ECUS || r->route.resource == LPD_MANIFEST;
    lp_log(LPD_PROGRAM, refusal->http >= 500 ? LP_LOG_ERROR : LP_LOG_WARNING, "refused %s of %s: %s: %s", what,
           r->vehicle[0] != '\0' ? r->vehicle : "nobody", refusal->name, refusal->detail);
    if (sent && refusal->http < 500 && lpd_fleet_knows(&director->fleet, r->vehicle) &&
        !lpd_store_refusal(director->store, r->vehicle, what, refusal, clock_now())) {
        lp_log(LPD_PROGRAM, LP_LOG_ERROR, "cannot remember the refusal: %s", lpd_store_error(director->store));
    }
}

static enum MHD_Result answer_refused(const lpd_director *director, struct MHD_Connection *connection, const request *r,
                                      const lpd_refusal *refusal) {
    if (lpd_resource_request(r->route.resource)[0] != '\0' || refusal->http >= 500) {
        report_refusal(director, r, refusal);
    }
    return lpd_answer_refusal(connection, refusal);
}

static bool take_manifest(const lpd_director *director, request *r, lpd_refusal *refusal) {
    lpd_inventory inventory;
    if (!lpd_inventory_load(director, r->vehicle, &inventory, refusal)) {
        return false;
    }
    lpd_manifest manifest;
    lp_slice body = {r->body, r->body_len};
    int64_t now = clock_now();
    bool ok = lpd_manifest_check(director, r->vehicle, &inventory, body, now, &manifest, refusal);
    if (ok) {
        ok = lpd_store_manifest(director->store, r->vehicle, &manifest, now) ||
             lpd_refuse_code(refusal, LP_STATE, "%s", lpd_store_error(director->store));
        if (ok) {
            lp_log(LPD_PROGRAM, LP_LOG_INFO, "accepted manifest of %s: reports of %zu ECUs", r->vehicle,
                   manifest.count);
        }
        lpd_manifest_free(&manifest);
    }
    lpd_inventory_free(&inventory);
    return ok;
}

static bool take_registration(const lpd_director *director, request *r, lpd_refusal *refusal) {
    lpd_inventory inventory;
    if (!lpd_inventory_load(director, r->vehicle, &inventory, refusal)) {
        return false;
    }
    bool first = inventory.source == LPD_INVENTORY_NONE;
    bool ok = lpd_register(director, r->vehicle, &inventory, (lp_slice){r->body, r->body_len}, clock_now(), refusal);
    if (ok) {
        lp_log(LPD_PROGRAM, LP_LOG_INFO, "accepted registration of %s%s", r->vehicle,
               first ? ", trusted on first registration" : "");
    }
    lpd_inventory_free(&inventory);
    return ok;
}

static enum MHD_Result answer_director_file(const lpd_director *director, struct MHD_Connection *connection,
                                            const request *r) {
    char folder[LP_PATH_BYTES];
    lpd_refusal refusal;
    if (!lpd_fleet_director_folder(&director->fleet, r->vehicle, folder)) {
        lpd_refuse(&refusal, 404, "not_found", "%s", r->route.file);
        return lpd_answer_refusal(connection, &refusal);
    }
    return lpd_answer_file(connection, folder, r->route.file);
}

static enum MHD_Result answer_status(const lpd_director *director, struct MHD_Connection *connection,
                                     const request *r) {
    const char *asked = MHD_lookup_connection_value(connection, MHD_GET_ARGUMENT_KIND, "vehicle");
    const char *after = MHD_lookup_connection_value(connection, MHD_GET_ARGUMENT_KIND, "after");
    const char *vehicle = r->vehicle[0] != '\0' ? r->vehicle : asked;
    lpd_refusal refusal;
    char *text;
    size_t len;
    if (vehicle != NULL && !lpd_fleet_knows(&director->fleet, vehicle)) {
        lpd_refuse(&refusal, 404, "unknown_vehicle", "no vehicle '%s'", vehicle);
        return lpd_answer_refusal(connection, &refusal);
    }
    if (!lpd_status(director, vehicle, after != NULL ? after : "", &text, &len, &refusal)) {
        return answer_refused(director, connection, r, &refusal);
    }
    return lpd_answer_text(connection, MHD_HTTP_OK, JSON_TYPE, text, len);
}

/* The whole request is here: do what it asks. */
static enum MHD_Result answer(const lpd_director *director, struct MHD_Connection *connection, request *r) {
    lpd_refusal refusal = {.http = 0};
    char *text = NULL;
    size_t len = 0;
    bool ok = false;
    switch (r->route.resource) {
    case LPD_DIRECTOR_FILE:
        return answer_director_file(director, connection, r);
    case LPD_IMAGE_FILE:
        return lpd_answer_file(connection, director->options->image_repo, r->route.file);
    case LPD_STATUS:
        return answer_status(director, connection, r);
    case LPD_ECUS:
        ok = take_registration(director, r, &refusal);
        break;
    case LPD_MANIFEST:
        ok = take_manifest(director, r, &refusal);
        break;
    case LPD_TIME:
        ok = lpd_attest(director, (lp_slice){r->body, r->body_len}, clock_now(), &text, &len, &refusal);
        break;
    }
    return ok ? lpd_answer_text(connection, MHD_HTTP_OK, JSON_TYPE, text, len)
              : answer_refused(director, connection, r, &refusal);
}

/* Appends a piece of the body. False with a refusal that ends the connection. */
static bool take_piece(lpd_service *service, request *r, const char *bytes, size_t len, lpd_refusal *refusal) {
    if (len > r->body_max - r->body_len) {
        return lpd_refuse_code(refusal, LP_LIMIT_FILE, "a body of more than %zu bytes", r->body_max);
    }
    if (monotonic_s() - r->started > LPD_BODY_S) {
        return lpd_refuse_code(refusal, LP_SLOW_RETRIEVAL, "the body took more than %d s", LPD_BODY_S);
    }
    if (len > r->body_room - r->body_len) {
        size_t room = 2 * (r->body_len + len);
        uint8_t *grown = NULL;
        if (service->bodies_bytes - r->body_room + room <= LPD_BODIES_BYTES) {
            grown = realloc(r->body, room);
        }
        if (grown == NULL) {
            return lpd_refuse(refusal, 503, "busy", "too many requests at once");
        }
        service->bodies_bytes += room - r->body_room;
        r->body = grown;
        r->body_room = room;
    }
    memcpy(r->body + r->body_len, bytes, len);
    r->body_len += len;
    return true;
}

/* The head is here. A request whose body would be in vain is answered at once. */
static enum MHD_Result begin(lpd_service *service, struct MHD_Connection *connection, const char *url,
                             const char *method, void **state) {
    request *r = calloc(1, sizeof *r);
    if (r == NULL) {
        return MHD_NO;
    }
    *state = r;
    r->route.resource = LPD_STATUS;
    r->started = monotonic_s();
    if (lpd_route_read(method, url, &r->route, &r->refusal) && resolve_vehicle(service, connection, r)) {
        r->body_max = body_limit(r->route.resource);
        check_announced(connection, r);
    }
    bool has_body = header(connection, MHD_HTTP_HEADER_CONTENT_LENGTH) != NULL ||
                    header(connection, MHD_HTTP_HEADER_TRANSFER_ENCODING) != NULL;
    if (has_body && r->refusal.http != 0) {
        return answer_refused(service->director, connection, r, &r->refusal);
    }
    return MHD_YES;
}

enum MHD_Result lpd_request_handle(void *cls, struct MHD_Connection *connection, const char *url, const char *method,
                                   const char *version, const char *upload, size_t *upload_len, void **state) {
    (void)version;
    lpd_service *service = cls;
    request *r = *state;
    if (r == NULL) {
        return begin(service, connection, url, method, state);
    }
    if (*upload_len > 0) {
        lpd_refusal refusal;
        if (!take_piece(service, r, upload, *upload_len, &refusal)) {
            /* In the middle of a body there is no answering: the connection is closed. */
            report_refusal(service->director, r, &refusal);
            return MHD_NO;
        }
        *upload_len = 0;
        return MHD_YES;
    }
    if (r->refusal.http != 0) {
        return answer_refused(service->director, connection, r, &r->refusal);
    }
    return answer(service->director, connection, r);
}

void lpd_request_completed(void *cls, struct MHD_Connection *connection, void **state,
                           enum MHD_RequestTerminationCode why) {
    (void)connection;
    (void)why;
    lpd_service *service = cls;
    request *r = *state;
    if (r == NULL) {
        return;
    }
    service->bodies_bytes -= r->body_room;
    free(r->body);
    free(r);
    *state = NULL;
}
