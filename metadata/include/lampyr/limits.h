/* SPDX-License-Identifier: Apache-2.0 */
/* Every limit of the verifier, each with the attack it stops.
 *
 * There are two profiles. The primary verifies with `gateway` and then checks what it relays
 * to partial verifiers under `constrained` too, so that a board is never offered what it must refuse. */
#ifndef LAMPYR_LIMITS_H
#define LAMPYR_LIMITS_H

#include <stdint.h>

/* Compile-time ceilings: sizes of arrays inside the verifier's own structs. */
#ifndef LP_CONSTRAINED
/* 1 in firmware: only the constrained profile is used, and only canonical documents are read. */
#define LP_CONSTRAINED 0
#endif

enum {
    LP_NAME_BYTES = 512,                                        /* longest role or image name, UTF-8, with terminator */
    LP_IMAGE_NAME_BYTES = LP_CONSTRAINED ? 128 : LP_NAME_BYTES, /* longest that an ECU remembers and reports */
    LP_JSON_DEPTH = LP_CONSTRAINED ? 12 : 64,                   /* ceiling of lp_limits.json_depth */
    LP_RECORD_FIELDS = 95,                                      /* members of one small object: a key, a signature */
    LP_COMPARED_FIELDS = 192,                         /* members of one object of custom fields that is compared */
    LP_SEARCH_DEPTH = 16,                             /* delegation frames, whatever the profile */
    LP_MULTI_DEPTH = 4,                               /* multi-role delegations inside each other */
    LP_MULTI_ROLES = 8,                               /* roles of one multi-role delegation */
    LP_SEARCH_ROLES = 64,                             /* delegated roles visited for one image */
    LP_HARDWARE_IDS = 256,                            /* hardware identifiers of one image or delegation */
    LP_ECUS = 1024,                                   /* ECUs of one vehicle */
    LP_PUBLIC_KEY_BYTES = LP_CONSTRAINED ? 64 : 1056, /* RSA-8192 is the largest key taken */
    LP_SIGNATURE_BYTES = LP_CONSTRAINED ? 72 : 1024,  /* and its signature */
    LP_MAP_BYTES = 64 * 1024,                         /* the repository map */
    LP_MAP_REPOSITORIES = 16,                         /* image repositories in it */
    LP_MAP_NAME_BYTES = 64,                           /* longest name of one, with terminator */
    LP_MAP_URLS = 8,                                  /* URLs of one */
    LP_MAP_URL_BYTES = 1024,                          /* longest URL, with terminator */
    LP_MAP_ENTRIES = 64,                              /* entries of its `mapping` */
    LP_MAP_PATHS = 64,                                /* path patterns of one */
    LP_ROLE_KEYS = LP_CONSTRAINED ? 8 : 64,           /* ceiling of lp_limits.keys */
    LP_SIGNATURES = LP_CONSTRAINED ? 16 : 128,        /* ceiling of lp_limits.signatures */
};

typedef struct lp_limits {
    uint32_t root_bytes;       /* endless data */
    uint32_t timestamp_bytes;  /* endless data */
    uint32_t time_bytes;       /* endless data: one time attestation */
    uint32_t snapshot_bytes;   /* endless data, when the timestamp gives no length */
    uint32_t targets_bytes;    /* endless data, when the snapshot gives no length */
    uint64_t image_bytes;      /* endless data */
    uint32_t root_rotations;   /* endless chain: later roots are followed on the next run */
    uint16_t json_depth;       /* stack exhaustion */
    uint16_t keys;             /* keyids of one role: signature-check exhaustion */
    uint16_t signatures;       /* signatures of one file: signature-check exhaustion */
    uint16_t delegations;      /* delegated roles visited for one image: endless graph */
    uint16_t delegation_depth; /* endless chain */
    uint16_t ecus;             /* ECUs in one vehicle's targets (gateway) */
} lp_limits;

extern const lp_limits lp_limits_gateway;
extern const lp_limits lp_limits_constrained;

#endif
