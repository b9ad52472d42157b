/* SPDX-License-Identifier: Apache-2.0 */
/* A device and a primary in memory, around one agent: what the agent stores, what it asks for and what it is told. */
#ifndef LAMPYR_TEST_AGENT_WORLD_H
#define LAMPYR_TEST_AGENT_WORLD_H

#include "lampyr-secondary/agent.h"
#include "repository.h"

#define WORLD_SERIAL "brake-1"
#define WORLD_HARDWARE "brake-hw"

enum {
    WORLD_SLOT_BYTES = 256,
    WORLD_NAME_BYTES = 300,
    WORLD_LOG_BYTES = 64 * 1024,
    WORLD_BODY_BYTES = 8192,
    WORLD_HELD = 4096,
    WORLD_POLL_MS = 60000,
    WORLD_RETRY_MS = 1000,
    WORLD_CONFIRM_MS = 300000,
    WORLD_SLOW_MS = 10000,
    WORLD_SLOW_BYTES = 100,
};

typedef struct world {
    test_repo director;
    test_repo images; /* full verification only */

    /* The device. Images are the bytes of their name. */
    lp_key key;
    test_files stored;
    test_files provisioned;
    bool recorded;
    lp_record record;
    char slots[2][WORLD_SLOT_BYTES];
    size_t slot_len[2];
    uint8_t slot_id[32]; /* of what arrives in the staging slot */
    unsigned active;     /* slot that is confirmed */
    bool requested, testing, reverted;
    uint8_t *staged; /* of exactly `staged_len` bytes */
    size_t staged_len;
    void *held[WORLD_HELD]; /* handed out and not yet released */
    size_t held_count;
    void *scratch;
    int writes_left; /* storage fails after so many writes; -1: never */

    /* The primary. */
    bool silent;            /* answers nothing */
    bool knows_no_ecu;      /* denies registrations and reports */
    bool no_time;           /* has no attestation */
    bool replays_time;      /* attests another nonce */
    uint64_t used_counter;  /* takes reports beyond this one only */
    bool loses_answers;     /* takes reports, but the answer does not arrive */
    const char *endless;    /* path of which it always has one more block; NULL: none */
    int64_t time;           /* what it attests */
    const char *image;      /* what /i serves; NULL: nothing */
    const char *claims;     /* the image's ETag is of this; NULL: of `image` */
    uint16_t block_bytes;   /* it takes no larger blocks */
    uint64_t delay_ms;      /* until it answers */
    const char *no_etag_at; /* its answer to this request, "i/brake-1#3", has no ETag; NULL: all have */
    const char *silent_at;  /* it answers all but this request, "i/brake-1#3"; NULL: all */
    unsigned silent_after;  /* answers so many requests, then none; 0: all */
    void (*before)(struct world *w, const lp_request *request); /* called before each answer, or NULL */

    /* What happened. */
    char requests[WORLD_LOG_BYTES]; /* " GET u/brake-1", " GET i/brake-1#2" (block 2), " POST r/brake-1" */
    char events[WORLD_LOG_BYTES];   /* " registered", " refused:image_hash", " turn:ok" */
    unsigned answered;
    json_t *registration; /* last body */
    json_t *report;       /* last report's `signed` */
    uint64_t reports;

    uint64_t now_ms;
    /* Another device in place of the one in memory: called at each boot, sets `port` and `limits`. NULL: none. */
    void (*power_on)(struct world *w);
    void *device; /* its own */
    const lp_limits *limits;
    uint16_t agent_block_bytes;
    lp_agent_port port;
    lp_partial partial;
    lp_verifier_full_state full;
    lp_verifier verifier;
    lp_agent agent;
    char body[WORLD_BODY_BYTES]; /* of a POST that arrives in blocks */
    size_t body_len;
    char text[WORLD_BODY_BYTES]; /* of an answer */
} world;

/* CMocka set-up and tear-down: a provisioned device with the factory image "factory", and a primary whose director
 * orders nothing. The agent is begun. */
int world_set_up_tuf(void **state);
int world_set_up_legacy(void **state); /* and its director signs no time */
int world_set_up_full(void **state);   /* tuf; the device verifies in full, and there is an image repository */
int world_tear_down(void **state);

#define WORLD_TEST(name) cmocka_unit_test_setup_teardown(name, world_set_up_tuf, world_tear_down)
#define LEGACY_WORLD_TEST(name) cmocka_unit_test_setup_teardown(name, world_set_up_legacy, world_tear_down)
#define FULL_WORLD_TEST(name) cmocka_unit_test_setup_teardown(name, world_set_up_full, world_tear_down)

/* The director orders the image `name` with that release counter, under its next version; the primary has it. The image
 * repository, if there is one, is not told: world_offer(). */
void world_order(world *w, const char *name, int counter);
/* The same, signed and served but with any `custom`. */
void world_order_custom(world *w, const char *name, json_t *custom);

/* The image repository signs the image with that counter. Returns its entry, for more fields: then world_publish(). */
json_t *world_offer(world *w, const char *name, int counter);

/* It orders nothing of this ECU any more. */
void world_order_nothing(world *w);
/* Signs and serves the next version of the director's targets, and of the image repository's. */
void world_publish(world *w);

/* Power on: the boot loader picks a slot, the agent begins. The clock goes on. */
void world_boot(world *w);

/* What the primary answers to one request; false if no answer arrives. Slices of `out` are valid until the next. */
bool world_answers(world *w, const lp_request *request, lp_response *out);

/* Lets agent and primary talk until the agent waits for more than an answer, or wants to reboot. */
lp_action_kind world_run(world *w);

/* The same for as many turns and reboots as it takes, at most `turns`. */
void world_settle(world *w, unsigned turns);

/* Clears the logs. */
void world_forget_logs(world *w);

/* The image that runs. */
const char *world_running(const world *w);

/* The agent is told of the primary's present news. */
void world_notify(world *w);

/* True if `text` occurs in `log` as whole words. */
bool world_saw(const char *log, const char *text);

/* A string of the last report, or NULL. */
const char *world_reported(const world *w, const char *key);
/* filepath of installed_image in the last report. */
const char *world_reported_image(const world *w);

#endif
