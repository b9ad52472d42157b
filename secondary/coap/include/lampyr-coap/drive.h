/* SPDX-License-Identifier: Apache-2.0 */
/* The agent and its CoAP endpoint as one machine, whose port moves datagrams and keeps the time:
 *
 *     for (;;) {
 *         lp_drive_next(&agent, &coap, now_ms, buffer, &step);
 *         send step.len bytes of buffer to the primary, or
 *         wait until step.until_ms or for a datagram of the primary, which lp_drive_datagram() takes, or
 *         reboot
 *     }
 *
 * One buffer may serve both ways. */
#ifndef LAMPYR_COAP_DRIVE_H
#define LAMPYR_COAP_DRIVE_H

#include "lampyr-coap/endpoint.h"

typedef enum lp_step_kind {
    LP_STEP_SEND,
    LP_STEP_WAIT,
    LP_STEP_REBOOT, /* through the boot loader; nothing more is done */
} lp_step_kind;

typedef struct lp_step {
    lp_step_kind kind;
    size_t len;        /* LP_STEP_SEND */
    uint64_t until_ms; /* LP_STEP_WAIT; UINT64_MAX: no limit */
} lp_step;

/* What to do now. `buffer` has room for LP_COAP_DATAGRAM_BYTES bytes. */
void lp_drive_next(lp_agent *agent, lp_coap *coap, uint64_t now_ms, uint8_t *buffer, lp_step *step);

/* A datagram came, under the conditions of lp_coap_receive(), whose faults it returns. */
lp_coap_fault lp_drive_datagram(lp_agent *agent, lp_coap *coap, uint64_t now_ms, lp_slice datagram);

#endif
