/* SPDX-License-Identifier: Apache-2.0 */
#include "lampyr/limits.h"

/* A Linux gateway: room for repositories of a million images (100,000 are 19 MB of targets), and an end to
 * everything. */
const lp_limits lp_limits_gateway = {
    .root_bytes = 512 * 1024,                 /* hundreds of keys and signatures, RSA included */
    .timestamp_bytes = 16 * 1024,             /* one entry and its signatures */
    .time_bytes = 64 * 1024,                  /* 1,024 nonces and many signatures */
    .snapshot_bytes = 32 * 1024 * 1024,       /* 100,000 delegated roles (hash bins) */
    .targets_bytes = 512 * 1024 * 1024,       /* 2,000,000 images */
    .image_bytes = 4ULL * 1024 * 1024 * 1024, /* a whole disk image of an infotainment unit */
    .root_rotations = 256,                    /* a rotation a week for almost five years */
    .json_depth = 32,                         /* a manifest nests 8 deep; the rest is for custom fields */
    .keys = 64,                               /* more people than share any role */
    .signatures = 128,                        /* old and new keys of a full role, while it rotates */
    .delegations = 64,                        /* LP_SEARCH_ROLES */
    .delegation_depth = 16,                   /* LP_SEARCH_DEPTH */
    .ecus = 1024,                             /* LP_ECUS */
};

/* A Class 1 or 2 device that reads metadata in place from flash, sized for a CC2538: 512 KiB in pages of
 * 2 KiB, for two images, two sets of targets and a chain of 16 roots. */
const lp_limits lp_limits_constrained = {
    .root_bytes = 32 * 1024,         /* 8 RSA keys for each role; a board's own slot is the tighter limit */
    .timestamp_bytes = 2 * 1024,     /* 1 page; not read by partial verification */
    .time_bytes = 4 * 1024,          /* 2 pages; the nonces of 150 secondaries */
    .snapshot_bytes = 8 * 1024,      /* 4 pages; not read by partial verification */
    .targets_bytes = 40 * 1024,      /* 20 pages; an order for each of 100 ECUs, 400 bytes each */
    .image_bytes = 16 * 1024 * 1024, /* fits every microcontroller's flash; a board's slot is the tighter limit */
    .root_rotations = 16,            /* as many roots as the board keeps */
    .json_depth = 12,                /* metadata nests 7 deep; the rest is for custom fields */
    .keys = 8,                       /* LP_ROLE_KEYS in firmware */
    .signatures = 16,                /* old and new keys of a full role; 16 checks of P-256 are 6 s at 32 MHz */
    .delegations = 0,                /* the director does not delegate */
    .delegation_depth = 0,
    .ecus = 1024, /* orders of other ECUs are skipped, not stored: not checked by boards */
};
