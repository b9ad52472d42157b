/* SPDX-License-Identifier: Apache-2.0 */
#include "lampyr-coap/drive.h"

void lp_drive_next(lp_agent *agent, lp_coap *coap, uint64_t now_ms, uint8_t *buffer, lp_step *step) {
    lp_action action;
    for (;;) {
        if (lp_coap_expire(coap, now_ms)) {
            lp_agent_timeout(agent, now_ms);
        }
        size_t len = lp_coap_send(coap, now_ms, buffer);
        if (len > 0) {
            *step = (lp_step){.kind = LP_STEP_SEND, .len = len};
            return;
        }
        lp_agent_next(agent, now_ms, &action);
        if (action.kind != LP_ACTION_REQUEST) {
            break;
        }
        if (lp_coap_request(coap, &action.request) != LP_OK) {
            lp_agent_timeout(agent, now_ms);
        }
    }
    uint64_t due_ms = lp_coap_due_ms(coap);
    *step = (lp_step){.kind = action.kind == LP_ACTION_REBOOT ? LP_STEP_REBOOT : LP_STEP_WAIT,
                      .until_ms = due_ms < action.until_ms ? due_ms : action.until_ms};
}

lp_coap_fault lp_drive_datagram(lp_agent *agent, lp_coap *coap, uint64_t now_ms, lp_slice datagram) {
    lp_coap_event event;
    lp_coap_fault fault = lp_coap_receive(coap, now_ms, datagram, &event);
    switch (event.kind) {
    case LP_COAP_ANSWERED:
        lp_agent_response(agent, now_ms, &event.response);
        break;
    case LP_COAP_REJECTED:
        lp_agent_timeout(agent, now_ms);
        break;
    case LP_COAP_NOTIFIED:
        lp_agent_notify(agent, now_ms, event.response.payload);
        break;
    case LP_COAP_POKED:
        lp_agent_poke(agent, now_ms);
        break;
    case LP_COAP_NOTHING:
        break;
    }
    return fault;
}
