/* SPDX-License-Identifier: Apache-2.0 */
/* The parts of the agent, to each other. */
#ifndef LP_AGENT_INTERNAL_H
#define LP_AGENT_INTERNAL_H

#include "lampyr-secondary/agent.h"

/* A turn goes from top to bottom. REGISTER is left out once registered; what follows NEWS is left out without news. */
enum lp_agent_state {
    LP_AGENT_REGISTER,
    LP_AGENT_NEWS,
    LP_AGENT_CHAIN,  /* director roots */
    LP_AGENT_TIME,   /* attested time, checked under the latest root; an image on trial is then confirmed */
    LP_AGENT_VERIFY, /* the procedure proper, at that time */
    LP_AGENT_IMAGE,
    LP_AGENT_RECHECK, /* news again, before the image is accused */
    LP_AGENT_REPORT,
    LP_AGENT_IDLE,
    LP_AGENT_REBOOT,
};

typedef enum lp_outcome {
    LP_OUTCOME_MORE, /* the transfer goes on */
    LP_OUTCOME_DONE,
    LP_OUTCOME_ABSENT, /* 4.04 */
    LP_OUTCOME_LATER,  /* 5.03 */
    LP_OUTCOME_DENIED, /* any other 4.xx; the payload says why */
    LP_OUTCOME_FAILED,
} lp_outcome;

/* How an exchange went. */
typedef struct lp_result {
    lp_outcome outcome;
    lp_code code;  /* FAILED: LP_UNREACHABLE, LP_SLOW_RETRIEVAL, LP_LIMIT_FILE, LP_IMAGE_*, LP_STATE */
    lp_str reason; /* DENIED: the peer's word, or none */
} lp_result;

/* --- transfer.c: bodies, block by block --- */

/* The longest body that can be counted in blocks of that size. */
uint64_t lp_transfer_most_bytes(uint16_t block_bytes);
/* Makes transfer.path from `segments` segments. False if it does not fit. */
bool lp_transfer_path(lp_agent *agent, const char *const *segments, size_t count);
/* Starts a GET of transfer.path into `sink`, from `offset_bytes` on. */
void lp_transfer_get(lp_agent *agent, lp_agent_sink sink, uint64_t offset_bytes, uint64_t max_bytes);
/* Starts a POST of `body` to transfer.path. */
void lp_transfer_post(lp_agent *agent, lp_slice body);
/* The request for the next block. */
void lp_transfer_request(lp_agent *agent, lp_request *out);
/* Takes a response in. */
lp_result lp_transfer_take(lp_agent *agent, const lp_response *response);

/* --- agent.c --- */

/* Deals with fresh news. */
void lp_agent_take_news(lp_agent *agent, const lp_news *news);
/* Ends verification and installation of this turn; what is left is to report. */
void lp_agent_turn_end(lp_agent *agent, lp_code code);
/* The same for a refusal or failure: tells it, and remembers an attack for the next report. */
void lp_agent_refuse(lp_agent *agent, const lp_error *error);
/* The same where the primary is not ready: tells it, and tries again soon. */
void lp_agent_wait_for(lp_agent *agent, const lp_error *error);
void lp_agent_tell(const lp_agent *agent, lp_event_kind kind, uint64_t number, const char *image);
/* Stores the record; false is told by the caller. */
bool lp_agent_save(const lp_agent *agent);
bool lp_agent_new_nonce(lp_agent *agent);

/* --- verify.c --- */

/* Starts verification with the root chain. */
void lp_agent_verify(lp_agent *agent);
/* The file that CHAIN or VERIFY waited for; the attestation that TIME waited for. */
void lp_agent_fetched(lp_agent *agent, const lp_result *result);
void lp_agent_time_fetched(lp_agent *agent, const lp_result *result);

/* --- install.c --- */

/* Compares the record with what the boot loader did. LP_STATE. */
lp_code lp_agent_reconcile(lp_agent *agent);
/* Makes the image on trial permanent. False if it could not be. */
bool lp_agent_confirm(lp_agent *agent);
/* Trusted targets are there: is anything to be installed? `target` is what they order, or NULL. */
void lp_agent_decide(lp_agent *agent, const lp_target *target, uint64_t targets_version);
void lp_agent_image_fetched(lp_agent *agent, const lp_result *result);
/* The news, looked at again. */
void lp_agent_rechecked(lp_agent *agent, const lp_news *news);
/* Gives up a download; what is in the slot stays. */
void lp_agent_image_abort(lp_agent *agent);

/* --- exchange.c: registration and report --- */

void lp_agent_register(lp_agent *agent);
void lp_agent_registered(lp_agent *agent, const lp_result *result);
void lp_agent_report(lp_agent *agent);
void lp_agent_reported(lp_agent *agent, const lp_result *result);

#endif
