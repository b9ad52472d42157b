/* SPDX-License-Identifier: Apache-2.0 */
/* The secondary's agent: registers, follows news, verifies, installs, confirms and reports.
 *
 * A state machine without I/O, heap, clock or globals. The port sends what lp_agent_next() asks for and hands back
 * what comes in; below it are retransmission and message identifiers, so that one exchange ends in a response or in
 * a timeout. Storage is behind the callbacks of port.h. Times are milliseconds of any clock that never goes back.
 *
 *     lp_agent_begin(&agent, &config, now_ms);
 *     for (;;) {
 *         lp_agent_next(&agent, now_ms, &action);
 *         send action.request, wait until action.until_ms, or reboot
 *         lp_agent_response(), _timeout(), _notify() or _poke() with what happened meanwhile
 *     }
 */
#ifndef LAMPYR_SECONDARY_AGENT_H
#define LAMPYR_SECONDARY_AGENT_H

#include "lampyr-secondary/port.h"
#include "lampyr-secondary/verifier.h"
#include "lampyr/path.h"
#include "lampyr/wire.h"

enum {
    LP_AGENT_PATH_BYTES = LP_CONSTRAINED ? LP_SERIAL_BYTES + 32 : LP_URL_BYTES + 16,
    /* What is posted, and short answers. */
    LP_AGENT_BUFFER_BYTES =
        (int)LP_REPORT_BYTES > (int)LP_WIRE_REGISTRATION_BYTES ? (int)LP_REPORT_BYTES : (int)LP_WIRE_REGISTRATION_BYTES,
};

/* Pointers must outlive the agent; text is terminated. */
typedef struct lp_agent_config {
    const lp_agent_port *port;
    const lp_verifier *verifier;
    const lp_crypto *crypto;
    const lp_limits *limits;
    const lp_signer *signer;  /* the ECU's own key, */
    lp_public_key public_key; /* and its public half: ed25519 or P-256 */
    lp_dialect dialect;
    const char *serial; /* shorter than LP_SERIAL_BYTES, as hardware and vendor; without '/' */
    const char *hardware;
    const char *vendor;   /* or "" */
    const char *vehicle;  /* or NULL (legacy only: not checked) */
    uint16_t block_bytes; /* of CoAP blocks: a power of two, 16 to 1024 */
    uint32_t poll_ms;     /* between two looks at the news */
    uint32_t retry_ms;    /* after a first failure; doubles up to poll_ms */
    uint32_t confirm_ms;  /* how long an image on trial may take to confirm; then it is given up */
    uint32_t slow_ms;     /* in each span of this length, a transfer must bring */
    uint32_t slow_bytes;  /* at least so much, or it is a slow retrieval attack */
} lp_agent_config;

typedef enum lp_action_kind {
    LP_ACTION_WAIT,    /* nothing to send: wait for an event, or until `until_ms` */
    LP_ACTION_REQUEST, /* send `request`; while it is out, further calls return LP_ACTION_WAIT */
    LP_ACTION_REBOOT,  /* restart through the boot loader; the agent does nothing more */
} lp_action_kind;

/* One CoAP request of one block. Pointers are valid until the next call on the agent; the payload until the request
 * is answered, given up, or followed by another. */
typedef struct lp_request {
    bool post;         /* else GET */
    bool observe;      /* Observe: 0 */
    const char *path;  /* segments separated by '/', sent as they are: "u/brake-1/root/2" */
    const char *query; /* one Uri-Query, or "" */
    bool has_block1;
    bool more; /* of Block1 */
    bool has_block2;
    uint32_t block; /* number of the block */
    uint16_t block_bytes;
    lp_slice payload;
} lp_request;

typedef struct lp_action {
    lp_action_kind kind;
    uint64_t until_ms; /* UINT64_MAX: no limit */
    lp_request request;
} lp_action;

/* The response to the request that is out. */
typedef struct lp_response {
    uint8_t code; /* as on the wire: 0x45 is 2.05 */
    bool has_block1;
    uint16_t block1_bytes; /* size that the peer wants */
    bool has_block2;
    bool more; /* of Block2 */
    uint32_t block;
    uint16_t block_bytes;
    lp_slice etag; /* or none */
    lp_slice payload;
} lp_response;

/* Where the bytes of a 2.05 go. */
typedef enum lp_agent_sink {
    LP_SINK_BUFFER,
    LP_SINK_STAGE,
    LP_SINK_IMAGE,
} lp_agent_sink;

/* One body in transfer, either way. Fields are private. */
typedef struct lp_agent_transfer {
    bool active;
    bool in_flight;
    bool post;
    bool observe;
    lp_agent_sink sink;
    uint16_t block_bytes;
    bool etag_seen; /* on a block before; `etag` may be known from elsewhere */
    uint8_t etag_len;
    uint8_t etag[LP_ETAG_BYTES];
    uint8_t restarts;
    uint64_t offset_bytes; /* sent, or received */
    uint64_t max_bytes;
    lp_slice body;   /* POST */
    lp_file_id file; /* LP_SINK_STAGE */
    uint64_t window_start_ms;
    uint64_t window_bytes;
    char path[LP_AGENT_PATH_BYTES];
    char query[LP_NONCE_TEXT_BYTES];
} lp_agent_transfer;

/* Caller-owned, not to be moved; fields are private. */
typedef struct lp_agent {
    lp_agent_config config;
    unsigned state;
    uint64_t now_ms;
    uint64_t due_ms; /* of the next turn, when idle */
    uint32_t backoff_ms;
    uint64_t confirm_due_ms;
    bool registered;
    bool testing;    /* the image that runs is on trial */
    bool verify_due; /* the last verification did not end well, or there was none since boot */
    bool report_due;
    bool wake;    /* somebody called meanwhile */
    bool refetch; /* stored targets were not good enough */
    bool reused;  /* stored targets were given in place of fetched ones */
    bool hashing; /* `check` is running */
    bool resumed; /* the image in transfer was begun before a reboot */
    lp_code turn_code;
    lp_code suspect; /* what the image is accused of, while the news are looked at again */
    lp_record record;
    lp_news news;
    lp_news seen; /* news that were dealt with completely */
    char nonce[LP_NONCE_TEXT_BYTES];
    int64_t time;                /* attested in this turn */
    lp_trusted_root root_before; /* while a newer one is about to be stored */
    lp_slice stored_targets;
    char ask_name[LP_CONSTRAINED ? 1 : LP_NAME_BYTES];
    lp_target target; /* ordered; points into stored targets */
    uint64_t targets_version;
    lp_image_check check;
    lp_agent_transfer transfer;
    char buffer[LP_AGENT_BUFFER_BYTES];
} lp_agent;

/* Starts after a boot: takes up what the last run left (an image on trial, one that was reverted, a download).
 * LP_STATE if record or boot status cannot be read or written, or there are no random bytes. */
lp_code lp_agent_begin(lp_agent *agent, const lp_agent_config *config, uint64_t now_ms);

/* Releases what a hash in progress holds. The agent may then be begun again. */
void lp_agent_end(lp_agent *agent);

/* What to do now. */
void lp_agent_next(lp_agent *agent, uint64_t now_ms, lp_action *action);

/* The request that is out was answered, or was not (also: the peer cannot be reached). Ignored if none is out. */
void lp_agent_response(lp_agent *agent, uint64_t now_ms, const lp_response *response);
void lp_agent_timeout(lp_agent *agent, uint64_t now_ms);

/* A notification of /u/<serial> came, with this body; or the primary poked (POST /poke). Each also asks for a fresh
 * version report. */
void lp_agent_notify(lp_agent *agent, uint64_t now_ms, lp_slice body);
void lp_agent_poke(lp_agent *agent, uint64_t now_ms);

#endif
