/* SPDX-License-Identifier: Apache-2.0 */
/* What the agent needs from the device it runs on: one struct of callbacks.
 *
 * None of them waits for the network. Those that return bool return false when the device could not do it (flash
 * error, disk full); the agent then keeps the old software and tries again later. "Durable" means: when the call
 * has returned true, a power cut does not undo it; a power cut during the call leaves the state before or after. */
#ifndef LAMPYR_SECONDARY_PORT_H
#define LAMPYR_SECONDARY_PORT_H

#include "lampyr/crypto.h"
#include "lampyr/error.h"
#include "lampyr/report.h"

/* Names one metadata file. */
typedef struct lp_file_id {
    lp_repo repo;
    lp_role role;     /* LP_ROLE_TIME: an attestation; it is staged only, never stored */
    const char *name; /* delegated role, unescaped; else "" */
} lp_file_id;

/* An image, as the agent remembers it. */
typedef struct lp_image {
    char name[LP_IMAGE_NAME_BYTES]; /* as the director calls it; "unknown" if it did not come through Lampyr */
    uint64_t length_bytes;
    lp_hashes hashes; /* SHA-256 always; SHA-512 if the director listed it */
    uint64_t counter; /* release counter, 0 if none */
} lp_image;

/* What became of the image that was last handed to the boot loader. Numbers are stored. */
typedef enum lp_trial {
    LP_TRIAL_NONE = 0,
    LP_TRIAL_REQUESTED = 1, /* a test boot was asked for; not confirmed so far */
    LP_TRIAL_FAILED = 2,    /* it did not confirm and was reverted */
} lp_trial;

/* All that the agent keeps between boots, beside metadata and images. */
typedef struct lp_record {
    lp_image installed; /* confirmed */
    lp_trial trial_state;
    lp_image trial;                 /* unless LP_TRIAL_NONE */
    uint64_t trial_targets_version; /* director targets that ordered it */
    uint64_t counter_floor;         /* release counter of the highest image that was ever confirmed */
    int64_t time_floor;             /* latest attested time, seconds since 1970; provisioned at first */
    int64_t previous_time;          /* the one before */
    uint64_t report_counter;        /* last one used */
    char attacks[LP_ATTACKS_BYTES]; /* lp_code_name()s not yet reported, separated by ' ' */
} lp_record;

/* What the boot loader did. */
typedef struct lp_boot_status {
    uint8_t sha256[LP_SHA256_BYTES]; /* of the image that runs */
    uint64_t length_bytes;
    bool testing;  /* it runs on trial: unless confirmed, the next boot brings the old one back */
    bool reverted; /* the image last requested was refused by the boot loader, or tested and not confirmed */
} lp_boot_status;

typedef enum lp_event_kind {
    LP_EVENT_REGISTERED, /* the primary knows this ECU */
    LP_EVENT_VERIFIED,   /* director targets are trusted: `number` is their version; `image` ordered, or NULL */
    LP_EVENT_IMAGE,      /* `number` of `total` bytes of the image are in the slot */
    LP_EVENT_INSTALLED,  /* `image` is in its slot and verified; a test boot follows */
    LP_EVENT_CONFIRMED,  /* `image` runs, and stays */
    LP_EVENT_REVERTED,   /* `image` did not confirm; the old one runs */
    LP_EVENT_REPORTED,   /* the primary took version report `number` */
    LP_EVENT_REFUSED,    /* `error`: verification, transport or storage failed; the old software goes on running */
    LP_EVENT_WAITING,    /* `error`: the primary has not yet got what is needed; tried again soon */
    LP_EVENT_TURN,       /* a turn has ended with `error->code`; LP_OK: nothing more to do until there is news */
} lp_event_kind;

/* Something worth telling people. Pointers are valid during the call only. */
typedef struct lp_agent_event {
    lp_event_kind kind;
    uint64_t number;
    uint64_t total;
    const char *image;
    const lp_error *error;
} lp_agent_event;

typedef struct lp_agent_port lp_agent_port;
struct lp_agent_port {
    void *ctx; /* the port's */

    /* --- Metadata. Bytes are handed out in place and stay valid and unchanged until metadata_release(); but a
     * root that a newer stored one has replaced is not read again once a further root is staged. --- */

    /* The stored copy of a file; for the director's root and targets, while none was ever stored, the provisioned
     * one. {NULL, 0} if there is none, or it is longer than `max_bytes`. */
    lp_slice (*metadata_load)(const lp_agent_port *port, const lp_file_id *id, uint64_t max_bytes);
    /* The provisioned (factory) root of a repository, or {NULL, 0}. */
    lp_slice (*metadata_provisioned)(const lp_agent_port *port, lp_repo repo);
    /* Starts to receive one file of at most `max_bytes`, and drops what was received before but not stored. */
    bool (*stage_begin)(const lp_agent_port *port, const lp_file_id *id, uint64_t max_bytes);
    /* Appends to it; pieces are of any length, none is repeated. */
    bool (*stage_write)(const lp_agent_port *port, lp_slice bytes);
    /* What was received so far, in place. */
    lp_slice (*stage_bytes)(const lp_agent_port *port);
    /* Makes the received file the stored copy. Durable, and atomic: a cut leaves the old or the new one. */
    bool (*stage_store)(const lp_agent_port *port, const lp_file_id *id);
    /* Removes the stored copy. Durable; absent is success. */
    bool (*metadata_forget)(const lp_agent_port *port, const lp_file_id *id);
    /* No bytes handed out so far are used any more. */
    void (*metadata_release)(const lp_agent_port *port);
    /* Working memory of `bytes` bytes, valid until the next call. Full verification only; else NULL. */
    lp_scratch (*scratch)(const lp_agent_port *port, size_t bytes);

    /* --- The staging slot, which never is the one that runs. What is written need not be durable before
     * boot_request(): after a cut the agent hashes again what is there. --- */

    uint64_t slot_bytes; /* longest image that fits */
    size_t name_bytes;   /* longest name of an image that the record takes, without terminator */
    /* Prepares the slot for the image `id` (32 bytes that identify it) of `length_bytes`. If a part of this very
     * image is there, from before a reboot, it stays and `*have_bytes` is its length; else the slot is erased and
     * `*have_bytes` is 0. */
    bool (*image_open)(const lp_agent_port *port, const uint8_t *id, uint64_t length_bytes, uint64_t *have_bytes);
    /* Appends at `offset`, which is where the last write or image_open() ended. */
    bool (*image_write)(const lp_agent_port *port, uint64_t offset, lp_slice bytes);
    /* Reads back `len` bytes at `offset`. */
    bool (*image_read)(const lp_agent_port *port, uint64_t offset, uint8_t *out, size_t len);
    /* Erases what was received. */
    bool (*image_discard)(const lp_agent_port *port);

    /* --- Boot. --- */

    bool (*boot_status)(const lp_agent_port *port, lp_boot_status *out);
    /* The staging slot holds this complete, verified image: run it once, on trial, at the next boot. Durable. */
    bool (*boot_request)(const lp_agent_port *port, const lp_image *image);
    /* The image that runs on trial stays. Durable; repeating it is success. */
    bool (*boot_confirm)(const lp_agent_port *port);

    /* --- The record. --- */

    /* The stored record. At first boot the port makes one: `installed` named "unknown", the provisioned time as
     * `time_floor`, all else zero. False if it is damaged or cannot be read. */
    bool (*record_load)(const lp_agent_port *port, lp_record *out);
    /* Durable and atomic. */
    bool (*record_store)(const lp_agent_port *port, const lp_record *record);

    /* --- The rest. --- */

    bool (*random)(const lp_agent_port *port, void *out, size_t bytes); /* unpredictable bytes */
    void (*event)(const lp_agent_port *port, const lp_agent_event *event);
};

#endif
